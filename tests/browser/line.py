"""A line between a browser and a service that can be cut: nothing gets through then, whoever in the browser asks."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer

LOOPBACK = "127.0.0.1"
PIECE_BYTES = 1 << 16
PATIENCE_SECONDS = 60


class Line(ThreadingTCPServer):
    """Passes on what comes to a port of its own; `port` is where the service listens."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int) -> None:
        super().__init__((LOOPBACK, 0), _Call)
        self.far = (LOOPBACK, port)
        self.is_cut = False
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def cut(self) -> None:
        """End every call, and each one that comes, until it is mended."""
        with self._lock:
            self.is_cut = True
            for end in self._ends:
                _hang_up(end)

    def move(self, port: int) -> None:
        """End every call; those that come go to another port."""
        self.cut()
        self.far = (LOOPBACK, port)
        self.mend()

    def mend(self) -> None:
        """Let calls through again."""
        with self._lock:
            self.is_cut = False

    @contextmanager
    def calling(self, *ends: socket.socket) -> Iterator[None]:
        """The two ends of a call, as long as it lasts."""
        with self._lock:
            self._ends.update(ends)
            if self.is_cut:
                for end in ends:
                    _hang_up(end)
        try:
            yield
        finally:
            with self._lock:
                self._ends.difference_update(ends)


class _Call(BaseRequestHandler):
    """One connection, both ways, until either side ends it."""

    server: Line

    def handle(self) -> None:
        with (
            suppress(OSError),
            socket.create_connection(self.server.far, PATIENCE_SECONDS) as far,
            self.server.calling(self.request, far),
        ):
            other = {self.request: far, far: self.request}
            while True:
                for end in select.select([self.request, far], [], [])[0]:
                    piece = end.recv(PIECE_BYTES)
                    if not piece:
                        return
                    other[end].sendall(piece)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line to a service, until the test ends."""
    with Line(port) as line:
        threading.Thread(target=line.serve_forever, daemon=True).start()
        try:
            yield line
        finally:
            line.cut()
            line.shutdown()
