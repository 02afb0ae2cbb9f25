"""A shop's file of customers or orders as events of Goodword, in the order of their time.

The file is read once from end to end: rows of one order become one order, wherever they stand. What was read is put together
on a shelf outside of memory (`shelf.py`), checked as intake checks every event, and written down in the order of time, as if
no event had been told before; `against.py` compares it with what the tenant knows.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import msgspec

from goodword.connect.columns import IDENTIFY, JOINED, REQUIRED
from goodword.connect.found import Bad, Found, Problem
from goodword.connect.mapping import Mapping
from goodword.connect.shelf import ITEMS_OF_ORDER_MAX, Entry, ItemCells, Shelf, Told
from goodword.connect.table import BadRow, Row
from goodword.connect.values import (
    DateFormat,
    plain,
    read_amount,
    read_country,
    read_flag,
    read_language,
)
from goodword.engine.events import ITEMS_MAX, TEXT_MAX
from goodword.engine.ids import Keyring
from goodword.pipeline.intake import InvalidEvent, decode_event, normal_identifier, seal
from goodword.program.duration import from_ms, iso, to_ms
from goodword.program.quantity import is_currency

_GARBLED = re.compile("[\ud800-\udfff\ufffd]")
EXAMPLES_MAX = 3
ID_PLAIN_MAX = 60
"""A longer id of an order is hashed where it becomes part of the id of an event."""
UNDATED = "1970-01-01T00:00:00Z"
"""Stands in the place of a date that the file does not have; what is told takes the time of the import."""
ORDER_CURRENCY = "order_currency"
"""Beside a refund on its way to be compared: in which currency the file has its order."""
CHECKED = ("total", "currency", "placed", "customer", "email")
"""Where rows of one order may not contradict each other."""

_FIELD_COLUMNS = {
    "person.id": "customer",
    "person.email": "email",
    "person.phone": "phone",
    "person.name": "name",
    "order": "order",
    "total": "total",
    "currency": "currency",
    "code": "code",
}
"""The field of the mapping that a field of an event comes from, where something is wrong with it."""
_DATED = {"sign_up": "created", "profile": "created", "refund": "refunded_at", "cancel": "cancelled"}
"""Where the time of an event comes from; that of an order, from `placed`."""


class Reader:
    """Reads a file by its mapping."""

    def __init__(self, mapping: Mapping, keyring: Keyring, now_ms: int) -> None:
        self.found = Found()
        self._mapping = mapping
        self._keyring = keyring
        self._now_ms = now_ms
        zone = ZoneInfo(mapping.time_zone) if mapping.time_zone else None
        self._dates = DateFormat(mapping.dates or "iso", zone)
        self._decimals = mapping.decimal or "point"
        self._plan = _plan(mapping)
        self._shelf = Shelf(self._merge)

    # reading ----------------------------------------------------------------------------------------------------------

    def read(self, rows: Iterable[Row | BadRow]) -> None:
        """Read all rows, and put them together."""
        for row in rows:
            self.found.rows += 1
            if isinstance(row, BadRow):
                self.found.problems.note(Problem(row.line, "", row.reason))
                continue
            try:
                key, told = self._told(row)
            except Bad as bad:
                self._problem(row.line, bad)
                continue
            self._shelf.add(key, told)
        for told in self._shelf.all_told():
            self._take(told)

    def write(self, stream: BinaryIO, lines: BinaryIO) -> None:
        """Write the events down in the order of time, and for each in eight bytes the line that it comes from."""
        for line, raw in self._shelf.in_time():
            stream.write(raw + b"\n")
            lines.write(line.to_bytes(8, "big"))
        self._shelf.close()
        for one in (stream, lines):
            one.flush()
            one.seek(0)

    def _told(self, row: Row) -> tuple[str, Told]:
        values: dict[str, str] = {}
        for name, columns, joined in self._plan:
            cells = [cell for column in columns if (cell := row.cells.get(column, "").strip())]
            if cells:
                values[name] = " ".join(cells) if joined else cells[0]
        for name, text in values.items():
            if not text.isascii() and _GARBLED.search(text):
                raise Bad(name, "it is not in the encoding of the file: write `encoding` into the mapping")
        if values.get("customer") == "0":
            del values["customer"]  # how shops write that somebody bought as a guest
        mark = _mark(row)
        told = Told(row.line, values, {}, self._items(row, mark), 1, [mark])
        return self._key(values), told

    def _key(self, values: dict[str, str]) -> str:
        if self._mapping.holds == "orders":
            name = "group" if self._mapping.group else "order"
            if name not in values:
                raise Bad(name, "the order has no id")
            return plain(values[name])
        for kind in IDENTIFY:
            if kind in values:
                return f"{kind}:{_compared(kind, plain(values[kind]))}"
        raise Bad(next(name for name in IDENTIFY if name in self._mapping.columns), "nobody is named")

    def _items(self, row: Row, mark: int) -> list[ItemCells]:
        lines = self._mapping.lines
        if lines is None or not (category := row.cells.get(lines.category, "").strip()):
            return []
        total, price, quantity = (
            row.cells.get(column, "").strip() if column else "" for column in (lines.total, lines.price, lines.quantity)
        )
        return [ItemCells(row.line, category, total, price, quantity, mark)]

    def _merge(self, known: Told, told: Told) -> None:
        """The first cell that says something counts. Lines of an order add up; a row that is there already does not."""
        self.found.further_rows += told.rows
        known.rows += told.rows
        seen = set(known.marks)
        new = [mark for mark in told.marks if mark not in seen]
        self.found.repeated_rows += len(told.marks) - len(new)
        if not new:
            return
        if len(known.marks) <= ITEMS_OF_ORDER_MAX:
            known.marks += new
            known.items += [item for item in told.items if item.mark not in seen]
        for name, text in told.values.items():
            if name not in known.values:
                known.values[name] = text
                known.lines[name] = told.place(name)
            elif (
                name in CHECKED
                and self._mapping.holds == "orders"
                and _compared(name, text) != _compared(name, known.values[name])
            ):
                reason = f"another value than in line {known.place(name):,}, where this order begins: that one counts"
                self.found.problems.note(Problem(told.place(name), self._column(name), reason))

    # one order or customer --------------------------------------------------------------------------------------------

    def _take(self, told: Told) -> None:
        try:
            entries = self._order(told) if self._mapping.holds == "orders" else self._customer(told)
        except Bad as bad:
            self._problem(told.place(bad.name), bad)
            return
        self._shelf.enter(entries)
        self.found.events += len(entries)

    def _customer(self, told: Told) -> list[Entry]:
        person = self._person(told)
        at_ms = self._moment(told, "created") if "created" in told.values else None
        kind = next(kind for kind in ("id", "email", "phone") if kind in person)
        mark = self._keyring.digest("history:customer", f"{kind}:{normal_identifier(kind, person[kind])}").hex()[:32]
        event = {
            "type": "profile" if at_ms is None else "sign_up",
            "id": f"history:customer:{mark}",
            "occurred_at": UNDATED if at_ms is None else iso(at_ms),
            "person": person,
        }
        entry = self._entry(event, at_ms or 0, 0, told)
        self.found.customers += 1
        self._missing(told)
        if at_ms is not None:
            self.found.saw(at_ms, self._month(at_ms))
        self._example({"created": event["occurred_at"] if at_ms is not None else None, "person": shaded(person)})
        return [entry]

    def _order(self, told: Told) -> list[Entry]:
        status = told.values.get("status", "")
        meaning = self._mapping.statuses.meaning(status) if status else ""
        if status:
            self.found.statuses[status, meaning or "stands"] += 1
        if meaning == "left_out":
            self.found.left_out[status] += 1
            return []
        for name in REQUIRED["orders"]:
            if name not in told.values:
                raise Bad(name, "it is empty")
        placed_ms = self._moment(told, "placed")
        currency = self._currency(told)
        total = self._total(told, currency)
        id = plain(told.values["order"])
        event: dict[str, Any] = {
            "type": "order",
            "id": f"history:order:{self._short(id)}",
            "occurred_at": iso(placed_ms),
            "order": id,
            "person": self._person(told),
            "total": total,
            "currency": currency,
        }
        if "code" in told.values:
            event["code"] = told.values["code"]
        if fields := self._fields(told, "field:"):
            event["fields"] = fields
        if items := self._by_category(told, currency, total):
            event["items"] = items
        entries = [self._entry(event, placed_ms, 1, told)]
        change, net = self._change(told, meaning, id, placed_ms, currency, total)
        if change is not None:
            at_ms = to_ms(msgspec.convert(change["occurred_at"], type=datetime))
            beside = {ORDER_CURRENCY: currency} if "amount" in change else {}
            entries.append(self._entry(change, at_ms, 2, told, beside))
        self._count_order(told, event, placed_ms, net, change)
        return entries

    def _count_order(
        self, told: Told, event: dict[str, Any], placed_ms: int, net: int, change: dict[str, Any] | None
    ) -> None:
        found = self.found
        found.orders += 1
        found.refunds += change is not None and change["type"] == "refund"
        found.cancelled += change is not None and change["type"] == "cancel"
        found.totals[event["currency"]] += net
        found.saw(placed_ms, self._month(placed_ms))
        self._missing(told)
        self._example(
            {
                "order": event["order"],
                "placed": event["occurred_at"],
                "total": event["total"],
                "net": net,
                "currency": event["currency"],
                "person": shaded(event["person"]),
            }
        )

    def _change(
        self, told: Told, meaning: str, id: str, placed_ms: int, currency: str, total: int
    ) -> tuple[dict[str, Any] | None, int]:
        """What became of an order, and what is left of it. The refund says all that went back, since the beginning."""
        cancelled, cancelled_ms = self._cancelled(told)
        if cancelled or meaning == "cancelled":
            at_ms = max(placed_ms, cancelled_ms or placed_ms)
            return {
                "type": "cancel",
                "id": f"history:cancel:{self._short(id)}",
                "occurred_at": iso(at_ms),
                "order": id,
            }, 0
        refunded = abs(self._amount(told, "refunded", currency)) if "refunded" in told.values else 0
        refunded = total if meaning == "refunded" else min(refunded, total)
        if not refunded:
            return None, total
        at_ms = self._moment(told, "refunded_at") if "refunded_at" in told.values else placed_ms
        event: dict[str, Any] = {
            "type": "refund",
            "id": f"history:refund:{self._short(id)}:{refunded if refunded < total else 'all'}",
            "occurred_at": iso(max(at_ms, placed_ms)),
            "order": id,
        }
        if refunded < total:
            event["amount"] = refunded  # of the whole, none: as the shop told it, it may have come to another total
        return event, total - refunded

    def _cancelled(self, told: Told) -> tuple[bool, int | None]:
        text = told.values.get("cancelled")
        if text is None:
            return False, None
        flag = read_flag(text)
        return (True, self._moment(told, "cancelled")) if flag is None else (flag, None)

    def _entry(
        self, event: dict[str, Any], at_ms: int, rank: int, told: Told, beside: dict[str, str] | None = None
    ) -> Entry:
        raw = msgspec.json.encode(event)
        try:
            seal(decode_event(raw), self._keyring, self._now_ms, history=True)
        except InvalidEvent as error:
            dated = _DATED.get(event["type"], "placed")
            name = dated if error.field == "occurred_at" else _FIELD_COLUMNS.get(error.field, error.field)
            raise Bad(name, error.reason) from None
        return Entry(at_ms, rank, told.line, msgspec.json.encode(event | beside) if beside else raw)

    # values -----------------------------------------------------------------------------------------------------------

    def _moment(self, told: Told, name: str) -> int:
        return to_ms(self._understood(name, lambda: self._dates.read(told.values[name])))

    def _understood(self, name: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except (ValueError, ArithmeticError) as error:
            raise Bad(name, str(error)) from None

    def _amount(self, told: Told, name: str, currency: str) -> int:
        minor: int = self._understood(name, lambda: read_amount(told.values[name], self._decimals).minor(currency))
        return minor

    def _currency(self, told: Told) -> str:
        text = plain(told.values.get("currency", "")).upper()
        if not text:
            named = self._understood("total", lambda: read_amount(told.values["total"], self._decimals)).currency
            text = named or self._mapping.currency or ""
        if not is_currency(text):
            raise Bad("currency", "it is empty" if not text else "not a currency as ISO 4217 writes it")
        return text

    def _total(self, told: Told, currency: str) -> int:
        total = self._amount(told, "total", currency)
        for column in self._mapping.less:
            if (name := f"less:{column}") in told.values:
                total -= self._amount(told, name, currency)
        if total < 0:
            raise Bad("total", "it is negative")
        return total

    def _short(self, id: str) -> str:
        return id if len(id) <= ID_PLAIN_MAX else hashlib.sha256(id.encode()).hexdigest()[:40]

    def _month(self, at_ms: int) -> str:
        return from_ms(at_ms).astimezone(self._dates.zone).strftime("%Y-%m") if self._dates.zone else iso(at_ms)[:7]

    def _by_category(self, told: Told, currency: str, total: int) -> list[dict[str, Any]]:
        """What the lines come to by category; nothing where they do not fit the order: it is counted without categories."""
        sums: Counter[str] = Counter()
        for item in told.items:
            try:
                sums[item.category] += self._item(item, currency)
            except (ValueError, ArithmeticError) as error:
                self._remark(item.line, "lines", f"{error}: the order counts without categories")
                return []
        if not sums:
            return []
        reason = ""
        if told.rows > ITEMS_OF_ORDER_MAX or len(sums) > ITEMS_MAX:
            reason = f"more than {ITEMS_OF_ORDER_MAX:,} lines or {ITEMS_MAX} categories"
        elif sum(sums.values()) > total:
            reason = "the lines come to more than the order"
        if reason:
            self._remark(told.line, "lines", f"{reason}: it counts without categories")
            return []
        return [{"category": category, "total": amount} for category, amount in sums.items() if amount > 0]

    def _item(self, item: ItemCells, currency: str) -> int:
        money = read_amount(item.total or item.price, self._decimals)
        if not item.total:
            quantity = plain(item.quantity)
            if not quantity.isdigit():
                raise ValueError("a quantity is a whole number")
            money = type(money)(money.number * Decimal(quantity), money.currency)
        amount = money.minor(currency)
        if amount < 0:
            raise ValueError("a line is negative")
        return amount

    # people -----------------------------------------------------------------------------------------------------------

    def _person(self, told: Told) -> dict[str, Any]:
        person: dict[str, Any] = {}
        for name, key, read in _PERSON:
            if name not in told.values:
                continue
            try:
                person[key] = read(self, told.values[name])
            except ValueError as error:
                reason = error.reason if isinstance(error, InvalidEvent) else str(error)
                self._remark(told.place(name), name, f"{reason}: it is left out")
        if not any(kind in person for kind in ("id", "email", "phone")):
            said = [name for name in IDENTIFY if name in told.values]
            mapped = [name for name in IDENTIFY if name in self._mapping.columns]
            raise Bad((said or mapped)[0], "nobody is named" + (": what stands there is none" if said else ""))
        if self._mapping.phones == "alone" and ("id" in person or "email" in person):
            person.pop("phone", None)
        if fields := self._fields(told, "person:"):
            person["fields"] = fields
        return person

    def _email(self, text: str) -> str:
        normal_identifier("email", text)
        return _short_text(text)

    def _phone(self, text: str) -> str:
        number = plain(text).lstrip("'").replace(" ", "")
        if number.startswith("00"):
            number = f"+{number[2:]}"
        elif self._mapping.phone_prefix and number and not number.startswith("+"):
            number = f"{self._mapping.phone_prefix}{number.removeprefix('0')}"
        return normal_identifier("phone", number)

    def _fields(self, told: Told, prefix: str) -> dict[str, Any]:
        given = self._mapping.fields if prefix == "field:" else self._mapping.person_fields
        found: dict[str, Any] = {}
        for name, column in given.items():
            text = told.values.get(f"{prefix}{name}")
            if text is None:
                continue
            try:
                found[name] = _typed(text, column.type)
            except ValueError as error:
                self._remark(told.place(f"{prefix}{name}"), f"{prefix}{name}", f"{error}: it is left out")
        return found

    # notes ------------------------------------------------------------------------------------------------------------

    def _column(self, name: str) -> str:
        """The column that a field comes from, as people find it in their file."""
        if name == "lines" and self._mapping.lines is not None:
            return self._mapping.lines.total or self._mapping.lines.price or ""
        return next((" / ".join(columns) for key, columns, _ in self._plan if key == name), name)

    def _problem(self, line: int, bad: Bad) -> None:
        self.found.problems.note(Problem(line, self._column(bad.name), bad.reason))

    def _remark(self, line: int, name: str, reason: str) -> None:
        self.found.remarks.note(Problem(line, self._column(name), reason))

    def _missing(self, told: Told) -> None:
        for name in self._mapping.columns:
            if name not in told.values and name not in _OFTEN_EMPTY:
                self.found.missing[name] += 1

    def _example(self, example: dict[str, Any]) -> None:
        if len(self.found.examples) < EXAMPLES_MAX:
            self.found.examples.append(example)


_OFTEN_EMPTY = ("refunded", "refunded_at", "cancelled", "code")


def _short_text(text: str, most: int = 200) -> str:
    if len(text) > most:
        raise ValueError(f"more than {most} characters")
    return text


_PERSON: tuple[tuple[str, str, Callable[[Reader, str], str]], ...] = (
    ("customer", "id", lambda _, text: _short_text(plain(text).lstrip("'"))),
    ("email", "email", Reader._email),
    ("phone", "phone", Reader._phone),
    ("name", "name", lambda _, text: _short_text(" ".join(text.split()))),
    ("country", "country", lambda _, text: read_country(text)),
    ("language", "language", lambda _, text: read_language(text)),
)


def _plan(mapping: Mapping) -> list[tuple[str, tuple[str, ...], bool]]:
    """What is taken from a row: under which name, from which columns, and whether they are put together."""
    plan = [(name, columns, name == JOINED) for name, columns in mapping.columns.items()]
    plan += [("group", (mapping.group,), False)] if mapping.group else []
    plan += [(f"less:{column}", (column,), False) for column in mapping.less]
    plan += [(f"field:{name}", (one.column,), False) for name, one in mapping.fields.items()]
    plan += [(f"person:{name}", (one.column,), False) for name, one in mapping.person_fields.items()]
    return plan


def _compared(name: str, text: str) -> str:
    """A value as it is compared with others: ids that differ in case are two."""
    return text if name == "customer" else text.casefold()


def _mark(row: Row) -> int:
    """A row, shortened to what tells it from others of the same order."""
    text = "\0".join(row.cells.values())
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=7).digest(), "big")


def _typed(text: str, type: str) -> str | int | bool:
    if type == "integer":
        digits = plain(text)
        if not digits.lstrip("-").isdigit() or len(digits) > 18:
            raise ValueError("not a whole number")
        return int(digits)
    if type == "boolean":
        flag = read_flag(text)
        if flag is None:
            raise ValueError("neither yes nor no")
        return flag
    return _short_text(text, TEXT_MAX)


def shaded(person: dict[str, Any]) -> dict[str, Any]:
    """Somebody as an example shows him: enough to see that the columns are the right ones, too little to know him by."""
    shown = dict(person)
    if email := shown.get("email"):
        local, _, host = email.partition("@")
        shown["email"] = f"{local[:1]}…@{host}"
    if phone := shown.get("phone"):
        shown["phone"] = f"{phone[:3]}…{phone[-2:]}"
    if name := shown.get("name"):
        shown["name"] = " ".join(f"{word[:1]}…" for word in name.split())
    if "@" in (id := shown.get("id", "")):
        local, _, host = id.partition("@")
        shown["id"] = f"{local[:1]}…@{host}"
    shown.pop("fields", None)
    return shown


def lines_of(lines: BinaryIO, numbers: Iterable[int]) -> Iterator[int]:
    """The lines of the file that events come from, by the numbers of the events."""
    for number in numbers:
        lines.seek(8 * (number - 1))
        yield int.from_bytes(lines.read(8), "big")
