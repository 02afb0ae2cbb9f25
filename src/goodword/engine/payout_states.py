"""The life of a payout, as a table. One that was paid and comes back from the bank has failed."""

from __future__ import annotations

from typing import Literal

from goodword.engine.state import PayoutStatus

PayoutMove = Literal["pay", "fail"]

PAYOUT_MOVES: dict[tuple[PayoutStatus, PayoutMove], PayoutStatus] = {
    ("due", "pay"): "paid",
    ("due", "fail"): "failed",
    ("paid", "fail"): "failed",
}
