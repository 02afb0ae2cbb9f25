"""Mail to staff, over a real SMTP server on loopback."""

from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from goodword.delivery.mail import NullMail, SmtpSender, parse_address, parse_smtp
from goodword.delivery.message import Message
from goodword.delivery.webhook import trusted
from goodword.engine.topics import NOTICES, TEST_TOPIC, TOPICS
from goodword.settings import InvalidSetting
from goodword.storage.deliveries import Delivery
from goodword.storage.endpoints import Endpoint
from tests.delivery.postbox import Sink, serve


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def server(sink: Sink) -> Iterator[str]:
    with serve(sink) as address:
        yield address


def message(language: str = "en", topic: str = "reward.issued", target: str = "staff@shop.example") -> Message:
    endpoint = Endpoint("ep_1", "mail", target, ("*",), False, "active", None, language, 1, None, 0, 0)
    delivery = Delivery("dl_1", "ep_1", 7001, 7, topic, "rw_1", 1_770_000_000_000, "waiting", 0, 0, 0, 0, 0)
    return Message(endpoint, delivery, {"id": "rw_1", "program": "demo", "why": "gone"})


def send(server: str, *messages: Message, login: str = "user:pass%20word@", seconds: float = 15) -> list[Any]:
    with SmtpSender(parse_smtp(f"smtp://{login}{server}?from=goodword@shop.example"), trusted(), seconds) as sender:
        return [sender.send(one, 1_770_000_000_000) for one in messages]


@pytest.mark.parametrize(
    ("language", "subject", "line"),
    [
        ("en", "A reward was handed over", "Program: demo"),
        ("ar", "سُلِّمت مكافأة", "البرنامج: \u2068demo\u2069"),
        ("ro", "A fost predată o recompensă", "Program: demo"),
    ],
)
def test_staff_read_it_in_their_language(sink: Sink, server: str, language: str, subject: str, line: str) -> None:
    assert send(server, message(language))[0].ok
    (mail,) = sink.mails
    assert mail["subject"] == subject
    text = mail.get_content()
    assert line in text
    assert "rw_1" in text
    assert mail["content-language"] == language
    assert (mail["auto-submitted"], mail["message-id"]) == ("auto-generated", "<dl_1@shop.example>")
    assert (mail["from"].addresses[0].addr_spec, sink.to) == ("goodword@shop.example", [["staff@shop.example"]])
    assert all(len(one) <= 998 and all(byte < 128 for byte in one) for one in sink.raw[0].split(b"\r\n"))


def test_every_topic_has_a_mail_in_every_language(sink: Sink, server: str) -> None:
    topics = [*TOPICS, *NOTICES, TEST_TOPIC]
    outcomes = send(server, *[message(language, topic) for language in ("en", "ar", "ro") for topic in topics])
    assert all(outcome.ok for outcome in outcomes)
    assert len({mail["subject"] for mail in sink.mails}) == 3 * len(topics)


def test_what_the_server_refuses_is_a_failure_with_its_code(sink: Sink, server: str) -> None:
    sink.refuse = "550 nobody here"
    first = send(server, message())[0]
    assert (first.ok, first.code, first.error) == (False, 550, "refused")
    sink.refuse = None
    assert send(server, message())[0].ok
    wrong = send(server, message(), login="user:wrong@", seconds=3)[0]
    # Told no, smtplib tries the next way to log in, at which some servers hang up or fall silent.
    assert (wrong.ok, wrong.error in ("refused", "broken", "timeout")) == (False, True)
    assert send("127.0.0.1:9", message())[0].error == "unreachable"
    assert len(sink.mails) == 1


def test_a_password_is_not_sent_in_clear_to_another_machine(sink: Sink, server: str) -> None:
    smtp = parse_smtp(f"smtp://user:pass%20word@127.0.0.2:{server.partition(':')[2]}?from=goodword@shop.example")
    with SmtpSender(smtp, trusted()) as sender:
        outcome = sender.send(message(), 0)
    assert (outcome.ok, outcome.error in ("tls", "unreachable")) == (False, True)
    assert sink.mails == []


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@b@c.example", "a@b.example\r\nBcc: c@d.example", "a@b.example\n", "a b@c.example", "Ann <a@b.example>",
     "a@b.example,c@d.example", "a@b", "@b.example", "a@", "a@" + "b" * 260 + ".example", "ä@b.example"],
)  # fmt: skip
def test_what_is_no_single_plain_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        parse_address(address)


@pytest.mark.parametrize(
    "text",
    ["host", "http://host?from=a@b.example", "smtp://host", "smtp://host?from=a", "smtp://?from=a@b.example",
     "smtp://host:x?from=a@b.example", "smtpx://user:secret@host:1?from=a@b.example"],
)  # fmt: skip
def test_a_mail_server_that_cannot_be_one_is_told_without_its_password(text: str) -> None:
    with pytest.raises(InvalidSetting) as told:
        parse_smtp(text)
    assert "secret" not in str(told.value)


def test_without_a_mail_server_only_topic_and_reference_are_logged() -> None:
    with capture_logs() as lines, NullMail() as sender:
        assert sender.send(message(), 0).ok
    assert [(line["topic"], line["reference"]) for line in lines] == [("reward.issued", "rw_1")]
    assert "staff@" not in str(lines)
