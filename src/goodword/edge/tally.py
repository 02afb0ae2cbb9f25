"""What is only counted: gathered in memory, and written to the spool once a second as one line for each code and kind.

So a robot, however fast, costs the disk a line a second. Nobody waits for these lines; a process that is killed loses the
last second of them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from goodword.edge.spool import SpoolLine, pack_line
from goodword.program.duration import DAY_MS

WRITE_SECONDS = 1.0
"""How long numbers are gathered."""
KEYS_MAX = 10_000
"""How many codes, kinds and days are gathered at most; more are written at once."""


class Tally:
    """Numbers of hits by code, kind and day. Used by the loop alone."""

    def __init__(self, put: Callable[[bytes], None]) -> None:
        """`put` has a line written without waiting for it."""
        self._put = put
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, kind: str, code: str, at_ms: int) -> None:
        """Count one hit; in the loop, which writes it a moment later."""
        self._counts[kind, code, at_ms // DAY_MS] += 1
        if len(self._counts) >= KEYS_MAX:
            self.write()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_SECONDS, self.write)

    def write(self) -> None:
        """Write all that was gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for (kind, code, day), count in self._counts.items():
            self._put(pack_line(SpoolLine(day * DAY_MS, kind, code, count=count)))
        self._counts.clear()
