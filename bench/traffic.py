"""Made-up traffic for a recipe: advocates with their friends, and as many customers whom nobody referred.

It comes in blocks of stories told side by side, so that what depends on each other does not stand next to each other.
The same numbers give the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

import msgspec

from goodword.engine.ids import Keyring
from goodword.program.duration import iso

START_MS = 1_767_571_200_000
"""5 January 2026, when the history of the benchmarks begins."""
STEP_MS = 600_000
"""How far the events of a history are apart: what is held matures in between."""
FRIENDS = 4
"""How many friends come through one advocate."""
BLOCK = 10
"""How many stories of a history are told side by side."""
LIVE_BLOCK = 200
"""As many as it takes to keep what depends on each other out of the same moment on all connections."""

Body = dict[str, Any]


def story_events(recipe: str) -> int:
    """How many events one story has."""
    return len(list(_story(recipe, Keyring(b"any"), "", 0)))


def bodies(recipe: str, keyring: Keyring, first: int, stories: int, name: str, block: int) -> Iterator[Body]:
    """The events of these stories, as a source writes them but without their times; `name` keeps runs apart."""
    for low in range(first, first + stories, block):
        numbers = range(low, min(low + block, first + stories))
        lanes = [_story(recipe, keyring, name, number) for number in numbers]
        for row in zip_longest(*lanes):
            yield from (body for body in row if body is not None)


def history(
    recipe: str, keyring: Keyring, first: int, stories: int, name: str = "", step_ms: int = STEP_MS
) -> Iterator[bytes]:
    """Events of a history, one every ten minutes unless told, each as JSON."""
    start = first * story_events(recipe)
    for number, body in enumerate(bodies(recipe, keyring, first, stories, name, BLOCK), start):
        yield msgspec.json.encode(body | {"occurred_at": iso(START_MS + number * step_ms)})


def live(recipe: str, keyring: Keyring, first: int, stories: int, name: str, now_ms: int) -> Iterator[bytes]:
    """Events that happened a moment ago, each as JSON."""
    now = iso(now_ms)
    told = bodies(recipe, keyring, first, stories, name, LIVE_BLOCK)
    return (msgspec.json.encode(body | {"occurred_at": now}) for body in told)


def _story(recipe: str, keyring: Keyring, name: str, number: int) -> Iterator[Body]:
    """What one advocate, his friends and some strangers do, in their order."""
    own = f"{name}{number}"
    advocate = _person(f"a{own}")
    join = f"join-{own}"
    code = keyring.handle(join, 0)
    yield from _BECOMES_CUSTOMER[recipe](own, advocate)
    yield {"type": "join", "id": join, "person": advocate, "program": recipe}
    yield {"type": "share", "id": f"share-{own}", "code": code, "channel": "whatsapp"}
    for place in range(FRIENDS):
        friend = f"{own}-{place}"
        yield from _FRIENDS[recipe](friend, _person(f"f{friend}"), code)
        yield _order(f"s{friend}", _person(f"s{friend}"), 4000 + 700 * place)
    yield {"type": "profile", "id": f"profile-{own}", "person": advocate | {"fields": {"newsletter": True}}}


def _person(own: str) -> Body:
    return {
        "id": own,
        "email": f"{own}@shop.example",
        "name": "Zoë Țurcanu",
        "country": "US",
        "language": "en",
        "device": f"device-{own}",
        "network": f"net-{own}",
    }


def _order(own: str, person: Body, total: int, **more: Any) -> Body:
    return {
        "type": "order",
        "id": f"order-{own}",
        "order": own,
        "person": person,
        "total": total,
        "currency": "USD",
    } | more


def _does(own: str, what: str, person: Body) -> Body:
    return {"type": "activity", "id": f"{what}-{own}", "name": what, "person": person}


def _signs_up(own: str, person: Body, **more: Any) -> Body:
    return {"type": "sign_up", "id": f"sign-up-{own}", "person": person} | more


def _claims(own: str, person: Body, code: str, via: str = "claim") -> Body:
    return {"type": "claim", "id": f"claim-{own}", "person": person, "code": code, "via": via}


def _bombas(own: str, person: Body, code: str) -> Iterator[Body]:
    yield _claims(own, person, code)
    yield _signs_up(own, person)
    yield _order(f"f{own}", person, 9000)
    if own.endswith("3"):
        yield {"type": "refund", "id": f"refund-{own}", "order": f"f{own}", "amount": 2000}


def _coffee(own: str, person: Body, code: str) -> Iterator[Body]:
    yield _claims(own, person, code, "staff")
    yield _does(own, "first_visit", person)
    if own.endswith("3"):
        yield _does(own, "visit_voided", person)


def _dropbox(own: str, person: Body, code: str) -> Iterator[Body]:
    yield _claims(own, person, code)
    yield _signs_up(own, person)
    yield _does(own, "client_installed", person)


def _harrys(own: str, person: Body, code: str) -> Iterator[Body]:
    yield _signs_up(own, person, code=code)
    yield _does(own, "address_confirmed", person)


def _paypal(own: str, person: Body, code: str) -> Iterator[Body]:
    yield _claims(own, person, code)
    yield _signs_up(own, person)
    yield {"type": "profile", "id": f"verified-{own}", "person": person | {"fields": {"verified": True}}}


_FRIENDS: dict[str, Callable[[str, Body, str], Iterator[Body]]] = {
    "bombas": _bombas,
    "coffee-shop": _coffee,
    "dropbox": _dropbox,
    "harrys": _harrys,
    "paypal": _paypal,
}
_BECOMES_CUSTOMER: dict[str, Callable[[str, Body], list[Body]]] = {
    "bombas": lambda own, person: [_order(f"a{own}", person, 7000)],
    "coffee-shop": lambda own, person: [_does(f"a{own}", "first_visit", person)],
    "dropbox": lambda own, person: [_signs_up(f"a{own}", person)],
    "harrys": lambda own, person: [_signs_up(f"a{own}", person)],
    "paypal": lambda own, person: [_signs_up(f"a{own}", person)],
}
RECIPES = tuple(_FRIENDS)
