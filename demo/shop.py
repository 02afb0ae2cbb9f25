"""A shop to buy in by hand: it stands for the shop's own site, tells Goodword what people do in it, and shows what Goodword answers.

It listens on loopback and ends with the demonstration. Of its customers it keeps nothing: who somebody is and how he came stands
in the address of the page.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from demo.asked import BEFORE, Asked, before_joining, steps_asked
from demo.client import HOST, HttpServer, Json
from demo.letting_in import TokenKey, way_in
from demo.mailbox import Mailbox
from goodword.portal.promised import promised
from goodword.program.loader import Program
from goodword.program.quantity import Quantity, parse_quantity, plain_number
from goodword.words.format import amount

CARRIED = {"gw_code": "code", "gw_claim": "claim", "gw_click": "click"}
"""What a friend brings along in the address, and the name under which events take it."""
BODY_MAX = 4096
FIELD_MAX = 1000
FIELDS_MAX = 20
AT_ONCE_MAX = 16
"""How many requests are answered at a time; more of them wait."""
REQUEST_SECONDS = 10.0
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FOLDER = Path(__file__).parent
TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)

Fields = Mapping[str, str]


class ShopError(Exception):
    """What somebody asked for cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the shop."""

    body: str = ""
    status: HTTPStatus = HTTPStatus.OK
    location: str = ""
    """Where to look instead."""


class Shop:
    """The shop of a program."""

    def __init__(
        self, program: Program, goodword: str, server: HttpServer, key: TokenKey, mailbox: Mailbox | None
    ) -> None:
        self._program = program
        self._goodword = goodword
        self._server = server
        self._key = key
        self._mailbox = mailbox
        self._steps = steps_asked(program)
        self._before = before_joining(program)
        self._asked = {one.key: one for one in (*self._steps, *([self._before] if self._before else []))}

    def look(self, fields: Fields, problem: str = "") -> Page:
        """The page, with Goodword's answer to the event that was `told` last."""
        carried = {name: fields[name] for name in CARRIED if fields.get(name)}
        told = self._answer(fields["told"]) if fields.get("told") else None
        before = self._before if not carried and told is None else None
        body = TEMPLATES.get_template("shop.html").render(
            title=f"The demo shop of {self._program.name}",
            goodword=self._goodword,
            program=self._program.name,
            headline=promised(self._program, "en", datetime.now(UTC).date()).headline,
            who=fields.get("who") or somebody(),
            known=told is not None,
            carried=carried,
            code=carried.get("gw_code", ""),
            fresh=urlencode(carried),
            steps=self._steps,
            before=before,
            answer=told,
            problem=problem,
            mails=None if self._mailbox is None else self._mailbox.newest(),
            number=lambda money: plain_number(money.amount, money.unit),
        )
        return Page(body, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK)

    def invite(self, fields: Fields) -> Page:
        """A customer goes to his page, to invite: he is told to Goodword by a token that is made at this moment."""
        who = fields.get("who") or somebody()
        return Page(status=HTTPStatus.SEE_OTHER, location=way_in(self._key, self._goodword, self._program.name, who))

    def press(self, fields: Fields) -> Page:
        """Somebody does something: tell it, and show the page with the answer."""
        asked = self._asked.get(fields.get("do", ""))
        if asked is None:
            return self.look(fields, "There is no such button.")
        email = fields.get("email", "").strip()
        who = f"c-{sha256(email.lower().encode()).hexdigest()[:10]}" if email else fields.get("who", "")
        try:
            event = self._event(asked, who, email, fields)
        except (ShopError, ValueError) as error:
            return self.look(fields, f"{error}.")
        (answer,) = self._server.tell([event])
        if "problem" in answer:
            problem = answer["problem"]
            return self.look(fields, f"{problem.get('title', '')}: {problem.get('detail', '')}")
        kept = {} if asked.key == BEFORE else {name: fields[name] for name in CARRIED if fields.get(name)}
        return Page(status=HTTPStatus.SEE_OTHER, location=f"/?{urlencode({'who': who, 'told': event['id'], **kept})}")

    def _event(self, asked: Asked, who: str, email: str, fields: Fields) -> Json:
        """The event of a press. The person is told by the shop's own id; the address only when he types it."""
        if not who:
            raise ShopError("Nobody is named")
        id = f"shop-{uuid.uuid4().hex}"
        person = {"id": who, **({"email": email} if email else {}), **asked.person}
        event: Json = {"type": asked.type, "id": id, "occurred_at": datetime.now(UTC).isoformat(), "person": person}
        # As a shop does: how somebody came is told once, or with each order where each is a referral of its own.
        if asked.key != BEFORE and (not fields.get("known") or self._program.model.attribution.per_order):
            event |= {name: fields[field] for field, name in CARRIED.items() if fields.get(field)}
        if asked.activity:
            event |= {"name": asked.activity}
        if asked.fields:
            event |= {"fields": asked.fields}
        if asked.amount:
            money = parse_quantity(f"{fields.get(f'amount-{asked.key}', '').strip()} {asked.amount.unit}")
            event |= {"order": id, "total": money.amount, "currency": money.unit}
        return event

    def _answer(self, event: str) -> Json | None:
        """What Goodword answered, in words; None where it knows no such event."""
        try:
            answer = self._server.read(f"/v1/events/{quote(event, safe='')}", language="en")["answer"]
        except httpx.HTTPStatusError:
            return None
        rewards = [
            {
                "side": one["side"],
                "what": amount(Quantity(one["amount"], one["unit"]), "en"),
                "status": one["status"],
            }
            for one in answer.get("rewards", ())
        ]
        return {
            "event": event,
            "accepted": answer["outcome"] == "accepted",
            "sentences": [one["sentence"] for one in answer["reasons"]],
            "rewards": rewards,
        }


