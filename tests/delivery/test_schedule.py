"""What becomes of a delivery after an attempt."""

from typing import Any

import pytest
from msgspec.structs import replace

from goodword.delivery.schedule import JITTER_PERCENT, RETRY_AFTER_MAX_MS, WAITS_MS, Outcome, after, wait_ms
from goodword.storage.deliveries import Delivery

FAILED = Outcome(False, 500)
WAITING = Delivery("dl_1", "ep_1", 7001, 7, "reward.issued", "rw_1", 1000, "waiting", 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("tried", "outcome", "status", "next_ms"),
    [
        (0, Outcome(True, 204), "delivered", 0),
        (9, Outcome(True, 204), "delivered", 0),
        (0, Outcome(False, 410), "failed", 0),
        (9, FAILED, "failed", 0),
        (8, FAILED, "waiting", 24 * 3_600_000),
        (0, FAILED, "waiting", 5_000),
        (1, Outcome(False, error="timeout"), "waiting", 300_000),
        (2, Outcome(False, 301), "waiting", 1_800_000),
    ],
)
def test_the_calendar_of_attempts(tried: int, outcome: Outcome, status: str, next_ms: int) -> None:
    moved = after(replace(WAITING, tried=tried, attempts=tried + 5), outcome, 1_000)
    assert (moved.status, moved.tried, moved.attempts) == (status, tried + 1, tried + 6)
    if status == "waiting":
        assert next_ms <= moved.next_ms - 1_000 <= next_ms * (100 + JITTER_PERCENT) // 100
    else:
        assert moved.done_ms == 1_000


def test_waits_grow_and_last_three_days() -> None:
    assert list(WAITS_MS) == sorted(WAITS_MS)
    assert 3 * 86_400_000 < sum(WAITS_MS) < 4 * 86_400_000


def test_what_failed_together_does_not_come_back_together_and_waits_the_same_everywhere() -> None:
    waits = [wait_ms(f"dl_{number}", 4, FAILED) for number in range(100)]
    assert waits == [wait_ms(f"dl_{number}", 4, FAILED) for number in range(100)]
    assert len(set(waits)) > 90
    assert max(waits) - min(waits) > WAITS_MS[3] * JITTER_PERCENT // 200


@pytest.mark.parametrize(
    ("tried", "asked_ms", "expected"),
    [
        (1, 60_000, 60_000),
        (1, 1, None),
        (1, 10**12, RETRY_AFTER_MAX_MS),
        (9, 60_000, None),
    ],
)
def test_a_receiver_may_ask_for_more_time_but_not_for_less(tried: int, asked_ms: int, expected: Any) -> None:
    plain = wait_ms("dl_1", tried, FAILED)
    assert wait_ms("dl_1", tried, replace(FAILED, retry_after_ms=asked_ms)) == (expected or plain)
