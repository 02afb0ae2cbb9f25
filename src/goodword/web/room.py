"""Room for bodies: how many bytes all requests together may hold, from the arrival of each byte to the answer.

Bodies are small and connections are many: without this, a thousand senders of large bodies would need gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """The room of one process. Used by its event loop alone, so that nothing has to be locked."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self.held = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """What one request takes; given back at its end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.taken

    def take(self, count: int) -> bool:
        """Take so many bytes; False, and nothing is taken, if there is no room for them."""
        if self.held + count > self._bytes_max:
            return False
        self.held += count
        return True


class Share:
    """The part of one request."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.taken = 0

    def take(self, count: int) -> bool:
        """Take more; False if there is no room for it."""
        if not self._room.take(count):
            return False
        self.taken += count
        return True
