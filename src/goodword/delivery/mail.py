"""Mail to staff: plain text in the endpoint's language. Without a mail server it is only logged that there was something."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import structlog
from msgspec import Struct

from goodword.delivery.addresses import Deadline
from goodword.delivery.conversation import Conversation
from goodword.delivery.message import ATTEMPT_SECONDS, Message
from goodword.delivery.schedule import ErrorKind, Outcome
from goodword.engine.topics import TEST_TOPIC
from goodword.program.duration import from_ms, iso
from goodword.settings import InvalidSetting
from goodword.words.catalogue import catalogue
from goodword.words.format import isolate, moment

ADDRESS_MAX = 254
"""How long a mail address may be (RFC 5321)."""
PORTS = {"smtp": 587, "smtps": 465}
GOODBYE_SECONDS = 2.0
"""How long taking leave of the mail server may take: what it took, it has."""

log = structlog.get_logger("goodword.mail")


class Smtp(Struct, frozen=True):
    """Where mails are handed in."""

    host: str
    port: int
    encrypted: bool
    """From the first byte; otherwise by STARTTLS as soon as the server offers it."""
    user: str | None
    password: str | None
    sender: Address


def parse_address(text: str) -> Address:
    """A mail address: one, without a name, without anything that could begin a header of its own.

    Raises:
        ValueError: it is none.
    """
    plain = text.isascii() and text.isprintable() and " " not in text and text.count("@") == 1
    if not plain or len(text) > ADDRESS_MAX:
        raise ValueError("this is not a mail address")
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError):
        raise ValueError("this is not a mail address") from None
    if "." not in address.domain.strip(".") and address.domain != "localhost":
        raise ValueError("this is not a mail address: its domain has no dot")
    return address


def parse_smtp(text: str) -> Smtp:
    """The setting `smtp`. A password is never sent without encryption, except to this machine.

    Raises:
        InvalidSetting: it cannot be used; the message does not repeat it.
    """
    try:
        url = urlsplit(text)
        port = PORTS[url.scheme]
        port = port if url.port is None else url.port
        sender = parse_address(parse_qs(url.query)["from"][0])
    except (ValueError, KeyError):
        raise InvalidSetting("GOODWORD_SMTP: write smtp://USER:PASSWORD@HOST:587?from=ADDRESS or smtps://…") from None
    if not url.hostname:
        raise InvalidSetting("GOODWORD_SMTP: the address names no host")
    user = None if url.username is None else unquote(url.username)
    password = None if url.password is None else unquote(url.password)
    return Smtp(url.hostname, port, url.scheme == "smtps", user, password, sender)


class SmtpSender:
    """Hands mails in, over one connection while they follow each other."""

    def __init__(self, smtp: Smtp, context: ssl.SSLContext, seconds: float = ATTEMPT_SECONDS) -> None:
        self._smtp = smtp
        self._context = context
        self._seconds = seconds
        self._session: Conversation | None = None

    def __enter__(self) -> SmtpSender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            self._session.deadline = Deadline(GOODBYE_SECONDS)
        self._hang_up()

    def send(self, message: Message, now_ms: int) -> Outcome:
        """Make one attempt."""
        mail = compose(message, self._smtp.sender, now_ms)
        return self.post(mail, message.endpoint.target, message.delivery.id)

    def post(self, mail: EmailMessage, to: str, id: str) -> Outcome:
        """Hand a mail in. What the server says is not repeated anywhere: it names the address."""
        deadline = Deadline(self._seconds)
        try:
            self._session = self._session or self._connected(deadline)
            self._session.deadline = deadline
            self._session.send_message(mail, str(self._smtp.sender.addr_spec), [to])
        except smtplib.SMTPRecipientsRefused as error:
            self._hang_up()
            code = next((code for code, _ in error.recipients.values()), None)
            return Outcome(False, code, "refused")
        except smtplib.SMTPResponseException as error:
            self._hang_up()
            return Outcome(False, error.smtp_code, "refused")
        except Exception as error:
            self._hang_up()
            return Outcome(False, error=_kind(error, id))
        return Outcome(True, 250)

    def _connected(self, deadline: Deadline) -> Conversation:
        smtp = self._smtp
        session = Conversation(smtp.host, smtp.port, self._context if smtp.encrypted else None, deadline)
        try:
            self._log_in(session)
        except BaseException:
            session.close()
            raise
        return session

    def _log_in(self, session: Conversation) -> None:
        smtp = self._smtp
        session.ehlo_or_helo_if_needed()
        encrypted = smtp.encrypted
        if not encrypted and session.has_extn("starttls"):
            session.starttls(context=self._context)
            session.ehlo()
            encrypted = True
        if smtp.user is not None and smtp.password is not None:
            if not encrypted and smtp.host not in ("localhost", "127.0.0.1", "::1"):
                raise ssl.SSLError("the mail server offers no encryption, so it is not given the password")
            session.login(smtp.user, smtp.password)

    def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            try:
                session.quit()
            except (OSError, smtplib.SMTPException):
                session.close()


class NullMail:
    """The twin without a mail server: it logs topic and reference, nobody's address."""

    def __enter__(self) -> NullMail:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def send(self, message: Message, now_ms: int) -> Outcome:
        """Log it; that is all."""
        delivery = message.delivery
        log.info("mail_not_sent", delivery=delivery.id, topic=delivery.topic, reference=delivery.reference)
        return Outcome(True)


