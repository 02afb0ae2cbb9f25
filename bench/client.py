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


async def _run(url: str, path: str, bodies: list[bytes], connections: int) -> dict[str, object]:
    address = urlsplit(url)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {address.netloc}\r\nauthorization: Bearer {os.environ['BENCH_KEY']}\r\n"
        "content-type: application/json\r\ncontent-length: "
    ).encode()
    requests = deque(head + str(len(body)).encode() + b"\r\n\r\n" + body for body in bodies)
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
