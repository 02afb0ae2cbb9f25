"""The senders of a process, from its settings."""

from __future__ import annotations

from goodword.delivery.mail import NullMail, SmtpSender, parse_smtp
from goodword.delivery.message import Sender, Senders
from goodword.delivery.webhook import WebhookSender, trusted
from goodword.engine.ids import Keyring
from goodword.settings import Settings
from goodword.storage.endpoints import Kind


def senders_of(settings: Settings, keyring: Keyring) -> Senders:
    """How webhooks and mails are sent; without a mail server, mails are only logged.

    Raises:
        InvalidSetting: the mail server's address cannot be used.
    """
    context = trusted()
    smtp = parse_smtp(settings.smtp) if settings.smtp else None

    def make(kind: Kind) -> Sender:
        if kind == "webhook":
            return WebhookSender(keyring, settings.webhook_private, context)
        return NullMail() if smtp is None else SmtpSender(smtp, context)

    return make
