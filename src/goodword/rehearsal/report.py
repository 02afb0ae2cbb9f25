"""What a rehearsal found out, as data. Money is in the smallest unit of the program's currency."""

from __future__ import annotations

from msgspec import Struct

CHANGES_MAX = 50
"""How many kinds of changed decisions are told one by one."""
LARGEST_MAX = 20
"""How many people are told one by one."""
NOT_APPLIED_MAX = 100
SEGMENTS_MAX = 10
"""How many values of each segment are told one by one."""


class Flow(Struct, frozen=True):
    """What moved in a stretch of time: what was promised, taken back, used, let go."""

    granted: int = 0
    taken_back: int = 0
    used: int = 0
    expired: int = 0
    acquired: int = 0
    """How many referrals converted, less those whose conversion was undone."""

    def plus(self, other: Flow) -> Flow:
        """Both together."""
        return Flow(
            self.granted + other.granted,
            self.taken_back + other.taken_back,
            self.used + other.used,
            self.expired + other.expired,
            self.acquired + other.acquired,
        )

    @property
    def cost(self) -> int:
        """What remains of what was promised: used already, or still to be."""
        return self.granted - self.taken_back - self.expired


class Month(Struct, frozen=True):
    """A month of the program's calendar."""

    month: str
    flow: Flow
    cost: int
    liability: int
    """What is promised and not used, taken back or expired, when the month ends."""


class UnitTotal(Struct, frozen=True):
    """What moved in one unit: money, or pieces that may have no price."""

    unit: str
    granted: int
    taken_back: int
    used: int
    expired: int
    unit_cost: int | None
    """What one costs; None where the file does not say, so that no sum of money holds it."""


class RanOut(Struct, frozen=True):
    """A cap, a budget or a stock that refused something: how often, and when first."""

    rule: str
    code: str
    count: int
    first_at: str


class Side(Struct, frozen=True):
    """One way things go: as they happened, or as they would have under a file."""

    label: str
    months: tuple[Month, ...]
    total: Flow
    cost: int
    liability: int
    cost_per_acquired: int | None
    """None where nobody was acquired."""
    units: tuple[UnitTotal, ...]
    ran_out: tuple[RanOut, ...]


class Change(Struct, frozen=True):
    """Decisions that would have been different in the same way: the reasons that go and those that come."""

    event_type: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    """Both empty where only amounts differ."""
    count: int
    example: str
    """The id of one such event."""


class Person(Struct, frozen=True):
    """What somebody has had, and would have had: what was promised less what was taken back."""

    participant: str
    before: int
    after: int


class Segment(Struct, frozen=True):
    """The same for people who have something in common."""

    by: str
    """``side``, ``country``, or a field that the shop sends of people."""
    value: str
    people: int
    before: int
    after: int


class People(Struct, frozen=True):
    """Who gains and who loses."""

    gain: int
    gained: int
    lose: int
    lost: int
    same: int
    largest: tuple[Person, ...]
    """Those with the largest difference, either way."""
    segments: tuple[Segment, ...]


class NotApplied(Struct, frozen=True):
    """A decision of staff, or a use, of something that the file never creates."""

    event: str
    type: str
    reference: str


class Compared(Struct, frozen=True):
    """A candidate against what happened."""

    side: Side
    decisions: int
    """How many events were decided on both sides."""
    changed: int
    changes: tuple[Change, ...]
    people: People
    not_applied: int
    not_applied_first: tuple[NotApplied, ...]
    on_disk: bool
    """Whether the history was too large for memory."""


class Report(Struct, frozen=True):
    """The answer of a rehearsal."""

    program: str
    currency: str
    time_zone: str
    since: str | None
    until: str
    events: int
    refused: int
    """Of a file: lines that are no events."""
    happened: Side | None
    """None for a file of events, which has no answers."""
    candidates: tuple[Compared, ...]
