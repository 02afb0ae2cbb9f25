"""What a program costs beside its rewards, and how a cost is shared over days and programs.

A cost is an amount for a period: a year of software, a campaign in October. Figures ask for other periods than those that
somebody was billed for, so a cost is cut into its smallest units (cents), and each of them lies on one day and with one
program. That makes every split add up: whatever periods and programs one asks for, the parts sum to the whole.

- **Over days**, evenly. Of an amount over `n` days, `amount * k // n` have come after `k` days: each period has what its days
  ask for, to less than one unit.
- **Over programs**, where a cost belongs to the business as a whole: evenly over those that were in force on the day. The
  units are dealt in turn, in the order of the programs' names, and the turn goes on from day to day: over a time in which the
  same programs are in force, no two of them differ by more than one unit. What falls on a day without a program stays with
  the business.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, TypeVar, get_args

from msgspec import Struct
from msgspec.structs import replace

from goodword.program.quantity import AMOUNT_MAX, is_currency, parse_quantity
from goodword.program.values import hint

Kind = Literal["software", "administration", "promotion", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Per = Literal["month", "year"]
ReadT = TypeVar("ReadT")

DAYS_MAX = 3660
"""How many days a cost may be shared over: ten years."""
FIRST_YEAR, LAST_YEAR = 1990, 2199
"""Between which years a cost may lie: beyond, somebody mistyped a date."""
NOTE_MAX = 200
ID_MAX = 60
ONE_DAY = timedelta(days=1)


class Cost(Struct, frozen=True):
    """An amount that was spent for a period, both days included."""

    id: str
    program: str | None
    """None: it belongs to the business as a whole, and is shared over its programs."""
    kind: Kind
    first_day: date
    last_day: date
    amount: int
    """In the smallest unit of the currency."""
    currency: str
    note: str = ""
    created_ms: int = 0
    """When it was entered."""

    @property
    def days(self) -> int:
        """How many days it is shared over."""
        return (self.last_day - self.first_day).days + 1

    @property
    def content(self) -> tuple[object, ...]:
        """What it says, whatever it is called and whenever it was entered."""
        return self.program, self.kind, self.first_day, self.last_day, self.amount, self.currency, self.note


class Span(Struct, frozen=True):
    """Days on which a program was in force, both included; without a last one it still is."""

    first_day: date
    last_day: date | None = None


InForce = Mapping[str, Sequence[Span]]
"""By program the days on which it was in force."""


class CostError(ValueError):
    """A cost that cannot be entered: which field is wrong, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class CostErrors(ValueError):
    """Everything that is wrong with a cost as it was written."""

    def __init__(self, errors: Sequence[CostError]) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors = errors


class Total(Struct, frozen=True):
    """What fell on a period: of a program, or of the business where no program was in force; in one currency, by kind."""

    period: str
    """Such as `2026-10` or `2026`."""
    program: str | None
    currency: str
    kinds: dict[Kind, int]

    @property
    def amount(self) -> int:
        """All kinds together."""
        return sum(self.kinds.values())


# entering -------------------------------------------------------------------------------------------------------------


def content_id(cost: Cost) -> str:
    """The id of a cost to which nobody gave one: it follows from what it says, so that the same cost is entered once."""
    said = "\x1f".join("" if part is None else str(part) for part in cost.content)
    return f"co_{hashlib.sha256(said.encode()).hexdigest()[:24]}"


def faults(cost: Cost) -> Iterator[CostError]:
    """Everything that is wrong with a cost in itself, each with its field."""
    if not 1 <= cost.amount <= AMOUNT_MAX:
        yield CostError("amount", f"more than nothing, and at most {AMOUNT_MAX} of the smallest unit")
    if not is_currency(cost.currency):
        yield CostError("currency", "not a currency code of ISO 4217, such as USD, RON or SAR")
    for field, day in (("first_day", cost.first_day), ("last_day", cost.last_day)):
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            yield CostError(field, f"a day between {FIRST_YEAR} and {LAST_YEAR}")
    if cost.last_day < cost.first_day:
        yield CostError("last_day", "the last day comes before the first")
    elif cost.days > DAYS_MAX:
        yield CostError("last_day", f"a cost is shared over at most {DAYS_MAX} days")
    if len(cost.note) > NOTE_MAX or not cost.note.isprintable():
        yield CostError("note", f"at most {NOTE_MAX} characters, on one line")
    if not 1 <= len(cost.id) <= ID_MAX or not cost.id.isprintable() or cost.id != cost.id.strip():
        yield CostError("id", f"1 to {ID_MAX} characters, on one line, without spaces around it")
    elif "/" in cost.id or cost.id in (".", ".."):
        yield CostError(
            "id", "no slash in it, and not `.` or `..`: it is part of the address under which the cost is found"
        )


