"""What it takes to walk the loop by hand while the demonstration serves: the shop, the mailbox, staff at the counter, and what to open."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from demo.asked import before_joining, steps_asked
from demo.cases import PROGRAMS
from demo.client import HttpServer
from demo.letting_in import TokenKey
from demo.mailbox import Mailbox
from demo.shop import Shop, serving
from goodword.program.loader import Program, load_program

STAFF = "Dana"
STAFF_FILE = "counter-pin.json"
TOKEN_FILE = "shop-key.json"
KEPT = (STAFF_FILE, TOKEN_FILE)
"""What belongs to a database, and goes with it."""
COUNTERS = ("coffee-shop", "fitness-studio", "gift-from-a-friend")
"""Recipes of shops without a web shop."""


def program_of(recipe: str) -> Program:
    """The program of a recipe."""
    return load_program((PROGRAMS / recipe / "program.yaml").read_text(encoding="utf-8"), 1)


@dataclass(frozen=True, slots=True)
class Means:
    """What the demonstration gives to whoever walks by hand."""

    goodword: str
    shop: str
    token_key: TokenKey
    pin: str = ""
    """Of somebody at the counter; empty where there is none."""


def means_of(recipe: str, data: Path, goodword: str, shop: str, command: Callable[..., str]) -> Means:
    """What is made at the first start, and kept. `command` runs `goodword` and gives what it prints."""
    made = _kept(data / TOKEN_FILE, lambda: command("tokens", "create", "--json"))
    pin = _kept(data / STAFF_FILE, lambda: command("staff", "add", STAFF, "--json")) if recipe in COUNTERS else b""
    return Means(
        goodword, shop, msgspec.json.decode(made, type=TokenKey), str(msgspec.json.decode(pin)["pin"]) if pin else ""
    )


def _kept(file: Path, make: Callable[[], str]) -> bytes:
    """A secret that is made once."""
    if not file.exists():
        made = make()
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as written:
            written.write(made)
    return file.read_bytes()


@contextmanager
def shop_open(recipe: str, means: Means, api_key: str, mailbox: Mailbox | None) -> Iterator[Program]:
    """The shop of a recipe, until the end."""
    program, server = program_of(recipe), HttpServer(means.goodword, api_key, history=False)
    port = urlsplit(means.shop).port or 0
    try:
        with serving(Shop(program, means.goodword, server, means.token_key, mailbox), port):
            yield program
    finally:
        server.close()


def what_to_do(program: Program, means: Means) -> str:
    """The loop, in the order in which it is walked."""
    before = before_joining(program)
    first = [f"{means.shop}/invite"]
    if before:
        first = [f'{means.shop}/    press "{before.label}"', 'Follow "Invite friends".']
    lines = [
        *first,
        'Press "Get my link": you are an advocate.',
        _leads(program, means.shop),
        *(f'Press "{one.label}"{f" {one.times} times" if one.times > 1 else ""}.' for one in steps_asked(program)),
        'Follow "My invitations": your friend, and what you got.',
    ]
    numbered = "\n".join(f"  {number}. {line}" for number, line in enumerate(lines, 1))
    return f"\nWalk it by hand, in one browser\n{numbered}{_counter(means)}"


def _leads(program: Program, shop: str) -> str:
    """Where the link of an advocate leads: a program may name a page of its own, which is not ours to replace."""
    home = os.environ.get("GOODWORD_HOME", shop)
    if program.model.landing is None and home == shop:
        return 'Follow "Your link": you are the friend, in the demo shop.'
    where = program.model.landing or home or "the invitation alone"
    return f"Your link leads to {where}. Open {shop}/?gw_code=YOUR_CODE instead: you are the friend, in the demo shop."


def _counter(means: Means) -> str:
    if not means.pin:
        return ""
    return (
        f"\nOr confirm it at the counter, in place of the friend's part"
        f"\n  {means.goodword}/counter    sign in as {STAFF}, PIN {means.pin}, and type the code of your link"
    )
