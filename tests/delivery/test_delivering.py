"""From the outbox to the endpoints, on both databases, over real HTTP; time is turned by the tests."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from goodword.delivery import dispatcher
from goodword.delivery.courier import LEASE_MS, PAGE_DELIVERIES, PAUSE_MAX_MS
from goodword.delivery.dispatcher import PAGE_ROWS, Dispatcher
from goodword.delivery.message import Message
from goodword.delivery.schedule import ATTEMPTS_MAX, WAITS_MS, Outcome
from goodword.storage import deliveries, reads, tables
from goodword.storage.endpoints import ENDPOINTS_MAX, TooManyEndpoints
from tests.delivery.making import HOUR_MS, KEYRING, Post, Scripted
from tests.delivery.receiver import Answer, Receiver, receiving

LATER_MS = 30 * HOUR_MS
"""Longer than any wait of the schedule."""


def nobody(_: Any) -> Outcome:
    return Outcome(False, error="unreachable")


def references(post: Post, **filters: Any) -> list[str]:
    return [one.reference for one in post.log(**filters)]


def test_everything_told_reaches_who_subscribes(post: Post, receiver: Receiver) -> None:
    all_of_it = post.endpoint(receiver.url)
    rewards = post.endpoint(receiver.url, "reward.*", "participant.joined")
    one = post.endpoint(receiver.url, "reward.issued")
    post.tell("p", topic="participant.joined")
    post.tell("a", "b", topic="reward.issued")
    post.tell("c", topic="reward.expired")
    post.tell("r", topic="referral.started")
    post.deliver()
    assert references(post, endpoint=all_of_it) == ["p", "a", "b", "c", "r"]
    assert references(post, endpoint=rewards) == ["p", "a", "b", "c"]
    assert references(post, endpoint=one) == ["a", "b"]
    assert Counter(taken.body["data"]["id"] for taken in receiver.taken) == {"p": 2, "a": 3, "b": 3, "c": 2, "r": 1}
    assert {one.status for one in post.log()} == {"delivered"}
    with post.database.read() as connection:
        assert reads.undelivered(connection, post.tenant) == []


def test_an_endpoint_gets_only_what_happens_after_it_was_made(post: Post, receiver: Receiver) -> None:
    post.tell("before")
    post.endpoint(receiver.url)
    post.tell("after")
    post.deliver()
    assert references(post) == ["after"]


def test_more_than_a_page_is_handed_out_and_sent(post: Post) -> None:
    post.senders = Scripted(lambda _: Outcome(True, 200))
    post.endpoint("https://a.example", ordered=True)
    told = [f"r{number}" for number in range(PAGE_ROWS + PAGE_DELIVERIES + 5)]
    post.tell(*told)
    post.deliver()
    assert [message.delivery.reference for message in post.senders.sent] == told


def test_a_failure_is_tried_again_by_the_calendar_and_given_up_after_three_days(post: Post, receiver: Receiver) -> None:
    receiver.say = lambda _: Answer(500)
    endpoint = post.endpoint(receiver.url)
    post.endpoint("https://other.example", state="disabled")
    post.tell("r1")
    post.deliver()
    waited = []
    while (delivery := post.log()[0]).status == "waiting":
        waited.append(delivery.next_ms - post.now_ms)
        post.deliver(waited[-1] - 1)
        assert len(receiver.taken) == len(waited), "not a moment too early"
        post.deliver(PAUSE_MAX_MS)
    assert len(waited) == len(WAITS_MS)
    assert all(wait <= one <= wait * 1.1 for wait, one in zip(WAITS_MS, waited, strict=True))
    assert sum(waited) > 3 * 24 * HOUR_MS
    assert {taken.id for taken in receiver.taken} == {delivery.id}
    assert [(one.number, one.code) for one in post.attempts(delivery.id)] == [(n, 500) for n in range(1, 11)]
    assert (delivery.status, delivery.attempts) == ("failed", 10)
    assert (post.one(endpoint).state, post.one(endpoint).why) == ("disabled", "failing")


def test_an_endpoint_that_took_something_meanwhile_is_not_switched_off(post: Post) -> None:
    post.senders = Scripted(lambda message: Outcome(message.delivery.reference != "bad", 500))
    endpoint = post.endpoint("https://a.example")
    post.tell("bad", "good")
    for number in range(len(WAITS_MS) + 1):
        post.deliver(LATER_MS)
        post.tell(f"good {number}")
    post.deliver(LATER_MS)
    assert {one.reference: one.status for one in post.log()}["bad"] == "failed"
    assert post.one(endpoint).state == "active"
    assert len(references(post, status="delivered")) == len(WAITS_MS) + 2


def test_an_ordered_endpoint_gets_one_after_the_other_and_stops_at_the_first_failure(
    post: Post, receiver: Receiver
) -> None:
    refusing = [True]
    receiver.say = lambda taken: Answer(503 if taken.body["data"]["id"] == "r2" and refusing else 200)
    post.endpoint(receiver.url, ordered=True)
    post.tell("r1", "r2", "r3")
    post.deliver()
    post.tell("r4")
    post.deliver()
    assert receiver.references == ["r1", "r2"]
    refusing.clear()
    post.deliver(LATER_MS)
    assert receiver.references == ["r1", "r2", "r2", "r3", "r4"]


def test_what_one_endpoint_cannot_take_does_not_hold_up_the_rest_of_it(post: Post, receiver: Receiver) -> None:
    receiver.say = lambda taken: Answer(400 if taken.body["data"]["id"] == "r2" else 200)
    post.endpoint(receiver.url)
    post.tell("r1", "r2", "r3")
    post.deliver()
    assert sorted(references(post, status="delivered")) == ["r1", "r3"]


ANSWERS = Outcome(False, 500)
SILENT = Outcome(False, error="timeout")


@pytest.mark.parametrize(
    ("bad", "refusal", "failed", "delivered", "state"),
    [
        # A head that cannot be read fails alone, wherever it stands.
        (("r1",), ANSWERS, ["r1"], ["r2", "r3", "r4"], "active"),
        (("r2",), ANSWERS, ["r2"], ["r1", "r3", "r4"], "active"),
        # Two of them with something taken in between: each fails alone.
        (("r1", "r3"), ANSWERS, ["r1", "r3"], ["r2", "r4"], "active"),
        # Two in a row: it takes nothing, and what waits behind them has failed with them.
        (("r2", "r3"), ANSWERS, ["r2", "r3", "r4"], ["r1"], "disabled"),
        (("r1", "r2"), ANSWERS, ["r1", "r2", "r3", "r4"], [], "disabled"),
        # Nobody answers at all: the first is enough, whether or not something was taken since it was queued.
        (("r1",), SILENT, ["r1", "r2", "r3", "r4"], [], "disabled"),
        (("r2",), SILENT, ["r2", "r3", "r4"], ["r1"], "disabled"),
    ],
)
def test_what_an_ordered_endpoint_cannot_take_fails_alone_until_it_is_two_in_a_row(
    post: Post, bad: tuple[str, ...], refusal: Outcome, failed: list[str], delivered: list[str], state: str
) -> None:
    post.senders = Scripted(lambda one: refusal if one.delivery.reference in bad else Outcome(True, 200))
    endpoint = post.endpoint("https://a.example", ordered=True)
    staff = post.endpoint("staff@a.example", "endpoint.*", "delivery.failed", kind="mail")
    post.tell("r1", "r2", "r3", "r4")
    for _ in range(2 * ATTEMPTS_MAX + 1):
        post.deliver(LATER_MS)
    assert references(post, endpoint=endpoint, status="failed") == failed
    assert references(post, endpoint=endpoint, status="delivered") == delivered
    assert (post.one(endpoint).state, post.one(endpoint).why) == (state, None if state == "active" else "failing")
    of = {one.id: one.reference for one in post.log(endpoint=endpoint)}
    told = [of.get(one.reference, one.topic) for one in post.log(endpoint=staff)]
    exhausted = [one for one in bad if one in failed]
    assert sorted(told) == sorted(exhausted + ([] if state == "active" else ["endpoint.disabled"]))


def test_switched_on_again_an_ordered_endpoint_may_refuse_one_anew(post: Post) -> None:
    post.senders = Scripted(lambda one: ANSWERS)
    endpoint = post.endpoint("https://a.example", ordered=True)
    post.tell("r1", "r2")
    for _ in range(2 * ATTEMPTS_MAX):
        post.deliver(LATER_MS)
    assert post.one(endpoint).state == "disabled"
    post.change(endpoint, state="active", why=None, failures=0)
    post.tell("r3")
    for _ in range(ATTEMPTS_MAX):
        post.deliver(LATER_MS)
    assert references(post, status="failed") == ["r1", "r2", "r3"]
    assert post.one(endpoint).state == "active"


def test_gone_switches_an_endpoint_off_and_staff_are_told(post: Post) -> None:
    post.senders = Scripted(lambda message: Outcome(message.endpoint.kind == "mail", 410))
    gone = post.endpoint("https://a.example", ordered=True)
    staff = post.endpoint("staff@a.example", "endpoint.*", "delivery.failed", kind="mail")
    post.endpoint("all@a.example", "reward.*", kind="mail")
    post.tell("r1", "r2", "r3")
    post.deliver()
    post.tell("r4")
    post.deliver()
    assert (post.one(gone).state, post.one(gone).why) == ("disabled", "gone")
    assert references(post, endpoint=gone, status="failed") == ["r1", "r2", "r3"]
    failed = {one.reference: one.id for one in post.log(endpoint=gone)}
    told = [(one.topic, one.reference) for one in post.log(endpoint=staff)]
    assert sorted(told) == [("delivery.failed", failed["r1"]), ("endpoint.disabled", gone)]
    told_data = {one.delivery.topic: one.data for one in post.senders.sent if one.endpoint.id == staff}
    assert told_data["endpoint.disabled"]["why"] == "gone"
    assert told_data["endpoint.disabled"]["host"] == "a.example"
    assert (told_data["delivery.failed"]["endpoint"], told_data["delivery.failed"]["attempts"]) == (gone, 1)
    assert len(post.log()) == 3 + 2


def test_notices_that_cannot_be_delivered_make_no_notices(post: Post) -> None:
    post.senders = Scripted(nobody)
    post.endpoint("https://a.example")
    boxes = [post.endpoint(f"{name}@a.example", "*", kind="mail") for name in ("x", "y")]
    post.tell("r1")
    for _ in range(3 * len(WAITS_MS)):
        post.deliver(LATER_MS)
    assert {post.one(box).state for box in boxes} == {"disabled"}
    assert {one.status for one in post.log()} == {"failed"}
    count = len(post.log())
    post.deliver(LATER_MS)
    assert len(post.log()) == count


def test_a_paused_endpoint_collects_and_a_disabled_one_does_not(post: Post, receiver: Receiver) -> None:
    endpoint = post.endpoint(receiver.url, state="paused")
    post.tell("r1")
    post.deliver()
    assert receiver.taken == []
    post.change(endpoint, state="active")
    post.deliver()
    assert receiver.references == ["r1"]
    post.change(endpoint, state="disabled", why="staff")
    post.tell("r2")
    post.deliver()
    post.change(endpoint, state="active", why=None)
    post.tell("r3")
    post.deliver()
    assert receiver.references == ["r1", "r3"]


def test_a_replayed_delivery_keeps_its_id_and_gets_the_whole_schedule(post: Post) -> None:
    outcomes = Scripted(nobody)
    post.senders = outcomes
    endpoint = post.endpoint("https://a.example")
    post.tell("r1", "r2")
    for _ in range(len(WAITS_MS) + 1):
        post.deliver(LATER_MS)
    assert references(post, status="failed") == ["r1", "r2"]
    post.change(endpoint, state="active", why=None)
    with post.database.write_aside() as connection:
        assert deliveries.replay_failed(connection, post.tenant, endpoint, post.now_ms, post.now_ms) == 0
        assert deliveries.replay_failed(connection, post.tenant, endpoint, 0, post.now_ms) == 2
    post.deliver(LATER_MS)
    assert {one.tried for one in post.log()} == {1}
    post.senders = Scripted(lambda _: Outcome(True, 200))
    post.deliver(LATER_MS)
    assert references(post, status="delivered") == ["r1", "r2"]
    with post.database.write_aside() as connection:
        deliveries.replay(connection, post.tenant, post.log()[0].id, post.now_ms)
    post.deliver()
    ids = {message.delivery.id for message in [*outcomes.sent, *post.senders.sent]}
    assert ids == {one.id for one in post.log()}
    numbers = [one.number for one in post.attempts(post.log()[0].id)]
    assert numbers == list(range(1, len(WAITS_MS) + 1 + 1 + 1 + 1 + 1))


def test_a_hanging_endpoint_delays_nobody(post: Post, receiver: Receiver) -> None:
    with receiving() as hanging:
        hanging.say = lambda _: Answer(hang=True)
        for _ in range(3):
            post.endpoint(hanging.url)
        post.endpoint(receiver.url, ordered=True)
        post.tell(*[f"r{number}" for number in range(10)])
        deliverer = post.deliverer(workers=4)
        deliverer.start()
        wait_for(lambda: len(post.log(status="delivered")) == 10)
        wait_for(lambda: len(hanging.taken) > 0)
        assert {one.endpoint for one in post.log(status="delivered")} == {"ep_3"}
        assert {one.attempts for one in post.log(status="waiting")} == {0}, "those that hang still do"
        hanging.closing.set()
        deliverer.stop()
    assert receiver.references == [f"r{number}" for number in range(10)]


def test_what_failed_last_time_never_holds_all_workers(post: Post) -> None:
    post.senders = Scripted(nobody)
    for number in range(4):
        post.endpoint(f"https://{number}.example")
    post.tell("r1")
    post.deliver()
    post.now_ms += LATER_MS
    with post.database.write_aside() as connection:
        taken = deliveries.lease(connection, post.tenant, "me", post.now_ms, post.now_ms + 1, 4, 2)
    assert len(taken) == 2


def test_statements_do_not_grow_with_the_page(post: Post) -> None:
    post.senders = Scripted(lambda message: Outcome(message.delivery.reference.endswith("0"), 500))
    post.endpoint("https://a.example")
    post.endpoint("https://b.example", ordered=True)

    def statements(*told: str, topic: str) -> int:
        count = [0]

        def counted(*_: Any) -> None:
            count[0] += 1

        post.tell(*told, topic=topic)
        sa.event.listen(post.database.engine, "before_cursor_execute", counted)
        post.deliver()
        sa.event.remove(post.database.engine, "before_cursor_execute", counted)
        post.now_ms += LATER_MS
        return count[0]

    few = statements("a0", topic="reward.granted")
    many = statements(*[f"r{number}0" for number in range(40)], topic="reward.granted")
    assert many == few


def test_many_workers_deliver_each_exactly_once_while_nobody_dies(post: Post, receiver: Receiver) -> None:
    for place in range(6):
        post.endpoint(receiver.url, ordered=place % 2 == 0)
    told = [f"r{number}" for number in range(60)]
    post.tell(*told[:30])
    workers = [post.deliverer(workers=3) for _ in range(4)]
    for worker in workers:
        worker.start()
    post.tell(*told[30:])
    try:
        wait_for(lambda: len(post.log(status="delivered")) == 6 * 60)
    finally:
        for worker in workers:
            worker.stop()
    assert len(receiver.taken) == 6 * 60
    assert max(Counter(taken.id for taken in receiver.taken).values()) == 1
    for place in range(0, 6, 2):
        ids = [one.id for one in post.log(endpoint=f"ep_{place}")]
        assert [taken.id for taken in receiver.taken if taken.id in set(ids)] == ids


def test_what_is_told_after_another_took_the_page_waits_for_the_next(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sees that there is something; before he has the lock another hands it out; and before he looks again, more is told."""
    post.senders = Scripted(lambda _: Outcome(True, 200))
    post.endpoint("https://a.example")
    post.tell("r1")
    first, second = post.deliverer(), post.deliverer()
    newest, page = dispatcher.newest_undelivered, dispatcher.undelivered
    before: list[Callable[[], object]] = [first._dispatcher.run_page]
    between: list[Callable[[], object]] = [lambda: post.tell("r2")]

    def seen(*given: Any) -> Any:
        found = newest(*given)
        if before:
            before.pop()()
        return found

    def read(*given: Any, **more: Any) -> Any:
        found = page(*given, **more)
        if not found and between and post.database.dialect.name == "postgresql":  # of SQLite there is one who writes
            between.pop()()
        return found

    monkeypatch.setattr(dispatcher, "newest_undelivered", seen)
    monkeypatch.setattr(dispatcher, "undelivered", read)
    second._dispatcher.run_page()
    if between:
        between.pop()()
    post.deliver()
    for deliverer in (first, second):
        deliverer.stop()
    assert [one.status for one in post.log()] == ["delivered", "delivered"]


