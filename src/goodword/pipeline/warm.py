"""Rows that the last batches looked at, kept in memory: most of what a batch needs, one of the last batches has needed too.

A tenant has one writer at a time, and every batch moves the tenant's row. So what a batch left behind is what stands in the
database for as long as the tenant stands where that batch left it; once anybody else has written, all of it is forgotten.
What was not kept is loaded, as ever: keeping changes what is asked, never what is decided.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from goodword.engine.facts import MORE
from goodword.engine.state import (
    COLLECTIONS,
    CONTESTS,
    CONTESTS_OF,
    DUES,
    ENTRIES,
    FIRST_ORDERS,
    FREE_CODES,
    HANDLES,
    HANDLES_OF,
    HELD_OF,
    IDENTITIES_OF,
    KEPT_OF,
    LEADERS,
    MEMBERS_IN,
    MEMBERSHIPS,
    OBJECTIONS,
    OPEN_OBJECTIONS,
    PARENTS,
    PEOPLE_IN,
    PROGRAMS,
    QUEUES,
    REFERRALS,
    REFERRALS_OF,
    REWARD_CODES,
    REWARDS,
    REWARDS_OF,
    WAITING_OF,
    WATCHES,
    State,
    TenantRow,
)

ROWS_MAX = 100_000
"""How many rows a tenant may keep in memory, those noted as absent among them: some 60 MB."""
LINKS_MAX = 100
"""How far up a chain of advocates is followed, as in loading."""

_UNKNOWN: Any = object()
_Rows = dict[str, dict[str, Any]]
_PAGES = (
    PROGRAMS,
    WAITING_OF,
    LEADERS,
    ENTRIES,
    DUES,
    WATCHES,
    KEPT_OF,
    QUEUES,
    FREE_CODES,
    MEMBERS_IN,
    PEOPLE_IN,
    HELD_OF,
    MEMBERSHIPS,
    IDENTITIES_OF,
)
_KEPT = tuple(collection.name for collection in COLLECTIONS if collection not in _PAGES)
"""All but pages, which a decision that did not load them does not keep true, and what is not read by key.

The programs are read whole for every batch."""
_NAMED = {
    HANDLES_OF.name: HANDLES.name,
    REFERRALS_OF.name: REFERRALS.name,
    REWARDS_OF.name: REWARDS.name,
    REWARD_CODES.name: REWARDS.name,
    CONTESTS_OF.name: CONTESTS.name,
    OPEN_OBJECTIONS.name: OBJECTIONS.name,
}
"""The indexes whose rows a decision reads without asking, and where these stand."""
_INDEXES_FIRST = sorted(_KEPT, key=lambda name: name not in _NAMED)


class Warm:
    """The rows of one tenant. It belongs to one transaction at a time."""

    def __init__(self, rows_max: int = ROWS_MAX) -> None:
        self._rows_max = rows_max
        self._tenant: TenantRow | None = None
        self._young: _Rows = _empty()
        self._old: _Rows = _empty()

    def begin(self, tenant: TenantRow) -> None:
        """Forget everything, unless the tenant stands where `keep` saw it last."""
        if tenant != self._tenant:
            self._young, self._old = _empty(), _empty()
        self._tenant = None  # until this transaction has kept what it did

    def fill(self, state: State, wants: Mapping[str, set[str]]) -> None:
        """Put the wanted rows that are kept into a state. The others have to be loaded."""
        for name in _INDEXES_FIRST:
            if not (wanted := wants.get(name)):
                continue
            missing = wanted - state.rows[name].keys()
            if name in _NAMED:
                for key in missing:
                    self._take_index(state, name, key)
            elif name == PARENTS.name:
                for key in missing:
                    self._take_link(state, name, key)
            else:
                self._take(state, name, missing)

    def keep(self, state: State) -> None:
        """Note what a batch left behind, once it is committed."""
        for name in _KEPT:
            self._young[name].update(state.rows[name])
        if sum(map(len, self._young.values())) > self._rows_max // 2:
            # What is used is taken over into the young ones again; what is not goes with the old ones.
            self._old, self._young = self._young, _empty()
        self._tenant = state.tenant

    def _get(self, name: str, key: str) -> Any:
        row = self._young[name].get(key, _UNKNOWN)
        return self._old[name].get(key, _UNKNOWN) if row is _UNKNOWN else row

    def _take(self, state: State, name: str, keys: set[str]) -> None:
        young, old, rows = self._young[name], self._old[name], state.rows[name]
        # A list that ends with "more" has to be read again.
        refused = MORE if name == FIRST_ORDERS.name else None
        for key in keys:
            row = young.get(key, _UNKNOWN)
            if row is _UNKNOWN and (row := old.get(key, _UNKNOWN)) is _UNKNOWN:
                continue
            if refused is None or refused not in (row or ()):
                rows[key] = row

    def _take_index(self, state: State, name: str, key: str) -> None:
        """An entry of an index with the rows that it names, or nothing of it."""
        entry = self._get(name, key)
        if entry is _UNKNOWN:
            return
        collection = _NAMED[name]
        ids = (entry,) if isinstance(entry, str) else entry or ()
        rows = {id: self._get(collection, id) for id in ids}
        if _UNKNOWN in rows.values():
            return
        for id, row in rows.items():
            state.rows[collection].setdefault(id, row)
        state.rows[name][key] = entry

    def _take_link(self, state: State, name: str, key: str) -> None:
        """A link with all above it, or nothing of them."""
        scope, _, _ = key.partition("|")
        links: dict[str, str | None] = {}
        while key not in links and len(links) < LINKS_MAX:
            advocate = self._get(name, key)
            if advocate is _UNKNOWN:
                return
            links[key] = advocate
            if advocate is None:
                break
            key = f"{scope}|{advocate}"
        for link, advocate in links.items():
            state.rows[name].setdefault(link, advocate)


class WarmTenants:
    """The rows of all tenants of a process. Whoever takes those of a tenant has them alone until he gives them back."""

    def __init__(self, rows_max: int = ROWS_MAX) -> None:
        self._rows_max = rows_max
        self._tenants: dict[str, Warm] = {}
        self._lock = threading.Lock()

    def take(self, tenant: str) -> Warm:
        """The kept rows of a tenant, or none. A transaction that fails does not give them back."""
        with self._lock:
            return self._tenants.pop(tenant, None) or Warm(self._rows_max)

    def give_back(self, tenant: str, warm: Warm) -> None:
        """Keep them for the next transaction."""
        with self._lock:
            self._tenants[tenant] = warm


def _empty() -> _Rows:
    return {name: {} for name in _KEPT}
