"""What is known about one participant in one program, as his pages need it: rows as they stand, nothing about anybody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from goodword.engine.state import ContestRow, Handle, ObjectionRow, Participant, Referral, Reward
from goodword.portal.friend import Closed
from goodword.program.loader import Program


@dataclass(frozen=True, slots=True)
class Leader:
    """Somebody on a board."""

    place: int
    entrant: str
    score: int
    name: str | None
    """His first name, if he wants it to be seen."""


@dataclass(frozen=True, slots=True)
class Board:
    """A contest, and who leads or won it."""

    row: ContestRow
    leaders: tuple[Leader, ...]
    mine: int
    """The score of the one whose page it is."""


@dataclass(frozen=True, slots=True)
class Mine:
    """One participant in one program."""

    program: Program
    closed: Closed | None
    participant: Participant
    handles: tuple[Handle, ...]
    """His codes of this program that work, the first one first."""
    has_codes: bool
    """Whether he has codes at all, also such as do not work any more."""
    referrals: Sequence[Referral]
    """Whom he invited, the newest first."""
    rewards: Sequence[Reward]
    """His own, the newest first."""
    versions: Mapping[tuple[str, int], Program]
    """The versions that decide his referrals and rewards."""
    counters: Mapping[str, int]
    tier: str
    boards: tuple[Board, ...]
    invited: bool
    """Whether a friend brought him."""
    reminded: bool
    """Whether it is said to him now that a friend brought him, and that it is his turn."""
    objections: Sequence[ObjectionRow]
    """What he objected to, the newest first."""
    now_ms: int
    brought: int = 0
    """How many friends converted."""
    more_referrals: str | None = None
    """Where the older ones begin, if there are more."""
    more_rewards: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The calendar of the program."""
        return self.program.model.zone

    def version(self, row: Referral | Reward) -> Program:
        """The version that decides a row."""
        return self.versions[row.program, row.version]
