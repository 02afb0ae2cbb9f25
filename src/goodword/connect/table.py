"""A file of rows, CSV or NDJSON, read one row at a time: in any of the usual encodings, each row with its line.

A row that cannot be read is told with its line and does not stop the others. Whatever the file is like, no more than a row
of it is in memory.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

LINE_MAX = 128 * 1024
"""How many characters a line has at most. A quote that nobody closes is noticed after as many."""
COLUMNS_MAX = 500
NAME_MAX = 200
SAMPLE_BYTES = 256 * 1024
"""How much is looked at to find out how a file is written."""
DELIMITERS = (",", ";", "\t", "|")
ENDINGS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
Format = Literal["csv", "ndjson"]


class Unreadable(Exception):
    """A file that cannot be read at all; the message says what would help."""


class Row(NamedTuple):
    """A row: the line where it begins, and its cells by column."""

    line: int
    cells: dict[str, str]


class BadRow(NamedTuple):
    """A row that cannot be read: where it begins, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Written:
    """How a file is written."""

    format: Format
    encoding: str
    delimiter: str = ","
    rows: str | None = None
    """Of NDJSON: the list whose elements become rows."""


class Table:
    """A file of rows. It may be read several times."""

    def __init__(self, path: Path, written: Written) -> None:
        self.path = path
        self.written = written
        self.size = path.stat().st_size
        self._raw: io.BufferedReader | None = None
        self.columns = self._header()

    def position(self) -> int:
        """How many bytes were read so far."""
        return self._raw.tell() if self._raw and not self._raw.closed else self.size

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Every row, in the order of the file."""
        with self.path.open("rb") as raw:
            self._raw = raw
            errors = "replace" if self.written.encoding.startswith("utf-16") else "surrogateescape"
            with io.TextIOWrapper(raw, self.written.encoding, errors=errors, newline="") as text:
                yield from self._csv(text) if self.written.format == "csv" else _ndjson(text, self.written.rows)

    def doubled(self, names: Iterable[str]) -> list[str]:
        """Which of these are the name of more than one column, so that nobody can tell which is meant."""
        return [name for name in names if self.columns.count(name) > 1]

    def shown(self) -> list[str]:
        """The headers, to be named in a message; none where they may be the data of somebody, in a file without headers."""
        return [] if any(_DATA.search(name) for name in self.columns) else self.columns

    def _header(self) -> list[str]:
        if self.written.format == "ndjson":
            columns: dict[str, None] = {}
            for number, row in enumerate(self):
                columns |= dict.fromkeys(row.cells) if isinstance(row, Row) else {}
                if number == _LOOKED_AT:
                    break
            return list(columns)
        with self.path.open("rb") as raw, io.TextIOWrapper(raw, self.written.encoding, "replace", newline="") as text:
            for cells in csv.reader(_bounded(text), delimiter=self.written.delimiter):
                if any(cells):
                    return _checked_header([cell.strip() for cell in cells])
        return []

    def _csv(self, text: io.TextIOWrapper) -> Iterator[Row | BadRow]:
        reader = csv.reader(_bounded(text), delimiter=self.written.delimiter)
        header: list[str] | None = None
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(line, f"not CSV: {error}; perhaps a quote is not closed")
                continue
            if header is None:
                header = [cell.strip() for cell in cells] if any(cells) else None
            elif any(cells):
                yield _row(line, header, cells)


_LOOKED_AT = 1000
_DATA = re.compile(r"@|^\W*\d+([\W_]+\d+)*\W*$|\d{4,}", re.ASCII)
"""What stands in cells and in no header: an address, a number, an amount, a date."""


def _row(line: int, header: list[str], cells: list[str]) -> Row | BadRow:
    if len(cells) > len(header) and any(cells[len(header) :]):
        return BadRow(line, f"{len(cells)} cells in a table of {len(header)} columns: perhaps a comma without quotes")
    if any(header[len(cells) :]):
        return BadRow(line, f"{len(cells)} cells in a table of {len(header)} columns: perhaps the file was cut off")
    return Row(line, dict(zip(header, cells, strict=False)))


def _checked_header(header: list[str]) -> list[str]:
    if len(header) > COLUMNS_MAX:
        raise Unreadable(f"a table has at most {COLUMNS_MAX} columns, this one {len(header):,}")
    if any(len(name) > NAME_MAX for name in header):
        raise Unreadable(f"the name of a column has at most {NAME_MAX} characters: is this a table?")
    return header


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a file; where one does not end, this is no table."""
    while line := text.readline(LINE_MAX):
        yield line
        if len(line) == LINE_MAX and not line.endswith("\n"):
            raise Unreadable(f"a line has at most {LINE_MAX:,} characters: is this a table?")