def test_who_lost_his_lease_writes_nothing_and_another_goes_on(post: Post) -> None:
    post.senders = Scripted(lambda _: Outcome(True, 200))
    post.endpoint("https://a.example")
    post.tell("r1")
    dispatched = post.deliverer()
    dispatched._dispatcher.run_page()
    dispatched.stop()
    dead = post.courier()
    (endpoint,) = dead.lease("dead", 5, 5)
    post.deliver()
    assert post.senders.sent == [], "the endpoint is still kept for him"
    post.now_ms += LEASE_MS
    (again,) = post.courier().lease("other", 5, 5)
    dead.serve(endpoint, "dead", threading.Event())
    assert post.log()[0].attempts == 0
    post.courier().serve(again, "other", threading.Event())
    assert [(one.status, one.attempts) for one in post.log()] == [("delivered", 1)]
    assert len({message.delivery.id for message in post.senders.sent}) == 1


def test_stopping_lets_what_is_under_way_end_and_leaves_the_rest(post: Post, receiver: Receiver) -> None:
    receiver.say = lambda _: Answer(200) if time.sleep(0.05) is None else Answer()
    post.endpoint(receiver.url, ordered=True)
    post.tell(*[f"r{number}" for number in range(100)])
    deliverer = post.deliverer()
    deliverer.start()
    wait_for(lambda: len(receiver.taken) > 2)
    deliverer.stop()
    assert len(post.log(status="delivered")) == len(receiver.taken) < 100
    assert len(post.log(status="waiting")) == 100 - len(receiver.taken)
    receiver.say = lambda _: Answer(200)
    post.deliver()
    assert len(receiver.taken) == 100


