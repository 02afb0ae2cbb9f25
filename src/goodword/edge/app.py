"""`GET /r/CODE`: from the request to the redirect, as a plain ASGI application.

A person's redirect goes out after the hit is on the disk. Everybody else's hit is only counted, and nobody waits for it. HEAD
counts as nothing.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote

import structlog

from goodword.addresses import KNOWN_MAX, Proxies, limited_as, parse_address, truncated
from goodword.buckets import Buckets
from goodword.edge.agents import FETCHED_AHEAD, is_fetched_ahead, kind_of_agent, warm_up
from goodword.edge.allowance import Allowance
from goodword.edge.drain import Drain
from goodword.edge.links import Away, Found, Link, Links
from goodword.edge.pages import STATUS, STYLE_HASH, Page, page, wanted_language
from goodword.edge.qr import MEDIA, SIZE_MAX, SIZE_MIN, Format, draw, read_picture
from goodword.edge.spool import Spool, SpoolLine, pack_line
from goodword.edge.tally import Tally
from goodword.edge.targets import (
    NOTHING_ASKED,
    Asked,
    Places,
    deep_target,
    parameter,
    read_asked,
    read_places,
    with_parameters,
)
from goodword.engine.clicks import click_token
from goodword.engine.ids import Keyring, normalise_code
from goodword.engine.state import Handle
from goodword.measure import CONTENT_TYPE, Measures
from goodword.settings import InvalidSetting, Settings
from goodword.storage.database import Database

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

PREFIX = "/r/"
CODE_MAX = 64
"""How many characters a code may have."""
TEXT_MAX = 200
"""How many characters a code may be written with: hyphens and spaces do not count as the code's."""
UNKNOWN_BURST = 20
"""How many unknown codes an address may ask for at once: codes are short, and an office behind one address mistypes too."""
UNKNOWN_EVERY_SECONDS = 3.0
"""After how long it may ask for one more: guessing must stay slow."""
DRAWING_MAX = 2
"""How many pictures are drawn at once."""
DAY_SECONDS = 24 * 3600
NONCE_BYTES = 8
FORWARDED_CHARS_MAX = 200
"""How long an X-Forwarded-For may be to be remembered with whom it means."""
REPEATED = "repeated"
"""The kind of a person's hit that is only counted, because his address had as many as are kept."""

