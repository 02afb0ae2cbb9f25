"""What each recipe promises in public, written down by hand: the truth is counted from this, never from the program file.

A promise says what a friend has to do, what each side then gets, and what is refused. Where a program file and its promise
part ways, the comparison at the end of the month shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["advocate", "friend"]
Period = Literal["day", "week", "month", "year", "ever"]


@dataclass(frozen=True, slots=True)
class Cap:
    """How much one person can get in a period: so many rewards, or so much in all, of which the last may be a part."""

    period: Period
    count: int | None = None
    amount: int | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Pay:
    """One reward: who gets what for which act of the friend."""

    rule: str
    side: Side
    amount: int
    unit: str
    when: Literal["starts", "qualifies"] = "qualifies"
    caps: tuple[Cap, ...] = ()
    percent: int = 0
    """A share of the order instead of an amount; `amount` is then the most."""
    counted: bool = False
    """Whether it is for each friend who is counted: then a friend whom staff look at first pays once they trust him."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A reward for a number of qualified friends; for every so many, the same rule at several numbers."""

    rule: str
    at: int
    unit: str
    amount: int = 1


@dataclass(frozen=True, slots=True)
class Own:
    """What an advocate does himself and is paid for, once staff have looked at it."""

    rule: str
    activity: str
    fields: tuple[tuple[str, str | bool], ...]
    amount: int
    unit: str


