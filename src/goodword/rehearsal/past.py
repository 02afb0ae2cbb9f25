"""What happened: read from the answers as they go by, and from the books that stand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from goodword.rehearsal.books import BEFORE, Books, Calendar
from goodword.rehearsal.decisions import Shortages, read_answer, says_something
from goodword.rehearsal.history import Told
from goodword.rehearsal.people import Nets
from goodword.storage.database import Database
from goodword.storage.flows import flows, nets


@dataclass(slots=True)
class Past:
    """One program of a tenant, as it went."""

    database: Database
    tenant: str
    program: str
    calendar: Calendar
    shortages: Shortages
    _months: dict[str, list[int]] = field(default_factory=dict)
    """By month the events that it begins and ends with."""
    _acquired: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def note(self, told: Told) -> None:
        """An event of the history went by."""
        month = self.calendar.month(told.sealed.clock_ms)
        events = self._months.get(month)
        if events is None:
            self._months[month] = [told.seq, told.seq]
        else:
            events[1] = told.seq
        if month != BEFORE and told.answer is not None and says_something(told.answer):
            reasons = read_answer(told.answer).reasons
            if acquired := self.shortages.look(reasons, told.sealed.clock_ms):
                self._acquired[month] += acquired

    def books(self) -> Books:
        """Its money over time, once all events went by."""
        books = Books(self.program, acquired=self._acquired)
        with self.database.read() as connection:
            for month, (first, last) in self._months.items():
                books.add(month, flows(connection, self.tenant, self.program, first, last))
        return books

    def fill(self, into: Nets) -> None:
        """What everybody was promised and kept since the time that is asked about."""
        asked = [events for month, events in self._months.items() if month != BEFORE]
        if not asked:
            return
        first, last = min(events[0] for events in asked), max(events[1] for events in asked)
        with self.database.read() as connection:
            for participant, side, unit, amount in nets(connection, self.tenant, self.program, first, last):
                into.add(participant, side, unit, amount, after=False)