def compose(message: Message, sender: Address, now_ms: int) -> EmailMessage:
    """The mail of a delivery. Its Message-ID is the delivery's, so that a mailbox shows a repeated one once."""
    delivery, endpoint = message.delivery, message.endpoint
    texts = catalogue(endpoint.language)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address("Goodword", addr_spec=sender.addr_spec)
    mail["To"] = parse_address(endpoint.target)
    mail["Subject"] = one_line(texts.text(f"topic.{delivery.topic}"))
    mail["Date"] = format_datetime(from_ms(now_ms))
    mail["Message-ID"] = f"<{delivery.id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text_of(message), charset="utf-8", cte="base64" if texts.rtl else "quoted-printable")
    mail["Content-Language"] = texts.language  # after the content, which drops what was said of another
    return mail


def text_of(message: Message) -> str:
    """The words of a mail."""
    delivery, language = message.delivery, message.endpoint.language
    texts = catalogue(language)
    lines = [texts.text(f"topic.{delivery.topic}") + ".", ""]
    if delivery.topic != TEST_TOPIC:
        lines += [texts.text("mail.about", {"reference": isolate(delivery.reference, language)})]
        lines += [texts.text(f"mail.{name}", {"value": value}) for name, value in _facts(message.data, language)]
        lines += [texts.text("mail.when", {"value": moment(iso(delivery.happened_ms), language)})]
    lines += ["", texts.text("mail.footer", {"endpoint": isolate(message.endpoint.id, language)})]
    return "\n".join(lines) + "\n"


def _facts(data: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """What a mail tells besides the reference: short words of ours, and ids."""
    texts = catalogue(language)
    facts = [(name, isolate(str(data[name]), language)) for name in ("program", "endpoint", "host") if data.get(name)]
    why = texts.word(f"endpoint_why.{data['why']}") if data.get("why") else None
    return facts + ([("why", why)] if why else [])


def one_line(text: str) -> str:
    """A text that may stand in a header."""
    return " ".join(text.split())


def _kind(error: Exception, id: str) -> ErrorKind:
    match error:
        case ssl.SSLError() | smtplib.SMTPNotSupportedError():
            return "tls"
        case TimeoutError():
            return "timeout"
        case smtplib.SMTPServerDisconnected() if isinstance(error.__context__, TimeoutError):
            return "timeout"  # as smtplib tells one that it met while it was reading
        case smtplib.SMTPException():
            return "broken"
        case OSError():
            return "unreachable"
    log.exception("mail_failed", mail=id, error=type(error).__name__)
    return "internal"
