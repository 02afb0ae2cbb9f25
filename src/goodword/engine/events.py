"""Events: everything that happens, defined once.

A source sends an event with raw personal data. Intake *seals* it: identifiers and signals become keyed hashes, names are
taken out, codes are normalised, reward codes become hashes. The engine, the stored events and the answers only ever see
sealed events; the Struct is the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from goodword.engine.clicks import TOKEN_MAX
from goodword.program.quantity import AMOUNT_MAX
from goodword.program.values import ADDRESS_MAX, NAME_PATTERN

ID_MAX = 100
VERSION_MAX = 2**31 - 1
TEXT_MAX = 500
FIELDS_MAX = 50
REDEEMS_MAX = 20
ITEMS_MAX = 50
ANSWERS_MAX = 8
ASKS_MAX = 1000
"""How many displays one event tells of."""
CODES_MAX = 500
"""How many codes one event brings into a pool."""
OWN_CODE_MAX = 64
"""How long a code of the shop's own system may be; sealed, it is longer."""

Id = Annotated[str, Meta(min_length=1, max_length=ID_MAX, description="an id of the source: 1 to 100 characters")]
Code = Annotated[str, Meta(min_length=1, max_length=64, description="a code as somebody typed it")]
ClickId = Annotated[
    str, Meta(min_length=1, max_length=TOKEN_MAX, description="what a followed link brought along as `gw_click`")
]
OwnCode = Annotated[
    str, Meta(min_length=1, max_length=TEXT_MAX, description="a code of the shop's own system: 1 to 64 characters")
]
Text = Annotated[str, Meta(max_length=TEXT_MAX)]
Written = Annotated[
    str, Meta(min_length=1, max_length=TEXT_MAX, description="somebody's own words: 1 to 500 characters")
]
Word = Annotated[str, Meta(min_length=1, max_length=200)]
Minor = Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="a whole number of the smallest unit (cents)")]
Scalar = Annotated[str, Meta(max_length=TEXT_MAX)] | int | bool
Answers = Annotated[dict[Annotated[str, Meta(min_length=1, max_length=40)], Text], Meta(max_length=ANSWERS_MAX)]
Fields = Annotated[dict[Annotated[str, Meta(min_length=1, max_length=ID_MAX)], Scalar], Meta(max_length=FIELDS_MAX)]


Purpose = Literal["name"]
"""What somebody may consent to."""
Motive = Literal["bigger_reward", "other_reward", "more_for_friend", "easier", "reminder", "sooner", "nothing"]
"""What would move somebody to invite more."""
DueKind = Literal[
    "mature",
    "expire_referral",
    "expire_reward",
    "expiring",
    "pay",
    "answer",
    "contest",
    "tier",
    "keep",
    "kept",
    "again",
    "fund",
    "sweep",
    "payout",
    "codes",
    "publish",
    "end",
    "erase",
    "leave",
    "forget",
]
"""What a date may be for."""


