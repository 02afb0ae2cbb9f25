"""How far a rehearsal is, as a share of its time: an event takes longer once the history has left memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from goodword.rehearsal.scratch import Scratch

ON_DISK = 2.5
"""How many times as long an event takes in the scratch database as in memory."""
ROW_MOVED = 0.07
"""How much of an event's time in memory it takes to write down a row when memory is left."""

Done = Callable[[float], None]
"""Told the share of the work that is done; raises `Cancelled` to end it."""


@dataclass(slots=True)
class Progress:
    """One of several runs through the same events."""

    done: Done
    scratch: Scratch
    number: int
    runs: int
    events: int
    _left_at: float | None = None
    """After how many events memory was left."""
    _told: float = 0.0

    def __call__(self, count: int) -> None:
        """So many of the events are done."""
        if self._left_at is None and self.scratch.on_disk:
            self._left_at = count
        left_at = self._leaves_at(count)
        share = min(1.0, _work(count, left_at, self._moved) / max(1.0, _work(self.events, left_at, self._moved)))
        # What was expected changes with what is seen: nothing that was told is taken back.
        self._told = max(self._told, share)
        self.done((self.number + self._told) / self.runs)

    def _leaves_at(self, count: int) -> float:
        """After how many events memory is left, as far as its rows tell until now."""
        if self._left_at is not None:
            return self._left_at
        return self.scratch.rows_max * count / max(1, self.scratch.rows_in_memory)

    @property
    def _moved(self) -> float:
        return ROW_MOVED * self.scratch.rows_max


def _work(events: int, left_at: float, moved: float) -> float:
    """The work of so many events, in such as are decided in memory."""
    return events if events < left_at else left_at + moved + ON_DISK * (events - left_at)
