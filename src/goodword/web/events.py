"""`POST /v1/events`: the hot route, without FastAPI's machinery. One event or an array of them, each with its answer."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from goodword.engine.events import (
    Codes,
    Erase,
    HandleAction,
    Link,
    Moderation,
    ObjectionAnswer,
    PayOut,
    PayoutAction,
    Profile,
    ProgramAction,
    Review,
    RewardAction,
    Sealed,
    SourceEvent,
)
from goodword.pipeline.batcher import Batcher, Conflict, Decided, QueueFull, Result, WriterUnavailable
from goodword.pipeline.intake import BODY_BYTES_MAX, EVENTS_MAX, decode_event, seal
from goodword.pipeline.intake import InvalidEvent as Refused
from goodword.storage.keys import ApiKey, Scope
from goodword.storage.load import load_tenant
from goodword.web.context import Context, context_of, read_body
from goodword.web.keys import needs
from goodword.web.pages_of_shop import PagesOfShop
from goodword.web.problems import (
    BadRequest,
    Conflicts,
    InternalError,
    InvalidEvent,
    NotJson,
    Overloaded,
    Parked,
    Problem,
    ProblemItem,
    TooManyEvents,
    Unavailable,
)

POST_EVENTS_SCOPES: tuple[Scope, ...] = ("events", "staff", "people", "programs")
"""Who may tell events at all; which of them he may tell is looked at one by one."""
TIME_FIELD = "occurred_at"
NOT_OF_SHOP = "its host is none of the shop's (GOODWORD_HOME, GOODWORD_HOSTS, the program's landing): name it there, or write a path"
HISTORY_HEADER = "Goodword-History"
ANSWER_SECONDS = 30.0
"""How long a request waits for its events to be decided. A database that hangs must not hold everybody for as long as it does."""
THREAD_BYTES = 8 * 1024
"""Larger bodies are read in a thread, so that others need not wait for them."""

_ARRAY: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_ANY: msgspec.json.Decoder[msgspec.Raw] = msgspec.json.Decoder(msgspec.Raw)


async def post_events(request: Request) -> Response:
    """Decide events and answer them, after the commit."""
    context = context_of(request)
    # What the request costs is known once it is read; a key that may send nothing now is told so before.
    key = await context.keys.caller(request, count=0)
    needs(key, *POST_EVENTS_SCOPES)
    intake = Intake(context, key, _is_history(request, key))
    body = await read_body(request, BODY_BYTES_MAX)
    if body.lstrip()[:1] == b"[":
        return _json(await _answer_array(context, intake, body))
    context.limits.key(key.id, 1)
    return _json(await decide_one(context.batcher, await intake.sealed_in_time(_document(body))))


async def decide_one(batcher: Batcher, sealed: Sealed) -> bytes:
    """Have one event decided.

    Raises:
        Problem: there is no answer.
    """
    (future,) = await submitted(batcher, [sealed])
    return _answer(future, sealed.event.id)


class Intake:
    """From bytes to sealed events, for one request."""

    def __init__(self, context: Context, key: ApiKey, history: bool = False) -> None:
        self._context = context
        self._keyring = context.parts.keyring
        self._received_ms = context.parts.now_ms()
        self.key = key
        self._history = history
        self._pages = PagesOfShop(context.parts.settings, context.parts.database)

    def sealed(self, raw: bytes) -> Sealed:
        """An event as it was sent, sealed.

        Raises:
            Problem: it cannot be accepted, or not from this caller.
        """
        try:
            return self.seal(decode_event(raw))
        except Refused as error:
            raise InvalidEvent(error.reason, field=error.field or None, event=error.event) from None

    async def sealed_in_time(self, raw: bytes) -> Sealed:
        """As `sealed`; what lies in the future by our clock is measured by the tenant's as well, what leads to an unknown
        host by the landing pages.

        A decided event is never ahead of its tenant's clock: told again after our clock was put back, it finds its answer.
        """
        try:
            return self.sealed(raw)
        except InvalidEvent as problem:
            if not await self._learn([problem]):
                raise
            return self.sealed(raw)

    async def each_in_time(self, raws: list[bytes], thread: bool) -> list[Sealed | Problem]:
        """As `sealed_in_time` for every event, in a thread or not; in their order, each sealed or its problem."""

        async def read() -> list[Sealed | Problem]:
            return await run_in_threadpool(self.each, raws) if thread else self.each(raws)

        found = await read()
        return await read() if await self._learn([one for one in found if isinstance(one, InvalidEvent)]) else found

    async def _learn(self, problems: list[InvalidEvent]) -> bool:
        """Whether the database knew anything by which these events may be accepted after all."""
        early = any(problem.field == TIME_FIELD for problem in problems)
        doubtful = self._pages.may_learn
        if doubtful:
            await run_in_threadpool(self._pages.look_up)
        return (early and await self._catch_up()) or doubtful

    async def _catch_up(self) -> bool:
        """Whether the tenant's clock is ahead of ours. From now on it is the time of receipt."""
        before_ms = self._received_ms
        self._received_ms = max(before_ms, await run_in_threadpool(self._tenant_ms))
        return self._received_ms > before_ms

    def _tenant_ms(self) -> int:
        with self._context.parts.database.read() as connection:
            return load_tenant(connection, self.key.tenant).clock_ms

    def seal(self, event: SourceEvent) -> Sealed:
        """Seal an event, unless the caller may not send it."""
        # What staff decide moves money: a shop's key alone does not suffice.
        needs(self.key, _scope(event))
        doubtful = isinstance(event, Link) and self._pages.doubts(event)
        try:
            sealed = seal(event, self._keyring, self._received_ms, self._history)
        except OverflowError:
            raise Refused("the time is out of bounds", TIME_FIELD, event.id) from None
        if doubtful:
            raise Refused(NOT_OF_SHOP, "target", event.id)
        return sealed

    def each(self, raws: Iterable[bytes]) -> list[Sealed | Problem]:
        """Every event sealed, or its problem, in their order."""
        found: list[Sealed | Problem] = []
        for raw in raws:
            try:
                found.append(self.sealed(raw))
            except Problem as problem:
                found.append(problem)
        return found


