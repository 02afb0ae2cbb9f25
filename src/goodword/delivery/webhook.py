"""Webhooks: a signed POST. Only a status from 200 to 299 is a delivery; redirects are not followed, bodies not kept."""

from __future__ import annotations

import ssl
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.metadata import version
from types import TracebackType

import certifi
import httpcore
import httpx
import structlog

from goodword.delivery.addresses import (
    AddressRefused,
    BadUrl,
    Deadline,
    GuardedBackend,
    Resolve,
    Unresolved,
    parse_url,
    system_resolve,
)
from goodword.delivery.message import ATTEMPT_SECONDS, Message
from goodword.delivery.schedule import RETRY_AFTER_MAX_MS, ErrorKind, Outcome
from goodword.delivery.signing import signed_headers
from goodword.engine.ids import Keyring
from goodword.program.duration import SECOND_MS, to_ms

ANSWER_BYTES_MAX = 16 * 1024
"""How much of an answer's body is read, only to use the connection again; more of it, and the connection is closed."""
ANSWER_SECONDS = 1.0
"""How long is waited for that body. The delivery is decided by the status, which has come."""
USER_AGENT = f"Goodword/{version('goodword')}"

log = structlog.get_logger("goodword.webhook")


@cache
def trusted() -> ssl.SSLContext:
    """Certificates are checked against the machine's own store and certifi's, which are read once."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class WebhookSender:
    """Sends to one endpoint over one connection, which is kept while the endpoint's deliveries follow each other."""

    def __init__(
        self,
        keyring: Keyring,
        private: bool,
        context: ssl.SSLContext,
        resolve: Resolve = system_resolve,
        seconds: float = ATTEMPT_SECONDS,
    ) -> None:
        self._keyring = keyring
        self._private = private
        self._seconds = seconds
        self._backend = GuardedBackend(private, resolve)
        # Given no proxy, httpcore uses none, whatever the environment says.
        self._pool = httpcore.ConnectionPool(ssl_context=context, max_connections=1, network_backend=self._backend)

    def __enter__(self) -> WebhookSender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    def send(self, message: Message, now_ms: int) -> Outcome:
        """Make one attempt."""
        self._backend.deadline = Deadline(self._seconds)
        try:
            return self._post(parse_url(message.endpoint.target, self._private), message, now_ms)
        except Exception as error:
            return Outcome(False, error=_kind(error, message))

    def _post(self, url: httpx.URL, message: Message, now_ms: int) -> Outcome:
        body = message.body()
        headers: dict[bytes | str, bytes | str] = {
            "host": url.netloc.decode(),
            "content-type": "application/json",
            "content-length": str(len(body)),
            "user-agent": USER_AGENT,
        }
        headers.update(signed_headers(self._keyring, message.endpoint, message.delivery.id, body, now_ms).items())
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        with self._pool.stream("POST", target, headers=headers, content=body) as response:
            self._read_a_little(response)
            return outcome_of(response.status, response.headers, now_ms)

    def _read_a_little(self, response: httpcore.Response) -> None:
        """Read the body while it is short and comes at once; otherwise leaving it closes the connection."""
        self._backend.deadline = Deadline(ANSWER_SECONDS)
        read = 0
        try:
            for chunk in response.iter_stream():
                read += len(chunk)
                if read > ANSWER_BYTES_MAX:
                    return
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
            return


def outcome_of(status: int, headers: list[tuple[bytes, bytes]], now_ms: int) -> Outcome:
    """What a status means."""
    if 200 <= status < 300:
        return Outcome(True, status)
    asked = next((value for name, value in headers if name.lower() == b"retry-after"), None)
    return Outcome(False, status, retry_after_ms=None if asked is None else _retry_after(asked, now_ms))


def _retry_after(value: bytes, now_ms: int) -> int | None:
    """Seconds or a date, within our limit; None for anything else."""
    text = value.decode("ascii", "replace").strip()
    if text.isdigit():
        return min(int(text[:9]) * SECOND_MS, RETRY_AFTER_MAX_MS)
    try:
        moment: datetime = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(0, min(to_ms(moment) - now_ms, RETRY_AFTER_MAX_MS))


_KINDS: tuple[tuple[type[Exception], ErrorKind], ...] = (
    (Unresolved, "unresolved"),
    (AddressRefused, "address_refused"),
    (BadUrl, "address_refused"),
    (ssl.SSLError, "tls"),
    (TimeoutError, "timeout"),
    (ConnectionRefusedError, "unreachable"),
    (ConnectionResetError, "broken"),
    (BrokenPipeError, "broken"),
    (OSError, "unreachable"),
    (httpcore.ProtocolError, "broken"),
    (httpcore.NetworkError, "broken"),
    (httpcore.TimeoutException, "timeout"),
)
"""What an exception means; the first that fits counts."""


def _kind(error: Exception, message: Message) -> ErrorKind:
    for type_, kind in _KINDS:
        if isinstance(error, type_):
            return kind
    log.exception("sending_failed", delivery=message.delivery.id, error=type(error).__name__)
    return "internal"
