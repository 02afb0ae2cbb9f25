"""The cases of the recipes, as they are written: calendars of events in plain words, and all that each of them states.

A case file (``programs/NAME/cases.yaml``) is written for people who do not program:

    people: what the shop knows of somebody beyond his name (optional)
    cases:
      - case: what it shows
        edit: figures of the program that this case makes smaller (optional), such as {budgets.cash.amount: 40 USD}
        calendar:
          - on: 2026-03-02              (noon UTC; or "2026-03-02 18:30")
            event: bob signs up with anna's code
            accepted: [step_reached, reward_granted, ...]       every reason, in the order of the answer
            rewards: {bob's space from anna: approved 500 MB}   every reward the answer names
          - on: 2026-04-01
            due: anna's credit for bob matures      a date that came by itself; exactly then
            accepted: [...]
          - for: 1 to 31                the same for friend1, friend2, ...
            each: [...]
        end:
          referrals, rewards, balances, budgets, books: all there is when the calendar ends;
                                                 the books say what was used, what expired and what was taken back
          contests: {race: "settled: 1 anna (3), 2 ben (2)"}    the place, who took it and with how many
          tiers: {anna: gold}                                   the highest that somebody holds
          payouts: {anna's payout of 2026-05: paid 12.00 USD}   what a partner was to be paid, and whether he was
          codes: {anna's film: FILM-A1}                         codes of the shop's own system, and who has which

An order or a refund may say ``items: {books: 20 USD}``; an event with a click, when the link was ``clicked``;
``clicked on: anna`` adds a click on her link. How many people followed a link is told as Goodword tells itself: so many of a
day so far.
A reason may be given with values: ``cap_reached: {used: 16000 MB, limit: 16000 MB}``.
What was sent in is named with ``as: S1``; staff then ``approve the submission S1``. What somebody says of a reward stands
under ``answers`` and ``post``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML

from goodword.engine.ids import Keyring

PROGRAMS = Path(__file__).parents[1] / "programs"
KEYRING = Keyring(b"the fixed key of the case files")
"""Ids derive from it, and what is decided by them: who wins a draw, and in which order what comes at one moment is decided."""
Tree = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One case of a recipe."""

    recipe: str
    name: str
    calendar: list[Tree]
    end: Tree
    people: dict[str, Tree]
    edit: Tree


@cache
def read_cases(recipe: str) -> tuple[Case, ...]:
    """The cases of a recipe."""
    tree = _read(recipe, "cases.yaml")
    people = tree.get("people", {})
    return tuple(
        Case(
            recipe,
            case["case"],
            list(_spread(case["calendar"])),
            {name: dict(_spread_keys(part)) for name, part in case["end"].items()},
            people | case.get("people", {}),
            case.get("edit", {}),
        )
        for case in tree["cases"]
    )


def _read(recipe: str, name: str) -> Tree:
    tree: Tree = YAML(typ="safe", pure=True).load((PROGRAMS / recipe / name).read_text(encoding="utf-8"))
    return tree


def _spread(entries: list[Tree]) -> Iterator[Tree]:
    for entry in entries:
        if "for" not in entry:
            yield entry
            continue
        first, last = map(int, entry["for"].split(" to "))
        for number in range(first, last + 1):
            yield from (_numbered(each, str(number)) for each in entry["each"])


def _numbered(node: Any, number: str) -> Any:
    if isinstance(node, dict):
        return {_numbered(key, number): _numbered(value, number) for key, value in node.items()}
    if isinstance(node, list):
        return [_numbered(item, number) for item in node]
    return node.replace("{n}", number) if isinstance(node, str) else node


def _spread_keys(part: Tree) -> Iterator[tuple[str, str]]:
    """``friend{1 to 31}`` stands for thirty-one names."""
    for key, value in (part or {}).items():
        found = re.search(r"\{(\d+) to (\d+)\}", key)
        if not found:
            yield key, value
            continue
        for number in range(int(found[1]), int(found[2]) + 1):
            yield key.replace(found[0], str(number)), value


@cache
def read_program(recipe: str) -> Tree:
    """A program file as plain values, for looking at; `edited` makes one of one's own."""
    return _read(recipe, "program.yaml")


def as_text(tree: Tree) -> str:
    """A program file of plain values: JSON is YAML."""
    return msgspec.json.encode(tree).decode()


def edited(tree: Tree, changes: Tree) -> Tree:
    """The program of a case that changes some figures."""
    out: Tree = msgspec.json.decode(msgspec.json.encode(tree))
    node: Any
    for path, value in changes.items():
        node = out
        *parents, last = path.split(".")
        for part in parents:
            node = node[int(part) if part.isdigit() else part]
        node[int(last) if last.isdigit() else last] = value
    return out


def moment_ms(on: Any) -> int:
    """A time as a calendar writes it: a day means noon."""
    if isinstance(on, str):
        on = datetime.fromisoformat(on)
    if isinstance(on, date) and not isinstance(on, datetime):
        on = datetime.combine(on, time(12))
    return int(on.replace(tzinfo=UTC).timestamp() * 1000)


def ends_ms(case: Case) -> int:
    """When the last of a case happens."""
    return max(moment_ms(entry["on"]) for entry in case.calendar)


@cache
def recipes() -> list[str]:
    """The names of all recipes."""
    return sorted(path.parent.name for path in PROGRAMS.glob("*/program.yaml"))
