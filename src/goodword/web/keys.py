"""Who asks: API keys, looked up by their secret and remembered for a few seconds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from goodword.storage.database import Database
from goodword.storage.keys import PREFIX, ApiKey, Scope, find_key
from goodword.web.limits import Limits
from goodword.web.problems import Forbidden, Unauthorised

TTL_SECONDS = 5.0
"""How long a key is remembered: a revoked one stops working within this time."""
REMEMBERED_MAX = 1000
SECRET_MAX = 200
_SCHEME = "bearer "


class Keys:
    """The keys of the tenant that this process serves."""

    def __init__(
        self, database: Database, tenant: str, limits: Limits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._tenant = tenant
        self._limits = limits
        self._clock = clock
        self._known: dict[bytes, tuple[ApiKey, float]] = {}

    async def caller(self, request: Request, count: int = 1) -> ApiKey:
        """The key that a request came with; it counts as so many requests of that key.

        Raises:
            Unauthorised: there is none, or it is unknown, revoked, or another tenant's.
            TooManyRequests: the key asks more often than it may, or its address failed too often.
        """
        try:
            key = await self._caller(request)
        except Unauthorised:
            self._limits.failures(request.scope, 1)
            raise
        request.state.key = key.id
        self._limits.key(key.id, count)
        return key

    async def _caller(self, request: Request) -> ApiKey:
        secret = _secret(request)
        # Only a hash is remembered: the memory of a process ends up in dumps.
        place = hashlib.sha256(secret.encode()).digest()
        known = self._known.get(place)
        if known is None:
            # A key that was good before is not shut out by somebody who guesses behind the same address.
            self._limits.failures(request.scope, 0)
        if known is None or known[1] <= self._clock():
            try:
                known = (await run_in_threadpool(self._find, secret), self._clock() + TTL_SECONDS)
            except Unauthorised:
                self._known.pop(place, None)
                raise
            if len(self._known) >= REMEMBERED_MAX:
                self._known.clear()
            self._known[place] = known
        return known[0]

    def _find(self, secret: str) -> ApiKey:
        with self._database.read() as connection:
            key = find_key(connection, secret)
        if key is None or key.tenant != self._tenant:
            raise Unauthorised("the API key is unknown or was revoked")
        return key


def needs(key: ApiKey, *scopes: Scope) -> None:
    """Make sure that a key has one of these scopes.

    Raises:
        Forbidden: it has none of them.
    """
    if not key.may(*scopes):
        wanted = " or ".join(f"`{scope}`" for scope in scopes)
        raise Forbidden(f"this needs an API key with scope {wanted}")


class Needs:
    """A dependency of a route: the caller's key, which must have one of these scopes."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes

    async def __call__(self, request: Request) -> ApiKey:
        keys: Keys = request.app.state.context.keys
        key = await keys.caller(request)
        needs(key, *self.scopes)
        return key


def _secret(request: Request) -> str:
    header = request.headers.get("authorization", "")
    secret = header[len(_SCHEME) :].strip()
    if not header.lower().startswith(_SCHEME) or not secret.startswith(PREFIX) or len(secret) > SECRET_MAX:
        raise Unauthorised("send `Authorization: Bearer gw_…`")
    return secret
