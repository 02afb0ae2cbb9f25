"""What decisions look at: rows, collections, and the difference between *absent* and *not loaded*.

A `State` holds rows by collection and key. Reading a key that was not loaded raises `NotLoaded`; a key that was loaded and
is not there reads None. Rows never change: a decision puts new ones into a `Draft`, and `evolve` folds a draft's changes
into the state before the next event is decided.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

from goodword.engine.events import DueKind, Purpose, Scalar
from goodword.program.model import Side
from goodword.program.quantity import is_currency

RowT = TypeVar("RowT")
ReferralStatus = Literal["started", "converted", "ended", "expired", "superseded"]
Moderation = Literal["clear", "flagged", "pending_review", "approved", "denied"]
RewardStatus = Literal[
    "pending", "approved", "issued", "redeemed", "cancelled", "expired", "denied", "failed", "reversed"
]
LIVE_REWARD: frozenset[str] = frozenset({"pending", "approved", "issued", "redeemed", "expired", "failed"})
"""Caps count these: every state but cancelled, denied, reversed."""


class Row(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A row of the state: one noun, immutable."""


PAGE_MAX = 100
"""How many people one page of a sweep looks at."""


def page_name(of: str, page: int) -> str:
    """The name of a page of the people of a group, or of everybody."""
    return f"{of}|{page}"


class Acceptance(Struct, frozen=True, gc=False):
    """Somebody accepted the terms of a version of a program, as they stood in a language."""

    program: str
    version: int
    language: str
    at_ms: int
    event: str


class ConsentState(Struct, frozen=True, gc=False):
    """What somebody said last about a purpose for which he is asked."""

    given: bool
    at_ms: int
    language: str


