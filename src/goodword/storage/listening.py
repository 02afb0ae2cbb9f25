"""psycopg's connection, which counts how long it hears nothing."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg

from goodword.storage.silence import Silence

ReturnT = TypeVar("ReturnT")
Waiting = Generator[Any, Any, ReturnT]
"""What psycopg waits for: it yields on what, is sent what is ready (0 is nothing), and returns what came."""


def connect(silence: Silence, *arguments: Any, **parameters: Any) -> psycopg.Connection[Any]:
    """A connection that is cut when it hears nothing for as long as `silence` says.

    Raises:
        NoConnection: the database said nothing a moment ago.
        psycopg.OperationalError: it cannot be reached, or not in time.
    """
    silence.check()
    try:
        made: _Connection = _Connection.connect(*arguments, **parameters)
    except psycopg.errors.ConnectionTimeout:
        silence.heard_nothing()
        raise
    made.silence = silence
    return made


class _Connection(psycopg.Connection[Any]):
    """psycopg's connection, which counts how long it hears nothing."""

    silence = Silence()

    def wait(self, gen: Waiting[ReturnT], *arguments: Any, **named: Any) -> ReturnT:
        """Wait for the server."""
        return super().wait(self._hearing(gen), *arguments, **named)

    def _hearing(self, gen: Waiting[ReturnT]) -> Waiting[ReturnT]:
        try:
            wants = next(gen)
            heard = time.monotonic()
            while True:
                ready = yield wants
                now = time.monotonic()
                if ready:
                    heard = now
                elif now - heard > self.silence.seconds:
                    self.silence.heard_nothing()
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the database did not answer in time")
                wants = gen.send(ready)
        except StopIteration as end:
            value: ReturnT = end.value
            return value
