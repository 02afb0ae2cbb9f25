"""A mail server that takes its time: an attempt is over when its time is up, however the server spends it."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from goodword.delivery.mail import SmtpSender, parse_smtp
from goodword.delivery.webhook import trusted
from tests.delivery.test_mail import message

SECONDS = 1.0
PAUSE_SECONDS = 0.05
"""Between two bytes: far less than any timeout that begins anew with each."""
SLACK_SECONDS = 4.0
"""What a busy machine may take on top."""
PEM = Path(__file__).parent / "tls" / "server.pem"
REPLIES = {b"EHLO": b"250 hello\r\n", b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n", b"DATA": b"354 go on\r\n"}

Serve = Callable[[socket.socket], None]


@contextmanager
def serving(serve: Serve) -> Iterator[str]:
    """A mail server on loopback that does this with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    serve(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(SLACK_SECONDS)


def drip(connection: socket.socket, text: bytes) -> None:
    """Send byte by byte, again and again, until the other side hangs up."""
    while True:
        for byte in text:
            connection.sendall(bytes([byte]))
            time.sleep(PAUSE_SECONDS)


def talk(connection: socket.socket, until: bytes) -> None:
    """A good server, up to this command."""
    connection.sendall(b"220 here\r\n")
    said = connection.makefile("rb")
    while line := said.readline():
        command = line[:4].upper()
        if command == until:
            return
        if command in REPLIES:
            connection.sendall(REPLIES[command])
        elif line == b".\r\n":
            if until == b".":
                return
            connection.sendall(b"250 taken\r\n")


def dripping(until: bytes, text: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        if until:
            talk(connection, until)
        drip(connection, text)

    return serve


def silent(connection: socket.socket) -> None:
    while connection.recv(1024):
        pass


@pytest.mark.parametrize(
    ("scheme", "serve"),
    [
        ("smtp", dripping(b"", b"2")),
        ("smtp", dripping(b"", b"220-welcome\r\n")),
        ("smtp", dripping(b"EHLO", b"250-SIZE\r\n")),
        ("smtp", dripping(b"RCPT", b"2")),
        ("smtp", dripping(b".", b"250-on its way\r\n")),
        ("smtp", silent),
        ("smtps", silent),
    ],
    ids=["greeting", "long greeting", "ehlo", "recipient", "end", "silence", "handshake"],
)
def test_an_attempt_is_over_in_time(scheme: str, serve: Serve) -> None:
    with (
        serving(serve) as server,
        SmtpSender(parse_smtp(f"{scheme}://{server}?from=a@b.example"), trusted(), SECONDS) as sender,
    ):
        began = time.monotonic()
        outcome = sender.send(message(), 0)
        took = time.monotonic() - began
    assert (outcome.ok, outcome.error) == (False, "timeout")
    assert SECONDS * 0.5 < took < SECONDS + SLACK_SECONDS


def test_a_reply_without_end_is_given_up() -> None:
    def flood(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"220-more\r\n" * 1000)

    with serving(flood) as server:
        sender = SmtpSender(parse_smtp(f"smtp://{server}?from=a@b.example"), trusted(), 60)
        began = time.monotonic()
        assert sender.send(message(), 0).error == "broken"
        assert time.monotonic() - began < SLACK_SECONDS


def test_each_mail_of_a_conversation_has_the_whole_time() -> None:
    with (
        serving(lambda connection: talk(connection, b"never")) as server,
        SmtpSender(parse_smtp(f"smtp://{server}?from=a@b.example"), trusted(), SECONDS) as sender,
    ):
        for _ in range(3):
            assert sender.send(message(), 0).ok
            time.sleep(SECONDS * 0.6)
        session = sender._session
        assert sender.send(message(), 0).ok
        assert sender._session is session, "over one connection"


def test_an_encrypted_conversation() -> None:
    """STARTTLS: what was said before it does not count, what follows is in time as well."""
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.load_cert_chain(PEM)

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"220 here\r\n")
        said = connection.makefile("rb")
        assert said.readline().startswith(b"ehlo")
        connection.sendall(b"250-hello\r\n250 STARTTLS\r\n")
        assert said.readline() == b"STARTTLS\r\n"
        connection.sendall(b"220 go on\r\n250 injected\r\n")
        with certificate.wrap_socket(connection, server_side=True) as encrypted:
            drip(encrypted, b"2")

    context = ssl.create_default_context(cafile=str(PEM))
    with serving(serve) as server, SmtpSender(parse_smtp(f"smtp://{server}?from=a@b.example"), context, 3.0) as sender:
        began = time.monotonic()
        outcome = sender.send(message(), 0)
    # A server cannot slip a reply in before the encryption: that breaks the handshake. Else the time is up.
    assert (outcome.ok, outcome.error in ("timeout", "tls")) == (False, True)
    assert time.monotonic() - began < 3.0 + SLACK_SECONDS
