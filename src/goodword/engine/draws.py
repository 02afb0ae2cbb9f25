"""Draws that anybody can check: a committed seed, mixed with the list of entries, and nothing else.

The SHA-256 of the seed is known from the opening of the contest. When no entry can change any more, the list of entries is
hashed, entry by entry in the order of their ids, each hash over the one before. Ticket number `k` is the HMAC-SHA-256, with
the seed as its key, of that hash and `k`, as a number, modulo how many tickets there are. Tickets are numbered from 0 in the
order of the list. Neither the seed alone nor the list alone decides anything, and with both, everybody finds the same winners.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from itertools import accumulate

DRAWN_MORE = 20
"""How many tickets are drawn beyond twice as many as there are places: some find the same entrant, or one not eligible."""
ROUNDS_MAX = 10
"""How often further tickets are drawn while places are left."""


def seed_hash(seed: str) -> str:
    """What is told of a seed before it is used."""
    return hashlib.sha256(seed.encode()).hexdigest()


def first_hash(board: str) -> str:
    """The hash of a contest's list before its first entry."""
    return hashlib.sha256(board.encode()).hexdigest()


def with_entry(before: str, entrant: str, tickets: int) -> str:
    """The hash of a list with one more entry."""
    return hashlib.sha256(f"{before} {entrant} {tickets}".encode()).hexdigest()


def ticket(seed: str, entries_hash: str, number: int, tickets: int) -> int:
    """The ticket that is drawn as number `number`, from 0."""
    drawn = hmac.digest(seed.encode(), f"{entries_hash} {number}".encode(), "sha256")
    return int.from_bytes(drawn, "big") % tickets


def wanted(places: int) -> int:
    """How many tickets one round draws."""
    return 2 * places + DRAWN_MORE


def found_in(page: Iterable[tuple[str, int]], passed: int, drawn: dict[int, int]) -> Iterator[tuple[int, str]]:
    """Whose tickets stand in a page of entries: the number of the draw, and the entrant.

    `page` has entrants with their tickets, `passed` is how many tickets stand before it, `drawn` the tickets by number.
    """
    entries = list(page)
    ends = list(accumulate((tickets for _, tickets in entries), initial=passed))
    by_ticket = sorted((ticket, number) for number, ticket in drawn.items() if passed <= ticket < ends[-1])
    place = 0
    for ticket, number in by_ticket:
        while ends[place + 1] <= ticket:
            place += 1
        yield number, entries[place][0]


def in_order(found: dict[int, str]) -> list[str]:
    """Whom the tickets found, each once, in the order in which they were drawn."""
    return list(dict.fromkeys(found[number] for number in sorted(found)))


def check(
    board: str, entries: Iterable[tuple[str, int]], *, seed: str, told_hash: str, entries_hash: str, drawn: int
) -> list[str]:
    """Draw again: whom the tickets find, in their order.

    Args:
        board: the contest, as ``PROGRAM|CONTEST``.
        entries: entrants with their tickets, in the order of their ids.
        seed: the seed as it was told after the draw.
        told_hash: its SHA-256 as it was told before.
        entries_hash: the hash of the list as it was told.
        drawn: how many tickets were drawn.

    Raises:
        ValueError: the seed is not the one that was committed, or the list is not the one that was hashed.
    """
    if seed_hash(seed) != told_hash:
        raise ValueError("the seed is not the one whose hash was told before")
    listed = list(entries)
    found_hash = first_hash(board)
    for entrant, tickets in listed:
        found_hash = with_entry(found_hash, entrant, tickets)
    if found_hash != entries_hash:
        raise ValueError("the list of entries is not the one that was hashed when the contest closed")
    total = sum(tickets for _, tickets in listed)
    if not total:
        return []
    tickets_drawn = {number: ticket(seed, entries_hash, number, total) for number in range(drawn)}
    return in_order(dict(found_in(listed, 0, tickets_drawn)))
