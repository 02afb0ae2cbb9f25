"""Many connections that send large bodies slowly."""

from __future__ import annotations

import asyncio
from collections import Counter

CHUNK = 64 * 1024
PAUSE_SECONDS = 0.02


async def flood(port: int, secret: str, connections: int, body: bytes) -> Counter[int]:
    """Send the body on so many connections at once, a piece at a time; how often each status was answered.

    0 stands for a connection that was closed without an answer.
    """
    found = await asyncio.gather(*(_send(port, secret, body) for _ in range(connections)))
    return Counter(found)


async def _send(port: int, secret: str, body: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.ensure_future(reader.readline())
    try:
        head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode())
        for place in range(0, len(body), CHUNK):
            writer.write(body[place : place + CHUNK])
            await writer.drain()
            await asyncio.sleep(PAUSE_SECONDS)
            if answer.done():
                break
        words = (await asyncio.wait_for(answer, 120)).split()
        return int(words[1]) if len(words) > 1 else 0
    except (ConnectionError, OSError):
        return 0
    finally:
        answer.cancel()
        await asyncio.gather(answer, return_exceptions=True)
        writer.close()
