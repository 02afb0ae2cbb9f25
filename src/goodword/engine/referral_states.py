"""The life of a referral, as a table. Moderation is a second field of its own."""

from __future__ import annotations

from typing import Literal

from goodword.engine.state import Moderation, ReferralStatus

ReferralMove = Literal["convert", "return", "expire", "supersede", "revive", "end", "reopen"]

REFERRAL_MOVES: dict[tuple[ReferralStatus, ReferralMove], ReferralStatus] = {
    ("started", "convert"): "converted",
    ("started", "expire"): "expired",
    ("started", "supersede"): "superseded",
    ("converted", "return"): "started",
    ("converted", "end"): "ended",
    ("ended", "return"): "started",
    ("ended", "reopen"): "converted",
    ("expired", "revive"): "started",
}

MODERATION_MOVES: dict[tuple[Moderation, Literal["approve", "deny"]], Moderation] = {
    ("clear", "deny"): "denied",
    ("flagged", "approve"): "approved",
    ("flagged", "deny"): "denied",
    ("pending_review", "approve"): "approved",
    ("pending_review", "deny"): "denied",
    ("approved", "deny"): "denied",
    ("denied", "approve"): "approved",
}


class IllegalReferralMove(Exception):
    """A move that the table does not have."""


def next_referral_status(status: ReferralStatus, move: ReferralMove) -> ReferralStatus:
    """Where `move` leads.

    Raises:
        IllegalReferralMove: the table has no such move.
    """
    try:
        return REFERRAL_MOVES[status, move]
    except KeyError:
        raise IllegalReferralMove(f"a referral that is {status} cannot {move}") from None
