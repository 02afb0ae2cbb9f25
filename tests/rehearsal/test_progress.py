"""What a rehearsal tells of how far it is."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from goodword.rehearsal.progress import ON_DISK, ROW_MOVED, Progress
from goodword.rehearsal.scratch import Scratch
from tests.properties.worlds import KEYRING

EVENTS, ROWS_EACH = 1000, 5
STEP = 100


@dataclass
class Growing:
    """Stands where the scratch tenant does: each event brings five rows, and memory is left when there are too many."""

    rows_max: int
    events: int = 0
    shares: list[float] = field(default_factory=list)

    @property
    def on_disk(self) -> bool:
        return self.events * ROWS_EACH > self.rows_max

    @property
    def rows_in_memory(self) -> int:
        return 0 if self.on_disk else self.events * ROWS_EACH

    def taken(self) -> Iterator[float]:
        """The time that has passed after each step, in events of memory."""
        passed, moved = 0.0, False
        for _ in range(0, EVENTS, STEP):
            self.events += STEP
            passed += STEP * (ON_DISK if moved else 1)
            if self.on_disk and not moved:
                moved, passed = True, passed + ROW_MOVED * self.rows_max
            yield passed


@pytest.mark.parametrize(
    "rows_max",
    [
        pytest.param(100_000, id="all of it stays in memory"),
        pytest.param(2_500, id="memory is left half way"),
        pytest.param(500, id="memory is left soon"),
        pytest.param(4_900, id="memory is left at the end"),
        pytest.param(0, id="on disk from the first"),
    ],
)
def test_it_tells_the_share_of_its_time(rows_max: int) -> None:
    """Also before memory is left: how many rows an event brings has been seen by then."""
    scratch = Growing(rows_max)
    progress = Progress(scratch.shares.append, scratch, 0, 1, EVENTS)
    passed = []
    for number, now in enumerate(scratch.taken(), 1):
        progress(number * STEP)
        passed.append(now)
    assert scratch.shares == sorted(scratch.shares)
    assert scratch.shares[-1] == 1.0
    for share, now in zip(scratch.shares, passed, strict=True):
        # A step of a hundred events is as exact as it sees where memory is left.
        assert share == pytest.approx(now / passed[-1], abs=0.1)


def test_several_runs_share_the_time() -> None:
    shares: list[float] = []
    with Scratch(KEYRING) as scratch:
        for number in range(4):
            progress = Progress(shares.append, scratch, number, 4, 10)
            progress(5)
            progress(10)
    assert shares == [number / 8 for number in range(1, 9)]
