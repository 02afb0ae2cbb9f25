"""Whatever endpoints answer, and whenever somebody looks: every delivery ends, and order is kept where it was promised."""

import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodword.delivery.courier import PAUSE_MAX_MS
from goodword.delivery.message import Message
from goodword.delivery.schedule import WAITS_MS, Outcome
from goodword.storage.database import Database, open_database
from tests.delivery.making import HOUR_MS, Post, Scripted

OUTCOMES = [
    Outcome(True, 200),
    Outcome(False, 500),
    Outcome(False, 503, retry_after_ms=HOUR_MS),
    Outcome(False, error="timeout"),
    Outcome(False, error="unreachable"),
]
ROUNDS_MAX = 400
_tenants = count()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("histories")
    database = open_database(f"sqlite:///{folder / 'goodword.db'}")
    database.migrate()
    yield database
    database.close()


@given(
    seed=st.integers(0, 2**32),
    ordered=st.lists(st.booleans(), min_size=1, max_size=2),
    told=st.lists(st.integers(1, 2), min_size=1, max_size=2),
    failing=st.sampled_from([0, 2, 20]),
)
@settings(max_examples=8)
def test_every_delivery_ends_and_order_is_kept(
    shared: Database, seed: int, ordered: list[bool], told: list[int], failing: int
) -> None:
    chosen = [*OUTCOMES, *[OUTCOMES[1]] * failing]
    seen: list[tuple[str, int, bool]] = []

    def answer(message: Message) -> Outcome:
        # Of the delivery and its attempt alone, as several threads ask.
        outcome = random.Random(f"{seed} {message.delivery.id} {message.delivery.tried}").choice(chosen)
        seen.append(
            (message.endpoint.id, message.delivery.outbox_id, outcome.ok or message.delivery.tried == len(WAITS_MS))
        )
        return outcome

    scripted = Scripted(answer)
    post = Post(shared, f"t{next(_tenants)}", scripted).open()
    for place, one in enumerate(ordered):
        post.endpoint(f"https://{place}.example", ordered=one)
    for number, many in enumerate(told):
        post.tell(*[f"r{number}-{place}" for place in range(many)])
        deliver_alone(post)
        post.now_ms += (seed * (number + 1)) % HOUR_MS
    for _ in range(ROUNDS_MAX):
        waiting = post.log(status="waiting")
        if not waiting:
            break
        # To the next moment that somebody waits for; in an ordered endpoint others may be due behind it.
        later = [one.next_ms for one in waiting if one.next_ms > post.now_ms]
        post.now_ms = min(later, default=post.now_ms) + PAUSE_MAX_MS
        deliver_alone(post)
    log = post.log()
    assert {one.status for one in log} <= {"delivered", "failed"}
    assert len(log) == len(ordered) * sum(told) or any(post.one(id).state == "disabled" for id in post.made)
    for one in log:
        whole = one.tried == len(WAITS_MS) + 1
        assert one.status == "delivered" or whole or post.one(one.endpoint).state == "disabled"
        assert [attempt.number for attempt in post.attempts(one.id)] == list(range(1, one.attempts + 1))
    for place, keeps_order in enumerate(ordered):
        if keeps_order:
            in_order([(outbox_id, over) for endpoint, outbox_id, over in seen if endpoint == f"ep_{place}"])


def deliver_alone(post: Post) -> None:
    """One page after the other in this thread: an example has to give the same each time."""
    deliverer = post.deliverer(workers=1)
    deliverer.run_once()
    deliverer.stop()


def in_order(attempts: list[tuple[int, bool]]) -> None:
    """No attempt of something later before what stands earlier is over."""
    over: set[int] = set()
    reached = 0
    for outbox_id, ends in attempts:
        if outbox_id > reached:
            assert reached == 0 or reached in over
            reached = outbox_id
        assert outbox_id == reached
        if ends:
            over.add(outbox_id)
