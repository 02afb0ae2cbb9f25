"""Visits: what the redirect counted is told to the programs that pay for it, once a day is over.

Each full hour a look is taken at the numbers of the last days. What is told stands in the counters of the tenant, and the
same number of visits is the same event, so that neither a restart nor a second process pays anything twice. Clicks that were
brought in late, from a spool of another machine, raise the number of their day and are told then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import structlog

from goodword.engine.events import Sealed
from goodword.engine.state import COUNTERS, State
from goodword.engine.visits import visits_key
from goodword.pipeline.batcher import Batcher, Decided, QueueFull
from goodword.pipeline.process import visits_so_far
from goodword.pipeline.tenant import Tenants
from goodword.program.duration import DAY_MS
from goodword.storage import hits
from goodword.storage.load import load, load_tenant

EVERY_MS = 3_600_000
"""How often somebody looks."""
GRACE_MS = 3_600_000
"""How long after midnight UTC the last clicks of a day may take from the spools."""
DAYS = 7
"""For how many days that are over clicks may come late."""
CODES_MAX = 200
"""How many codes are looked at at once, and at most told."""

log = structlog.get_logger("goodword.visits")


class VisitTeller:
    """Tells the writer of visits that were not decided yet."""

    def __init__(self, batcher: Batcher, tenants: Tenants, tenant: str) -> None:
        self._batcher = batcher
        self._tenants = tenants
        self._tenant = tenant
        self._looked: int | None = None
        """The hour in which somebody looked last."""
        self._told: dict[tuple[str, int], int] = {}
        """By program and day, how many visits it had when all of them were told."""

    def run(self, now_ms: int, stopping: Callable[[], bool]) -> None:
        """Tell what is new, once an hour. What could not be told is told the next time.

        Raises:
            WriterUnavailable: the writer does not take it now.
        """
        hour = now_ms // EVERY_MS
        if hour == self._looked:
            return
        days = range((now_ms - GRACE_MS) // DAY_MS - DAYS, (now_ms - GRACE_MS) // DAY_MS)
        self._told = {key: count for key, count in self._told.items() if key[1] in days}
        try:
            for program, day, count in self._changed(days):
                if self._tell_day(program, day, now_ms, stopping):
                    self._told[program, day] = count
                if stopping():
                    return
        except QueueFull:
            log.info("visits_wait")
            return
        self._looked = hour

    def _changed(self, days: range) -> Iterator[tuple[str, int, int]]:
        """The days of programs that pay for visits of which there are more than were told, the oldest first."""
        paying = [
            program.name for program in self._tenants.live_programs(self._tenant) if program.model.rewards_for_visits
        ]
        if not paying:
            return
        with self._tenants.database.read() as connection:
            if not load_tenant(connection, self._tenant).live:
                return  # a tenant of history is told everything from outside
            found = [
                (name, row.day, row.count)
                for name in paying
                for row in hits.counts(connection, self._tenant, name, since_day=days.start, until_day=days.stop)
                if row.kind == hits.PERSON
            ]
        yield from (one for one in found if self._told.get(one[:2]) != one[2])

    def _tell_day(self, program: str, day: int, now_ms: int, stopping: Callable[[], bool]) -> bool:
        """Tell a day of a program, page by page; whether all of it was decided."""
        after: str | None = ""
        whole = True
        while after is not None:
            if stopping():
                return False
            events, after = self._page(program, day, after, now_ms)
            results = [future.result() for future in self._batcher.submit(events)] if events else []
            whole = whole and all(isinstance(result, Decided) for result in results)
        return whole

    def _page(self, program: str, day: int, after: str, now_ms: int) -> tuple[list[Sealed], str | None]:
        """What is to be told of the next codes, and behind which code the next begin."""
        state = State()
        with self._tenants.database.read() as connection:
            found, last = hits.visited(connection, self._tenant, program, day, after=after, limit=CODES_MAX)
            keys = [visits_key(code, day) for code in found]
            load(connection, self._tenant, state, {COUNTERS.name: keys})
        decided: dict[str, int | None] = state.rows[COUNTERS.name]
        more = {code: count for code, count in found.items() if count > (decided[visits_key(code, day)] or 0)}
        return [visits_so_far(program, code, day, count, now_ms) for code, count in more.items()], last