@dataclass(frozen=True, slots=True)
class Promise:
    """A program as its public knows it."""

    recipe: str
    currency: str
    zone: str
    pays: tuple[Pay, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    orders: bool = False
    """Whether a first order qualifies; else the account does."""
    minimum: int = 0
    """The smallest order that counts, in cents."""
    signs_up: bool = True
    """Whether an account begins with a sign-up."""
    activity: str | None = None
    """What the friend has to do then."""
    first: str | None = None
    """What has to come before that."""
    times: int = 1
    """How often he has to do it."""
    within_days: int | None = None
    """How long after the sign-up he may do it."""
    undone_by: str | None = None
    """What undoes it."""
    via: Literal["claim", "code", "staff"] = "claim"
    links: bool = True
    """Whether following a link and coming back with its token is accepted."""
    code_beats: bool = False
    """Whether a typed code takes a friend from whom he clicked first."""
    new_customers_only: bool = False
    same_device: Literal["allow", "review", "refuse"] = "allow"
    network_limit: int | None = None
    """How many friends may come from one network (in a day)."""
    network_action: Literal["refuse", "review"] = "refuse"
    super_friends: int = 0
    """How many friends the one advocate brings who reaches the cap."""
    country: str | None = None
    post: str | None = None
    """Where things are sent to, said by those who are asked."""
    own: Own | None = None
    surprises: frozenset[str] = frozenset()
    """The rules that give one of several things, drawn: which one, no promise says. Each counts as one ``surprise``."""
    fields: tuple[tuple[str, str | bool], ...] = ()
    """What the shop knows of everybody."""
    verify: str | None = None
    """The field of a person that must be true before he is paid."""

    @property
    def coupon(self) -> Pay | None:
        """What a friend can use on his order as soon as he accepts."""
        return next((p for p in self.pays if p.side == "friend" and p.when == "starts"), None)


_SPACE_CAPS = (Cap("ever", amount=16_000, partial=True),)
_COFFEE_CAPS = (Cap("day", count=3), Cap("month", count=10))
_CREDIT_CAPS = (Cap("month", count=4), Cap("year", amount=110_00, partial=True))
_FIVE_A_MONTH = (Cap("month", count=5),)
_CASH_CAPS = (Cap("week", count=5), Cap("year", amount=200_00))

_ALL = (
    Promise(
        recipe="dropbox",
        currency="USD",
        zone="America/Los_Angeles",
        pays=(
            Pay("space", "friend", 500, "MB", caps=_SPACE_CAPS),
            Pay("space", "advocate", 500, "MB", caps=_SPACE_CAPS),
        ),
        activity="client_installed",
        within_days=14,
        undone_by="account_closed",
        same_device="refuse",
        network_limit=5,
        network_action="review",
        super_friends=35,
    ),
    Promise(
        recipe="bombas",
        currency="USD",
        zone="America/New_York",
        pays=(
            Pay("friend_discount", "friend", 1, "coupon", when="starts"),
            Pay("advocate_credit", "advocate", 20_00, "USD", caps=_CREDIT_CAPS),
        ),
        orders=True,
        minimum=60_00,
        code_beats=True,
        new_customers_only=True,
        same_device="review",
        super_friends=9,
    ),
    Promise(
        recipe="harrys",
        currency="USD",
        zone="America/New_York",
        milestones=(
            Milestone("shave_cream", 5, "sku:shave-cream"),
            Milestone("razor", 10, "sku:razor"),
            Milestone("premium_set", 25, "sku:premium-set"),
            Milestone("year_of_blades", 50, "year-of-blades"),
        ),
        activity="address_confirmed",
        within_days=3,
        undone_by="address_bounced",
        code_beats=True,
        network_limit=2,
    ),
    Promise(
        recipe="coffee-shop",
        currency="RON",
        zone="Europe/Bucharest",
        pays=(Pay("free_coffee", "advocate", 1, "coffee", caps=_COFFEE_CAPS),),
        signs_up=False,
        activity="first_visit",
        undone_by="visit_voided",
        via="staff",
        same_device="review",
        super_friends=14,
    ),
    Promise(
        recipe="paypal",
        currency="USD",
        zone="America/Los_Angeles",
        pays=(
            Pay("cash", "friend", 20_00, "USD", caps=_CASH_CAPS),
            Pay("cash", "advocate", 20_00, "USD", caps=_CASH_CAPS),
        ),
        undone_by="account_closed",
        same_device="refuse",
        network_limit=3,
        super_friends=14,
        country="US",
        verify="verified",
    ),
    Promise(
        recipe="uber",
        currency="USD",
        zone="America/Los_Angeles",
        pays=(
            Pay("free_ride", "friend", 1, "free-ride", caps=_FIVE_A_MONTH),
            Pay("free_ride", "advocate", 1, "free-ride", caps=_FIVE_A_MONTH),
        ),
        orders=True,
        minimum=5_00,
        new_customers_only=True,
        same_device="refuse",
        super_friends=9,
    ),
    Promise(
        recipe="hellofresh",
        currency="USD",
        zone="America/New_York",
        pays=(
            Pay("friend_discount", "friend", 40_00, "USD", when="starts"),
            Pay("advocate_credit", "advocate", 20_00, "USD", caps=(Cap("year", amount=120_00),)),
        ),
        orders=True,
        minimum=20_00,
        via="code",
        links=False,
        new_customers_only=True,
        same_device="review",
        super_friends=8,
    ),
    Promise(
        recipe="quip",
        currency="USD",
        zone="America/New_York",
        pays=(
            Pay("friend_discount", "friend", 5_00, "USD", when="starts"),
            Pay("refill_pack", "advocate", 1, "sku:refill-pack", caps=(Cap("year", count=4),)),
            Pay("advocate_discount", "advocate", 5_00, "USD", caps=(Cap("year", count=12),)),
        ),
        orders=True,
        minimum=20_00,
        code_beats=True,
        new_customers_only=True,
        same_device="review",
        super_friends=14,
        post="Main Street 1, Springfield",
    ),
    Promise(
        recipe="greats",
        currency="USD",
        zone="America/New_York",
        pays=(
            Pay("friend_discount", "friend", 1, "coupon", when="starts"),
            Pay("advocate_discount", "advocate", 1, "coupon", caps=(Cap("month", count=2), Cap("year", count=4))),
        ),
        orders=True,
        minimum=75_00,
        code_beats=True,
        new_customers_only=True,
        same_device="review",
        super_friends=6,
    ),
    Promise(
        recipe="gift-from-a-friend",
        currency="SAR",
        zone="Asia/Riyadh",
        pays=(
            Pay("gift", "friend", 1, "gift", caps=(Cap("month", count=3),)),
            Pay("gift", "advocate", 1, "gift", caps=(Cap("month", count=3),)),
        ),
        signs_up=False,
        activity="first_visit",
        undone_by="visit_voided",
        via="staff",
        same_device="review",
        super_friends=5,
    ),
    Promise(
        recipe="fitbit",
        currency="USD",
        zone="America/Los_Angeles",
        milestones=(Milestone("motivator", 5, "motivator-badge"), Milestone("ambassador", 20, "ambassador-title")),
        activity="first_steps",
        within_days=14,
        undone_by="account_closed",
        same_device="refuse",
        network_limit=5,
        network_action="review",
    ),
    Promise(
        recipe="fitness-studio",
        currency="RON",
        zone="Europe/Bucharest",
        pays=(Pay("free_class", "advocate", 1, "class", caps=(Cap("month", count=4),)),),
        signs_up=False,
        activity="trial_class",
        undone_by="no_show",
        via="staff",
        same_device="review",
        super_friends=6,
    ),
    Promise(
        recipe="amex",
        currency="USD",
        zone="America/New_York",
        pays=(Pay("points", "advocate", 15_000, "points", caps=(Cap("year", amount=55_000, partial=True),)),),
        milestones=(Milestone("preferred", 3, "preferred-status"),),
        signs_up=False,
        first="application_approved",
        activity="card_used",
        times=3,
        undone_by="card_closed",
        same_device="review",
        super_friends=5,
        fields=(("card", "gold"),),
    ),
    Promise(
        recipe="toms",
        currency="USD",
        zone="America/Los_Angeles",
        pays=(Pay("given_pair", "advocate", 1, "pair", caps=(Cap("month", count=10),)),),
        orders=True,
        minimum=45_00,
        code_beats=True,
        new_customers_only=True,
        same_device="refuse",
        super_friends=12,
    ),
    Promise(
        recipe="invite-a-friend",
        currency="RON",
        zone="Europe/Bucharest",
        pays=(
            Pay("friend_discount", "friend", 1, "coupon", when="starts"),
            Pay("thanks", "advocate", 15_00, "RON", caps=(Cap("month", count=6),), counted=True),
        ),
        milestones=(
            Milestone("two_friends", 2, "RON", 20_00),
            Milestone("surprise", 3, "surprise"),
            Milestone("five_friends", 5, "RON", 80_00),
            Milestone("surprise", 6, "surprise"),
        ),
        orders=True,
        minimum=72_00,
        code_beats=True,
        new_customers_only=True,
        same_device="review",
        super_friends=8,
        surprises=frozenset({"surprise"}),
    ),
    Promise(
        recipe="trunk-club",
        currency="USD",
        zone="America/Chicago",
        pays=(
            Pay("friend_discount", "friend", 25_00, "USD", when="starts"),
            Pay("advocate_credit", "advocate", 25_00, "USD", caps=(Cap("month", count=3),)),
        ),
        own=Own("unboxing", "unboxing", (("shown_as", "photo"),), 10_00, "USD"),
        orders=True,
        minimum=125_00,
        code_beats=True,
        new_customers_only=True,
        same_device="review",
        super_friends=5,
    ),
    Promise(
        recipe="tiki-pets",
        currency="USD",
        zone="America/Los_Angeles",
        pays=(
            Pay("friend_discount", "friend", 1, "coupon", when="starts"),
            Pay("commission", "advocate", 30_00, "USD", percent=12),
        ),
        own=Own("fee", "post_published", (("disclosed", True),), 250_00, "USD"),
        orders=True,
        minimum=30_00,
        via="code",
        links=False,
        new_customers_only=True,
        same_device="refuse",
        fields=(("partner", True),),
    ),
)
PROMISES: dict[str, Promise] = {promise.recipe: promise for promise in _ALL}
