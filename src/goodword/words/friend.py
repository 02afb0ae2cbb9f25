"""A program in words for the friend: what he gets, what whoever invited him gets, and what he has to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from goodword.program.loader import Program
from goodword.words.format import joined
from goodword.words.headline import simple_sides
from goodword.words.phrases import happening


@dataclass(frozen=True, slots=True)
class Sides:
    """What a referral brings to both, each empty where it brings nothing."""

    friend: str
    advocate: str
    more: bool
    """Whether the advocate may get something else besides, such as for several friends."""


def sides(program: Program, language: str, on: date) -> Sides:
    """What both sides get for one referral."""
    found = simple_sides(program, language, on)
    plain = {name for name, rule in program.model.rewards.items() if rule.when.step is not None}
    more = any(rule.to != "friend" for name, rule in program.model.rewards.items() if name not in plain)
    return Sides(joined(found["friend"], language), joined(found["advocate"], language), more)


def friends_steps(program: Program, language: str) -> tuple[str, ...]:
    """What the friend does, step by step."""
    return tuple(happening(program.model, name, language) for name in program.model.steps)