GUARDED: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
    (b"cache-control", b"no-store"),
]
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
).encode()
REDIRECT_HEADERS: Headers = [(b"content-length", b"0"), *GUARDED]
PAGE_HEADERS: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", POLICY),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"vary", b"accept-language"),
    *GUARDED,
]
PICTURE_HEADERS: Headers = [
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"cross-origin"),  # a shop shows it in its own pages
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"host"),
]
_HOST = re.compile(rb"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_PRIVATE = frozenset({b"sec-gpc", b"dnt"})
"""Headers by which browsers ask, with a 1, not to be told apart: Global Privacy Control, and what came before it."""
_READ = frozenset(FETCHED_AHEAD) | _PRIVATE | {
    b"user-agent", b"accept-language", b"host", b"if-none-match", b"x-forwarded-for", b"x-forwarded-proto"
}  # fmt: skip
_EMPTY = {"type": "http.response.body", "body": b""}

log = structlog.get_logger("goodword.edge")
_code = lru_cache(maxsize=KNOWN_MAX)(normalise_code)


@dataclass(slots=True)
class Request:
    """What of a request is of interest."""

    method: str
    query: bytes
    peer: str | None
    agent: bytes = b""
    language: bytes = b""
    host: bytes = b""
    scheme: str = "http"
    etag: bytes = b""
    forwarded: tuple[str, ...] = ()
    forwarded_scheme: str = ""
    ahead: bool = False
    """The browser only fetches ahead."""
    private: bool = False
    """Who asks wants to be no one in particular."""


class Edge:
    """The redirect of a tenant, with its threads."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        keyring: Keyring,
        now_ms: Callable[[], int],
        friend_pages: str | None = None,
    ) -> None:
        """Nothing runs before `start`.

        Args:
            settings: of the process.
            database: where codes are looked up.
            keyring: of the tenant.
            now_ms: the time.
            friend_pages: the path under which this process shows invitations by their codes, where it does.

        Raises:
            InvalidSetting: a setting cannot be used.
        """
        self._places: Places = read_places(settings)
        self._proxies = read_proxies(settings)
        self._behind_proxies = bool(self._proxies)
        self._pages = friend_pages
        self._keyring = keyring
        self._now_ms = now_ms
        self._links = Links(database, settings.tenant, self._places)
        self.spool = Spool(settings.spool, settings.tenant)
        own = (lambda: self.spool.current, now_ms, settings.hits_days, self.spool.leave)
        self.drain = Drain(database, settings.tenant, settings.spool, *own)
        self._tally = Tally(self.spool.put)
        self._allowance = Allowance(settings.hits_address)
        self._buckets = Buckets(1 / UNKNOWN_EVERY_SECONDS, UNKNOWN_BURST)
        # Of their own: who followed a good link while the database was away has not guessed.
        self._away_buckets = Buckets(1 / UNKNOWN_EVERY_SECONDS, UNKNOWN_BURST)
        self._drawing = asyncio.Semaphore(DRAWING_MAX)
        self._network = lru_cache(maxsize=KNOWN_MAX)(self._hashed_network)
        self._known_visitor = lru_cache(maxsize=KNOWN_MAX)(self._visitor_at)
        self.counts: Counter[str] = Counter()
        """Requests since the start, by what became of them."""

    async def start(self) -> None:
        """Start the threads.

        Raises:
            OSError: clicks cannot be written.
        """
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(warm_up)
        self.spool.start(loop)
        self._links.start(loop)
        self.drain.start()

    async def stop(self) -> None:
        """Write what waits, bring it into the database, and end."""
        self._tally.write()
        await asyncio.to_thread(self.spool.stop)
        await asyncio.to_thread(self.drain.stop)
        await asyncio.to_thread(self._links.stop)

    @property
    def state(self) -> dict[str, str]:
        """What runs. The database may be away: redirects go on."""
        return {
            "spool": "up" if self.spool.alive else "down",
            "database": "away" if self._links.away else "up",
        }

    def measured_by(self, measures: Measures) -> None:
        """Show what became of requests, and how far the database is behind the spools."""
        measures.watch("goodword_clicks", "requests for links since the start", lambda: dict(self.counts), "outcome")
        measures.watch("goodword_spool_bytes", "bytes of spools that are not stored yet", self.drain.waiting_bytes)
        measures.watch("goodword_hits_stored", "hits that were stored since the start", lambda: self.drain.drained)
        measures.watch(
            "goodword_spools_copied", "spools that were copied and went on as others", lambda: self.drain.parted
        )
        measures.watch("goodword_hits_lost", "hits that the disk did not take", lambda: self.spool.lost)
        measures.watch("goodword_hits_late", "redirects that did not wait for a slow disk", lambda: self.spool.late)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose path begins with `PREFIX`."""
        try:
            await self._answer(scope, send)
        except Exception as error:
            # The message of an error may hold what was sent; its kind and place do not.
            log.error("redirect_failed", error=type(error).__name__, exc_info=True)
            self.counts["failed"] += 1
            with suppress(Exception):  # the answer may have begun, or nobody may be there any more
                await _send(send, 500, GUARDED)

    async def _answer(self, scope: Scope, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await _send(send, 405, [(b"allow", b"GET, HEAD"), *GUARDED])
            return
        text, _, picture = scope["path"][len(PREFIX) :].partition("/")
        request = self._read(scope)
        if picture:
            await self._picture(request, text, picture, send)
            return
        code = _code(text) if len(text) <= TEXT_MAX else ""
        link: Found = self._links.cached(code)
        if link is None:
            if not code or len(code) > CODE_MAX:
                await self._unknown(request, send)
                return
            if self._must_wait(request) and not self._links.away:
                await self._slow(request, send)
                return
            link = await self._links.find(code)
        if link is None:
            await self._unknown(request, send)
        elif isinstance(link, Away):
            await self._away(request, code, send)
        else:
            await self._follow(request, link, send)

    async def _follow(self, request: Request, link: Link, send: Send) -> None:
        """The code is somebody's."""
        at_ms = self._now_ms()
        handle = link.handle
        if handle.refused_at(at_ms) is not None:
            self._count(request, "gone", handle.code, at_ms)
            await self._page(request, "gone", send)
            return
        asked = read_asked(request.query) if request.query else NOTHING_ASKED
        named = link.clicks and request.method == "GET" and not request.private
        nonce = os.urandom(NONCE_BYTES) if named else None
        kept = self._hit(request, handle.code, asked, nonce, at_ms)
        if kept is not None:
            await kept
        if link.normal is None:
            await self._nowhere(request, handle, send)
        elif asked.to is None and nonce is None:
            await _redirect(link.location, send)
        else:
            await _redirect(self._location(link, link.normal, asked, nonce, at_ms), send)

    async def _nowhere(self, request: Request, handle: Handle, send: Send) -> None:
        """The shop has no page where friends arrive: our own says what they get, where this process has it."""
        if self._pages is None:
            await self._page(request, "nowhere", send)
        else:
            await _redirect(f"{self._pages}{quote(handle.written, safe='')}".encode(), send)

    def _location(self, link: Link, normal: str, asked: Asked, nonce: bytes | None, at_ms: int) -> bytes:
        target = deep_target(asked.to, normal, link.origins) if asked.to is not None else None
        parameters = link.parameters
        if nonce is not None:
            token = click_token(self._keyring, link.handle.code, at_ms, nonce)
            parameters = f"{parameters}&{parameter('gw_click', token)}"
        return with_parameters(target or normal, parameters).encode()

    async def _away(self, request: Request, code: str, send: Send) -> None:
        """Nobody can say whose code it is: the shop gets it, and the hit finds its owner when it is stored.

        It may be nobody's. So an address that asks for many is still led on, but leaves nothing.
        """
        asked = read_asked(request.query) if request.query else NOTHING_ASKED
        name = self._limited_as(request)
        if self._away_buckets.wait_seconds(name):
            self.counts["limited"] += 1
        else:
            self._away_buckets.spend(name)
            kept = self._hit(request, code, asked, None, self._now_ms())
            if kept is not None:
                await kept
        self.counts["away"] += 1
        home = self._places.home
        if home is None:
            await self._page(request, "away", send, [(b"retry-after", b"10")])
            return
        target = deep_target(asked.to, home, self._places.origins) if asked.to is not None else None
        await _redirect(with_parameters(target or home, parameter("gw_code", code)).encode(), send)

    async def _unknown(self, request: Request, send: Send) -> None:
        self._buckets.spend(self._limited_as(request))
        self._count(request, "unknown", "", self._now_ms())
        await self._page(request, "unknown", send)

    async def _slow(self, request: Request, send: Send) -> None:
        self.counts["limited"] += 1
        wait = self._buckets.wait_seconds(self._limited_as(request))
        await self._page(request, "slow", send, [(b"retry-after", str(wait).encode())])

    def _hit(
        self, request: Request, code: str, asked: Asked, nonce: bytes | None, at_ms: int
    ) -> asyncio.Future[bool] | None:
        """Keep a hit. A person waits for the future: then it is on the disk; or the disk failed, and he goes on all the same."""
        kind = "prefetch" if request.ahead else kind_of_agent(request.agent)
        if request.method == "HEAD" or kind != "person":
            self._count(request, kind, code, at_ms)
            return None
        address, network = self._visitor(request)
        if not self._allowance.take(address, code, at_ms):
            self._count(request, REPEATED, code, at_ms)
            return None
        self.counts["person"] += 1
        click = None if nonce is None else nonce.hex()
        kept = SpoolLine(at_ms, "person", code, asked.channel, None if request.private else network, click)
        return self.spool.kept(pack_line(kept))

    def _count(self, request: Request, kind: str, code: str, at_ms: int) -> None:
        """Count what is no person's hit, without waiting."""
        if request.method == "HEAD":
            return
        self.counts[kind] += 1
        self._tally.add(kind, code, at_ms)

    async def _page(self, request: Request, name: Page, send: Send, headers: Headers | None = None) -> None:
        body = page(name, wanted_language(request.language), self._places.home)
        await _send(send, STATUS[name], [*PAGE_HEADERS, *(headers or ())], body, request.method == "HEAD")

    # pictures ---------------------------------------------------------------------------------------------------------

    async def _picture(self, request: Request, text: str, name: str, send: Send) -> None:
        """``/r/CODE/qr.svg``: the link of a code that somebody has, as a QR code."""
        format: Format | None = "svg" if name == "qr.svg" else "png" if name == "qr.png" else None
        code = _code(text) if len(text) <= TEXT_MAX else ""
        if format is None or not code or len(code) > CODE_MAX:
            await self._page(request, "unknown", send)
            return
        if self._must_wait(request) and self._links.cached(code) is None:
            await self._slow(request, send)
            return
        link: Found = self._links.cached(code) or await self._links.find(code)
        if isinstance(link, Away):
            await self._page(request, "away", send, [(b"retry-after", b"10")])
        elif link is None:
            self._buckets.spend(self._limited_as(request))
            await self._page(request, "unknown", send)
        else:
            await self._draw(request, link, format, send)

    async def _draw(self, request: Request, link: Link, format: Format, send: Send) -> None:
        origin = self._places.public_url or self._own_origin(request)
        channel = read_asked(request.query).channel
        address = f"{origin}{PREFIX}{quote(link.handle.written, safe='')}" + (f"?ch={channel}" if channel else "")
        picture = read_picture(address, format, request.query.decode("latin-1")) if origin else None
        if picture is None:
            text = f"size is {SIZE_MIN} to {SIZE_MAX}, level is l, m, q or h" if origin else "the host cannot be used"
            await _send(send, 400, [(b"content-type", b"text/plain"), *GUARDED], text.encode())
            return
        async with self._drawing:
            body = await asyncio.to_thread(draw, picture)
        etag = b'"%b"' % sha256(body).hexdigest()[:32].encode()
        cached = b"public, max-age=%d" % DAY_SECONDS
        headers = [(b"etag", etag), (b"cache-control", cached), *PICTURE_HEADERS]
        if etag in request.etag:
            await _send(send, 304, headers, None)
        else:
            await _send(send, 200, [(b"content-type", MEDIA[format]), *headers], body, request.method == "HEAD")

    def _own_origin(self, request: Request) -> str | None:
        """How this server was called, where nobody said how friends reach it."""
        if not _HOST.fullmatch(request.host):
            return None
        trusted = self._proxies.trusts(parse_address(request.peer))
        scheme = request.forwarded_scheme if trusted and request.forwarded_scheme else request.scheme
        return f"{'https' if scheme == 'https' else 'http'}://{request.host.decode().lower()}"

    # who asks ---------------------------------------------------------------------------------------------------------

    def _read(self, scope: Scope) -> Request:
        client = scope.get("client")
        request = Request(scope["method"], scope["query_string"], client[0] if client else None)
        request.scheme = scope.get("scheme", "http")
        for name, value in scope["headers"]:
            if name not in _READ:
                continue
            if name == b"user-agent":
                request.agent = value
            elif name == b"accept-language":
                request.language = value
            elif name == b"host":
                request.host = value
            elif name == b"if-none-match":
                request.etag = value
            elif name == b"x-forwarded-for" and self._behind_proxies:
                request.forwarded = (*request.forwarded, value.decode("latin-1"))
            elif name == b"x-forwarded-proto":
                request.forwarded_scheme = value.decode("latin-1").strip().lower()
            elif name in _PRIVATE:
                request.private = request.private or value == b"1"
            elif name in FETCHED_AHEAD:
                request.ahead = request.ahead or is_fetched_ahead(name, value)
        return request

    def _visitor(self, request: Request) -> tuple[str, str | None]:
        """Under what name limits count who asks, and the hash of his network."""
        forwarded = request.forwarded
        if forwarded and sum(map(len, forwarded)) > FORWARDED_CHARS_MAX:
            return self._visitor_at(request.peer, forwarded)
        return self._known_visitor(request.peer, forwarded)

    def _limited_as(self, request: Request) -> str:
        return self._visitor(request)[0]

    def _must_wait(self, request: Request) -> bool:
        """Whether this address has asked for too many codes that nobody has."""
        return self._buckets.wait_seconds(self._limited_as(request)) > 0

    def _visitor_at(self, peer: str | None, forwarded: tuple[str, ...]) -> tuple[str, str | None]:
        address = self._proxies.client(peer, forwarded)
        return limited_as(address), None if address is None else self._network(truncated(address))

    def _hashed_network(self, network: str) -> str:
        return self._keyring.secret_hash("network", network)


def check_settings(settings: Settings) -> None:
    """Make sure that the redirect can be made from these settings.

    Raises:
        InvalidSetting: one of them cannot be used.
    """
    read_places(settings)
    read_proxies(settings)


def read_proxies(settings: Settings) -> Proxies:
    """The proxies in front.

    Raises:
        InvalidSetting: one of the networks is none.
    """
    try:
        return Proxies(settings.trusted_proxies)
    except ValueError as error:
        raise InvalidSetting(f"GOODWORD_TRUSTED_PROXIES: {error}") from None


async def _redirect(location: bytes, send: Send) -> None:
    await send({"type": "http.response.start", "status": 302, "headers": [(b"location", location), *REDIRECT_HEADERS]})
    await send(_EMPTY)


async def _send(
    send: Send, status: int, headers: Headers, body: bytes | None = b"", head: Literal[True, False] = False
) -> None:
    length = [] if body is None else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": b"" if head or body is None else body})


class EdgeAlone:
    """The redirect as an application of its own: `/r/…` and whether it is well."""

    def __init__(self, edge: Edge, close: Callable[[], None], measures: Measures | None = None) -> None:
        """Measures are shown to whoever asks: None keeps them."""
        self._edge = edge
        self._measures = measures
        self._close = close
        if measures is not None:
            edge.measured_by(measures)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, from the start to the end of the process."""
        if scope["type"] == "http":
            if scope["path"].startswith(PREFIX):
                await self._edge(scope, receive, send)
            else:
                await self._answer(scope["path"], send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._edge.start()
        except OSError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._edge.stop()
        self._close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, path: str, send: Send) -> None:
        if path == "/healthz":
            await _json(send, 200, {"status": "up"})
        elif path == "/readyz":
            state = self._edge.state
            ready = state["spool"] == "up"
            await _json(send, 200 if ready else 503, {"status": "ready" if ready else "not ready", **state})
        elif path == "/metrics" and self._measures is not None:
            text = await asyncio.to_thread(self._measures.text)
            await _send(send, 200, [(b"content-type", CONTENT_TYPE.encode()), *GUARDED], text)
        else:
            await _send(send, 404, GUARDED)


async def _json(send: Send, status: int, value: dict[str, str]) -> None:
    body = "{" + ",".join(f'"{name}":"{text}"' for name, text in value.items()) + "}"
    await _send(send, status, [(b"content-type", b"application/json"), *GUARDED], body.encode())
