"""Token buckets: they empty and fill, some may run into debt, and memory has an end."""

from goodword.buckets import Buckets


def test_a_bucket_empties_and_fills() -> None:
    now = 100.0
    buckets = Buckets(1 / 2, 3, lambda: now)
    for _ in range(3):
        assert buckets.wait_seconds("a") == 0
        buckets.spend("a")
    assert buckets.wait_seconds("a") == 2
    assert buckets.wait_seconds("b") == 0
    now += 1.5
    assert buckets.wait_seconds("a") == 1
    now += 0.5
    assert buckets.wait_seconds("a") == 0
    now += 1000
    buckets.spend("a", 50)
    assert buckets.wait_seconds("a") == 2, "never emptier than empty"


def test_a_debt_is_paid_off_before_anything_else() -> None:
    now = 0.0
    buckets = Buckets(10, 20, lambda: now)
    buckets.spend("a", 1020, debt=True)
    assert buckets.wait_seconds("a") == 101
    assert buckets.wait_seconds("b") == 0
    now = 100.2
    assert buckets.wait_seconds("a") == 0


def test_a_rate_of_none_is_no_limit_and_memory_has_an_end() -> None:
    free = Buckets(0, 0)
    free.spend("a", 10**9, debt=True)
    assert free.wait_seconds("a") == 0
    assert not free._known
    buckets = Buckets(0.001, 1, buckets_max=10)
    for number in range(1000):
        buckets.spend(str(number))
    assert len(buckets._known) == 10
    assert buckets.wait_seconds("0") == 0