class Person(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Somebody, as the source knows him: at least one of `id`, `email`, `phone`. The signals never identify."""

    id: Word | None = None
    email: Word | None = None
    phone: Word | None = None
    name: Word | None = None
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")] | None = None
    language: Annotated[str, Meta(pattern="^[a-z]{2,3}$")] | None = None
    fields: Fields = {}
    payment: Word | None = None
    device: Word | None = None
    address: Word | None = None
    network: Word | None = None
    post: Word | None = None
    """Where things are sent to; only kept with the personal data, the engine sees that it was given."""
    payout: Written | None = None
    """How a partner wants to be paid, in his own words: an account and whose it is. Kept like `post`; a change is told."""


class Event(
    Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True, tag_field="type", gc=False
):
    """What every event has: the source's own id, unique in its tenant, and when it happened."""

    id: Id
    occurred_at: datetime


def _one_of_two(person: Person | None, participant: str | None) -> None:
    """Somebody is named in one way: as the source knows him, or by Goodword's own id."""
    if (person is None) == (participant is None):
        raise ValueError("say whom it is about: either `person` or `participant`")


class Terms(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """The terms that somebody was shown and accepted."""

    language: Annotated[str, Meta(pattern="^[a-z]{2,3}$")]
    version: Annotated[int, Meta(ge=1, le=VERSION_MAX)] | None = None
    """The version of the program that they belong to; the one in force if not given."""


class Join(Event, tag="join", frozen=True):
    """A person becomes an advocate of a program and gets a code."""

    person: Person
    program: Word
    accepts: Terms | None = None
    """The terms that he accepted with it."""
    group: Id | None = None
    """The group for which he invites, by the shop's own id: what its code brings counts for the group."""


class Accept(Event, tag="accept", frozen=True):
    """Somebody accepts the terms of a program: an advocate those of a new version, a friend those of his invitation."""

    person: Person
    program: Word
    terms: Terms


class Consent(Event, tag="consent", frozen=True):
    """Somebody consents to something, or withdraws that. The stored event is the record of it: when, and in which language.

    `name`: his first name may be shown to the friends whom he invites, and where a leaderboard is public, on it.
    """

    purpose: Purpose
    given: bool
    language: Annotated[str, Meta(pattern="^[a-z]{2,3}$")]
    """In which he was asked."""
    person: Person | None = None
    participant: Id | None = None
    """Whom it is about, by Goodword's own id, in the place of `person`."""

    def __post_init__(self) -> None:
        """Check that it says whom it is about."""
        _one_of_two(self.person, self.participant)


class Objection(Event, tag="objection", frozen=True):
    """Somebody objects to what was decided about a referral or a reward of his, or says that something is missing."""

    program: Word
    why: Written
    """In his own words: kept with the personal data alone."""
    about: Id | None = None
    """A referral or a reward; without one, something is missing that he cannot name."""
    person: Person | None = None
    participant: Id | None = None
    """Who objects, by Goodword's own id, in the place of `person`."""

    def __post_init__(self) -> None:
        """Check that it says who objects."""
        _one_of_two(self.person, self.participant)


class ObjectionAnswer(Event, tag="objection_answer", frozen=True):
    """Staff answer an objection. What was decided stays until they decide anew, with a `review` or a `reward`."""

    objection: Id
    verdict: Literal["upheld", "rejected"]
    why: Text = ""
    """For the person to read."""


class Erase(Event, tag="erase", frozen=True):
    """Everything that is known about somebody is removed, and nothing new begins for him; the books stay, without him."""

    person: Person | None = None
    participant: Id | None = None
    """Who, by Goodword's own id, in the place of `person`."""

    def __post_init__(self) -> None:
        """Check that it says who."""
        _one_of_two(self.person, self.participant)


class Ask(Event, tag="ask", frozen=True):
    """Somebody was asked to invite friends: the shop showed him that he may. Counted by program, day and place."""

    program: Word
    place: Annotated[str, Meta(pattern=NAME_PATTERN)]
    """Where it was shown: `order_done`, `delivery`, `newsletter`."""
    count: Annotated[int, Meta(ge=1, le=ASKS_MAX)] = 1
    """How many times, where displays to nobody known are told together."""
    person: Person | None = None
    participant: Id | None = None
    """Who, by Goodword's own id, in the place of `person`; with neither, nobody who is known."""

    def __post_init__(self) -> None:
        """One person is asked once at a time."""
        named = self.person is not None or self.participant is not None
        if named:
            _one_of_two(self.person, self.participant)
        if named and self.count > 1:
            raise ValueError("`count` is for displays to nobody known: a person is asked once at a time")


class Survey(Event, tag="survey", frozen=True):
    """Somebody says what he thinks of a program, as an advocate or as a friend: any of the answers, at least one."""

    program: Word
    side: Literal["advocate", "friend"]
    recommend: Annotated[int, Meta(ge=0, le=10)] | None = None
    """How likely it is that he recommends the shop: 0 not at all, 10 very."""
    easy: Annotated[int, Meta(ge=1, le=5)] | None = None
    """How easy inviting, or using the invitation, was: 5 very."""
    attractive: Annotated[int, Meta(ge=1, le=5)] | None = None
    """How attractive the reward is: 5 very."""
    motivates: Motive | None = None
    """What would move him to invite more."""
    text: Written | None = None
    """In his own words: kept with the personal data alone."""
    person: Person | None = None
    participant: Id | None = None
    """Who answers, by Goodword's own id, in the place of `person`."""
    claim: Id | None = None
    """The invitation of a friend of whom no more is known, in the place of both: he answers once, and writes nothing."""

    def __post_init__(self) -> None:
        """Check that it says who answers, and something."""
        if self.claim is None:
            _one_of_two(self.person, self.participant)
        elif self.person is not None or self.participant is not None:
            raise ValueError("say whom it is about: either `person` or `participant` or `claim`")
        elif self.side != "friend" or self.text is not None:
            raise ValueError("by a `claim` answers a friend, and he writes no `text`: nobody could erase it for him")
        if all(one is None for one in (self.recommend, self.easy, self.attractive, self.motivates, self.text)):
            raise ValueError("a survey has at least one answer")


class Link(Event, tag="link", frozen=True):
    """An advocate gets a further code with its link: one of his own choice, or one with a page or an end of its own."""

    person: Person
    program: Word
    code: Code | None = None
    """The code he would like; one of ours if not given."""
    name: Word | None = None
    """What tells his codes apart: a channel, a campaign, a printed card."""
    target: Annotated[str, Meta(min_length=1, max_length=ADDRESS_MAX)] | None = None
    """Where its link leads: a path of the shop such as `/socks`, or an https address on one of its hosts."""
    expires_at: datetime | None = None


class HandleAction(Event, tag="handle", frozen=True):
    """Staff switch a code off, or on again. What it started before stays."""

    code: Code
    action: Literal["disable", "enable"]
    why: Text = ""


class GroupAction(Event, tag="group", frozen=True):
    """A group is created, a person joins or leaves it, or it is closed."""

    program: Word
    group: Id
    """The shop's own id of the family plan, the project, the team; unique in its program."""
    action: Literal["create", "join", "leave", "close"]
    person: Person | None = None
    """Its owner for `create`; who joins or leaves."""

    def __post_init__(self) -> None:
        """Check what the action needs."""
        if (self.person is None) != (self.action == "close"):
            raise ValueError("`person` says who creates, joins or leaves a group; closing it needs none")


class Share(Event, tag="share", frozen=True):
    """An advocate passes his code on."""

    code: Code
    channel: Word


class Claim(Event, tag="claim", frozen=True):
    """A friend accepts an invitation. Without a person it is kept under a token until somebody comes back with it."""

    code: Code
    person: Person | None = None
    via: Literal["claim", "code", "staff"] = "claim"
    click: ClickId | None = None


class SignUp(Event, tag="sign_up", frozen=True):
    """A person opens an account."""

    person: Person
    code: Code | None = None
    claim: Id | None = None
    click: ClickId | None = None


class Redeem(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A reward code used on an order, and the discount or credit given for it (all of it if not said)."""

    code: Code
    amount: Minor | None = None


class Item(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A line of an order or of a refund: what `quantity` pieces of a category come to, in the minor unit."""

    category: Word
    total: Minor
    quantity: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)] = 1


Items = Annotated[tuple[Item, ...], Meta(max_length=ITEMS_MAX)]


class Order(Event, tag="order", frozen=True):
    """A person buys. `total` is in the minor unit, after discounts, without tax and delivery."""

    order: Id
    person: Person
    total: Minor
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    code: Code | None = None
    claim: Id | None = None
    click: ClickId | None = None
    redeems: Annotated[tuple[Redeem, ...], Meta(max_length=REDEEMS_MAX)] = ()
    fields: Fields = {}
    items: Items = ()
    """What was bought, for programs that pay by category. Together not more than `total`; the rest has no category."""


class Refund(Event, tag="refund", frozen=True):
    """Money of an order goes back: `amount`, the sum of the `items`, or all that is left.

    What no item names comes off every category in proportion.
    """

    order: Id
    amount: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)] | None = None
    items: Items = ()


