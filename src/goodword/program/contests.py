"""Games over a measure: contests, decided by rank or by draw, and the ladder of tiers."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from goodword.program.part import Part
from goodword.program.values import Count, Duration, Name, Where, reference

PLACES_MAX = 100
"""How many places of a contest may win something."""
LEVELS_MAX = 10
"""How many tiers a ladder may have."""

PLACES_PATTERN = r"^[1-9][0-9]{0,2}(-[1-9][0-9]{0,2})?$"


def parse_places(raw: object) -> tuple[int, int]:
    """Read ``1`` or ``2-5``.

    Raises:
        ValueError: not a place, or a first and a last one in their order, up to `PLACES_MAX`.
    """
    if isinstance(raw, tuple):
        return raw
    if type(raw) not in (int, str) or not re.fullmatch(PLACES_PATTERN, str(raw)):
        raise ValueError("write a place or the first and the last one, such as `1` or `2-5`")
    first, _, last = str(raw).partition("-")
    places = (int(first), int(last or first))
    if not places[0] <= places[1] <= PLACES_MAX:
        raise ValueError(f"the first place comes before the last one, which is at most {PLACES_MAX}")
    return places


def _written(places: tuple[int, int]) -> str:
    return str(places[0]) if places[0] == places[1] else f"{places[0]}-{places[1]}"


Places = Annotated[
    tuple[int, int],
    BeforeValidator(parse_places),
    PlainSerializer(_written),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": PLACES_MAX},
                {"type": "string", "pattern": PLACES_PATTERN},
            ],
            "examples": [1, "2-5"],
        }
    ),
]


class Contest(Part):
    """A measure in which people are compared, and who of them wins; what they win stands under `rewards`."""

    measure: Annotated[str, reference("measure")]
    first_day: date = Field(description="from the beginning of this day, in the program's time zone, it counts")
    last_day: date | None = Field(
        default=None, description="to the end of this day; only a contest that is `reviewed` may go on without one"
    )
    settles_after: Duration = Field(
        default=0, description="how long after the last day it is decided, so that goods may come back before"
    )
    by: Literal["rank", "draw"] = Field(
        default="rank", description="whether the best win, or whom a draw finds: everything counted is one ticket"
    )
    ties: Literal["first", "all"] | None = Field(
        default=None, description="by rank: with equal numbers who got there first, or all of them share the place"
    )
    reviewed: Literal["day", "week", "month"] | None = Field(
        default=None,
        description="by rank: how often the places are given anew; what is held with a place ends when it is lost",
    )
    entrant: Literal["advocate", "referral"] = Field(
        default="advocate", description="for a draw: whether an advocate wins, or a referral, and so both of its people"
    )
    free_entry: bool = Field(
        default=False, description="for a draw: whether anybody may enter once without bringing somebody"
    )
    at_least: Count | None = Field(default=None, description="with fewer than so many nobody wins")
    eligible: Where = Field(default=(), description="conditions on the advocate, looked at when it is decided")

    @model_validator(mode="after")
    def _holds_together(self) -> Contest:
        if self.last_day is not None and self.last_day < self.first_day:
            raise ValueError("the last day comes before the first")
        if self.last_day is None and self.reviewed is None:
            raise ValueError("a contest has a `last_day`, unless its places are `reviewed`")
        if (self.by == "rank") != (self.ties is not None):
            raise ValueError("a contest by rank states its `ties` before it opens: `first` or `all`; a draw has none")
        if self.reviewed and self.by == "draw":
            raise ValueError("`reviewed` belongs to a contest by rank")
        if self.by == "rank" and (self.free_entry or self.entrant == "referral"):
            raise ValueError("`free_entry` and `entrant: referral` belong to a draw")
        if self.free_entry and self.entrant == "referral":
            raise ValueError("who enters without a friend is not a referral: `free_entry` goes with advocates")
        for condition in self.eligible:
            if condition.attribute.entity != "advocate":
                raise ValueError(f"`eligible` looks at `advocate.…`, not at `{condition.attribute.name}`")
        return self


class Tiers(Part):
    """A ladder over a measure: a tier reached in one period is held to the end of the next, and then re-earned."""

    measure: Annotated[str, reference("measure")]
    levels: dict[Name, Count] = Field(
        min_length=1, max_length=LEVELS_MAX, description="by name the number that it takes, the lowest first"
    )

    @model_validator(mode="after")
    def _rising(self) -> Tiers:
        if any(low >= high for low, high in pairwise(self.levels.values())):
            raise ValueError("each tier takes more than the one before it")
        return self

    def reached(self, value: int) -> frozenset[str]:
        """The tiers that a number reaches."""
        return frozenset(name for name, number in self.levels.items() if value >= number)