class Participant(Row, frozen=True):
    """A person in a tenant; advocate and friend are roles of one record."""

    id: str
    created_ms: int
    country: str | None = None
    language: str | None = None
    fields: dict[str, Scalar] = {}
    signals: dict[str, tuple[str, ...]] = {}
    """Hashes by kind of signal, the latest `SIGNALS_MAX` of each."""
    signed_up_ms: int | None = None
    activities: dict[str, tuple[tuple[int, str], ...]] = {}
    """The first of each name and the last, `ACTIVITIES_MAX` in all, as (time, event id)."""
    waiting: int = 0
    """How many approved rewards wait for a condition on this person."""
    keeping: int = 0
    """How many live rewards are kept only while a condition on this person holds."""
    number: int = 0
    """The how-manieth of all participants of the tenant he is."""
    accepted: tuple[Acceptance, ...] = ()
    """The terms that he accepted, the last ACCEPTED_MAX of them; all of them stand in events."""
    consents: dict[str, ConsentState] = {}
    """What he said last, by purpose; where there is nothing, he was not asked, or did not answer."""
    payout_ms: int | None = None
    """Since when he is to be paid as he said last; how, stands with the personal data."""
    asked_ms: int | None = None
    """When he was last asked to invite friends."""
    asked: int = 0
    """How often he was asked since he last shared a code."""
    surveyed_ms: int | None = None
    """When he last said what he thinks."""
    erased_ms: int | None = None
    """Since when nothing is known about him any more: what is left is his place in the books."""

    @property
    def page(self) -> str:
        """The page of everybody on which he stands."""
        return page_name("everyone", (self.number - 1) // PAGE_MAX)

    def consents_to(self, purpose: Purpose) -> bool:
        """Whether he has consented, and not withdrawn that."""
        said = self.consents.get(purpose)
        return said is not None and said.given


class Handle(Row, frozen=True):
    """A public code: it pays its advocate in its program."""

    code: str
    program: str
    participant: str
    created_ms: int
    shown: str | None = None
    """A code of somebody's own choice as it was written: `MARIA-SHOP` is compared as ``MAR1ASH0P``."""
    name: str | None = None
    """What tells an advocate's codes apart: a channel, a campaign, a printed card."""
    target: str | None = None
    """Where its link leads instead of the program's landing page: an https address or a path."""
    expires_ms: int | None = None
    """From when on it starts nothing any more."""
    disabled_ms: int | None = None
    """Since when it is switched off."""
    group: str | None = None
    """The group for which it invites."""

    @property
    def written(self) -> str:
        """The code as people read it."""
        return self.shown or self.code

    def refused_at(self, at_ms: int) -> Literal["code_disabled", "code_expired"] | None:
        """The reason for which evidence of this moment starts nothing, if there is one."""
        if self.disabled_ms is not None and at_ms >= self.disabled_ms:
            return "code_disabled"
        if self.expires_ms is not None and at_ms >= self.expires_ms:
            return "code_expired"
        return None


class GroupRow(Row, frozen=True):
    """A family plan, a project, a team."""

    id: str
    program: str
    shop_id: str
    """What the shop calls it."""
    owner: str
    created_ms: int
    members: int = 0
    """How many there are now; the owner is not one of them."""
    numbers: int = 0
    """How many people ever were members: each has the number of his first joining."""
    closed_ms: int | None = None

    def open_at(self, at_ms: int) -> bool:
        """Whether anything that happens at this moment still counts for it."""
        return self.closed_ms is None or at_ms < self.closed_ms


class MemberRow(Row, frozen=True):
    """A person in a group, or who was in it."""

    id: str
    """``group|participant``."""
    group: str
    participant: str
    number: int
    joined_ms: int
    left_ms: int | None = None
    referral: str | None = None
    """The referral that made him a member; None where the shop said so, or where its step was undone."""
    measured: dict[str, int] = {}
    """The counters in which he is counted, each with what he adds."""
    entered_ms: int = 0
    """What the tenant's clock said when he joined, whenever he is told to have done so."""

    @property
    def active(self) -> bool:
        """Whether he is in the group now."""
        return self.left_ms is None

    @property
    def page(self) -> str:
        """The page of his group on which he stands."""
        return page_name(self.group, (self.number - 1) // PAGE_MAX)


class SweepRow(Row, frozen=True):
    """What is given to many, page by page; its row stays."""

    id: str
    program: str
    version: int
    rule: str
    of: str
    """The group, or ``everyone``."""
    key: str = ""
    """The day, for everyone."""
    cut: int = 0
    """The number of the last of them who counts."""
    page: int = 0
    """The page that comes next."""
    granted: int = 0
    opened_ms: int | None = None
    """None while its day has not come."""


class ClaimRow(Row, frozen=True):
    """An invitation accepted by nobody known yet."""

    token: str
    code: str
    claimed_ms: int
    via: str
    click: str | None = None
    """The click that it was seen to come with."""
    friend: str | None = None
    """Who came with it first and was tied to its advocate by it: to him its page may say how it went on."""


class RefundRow(Row, frozen=True):
    """One change of an order, as told: an amount, or None for all that is left."""

    event: str
    kind: Literal["refund", "cancel", "chargeback"]
    amount: int | None
    at_ms: int
    items: dict[str, int] = {}
    """How much of the amount comes off which category; the rest off all in proportion."""


class Redemption(Row, frozen=True):
    """A reward used on an order."""

    reward: str
    amount: int


class OrderRow(Row, frozen=True):
    """An order of anybody. `placed_ms` is None while only its refund is known."""

    id: str
    participant: str | None = None
    placed_ms: int | None = None
    total: int = 0
    currency: str = ""
    fields: dict[str, Scalar] = {}
    refunded: int = 0
    state: Literal["awaited", "placed", "refunded", "cancelled", "charged_back"] = "awaited"
    changes: tuple[RefundRow, ...] = ()
    """Changes that came before their order; of an order that history told, all of them, for when the shop tells it."""
    redemptions: tuple[Redemption, ...] = ()
    referral: str | None = None
    """The referral that earns from it: at most one."""
    measured: dict[str, int] = {}
    """The counters in which its buyer has it counted, each with what it adds."""
    items: dict[str, int] = {}
    """By category what is left of it; the rest has no category."""
    fact: bool = False
    """Whether history told it after live events: it makes its buyer a customer, and nothing else follows from it."""

    @property
    def net(self) -> int:
        """What is left of it."""
        return self.total - self.refunded if self.state in ("placed", "refunded") else 0

    @property
    def counted(self) -> bool:
        """Whether it makes its buyer a customer."""
        return self.state == "placed"

    @property
    def takes_part(self) -> bool:
        """Whether any reward stands on it or was used on it, or a counter counts it."""
        return self.referral is not None or bool(self.measured) or bool(self.redemptions)


class ActivityRow(Row, frozen=True):
    """Something a person did that is measured or waits for staff, under the id of its event."""

    id: str
    participant: str
    name: str
    at_ms: int
    fields: dict[str, Scalar] = {}
    status: Literal["pending", "counted", "denied"] = "counted"
    reward: str | None = None
    """The reward whose question it answers, for an answer that staff look at."""
    measured: dict[str, int] = {}
    """The counters in which it is counted, each with what it adds."""


class Hit(Row, frozen=True):
    """An event that reaches a step, or could: `subject` is ``order:ID``, ``sign_up`` or ``activity:EVENT``."""

    subject: str
    at_ms: int
    event: str


class StepState(Row, frozen=True):
    """Where a referral stands at one step: what reached it, and what could take its place."""

    hit: Hit | None = None
    spares: tuple[Hit, ...] = ()


class Rival(Row, frozen=True):
    """Evidence for another advocate, and why it did not win."""

    advocate: str
    code: str
    evidence: str
    at_ms: int
    event: str
    reason: str


class Referral(Row, frozen=True):
    """A friend tied to an advocate in a program, decided all its life by the version it was claimed under."""

    id: str
    program: str
    version: int
    advocate: str
    friend: str
    code: str
    evidence: str
    claimed_ms: int
    until_ms: int
    """The end of the window, exclusive."""
    status: ReferralStatus = "started"
    moderation: Moderation = "clear"
    moderation_why: tuple[str, ...] = ()
    converted_ms: int | None = None
    steps: dict[str, StepState] = {}
    measured: tuple[str, ...] = ()
    """The measures of its advocate in which it is counted now, and the counters of its group."""
    rivals: tuple[Rival, ...] = ()
    click: str | None = None
    """The click that its friend was seen to come with."""
    promised: dict[str, str] = {}
    """By ``rule|side`` the segment that was in force at the claim, where a table is read then."""
    again: dict[str, int] = {}
    """By rule the number of the grant that comes next, at its anniversary; 0 where none comes any more."""
    group: str | None = None
    """The group for which its code invited."""
    order: str | None = None
    """The order it is about, where a program ties orders and not friends: it holds that order, and nobody."""

    per_group: bool = False
    """Whether it holds its friend for its group alone, so that others may win him for theirs."""

    @property
    def scope(self) -> str:
        """In what it holds its friend alone: its program, or its group. There no advocate may be his own friend's friend."""
        return self.group if self.per_group and self.group is not None else self.program

    @property
    def live(self) -> bool:
        """Whether it holds its friend, or its order."""
        return self.status in ("started", "converted", "ended")

    @property
    def held(self) -> bool:
        """Whether it ever held: not where it turned out that it should not have begun, so that its window ends where it began."""
        return self.until_ms > self.claimed_ms


class Reward(Row, frozen=True):
    """One grant of a reward rule to one person."""

    id: str
    program: str
    version: int
    rule: str
    side: Side
    participant: str
    referral: str | None
    """The referral that granted it; for a milestone, the one that reached the number; None where there is none."""
    subject: str
    """What it is granted for: the referral, the participant for a milestone, the group or the member (``group|participant``),
    ``order:ID`` or ``activity:EVENT``."""
    occurrence: int
    unit: str
    amount: int
    granted_ms: int
    event: str
    status: RewardStatus = "pending"
    reason: str | None = None
    """Why it is where it is: a reason code."""
    remaining: int = 0
    """What is issued and not yet redeemed, expired or taken back."""
    used: int = 0
    """What was redeemed of it."""
    owed: int = 0
    """What was used and taken back all the same: a debt on the balance."""
    discount: int = 0
    """For a coupon of a percentage: what it cost when it was used."""
    mature_ms: int | None = None
    expires_ms: int | None = None
    noticed: bool = False
    """Whether it was told that it expires soon."""
    order: str | None = None
    """The order it was earned on."""
    cap_keys: tuple[str, ...] = ()
    """The counters it was counted in."""
    doubted: tuple[str, ...] = ()
    """The counters of measures in which it counts as soon as nobody doubts its referral."""
    budget: str | None = None
    """The account prefix of the budget it draws on."""
    budget_unit: str | None = None
    reserved: int = 0
    """What is set aside for it in its budget, in the unit of the budget."""
    spent: int = 0
    """What using it took from its budget."""
    code_hash: str | None = None
    key: str = ""
    """What tells grants of one rule for one subject apart: a period, the number of a multiple."""
    option: str = ""
    """Which of several benefits it is."""
    chosen: bool = False
    """Whether its recipient chose."""
    answers: dict[str, str] = {}
    """What its recipient answered to what it asks."""
    submission: str = ""
    """The answer that staff have still to look at."""
    watched: tuple[str, ...] = ()
    """The people whose conditions can still take it back."""
    kept_ms: int | None = None
    """From when on it stays for good."""
    paid: dict[str, int] = {}
    """For what was bought with points: from which rewards they came, and how many of each."""
    unfunded: int = 0
    """What its budget has to set aside before it can be handed over: it waits for that."""
    collected: bool = False
    """Whether it is handed over to its recipient's account with the program, from which payouts are made."""
    pool: str = ""
    """The pool of imported codes that it takes its code from, once it is its turn."""
    own_code: str = ""
    """That code, sealed."""

    @property
    def live(self) -> bool:
        """Whether caps count it."""
        return self.status in LIVE_REWARD

    @property
    def queue(self) -> str | None:
        """In which queue it stands, the oldest first: what can be spent (of whom, which program, which unit), or what waits
        for a budget or for a code; None where it does none of it.
        """
        if self.unfunded:
            return self.budget
        if self.reason == "waiting_for_code":
            return code_queue(self.pool)
        if self.status != "issued" or not self.remaining or is_currency(self.unit):
            return None
        return purse_of(self.participant, self.program, self.unit)


class PoolCode(Row, frozen=True):
    """A code of the shop's own system, in a pool."""

    hash: str
    """What it is compared by."""
    pool: str
    number: int
    """Its place in the pool: the first that came goes first."""
    sealed: str
    """The code, readable with the tenant's key alone."""
    reward: str | None = None
    """The reward that it was given out with."""


def code_queue(pool: str) -> str:
    """The queue of what waits for a code of a pool."""
    return f"codes:{pool}"


def purse_of(participant: str, program: str, unit: str) -> str:
    """What somebody holds in a program and a unit of its own."""
    return f"{participant}|{program}|{unit}"


class Place(Row, frozen=True):
    """A place of a contest that was decided."""

    place: int
    entrant: str
    score: int


class ContestRow(Row, frozen=True):
    """A contest of a program, decided by the version that was in force when it opened."""

    id: str
    program: str
    contest: str
    version: int
    measure: str
    """What it compares."""
    opens_ms: int
    closes_ms: int | None
    """From when on nothing counts any more."""
    status: Literal["open", "counting", "drawing", "awarding", "settled"] = "open"
    """A draw is decided in pages: its entries are counted, then whom the tickets found is looked for."""
    seed_hash: str = ""
    """SHA-256 of a draw's seed, known from the beginning."""
    seed: str = ""
    """The seed, told once no entry can change any more."""
    entries_hash: str = ""
    """The hash of the list of entries."""
    entries: int = 0
    tickets: int = 0
    cursor: str = ""
    """The last entrant of the pages gone through."""
    passed: int = 0
    """How many tickets these pages held."""
    tickets_drawn: int = 0
    """How many tickets earlier rounds have drawn."""
    found: dict[str, str] = {}
    """By the number of a drawn ticket, its entrant."""
    places: tuple[Place, ...] = ()
    """The result."""
    held: tuple[str, ...] = ()
    """Rewards that places hold between two reviews."""


class Standing(Row, frozen=True):
    """How far somebody has come in a contest."""

    id: str
    board: str
    """The contest."""
    entrant: str
    """A participant, or a referral."""
    score: int
    reached_ms: int
    """When the score rose last."""
    free: int = 0
    """The part of it that came without a friend."""


class TierRow(Row, frozen=True):
    """The tiers of a program that somebody holds."""

    id: str
    program: str
    participant: str
    tier: str
    """The highest; the empty text where none is held."""
    since: dict[str, str] = {}
    """By tier the period in which it was entered."""


PayoutStatus = Literal["due", "paid", "failed"]


class PayoutRow(Row, frozen=True):
    """What a partner is paid of what came together on his account."""

    id: str
    program: str
    participant: str
    unit: str
    amount: int
    period: str
    """The week or month at whose end it was made."""
    created_ms: int
    event: str
    status: PayoutStatus = "due"
    settled_ms: int | None = None
    """When the shop said that it was paid, or that it failed."""
    why: str = ""


class ObjectionRow(Row, frozen=True):
    """Somebody objected. What he wrote stands with the personal data, and goes with it."""

    id: str
    program: str
    participant: str
    at_ms: int
    about: str | None = None
    """A referral or a reward of his."""
    status: Literal["open", "answered", "closed"] = "open"
    """Closed without an answer, where nobody is left to be answered."""
    verdict: Literal["", "upheld", "rejected"] = ""
    answered_ms: int | None = None
    why: str = ""
    """What staff answered."""


class SurveyRow(Row, frozen=True):
    """What somebody thinks of a program. What he wrote stands with the personal data, and goes with it."""

    id: str
    program: str
    participant: str
    """Who answered; of a friend nobody knows, the token of his claim."""
    side: Literal["advocate", "friend"]
    at_ms: int
    recommend: int | None = None
    easy: int | None = None
    attractive: int | None = None
    motivates: str | None = None


class Closure(Struct, frozen=True, omit_defaults=True, gc=False):
    """A time in which a program takes in nothing new."""

    from_ms: int
    until_ms: int | None = None
    """When it was opened again."""
    ended: bool = False
    """Whether it was to be for good."""


class ProgramRow(Row, frozen=True):
    """Where a program stands: the version that is in force, what is planned, and when it took in nothing new."""

    program: str
    version: int = 0
    """In force; 0 as long as none is."""
    priority: int = 0
    previous: int = 0
    """The one that was in force before; 0 where none was."""
    latest: int = 0
    """The newest version that was decided about."""
    planned: int = 0
    """The version that comes into force at `planned_ms`; 0 where none does."""
    planned_ms: int = 0
    planned_why: str = ""
    """Why it takes something away without the notice that was promised, where it does."""
    ends_ms: int | None = None
    """When it is to end."""
    closures: tuple[Closure, ...] = ()
    """The last CLOSURES_MAX of them, oldest first."""

    @property
    def closure(self) -> Closure | None:
        """The one that lasts."""
        return self.closures[-1] if self.closures and self.closures[-1].until_ms is None else None

    def closed_at(self, at_ms: int) -> Closure | None:
        """The one in which a moment lies."""
        for closure in reversed(self.closures):
            if closure.from_ms <= at_ms and (closure.until_ms is None or at_ms < closure.until_ms):
                return closure
        return None


class DueRow(Row, frozen=True):
    """A time at which a decision has to be taken."""

    id: str
    due_ms: int
    kind: DueKind
    reference: str


class TenantRow(Row, frozen=True):
    """How far a tenant has come."""

    seq: int = 0
    clock_ms: int = 0
    live: bool = False
    """Whether a live event was decided: from then on history enters as facts without rewards."""


class Collection(Generic[RowT]):
    """A typed name of a collection. `stored` ones are tables; the others are indexes derived from them."""

    def __init__(self, name: str, stored: bool = True) -> None:
        self.name = name
        self.stored = stored

    def __repr__(self) -> str:
        return self.name


PROGRAMS: Collection[ProgramRow] = Collection("programs")  # name; all of a tenant are loaded for every batch
IDENTITIES: Collection[str] = Collection("identities")  # "email:HASH" -> participant id
PARTICIPANTS: Collection[Participant] = Collection("participants")
HANDLES: Collection[Handle] = Collection("handles")  # normalised code
HANDLES_OF: Collection[tuple[str, ...]] = Collection("handles_of", stored=False)  # participant -> codes
ACTIVITIES: Collection[ActivityRow] = Collection("activities")  # event id
GROUPS: Collection[GroupRow] = Collection("groups")
MEMBERS: Collection[MemberRow] = Collection("members")  # "group|participant"
MEMBERS_IN: Collection[tuple[str, ...]] = Collection("members_in", stored=False)  # page of a group -> keys of members
SWEEPS: Collection[SweepRow] = Collection("sweeps")
PEOPLE_IN: Collection[tuple[str, ...]] = Collection("people_in", stored=False)  # page of everybody -> participants
CLAIMS: Collection[ClaimRow] = Collection("claims")  # token
ORDERS: Collection[OrderRow] = Collection("orders")  # order id
FIRST_ORDERS: Collection[tuple[tuple[int, str], ...]] = Collection("first_orders", stored=False)
# participant -> the first FIRST_ORDERS_MAX counted orders as (placed, id), sorted
REFERRALS: Collection[Referral] = Collection("referrals")
REFERRALS_OF: Collection[tuple[str, ...]] = Collection("referrals_of", stored=False)  # friend -> ids, oldest first
# (not those of single orders, of which a buyer may have any number)
PARENTS: Collection[str] = Collection("parents", stored=False)  # "scope|friend" -> advocate, live referrals only
REWARDS: Collection[Reward] = Collection("rewards")
REWARDS_OF: Collection[tuple[str, ...]] = Collection("rewards_of", stored=False)  # subject -> ids, oldest first
WAITING_OF: Collection[tuple[str, ...]] = Collection("waiting_of", stored=False)
# participant -> the first WAITING_PAGE approved rewards that wait for a condition, by id
QUEUES: Collection[tuple[tuple[int, str], ...]] = Collection("queues", stored=False)
# "participant|program|unit" -> issued rewards of which something remains; a budget's accounts -> rewards that wait for it;
# the first QUEUE_PAGE as (granted, id), sorted
WATCHES: Collection[str] = Collection("watches")  # "participant>reward" -> reward id
KEPT_OF: Collection[tuple[str, ...]] = Collection("kept_of", stored=False)
# "participant>reward" -> the first KEPT_PAGE rewards behind this one that watch the participant, by id
REWARD_CODES: Collection[str] = Collection("reward_codes", stored=False)  # hash of a code -> reward id
POOL_CODES: Collection[PoolCode] = Collection("pool_codes")  # hash
FREE_CODES: Collection[tuple[tuple[int, str], ...]] = Collection("free_codes", stored=False)
# pool -> the first QUEUE_PAGE codes that are not given out, as (number, hash), sorted
COUNTERS: Collection[int] = Collection("counters")
CONTESTS: Collection[ContestRow] = Collection("contests")  # "program|contest"
CONTESTS_OF: Collection[tuple[str, ...]] = Collection("contests_of", stored=False)  # program -> those not settled
STANDINGS: Collection[Standing] = Collection("standings")  # "program|contest|entrant"
LEADERS: Collection[tuple[str, ...]] = Collection("leaders", stored=False)  # contest -> its best LEADERS_MAX standings
ENTRIES: Collection[tuple[str, ...]] = Collection("entries_after", stored=False)
# "contest|entrant" -> the next ENTRIES_PAGE standings, in the order of their entrants
TIERS: Collection[TierRow] = Collection("tiers")  # "program|participant"
PAYOUTS: Collection[PayoutRow] = Collection("payouts")
OBJECTIONS: Collection[ObjectionRow] = Collection("objections")
OPEN_OBJECTIONS: Collection[tuple[str, ...]] = Collection("open_objections", stored=False)
# participant -> his objections that nobody answered
SURVEYS: Collection[SurveyRow] = Collection("surveys")
HELD_OF: Collection[tuple[str, ...]] = Collection("held_of", stored=False)
# participant -> the first ERASE_PAGE rewards that were not handed over to him, or hold his words, by id
MEMBERSHIPS: Collection[tuple[str, ...]] = Collection("memberships", stored=False)
# participant -> the first LEAVE_PAGE memberships that he has, by id
IDENTITIES_OF: Collection[tuple[str, ...]] = Collection("identities_of", stored=False)  # participant -> keys
BALANCES: Collection[int] = Collection("balances")  # "account|unit"
DUES: Collection[DueRow] = Collection("dues")

COLLECTIONS: tuple[Collection[Any], ...] = (
    PROGRAMS, IDENTITIES, PARTICIPANTS, HANDLES, HANDLES_OF, ACTIVITIES, CLAIMS, ORDERS, FIRST_ORDERS, REFERRALS, REFERRALS_OF, PARENTS,
    REWARDS, REWARDS_OF, WAITING_OF, REWARD_CODES, CONTESTS, CONTESTS_OF, STANDINGS, LEADERS,
    ENTRIES, TIERS, PAYOUTS, COUNTERS, BALANCES, DUES, WATCHES, KEPT_OF, QUEUES, GROUPS, MEMBERS, MEMBERS_IN, SWEEPS, PEOPLE_IN,
    POOL_CODES, FREE_CODES, OBJECTIONS, OPEN_OBJECTIONS, SURVEYS, HELD_OF, MEMBERSHIPS, IDENTITIES_OF,
)  # fmt: skip

PEOPLE = "people"
"""The counter of all participants of a tenant."""
SIGNALS_MAX = 8
CLOSURES_MAX = 50
ACCEPTED_MAX = 50
HANDLES_MAX = 50
"""How many codes an advocate may have in all programs together."""
ERASE_PAGE = 100
"""How many rewards one page of an erasure cancels or empties."""
LEAVE_PAGE = 20
"""How many groups somebody who is erased leaves at a time."""
OBJECTIONS_OPEN_MAX = 5
"""How many objections of one person may wait for an answer."""
ACTIVITIES_MAX = 4
FIRST_ORDERS_MAX = 8
WAITING_PAGE = 200
LEADERS_MAX = 200
"""How many of the best are looked at when a contest is decided; with more of them equal, who got there first counts."""
ENTRIES_PAGE = 1000
RUNNING_MAX = 200
"""How many contests of one program may run at once, those that a later version dropped among them."""
KEPT_PAGE = 200
QUEUE_PAGE = 200
"""How many rewards one exchange may spend from, and one date pays out of a budget."""
QUEUE_END = (2**62, "")
"""Ends a page of which something was taken away while more may stand in the database."""
SPARES_MAX = 8
RIVALS_MAX = 16
CHANGES_MAX = 100


_UNKNOWN: Any = object()
"""What stands for a key that was neither changed nor loaded."""


class NotLoaded(LookupError):
    """A decision looked at something that nobody loaded. It never means "none"."""

    def __init__(self, collection: str, key: str) -> None:
        super().__init__(f"{collection}[{key!r}] was read and not loaded")
        self.collection = collection
        self.key = key


@dataclass
class State:
    """Rows by collection and key; a key with the value None was loaded and is not there.

    With `complete`, everything there is was loaded, and what is missing is absent (a replay in memory).
    """

    tenant: TenantRow = field(default_factory=TenantRow)
    complete: bool = False
    rows: dict[str, dict[str, Any]] = field(default_factory=lambda: {c.name: {} for c in COLLECTIONS})

    def get(self, collection: Collection[RowT], key: str) -> RowT | None:
        """The row, or None where there is none.

        Raises:
            NotLoaded: the key was not loaded.
        """
        row: RowT | None = self.rows[collection.name].get(key, _UNKNOWN)
        if row is not _UNKNOWN:
            return row
        if self.complete:
            return None
        raise NotLoaded(collection.name, key)

    def loaded(self, collection: Collection[Any], key: str) -> bool:
        """Whether reading `key` would not raise."""
        return self.complete or key in self.rows[collection.name]


class Entry(Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of a ledger transaction."""

    account: str
    unit: str
    amount: int
    reward: str | None = None


class OutboxRow(Struct, frozen=True, omit_defaults=True, gc=False):
    """Something the world is to be told after the commit: references only, never personal data."""

    topic: str
    reference: str
    participant: str | None = None


class Draft:
    """A state with the changes of one decision over it."""

    __slots__ = ("changes", "entries", "outbox", "state")

    def __init__(self, state: State) -> None:
        self.state = state
        self.changes: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self.entries: list[Entry] = []
        self.outbox: list[OutboxRow] = []

    def get(self, collection: Collection[RowT], key: str) -> RowT | None:
        """As `State.get`, seeing this decision's own changes."""
        name = collection.name
        rows: dict[str, RowT | None]
        if name in self.changes and key in (rows := self.changes[name]):
            return rows[key]
        # As `State.get`, without calling it: most of what a decision does is reading.
        rows = self.state.rows[name]
        if key in rows:
            return rows[key]
        if self.state.complete:
            return None
        raise NotLoaded(name, key)

    def need(self, collection: Collection[RowT], key: str) -> RowT:
        """A row that another row names, so that it must exist."""
        row = self.get(collection, key)
        if row is None:
            raise AssertionError(f"{collection.name}[{key!r}] is named and does not exist")
        return row

    def knows(self, collection: Collection[Any], key: str) -> bool:
        """Whether reading `key` would not raise."""
        return key in self.changes.get(collection.name, ()) or self.state.loaded(collection, key)

    def put(self, collection: Collection[RowT], key: str, row: RowT | None) -> None:
        """Set a row; None removes it."""
        self.changes[collection.name][key] = row

    def many(self, collection: Collection[tuple[str, ...]], key: str) -> tuple[str, ...]:
        """An index entry: the keys behind `key`, none if there are none."""
        return self.get(collection, key) or ()

    def append(self, collection: Collection[tuple[str, ...]], key: str, item: str) -> None:
        """Add a key to an index entry, once."""
        items = self.many(collection, key)
        if item not in items:
            self.put(collection, key, (*items, item))

    def append_if_loaded(self, collection: Collection[tuple[str, ...]], key: str, item: str) -> None:
        """As `append`, for an index that is only loaded by whoever walks through it."""
        if key in self.changes[collection.name] or self.state.loaded(collection, key):
            self.append(collection, key, item)

    def fresh(self, key: str, *collections: Collection[Any]) -> None:
        """Note that nothing stands behind `key` in these indexes yet, as its owner is created by this decision."""
        if self.state.complete:
            return  # where everything is known, it says that anyway
        for collection in collections:
            self.changes[collection.name][key] = ()
