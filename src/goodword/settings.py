"""Settings: one table of name, default, help, unit and bound; the environment, `--help` and the reference come from it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: its name in the environment is ``GOODWORD_`` and the name in capitals."""

    name: str
    default: str
    help: str
    unit: str = ""
    low: int | None = None
    high: int | None = None

    @property
    def variable(self) -> str:
        return f"GOODWORD_{self.name.upper()}"


SETTINGS: tuple[Setting, ...] = (
    Setting("database", "sqlite:///goodword.db", "where everything is stored: sqlite:///FILE or postgresql://…"),
    Setting(
        "secret_file", "goodword.key", "the file with the secret that codes and hashes derive from; made at first use"
    ),
    Setting("tenant", "default", "the tenant that commands work on"),
    Setting("host", "127.0.0.1", "the address to listen on"),
    Setting("port", "8080", "the port to listen on", "", 1, 65535),
    Setting(
        "queue_max",
        "10000",
        "how many events may wait to be decided before new ones are sent away",
        "events",
        1,
        1_000_000,
    ),
    Setting("batch_max", "256", "how many events one transaction decides", "events", 1, 1000),
    Setting("scheduler_every", "1000", "how often what fell due is looked for", "ms", 50, 3_600_000),
    Setting(
        "delivery_every", "1000", "how often it is looked for what webhooks and mails have to tell", "ms", 20, 3_600_000
    ),
    Setting("delivery_workers", "16", "how many endpoints are sent to at the same moment", "endpoints", 1, 100),
    Setting("webhook_private", "0", "1: webhooks may use http and go to private addresses; for development", "", 0, 1),
    Setting(
        "smtp",
        "",
        "the mail server: smtp://USER:PASSWORD@HOST:587?from=ADDRESS or smtps://…; without one, mails are only logged",
    ),
    Setting("log_level", "info", "how much is logged: debug, info, warning, error"),
)


class InvalidSetting(ValueError):
    """A setting that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a process."""

    database: str
    secret_file: Path
    tenant: str
    host: str
    port: int
    queue_max: int
    batch_max: int
    scheduler_every: int
    delivery_every: int
    delivery_workers: int
    webhook_private: bool
    smtp: str
    log_level: str


def read_settings(environment: Mapping[str, str] | None = None, **given: str | None) -> Settings:
    """Settings from what is given, else the environment, else the defaults.

    Raises:
        InvalidSetting: a number that is none or out of bounds.
    """
    source = os.environ if environment is None else environment
    texts = {s.name: given.get(s.name) or source.get(s.variable) or s.default for s in SETTINGS}
    numbers = {s.name: _number(s, texts[s.name]) for s in SETTINGS if s.low is not None}
    return Settings(
        database=texts["database"],
        secret_file=Path(texts["secret_file"]),
        tenant=texts["tenant"],
        host=texts["host"],
        port=numbers["port"],
        queue_max=numbers["queue_max"],
        batch_max=numbers["batch_max"],
        scheduler_every=numbers["scheduler_every"],
        delivery_every=numbers["delivery_every"],
        delivery_workers=numbers["delivery_workers"],
        webhook_private=bool(numbers["webhook_private"]),
        smtp=texts["smtp"],
        log_level=texts["log_level"],
    )


def _number(setting: Setting, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise InvalidSetting(f"{setting.variable}: {text!r} is not a whole number")
    number = int(text)
    if setting.low is not None and setting.high is not None and not setting.low <= number <= setting.high:
        raise InvalidSetting(f"{setting.variable}: {number} is not between {setting.low} and {setting.high}")
    return number
