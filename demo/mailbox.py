"""The mailbox of everybody in the demonstration: a mail server on loopback that keeps what comes, in memory, and sends nothing on."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from demo.client import HOST

KEPT_MAX = 50
"""How many mails are kept; the oldest go first."""
SIZE_MAX = 256 * 1024
"""How large one may be, in bytes."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as somebody reads it."""

    to: str
    subject: str
    lines: tuple[str, ...]


class Mailbox:
    """What came, the newest first."""

    def __init__(self) -> None:
        self._mails: deque[Mail] = deque(maxlen=KEPT_MAX)

    def newest(self) -> list[Mail]:
        """All that is kept."""
        return list(self._mails)

    def keep(self, mail: Mail) -> None:
        """Take a mail."""
        self._mails.appendleft(mail)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail from the wire."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = message_from_bytes(content, EmailMessage, policy=policy.default)
        body = mail.get_body(("plain",))
        text = str(body.get_content()) if body else ""
        to = ", ".join(one or "" for one in envelope.rcpt_tos)
        self.keep(Mail(to, str(mail["subject"]), tuple(text.splitlines())))
        return "250 OK"


@contextmanager
def receiving(mailbox: Mailbox) -> Iterator[str]:
    """Take mails until the end; the setting `smtp` that sends them here."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    controller = Controller(mailbox, hostname=HOST, port=port, data_size_limit=SIZE_MAX)
    controller.start()
    try:
        yield f"smtp://{HOST}:{port}?from=goodword@shop.example"
    finally:
        controller.stop()
