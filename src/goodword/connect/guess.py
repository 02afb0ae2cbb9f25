"""A mapping out of the headers of an export, and what has to be asked because a file can be read in two ways."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goodword.connect.columns import (
    FIRST_NAMES,
    IDENTIFY,
    LAST_NAMES,
    REQUIRED,
    Holds,
    recognised,
)
from goodword.connect.mapping import Mapping
from goodword.connect.table import BadRow, Row, Table, how_written
from goodword.connect.values import date_evidence, decimal_evidence, folded, says_currency, says_zone
from goodword.program.loader import Problem, ProgramError
from goodword.program.values import hint

ROWS_LOOKED_AT = 1000
"""So many rows are looked at, and as many more as it takes to tell days from months, and cents from thousands."""
_ORDER_SIGNS = frozenset({"lineitem quantity", "order total", "total", "subtotal"})


@dataclass(frozen=True)
class Preset:
    """The export of a known system: by which headers it is recognised, and what is known of it."""

    name: str
    holds: Holds
    signs: frozenset[str]
    columns: dict[str, tuple[str, ...]]
    known: dict[str, Any] = field(default_factory=dict)


PRESETS = (
    Preset(
        "Shopify, orders",
        "orders",
        frozenset({"Name", "Financial Status", "Subtotal", "Lineitem quantity", "Created at"}),
        {
            "order": ("Name",),
            "email": ("Email",),
            "phone": ("Phone", "Billing Phone"),
            "name": ("Billing Name",),
            "country": ("Billing Country", "Shipping Country"),
            "placed": ("Created at",),
            "total": ("Subtotal",),
            "currency": ("Currency",),
            "refunded": ("Refunded Amount",),
            "cancelled": ("Cancelled at",),
            "status": ("Financial Status",),
        },
        {"dates": "iso", "decimal": "point"},
    ),
    Preset(
        "Shopify, customers",
        "customers",
        frozenset({"First Name", "Last Name", "Email", "Total Spent", "Total Orders"}),
        {
            "customer": ("Customer ID",),
            "email": ("Email",),
            "phone": ("Phone", "Default Address Phone"),
            "name": ("First Name", "Last Name"),
            "country": ("Default Address Country Code", "Country Code"),
        },
        {"dates": "iso", "decimal": "point"},
    ),
    Preset(
        "WooCommerce, orders (Order Export & Import)",
        "orders",
        frozenset({"order_id", "order_date", "order_total", "billing_email"}),
        {
            "order": ("order_id",),
            "customer": ("customer_id", "customer_user"),
            "email": ("billing_email", "customer_email"),
            "phone": ("billing_phone",),
            "name": ("billing_first_name", "billing_last_name"),
            "country": ("billing_country",),
            "placed": ("order_date",),
            "total": ("order_total",),
            "currency": ("order_currency",),
            "refunded": ("refunded_total",),
            "status": ("status",),
        },
        {"decimal": "point", "less": ("tax_total", "shipping_total")},
    ),
    Preset(
        "WooCommerce, orders (Advanced Order Export)",
        "orders",
        frozenset({"Order Number", "Order Status", "Order Date", "Order Total Amount"}),
        {
            "order": ("Order Number",),
            "customer": ("Customer User ID", "Customer ID"),
            "email": ("Email (Billing)",),
            "phone": ("Phone (Billing)",),
            "name": ("First Name (Billing)", "Last Name (Billing)"),
            "country": ("Country Code (Billing)",),
            "placed": ("Order Date",),
            "total": ("Order Total Amount",),
            "currency": ("Order Currency", "Currency"),
            "refunded": ("Order Refund Amount",),
            "status": ("Order Status",),
        },
        {"decimal": "point", "less": ("Order Total Tax Amount", "Order Shipping Amount")},
    ),
    Preset(
        "WooCommerce, orders (REST API)",
        "orders",
        frozenset({"id", "status", "date_created_gmt", "total", "billing.email"}),
        {
            "order": ("id",),
            "customer": ("customer_id",),
            "email": ("billing.email",),
            "phone": ("billing.phone",),
            "name": ("billing.first_name", "billing.last_name"),
            "country": ("billing.country",),
            "placed": ("date_created_gmt",),
            "total": ("total",),
            "currency": ("currency",),
            "status": ("status",),
        },
        {"dates": "iso", "time_zone": "UTC", "decimal": "point", "less": ("total_tax", "shipping_total")},
    ),
    Preset(
        "WooCommerce, customers",
        "customers",
        frozenset({"user_email", "user_registered"}),
        {
            "customer": ("ID", "customer_id"),
            "email": ("user_email", "billing_email"),
            "phone": ("billing_phone",),
            "name": ("first_name", "last_name"),
            "country": ("billing_country",),
            "created": ("user_registered",),
        },
        {"dates": "iso"},
    ),
)
"""From the most particular to the least."""


class NotRecognised(Exception):
    """The headers do not say what is what."""


@dataclass
class Asked:
    """What a file leaves open, by the key of the mapping that answers it."""

    questions: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join(f"  {name}: {question}" for name, question in self.questions.items())


def recognise(path: Path) -> tuple[Mapping, Table, str]:
    """A mapping for a file by its headers, the file, and by what it was recognised.

    Raises:
        Unreadable: it is no table.
        NotRecognised: nobody can tell from the headers what it holds.
    """
    table = Table(path, how_written(path))
    names = set(table.columns)
    preset = next((one for one in PRESETS if one.signs <= names), None)
    if preset is not None:
        columns = {
            name: tuple(one for one in given if one in names)
            for name, given in preset.columns.items()
            if names.intersection(given)
        }
        known = {name: value for name, value in preset.known.items() if name != "less"}
        less = tuple(one for one in preset.known.get("less", ()) if one in names)
        mapping = _mapping(table, preset.holds, columns, known | ({"less": less} if less else {}))
        return _once(mapping, table), table, preset.name
    holds: Holds = "orders" if _ORDER_SIGNS & set(recognised("orders", table.columns)) else "customers"
    plain: dict[str, tuple[str, ...]] = {name: (column,) for name, column in recognised(holds, table.columns).items()}
    plain |= _names(table.columns)
    missing = [name for name in REQUIRED[holds] if name not in plain]
    if not any(name in plain for name in IDENTIFY):
        missing.append(" or ".join(IDENTIFY))
    if missing:
        raise NotRecognised(
            f"its headers do not say which column is {', '.join(missing)}: say it in a mapping {_columns_of(table)}"
        )
    return _once(_mapping(table, holds, plain, {}), table), table, "its headers"


def _columns_of(table: Table) -> str:
    shown = table.shown()
    return (
        f"(columns: {', '.join(shown[:40])})"
        if shown
        else "(its first row looks like data: is the row of headers missing?)"
    )


def _once(mapping: Mapping, table: Table) -> Mapping:
    if doubled := table.doubled(mapping.used):
        raise NotRecognised(f"more than one column is called {', '.join(doubled)}: rename those that are not meant")
    return mapping


def _names(headers: list[str]) -> dict[str, tuple[str, ...]]:
    """First and last name in columns of their own."""
    words = {folded(header): header for header in reversed(headers)}
    first = next((words[word] for word in map(folded, FIRST_NAMES) if word in words), None)
    last = next((words[word] for word in map(folded, LAST_NAMES) if word in words), None)
    return {"name": tuple(filter(None, (first, last)))} if first else {}


def _mapping(table: Table, holds: Holds, columns: dict[str, tuple[str, ...]], known: dict[str, Any]) -> Mapping:
    written = table.written
    how: dict[str, Any] = {"format": written.format}
    if written.format == "csv":
        how |= {"encoding": written.encoding.removesuffix("-sig"), "delimiter": written.delimiter}
    return Mapping.model_validate({"history": 1, "holds": holds, "columns": columns} | how | known)


def opened(path: Path, mapping: Mapping) -> Table:
    """The file as a mapping says that it is written.

    Raises:
        Unreadable: it is no table.
        ProgramError: it has not the columns that the mapping names.
    """
    table = Table(path, how_written(path, mapping.format, mapping.encoding, mapping.delimiter, mapping.rows))
    # A key may be missing in the first objects of NDJSON: of what is not always there it cannot be told.
    wanted = mapping.used if table.written.format == "csv" else _always_there(mapping)
    unknown = [name for name in wanted if name not in table.columns]
    problems = [f"no column is called `{name}`; {_hint(name, table)}" for name in unknown]
    problems += [
        f"more than one column is called `{name}`: rename those that are not meant" for name in table.doubled(wanted)
    ]
    if problems:
        raise ProgramError([Problem(1, 1, "columns", problem) for problem in problems])
    return table


def _hint(name: str, table: Table) -> str:
    shown = table.shown()
    return hint(name, shown) if shown else "the first row looks like data: is the row of headers missing?"


def _always_there(mapping: Mapping) -> list[str]:
    return [column for name in REQUIRED[mapping.holds] for column in mapping.columns[name]]


# what cannot be told --------------------------------------------------------------------------------------------------


@dataclass
class _Evidence:
    """What the rows of a file show of how they are written."""

    mapping: Mapping
    dates: str | None = None
    ambiguous_date: int | None = None
    """The first line with a date that can be read in two ways."""
    mixed: int | None = None
    """The first line with a date that is written otherwise than those before."""
    decimals: str | None = None
    ambiguous_amount: int | None = None
    no_zone: int | None = None
    no_currency: int | None = None
    """The first line with an amount that does not name its currency."""

    def look(self, row: Row) -> None:
        for name in ("created", "placed", "refunded_at", "cancelled"):
            for column in self.mapping.columns.get(name, ()):
                self._look_at_date(row.line, row.cells.get(column, ""))
        for name in ("total", "refunded"):
            for column in self.mapping.columns.get(name, ()):
                self._look_at_amount(row.line, row.cells.get(column, ""))

    def _look_at_date(self, line: int, text: str) -> None:
        shown = date_evidence(text)
        if shown == "ambiguous":
            self.ambiguous_date = self.ambiguous_date or line
        elif shown is not None:
            self.mixed = self.mixed or (line if self.dates not in (None, shown) else None)
            self.dates = self.dates or shown
        if shown is not None and not says_zone(text):
            self.no_zone = self.no_zone or line

    def _look_at_amount(self, line: int, text: str) -> None:
        shown = decimal_evidence(text)
        if text and self.no_currency is None and not says_currency(text):
            self.no_currency = line
        if shown == "ambiguous":
            self.ambiguous_amount = self.ambiguous_amount or line
        elif shown is not None:
            self.decimals = self.decimals or shown

    @property
    def settled(self) -> bool:
        dates = self.mapping.dates or self.dates
        decimal = self.mapping.decimal or self.decimals
        return bool(dates and decimal)


def settled(mapping: Mapping, rows: Iterable[Row | BadRow]) -> tuple[Mapping, Asked]:
    """A mapping with what the rows show beyond doubt, and what has to be asked."""
    seen = _Evidence(mapping)
    told = (
        mapping.dates and mapping.decimal and mapping.time_zone and (mapping.currency or "currency" in mapping.columns)
    )
    if not told:
        for number, row in enumerate(rows):
            if number >= ROWS_LOOKED_AT and seen.settled:
                break
            if isinstance(row, Row):
                seen.look(row)
    asked = Asked()
    found: dict[str, Any] = {}
    if mapping.dates is None:
        _settle_dates(seen, found, asked)
    if mapping.decimal is None:
        if seen.decimals is None and seen.ambiguous_amount is not None:
            asked.questions["decimal"] = (
                f"point or comma? An amount such as 1,234 in line {seen.ambiguous_amount:,} can be read in two ways"
            )
        else:
            found["decimal"] = seen.decimals or "point"
    dated = mapping.time_zone is None and (mapping.dates or "iso") not in ("unix", "unix_ms")
    if dated and seen.no_zone is not None:
        asked.questions["time_zone"] = f"such as Europe/Bucharest: the times say no zone (line {seen.no_zone:,})"
    unnamed = mapping.holds == "orders" and mapping.currency is None and "currency" not in mapping.columns
    if unnamed and seen.no_currency is not None:
        line = seen.no_currency
        asked.questions["currency"] = f"such as RON: nothing says in which currency the amounts are (line {line:,})"
    return mapping.model_copy(update=found), asked


def _settle_dates(seen: _Evidence, found: dict[str, Any], asked: Asked) -> None:
    line = seen.ambiguous_date
    if line is not None and seen.dates not in ("day_first", "month_first"):
        asked.questions["dates"] = f"day_first or month_first? A date such as 03/04/2025 in line {line:,} can be both"
    elif seen.mixed is not None:
        asked.questions["dates"] = f"the dates are written in different ways: line {seen.mixed:,} is not {seen.dates}"
    else:
        found["dates"] = seen.dates or "iso"
