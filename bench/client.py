"""The load client: a process of its own that keeps connections busy with prepared requests, and counts the answers.

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


async def _connection(host: str, port: int, requests: deque[bytes], statuses: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection(host, port, limit=LIMIT)
    while requests:
        writer.write(requests.popleft())
        head = await reader.readuntil(b"\r\n\r\n")
        low = head.lower()
        place = low.index(b"content-length:") + 15
        await reader.readexactly(int(low[place : low.index(b"\r\n", place)]))
        statuses[head[9:12].decode()] += 1
    writer.close()


def _posts(host: str, path: str, bodies: list[bytes]) -> deque[bytes]:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {os.environ['BENCH_KEY']}\r\n"
        "content-type: application/json\r\ncontent-length: "
    ).encode()
    return deque(head + str(len(body)).encode() + b"\r\n\r\n" + body for body in bodies)


def _gets(host: str, lines: list[bytes]) -> deque[bytes]:
    """Each line is a path, who asks, and from which address: as a proxy in front passes it on."""
    request = f"GET %b HTTP/1.1\r\nhost: {host}\r\nuser-agent: %b\r\naccept: */*\r\nx-forwarded-for: %b\r\n\r\n"
    return deque(request.encode() % tuple(line.split(b"\t")) for line in lines)


async def _run(url: str, path: str, bodies: list[bytes], connections: int) -> dict[str, object]:
    address = urlsplit(url)
    requests = _posts(address.netloc, path, bodies) if path else _gets(address.netloc, bodies)
    statuses: Counter[str] = Counter()
    used, started = time.process_time(), time.perf_counter()
    host, port = str(address.hostname), int(address.port or 80)
    await asyncio.gather(*(_connection(host, port, requests, statuses) for _ in range(connections)))
    seconds = time.perf_counter() - started
    return {
        "requests": len(bodies),
        "seconds": seconds,
        "cpu": time.process_time() - used,
        "statuses": statuses,
    }


if __name__ == "__main__":
    _, url, path, file, connections = sys.argv
    with open(file, "rb") as lines:
        bodies = lines.read().splitlines()
    print(json.dumps(asyncio.run(_run(url, path, bodies, int(connections)))))
