"""What a reward consists of: the kinds of benefit, each with what it is counted in and who hands it over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Field, Tag, ValidationInfo, model_validator

from goodword.program.amounts import AnyAmount, PercentOf, unit_of
from goodword.program.part import Part
from goodword.program.quantity import is_currency
from goodword.program.values import Count, Money, Name, Percent, declared_in

ASKS_MAX = 8
"""How many things a benefit may ask its recipient."""
OPTIONS_MAX = 20
"""How many benefits a choice or a mystery may hold."""

BenefitKind = Literal[
    "credit",
    "cash",
    "coupon",
    "gift_card",
    "commission",
    "donation",
    "points",
    "product",
    "item",
    "digital",
    "service",
    "quantity",
    "time",
    "upgrade",
    "event",
    "experience",
    "access",
    "status",
    "badge",
]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of benefit."""

    issued_by: Literal["goodword", "shop"]
    """Who hands it over: Goodword at approval, or the shop, which says so by an event."""
    counted: Literal["money", "pieces", "either"]
    """Money, units of its own name, or what the file says."""
    used: Literal["orders", "events", "never"]
    """On an order that brings its code, by an event of type `reward`, or not at all: it simply holds."""
    help: str


KINDS: dict[BenefitKind, Kind] = {
    "credit": Kind("goodword", "money", "orders", "store credit, used on orders until it is spent"),
    "cash": Kind("shop", "money", "events", "money that the shop pays out"),
    "coupon": Kind("goodword", "money", "orders", "a single-use code that lowers the price of an order"),
    "gift_card": Kind("shop", "money", "events", "a gift card of the shop or of somebody else"),
    "commission": Kind("goodword", "money", "events", "a partner's share, paid out periodically"),
    "donation": Kind("shop", "either", "never", "given in the recipient's name; handing over is paying it"),
    "points": Kind("goodword", "pieces", "events", "points, spent on what the program offers for them"),
    "product": Kind("goodword", "pieces", "orders", "a code that puts a free product into the basket"),
    "item": Kind("shop", "pieces", "events", "something that is sent or handed over"),
    "digital": Kind("shop", "pieces", "events", "something to download or to unlock"),
    "service": Kind("goodword", "pieces", "events", "something that is done for the recipient, once he booked it"),
    "quantity": Kind("shop", "pieces", "events", "more of what the recipient has: storage, minutes, rides"),
    "time": Kind("shop", "pieces", "events", "time added to a subscription"),
    "upgrade": Kind("shop", "pieces", "events", "something the recipient owns becomes better"),
    "event": Kind("goodword", "pieces", "events", "an invitation with a limited number of places"),
    "experience": Kind("goodword", "pieces", "events", "something to live through, hardly to be bought"),
    "access": Kind("goodword", "pieces", "never", "early or exclusive access, as long as it is held"),
    "status": Kind("goodword", "pieces", "never", "membership or status, as long as it is held"),
    "badge": Kind("goodword", "pieces", "never", "a badge or a title"),
}
"""The fifteen families of rewards, and what else is given: every kind that a file may name."""
if set(KINDS) != set(get_args(BenefitKind)):  # pragma: no cover - held while it is imported
    raise AssertionError("a kind of benefit lacks its row")


class Ask(Part):
    """Something a benefit needs to know from its recipient before it can be handed over."""

    type: Literal["text", "address", "one_of"]
    """`address` is only asked for when it is needed, and kept with the personal data."""
    options: Annotated[tuple[str, ...], Field(max_length=OPTIONS_MAX)] = Field(
        default=(), description="for `one_of`: what may be answered"
    )
    longest: Count | None = Field(default=None, description="for `text`: how many characters")
    moderated: bool = Field(default=False, description="whether staff look at the answer first")
    otherwise: str | None = Field(default=None, description="what counts as answered when the time is over")

    @model_validator(mode="after")
    def _fits_its_type(self) -> Ask:
        if (self.type == "one_of") != bool(self.options):
            raise ValueError("`options` lists what `type: one_of` may be answered with")
        if (self.longest is not None) != (self.type == "text"):
            raise ValueError("`longest` goes with `type: text`")
        if self.otherwise is not None and (self.type == "address" or not self.accepts(self.otherwise)):
            raise ValueError("`otherwise` has to be an answer that would be accepted, and an address has none")
        return self

    def accepts(self, answer: str) -> bool:
        """Whether this may be answered."""
        if self.type == "one_of":
            return answer in self.options
        return bool(answer.strip()) and (self.longest is None or len(answer) <= self.longest)


BY_CODE = frozenset({"coupon", "product", "gift_card", "digital"})
"""What a code of the shop's own system can stand for: it is used once, and whole."""


