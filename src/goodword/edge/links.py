"""Link records: all that a click needs to know of a code, kept in memory.

A record that is no longer fresh is used while a newer one is fetched, and for as long as the database is away. Codes that
nobody has are remembered, too, for a few seconds. Codes that are missing at the same moment are looked up with one query by
one thread; whoever asks for a code that is being looked up waits for the same answer.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

import structlog
from msgspec import Struct

from goodword.edge.targets import Places, ascii_address, handle_target, parameter, shop_origins, with_parameters
from goodword.engine.state import HANDLES, Handle, State
from goodword.program.loader import ProgramError, load_program
from goodword.storage.database import Database
from goodword.storage.load import load, load_live_programs, load_program_texts

LINKS_MAX = 50_000
"""How many records are kept; the one that was not asked for longest goes first."""
MISSING_MAX = 20_000
"""How many codes are remembered that nobody has."""
FRESH_SECONDS = 30.0
"""How old a record may be before it is fetched again: a code that is switched off stops within this time."""
MISSING_SECONDS = 3.0
"""How long a code stays unknown after it was looked up: soon afterwards somebody may have got it."""
RETRY_SECONDS = 1.0
"""How long a database that is away is left alone."""
LOOKUP_SECONDS = 2.0
"""How long a visitor waits for a code to be looked up."""
STOP_SECONDS = 2.0
"""How long a stopping thread may take for its last query."""
LOOKUP_MAX = 500
"""How many codes one query looks up."""
ASKED_MAX = 5000
"""How many codes may wait to be looked up; what comes on top is treated as if the database were away."""
PROGRAMS_MAX = 1000
"""How many program versions are remembered."""

log = structlog.get_logger("goodword.links")


class Link(Struct, frozen=True):
    """What a click needs to know of a code."""

    handle: Handle
    clicks: bool
    """The program takes click tokens as evidence."""
    normal: str | None
    """Where it leads; None where the shop has not said so."""
    location: bytes
    """The same with the code in it, as it goes into the header."""
    origins: frozenset[str]
    """Where deep links may lead."""
    parameters: str
    """The code as a parameter."""


class ProgramLinks(Struct, frozen=True):
    """What a program says about its links."""

    landing: str | None = None
    clicks: bool = False


class Away:
    """The database could not be asked."""


AWAY: Final = Away()
Found = Link | None | Away


def make_link(handle: Handle, program: ProgramLinks, places: Places) -> Link:
    """The record of a code."""
    landing = program.landing and ascii_address(program.landing)
    main = landing or places.home
    origins = shop_origins(places, program.landing)
    own = handle_target(handle.target, main, origins) if handle.target else None
    normal = own or main
    parameters = parameter("gw_code", handle.written)
    location = with_parameters(normal, parameters).encode() if normal else b""
    return Link(handle, program.clicks, normal, location, origins, parameters)


class _Entry:
    """A record and until when it is fresh."""

    __slots__ = ("fresh_until", "link")

    def __init__(self, link: Link, fresh_until: float) -> None:
        self.link = link
        self.fresh_until = fresh_until


class Links:
    """The records of a tenant. All but the thread is used by the loop alone."""

    def __init__(self, database: Database, tenant: str, places: Places) -> None:
        self._database = database
        self._tenant = tenant
        self._places = places
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._missing: OrderedDict[str, float] = OrderedDict()
        self._waiting: dict[str, list[asyncio.Future[Found]]] = {}
        self._asked: deque[str] = deque()
        self._programs: dict[tuple[str, int], ProgramLinks] = {}
        self._away_until = 0.0
        self._changed = threading.Condition()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="goodword-links", daemon=True)
        self.lookups = 0
        """How many queries were made."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the thread that asks the database."""
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """End the thread; one that hangs in the database is left to itself."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)

    @property
    def away(self) -> bool:
        """Whether the database did not answer a moment ago."""
        return time.monotonic() < self._away_until

    def cached(self, code: str) -> Link | None:
        """The record of a code if it is in memory."""
        entry = self._entries.get(code)
        if entry is None:
            return None
        if time.monotonic() > entry.fresh_until and code not in self._waiting and not self.away:
            self._ask(code)
        self._entries.move_to_end(code)
        return entry.link

    async def find(self, code: str) -> Found:
        """The record of a code that is not in memory; None where nobody has it."""
        now = time.monotonic()
        if self._missing.get(code, 0.0) > now:
            return None
        loop = self._loop
        if loop is None or self.away or (code not in self._waiting and not self._ask(code)):
            return AWAY
        future: asyncio.Future[Found] = loop.create_future()
        self._waiting[code].append(future)
        done, _ = await asyncio.wait([future], timeout=LOOKUP_SECONDS)
        if not done:
            with suppress(KeyError, ValueError):
                self._waiting[code].remove(future)
            self._away_until = time.monotonic() + RETRY_SECONDS
            return AWAY
        return future.result()

    def _ask(self, code: str) -> bool:
        if len(self._waiting) >= ASKED_MAX:
            return False
        self._waiting[code] = []
        with self._changed:
            self._asked.append(code)
            self._changed.notify()
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._asked or self._stopping)
                codes = [self._asked.popleft() for _ in range(min(len(self._asked), LOOKUP_MAX))]
            if self._stopping:
                return
            found: dict[str, Link | None] | None = None
            try:
                found = self._look_up(codes)
            except Exception as error:
                # The thread survives whatever happens: without an answer the database counts as away.
                log.warning("lookup_failed", codes=len(codes), error=type(error).__name__)
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._learn, codes, found)

    def _look_up(self, codes: Collection[str]) -> dict[str, Link | None]:
        self.lookups += 1
        state = State()
        with self._database.read() as connection:
            load(connection, self._tenant, state, {HANDLES.name: set(codes)})
            handles = {code: state.get(HANDLES, code) for code in codes}
            live = load_live_programs(connection, self._tenant)
            wanted = {(h.program, live[h.program]) for h in handles.values() if h is not None and h.program in live}
            texts = load_program_texts(connection, self._tenant, wanted - self._programs.keys())
        if len(self._programs) > PROGRAMS_MAX:
            self._programs.clear()
        for key, text in texts.items():
            self._programs[key] = program_links(key, text)
        return {code: None if handle is None else self._link(handle, live) for code, handle in handles.items()}

    def _link(self, handle: Handle, live: Mapping[str, int]) -> Link:
        program = self._programs.get((handle.program, live.get(handle.program, 0)), ProgramLinks())
        return make_link(handle, program, self._places)

    def _learn(self, codes: Collection[str], found: Mapping[str, Link | None] | None) -> None:
        """In the loop: keep what was found, and tell those who wait for it."""
        now = time.monotonic()
        if found is None:
            self._away_until = now + RETRY_SECONDS
        for code in codes:
            answer: Found = AWAY if found is None else found[code]
            if isinstance(answer, Link):
                self._entries[code] = _Entry(answer, now + FRESH_SECONDS)
                self._entries.move_to_end(code)
                self._missing.pop(code, None)
            elif answer is None:
                self._entries.pop(code, None)
                self._missing[code] = now + MISSING_SECONDS
                self._missing.move_to_end(code)
            for future in self._waiting.pop(code, ()):
                if not future.done():
                    future.set_result(answer)
        while len(self._entries) > LINKS_MAX:
            self._entries.popitem(last=False)
        while len(self._missing) > MISSING_MAX:
            self._missing.popitem(last=False)


def program_links(key: tuple[str, int], text: str) -> ProgramLinks:
    """What a version of a program says about its links."""
    try:
        model = load_program(text, key[1]).model
    except ProgramError:
        # Decisions stop loudly here. A visitor still gets to the shop.
        log.error("program_unreadable", program=key[0], version=key[1])
        return ProgramLinks()
    return ProgramLinks(model.landing, "click" in model.attribution.evidence)
