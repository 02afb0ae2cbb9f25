"""Problems: every way in which a request can fail, each with its status and title, answered as RFC 9457 says.

The reference page and the OpenAPI description are made from this tree. What is not there and what belongs to somebody else
gives the same answer. Problems go to the sender and are not logged: a detail may name a value that was sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec
from msgspec import Struct
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class FileProblem(Struct, frozen=True):
    """Something wrong with a program file, and where: line and column count from 1."""

    line: int
    column: int
    path: str
    message: str


class ProblemBody(Struct, frozen=True, omit_defaults=True):
    """A problem as it is answered (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    """Which part of the input it is about, such as `person.email`."""
    event: str | None = None
    """The id of the event it is about."""
    problems: tuple[FileProblem, ...] = ()
    """All that is wrong with a program file."""


class ProblemItem(Struct, frozen=True):
    """A problem in the place of one answer, in an array of them."""

    problem: ProblemBody


class Problem(Exception):
    """Something went wrong with a request. Raised anywhere below a route, answered by the application."""

    status: ClassVar[int]
    title: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}
    abstract: ClassVar[bool] = True

    def __init__(
        self,
        detail: str = "",
        *,
        field: str | None = None,
        event: str | None = None,
        problems: tuple[FileProblem, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.event = event
        self.problems = problems

    def __init_subclass__(cls) -> None:
        cls.abstract = "title" not in vars(cls)

    @classmethod
    def code(cls) -> str:
        """The name of the problem: `invalid_event` for `InvalidEvent`."""
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")

    @classmethod
    def address(cls) -> str:
        """Where the reference says what it means."""
        return f"/docs#{cls.code()}"

    def body(self) -> ProblemBody:
        """The problem as it is answered."""
        return ProblemBody(
            type=self.address(),
            title=self.title,
            status=self.status,
            detail=self.detail or self.title,
            field=self.field,
            event=self.event,
            problems=self.problems,
        )

    def response(self) -> Response:
        """The whole response."""
        return Response(msgspec.json.encode(self.body()), self.status, self.headers, MEDIA_TYPE)


def all_problems() -> list[type[Problem]]:
    """Every problem that can be answered, by status and name."""
    found = [kind for kind in _below(Problem) if not kind.abstract]
    return sorted(found, key=lambda kind: (kind.status, kind.code()))


def problem_of_status(status: int) -> type[Problem]:
    """The problem that says a bare HTTP status."""
    return _BY_STATUS.get(status, InternalError if status >= 500 else BadRequest)


def as_value(problem: Problem) -> dict[str, Any]:
    """The problem as plain data."""
    value: dict[str, Any] = msgspec.to_builtins(problem.body())
    return value


def _below(kind: type[Problem]) -> Iterator[type[Problem]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


class BadRequest(Problem):
    """The request cannot be read."""

    status = 400
    title = "The request cannot be read"


class NotJson(BadRequest):
    """The body is not JSON."""

    title = "The body is not JSON"


class NotText(BadRequest):
    """The body is not UTF-8 text."""

    title = "The body is not UTF-8 text"


class Unauthorised(Problem):
    """No key was given, or it is unknown or revoked."""

    status = 401
    title = "A valid API key is needed"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class Forbidden(Problem):
    """The key may not do this: it lacks a scope."""

    status = 403
    title = "The API key may not do this"


class NotFound(Problem):
    """There is no such thing, or it is not yours."""

    status = 404
    title = "There is no such thing"


class MethodNotAllowed(Problem):
    """The address exists and does not do this."""

    status = 405
    title = "The address does not know this method"


class TooSlow(Problem):
    """The body did not arrive in time."""

    status = 408
    title = "The body came too slowly"


class Conflicts(Problem):
    """The id was told before with other content; the first content stands."""

    status = 409
    title = "The id was told before with other content"


class TooLarge(Problem):
    """The body is larger than the limit."""

    status = 413
    title = "The body is too large"


class Invalid(Problem):
    """A value that cannot be accepted."""

    status = 422
    title = "A value cannot be accepted"


class InvalidEvent(Invalid):
    """An event that cannot be accepted. Nothing of it is stored."""

    title = "The event cannot be accepted"


class TooManyEvents(Invalid):
    """The array holds more events than one request may, or none."""

    title = "The array has too many events, or none"


class InvalidProgram(Invalid):
    """The program file cannot be accepted: `problems` lists all that is wrong with it."""

    title = "The program file cannot be accepted"


class NoticeTooShort(Problem):
    """The version takes something away from advocates sooner than the version in force promises to tell them."""

    status = 409
    title = "Advocates have to be told before"


class PlanInTheWay(Problem):
    """The file is in force and is to be so again later, after another version that is planned: one plan at a time."""

    status = 409
    title = "Another version is planned before"


class TooManyRequests(Problem):
    """The key, or the address, asks more often than it may. The same request may be sent again after `Retry-After`."""

    status = 429
    title = "Too many requests"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}

    def __init__(self, detail: str = "", *, seconds: int = 1) -> None:
        super().__init__(detail)
        self.seconds = seconds

    def response(self) -> Response:
        """The whole response; it says in how many seconds it is worth asking again."""
        response = super().response()
        response.headers["Retry-After"] = str(self.seconds)
        return response


class InternalError(Problem):
    """Something unexpected happened on our side."""

    status = 500
    title = "Something unexpected happened"


class Parked(InternalError):
    """The decision failed unexpectedly; the event is kept aside, and sent again it is decided."""

    title = "The event could not be decided"


class Unavailable(Problem):
    """The database is away, or the process is stopping. The same request may be sent again."""

    status = 503
    title = "Not available for the moment"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


class Overloaded(Unavailable):
    """More events wait than the queue may hold, or more bytes come in than there is room for. The same request may be sent again."""

    title = "Too much at once"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


_BY_STATUS: dict[int, type[Problem]] = {
    kind.status: kind
    for kind in (
        BadRequest,
        Unauthorised,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        TooLarge,
        Invalid,
        TooManyRequests,
        Unavailable,
    )
}
