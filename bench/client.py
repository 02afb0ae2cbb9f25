"""The load client: a process of its own that sends prepared requests, and counts the answers.

Either it keeps connections busy, each with one request after the other, or it sends at a rate, whatever the answers. Then it keeps how
long each request took from the moment at which it was to be sent: who has to wait behind a slow answer waits in what is measured.

It does as little as it can per request (no HTTP library, no JSON), so that it is not what is measured.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter, deque
from urllib.parse import urlsplit

LIMIT = 64 * 1024 * 1024


async def _connection(
    host: str, port: int, requests: deque[bytes], statuses: Counter[str], took_ms: list[float]
) -> None:
    reader, writer = await asyncio.open_connection(host, port, limit=LIMIT)
    while requests:
        sent = time.perf_counter()
        writer.write(requests.popleft())
        statuses[await _answer(reader)] += 1
        took_ms.append((time.perf_counter() - sent) * 1000)
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> str:
    """The status of an answer, once all of it is there."""
    head = await reader.readuntil(b"\r\n\r\n")
    low = head.lower()
    place = low.index(b"content-length:") + 15
    await reader.readexactly(int(low[place : low.index(b"\r\n", place)]))
    return head[9:12].decode()


class _Paced:
    """Requests at a rate: each on a connection that is free, or on a new one."""

    def __init__(self, host: str, port: int, rate: float, statuses: Counter[str]) -> None:
        self._host, self._port, self._rate, self._statuses = host, port, rate, statuses
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.took_ms: list[float] = []
        """From the moment at which it was to be sent to the end of its answer."""
        self.late_ms: list[float] = []
        """How much of that passed before it was sent: what the client itself adds."""

    async def run(self, requests: deque[bytes], connections: int) -> None:
        """Send them all."""
        self._free = [await self._open() for _ in range(connections)]
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number, request in enumerate(requests):
                due = started + number / self._rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(self._send(request, due))
        for _, writer in self._free:
            writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._host, self._port, limit=LIMIT)

    async def _send(self, request: bytes, due: float) -> None:
        reader, writer = self._free.pop() if self._free else await self._open()
        writer.write(request)
        self.late_ms.append((time.perf_counter() - due) * 1000)
        self._statuses[await _answer(reader)] += 1
        self.took_ms.append((time.perf_counter() - due) * 1000)
        self._free.append((reader, writer))


def _posts(host: str, path: str, bodies: list[bytes]) -> deque[bytes]:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {os.environ['BENCH_KEY']}\r\n"
        "content-type: application/json\r\ncontent-length: "
    ).encode()
    return deque(head + str(len(body)).encode() + b"\r\n\r\n" + body for body in bodies)


def _gets(host: str, lines: list[bytes]) -> deque[bytes]:
    """Each line is a path, who asks, and from which address, as a proxy in front passes it on; it may end with cookies."""
    request = f"GET %b HTTP/1.1\r\nhost: {host}\r\nuser-agent: %b\r\naccept: */*\r\nx-forwarded-for: %b\r\n%b\r\n"
    asked: deque[bytes] = deque()
    for line in lines:
        path, agent, address, *cookies = line.split(b"\t")
        asked.append(request.encode() % (path, agent, address, b"".join(b"cookie: %b\r\n" % one for one in cookies)))
    return asked


async def _run(url: str, path: str, bodies: list[bytes], connections: int, rate: float) -> dict[str, object]:
    address = urlsplit(url)
    requests = _posts(address.netloc, path, bodies) if path else _gets(address.netloc, bodies)
    statuses: Counter[str] = Counter()
    used, started = time.process_time(), time.perf_counter()
    host, port = str(address.hostname), int(address.port or 80)
    paced = _Paced(host, port, rate, statuses)
    if rate:
        await paced.run(requests, connections)
    else:
        working = (_connection(host, port, requests, statuses, paced.took_ms) for _ in range(connections))
        await asyncio.gather(*working)
    seconds = time.perf_counter() - started
    return {
        "requests": len(bodies),
        "seconds": seconds,
        "cpu": time.process_time() - used,
        "statuses": statuses,
        "took_ms": paced.took_ms,
        "late_ms": paced.late_ms,
    }


if __name__ == "__main__":
    _, url, path, file, connections, rate = sys.argv
    with open(file, "rb") as lines:
        bodies = lines.read().splitlines()
    print(json.dumps(asyncio.run(_run(url, path, bodies, int(connections), float(rate)))))
