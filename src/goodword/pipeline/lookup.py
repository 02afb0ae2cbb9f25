"""Finding who has an address, without keeping the address: it is looked up by its keyed hash."""

from __future__ import annotations

from sqlalchemy import Connection

from goodword.engine.events import Person
from goodword.engine.ids import Keyring
from goodword.engine.people import identity_keys
from goodword.engine.state import IDENTITIES, State
from goodword.pipeline.intake import seal_person
from goodword.storage.load import load


def find_by_email(connection: Connection, tenant: str, keyring: Keyring, email: str) -> tuple[str, str | None]:
    """The keyed hash of an address, and the participant whose it is, if it is anybody's.

    Raises:
        InvalidEvent: it is no address.
    """
    (address,) = identity_keys(seal_person(Person(email=email), keyring))
    state = State()
    load(connection, tenant, state, {IDENTITIES.name: {address}})
    return address, state.get(IDENTITIES, address)


def find_by_id(connection: Connection, tenant: str, keyring: Keyring, id: str) -> str | None:
    """The participant whom the shop knows by this id, if there is one.

    Raises:
        InvalidEvent: it is none.
    """
    (key,) = identity_keys(seal_person(Person(id=id), keyring))
    state = State()
    load(connection, tenant, state, {IDENTITIES.name: {key}})
    found: str | None = state.get(IDENTITIES, key)
    return found