def check_program(cost: Cost, currencies: Mapping[str, str]) -> None:
    """Make sure that the program of a cost is there, and counts in its currency.

    Raises:
        CostError: it is not.
    """
    if cost.program is None:
        return
    currency = currencies.get(cost.program)
    if currency is None:
        raise CostError("program", f"no program is called `{cost.program}`; {hint(cost.program, sorted(currencies))}")
    if currency != cost.currency:
        raise CostError("currency", f"`{cost.program}` counts in {currency}, not in {cost.currency}")


# as people write it ---------------------------------------------------------------------------------------------------

COLUMNS = ("program", "kind", "from", "to", "month", "amount", "currency", "note", "id")
"""What is written of a cost: the headers of a file, and the options of a command."""
_WRITTEN = {"first_day": "from", "last_day": "to"}
_NUMBER = re.compile(r"[0-9][0-9_]*(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_cost(written: Mapping[str, str], currencies: Mapping[str, str], created_ms: int) -> Cost:
    """A cost from texts, by the names of `COLUMNS`; what is missing is empty. Its id follows from what it says if not given.

    Args:
        written: what is written.
        currencies: by program its currency, which is that of its costs if none is given.
        created_ms: when it was entered.

    Raises:
        CostErrors: with everything that is wrong, each with its column.
    """
    cells = {name: written.get(name, "").strip() for name in COLUMNS}
    errors: list[CostError] = []
    kind = next((one for one in KINDS if one == cells["kind"]), None)
    if kind is None:
        missing = "say what it was spent on; " if not cells["kind"] else f"`{cells['kind']}` is no kind of cost; "
        errors.append(CostError("kind", missing + hint(cells["kind"], list(KINDS))))
    currency = cells["currency"] or currencies.get(cells["program"], "")
    amount = _read(errors, "amount", lambda: _amount(cells["amount"], currency))
    days = _read(errors, "month", lambda: month_days(cells["month"])) if cells["month"] else None
    if cells["month"] and (cells["from"] or cells["to"]):
        errors.append(CostError("month", "write `from` and `to`, or `month`"))
    if not cells["month"]:
        first = _read(errors, "from", lambda: read_day(cells["from"]))
        last = _read(errors, "to", lambda: read_day(cells["to"]))
        days = (first, last) if first and last else None
    # What could not be read stands for something that is right, so that all the rest is looked at as well.
    begins, ends = days or (date(2000, 1, 1), date(2000, 1, 1))
    cost = Cost(
        cells["id"] or "co_",
        cells["program"] or None,
        kind or "other",
        begins,
        ends,
        amount or 1,
        currency,
        cells["note"],
        created_ms,
    )
    found = [*faults(cost), *_checked(cost, currencies)]
    if not currency:
        # That of a program which is not there is unknown, and no mistake of its own.
        unknown = [] if cells["program"] else [CostError("currency", "say in which currency, such as USD, RON or SAR")]
        found = [*unknown, *(fault for fault in found if fault.field != "currency")]
    errors += [CostError(_place(fault.field, cells), fault.reason) for fault in found]
    if amount == 0:
        errors.append(CostError("amount", "must be more than nothing"))
    if errors:
        once = {(error.field, error.reason): error for error in errors}  # a month has two days that may be wrong
        raise CostErrors(sorted(once.values(), key=lambda error: COLUMNS.index(error.field)))
    return cost if cells["id"] else replace(cost, id=content_id(cost))


def _place(field: str, cells: Mapping[str, str]) -> str:
    return "month" if field in _WRITTEN and cells["month"] else _WRITTEN.get(field, field)


def _checked(cost: Cost, currencies: Mapping[str, str]) -> Iterator[CostError]:
    try:
        check_program(cost, currencies)
    except CostError as error:
        if error.field != "currency" or is_currency(cost.currency):
            yield error


def _read(errors: list[CostError], column: str, read: Callable[[], ReadT]) -> ReadT | None:
    try:
        return read()
    except ValueError as error:
        errors.append(CostError(column, str(error)))
        return None


def _amount(text: str, currency: str) -> int | None:
    if not _NUMBER.fullmatch(text):
        raise ValueError("write an amount in plain digits, such as `1200.00`")
    # Without a currency, which is told elsewhere, nobody knows how many decimals it may have.
    return parse_quantity(f"{text} {currency}").amount if is_currency(currency) else None


def read_day(text: str) -> date:
    """A day such as ``2026-10-31``.

    Raises:
        ValueError: it is none.
    """
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError("write a day such as 2026-10-31")


# sharing --------------------------------------------------------------------------------------------------------------


def part(cost: Cost, first: date, last: date) -> int:
    """What falls on the days from `first` to `last`, both included. The parts of any split of its period sum to its amount."""
    before, until = _units(cost, first, last)
    return until - before


def shares(cost: Cost, first: date, last: date, in_force: InForce) -> dict[str | None, int]:
    """What falls on the days from `first` to `last`, by program; under None what falls on days without a program.

    A program that gets nothing is left out. The shares sum to `part` of the same days, and those of any split of the days
    sum to those of all of them.
    """
    if cost.program is not None:
        found = part(cost, first, last)
        return {cost.program: found} if found else {}
    sums: dict[str | None, int] = defaultdict(int)
    for begins, ends, programs in _runs(max(first, cost.first_day), min(last, cost.last_day), in_force):
        before, until = _units(cost, begins, ends)
        for turn, program in enumerate(programs):
            sums[program] += _turns(until, turn, len(programs)) - _turns(before, turn, len(programs))
    return {program: units for program, units in sums.items() if units}


def totals(costs: Iterable[Cost], first: date, last: date, in_force: InForce, per: Per = "month") -> list[Total]:
    """What falls on each month or year between two days, by program and currency; in this order, the business itself last."""
    found: dict[tuple[str, str | None, str], dict[Kind, int]] = {}
    for cost in costs:
        for period, begins, ends in periods(max(first, cost.first_day), min(last, cost.last_day), per):
            for program, units in shares(cost, begins, ends, in_force).items():
                kinds = found.setdefault((period, program, cost.currency), {})
                kinds[cost.kind] = kinds.get(cost.kind, 0) + units
    order = sorted(found, key=lambda key: (key[0], key[1] is None, key[1] or "", key[2]))
    return [Total(*key, {kind: found[key][kind] for kind in KINDS if kind in found[key]}) for key in order]


def periods(first: date, last: date, per: Per) -> Iterator[tuple[str, date, date]]:
    """The months or years that days from `first` to `last` lie in: name, and those of their days that do."""
    while first <= last:
        name = first.isoformat()[: 7 if per == "month" else 4]
        ends = min(_last_of(first, per), last)
        yield name, first, ends
        first = ends + ONE_DAY


def month_days(name: str) -> tuple[date, date]:
    """The first and the last day of a month such as ``2026-10``.

    Raises:
        ValueError: it is none.
    """
    try:
        first = date.fromisoformat(f"{name}-01") if len(name) == 7 else None
    except ValueError:
        first = None
    if first is None:
        raise ValueError("write a month such as 2026-10")
    return first, _last_of(first, "month")


def _last_of(day: date, per: Per) -> date:
    if per == "year":
        return day.replace(month=12, day=31)
    after = day.replace(day=28) + timedelta(days=4)  # some day of the next month
    return after - timedelta(days=after.day)


def _units(cost: Cost, first: date, last: date) -> tuple[int, int]:
    """How many units came before `first`, and until the end of `last`; equal where the cost has no day between."""
    first, last = max(first, cost.first_day), min(last, cost.last_day)
    if last < first:
        return 0, 0
    before, until = (first - cost.first_day).days, (last - cost.first_day).days + 1
    return cost.amount * before // cost.days, cost.amount * until // cost.days


def _turns(units: int, turn: int, count: int) -> int:
    """Of the first `units`, dealt one by one to `count`, how many the one gets whose turn it is as `turn` (from 0)."""
    return (units + count - 1 - turn) // count


def _runs(first: date, last: date, in_force: InForce) -> Iterator[tuple[date, date, list[str | None]]]:
    """The days from `first` to `last` in runs on which the same programs are in force; with none, the business itself."""
    if last < first:
        return
    after = last + ONE_DAY
    edges = {first, after}
    for spans in in_force.values():
        for span in spans:
            edges.add(span.first_day)
            if span.last_day is not None:
                edges.add(span.last_day + ONE_DAY)
    for begins, ends in pairwise(sorted(day for day in edges if first <= day <= after)):
        there = sorted(name for name, spans in in_force.items() if any(_covers(span, begins) for span in spans))
        yield begins, ends - ONE_DAY, [*there] or [None]


def _covers(span: Span, day: date) -> bool:
    return span.first_day <= day and (span.last_day is None or day <= span.last_day)
