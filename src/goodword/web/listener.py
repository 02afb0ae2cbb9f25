"""A small server for a process without the API: whether it is well, and what it measures. One request per connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from msgspec import Struct

CONNECTIONS_MAX = 16
"""How many are answered at once; more are closed unanswered."""
CONNECTION_SECONDS = 5.0
"""How long a connection may say nothing, and an answer may take to be read."""


class Told(Struct, frozen=True):
    """An answer."""

    status: int
    media: str
    body: bytes


Routes = Mapping[str, Callable[[], Told]]


class Listener:
    """Answers GET requests for a few paths, in threads of its own."""

    def __init__(self, host: str, port: int, routes: Routes) -> None:
        """Takes the port; nothing is answered before `start`.

        Raises:
            OSError: it cannot be listened on.
        """
        self._server = _server(host, port, routes)
        self._thread = threading.Thread(target=self._server.serve_forever, name="goodword-listener", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def _server(host: str, port: int, routes: Routes) -> ThreadingHTTPServer:
    places = threading.BoundedSemaphore(CONNECTIONS_MAX)

    class Handler(BaseHTTPRequestHandler):
        timeout = CONNECTION_SECONDS

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            told = routes[path]() if path in routes else Told(HTTPStatus.NOT_FOUND, "text/plain", b"")
            self.send_response(told.status)
            for name, value in (("Content-Type", told.media), ("Content-Length", str(len(told.body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        def version_string(self) -> str:
            return "Goodword"

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: whoever looks every few seconds would fill the log."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        address_family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]

        def process_request(self, request: Any, client_address: Any) -> None:
            if not places.acquire(blocking=False):
                self.shutdown_request(request)
                return
            super().process_request(request, client_address)

        def process_request_thread(self, request: Any, client_address: Any) -> None:
            try:
                super().process_request_thread(request, client_address)
            finally:
                places.release()

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Nothing: who asked went away."""

    return Server((host, port), Handler)
