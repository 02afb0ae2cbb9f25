"""What a service promises by an answer, kind by kind: how it is asked for, what is promised, and how a promise is broken.

Another kind is a class here and a row of `KINDS`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Connection, text

from goodword.engine.clicks import read_click
from goodword.engine.ids import Keyring
from goodword.pipeline.process import shown

AGAIN = frozenset({429, 503})
"""Statuses that ask for the same request once more."""


@dataclass(frozen=True)
class Item:
    """One request of a plan, of some kind."""

    kind: str
    content: Any


@dataclass(frozen=True)
class Request:
    """An item as it goes over the wire."""

    method: str
    path: str
    body: bytes | None = None


class Acknowledged(Protocol):
    """A kind of promise."""

    def request(self, content: Any) -> Request:
        """How it is asked for."""

    def promises(self, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """By id, what an answer promises."""

    def left(self, content: Any, promised: Mapping[str, str]) -> Any | None:
        """What still has to be asked for after an answer that promised this; None if nothing is."""

    def broken(
        self, connection: Connection, tenant: str, keyring: Keyring, promised: Mapping[str, str]
    ) -> Iterator[str]:
        """Promises that the stored data does not keep."""


class Events:
    """Events, alone or in an array: each is stored once, with the very answer that was given."""

    def request(self, content: Any) -> Request:
        return Request("POST", "/v1/events", json.dumps(content).encode())

    def promises(self, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        # Taken apart by hand: the bytes of each answer are compared, not what they mean.
        if status != 200:
            return {}
        answers = json.loads(body)
        pieces = _pieces(body.decode()) if isinstance(answers, list) else [body.decode()]
        listed = answers if isinstance(answers, list) else [answers]
        return {one["event"]: piece for one, piece in zip(listed, pieces, strict=True) if "event" in one}

    def left(self, content: Any, promised: Mapping[str, str]) -> Any | None:
        if not isinstance(content, list):
            return None if content["id"] in promised else content
        return [one for one in content if one["id"] not in promised] or None

    def broken(
        self, connection: Connection, tenant: str, keyring: Keyring, promised: Mapping[str, str]
    ) -> Iterator[str]:
        rows = connection.execute(text("SELECT id, answer FROM events WHERE tenant = :tenant"), {"tenant": tenant})
        stored: dict[str, list[str]] = {}
        for id, answer in rows:
            stored.setdefault(id, []).append(answer)
        yield from (f"{id} is stored {len(answers)} times" for id, answers in stored.items() if len(answers) > 1)
        for id, answer in promised.items():
            if id not in stored:
                yield f"{id} was acknowledged and is not stored"
            elif shown(stored[id][0].encode(), keyring).decode() != answer:
                yield f"{id} was answered {answer} and is stored as {stored[id][0]}"


def _pieces(array: str) -> list[str]:
    """The items of a JSON array, each as it is written."""
    decoder, place, out = json.JSONDecoder(), 1, []
    while place < len(array) - 1:
        _, end = decoder.raw_decode(array, place)
        out.append(array[place:end])
        place = end + 1
    return out


class Clicks:
    """Clicks on links: each redirect carries a click id of its own, and its hit is stored once."""

    def request(self, content: Any) -> Request:
        return Request("GET", f"/r/{content['code']}?ch={content['channel']}")

    def promises(self, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        if status != 302:
            return {}
        location = {name.lower(): value for name, value in headers.items()}["location"]
        tokens = parse_qs(urlsplit(location).query).get("gw_click")
        # Without its token, which needs the program: the database was away and the code not seen before.
        return {f"token {tokens[0]}" if tokens else f"page {location}": location}

    def left(self, content: Any, promised: Mapping[str, str]) -> Any | None:
        return None if promised else content

    def broken(
        self, connection: Connection, tenant: str, keyring: Keyring, promised: Mapping[str, str]
    ) -> Iterator[str]:
        rows = connection.execute(
            text("SELECT click, COUNT(*) FROM hits WHERE tenant = :tenant GROUP BY click"), {"tenant": tenant}
        )
        stored = {click: count for click, count in rows if click is not None}
        yield from (f"the click {click} is stored {count} times" for click, count in stored.items() if count > 1)
        for name in promised:
            kind, _, token = name.partition(" ")
            click = read_click(keyring, token) if kind == "token" else None
            if kind == "token" and (click is None or click.id not in stored):
                yield f"the click {token} was answered by a redirect and is not stored"


KINDS: dict[str, Acknowledged] = {"events": Events(), "clicks": Clicks()}
