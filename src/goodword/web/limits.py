"""The limits of the API: what one key may send, and how often an address may come without a valid one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Scope

from goodword.addresses import Proxies, limited_as
from goodword.buckets import Buckets
from goodword.web.problems import TooManyRequests

BURST_SECONDS = 2
"""How much of a rate may be spent at once, after a quiet time."""
MINUTE_SECONDS = 60
GUESSES = 20
"""How many codes that nobody has somebody at the counter may type at once; then one every three seconds."""
HASHING_MAX = 4
"""How many PINs are compared at a time: each takes 16 MiB, and a thread that others wait for."""
FORMS = 60
"""How many forms somebody who is signed in may send at once; then one every second."""
TILLS = 3
"""As how many members the staff at one address may guess."""


class Limits:
    """The limits of one application: events and requests of a key, failures of an address."""

    def __init__(
        self,
        key_per_second: int,
        address_per_minute: int,
        proxies: Proxies,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = Buckets(key_per_second, key_per_second * BURST_SECONDS, clock)
        self._addresses = Buckets(address_per_minute / MINUTE_SECONDS, address_per_minute, clock)
        self._members = Buckets(GUESSES / MINUTE_SECONDS, GUESSES, clock)
        self._tills = Buckets(TILLS * GUESSES / MINUTE_SECONDS, TILLS * GUESSES, clock)
        self._visitors = Buckets(FORMS / MINUTE_SECONDS, FORMS, clock)
        self._proxies = proxies
        self.hashing = asyncio.Semaphore(HASHING_MAX)
        """Held by who compares a PIN."""

    def key(self, key: str, count: int) -> None:
        """A key sends so many events, or makes so many requests; with 0, make sure that it may send any.

        An array always passes once: what it costs more than there is has to be waited for afterwards.

        Raises:
            TooManyRequests: it sent too many before.
        """
        _spend(self._keys, key, count, "this API key sends more than it may: send the same again in a moment")

    def failures(self, scope: Scope, count: int) -> None:
        """Somebody came without a valid key; with 0, make sure that his address may still try.

        Raises:
            TooManyRequests: it tried too often before.
        """
        told = "too many requests without a valid API key came from this address"
        _spend(self._addresses, self._address(scope), count, told)

    def guesses(self, scope: Scope, member: str, count: int) -> None:
        """Somebody of the staff typed a code that nobody has; with 0, make sure that he may still try.

        Raises:
            TooManyRequests: he tried too many before, or others at his address did.
        """
        # Not among the failures of the address: customers on the shop's network could lock its tills.
        for buckets, name in ((self._members, member), (self._tills, self._address(scope))):
            _spend(buckets, name, count, "too many codes were typed that nobody has")

    def visitor(self, session: str) -> None:
        """Somebody who is signed in sends a form.

        Raises:
            TooManyRequests: he sent too many before.
        """
        _spend(self._visitors, session, 1, "too many forms came from this browser")

    def _address(self, scope: Scope) -> str:
        """By what name an address is counted: behind a proxy of ours, that of its client."""
        client: tuple[str, int] | None = scope.get("client")
        forwarded = Headers(scope=scope).getlist("x-forwarded-for") if self._proxies else []
        return limited_as(self._proxies.client(client[0] if client else None, forwarded))


def _spend(buckets: Buckets, name: str, count: int, told: str) -> None:
    wait = buckets.wait_seconds(name)
    if wait:
        raise TooManyRequests(told, seconds=wait)
    if count:
        buckets.spend(name, count, debt=True)
