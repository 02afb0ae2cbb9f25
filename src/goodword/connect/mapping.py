"""The mapping: a small YAML file that says which column of a shop's export is what, and how its values are written.

It is checked like a program file: every problem at once, with line and column.
"""

from __future__ import annotations

import codecs
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from goodword.connect.columns import FIELDS, IDENTIFY, REQUIRED, STATUSES, Holds, fields_of
from goodword.connect.values import NAMED_DATES, Decimals, folded
from goodword.engine.events import FIELDS_MAX
from goodword.program.loader import read_as
from goodword.program.part import Part
from goodword.program.quantity import is_currency
from goodword.program.values import PlacedProblems, hint

NOUN = "a mapping"
FieldType = Literal["text", "integer", "boolean"]


def _columns(raw: object) -> tuple[str, ...]:
    columns = raw if isinstance(raw, list | tuple) else [raw]
    if not columns or not all(isinstance(one, str | int) and not isinstance(one, bool) for one in columns):
        raise ValueError("write the name of a column, or several as a list")
    return tuple(str(one) for one in columns)


def _dates(text: str) -> str:
    if text in NAMED_DATES:
        return text
    if "%" not in text:
        raise ValueError(f"write one of {', '.join(NAMED_DATES)}, or a pattern such as `%d %b %Y`")
    try:
        datetime.strptime(datetime(2001, 2, 3, 4, 5, 6).strftime(text), text)
    except ValueError:
        raise ValueError("this is no pattern of a date; write one such as `%d %b %Y`") from None
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError("write a time zone such as `Europe/Bucharest`") from None
    return text


def _currency(text: str) -> str:
    if not is_currency(text):
        raise ValueError("write a currency as ISO 4217 does, such as `RON`")
    return text


def _encoding(text: str) -> str:
    try:
        return codecs.lookup(text).name
    except LookupError:
        raise ValueError("write an encoding such as `utf-8`, `utf-16`, `windows-1250`, `windows-1256`") from None


def _delimiter(text: str) -> str:
    given = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(given) != 1 or given in '"\r\n ' or given.isalnum():
        raise ValueError("write one character such as `;`, or `tab`")
    return given