def _ndjson(text: io.TextIOWrapper, rows: str | None) -> Iterator[Row | BadRow]:
    number = 0
    while line := text.readline(LINE_MAX):
        number += 1
        if len(line) == LINE_MAX and not line.endswith("\n"):
            while line and not line.endswith("\n"):
                line = text.readline(LINE_MAX)
            yield BadRow(number, f"a line has at most {LINE_MAX:,} characters")
            continue
        stripped = line.strip()
        if not stripped:
            continue
        try:
            content = json.loads(stripped, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError):
            yield BadRow(number, "not JSON")
            continue
        if not isinstance(content, dict):
            yield BadRow(number, "not a JSON object")
            continue
        yield from (Row(number, cells) for cells in _flat_rows(content, rows))


def _flat_rows(content: dict[str, Any], rows: str | None) -> Iterator[dict[str, str]]:
    cells: dict[str, str] = {}
    _flatten(content, "", cells)
    elements = content.get(rows) if rows else None
    if not isinstance(elements, list) or not elements:
        yield cells
        return
    for element in elements:
        inner: dict[str, str] = {}
        _flatten(element if isinstance(element, dict) else {}, f"{rows}.", inner)
        yield cells | inner


def _flatten(node: dict[str, Any], prefix: str, into: dict[str, str]) -> None:
    for key, value in node.items():
        if len(into) >= COLUMNS_MAX:
            return
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{key}.", into)
        elif not isinstance(value, list):
            into[f"{prefix}{key}"] = (
                "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            )


# how a file is written ------------------------------------------------------------------------------------------------


def how_written(
    path: Path,
    format: Format | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
) -> Written:
    """How a file is written, as far as nobody says it.

    Raises:
        Unreadable: it is no table, or it cannot be told in which encoding it is.
    """
    with path.open("rb") as raw:
        sample = raw.read(SAMPLE_BYTES)
    if sample.startswith(b"PK\x03\x04") or sample.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("this is a spreadsheet: save it as CSV (UTF-8), and import that")
    if not sample.strip():
        raise Unreadable("the file is empty")
    encoding = encoding or _encoding_of(sample, whole=len(sample) < SAMPLE_BYTES)
    if encoding in ("utf-8", "utf_8"):
        encoding = "utf-8-sig"
    text = sample.decode(encoding, "replace").lstrip("\ufeff")
    found: Format = format or ENDINGS.get(path.suffix.lower()) or "csv"  # type: ignore[assignment]
    if format is None and text.lstrip().startswith("{"):
        found = "ndjson"
    return Written(found, encoding, delimiter or _delimiter_of(text), rows)


def _encoding_of(sample: bytes, *, whole: bool) -> str:
    for bom, encoding in _BOMS:
        if sample.startswith(bom):
            return encoding
    if b"\0" in sample[:1000]:
        # Commas, digits and line ends have a zero byte: behind them, or before.
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=whole)
    except UnicodeDecodeError:
        raise Unreadable(
            "it is not in UTF-8, and which other encoding it is cannot be told from it: write `encoding` into a mapping, "
            "such as `windows-1250` (Romanian), `windows-1256` (Arabic) or `windows-1252`"
        ) from None
    return "utf-8-sig"


def _delimiter_of(text: str) -> str:
    """What stands most often in the first line, outside of quotes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=lambda delimiter: (bare.count(delimiter), -DELIMITERS.index(delimiter)))
