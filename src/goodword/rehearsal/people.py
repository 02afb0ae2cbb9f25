"""Who gains and who loses: what everybody was promised and kept, on two sides."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from goodword.engine.state import Participant
from goodword.rehearsal.report import LARGEST_MAX, SEGMENTS_MAX, People, Person, Segment
from goodword.storage.scratch import Sums

WAITING_MAX = 50_000
"""How many people's sums wait in memory to be written down."""


@dataclass(slots=True)
class Nets:
    """What each person was promised, less what was taken back, before and after."""

    prices: dict[str, int]
    sums: Sums = field(default_factory=Sums)
    sides: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    _waiting: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, participant: str, side: str, unit: str, amount: int, *, after: bool) -> None:
        """Add to one side of somebody."""
        value = amount * self.prices.get(unit, 0)
        if not value:
            return
        self.sides[side][after] += value
        before_sum, after_sum = self._waiting.get(participant, (0, 0))
        self._waiting[participant] = (before_sum, after_sum + value) if after else (before_sum + value, after_sum)
        if len(self._waiting) >= WAITING_MAX:
            self._write()

    def _write(self) -> None:
        self.sums.add(self._waiting)
        self._waiting.clear()

    def people(self, participants: Iterable[Participant], fields: Iterable[str]) -> People:
        """Compare, and sum up by what people have in common."""
        self._write()
        gain = lose = gained = lost = same = 0
        largest: list[tuple[int, str, Person]] = []
        for participant, before, after in self.sums.items():
            change = after - before
            if change > 0:
                gain, gained = gain + 1, gained + change
            elif change < 0:
                lose, lost = lose + 1, lost - change
            else:
                same += 1
                continue
            entry = (abs(change), participant, Person(participant, before, after))
            (heapq.heappush if len(largest) < LARGEST_MAX else heapq.heappushpop)(largest, entry)
        ordered = sorted(largest, key=lambda entry: (-entry[0], entry[1]))
        segments = self._segments(participants, tuple(fields))
        return People(gain, gained, lose, lost, same, tuple(person for _, _, person in ordered), segments)

    def _segments(self, participants: Iterable[Participant], fields: tuple[str, ...]) -> tuple[Segment, ...]:
        found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for row in participants:
            both = self.sums.of(row.id)
            if both is None:
                continue
            for by, value in (("country", row.country), *((name, row.fields.get(name)) for name in fields)):
                sums = found[by, "" if value is None else str(value)]
                sums[0] += 1
                sums[1] += both[0]
                sums[2] += both[1]
        segments = [Segment("side", side, 0, *both) for side, both in sorted(self.sides.items())]
        for by in ("country", *fields):
            mine = [Segment(by, value, *sums) for (name, value), sums in found.items() if name == by]
            if len(mine) > 1:
                segments += sorted(mine, key=lambda one: (-one.people, one.value))[:SEGMENTS_MAX]
        return tuple(segments)
