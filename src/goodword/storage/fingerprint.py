"""The fingerprint of the secret that a tenant's codes and hashes derive from: by it a database knows its secret again.

It is kept when the tenant is made, or by the first start on tables of this release; nothing can be computed back from it.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, select, update

from goodword.storage import tables

_T = tables.tenants.c


def has_tenants(connection: Connection) -> bool:
    """Whether somebody works with this database already, so that a secret belongs to it."""
    if not inspect(connection).has_table(tables.tenants.name):
        return False
    return connection.execute(select(_T.tenant).limit(1)).first() is not None


def fingerprint_of(connection: Connection, tenant: str) -> str | None:
    """The fingerprint that was kept; None where there is none yet, as in tables of an older release."""
    found = inspect(connection)
    if not found.has_table(tables.tenants.name):
        return None
    if not any(column["name"] == _T.fingerprint.name for column in found.get_columns(tables.tenants.name)):
        return None
    return connection.execute(select(_T.fingerprint).where(_T.tenant == tenant)).scalar()


def keep_fingerprint(connection: Connection, tenant: str, fingerprint: str) -> None:
    """Keep it where none is kept yet; what is kept stays."""
    if fingerprint_of(connection, tenant) is None:
        connection.execute(update(tables.tenants).where(_T.tenant == tenant).values(fingerprint=fingerprint))
