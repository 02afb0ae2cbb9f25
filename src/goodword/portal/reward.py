"""The page of one reward, or of one friend: where it is, the code, what it asks of its recipient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goodword.engine.state import Referral, Reward
from goodword.portal.advocate import path_of
from goodword.portal.mine import Mine
from goodword.portal.whereabouts import Item, Line, Teller
from goodword.program.benefits import Ask
from goodword.words.headline import benefit_text
from goodword.words.phrases import own_word


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a reward asks."""

    name: str
    label: str
    type: str
    """``text``, ``address`` or ``one_of``."""
    options: tuple[tuple[str, str], ...]
    value: str
    longest: int


@dataclass(frozen=True, slots=True)
class WayView:
    """Where something is."""

    path: str
    action: str
    line: Line
    way: tuple[Item, ...]
    about: str
    code: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """What may be chosen: pairs of name and text."""
    chosen: str = ""
    fields: tuple[Field, ...] = ()
    refused: str = ""
    """Why what was said was not accepted."""
    objections: tuple[Line, ...] = ()
    objectable: bool = True
    """Whether somebody may object now: not while an objection waits for its answer."""


def friend_view(mine: Mine, language: str, row: Referral, rewards: Sequence[Reward]) -> WayView:
    """The page of a friend."""
    teller, path = Teller(mine, language), path_of(mine.program.name)
    line, way = teller.friend_line(row, ""), teller.way_of_referral(row, rewards)
    objections, objectable = _objections(mine, teller, row.id)
    return WayView(path, f"{path}/friends/{row.id}", line, way, row.id, objections=objections, objectable=objectable)


def _objections(mine: Mine, teller: Teller, about: str) -> tuple[tuple[Line, ...], bool]:
    """What was objected to about one thing, and whether more may be."""
    rows = [row for row in mine.objections if row.about == about]
    return tuple(teller.objection_line(row, path_of(mine.program.name)) for row in rows), all(
        row.status != "open" for row in rows
    )


def reward_view(mine: Mine, language: str, row: Reward, referral: Referral | None, code: str, refused: str) -> WayView:
    """The page of a reward."""
    teller, path = Teller(mine, language), path_of(mine.program.name)
    rule = mine.version(row).model.rewards.get(row.rule)
    open_ = row.status in ("pending", "approved") and rule is not None
    options: tuple[tuple[str, str], ...] = ()
    fields: tuple[Field, ...] = ()
    if open_ and rule is not None:
        if rule.chosen and not row.chosen:
            named = rule.benefits.items()
            options = tuple((name, benefit_text(benefit, language) or name) for name, benefit in named)
        asks = rule.benefits[row.option].asks if row.option in rule.benefits else {}
        fields = tuple(_field(name, ask, row, language) for name, ask in asks.items() if name not in row.answers)
    objections, objectable = _objections(mine, teller, row.id)
    return WayView(
        path=path,
        objections=objections,
        objectable=objectable,
        action=f"{path}/rewards/{row.id}",
        line=teller.reward_line(row, ""),
        way=teller.way_of_reward(row, referral),
        about=row.id,
        code=code,
        options=options,
        chosen=row.option,
        fields=fields,
        refused=refused,
    )


def _field(name: str, ask: Ask, row: Reward, language: str) -> Field:
    options = tuple((one, own_word("answer", one, language)) for one in ask.options)
    return Field(
        name, own_word("ask", name, language), ask.type, options, row.answers.get(name, ""), ask.longest or 200
    )
