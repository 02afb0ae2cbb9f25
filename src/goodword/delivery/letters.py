"""Letters: mails to people who take part. Text and address are put together when a letter is sent, from what stands then."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import structlog
from msgspec import Struct
from sqlalchemy import Connection

from goodword.delivery.mail import Smtp, SmtpSender, one_line, parse_address, parse_smtp
from goodword.delivery.schedule import Outcome
from goodword.delivery.webhook import trusted
from goodword.engine.ids import Keyring
from goodword.program.duration import HOUR_MS, MINUTE_MS, SECOND_MS, from_ms
from goodword.settings import Settings
from goodword.storage import reads
from goodword.storage.database import Database
from goodword.storage.letters import Letter, letter_done, letters_due, put_off, take_letters
from goodword.storage.sessions import forget_sessions
from goodword.storage.sign_ins import LIVES_MS, find_sign_in, forget_sign_ins, link_token, sign_in_code
from goodword.words.catalogue import catalogue

TAKEN_MAX = 20
"""How many letters are taken at a time."""
LEASE_MS = 10 * MINUTE_MS
"""How long a letter that was taken is nobody else's: longer than as many attempts as one takes at a time."""
AGAIN_MS = (5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 5 * MINUTE_MS)
"""How long is waited after each attempt that failed, of a letter whose link lives for half an hour; then it is given up."""
FORGET_EVERY_MS = HOUR_MS
SIGN_IN_PATH = "/me/in/"
HOME_PATH = "/me/you"
SIGN_IN = "sign_in"
CHANGED_PAYOUT = "changed_payout"

log = structlog.get_logger("goodword.letters")


class Written(Struct, frozen=True):
    """A letter in words."""

    to: str
    subject: str
    text: str
    language: str


class Letters:
    """Sends the letters of one tenant. Any number may run at once, in any number of processes."""

    def __init__(self, settings: Settings, database: Database, keyring: Keyring, now_ms: Callable[[], int]) -> None:
        """Raises:
        InvalidSetting: the mail server's address cannot be used.
        """
        self._smtp = parse_smtp(settings.smtp) if settings.smtp else None
        self._settings = settings
        self._database = database
        self._keyring = keyring
        self._now_ms = now_ms
        self._forgot_ms = 0

    def run_once(self) -> None:
        """Send all that is due now, and forget what is over."""
        while self._run_page() == TAKEN_MAX:
            pass
        self._forget()

    def _run_page(self) -> int:
        now_ms, tenant = self._now_ms(), self._settings.tenant
        with self._database.read() as connection:
            if not letters_due(connection, tenant, now_ms):
                return 0
        with self._database.write_aside(f"letters:{tenant}") as connection:
            taken = take_letters(connection, tenant, now_ms, now_ms + LEASE_MS, TAKEN_MAX)
        with ExitStack() as stack:
            sender = None if self._smtp is None else stack.enter_context(SmtpSender(self._smtp, trusted()))
            for letter in taken:
                self._end(letter, self._send(letter, sender, self._smtp))
        return len(taken)

    def _send(self, letter: Letter, sender: SmtpSender | None, smtp: Smtp | None) -> Outcome | None:
        """One attempt; None where there is nothing to send or nowhere to."""
        with self._database.read() as connection:
            people = reads.people(connection, self._settings.tenant, [letter.participant] if letter.participant else [])
            timely = letter.kind != SIGN_IN or self._leads_in(connection, letter.reference)
        to = people.get(letter.participant or "", {}).get("email")
        if to is None or not timely:
            return None
        if sender is None or smtp is None:
            log.info("letter_not_sent", letter=letter.id, kind=letter.kind)
            return None
        try:
            mail = compose(self.written(letter, to), smtp.sender, letter.id, self._now_ms())
        except ValueError:
            log.info("letter_refused", letter=letter.id, kind=letter.kind)
            return None
        return sender.post(mail, to, letter.id)

    def _leads_in(self, connection: Connection, sign_in: str) -> bool:
        """Whether the link of a letter is still good for anything."""
        opened = find_sign_in(connection, self._settings.tenant, sign_in)
        return opened is not None and opened.open_at(self._now_ms())

    def written(self, letter: Letter, to: str) -> Written:
        """A letter in the words of its language."""
        return self._changed_payout(letter, to) if letter.kind == CHANGED_PAYOUT else self._way_in(letter, to)

    def _changed_payout(self, letter: Letter, to: str) -> Written:
        """Whoever is paid learns that he is to be paid otherwise; where to, stands in no mail."""
        texts = catalogue(letter.language)
        said = [texts.text(f"letter.payout.{name}") for name in ("changed", "not_you")]
        lines = [said[0], "", said[1], "", f"{self._settings.origin}{HOME_PATH}"]
        return Written(to, texts.text("letter.payout.subject"), "\n".join(lines) + "\n", texts.language)

    def _way_in(self, letter: Letter, to: str) -> Written:
        texts = catalogue(letter.language)
        link = f"{self._settings.origin}{SIGN_IN_PATH}{link_token(self._keyring, letter.reference)}"
        minutes = LIVES_MS // MINUTE_MS
        lines = [
            texts.text("letter.sign_in.hello"),
            "",
            texts.text("letter.sign_in.link", {"n": str(minutes)}, minutes),
            "",
            link,
            "",
            texts.text("letter.sign_in.code"),
            "",
            sign_in_code(self._keyring, letter.reference),
            "",
            texts.text("letter.sign_in.not_you"),
        ]
        return Written(to, texts.text("letter.sign_in.subject"), "\n".join(lines) + "\n", texts.language)

    def _end(self, letter: Letter, outcome: Outcome | None) -> None:
        again = outcome is not None and not outcome.ok and letter.tries < len(AGAIN_MS)
        with self._database.write_aside() as connection:
            if again:
                put_off(connection, self._settings.tenant, letter.id, self._now_ms() + AGAIN_MS[letter.tries])
            else:
                letter_done(connection, self._settings.tenant, letter.id)
        if outcome is not None:
            log.info("letter", letter=letter.id, kind=letter.kind, outcome=outcome.word, again=again)

    def _forget(self) -> None:
        """Once in a while, remove the sessions and the links that are over."""
        now_ms, tenant = self._now_ms(), self._settings.tenant
        if now_ms - self._forgot_ms >= FORGET_EVERY_MS:
            self._forgot_ms = now_ms
            with self._database.write_aside() as connection:
                forget_sessions(connection, tenant, now_ms)
                forget_sign_ins(connection, tenant, now_ms)


def compose(written: Written, sender: Address, id: str, now_ms: int) -> EmailMessage:
    """The mail of a letter.

    Raises:
        ValueError: what is kept as the address is none that mail can go to.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = parse_address(written.to)
    mail["Subject"] = one_line(written.subject)
    mail["Date"] = format_datetime(from_ms(now_ms))
    mail["Message-ID"] = f"<{id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    rtl = catalogue(written.language).rtl
    mail.set_content(written.text, charset="utf-8", cte="base64" if rtl else "quoted-printable")
    mail["Content-Language"] = written.language
    return mail
