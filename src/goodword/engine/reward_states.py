"""The life of a reward, as a table. Waiting (for a hold, a review, a condition) is a reason of `pending` or `approved`."""

from __future__ import annotations

from typing import Literal

from goodword.engine.state import RewardStatus

RewardMove = Literal["approve", "issue", "redeem", "expire", "cancel", "deny", "fail", "restore", "reverse"]

REWARD_MOVES: dict[tuple[RewardStatus, RewardMove], RewardStatus] = {
    ("pending", "approve"): "approved",
    ("pending", "cancel"): "cancelled",
    ("pending", "deny"): "denied",
    ("approved", "issue"): "issued",
    ("approved", "fail"): "failed",
    ("approved", "cancel"): "cancelled",
    ("approved", "deny"): "denied",
    ("failed", "issue"): "issued",
    ("failed", "cancel"): "cancelled",
    ("failed", "deny"): "denied",
    ("issued", "redeem"): "redeemed",
    ("issued", "expire"): "expired",
    ("issued", "reverse"): "reversed",
    ("redeemed", "restore"): "issued",
    ("redeemed", "reverse"): "reversed",
    ("expired", "reverse"): "reversed",
}


class IllegalRewardMove(Exception):
    """A move that the table does not have."""


def next_reward_status(status: RewardStatus, move: RewardMove) -> RewardStatus:
    """Where `move` leads.

    Raises:
        IllegalRewardMove: the table has no such move.
    """
    try:
        return REWARD_MOVES[status, move]
    except KeyError:
        raise IllegalRewardMove(f"a reward that is {status} cannot {move}") from None