def _scope(event: SourceEvent) -> Scope:
    """Who may tell an event. What staff decide moves money: a shop's key alone does not suffice."""
    match event:
        case RewardAction() | Review() | HandleAction() | Moderation() | PayoutAction() | PayOut() | Codes():
            return "staff"
        case ObjectionAnswer():
            return "staff"
        case ProgramAction():
            return "programs"
        case Profile(participant=str()) | Erase():
            return "people"
        case _:
            return "events"


async def submitted(batcher: Batcher, events: list[Sealed]) -> list[Future[Result]]:
    """Have events decided; all futures are done, but for those of which there is no answer in time.

    Raises:
        Overloaded: the queue is full.
        Unavailable: the process is stopping.
    """
    try:
        futures = batcher.submit(events)
    except QueueFull:
        raise Overloaded("the queue is full: send the same again in a moment") from None
    except WriterUnavailable:
        raise Unavailable("the process is stopping: send the same again") from None
    await all_done(futures, ANSWER_SECONDS)
    late = [future for future in futures if not future.done()]
    if late:
        batcher.withdraw(late)
    return futures


class Wakes:
    """Wakes the requests of an event loop from another thread: once for all that a batch answers."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = weakref.proxy(loop)
        self._answered: deque[asyncio.Future[None]] = deque()
        self._called = False

    def wake(self, waiting: asyncio.Future[None]) -> None:
        """Let a request go on; from any thread."""
        self._answered.append(waiting)
        # Asked after it was appended, and forgotten before they are taken: none is left lying.
        if not self._called and not self._loop.is_closed():
            self._called = True
            self._loop.call_soon_threadsafe(self._run)

    def _run(self) -> None:
        self._called = False
        while self._answered:
            waiting = self._answered.popleft()
            if not waiting.done():
                waiting.set_result(None)


_WAKES: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Wakes] = weakref.WeakKeyDictionary()


async def all_done(futures: Sequence[Future[Result]], seconds: float) -> None:
    """Wait for all of them, at most so long, waking the event loop once. What is being decided is decided even if nobody waits."""
    loop = asyncio.get_running_loop()
    wakes = _WAKES.get(loop) or _WAKES.setdefault(loop, Wakes(loop))
    done: asyncio.Future[None] = loop.create_future()
    left = len(futures)
    lock = threading.Lock()

    def count(_: Future[Result]) -> None:
        # Called by the writer's thread, and by this one for futures that are done already.
        nonlocal left
        with lock:
            left -= 1
            last = left == 0
        if last:
            wakes.wake(done)

    for future in futures:
        future.add_done_callback(count)
    if futures:
        # A timer for each request costs less than a task that waits with a time.
        timer = loop.call_later(seconds, _set_done, done)
        try:
            await done
        finally:
            timer.cancel()


def _set_done(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


async def _answer_array(context: Context, intake: Intake, body: bytes) -> bytes:
    raws = _documents(body)
    context.limits.key(intake.key.id, max(1, len(raws)))
    if not 0 < len(raws) <= EVENTS_MAX:
        raise TooManyEvents(f"an array has 1 to {EVENTS_MAX} events")
    read = await intake.each_in_time(raws, len(body) > THREAD_BYTES)
    futures = iter(await submitted(context.batcher, [one for one in read if isinstance(one, Sealed)]))
    return b"[" + b",".join(_item(one, futures) for one in read) + b"]"


def _item(one: Sealed | Problem, futures: Iterator[Future[Result]]) -> bytes:
    try:
        if isinstance(one, Problem):
            raise one
        return _answer(next(futures), one.event.id)
    except Problem as problem:
        return msgspec.json.encode(ProblemItem(problem.body()))


def _answer(future: Future[Result], event: str) -> bytes:
    if not future.done():
        # It may be on its way to the disk: under its id, whoever asks again learns what became of it.
        raise Unavailable(
            f"not decided within {ANSWER_SECONDS:.0f} seconds: send the same again, with this id", event=event
        )
    error = future.exception()
    if isinstance(error, WriterUnavailable):
        raise Unavailable("the database could not be written: send the same again", event=event)
    if error is not None:
        raise InternalError(event=event)
    result = future.result()
    if isinstance(result, Decided):
        return result.answer
    if isinstance(result, Conflict):
        raise Conflicts("another event has this id; the first one stands", field="id", event=event)
    raise Parked("it is kept aside and looked at; sent again with the same id, it is decided", event=event)


def _document(body: bytes) -> bytes:
    try:
        body.decode()
        _ANY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(error) from None
    return body


def _documents(body: bytes) -> list[bytes]:
    try:
        body.decode()
        return [bytes(raw) for raw in _ARRAY.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(error) from None


def _not_json(error: Exception) -> NotJson:
    if isinstance(error, RecursionError):
        return NotJson("nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return NotJson(f"not UTF-8 at byte {error.start}")
    return NotJson(str(error))


def _is_history(request: Request, key: ApiKey) -> bool:
    said = request.headers.get(HISTORY_HEADER)
    if said not in (None, "0", "1"):
        raise BadRequest(f"the header {HISTORY_HEADER} is 0 or 1", field=HISTORY_HEADER)
    if said == "1":
        needs(key, "history")
    return said == "1"


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
