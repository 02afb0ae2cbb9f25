"""The shop's side of the prelaunch: it tells the events of a week in their order, in arrays and one by one, and keeps what it is answered.

An array ends where an event needs a code that is still to be answered; one by one, an event waits for those before it that are about
the same person or the same network. Now and then the same is sent a second time, as if the answer had been lost.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from bench.prelaunch import Address

PROGRAM = "harrys"
ARRAY = 500
STRETCH = 500
"""How many events are sent in one way before the other is taken."""
SINGLES_EVERY = 5
"""One stretch of so many goes one by one."""
CONNECTIONS = 32
AGAIN_EVERY = 50
"""One array of so many is sent twice."""
HEAD_LIMIT = 64 * 1024
Kind = Literal["sign_up", "join", "address_confirmed", "address_bounced"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to an address."""

    at_ms: int
    kind: Kind
    address: Address
    again: bool = False

    @property
    def id(self) -> str:
        """Under which it is told."""
        return f"{self.kind}{'-again' if self.again else ''}-{self.address.name}"


def happenings(addresses: Iterable[Address]) -> list[Happening]:
    """Everything that happens in a week, in its order."""
    found = [one for address in addresses for one in _of(address)]
    return sorted(found, key=lambda one: one.at_ms)


def _of(address: Address) -> Iterator[Happening]:
    yield Happening(address.at_ms, "sign_up", address)
    yield Happening(address.at_ms + 1, "join", address)
    if address.confirmed_ms is not None:
        yield Happening(address.confirmed_ms, "address_confirmed", address)
    if address.confirmed_again_ms is not None:
        yield Happening(address.confirmed_again_ms, "address_confirmed", address, again=True)
    if address.bounced_ms is not None:
        yield Happening(address.bounced_ms, "address_bounced", address)


