"""Serving: the application under Granian, in one worker process that opens its own parts."""

from __future__ import annotations

import os
import socket
import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from goodword.delivery.message import ATTEMPT_SECONDS
from goodword.pipeline.batcher import DRAIN_SECONDS
from goodword.settings import SETTINGS, Settings

if sys.platform != "win32":
    import resource

KILL_SECONDS = int(DRAIN_SECONDS + ATTEMPT_SECONDS) + 15
"""When a worker that does not end is killed: after it had the time to work off its queue and to end what it delivers."""
BACKLOG = 1024
CONNECTIONS_MAX = 4096
"""How many connections are served at once; more wait in the backlog. One that says nothing costs little."""
FILES_KEPT = 256
"""How many of the files that a process may open are kept for anything but connections."""
IDLE_SECONDS = 75
"""How long a connection is kept that says nothing: longer than proxies keep theirs, or they would ask one that is closing."""
HEAD_BYTES = 64 * 1024
"""How large the head of a request may be."""


class PortTaken(OSError):
    """The address cannot be listened on; the message says what to do."""


WORKER = "goodword.web.worker:make_app"
EDGE_WORKER = "goodword.web.edge:make_edge"


def serve(settings: Settings, worker: str = WORKER, workers: int = 1) -> None:
    """Serve until told to stop: the whole service in one process, or only the redirect in some.

    Raises:
        PortTaken: the address cannot be listened on.
    """
    check_port(settings.host, settings.port)
    # The worker is a process of its own: it reads the settings where every process reads them.
    os.environ.update({setting.variable: _written(getattr(settings, setting.name)) for setting in SETTINGS})
    Granian(
        worker,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=workers,
        backlog=BACKLOG,
        backpressure=connections_max(),
        websockets=False,
        # Behind a proxy HTTP/1 is what is spoken. Where both are possible, a connection that says nothing is kept for ever.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=IDLE_SECONDS * 1000, max_buffer_size=HEAD_BYTES),
        factory=True,
        log_access=False,
        # Without it, Granian waits for ever for a worker that is stopped before it has started.
        workers_kill_timeout=KILL_SECONDS,
    ).serve()


def connections_max() -> int:
    """How many connections this process can serve, after it has asked for as many files as it may have."""
    if sys.platform == "win32":
        return CONNECTIONS_MAX
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + FILES_KEPT
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else max(1, min(CONNECTIONS_MAX, soft - FILES_KEPT))


def _written(value: object) -> str:
    """A setting as the environment holds it: yes and no are 1 and 0."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def check_port(host: str, port: int, variable: str = "GOODWORD_PORT") -> None:
    """Make sure that the address can be listened on, before a worker fails on it less clearly.

    Raises:
        PortTaken: it cannot.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise PortTaken(
            f"cannot listen on {host}:{port}: {error.strerror or error}. Another program may use it:"
            f" choose another one with {variable} or GOODWORD_HOST"
        ) from None
