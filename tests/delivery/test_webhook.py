"""One attempt against a real server: what counts as delivered, and what an attacker on the other side can do."""

import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from goodword.delivery.message import BODY_BYTES_MAX, Message
from goodword.delivery.signing import secret
from goodword.delivery.webhook import WebhookSender
from goodword.storage.deliveries import Delivery
from goodword.storage.endpoints import Endpoint
from tests.delivery.making import CONTEXT, KEYRING
from tests.delivery.receiver import Answer, Receiver, receiving

PEM = Path(__file__).parent / "tls" / "server.pem"
"""A certificate for localhost that nobody trusts, and its key."""
HOUR_MS = 3_600_000


def message(target: str, data: dict[str, Any] | None = None, **more: Any) -> Message:
    given: dict[str, Any] = {"generation": 1, "previous_until_ms": None, "after_outbox": 0, "created_ms": 0}
    endpoint = Endpoint("ep_1", "webhook", target, ("*",), False, "active", None, "en", **(given | more))
    delivery = Delivery("dl_1", "ep_1", 7001, 7, "reward.issued", "rw_1", 1000, "waiting", 0, 0, 0, 0, 0)
    return Message(endpoint, delivery, data or {"id": "rw_1"})


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def send(to: Message, seconds: float = 20.0, context: ssl.SSLContext = CONTEXT, at_ms: int | None = None) -> Any:
    with WebhookSender(KEYRING, True, context, seconds=seconds) as sender:
        return sender.send(to, now_ms() if at_ms is None else at_ms)


def test_what_arrives_is_signed_as_the_standard_says(receiver: Receiver) -> None:
    assert send(message(receiver.url, {"id": "rw_1", "amount": 2000})).ok
    (taken,) = receiver.taken
    told = Webhook(secret(KEYRING, "ep_1", 1)).verify(taken.raw, taken.headers)
    assert told == {
        "type": "reward.issued",
        "timestamp": "1970-01-01T00:00:01Z",
        "seq": 7,
        "data": {"id": "rw_1", "amount": 2000},
    }
    assert taken.headers["content-type"] == "application/json"
    assert taken.headers["webhook-id"] == "dl_1"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret(KEYRING, "ep_1", 1)).verify(taken.raw + b" ", taken.headers)
    for other in (secret(KEYRING, "ep_2", 1), secret(KEYRING, "ep_1", 2)):
        with pytest.raises(WebhookVerificationError):
            Webhook(other).verify(taken.raw, taken.headers)


def test_while_a_secret_is_replaced_both_sign_and_then_only_the_new_one(receiver: Receiver) -> None:
    now = now_ms()
    rotated = {"generation": 2, "previous_until_ms": now + HOUR_MS}
    assert send(message(receiver.url, **rotated), at_ms=now).ok
    during = receiver.taken[-1]
    for generation in (1, 2):
        Webhook(secret(KEYRING, "ep_1", generation)).verify(during.raw, during.headers)
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    assert send(message(receiver.url, **{**rotated, "previous_until_ms": now}), at_ms=now).ok
    afterwards = receiver.taken[-1]
    Webhook(secret(KEYRING, "ep_1", 2)).verify(afterwards.raw, afterwards.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret(KEYRING, "ep_1", 1)).verify(afterwards.raw, afterwards.headers)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_status_of_the_two_hundreds_is_a_delivery(receiver: Receiver, status: int) -> None:
    receiver.say = lambda _: Answer(status)
    assert send(message(receiver.url)).ok


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 400, 401, 404, 410, 413, 429, 500, 502, 503])
def test_any_other_status_is_a_failure_and_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.say = lambda _: Answer(status, {"location": f"http://127.0.0.1:{receiver.port}/elsewhere"})
    outcome = send(message(receiver.url))
    assert (outcome.ok, outcome.code, outcome.error) == (False, status, None)
    assert outcome.gone == (status == 410)
    assert [taken.path for taken in receiver.taken] == ["/hook"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(hang=True),
        Answer(drip=b"HTTP/1.1 200 OK\r\nx-slow: " + b"a" * 2000),
        Answer(drip=b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500),
    ],
    ids=["hangs", "drips a header", "drips headers"],
)
def test_an_attempt_ends_at_its_deadline_whatever_comes(receiver: Receiver, answer: Answer) -> None:
    receiver.say = lambda _: answer
    outcome = send(message(receiver.url), seconds=0.3)
    assert (outcome.ok, outcome.error) == (False, "timeout")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, body=b"x" * 1_000_000),
        Answer(200, {"content-length": "1000"}, b"less"),
        Answer(drip=b"HTTP/1.1 200 OK\r\ncontent-length: 3000\r\n\r\n"[:-1] + b"\n" + b"a" * 3),
    ],
    ids=["a large body", "less than it says", "stops in the middle"],
)
def test_the_status_decides_and_the_body_does_not_matter(receiver: Receiver, answer: Answer) -> None:
    receiver.say = lambda _: answer
    assert send(message(receiver.url)).ok


def test_nonsense_is_a_broken_answer_and_nobody_is_unreachable(receiver: Receiver) -> None:
    receiver.say = lambda _: Answer(drip=b"hello\r\n\r\n")
    assert send(message(receiver.url)).error == "broken"
    receiver.say = lambda _: Answer(drip=b"\n")
    assert send(message(receiver.url)).error == "broken"
    with receiving() as gone:
        url = gone.url
    assert send(message(url)).error == "unreachable"
    assert send(message("http://name.invalid/x")).error == "unresolved"


def test_a_certificate_has_to_be_trusted_and_of_that_host() -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(PEM)
    trusting = ssl.create_default_context(cafile=str(PEM))
    with receiving(server) as receiver:
        assert send(message(receiver.url)).error == "tls"
        assert receiver.taken == []
        assert send(message(receiver.url), context=trusting).ok
        other = receiver.url.replace("127.0.0.1", "127.0.0.2")
        assert send(message(other), context=trusting).error in ("tls", "unreachable")
        with WebhookSender(KEYRING, True, trusting, lambda *_: ["127.0.0.1"]) as sender:
            assert sender.send(message(receiver.url.replace("127.0.0.1", "shop.example")), 0).error == "tls"
    assert len(receiver.taken) == 1


def test_a_server_that_never_ends_its_handshake_is_given_up(receiver: Receiver) -> None:
    assert send(message(receiver.url.replace("http:", "https:")), seconds=0.5).error in ("tls", "timeout")


def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(message(receiver.url)).ok


def test_of_something_too_large_only_the_id_is_told(receiver: Receiver) -> None:
    assert send(message(receiver.url, {"id": "rw_1", "much": "x" * BODY_BYTES_MAX})).ok
    assert receiver.taken[0].body["data"] == {"id": "rw_1", "too_large": True}
    assert len(receiver.taken[0].raw) < 1000


@pytest.mark.parametrize(
    ("header", "expected_ms"),
    [
        ("120", 120_000),
        ("0", 0),
        ("9999999999999", HOUR_MS),
        (format_datetime(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=5), usegmt=True), 300_000),
        (format_datetime(datetime(2026, 1, 1, tzinfo=UTC) - timedelta(minutes=5), usegmt=True), 0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_how_long_a_receiver_asks_us_to_wait(receiver: Receiver, header: str, expected_ms: int | None) -> None:
    receiver.say = lambda _: Answer(429, {"retry-after": header})
    at_ms = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    assert send(message(receiver.url), at_ms=at_ms).retry_after_ms == expected_ms
