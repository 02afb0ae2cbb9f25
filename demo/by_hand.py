"""What it takes to walk the loop by hand while the demonstration serves: the shop, the mailbox, staff at the counter, and what to open."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.asked import Asked, before_joining, steps_asked
from demo.cases import PROGRAMS
from demo.client import HttpServer
from demo.mailbox import Mailbox
from demo.shop import Shop, serving
from goodword.program.loader import Program, load_program

STAFF = "Dana"
PIN_FILE = "counter-pin.txt"
COUNTERS = ("coffee-shop", "fitness-studio", "gift-from-a-friend")
"""Recipes of shops without a web shop."""


def program_of(recipe: str) -> Program:
    """The program of a recipe."""
    return load_program((PROGRAMS / recipe / "program.yaml").read_text(encoding="utf-8"), 1)


@contextmanager
def shop_open(recipe: str, goodword: str, port: int, key: str, mailbox: Mailbox | None) -> Iterator[Program]:
    """The shop of a recipe, until the end."""
    program, server = program_of(recipe), HttpServer(goodword, key, history=False)
    try:
        with serving(Shop(program, goodword, server, mailbox), port):
            yield program
    finally:
        server.close()


def pin_of_staff(data: Path, goodword: Callable[..., str]) -> str:
    """The PIN of somebody at the counter, who is added at the first start. `goodword` runs a command and gives what it prints."""
    file = data / PIN_FILE
    if not file.exists():
        pin = json.loads(goodword("staff", "add", STAFF, "--json"))["pin"]
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as written:
            written.write(f"{pin}\n")
    return file.read_text(encoding="utf-8").strip()


def what_to_do(program: Program, goodword: str, shop: str, pin: str) -> str:
    """The loop, in the order in which it is walked."""
    before = before_joining(program)
    first = [f'{shop}/    type an e-mail address, press "{before.label}"'] if before else []
    address = "the same address" if before else "an e-mail address"
    lines = [
        *first,
        f'{goodword}/join/{program.name}    type {address}, press "Get my link"',
        _leads(program, shop),
        f"There {_presses(steps_asked(program))}: you see what Goodword answers, and the rewards.",
        'Below it, open the link in the mail, press "Go to my page": your friend, and what you got.',
    ]
    numbered = "\n".join(f"  {number}. {line}" for number, line in enumerate(lines, 1))
    return f"\nWalk it by hand, in one browser\n{numbered}{_counter(goodword, pin)}"


def _leads(program: Program, shop: str) -> str:
    """Where the link of an advocate leads: a program may name a page of its own, which is not ours to replace."""
    home = os.environ.get("GOODWORD_HOME", shop)
    if program.model.landing is None and home == shop:
        return "Follow your link: now you are the friend, in the demo shop."
    where = program.model.landing or home or "the invitation alone"
    return (
        f"Your link leads to {where}. Open {shop}/?gw_code=YOUR_CODE instead: now you are the friend, in the demo shop."
    )


def _presses(steps: tuple[Asked, ...]) -> str:
    presses = [f'"{one.label}"' + (f" {one.times} times" if one.times > 1 else "") for one in steps]
    return "press " + ", then ".join(presses)


def _counter(goodword: str, pin: str) -> str:
    if not pin:
        return ""
    return f"\nOr confirm it at the counter\n  {goodword}/counter    sign in as {STAFF}, PIN {pin}, and type the code of your link"
