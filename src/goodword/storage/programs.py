"""Programs as they are stored, loaded."""

from __future__ import annotations

from sqlalchemy import Connection, and_, select

from goodword.program.loader import Program, load_program
from goodword.storage import tables
from goodword.storage.load import load_live_programs, load_program_texts


def program_version(connection: Connection, tenant: str, name: str, version: int) -> Program:
    """A version as it was published.

    Raises:
        KeyError: there is none of this number.
    """
    texts = load_program_texts(connection, tenant, {(name, version)})
    return load_program(texts[name, version], version)


def stored_terms(connection: Connection, tenant: str, name: str, version: int, language: str) -> str | None:
    """What a version said to people in a language, as it was stored with it; None for versions from before that was done."""
    table = tables.terms.c
    mine = and_(table.tenant == tenant, table.program == name, table.version == version, table.language == language)
    return connection.execute(select(table.text).where(mine)).scalar_one_or_none()


def program_in_force(connection: Connection, tenant: str, name: str) -> Program | None:
    """The version of a program that is in force, or None where there is no such program."""
    version = load_live_programs(connection, tenant).get(name)
    return None if version is None else program_version(connection, tenant, name, version)
