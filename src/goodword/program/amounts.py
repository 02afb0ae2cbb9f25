"""How much a benefit is: an amount, a share of an order, so much for each dollar, an amount by date, or by segment."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from goodword.program.conditions import TEXT_MAX
from goodword.program.part import Part
from goodword.program.quantity import Quantity, Rounding
from goodword.program.values import Amount, AttributeName, Money, Percent

ROWS_MAX = 50
"""How many rows a schedule or a table may have."""
NOTHING = "nothing"
"""Written in the place of an amount: a segment that gets none."""


def _nothing(raw: object) -> object:
    return None if raw == NOTHING else raw


Otherwise = Annotated[
    Amount | None,
    BeforeValidator(_nothing),
    WithJsonSchema({"type": "string", "description": "an amount, or `nothing`"}),
]


class Rates(Part):
    """A share for each category of the items of an order, and for everything else."""

    by: Literal["item.category"]
    rows: dict[Annotated[str, Field(min_length=1, max_length=TEXT_MAX)], Percent] = Field(
        min_length=1, max_length=ROWS_MAX
    )
    otherwise: Annotated[
        Percent | None,
        BeforeValidator(_nothing),
        WithJsonSchema({"type": "string", "description": "a percentage, or `nothing`"}),
    ] = Field(description="the share of other categories and of what no item names, or `nothing`")


class PercentOf(Part):
    """A share of an amount, known when the reward is granted."""

    percent_of: Literal["order.total", "order.items"] = Field(
        description="the order as a whole, or its items, each at the rate of its category"
    )
    percent: Percent | None = Field(default=None, description="for `order.total`")
    table: Rates | None = Field(default=None, description="for `order.items`: the rate of each category")
    floor: Money | None = None
    ceiling: Money | None = None
    round: Rounding = "down"

    @model_validator(mode="after")
    def _one_way(self) -> PercentOf:
        by_item = self.percent_of == "order.items"
        if by_item != (self.table is not None) or by_item == (self.percent is not None):
            raise ValueError("write `percent` with `order.total`, or `table` with `order.items`")
        return self

    @property
    def largest_percent(self) -> int:
        """The highest rate, in basis points."""
        if self.table is None:
            return self.percent or 0
        return max(*self.table.rows.values(), self.table.otherwise or 0)

    @model_validator(mode="after")
    def _floor_below_ceiling(self) -> PercentOf:
        if self.floor and self.ceiling and self.floor.amount > self.ceiling.amount:
            raise ValueError("the floor is above the ceiling")
        return self


class Gains(Part):
    """What each category of the items of an order gives, and everything else."""

    by: Literal["item.category"]
    rows: dict[Annotated[str, Field(min_length=1, max_length=TEXT_MAX)], Amount] = Field(
        min_length=1, max_length=ROWS_MAX
    )
    otherwise: Otherwise = Field(description="what other categories and what no item names give, or `nothing`")

    @model_validator(mode="after")
    def _one_unit(self) -> Gains:
        if len({amount.unit for amount in (*self.rows.values(), self.otherwise) if amount is not None}) != 1:
            raise ValueError("all rows of a table have the same unit")
        return self


class PerSpent(Part):
    """So much for each whole part of what was spent, known when the reward is granted: a point for each dollar."""

    per: Literal["order.total", "order.items"] = Field(
        description="the order as a whole, or its items, each category counted on its own"
    )
    each: Money = Field(description="how much has to be spent for it: `1.00 USD`")
    gives: Amount | None = Field(default=None, description="for `order.total`: what each of them gives")
    table: Gains | None = Field(default=None, description="for `order.items`: what each of them gives by category")
    ceiling: Amount | None = None
    round: Literal["down", "up"] = Field(
        default="down", description="whether what is left over counts as nothing, or as one more"
    )

    @model_validator(mode="after")
    def _one_way(self) -> PerSpent:
        by_item = self.per == "order.items"
        if by_item != (self.table is not None) or by_item == (self.gives is not None):
            raise ValueError("write `gives` with `order.total`, or `table` with `order.items`")
        if self.ceiling and self.ceiling.unit != self.most.unit:
            raise ValueError("the ceiling has the unit of what is given")
        return self

    @property
    def most(self) -> Quantity:
        """The most that one of them gives."""
        if self.gives is not None:
            return self.gives
        rows = (*self.table.rows.values(), self.table.otherwise) if self.table else ()
        return max((row for row in rows if row), key=lambda quantity: quantity.amount)


OF_AN_ORDER = (PercentOf, PerSpent)
"""The ways to write an amount that need an order, and follow it when a part of it comes back."""


class Stage(Part):
    """One row of a schedule: from this day on, this amount."""

    since: date
    amount: Amount


class Schedule(Part):
    """An amount by date."""

    schedule: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=ROWS_MAX)]
    read_at: Literal["claim", "step"] = Field(
        default="claim", description="whether the day of the claim decides (the promise), or that of the step"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Schedule:
        days = [stage.since for stage in self.schedule]
        if days != sorted(set(days)):
            raise ValueError("the rows of a schedule stand in the order of their dates, each date once")
        if len({stage.amount.unit for stage in self.schedule}) != 1:
            raise ValueError("all rows of a schedule have the same unit")
        return self


class Rows(Part):
    """The rows of a table: an amount for each segment, and what everybody else gets."""

    by: AttributeName = Field(description="a text that is known of a person: `advocate.card`")
    rows: dict[str, Amount] = Field(min_length=1, max_length=ROWS_MAX)
    otherwise: Otherwise = Field(description="the amount where no row fits, or `nothing`")

    @model_validator(mode="after")
    def _fits(self) -> Rows:
        if self.by.entity == "order" or self.by.entity == "activity" or self.by.type != "text":
            raise ValueError("a table reads a text of a person, such as `advocate.country`")
        units = {amount.unit for amount in (*self.rows.values(), self.otherwise) if amount is not None}
        if len(units) != 1:
            raise ValueError("all rows of a table have the same unit")
        return self

    @property
    def unit(self) -> str:
        """What all its rows are counted in."""
        return next(iter(self.rows.values())).unit


class Table(Part):
    """An amount by segment."""

    table: Rows
    read_at: Literal["claim", "step"] = Field(
        default="claim", description="whether the segment of the day of the claim decides (the promise), or of the step"
    )


def _shape(raw: object) -> str:
    """Which of the ways to write an amount this is, so that its problems are told once and in their place."""
    shapes = ((PercentOf, "percent_of"), (PerSpent, "per"), (Table, "table"), (Schedule, "schedule"))
    for kind, key in shapes:
        if isinstance(raw, kind) or (isinstance(raw, dict) and key in raw):
            return f"amount:{key}"
    return "amount:schedule" if isinstance(raw, dict) else "amount:fixed"


AnyAmount = Annotated[
    Annotated[Amount, Tag("amount:fixed")]
    | Annotated[PercentOf, Tag("amount:percent_of")]
    | Annotated[PerSpent, Tag("amount:per")]
    | Annotated[Schedule, Tag("amount:schedule")]
    | Annotated[Table, Tag("amount:table")],
    Discriminator(_shape),
]


def unit_of(amount: Any) -> str:
    """The unit of any way to write an amount; ``money`` for a share of one, which has the program's currency."""
    match amount:
        case Quantity(unit=unit):
            return unit
        case Schedule(schedule=stages):
            return stages[0].amount.unit
        case Table(table=rows):
            return rows.unit
        case PerSpent(most=most):
            return most.unit
        case _:
            return "money"


def largest(amount: Any) -> Quantity | None:
    """The most that a way to write an amount can come to; None for a share without a ceiling."""
    match amount:
        case Quantity():
            return amount
        case Schedule(schedule=stages):
            return max((stage.amount for stage in stages), key=lambda quantity: quantity.amount)
        case Table(table=rows):
            every = [row for row in (*rows.rows.values(), rows.otherwise) if row is not None]
            return max(every, key=lambda quantity: quantity.amount)
        case PercentOf(ceiling=ceiling) | PerSpent(ceiling=ceiling):
            return ceiling
        case _:
            return None
