"""Going on with an import where it was interrupted.

With each batch, in its transaction, the import writes down up to which line it came, what became of the lines, and how long
the file of answers was. A file is known by the hash of what was read of it, whatever it is called: one that was changed
before that place starts over, one that only grew goes on. Lines are read again to compare them, not decided again.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from goodword.engine.ids import Keyring
from goodword.pipeline.intake import InvalidEvent, decode_event, seal
from goodword.replay import CONFLICT, PARKED, LineProblem, Place, Tally, chained, read_lines
from goodword.storage.imports import Import, save_import


class AnswersSoFar(Struct, frozen=True):
    """How much of the file of answers is settled."""

    bytes: int
    mark: str


class TallySoFar(Struct, frozen=True):
    """What became of the lines that are settled. Problems are line numbers here: what they say may be personal."""

    events: int
    outcomes: dict[str, int]
    repeated: int
    conflicts: int
    parked: int
    invalid: int
    problem_lines: tuple[int, ...] = ()
    conflict_lines: tuple[int, ...] = ()
    parked_lines: tuple[int, ...] = ()
    answers: AnswersSoFar | None = None


class Answers:
    """The file of answers, as long as what is stored, or a little longer where somebody interrupted us."""

    def __init__(self, path: Path, keep: AnswersSoFar | None = None) -> None:
        self._file: BinaryIO = path.open("wb" if keep is None else "r+b")
        self._bytes = keep.bytes if keep else 0
        self._mark = bytes.fromhex(keep.mark) if keep else b""
        self.regular = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
        if keep is not None:
            self._file.seek(keep.bytes)
            self._file.truncate()

    def write(self, answer: bytes) -> None:
        """One more answer."""
        line = answer + b"\n"
        self._file.write(line)
        self._bytes += len(line)
        self._mark = chained(self._mark, line)

    def so_far(self) -> AnswersSoFar | None:
        """How much there is, which from now on survives a power cut; None for what cannot be continued, such as a pipe."""
        self._file.flush()
        if not self.regular:
            return None
        os.fsync(self._file.fileno())
        return AnswersSoFar(self._bytes, self._mark.hex())

    def close(self) -> None:
        """Write what is left, and close."""
        self._file.close()


class Progress:
    """How far an import is, kept in the database."""

    def __init__(
        self, tenant: str, history: bool, now_ms: Callable[[], int], answers: Answers | None, row: Import | None
    ) -> None:
        self.id = row.id if row else f"im_{secrets.token_hex(8)}"
        self._tenant = tenant
        self._history = history
        self._now_ms = now_ms
        self._answers = answers
        self._before = row.position if row else None

    def save(self, connection: Connection, place: Place, tally: Tally) -> None:
        """Note how far it is; what is written here is committed with the batch or not at all.

        Raises:
            ImportMoved: another process imports the same file.
        """
        doc = msgspec.json.encode(_so_far(tally, self._answers.so_far() if self._answers else None)).decode()
        row = Import(self.id, place.position, place.lines, place.mark.hex(), self._history, doc)
        save_import(connection, self._tenant, row, self._before, self._now_ms())
        self._before = place.position


@dataclass(slots=True)
class Found:
    """What is known of a file: where an import of it stopped."""

    row: Import | None = None
    place: Place = field(default_factory=Place)
    tally: Tally = field(default_factory=Tally)
    answers: AnswersSoFar | None = None
    others: list[Import] = field(default_factory=list)
    """Imports of the same file that cannot be continued, or stopped earlier."""


def find(
    stream: BinaryIO, rows: Sequence[Import], keyring: Keyring, now_ms: int, *, history: bool, answers: Path | None
) -> Found:
    """The import of a file that came farthest, if it can be continued with this file of answers.

    The stream stands behind what is done afterwards.
    """
    found = Found()
    known, raws = _matching(stream, [row for row in rows if row.history == history])
    for row in reversed(known):
        so_far = msgspec.json.decode(row.doc, type=TallySoFar)
        fits = answers is None or (so_far.answers is not None and _begins_with(answers, so_far.answers))
        if found.row is not None or not fits:
            found.others.append(row)
            continue
        found.row = row
        found.place = Place(row.lines, row.position, bytes.fromhex(row.mark))
        found.tally = _tally(so_far, raws, keyring, now_ms, history)
        found.answers = so_far.answers if answers is not None else None
    stream.seek(found.place.position)
    return found


def tally_of(row: Import) -> Tally:
    """The counts of an import, without its problems."""
    return _counts(msgspec.json.decode(row.doc, type=TallySoFar))


def _matching(stream: BinaryIO, rows: Sequence[Import]) -> tuple[list[Import], dict[int, bytes]]:
    """The rows whose place is one of this file, the nearest first, and the lines that had a problem."""
    wanted: set[int] = set()
    for row in rows:
        so_far = msgspec.json.decode(row.doc, type=TallySoFar)
        wanted.update(so_far.problem_lines, so_far.conflict_lines, so_far.parked_lines)
    farthest = max((row.position for row in rows), default=0)
    known: list[Import] = []
    raws: dict[int, bytes] = {}
    for raw, end in read_lines(stream) if rows else ():
        if end.position > farthest:
            break
        if end.lines in wanted:
            raws[end.lines] = raw
        known += [row for row in rows if (row.position, row.mark) == (end.position, end.mark.hex())]
    return known, raws


def _begins_with(path: Path, so_far: AnswersSoFar) -> bool:
    """Whether a file begins with these answers: one line after the other, as they were written."""
    if not path.is_file():
        return False
    position, mark = 0, b""
    with path.open("rb") as file:
        for line in file:
            if position >= so_far.bytes:
                break
            position += len(line)
            mark = chained(mark, line)
    return (position, mark.hex()) == (so_far.bytes, so_far.mark)


def _so_far(tally: Tally, answers: AnswersSoFar | None) -> TallySoFar:
    def lines(*messages: str) -> tuple[int, ...]:
        return tuple(problem.line for problem in tally.problems if problem.message in messages)

    conflict_lines, parked_lines = lines(CONFLICT), lines(PARKED)
    rest = {problem.line for problem in tally.problems} - {*conflict_lines, *parked_lines}
    return TallySoFar(
        events=tally.events,
        outcomes=dict(tally.outcomes),
        repeated=tally.repeated,
        conflicts=tally.conflicts,
        parked=tally.parked,
        invalid=tally.invalid,
        problem_lines=tuple(sorted(rest)),
        conflict_lines=conflict_lines,
        parked_lines=parked_lines,
        answers=answers,
    )


def _counts(so_far: TallySoFar) -> Tally:
    return Tally(
        events=so_far.events,
        outcomes=Counter(so_far.outcomes),
        repeated=so_far.repeated,
        conflicts=so_far.conflicts,
        parked=so_far.parked,
        invalid=so_far.invalid,
    )


def _tally(so_far: TallySoFar, raws: dict[int, bytes], keyring: Keyring, now_ms: int, history: bool) -> Tally:
    tally = _counts(so_far)
    messages = dict.fromkeys(so_far.conflict_lines, CONFLICT) | dict.fromkeys(so_far.parked_lines, PARKED)
    for line in sorted({*so_far.problem_lines, *messages}):
        tally.note(_problem(line, raws[line].strip(), messages.get(line), keyring, now_ms, history))
    return tally


def _problem(line: int, raw: bytes, message: str | None, keyring: Keyring, now_ms: int, history: bool) -> LineProblem:
    """What was wrong with a line, found again in it."""
    try:
        event = decode_event(raw)
        if message is None:
            seal(event, keyring, now_ms, history)
    except InvalidEvent as error:
        return LineProblem(line, error.reason, error.field, error.event)
    if message is None:
        return LineProblem(line, "it was not accepted when it was read", "", event.id)
    return LineProblem(line, message, "id" if message == CONFLICT else "", event.id)
