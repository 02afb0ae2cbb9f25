"""What programs cost beside their rewards: entered by the business, read by figures. No decision looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, tuple_

from goodword.engine.state import ProgramRow
from goodword.metrics.costs import Cost, CostError, Span, check_program, faults
from goodword.program.duration import local_date
from goodword.program.loader import Program
from goodword.storage.load import load_program_rows
from goodword.storage.programs import program_version
from goodword.storage.reads import Page, bounded, whole
from goodword.storage.tables import costs as table
from goodword.storage.tables import events

COSTS_MAX = 5000
"""How many costs a tenant may have: figures read all that lie in their period."""
_C = table.c
_COLUMNS = [column for column in _C if column.name != "tenant"]


class Added(Struct, frozen=True):
    """What became of costs that were entered."""

    new: tuple[Cost, ...]
    known: tuple[Cost, ...]
    """Those that were there already and say the same, as they are stored."""


class AnotherCost(CostError):
    """A cost of this id is there, and says something else."""


class TooManyCosts(CostError):
    """The tenant has as many costs as one may have."""

    def __init__(self) -> None:
        super().__init__("id", f"there may be at most {COSTS_MAX:,} costs: enter them for longer periods")


def costs_lock(tenant: str) -> str:
    """The name of the lock under which costs come and go."""
    return f"costs:{tenant}"


def add_costs(connection: Connection, tenant: str, given: Sequence[Cost]) -> Added:
    """Enter costs, all or none; one that is there already stays as it is.

    Raises:
        CostError: one of them cannot be entered.
        AnotherCost: an id belongs to another cost.
        TooManyCosts: there would be more than `COSTS_MAX`.
    """
    currencies = currencies_of(programs_of(connection, tenant))
    stored = {cost.id: cost for cost in find_costs(connection, tenant, [cost.id for cost in given])}
    new: dict[str, Cost] = {}
    known: dict[str, Cost] = {}
    for cost in given:
        check_cost(cost, currencies, stored | new)
        (known if cost.id in stored else new)[cost.id] = stored.get(cost.id, cost)
    if new and _count(connection, tenant) + len(new) > COSTS_MAX:
        raise TooManyCosts
    if new:
        connection.execute(insert(table), [_values(tenant, cost) for cost in new.values()])
    return Added(tuple(new.values()), tuple(known.values()))


def check_cost(cost: Cost, currencies: Mapping[str, str], there: Mapping[str, Cost]) -> None:
    """Make sure that a cost can be entered beside those that are there.

    Raises:
        CostError: it cannot, and why.
    """
    for fault in faults(cost):
        raise fault
    check_program(cost, currencies)
    before = there.get(cost.id)
    if before is not None and before.content != cost.content:
        raise AnotherCost("id", f"{cost.id} is another cost already: remove it first, or give another id")


def costs(
    connection: Connection, tenant: str, *, program: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Cost]:
    """A page of costs by the time at which they were entered, the newest first; of all programs and the business, or of one.

    Raises:
        BadCursor: no page gave it.
    """
    size, place = bounded(limit), (_C.created_ms, _C.id)
    asked = _C.tenant == tenant
    if program is not None:
        asked &= _C.program == program
    if cursor is not None:
        ms, _, id = cursor.partition("-")
        asked &= tuple_(*place) < tuple_(whole(ms), id)
    statement = select(*_COLUMNS).where(asked).order_by(*(column.desc() for column in place)).limit(size + 1)
    found = [_cost(row) for row in connection.execute(statement)]
    last = found[size - 1] if len(found) > size else None
    return Page(found[:size], None if last is None else f"{last.created_ms}-{last.id}")


def costs_between(
    connection: Connection, tenant: str, first: date | None = None, last: date | None = None, program: str | None = None
) -> list[Cost]:
    """All costs with a day in a period, by their first day; with a program, its own and those of the business."""
    asked = _C.tenant == tenant
    if first is not None:
        asked &= _C.last_day >= first.isoformat()
    if last is not None:
        asked &= _C.first_day <= last.isoformat()
    if program is not None:
        asked &= or_(_C.program == program, _C.program.is_(None))
    statement = select(*_COLUMNS).where(asked).order_by(_C.first_day, _C.last_day, _C.id)
    return [_cost(row) for row in connection.execute(statement)]


def find_cost(connection: Connection, tenant: str, id: str) -> Cost | None:
    """A cost, or None where there is no such one."""
    return next(iter(find_costs(connection, tenant, [id])), None)


def find_costs(connection: Connection, tenant: str, ids: Sequence[str]) -> list[Cost]:
    """Those of these costs that are there."""
    found: list[Cost] = []
    for begin in range(0, len(ids), 500):
        mine = and_(_C.tenant == tenant, _C.id.in_(ids[begin : begin + 500]))
        found += [_cost(row) for row in connection.execute(select(*_COLUMNS).where(mine))]
    return found


def remove_cost(connection: Connection, tenant: str, id: str) -> bool:
    """Remove a cost; figures are what they would be without it. False where there is no such one."""
    return connection.execute(delete(table).where(_C.tenant == tenant, _C.id == id)).rowcount == 1


# programs, as costs look at them --------------------------------------------------------------------------------------


def programs_of(connection: Connection, tenant: str) -> dict[str, Program]:
    """All programs of a tenant, each in the version in force, else in the newest."""
    rows = load_program_rows(connection, tenant).values()
    return {row.program: program_version(connection, tenant, row.program, row.version or row.latest) for row in rows}


def currencies_of(programs: Mapping[str, Program]) -> dict[str, str]:
    """By program the currency that it counts in."""
    return {name: program.model.currency for name, program in programs.items()}


def in_force(connection: Connection, tenant: str) -> dict[str, list[Span]]:
    """By program the days of its own calendar on which it was in force, at least for a moment.

    It is from when its first version came into force, by the clock of the tenant, and neither while it is paused nor once it
    ended. Of very many pauses the last ones are known (`CLOSURES_MAX`).
    """
    rows, programs = load_program_rows(connection, tenant), programs_of(connection, tenant)
    found = {name: _since_ms(connection, tenant, name) for name, row in rows.items() if row.version}
    return {
        name: _days(since_ms, rows[name], programs[name].model.zone)
        for name, since_ms in found.items()
        if since_ms is not None
    }


def _since_ms(connection: Connection, tenant: str, program: str) -> int | None:
    """When the first version of a program came into force: at once when it was published, or at its date."""
    moments = []
    for prefix in (f"published:{program}:", f"due:publish:{program}:"):
        mine = and_(events.c.tenant == tenant, events.c.id >= prefix, events.c.id < f"{prefix[:-1]};")
        moments.append(connection.execute(select(func.min(events.c.clock_ms)).where(mine)).scalar_one())
    return min((moment for moment in moments if moment is not None), default=None)


def _days(since_ms: int, row: ProgramRow, zone: ZoneInfo) -> list[Span]:
    spans: list[Span] = []
    for closure in row.closures:
        if closure.from_ms > since_ms:
            spans.append(Span(local_date(since_ms, zone), local_date(closure.from_ms - 1, zone)))
        if closure.until_ms is None:
            return spans
        since_ms = max(since_ms, closure.until_ms)
    return [*spans, Span(local_date(since_ms, zone))]


# rows -----------------------------------------------------------------------------------------------------------------


def _count(connection: Connection, tenant: str) -> int:
    return connection.execute(select(func.count()).select_from(table).where(_C.tenant == tenant)).scalar_one()


def _values(tenant: str, cost: Cost) -> dict[str, Any]:
    days = {"first_day": cost.first_day.isoformat(), "last_day": cost.last_day.isoformat()}
    return msgspec.structs.asdict(cost) | days | {"tenant": tenant}


def _cost(row: Row[Any]) -> Cost:
    values = dict(row._mapping)
    days: Iterable[str] = ("first_day", "last_day")
    return Cost(**values | {name: date.fromisoformat(values[name]) for name in days})