class OwnCode(Part):
    """A code of the shop's own system, instead of one that Goodword makes."""

    pool: Name = Field(description="the pool of imported codes from which each reward takes the next one")


class Benefit(Part):
    """What a reward consists of."""

    kind: BenefitKind
    amount: AnyAmount | None = None
    percent_off: Percent | None = Field(default=None, description="for a coupon: a share of the order it is used on")
    ceiling: Money | None = Field(default=None, description="for `percent_off`: the largest discount")
    minimum_order: Money | None = Field(
        default=None, description="for what is used on orders: the smallest order it may be used on"
    )
    first_order: bool = Field(
        default=False,
        description="for what is used on orders: only on the first order of its recipient that was not undone",
    )
    unit_cost: Money | None = Field(
        default=None, description="what one unit costs the business, where the unit is not money"
    )
    asks: dict[Name, Ask] = Field(
        default_factory=dict, max_length=ASKS_MAX, description="what the recipient has to say before it is handed over"
    )
    code: OwnCode | None = Field(
        default=None, description="for a coupon, a product, a gift card, something digital: the shop's own code for it"
    )

    @model_validator(mode="after")
    def _fits_its_kind(self, info: ValidationInfo) -> Benefit:
        kind, currency = KINDS[self.kind], declared_in(info).currency
        if self.kind != "coupon" and (self.percent_off or self.ceiling):
            raise ValueError("`percent_off` and `ceiling` belong to a coupon")
        if kind.used != "orders" and self.minimum_order:
            raise ValueError("`minimum_order` belongs to what is used on orders: a coupon, a credit, a product")
        if kind.used != "orders" and self.first_order:
            raise ValueError("`first_order` belongs to what is used on orders: a coupon, a credit, a product")
        if (self.amount is None) == (self.percent_off is None):
            raise ValueError("write `amount`, or `percent_off` for a coupon, and not both")
        if self.ceiling and self.percent_off is None:
            raise ValueError("`ceiling` goes with `percent_off`")
        if kind.counted == "money" and self.amount is not None and self.unit not in (currency, "money"):
            raise ValueError(f"a {self.kind} is counted in {currency}")
        if kind.counted == "pieces" and (is_currency(self.unit) or isinstance(self.amount, PercentOf)):
            raise ValueError(f"`{self.kind}` is counted in pieces or units of its own, such as `500 MB`, not in money")
        if self.code and self.kind not in BY_CODE:
            raise ValueError("a `code` of a pool is for a coupon, a product, a gift card or something digital")
        if self.unit_cost and (is_currency(self.unit) or self.unit == "money" or self.percent_off):
            raise ValueError("money costs what it is worth; `unit_cost` is for other units")
        return self

    @property
    def pool(self) -> str | None:
        """The pool of imported codes that it is taken from."""
        return self.code.pool if self.code else None

    @property
    def issued_by(self) -> Literal["goodword", "shop"]:
        """Who hands it over: with a code of a pool, Goodword does."""
        return "goodword" if self.code else KINDS[self.kind].issued_by

    @cached_property
    def unit(self) -> str:
        """The unit its amount is counted in; a coupon of `percent_off` is counted in pieces."""
        return "coupon" if self.amount is None else unit_of(self.amount)


class Options(Part):
    """Several benefits of which one is given: the recipient chooses, or it is a surprise."""

    kind: Literal["choice", "mystery"]
    options: dict[Name, Benefit] = Field(min_length=2, max_length=OPTIONS_MAX)
    weights: dict[Name, Count] = Field(
        default_factory=dict, description="for a mystery: how often each comes, published with the terms"
    )
    otherwise: Name | None = Field(default=None, description="for a choice: what is given when the time is over")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Options:
        if (self.kind == "mystery") != bool(self.weights):
            raise ValueError("a mystery states its `weights`; a choice has none")
        if self.kind == "mystery" and set(self.weights) != set(self.options):
            raise ValueError("`weights` names each of the options, and nothing else")
        if (self.kind == "choice") != (self.otherwise is not None):
            raise ValueError("a choice names in `otherwise` what is given to somebody who does not choose")
        if self.otherwise is not None and self.otherwise not in self.options:
            raise ValueError("`otherwise` is none of the options")
        return self


def _shape(raw: object) -> str:
    kind = raw.get("kind") if isinstance(raw, dict) else None
    return "benefit:options" if isinstance(raw, Options) or kind in ("choice", "mystery") else "benefit:one"


AnyBenefit = Annotated[
    Annotated[Benefit, Tag("benefit:one")] | Annotated[Options, Tag("benefit:options")], Discriminator(_shape)
]