Columns = Annotated[tuple[str, ...], BeforeValidator(_columns)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class TypedColumn(Part):
    """A column of a field that is no text."""

    column: Text
    type: FieldType = "text"


def _typed(raw: object) -> object:
    return {"column": str(raw)} if isinstance(raw, str | int) and not isinstance(raw, bool) else raw


FieldColumns = Annotated[
    dict[Text, Annotated[TypedColumn, BeforeValidator(_typed)]], Field(default_factory=dict, max_length=FIELDS_MAX)
]


class Statuses(Part):
    """What the words in the column `status` mean; every other word is an order that stands."""

    cancelled: tuple[str, ...] = STATUSES["cancelled"]
    refunded: tuple[str, ...] = STATUSES["refunded"]
    left_out: tuple[str, ...] = STATUSES["left_out"]

    def meaning(self, word: str) -> str:
        """`cancelled`, `refunded`, `left_out`, or nothing."""
        said = folded(word.casefold().removeprefix("wc-"))
        return next((name for name in type(self).model_fields if said in map(folded, getattr(self, name))), "")


class Lines(Part):
    """The lines of an order, for programs that pay by category."""

    category: Text = Field(description="the column that says what a line is counted as")
    total: Text | None = Field(default=None, description="what the line comes to")
    price: Text | None = Field(default=None, description="or what a piece costs, with `quantity`")
    quantity: Text | None = None

    @model_validator(mode="after")
    def _has_an_amount(self) -> Lines:
        if (self.total is None) == (self.price is None or self.quantity is None):
            raise ValueError("write either `total`, or `price` and `quantity`")
        return self


class Mapping(Part):
    """A mapping, version 1."""

    history: Literal[1]
    holds: Holds
    format: Literal["csv", "ndjson"] | None = None
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    delimiter: Annotated[str, AfterValidator(_delimiter)] | None = None
    rows: Text | None = None
    """Of NDJSON: the list whose elements are lines of the order, such as `line_items`."""
    dates: Annotated[str, AfterValidator(_dates)] | None = None
    time_zone: Annotated[str, AfterValidator(_zone)] | None = None
    decimal: Decimals | None = None
    currency: Annotated[str, AfterValidator(_currency)] | None = None
    phone_prefix: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,3}$")] | None = None
    phones: Literal["alone", "always"] = "alone"
    """Whether a number identifies only where nothing else does: families and placeholders share numbers."""
    columns: dict[str, Columns]
    group: Text | None = None
    """Rows with the same value here are one order; with the same id of an order, if not given."""
    less: Columns = ()
    """Columns that are taken off the total: tax, delivery."""
    statuses: Statuses = Statuses()
    fields: FieldColumns
    person_fields: FieldColumns
    lines: Lines | None = None

    @model_validator(mode="after")
    def _fits(self) -> Mapping:
        problems = [*self._unknown(), *self._missing(), *self._misplaced()]
        if problems:
            raise PlacedProblems(problems)
        return self

    def _unknown(self) -> list[tuple[str, str]]:
        known = fields_of(self.holds)
        return [
            (f"columns.{name}", f"{self.holds} have no `{name}`; {hint(name, known)}")
            for name in self.columns
            if name not in known
        ]

    def _missing(self) -> list[tuple[str, str]]:
        missing = [
            ("columns", f"`{name}` is missing: {FIELDS[name].meaning}")
            for name in REQUIRED[self.holds]
            if name not in self.columns
        ]
        if not any(name in self.columns for name in IDENTIFY):
            missing.append(("columns", f"nobody is named: at least one of {', '.join(IDENTIFY)} is needed"))
        return missing

    def _misplaced(self) -> list[tuple[str, str]]:
        if self.holds == "orders":
            return []
        return [
            (name, "this belongs to orders")
            for name in ("group", "less", "statuses", "lines", "rows", "fields")
            if name in self.model_fields_set and getattr(self, name)
        ]

    @property
    def used(self) -> list[str]:
        """Every column that the mapping names, each once."""
        named = [column for columns in self.columns.values() for column in columns]
        named += [
            *filter(None, (self.group,)),
            *self.less,
            *(one.column for one in (*self.fields.values(), *self.person_fields.values())),
        ]
        if self.lines is not None:
            named += filter(None, (self.lines.category, self.lines.total, self.lines.price, self.lines.quantity))
        return list(dict.fromkeys(named))


def load_mapping(text: str) -> Mapping:
    """Read a mapping.

    Raises:
        ProgramError: with every problem that could be found in one pass.
    """
    return read_as(Mapping, text, NOUN, None)


def written(mapping: Mapping, asked: dict[str, str] | None = None) -> str:
    """A mapping as a file to be edited; what has to be answered stands there as a remark."""
    rows = [
        "history: 1",
        f"holds: {mapping.holds}",
        *(f"{name}: {_yaml(value)}" for name in _SIMPLE if (value := getattr(mapping, name)) is not None),
        *(f"# {name}:   {question}" for name, question in (asked or {}).items()),
        "columns:",
    ]
    for name, columns in mapping.columns.items():
        said = _yaml(columns[0]) if len(columns) == 1 else f"[{', '.join(map(_yaml, columns))}]"
        rows.append(f"  {name}: {said}")
    rows += [f"  # {name}: {FIELDS[name].meaning}" for name in fields_of(mapping.holds) if name not in mapping.columns]
    if mapping.less:
        rows.append(f"less: [{', '.join(map(_yaml, mapping.less))}]   # taken off the total: tax, delivery")
    if "status" in mapping.columns:
        rows.append("statuses:   # every other word is an order that stands")
        rows += [
            f"  {name}: [{', '.join(map(_yaml, getattr(mapping.statuses, name)))}]" for name in Statuses.model_fields
        ]
    return "\n".join(rows) + "\n"


_SIMPLE = (
    "format",
    "encoding",
    "delimiter",
    "rows",
    "dates",
    "time_zone",
    "decimal",
    "currency",
    "phone_prefix",
    "group",
)


def _yaml(text: str) -> str:
    if text == "\t":
        return "tab"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        text
        if text.replace("-", "").replace("_", "").replace("/", "").isalnum() and not _special(text)
        else f'"{escaped}"'
    )


def _special(text: str) -> bool:
    return text[0] in "-0123456789" or text.casefold() in ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
