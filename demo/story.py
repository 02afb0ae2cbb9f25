"""Stories: each friend of the month with his role and his fate, and the moments that matter to the truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal


class Role(Enum):
    """How a friend comes to the program."""

    FRIEND = "friend"
    """Invited by one advocate."""
    TWO_CLAIMS = "two claims"
    """Invited by two: the first claim stands."""
    CODE_BEATS = "code after claim"
    """Claimed for one, then typed the code of another."""
    SAME_PERSON = "invites himself"
    SAME_CARD = "invites himself under another address, with the same card"
    SAME_DEVICE = "invites himself from the same device"
    HOUSEHOLD = "shares a device, and staff approve"
    HOUSEHOLD_DENIED = "shares a device, and staff deny"
    CUSTOMER = "a customer already"
    CIRCLE = "invited by his own friend"
    NETWORK = "one of many on one network"
    STRANGER = "nobody referred him"


class Fate(Enum):
    """What becomes of a friend once he is there."""

    BROWSED = "looked and left"
    BELOW = "bought too little"
    SIGNED_UP = "signed up and stopped there"
    LATE = "did it too late"
    KEPT = "did it, and stayed"
    REPEAT = "came back for more"
    RETURNED = "sent everything back"
    PART_KEPT = "sent a part back, the rest is enough"
    PART_BELOW = "sent a part back, the rest is too little"
    CANCELLED = "cancelled"
    CHARGED_BACK = "had the bank take it back"
    LATE_CHARGEBACK = "had the bank take it back when all was paid"
    EARLY_REFUND = "the refund was told before its order"
    SECOND_CHANCE = "sent everything back, then bought again"
    CLOSED = "left again"
    NOTHING = "was refused"


Happening = Literal[
    "starts", "qualifies", "shrinks", "undone", "replaced", "doubted", "trusted", "denied", "uses", "shows"
]
"""What the truth is moved by: a referral starts, qualifies, is worth less, is undone, loses its friend to another, waits for
staff who approve or deny it; a friend uses his coupon; an advocate shows something that staff approve."""


@dataclass(frozen=True, slots=True)
class Story:
    """One person."""

    friend: str
    role: Role
    fate: Fate
    advocate: str
    """Empty where nobody referred him."""
    other: str
    """The second advocate, where two claim one friend."""
    at: datetime
    """When he comes."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens to a referral, as its script means it."""

    at: datetime
    happening: Happening
    advocate: str
    friend: str
    worth: int = 0
    """What the order is worth, in cents."""