class Cancel(Event, tag="cancel", frozen=True):
    """An order is cancelled."""

    order: Id


class Chargeback(Event, tag="chargeback", frozen=True):
    """The bank takes the money of an order back."""

    order: Id


class Activity(Event, tag="activity", frozen=True):
    """A person does something else that a program names under `activities`."""

    name: Word
    person: Person
    code: Code | None = None
    claim: Id | None = None
    click: ClickId | None = None
    fields: Fields = {}


class Profile(Event, tag="profile", frozen=True):
    """What is known about a person changes, or is corrected."""

    person: Person
    participant: Id | None = None
    """Whom it is about, by Goodword's own id: then `person` needs no identifier, and one that it has becomes his."""


class RewardAction(Event, tag="reward", frozen=True):
    """Staff or the shop act on a reward."""

    reward: Id
    action: Literal["approve", "deny", "issue", "redeem", "fail", "reverse"]
    amount: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)] | None = None
    why: Text = ""


class Choice(Event, tag="choice", frozen=True):
    """Somebody says what a reward of his needs: which of several benefits, the answers to what it asks."""

    reward: Id
    option: Word | None = None
    answers: Answers = {}
    post: Word | None = None
    """The postal address, where the reward asks for one."""


class Exchange(Event, tag="exchange", frozen=True):
    """Somebody spends points on a reward that the program offers for them."""

    person: Person
    program: Word
    reward: Word
    """The name of the reward in the program file."""


