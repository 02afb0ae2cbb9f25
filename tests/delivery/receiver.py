"""A real HTTP server on loopback that takes webhooks, and does with each what a test says."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

HANG_SECONDS = 30
"""How long a hanging answer hangs at most: no test may wait for it."""


@dataclass(frozen=True)
class Taken:
    """A request that came."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> dict[str, Any]:
        decoded: dict[str, Any] = msgspec.json.decode(self.raw)
        return decoded


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang: bool = False
    """Say nothing until the server is closed."""
    drip: bytes = b""
    """These bytes, one by one, instead of an answer."""


class Receiver:
    """The server. `say` decides about each request; `taken` are those that came, in their order."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.port: int = server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}/hook"
        self.taken: list[Taken] = []
        self.connections: set[Any] = set()
        self.closing = threading.Event()
        self.say: Callable[[Taken], Answer] = lambda _: Answer()

    @property
    def references(self) -> list[str]:
        return [taken.body["data"]["id"] for taken in self.taken]


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            raw = self.rfile.read(length)
            if len(raw) < length:  # a sender that died in the middle of it
                self.close_connection = True
                return
            taken = Taken(self.path, {name.lower(): value for name, value in self.headers.items()}, raw)
            receiver.taken.append(taken)
            receiver.connections.add(self.client_address)
            answer = receiver.say(taken)
            if answer.hang:
                receiver.closing.wait(HANG_SECONDS)
                self.close_connection = True
                return
            for place in range(len(answer.drip)):
                self.wfile.write(answer.drip[place : place + 1])
                if receiver.closing.wait(0.05):
                    break
            if answer.drip:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # a sender that gave up
                self.close_connection = True

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver = Receiver(server, "http" if context is None else "https")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