def somebody() -> str:
    """The number of a customer who was never here."""
    return f"c-{uuid.uuid4().hex[:10]}"


# serving --------------------------------------------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    """Answers a bounded number of requests at a time, for this machine alone."""

    daemon_threads = True

    def __init__(self, port: int, shop: Shop) -> None:
        self.shop = shop
        self.hosts = {f"{HOST}:{port}", f"localhost:{port}"}
        self._room = threading.BoundedSemaphore(AT_ONCE_MAX)
        super().__init__((HOST, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._room.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    timeout = REQUEST_SECONDS
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """A page, or its style."""
        address = urlsplit(self.path)
        if not self._is_ours():
            self._send(Page("not here", HTTPStatus.FORBIDDEN))
        elif address.path == "/shop.css":
            self._send(Page((FOLDER / "shop.css").read_text(encoding="utf-8")), "text/css")
        elif address.path == "/invite":
            self._send(self._asked(lambda shop, fields: shop.invite(fields), address.query))
        else:
            self._send(self._asked(lambda shop, fields: shop.look(fields), address.query))

    def do_POST(self) -> None:
        """A press. One that comes from a page of somebody else is none."""
        length = self.headers.get("Content-Length", "")
        origin = self.headers.get("Origin", "")
        if not self._is_ours() or origin.removeprefix("http://") not in self._server.hosts:
            self._send(Page("not here", HTTPStatus.FORBIDDEN))
        elif not length.isascii() or not length.isdigit() or int(length) > BODY_MAX:
            self._send(Page("too long", HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
        else:
            text = self.rfile.read(int(length)).decode("ascii", "replace")
            self._send(self._asked(lambda shop, fields: shop.press(fields), text))

    @property
    def _server(self) -> _Server:
        return cast("_Server", self.server)

    def _is_ours(self) -> bool:
        """Whether it was asked for by our name: no other name may lead a browser here."""
        return self.headers.get("Host", "") in self._server.hosts

    def _asked(self, answer: Any, query: str) -> Page:
        try:
            fields = {
                name: values[0][:FIELD_MAX] for name, values in parse_qs(query, max_num_fields=FIELDS_MAX).items()
            }
        except ValueError:
            return Page("too many fields", HTTPStatus.BAD_REQUEST)
        try:
            page: Page = answer(self._server.shop, fields)
        except httpx.HTTPError as error:
            return Page(f"Goodword did not answer: {error}", HTTPStatus.BAD_GATEWAY)
        return page

    def _send(self, page: Page, media: str = "text/html") -> None:
        plain = media == "text/html" and not page.body.startswith("<!doctype")
        body = page.body.encode()
        self.send_response(page.status)
        self.send_header("Content-Type", f"{'text/plain' if plain else media}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if page.location:
            self.send_header("Location", page.location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal belongs to what the demonstration says."""


@contextmanager
def serving(shop: Shop, port: int) -> Iterator[None]:
    """Serve until the end."""
    server = _Server(port, shop)
    thread = threading.Thread(target=server.serve_forever, name="demo-shop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