class Moderation(Event, tag="moderation", frozen=True):
    """Staff decide about something that was submitted: an activity that a program has moderated, by its event's id."""

    submission: Id
    verdict: Literal["approve", "deny"]
    why: Text = ""


class Enter(Event, tag="enter", frozen=True):
    """Somebody enters a draw without bringing a friend, where the contest lets anybody do so once."""

    person: Person
    program: Word
    contest: Word


class Review(Event, tag="review", frozen=True):
    """Staff decide about a referral. A denial can be reopened by an approval; what is withdrawn was begun by mistake.

    A referral that was withdrawn frees its friend at once and comes back by nothing: the right one can begin.
    """

    referral: Id
    verdict: Literal["approve", "deny", "withdraw"]
    why: Text = ""


class PayoutAction(Event, tag="payout", frozen=True):
    """The shop says what became of a payout. One that was paid can still come back from the bank: it has failed then."""

    payout: Id
    action: Literal["pay", "fail"]
    why: Text = ""


class PayOut(Event, tag="pay_out", frozen=True):
    """Staff pay out at once what has come together for a partner, however little it is."""

    program: Word
    participant: Id


class Codes(Event, tag="codes", frozen=True):
    """The shop brings codes of its own system into a pool, from which rewards take them. A code counts once, in one pool."""

    pool: Annotated[str, Meta(pattern=NAME_PATTERN, description="the name of the pool, as in the program file")]
    codes: Annotated[tuple[OwnCode, ...], Meta(min_length=1, max_length=CODES_MAX)]
    """Each is shown as it stands here, and found however it is typed."""


class ProgramAction(Event, tag="program", frozen=True):
    """Staff pause a program, open it again, end it, or withdraw what is planned for it: a version, or its end.

    While it is closed it takes in nothing new; what was promised before goes on.
    """

    program: Word
    action: Literal["pause", "resume", "end", "withdraw"]
    at: datetime | None = None
    """When it ends; now if not given."""
    why: Text = ""

    def __post_init__(self) -> None:
        """Only an end can be planned."""
        if self.at is not None and self.action != "end":
            raise ValueError("`at` says when a program ends; what else is done to it is done now")


class TimePassed(Event, tag="time_passed", frozen=True):
    """A date has come and nothing else happened. Only under scope `history`: live time passes by itself."""


class Published(Event, tag="published", frozen=True):
    """Internal: a program version was published; its budgets are funded."""

    program: Word
    version: int
    why: Text = ""
    """Why something was taken away from advocates at once, without the notice that the program promises."""


class Scheduled(Event, tag="scheduled", frozen=True):
    """Internal: a program version was stored that comes into force at a date."""

    program: Word
    version: int
    at: datetime
    why: Text = ""
    """As of a version that comes into force at once."""


class Visits(Event, tag="visits", frozen=True):
    """Internal: how many persons had followed the links of a code on a day, when somebody looked after the day was over."""

    program: Word
    code: Code
    day: int
    """Whole days since 1970, UTC."""
    count: int
    """So far: what is told again, or was paid for already, pays nothing."""


class Due(Event, tag="due", frozen=True):
    """Internal: a time has come that an earlier decision asked for."""

    kind: DueKind
    reference: Id


SourceEvent = (
    Join
    | Link
    | HandleAction
    | GroupAction
    | Share
    | Claim
    | SignUp
    | Order
    | Refund
    | Cancel
    | Chargeback
    | Activity
    | Profile
    | RewardAction
    | Choice
    | Exchange
    | Moderation
    | Enter
    | Review
    | PayoutAction
    | PayOut
    | Codes
    | ProgramAction
    | Accept
    | Consent
    | Objection
    | ObjectionAnswer
    | Erase
    | Ask
    | Survey
    | TimePassed
)
AnyEvent = SourceEvent | Published | Scheduled | Visits | Due


class Sealed(Struct, frozen=True, gc=False):
    """A sealed event on its way to a decision."""

    event: AnyEvent
    occurred_ms: int
    clock_ms: int
    """The time of receipt, or of occurrence under scope `history`."""
    content: str
    """HMAC of what was sent: the same id with other content is refused."""
    history: bool = False
    person: Person | None = None
    """The raw person, for the one table that may hold personal data. The engine never looks at it."""
    text: str | None = None
    """What somebody wrote, for the same table: who wrote it and what it belongs to is decided."""
