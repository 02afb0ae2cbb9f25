"""What somebody achieved and may want to share: a badge, a level, a place, a prize, friends that came. Each has a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goodword.portal.cards import Achievement, Friends, Rank, Title, Win
from goodword.portal.mine import Mine
from goodword.portal.whereabouts import Teller
from goodword.words.catalogue import catalogue
from goodword.words.format import number
from goodword.words.phrases import own_word

HELD = ("issued", "redeemed")
"""The states of a reward that somebody has."""
TITLES = ("badge", "status")


@dataclass(frozen=True, slots=True)
class Achieved:
    """Something worth sharing."""

    key: str
    """What its picture is found by."""
    label: str
    achievement: Achievement


def achieved(mine: Mine, language: str) -> tuple[Achieved, ...]:
    """All that somebody achieved in a program, the rarest first."""
    return (*_won(mine, language), *_places(mine, language), *_titles(mine, language), *_friends(mine, language))


def _won(mine: Mine, language: str) -> Iterator[Achieved]:
    teller = Teller(mine, language)
    for row in mine.rewards:
        rule = mine.version(row).model.rewards.get(row.rule)
        if rule is None or row.status not in HELD:
            continue
        text = teller.reward(row)
        if rule.when.contest is not None:
            contest = own_word("contest", rule.when.contest, language)
            yield Achieved(f"reward-{row.id}", text, Win(text, contest))
        elif (benefit := rule.benefits.get(row.option)) is not None and benefit.kind in TITLES:
            yield Achieved(f"reward-{row.id}", text, Title(text))


def _places(mine: Mine, language: str) -> Iterator[Achieved]:
    texts = catalogue(language)
    for board in mine.boards:
        name = own_word("contest", board.row.contest, language)
        for one in board.leaders:
            if one.entrant == mine.participant.id:
                said = texts.text("card.rank", {"place": number(one.place, language)})
                yield Achieved(f"rank-{board.row.contest}", f"{name}: {said}", Rank(one.place, name))


def _titles(mine: Mine, language: str) -> Iterator[Achieved]:
    if mine.tier:
        name = own_word("tier", mine.tier, language)
        yield Achieved("tier", name, Title(name))


def _friends(mine: Mine, language: str) -> Iterator[Achieved]:
    if count := mine.brought:
        said = catalogue(language).text("card.friends", {"n": number(count, language)}, count)
        yield Achieved("friends", said, Friends(count))
