"""Settings: one table of name, default, help, unit and bound; the environment, `--help` and the reference come from it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Origin = Literal["option", "environment", "default"]
_PASSWORD = re.compile(r"(://[^/?#:@]*:).*(@)")
"""From the colon behind the user to the last @: a password may hold any other sign."""
_PREFIX = re.compile(r"(\+[1-9][0-9]{0,3})?")
_PASSWORD_PARAMETER = re.compile(r"((?:^|[?&;\s])(?:\w*password|\w*secret|\w*token)=)[^&\s]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: its name in the environment is ``GOODWORD_`` and the name in capitals."""

    name: str
    default: str
    help: str
    unit: str = ""
    low: int | None = None
    high: int | None = None
    group: str = "Other"
    """The heading under which the reference lists it."""
    example: str = ""
    """A value that somebody would set, where the default does not show what one looks like."""

    @property
    def variable(self) -> str:
        return f"GOODWORD_{self.name.upper()}"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "database",
        "sqlite:///goodword.db",
        "where everything is stored: sqlite:///FILE or postgresql://…",
        group="Data",
        example="postgresql://goodword:secret@db.internal/goodword",
    ),
    Setting(
        "secret_file",
        "goodword.key",
        "the file with the secret that codes and hashes derive from; made at first use",
        group="Data",
        example="/etc/goodword/secret.key",
    ),
    Setting("tenant", "default", "the tenant that commands work on", group="Data", example="north"),
    Setting("host", "127.0.0.1", "the address to listen on", group="Serving", example="0.0.0.0"),  # noqa: S104
    Setting("port", "8080", "the port to listen on", "", 1, 65535, group="Serving", example="8443"),
    Setting(
        "queue_max",
        "10000",
        "how many events may wait to be decided before new ones are sent away",
        "events",
        1,
        1_000_000,
        group="Limits",
        example="50000",
    ),
    Setting(
        "batch_max", "256", "how many events one transaction decides", "events", 1, 1000, group="Limits", example="500"
    ),
    Setting(
        "bodies_max",
        "64",
        "how much of request bodies is held at a time before new ones are sent away",
        "MiB",
        8,
        4096,
        group="Limits",
        example="256",
    ),
    Setting(
        "rate_key",
        "5000",
        "how many events one API key may send, or requests make; 0 is no limit",
        "per second",
        0,
        1_000_000,
        group="Limits",
        example="200",
    ),
    Setting(
        "rate_address",
        "60",
        "how many requests without a valid key are answered to one address; 0 is no limit",
        "per minute",
        0,
        1_000_000,
        group="Limits",
        example="10",
    ),
    Setting(
        "scheduler_every",
        "1000",
        "how often what fell due is looked for",
        "ms",
        50,
        3_600_000,
        group="Operations",
        example="250",
    ),
    Setting(
        "log_level",
        "info",
        "how much is logged: debug, info, warning, error",
        group="Operations",
        example="warning",
    ),
    Setting(
        "metrics_open",
        "0",
        "1: /metrics needs no key; only where a firewall keeps strangers away",
        "",
        0,
        1,
        group="Operations",
        example="1",
    ),
    Setting(
        "worker_port",
        "0",
        "the port on which `goodword worker` answers /healthz, /readyz and /metrics; 0: it listens nowhere",
        "",
        0,
        65535,
        group="Operations",
        example="8081",
    ),
    Setting(
        "home",
        "",
        "the page of the shop where friends arrive whose program names none",
        group="Links",
        example="https://shop.example/",
    ),
    Setting(
        "hosts",
        "",
        "hosts besides those of home and landing pages that links may lead to, separated by commas",
        group="Links",
        example="shop.example,blog.shop.example",
    ),
    Setting(
        "public_url",
        "",
        "the address under which friends reach this server, as QR cards and previews of links show it",
        group="Links",
        example="https://go.shop.example",
    ),
    Setting(
        "spool",
        "goodword-spool",
        "the folder where clicks wait to be stored; on a disk that survives a restart",
        group="Links",
        example="/var/lib/goodword/spool",
    ),
    Setting(
        "warehouse",
        "goodword-warehouse",
        "the folder with the facts that figures are made of: Parquet files, copied from the database",
        group="Data",
        example="/var/lib/goodword/warehouse",
    ),
    Setting(
        "analysis",
        "",
        "the address of a Spark cluster that figures are made on, by Spark Connect; empty: they are made here, by DuckDB",
        group="Data",
        example="sc://spark.internal:15002",
    ),
    Setting(
        "warehouse_store",
        "",
        "an object store that keeps the warehouse for several machines: s3://BUCKET/PREFIX, gs://…; the folder holds what is used here",
        group="Data",
        example="s3://shop-analysis/goodword?region=eu-central-1",
    ),
    Setting(
        "hits_address",
        "600",
        "how many clicks of one address are kept one by one, a tenth of them of one code; more are only counted; 0 is no limit",
        "per hour",
        0,
        1_000_000,
        group="Links",
        example="6000",
    ),
    Setting(
        "hits_days",
        "90",
        "how long clicks are kept one by one; their numbers by day stay",
        "days",
        1,
        3650,
        group="Links",
        example="30",
    ),
    Setting(
        "trusted_proxies",
        "",
        "networks of the proxies in front, separated by commas, whose X-Forwarded-For is believed",
        group="Links",
        example="10.0.0.0/8",
    ),
    Setting(
        "ask_days",
        "30",
        "how long nobody is asked again to invite friends who was asked",
        "days",
        1,
        3650,
        group="Asking",
        example="60",
    ),
    Setting(
        "ask_in_vain",
        "3",
        "how often somebody is asked who never shares",
        "times",
        1,
        1000,
        group="Asking",
        example="2",
    ),
    Setting(
        "brand_name",
        "",
        "the name of the shop, as people know it, on its pages and pictures",
        group="Look",
        example="Luna Coffee",
    ),
    Setting(
        "brand_color",
        "#1d4ed8",
        "the colour of the shop; made darker or lighter where it could not be read",
        group="Look",
        example="#c2410c",
    ),
    Setting(
        "brand_corners", "12", "how round the corners of cards and buttons are", "px", 0, 32, group="Look", example="4"
    ),
    Setting(
        "brand_font",
        "system",
        "fonts that readers have: system, noto, geometric, humanist, rounded, serif",
        group="Look",
        example="serif",
    ),
    Setting(
        "brand_logo",
        "",
        "a file with the logo of the shop, SVG or PNG, at most 256 KiB",
        group="Look",
        example="/etc/goodword/logo.svg",
    ),
    Setting(
        "phone_prefix",
        "",
        "the prefix of the shop's country: a phone number that is typed at the counter as 0721… is +40721…",
        group="Counter",
        example="+40",
    ),
    Setting(
        "counter_unnamed",
        "0",
        "1: a new customer at the counter may stay unnamed; nobody knows again then whether it was one",
        "",
        0,
        1,
        group="Counter",
        example="1",
    ),
    Setting(
        "pseudo_languages",
        "0",
        "1: pages answer in ?lang=en-XA (longer) and ?lang=ar-XB (mirrored) as well; for tests of layout",
        "",
        0,
        1,
        group="Look",
        example="1",
    ),
    Setting(
        "delivery_every",
        "1000",
        "how often it is looked for what webhooks and mails have to tell",
        "ms",
        20,
        3_600_000,
        group="Delivery",
        example="200",
    ),
    Setting(
        "delivery_workers",
        "16",
        "how many endpoints are sent to at the same moment",
        "endpoints",
        1,
        100,
        group="Delivery",
        example="32",
    ),
    Setting(
        "delivery_log",
        "30",
        "how long the log of deliveries is kept, and what was handed out to them; never what still waits",
        "days",
        1,
        3650,
        group="Delivery",
        example="90",
    ),
    Setting(
        "webhook_private",
        "0",
        "1: webhooks may use http and go to private addresses; for development",
        "",
        0,
        1,
        group="Delivery",
        example="1",
    ),
    Setting(
        "smtp",
        "",
        "the mail server, smtp:// or smtps://; without one, mails are only logged",
        group="Delivery",
        example="smtp://USER:PASSWORD@mail.example:587?from=goodword@shop.example",
    ),
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
    bodies_max: int
    rate_key: int
    rate_address: int
    scheduler_every: int
    home: str
    hosts: str
    public_url: str
    spool: Path
    warehouse: Path
    warehouse_store: str
    analysis: str
    hits_address: int
    hits_days: int
    trusted_proxies: str
    ask_days: int
    ask_in_vain: int
    brand_name: str
    brand_color: str
    brand_corners: int
    brand_font: str
    brand_logo: str
    phone_prefix: str
    counter_unnamed: bool
    pseudo_languages: bool
    delivery_every: int
    delivery_workers: int
    delivery_log: int
    webhook_private: bool
    smtp: str
    log_level: str
    metrics_open: int
    worker_port: int

    @property
    def origin(self) -> str:
        """Where people reach this server: as is said, else where it listens. Without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"


def read_settings(environment: Mapping[str, str] | None = None, **given: str | None) -> Settings:
    """Settings from what is given, else the environment, else the defaults.

    Raises:
        InvalidSetting: a number that is none or out of bounds, or a prefix of a country that is none.
    """
    texts = {setting.name: text for setting, text, _ in effective(environment, **given)}
    numbers = {s.name: _number(s, texts[s.name]) for s in SETTINGS if s.low is not None}
    if not _PREFIX.fullmatch(texts["phone_prefix"]):
        raise InvalidSetting(f"GOODWORD_PHONE_PREFIX: {texts['phone_prefix']!r} is none, such as +40")
    return Settings(
        database=texts["database"],
        secret_file=Path(texts["secret_file"]),
        tenant=texts["tenant"],
        host=texts["host"],
        port=numbers["port"],
        queue_max=numbers["queue_max"],
        batch_max=numbers["batch_max"],
        bodies_max=numbers["bodies_max"],
        rate_key=numbers["rate_key"],
        rate_address=numbers["rate_address"],
        scheduler_every=numbers["scheduler_every"],
        home=texts["home"],
        hosts=texts["hosts"],
        public_url=texts["public_url"],
        spool=Path(texts["spool"]),
        warehouse=Path(texts["warehouse"]),
        warehouse_store=texts["warehouse_store"],
        analysis=texts["analysis"],
        hits_address=numbers["hits_address"],
        hits_days=numbers["hits_days"],
        trusted_proxies=texts["trusted_proxies"],
        ask_days=numbers["ask_days"],
        ask_in_vain=numbers["ask_in_vain"],
        brand_name=texts["brand_name"],
        brand_color=texts["brand_color"],
        brand_corners=numbers["brand_corners"],
        brand_font=texts["brand_font"],
        brand_logo=texts["brand_logo"],
        phone_prefix=texts["phone_prefix"],
        counter_unnamed=bool(numbers["counter_unnamed"]),
        pseudo_languages=bool(numbers["pseudo_languages"]),
        delivery_every=numbers["delivery_every"],
        delivery_workers=numbers["delivery_workers"],
        delivery_log=numbers["delivery_log"],
        webhook_private=bool(numbers["webhook_private"]),
        smtp=texts["smtp"],
        log_level=texts["log_level"],
        metrics_open=numbers["metrics_open"],
        worker_port=numbers["worker_port"],
    )


def effective(
    environment: Mapping[str, str] | None = None, **given: str | None
) -> Iterator[tuple[Setting, str, Origin]]:
    """Every setting with its text and where that came from."""
    source = os.environ if environment is None else environment
    for setting in SETTINGS:
        if text := given.get(setting.name):
            yield setting, text, "option"
        elif text := source.get(setting.variable):
            yield setting, text, "environment"
        else:
            yield setting, setting.default, "default"


def masked(text: str) -> str:
    """A value without the password that an address may hold."""
    return _PASSWORD.sub(r"\1***\2", _PASSWORD_PARAMETER.sub(r"\1***", text))


def _number(setting: Setting, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise InvalidSetting(f"{setting.variable}: {text!r} is not a whole number")
    number = int(text)
    if setting.low is not None and setting.high is not None and not setting.low <= number <= setting.high:
        raise InvalidSetting(f"{setting.variable}: {number} is not between {setting.low} and {setting.high}")
    return number