def written(at_ms: int) -> str:
    """A time as it is sent."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Shop:
    """What it knows from the answers, and its connections to the server."""

    url: str
    secret: str
    codes: dict[str, str] = field(default_factory=dict)
    """By address: the code to invite with."""
    names: dict[str, str] = field(default_factory=dict)
    """By participant: the address."""
    said: dict[str, set[str]] = field(default_factory=dict)
    """By address: the reasons of all its answers."""
    requests: Counter[str] = field(default_factory=Counter)
    events: int = 0
    stretches: int = 0
    otherwise: int = 0
    """Events that were answered otherwise when they were told again."""

    async def play(self, week: list[Happening]) -> None:
        """Tell a week, or the next part of it."""
        lines = [await _Line.opened(self) for _ in range(CONNECTIONS)]
        for low in range(0, len(week), STRETCH):
            stretch = week[low : low + STRETCH]
            self.stretches += 1
            if self.stretches % SINGLES_EVERY == 0:
                await self._one_by_one(stretch, lines)
            else:
                await self._in_arrays(stretch, lines[0])
        for line in lines:
            line.close()

    async def open_doors(self, at_ms: int, rewards: Iterable[str], line: _Line | None = None) -> None:
        """The shop opens and hands over what was approved."""
        line = line or await _Line.opened(self)
        bodies = [
            {
                "type": "reward",
                "id": f"sent-{reward}",
                "occurred_at": written(at_ms),
                "reward": reward,
                "action": "issue",
            }
            for reward in rewards
        ]
        for low in range(0, len(bodies), ARRAY):
            await line.ask(bodies[low : low + ARRAY])
        line.close()

    async def wait_until(self, at_ms: int) -> None:
        """Nothing else happens until then."""
        line = await _Line.opened(self)
        await line.ask({"type": "time_passed", "id": f"until-{at_ms}", "occurred_at": written(at_ms)})
        line.close()

    # telling --------------------------------------------------------------------------------------------------------

    async def _in_arrays(self, stretch: list[Happening], line: _Line) -> None:
        portion: list[Happening] = []
        for one in stretch:
            if len(portion) == ARRAY or not self._may_be_told(one):
                await self._tell_array(portion, line)
                portion = []
            portion.append(one)
        if portion:
            await self._tell_array(portion, line)

    async def _tell_array(self, portion: list[Happening], line: _Line) -> None:
        bodies = [self._body(one) for one in portion]
        answers = await line.ask(bodies)
        self.requests["arrays"] += 1
        if self.requests["arrays"] % AGAIN_EVERY == 0:
            again = await line.ask(bodies)
            self.otherwise += sum(one != two for one, two in zip(answers, again, strict=True))
        for one, answer in zip(portion, answers, strict=True):
            self._keep(one, answer)

    async def _one_by_one(self, stretch: list[Happening], lines: list[_Line]) -> None:
        idle: asyncio.Queue[_Line] = asyncio.Queue()
        for line in lines:
            idle.put_nowait(line)
        busy: dict[str, asyncio.Task[None]] = {}
        for one in stretch:
            for name in self._about(one):
                if name in busy:
                    await busy[name]
            task = asyncio.create_task(self._tell_one(one, await idle.get(), idle))
            busy |= dict.fromkeys((one.address.name, one.address.network), task)
        await asyncio.gather(*set(busy.values()))

    def _about(self, one: Happening) -> list[str]:
        """What has to be answered before this is told."""
        names = [one.address.name]
        if one.kind == "sign_up":
            names.append(one.address.network)
            if not self._may_be_told(one) and one.address.advocate:
                names.append(one.address.advocate.name)
        return names

    async def _tell_one(self, one: Happening, line: _Line, idle: asyncio.Queue[_Line]) -> None:
        answer = await line.ask(self._body(one))
        idle.put_nowait(line)
        self.requests["singles"] += 1
        self._keep(one, answer)

    def _may_be_told(self, one: Happening) -> bool:
        """Whether the code that it needs is known."""
        return one.kind != "sign_up" or one.address.advocate is None or one.address.advocate.name in self.codes

    def _body(self, one: Happening) -> Json:
        address = one.address
        body: Json = {"id": one.id, "occurred_at": written(one.at_ms)}
        if one.kind == "join":
            return body | {"type": "join", "person": {"id": address.name}, "program": PROGRAM}
        if one.kind != "sign_up":
            return body | {"type": "activity", "name": one.kind, "person": {"id": address.name}}
        person = {"id": address.name, "email": f"{address.name}@mail.example", "language": "en", "country": "US"}
        body |= {"type": "sign_up", "person": person | {"network": address.network, "device": address.device}}
        if address.advocate is not None:
            body["code"] = self.codes[address.advocate.name]
        return body

    def _keep(self, one: Happening, answer: Json) -> None:
        """Note what an answer says.

        Raises:
            RuntimeError: it is none.
        """
        if "reasons" not in answer:
            raise RuntimeError(f"{one.id} was not decided: {answer}")
        self.events += 1
        if one.kind == "join":
            self.codes[one.address.name] = answer["advocate_code"]
            self.names[answer["participant"]] = one.address.name
        self.said.setdefault(one.address.name, set()).update(reason["code"] for reason in answer["reasons"])


class _Line:
    """A connection that is kept."""

    def __init__(self, shop: Shop, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._head = (
            f"POST /v1/events HTTP/1.1\r\nhost: {urlsplit(shop.url).netloc}\r\nauthorization: Bearer {shop.secret}\r\n"
            "goodword-history: 1\r\ncontent-type: application/json\r\ncontent-length: "
        ).encode()

    @classmethod
    async def opened(cls, shop: Shop) -> _Line:
        address = urlsplit(shop.url)
        return cls(shop, *await asyncio.open_connection(address.hostname, address.port, limit=HEAD_LIMIT))

    async def ask(self, content: Any) -> Any:
        """Send it, and give the answer.

        Raises:
            RuntimeError: it was not accepted.
        """
        body = msgspec.json.encode(content)
        self._writer.write(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        low = head.lower()
        place = low.index(b"content-length:") + 15
        answer = msgspec.json.decode(await self._reader.readexactly(int(low[place : low.index(b"\r\n", place)])))
        if head[9:12] != b"200":
            raise RuntimeError(f"answer {head[9:12].decode()}: {answer}")
        return answer

    def close(self) -> None:
        self._writer.close()
