"""A conversation with a mail server that is over by a deadline: smtplib's own timeouts begin anew with every byte.

What is overridden is where smtplib connects, reads and writes. Each single step there has the time that is left of the attempt.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from functools import cache

from goodword.delivery.addresses import WRITE_BYTES, Deadline, resolve_within, system_resolve

LINE_BYTES = 4096
"""How much is read at a time."""
REPLY_BYTES_MAX = 64 * 1024
"""How long one reply of a server may be, all its lines together."""
NAME_SECONDS = 2.0
"""How long this machine may take to find its own name, once."""


class Conversation(smtplib.SMTP):
    """smtplib's session, connected and greeted, with a deadline that is set anew for each attempt."""

    def __init__(self, host: str, port: int, encrypting: ssl.SSLContext | None, deadline: Deadline) -> None:
        """Connects; with `encrypting`, the connection is encrypted from its first byte.

        Raises:
            OSError: it cannot be reached, or not in time.
            SMTPException: it greets with a refusal, or not at all.
        """
        self.deadline = deadline
        self._encrypting = encrypting
        super().__init__(host, port, local_hostname=own_name())

    def _get_socket(self, host: str, port: int, timeout: object) -> socket.socket:
        made = self._connected(host, port)
        if self._encrypting is None:
            return made
        made.settimeout(self.deadline.left())
        try:
            return self._encrypting.wrap_socket(made, server_hostname=host)
        except OSError:
            made.close()
            raise

    def _connected(self, host: str, port: int) -> socket.socket:
        error: OSError = OSError("the host has no address")
        for address in resolve_within(system_resolve, host, port, self.deadline.left()):
            try:
                return socket.create_connection((address, port), self.deadline.left())
            except TimeoutError:
                raise
            except OSError as failed:
                error = failed
        raise error

    def getreply(self) -> tuple[int, bytes]:
        """The next reply, within the time that is left."""
        if self.sock is not None and not isinstance(self.file, _Lines):
            self.file = _Lines(self.sock, self.deadline)  # anew after STARTTLS: nothing that was said before counts
        if self.file is not None:
            self.file.begin(self.deadline)
        return super().getreply()

    def send(self, s: bytes | str) -> None:  # type: ignore[override]
        """Send all of it, within the time that is left."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("please run connect() first")
        rest = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else s)
        try:
            while rest:
                self.sock.settimeout(self.deadline.left())
                rest = rest[self.sock.send(rest[:WRITE_BYTES]) :]
        except TimeoutError:
            self.close()
            raise
        except OSError:
            self.close()
            raise smtplib.SMTPServerDisconnected("the server hung up") from None


class _Lines:
    """What a server says, line by line: as smtplib reads from a file."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._read = bytearray()
        self._bytes_left = 0

    def begin(self, deadline: Deadline) -> None:
        """A new reply is read, by this deadline."""
        self._deadline = deadline
        self._bytes_left = REPLY_BYTES_MAX

    def readline(self, limit: int) -> bytes:
        """The next line, or the first `limit` bytes of it; nothing where the server hung up."""
        while b"\n" not in self._read and len(self._read) < limit:
            self._connection.settimeout(self._deadline.left())
            chunk = self._connection.recv(LINE_BYTES)
            if not chunk:
                break
            self._read += chunk
        end = self._read.find(b"\n") + 1 or len(self._read)
        line = bytes(self._read[: min(end, limit)])
        del self._read[: len(line)]
        self._bytes_left -= len(line)
        if self._bytes_left < 0:
            raise OSError("the reply is too long")
        # What follows may be a step of somebody else's, such as encrypting the connection.
        self._connection.settimeout(self._deadline.left())
        return line

    def close(self) -> None:
        """Nothing to do: the connection is the session's."""


@cache
def own_name() -> str:
    """How this machine introduces itself: its full name, or a word for "here" where it has none or cannot tell in time."""
    try:
        (name,) = resolve_within(lambda *_: [socket.getfqdn()], "", 0, NAME_SECONDS)
    except OSError:
        name = ""
    return name if "." in name else "[127.0.0.1]"
