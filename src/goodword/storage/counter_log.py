"""What was confirmed at the counter: who did it, when it was pressed, and what became of it.

A row is written before anything is decided. It takes a place within the limits of its member, so that two tills at once pass none,
and it stands there if the process dies before the answer: pressed again, it goes on under the same id.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from goodword.program.duration import DAY_MS, HOUR_MS
from goodword.storage.staff import CounterLimits
from goodword.storage.tables import counter_log

EntryKind = Literal["new", "visit", "redeem", "undo"]
BROUGHT: tuple[EntryKind, ...] = ("new", "visit")
"""What may pay whoever brought somebody: one limit bounds both."""
Outcome = Literal["open", "accepted", "waiting", "refused"]
COUNTED = ("open", "accepted", "waiting")
"""What takes a place within the limits: what is refused has cost nothing."""
ENTRIES_MAX = 200
"""How many entries are shown at a time."""


class Detail(Struct, frozen=True, omit_defaults=True):
    """What an entry was about. No personal data, and no code that is worth anything."""

    program: str = ""
    step: str = ""
    events: tuple[str, ...] = ()
    """The ids of the events that were told, in their order."""
    order: str = ""
    reward: str = ""
    participant: str = ""
    """Goodword's own id of the friend, or of the owner of the reward."""
    voids: str = ""
    """The activity of the friend that takes this one back, where there is no order to cancel."""
    began: str = ""
    """The referral that began with this entry or, where an entry is taken back, ended with it."""
    undone_by: str = ""
    """The entry that took this one back."""
    values: dict[str, str] = {}
    """For the sentence of the reason."""


class Entry(Struct, frozen=True):
    """One confirmation."""

    id: str
    staff: str
    kind: EntryKind
    at_ms: int
    """When it was pressed."""
    received_ms: int
    offline: bool
    """Whether it waited on the device first."""
    outcome: Outcome = "open"
    reason: str = ""
    """Why it was refused: a code of the counter's own or, where an event was refused, of that."""
    detail: Detail = Detail()


class Full(Struct, frozen=True):
    """A limit is reached."""

    kind: EntryKind
    period: Literal["hour", "day"]
    limit: int


def begin_entry(connection: Connection, tenant: str, entry: Entry, limits: CounterLimits) -> Entry | Full | None:
    """Write an entry that is about to be decided, within the limits of its member; under a lock of his own.

    Gives the entry that stands under this id where there is one, the limit that is reached, or None where it was written.
    """
    known = find_entry(connection, tenant, entry.id)
    if known is not None:
        return known
    full = _full(connection, tenant, entry, limits)
    if full is not None:
        entry = msgspec.structs.replace(
            entry, outcome="refused", reason=f"over_{full.period}", detail=Detail(values={"limit": str(full.limit)})
        )
    row = msgspec.structs.asdict(entry) | {"tenant": tenant, "offline": int(entry.offline), "doc": _doc(entry.detail)}
    del row["detail"]
    connection.execute(insert(counter_log), row)
    return full


def finish_entry(connection: Connection, tenant: str, entry: Entry) -> None:
    """Note what became of an entry."""
    values = {"outcome": entry.outcome, "reason": entry.reason, "doc": _doc(entry.detail)}
    connection.execute(update(counter_log).where(_one(tenant, entry.id)).values(values))


def find_entry(connection: Connection, tenant: str, id: str) -> Entry | None:
    """The entry of an id."""
    row = connection.execute(select(counter_log).where(_one(tenant, id))).one_or_none()
    return None if row is None else _entry(row)


def entries_of(
    connection: Connection, tenant: str, staff: str, since_ms: int, until_ms: int | None = None
) -> list[Entry]:
    """What a member confirmed since then, the newest first; if wished, until a time."""
    mine = (counter_log.c.tenant == tenant) & (counter_log.c.staff == staff) & (counter_log.c.at_ms > since_ms)
    if until_ms is not None:
        mine &= counter_log.c.at_ms < until_ms
    return _read(connection, mine, ENTRIES_MAX)


def all_entries(connection: Connection, tenant: str, *, staff: str | None = None, limit: int = 50) -> list[Entry]:
    """What everybody confirmed, or one member, the newest first."""
    wanted = counter_log.c.tenant == tenant
    if staff is not None:
        return _read(connection, wanted & (counter_log.c.staff == staff), limit)
    order = (counter_log.c.received_ms.desc(), counter_log.c.id.desc())
    rows = connection.execute(select(counter_log).where(wanted).order_by(*order).limit(limit))
    return [_entry(row) for row in rows]


def counted(
    connection: Connection, tenant: str, staff: str, kinds: tuple[EntryKind, ...], after_ms: int, until_ms: int
) -> int:
    """How many entries of some kinds take a place within the limits, of those pressed in a time."""
    mine = (counter_log.c.tenant == tenant) & (counter_log.c.staff == staff) & counter_log.c.kind.in_(kinds)
    then = (counter_log.c.at_ms > after_ms) & (counter_log.c.at_ms <= until_ms)
    wanted = mine & then & counter_log.c.outcome.in_(COUNTED)
    return connection.execute(select(func.count()).select_from(counter_log).where(wanted)).scalar_one()


def _full(connection: Connection, tenant: str, entry: Entry, limits: CounterLimits) -> Full | None:
    if entry.kind == "undo":
        return None
    bounds: tuple[tuple[Literal["hour", "day"], int, int, int], ...]
    brought = entry.kind in BROUGHT
    hour, day = (limits.new_hour, limits.new_day) if brought else (limits.redeem_hour, limits.redeem_day)
    kinds: tuple[EntryKind, ...] = BROUGHT if brought else ("redeem",)
    # A day is counted up to now whenever it was pressed: who tells the entries of a day in another order gains nothing.
    bounds = (("hour", HOUR_MS, entry.at_ms, hour), ("day", DAY_MS, entry.received_ms, day))
    for period, length_ms, until_ms, limit in bounds:
        if counted(connection, tenant, entry.staff, kinds, entry.at_ms - length_ms, until_ms) >= limit:
            return Full(entry.kind, period, limit)
    return None


def _read(connection: Connection, wanted: ColumnElement[bool], limit: int) -> list[Entry]:
    order = (counter_log.c.at_ms.desc(), counter_log.c.id.desc())
    return [_entry(row) for row in connection.execute(select(counter_log).where(wanted).order_by(*order).limit(limit))]


def _one(tenant: str, id: str) -> ColumnElement[bool]:
    return (counter_log.c.tenant == tenant) & (counter_log.c.id == id)


def _doc(detail: Detail) -> str:
    return msgspec.json.encode(detail).decode()


def _entry(row: Any) -> Entry:
    return Entry(
        id=row.id,
        staff=row.staff,
        kind=row.kind,
        at_ms=row.at_ms,
        received_ms=row.received_ms,
        offline=bool(row.offline),
        outcome=row.outcome,
        reason=row.reason,
        detail=msgspec.json.decode(row.doc, type=Detail),
    )
