"""A PostgreSQL that keeps its connections and says nothing, because it is frozen or behind a cut cable: noticed by the clock.

Nothing else tells it: the network is well, and the server's own limits are kept by a server that runs. A connection that
heard nothing for too long is cut. What it had not committed is undone by the server; where the commit itself was on its way,
it may stand all the same, as with any connection that breaks: whoever told the event tells it again under its id.
"""

from __future__ import annotations

import time

from sqlalchemy.exc import TimeoutError as NoConnection

SILENT_SECONDS = 15.0
"""How long a database may say nothing to a process that serves. No statement of ours takes as long, nor does any wait for a lock."""
PAUSE_SECONDS = 1.0
"""How long nobody asks it anything after it said nothing: else each who waits would wait as long as the first."""


class Silence:
    """What is known of a database's silence; of all its connections, and used by all threads."""

    def __init__(self) -> None:
        self.seconds = float("inf")
        """How long it may say nothing."""
        self._until = float("-inf")

    def check(self) -> None:
        """Go on, unless it said nothing a moment ago.

        Raises:
            NoConnection: it did.
        """
        if time.monotonic() < self._until:
            raise NoConnection("the database did not answer a moment ago")

    def heard_nothing(self) -> None:
        """It said nothing for too long."""
        self._until = time.monotonic() + PAUSE_SECONDS
