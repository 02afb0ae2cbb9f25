"""A file of costs: CSV with headers, read as a whole, with every problem by its line and column."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from io import StringIO

from msgspec import Struct

from goodword.metrics.costs import COLUMNS, Cost, CostError, CostErrors
from goodword.metrics.costs import read_cost as read_written
from goodword.program.values import hint

FILE_BYTES_MAX = 4 * 1024 * 1024
PROBLEMS_MAX = 100
_BOTH = {"from": "to", "to": "from"}


class FileProblem(Struct, frozen=True, order=True):
    """Something wrong with a file of costs, and where."""

    line: int
    place: int
    """The column in the order of the file, from 1; 0 for the line as a whole."""
    column: str
    message: str

    def __str__(self) -> str:
        return f"{self.line}: {self.column}: {self.message}" if self.column else f"{self.line}: {self.message}"


class CostsFile:
    """What stands in a file: the costs with their lines, and everything that is wrong."""

    def __init__(self, text: str, currencies: Mapping[str, str], created_ms: int) -> None:
        self.costs: dict[int, Cost] = {}
        """By the line in which it begins."""
        self._problems: list[FileProblem] = []
        self._currencies = currencies
        self._created_ms = created_ms
        self._header: list[str] = []
        self._known_header = False
        self._lines: dict[str, int] = {}
        """By id the line that has it."""
        for line, cells in self._rows(text):
            if not self._header:
                self._read_header(line, cells)
            elif self._known_header:
                self._read_row(line, cells)
        if not self._header:
            self._tell(1, "", f"the first line names the columns: {', '.join(COLUMNS)}")

    @property
    def problems(self) -> list[FileProblem]:
        """Everything that is wrong, in the order of the file."""
        return sorted(self._problems)[:PROBLEMS_MAX]

    def refuse(self, line: int, error: CostError) -> None:
        """Note what the database has against the cost of a line."""
        self._tell(line, error.field, error.reason)

    def _rows(self, text: str) -> Iterator[tuple[int, list[str]]]:
        lines = StringIO(text, newline="")
        first = lines.readline()
        lines.seek(0)
        # Where a comma stands between units and parts, spreadsheets put semicolons between cells.
        rows = csv.reader(lines, delimiter=";" if ";" in first and "," not in first else ",", strict=True)
        line = 1
        try:
            for cells in rows:
                if any(cell.strip() for cell in cells):
                    yield line, cells
                line = rows.line_num + 1
        except csv.Error as error:
            self._tell(line, "", f"not CSV: {error}")

    def _read_header(self, line: int, cells: list[str]) -> None:
        self._header = [cell.strip().lower() for cell in cells]
        for place, name in enumerate(self._header):
            if name not in COLUMNS:
                self._tell(line, name, f"no column is called so; {hint(name, list(COLUMNS))}")
            elif name in self._header[:place]:
                self._tell(line, name, "this column is there twice")
        needed = {"kind", "amount"} | (set() if "month" in self._header else {"from", "to"})
        for name in sorted(needed - {*self._header}):
            self._tell(line, name, "this column is missing" + (", or `month`" if name in _BOTH else ""))
        self._known_header = not self._problems

    def _read_row(self, line: int, cells: list[str]) -> None:
        if len(cells) > len(self._header):
            self._tell(line, "", f"{len(cells)} cells, and the first line names {len(self._header)}")
            return
        written = dict(zip(self._header, cells, strict=False))
        try:
            cost = read_written(written, self._currencies, self._created_ms)
        except CostErrors as found:
            for error in found.errors:
                self._tell(line, error.field, error.reason)
            return
        before = self._lines.setdefault(cost.id, line)
        if before == line:
            self.costs[line] = cost
        elif written.get("id", "").strip():
            self._tell(line, "id", f"line {before} has it as well")
        else:
            self._tell(line, "id", f"it says the same as line {before}: give one of them an id, or leave it out")

    def _tell(self, line: int, column: str, message: str) -> None:
        place = self._header.index(column) + 1 if column in self._header else 0
        self._problems.append(FileProblem(line, place, column, message))
