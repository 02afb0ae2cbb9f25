"""Tokens with which the shop says who is signed in there: JSON Web Tokens (RFC 7519), signed by HS256 alone.

What a token says is believed as what the shop tells by the API is: no more, and for a short time. Times are read by our own clock, so
that the library's checks of them are off.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from goodword.engine.events import Person, Word
from goodword.engine.ids import Keyring
from goodword.pipeline.intake import InvalidEvent, check_text, seal_person
from goodword.program.duration import HOUR_MS, MINUTE_MS, SECOND_MS
from goodword.storage.token_keys import is_live, token_secret

ALGORITHM = "HS256"
TOKEN_MAX = 4096
"""How many characters a token has at most."""
LIVES_MS = HOUR_MS
"""How far ahead its end may lie."""
AHEAD_MS = MINUTE_MS
"""How far ahead of ours the clock of the shop may be."""
REQUIRED = ["sub", "aud", "exp"]
_TIMES_ARE_OURS = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "require": REQUIRED}


class WrongToken(ValueError):
    """A token that leads nowhere. The message is for whoever builds the shop, never for who came with it."""


class Claims(Struct, frozen=True):
    """What a token says; what else stands in it is not looked at."""

    sub: Word
    exp: int | float
    iat: int | float = 0
    nbf: int | float = 0
    email: Word | None = None
    email_verified: bool = False
    name: Word | None = None
    language: Word | None = None


class Customer(Struct, frozen=True):
    """Who is signed in at the shop."""

    person: Person
    """As he joins. His address is told only where the shop has confirmed that it is his."""
    language: str | None
    """In which the shop speaks with him."""


def audience(tenant: str) -> str:
    """For whom a token has to be."""
    return f"goodword:{tenant}"


def read_token(connection: Connection, tenant: str, keyring: Keyring, token: str, now_ms: int) -> Customer:
    """The customer whom a token names.

    Raises:
        WrongToken: it is none of ours, or not good any more.
    """
    if not 0 < len(token) <= TOKEN_MAX:
        raise WrongToken(f"a token has 1 to {TOKEN_MAX} characters")
    jwt = _library()
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        if kid is None or not is_live(connection, tenant, _printable(kid)):
            raise WrongToken("`kid` names no key that is live: `goodword tokens list`")
        secret = token_secret(keyring, kid)
        told = jwt.decode(
            token, secret, algorithms=[ALGORITHM], audience=audience(tenant), options=dict(_TIMES_ARE_OURS)
        )
        claims = msgspec.convert(told, Claims)
        check_text({name: value for name, value in told.items() if name in Claims.__struct_fields__}, "")
    except WrongToken:
        raise
    except (jwt.PyJWTError, msgspec.ValidationError, InvalidEvent, ValueError) as error:
        raise WrongToken(str(error)) from None
    _check_times(claims, now_ms)
    return _customer(claims, keyring)


def _printable(kid: str) -> str:
    """An id as a database takes it.

    Raises:
        WrongToken: no database has one like it.
    """
    if not (kid.isascii() and kid.isprintable()):
        raise WrongToken("`kid` is none of ours")
    return kid


def _check_times(claims: Claims, now_ms: int) -> None:
    """Whether it is good now. What is no number is none of these: every check has to hold, not to fail.

    Raises:
        WrongToken: it is not.
    """
    now, ahead = now_ms / SECOND_MS, AHEAD_MS / SECOND_MS
    if not now < claims.exp:
        raise WrongToken("`exp`: it is over")
    if not claims.exp <= now + LIVES_MS / SECOND_MS:
        raise WrongToken("`exp` lies more than an hour ahead")
    if not claims.iat <= now + ahead:
        raise WrongToken("`iat` lies in the future")
    if not claims.nbf <= now + ahead:
        raise WrongToken("`nbf`: it is not good yet")


def _customer(claims: Claims, keyring: Keyring) -> Customer:
    person = Person(
        id=claims.sub, email=claims.email if claims.email_verified else None, name=claims.name, language=None
    )
    try:
        seal_person(person, keyring)
    except InvalidEvent as error:
        raise WrongToken(str(error)) from None
    return Customer(person, claims.language)


@cache
def _library() -> Any:
    """Loaded with the first token: it brings a library for keys of other kinds along, which takes ten megabytes."""
    return import_module("jwt")
