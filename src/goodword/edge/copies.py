"""Telling a spool from a copy of it that went its own way.

One id means one file, until a folder is copied, with its machine perhaps: then two files begin alike under one id, and what
one of them stored says nothing of the other. What stands at a place in a file never changes, so one line tells: if the last
hit that was stored stands here at the same place, all before it does, too.
"""

from __future__ import annotations

from typing import BinaryIO

from sqlalchemy import Connection

from goodword.edge.spool import SpoolLine, unpack_line
from goodword.storage.hits import Hit, hits_from, last_hit

LINE_BYTES_MAX = 64 * 1024
"""How long a line is at most: codes and channels are short."""
COMPARED_MAX = 1000
"""How many hits are read at once to find the first that differs."""


def agrees(connection: Connection, tenant: str, spool: str, file: BinaryIO, before: int) -> bool:
    """Whether what was stored of a spool up to a place came from this file, or from one that had the same until there."""
    hit = last_hit(connection, tenant, spool, before)
    return hit is None or _is_here(hit, file)


def common_end(connection: Connection, tenant: str, spool: str, file: BinaryIO, start: int) -> int:
    """Up to where what was stored of a spool stands in this file as well; `start` is where its hits begin."""
    end, place = start, start
    while hits := hits_from(connection, tenant, spool, place, COMPARED_MAX):
        for hit in hits:
            if not _is_here(hit, file):
                return end
            end = file.tell()
        place = hits[-1].place + 1
    return end


def line_start(file: BinaryIO, place: int) -> int:
    """The beginning of the line in which a place is; of a line that begins there, itself."""
    low = max(0, place - LINE_BYTES_MAX)
    file.seek(low)
    return low + file.read(place - low).rfind(b"\n") + 1


def _is_here(hit: Hit, file: BinaryIO) -> bool:
    """Whether a stored hit stands at its place in the file, which is read to the end of that line."""
    file.seek(hit.place)
    line = unpack_line(file.readline(LINE_BYTES_MAX).removesuffix(b"\n"))
    return line is not None and _said(line, hit)


def _said(line: SpoolLine, hit: Hit) -> bool:
    alike = (line.at_ms, line.code, line.channel, line.click) == (hit.at_ms, hit.code, hit.channel, hit.click)
    return alike and hit.network in (None, line.network)  # which is forgotten in time