def test_there_is_a_limit_to_endpoints(post: Post) -> None:
    for number in range(ENDPOINTS_MAX):
        post.endpoint(f"https://{number}.example")
    with pytest.raises(TooManyEndpoints):
        post.endpoint("https://more.example")


def test_the_log_comes_in_pages(post: Post) -> None:
    post.senders = Scripted(lambda _: Outcome(True, 200))
    post.endpoint("https://a.example")
    post.tell("r1", "r2", "r3", topic="reward.granted")
    post.tell("r4", topic="reward.issued")
    post.deliver()
    seen: list[str] = []
    cursor = None
    while True:
        with post.database.read() as connection:
            page = deliveries.log_page(connection, post.tenant, topic="reward.granted", cursor=cursor, limit=2)
        seen += [one.reference for one in page.items]
        if page.next is None:
            break
        cursor = page.next
    assert sorted(seen) == ["r1", "r2", "r3"]


def wait_for(done: Any) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_replay_during_an_attempt_counts_and_is_sent_once_more(post: Post) -> None:
    def answer(message: Message) -> Outcome:
        if message.delivery.attempts == 0:
            with post.database.write_aside() as connection:
                deliveries.replay(connection, post.tenant, message.delivery.id, post.now_ms)
            return Outcome(False, 500)
        return Outcome(True, 204)

    post.senders = Scripted(answer)
    post.endpoint("https://shop.example/hook")
    post.tell("r1")
    post.deliver()
    post.deliver(60_000)
    (one,) = post.log()
    assert (one.status, one.attempts) == ("delivered", 2)
    assert [attempt.number for attempt in post.attempts(one.id)] == [1, 2]


def test_what_was_handed_out_long_ago_leaves_the_outbox(post: Post, receiver: Receiver) -> None:
    post.endpoint(receiver.url)
    post.tell("old")
    post.deliver()
    post.now_ms += 31 * 24 * HOUR_MS
    post.tell("new")
    post.deliver()
    post.tell("waiting")
    dispatcher = Dispatcher(post.database, KEYRING, post.tenant, lambda: post.now_ms)
    dispatcher.forget()
    with post.database.read() as connection:
        assert connection.execute(sa.select(tables.outbox.c.seq).order_by(tables.outbox.c.id)).scalars().all() == [2, 3]
    assert references(post) == ["new"]
    post.deliver()
    assert references(post) == ["new", "waiting"]
