"""The batcher: order, limits, failures, and one writer."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from goodword.engine.events import Sealed, TimePassed
from goodword.engine.ids import Keyring
from goodword.pipeline import batcher as batcher_module
from goodword.pipeline.batcher import (
    TRIES_MAX,
    Batcher,
    Conflict,
    Decided,
    Failed,
    QueueFull,
    WriterUnavailable,
)
from goodword.pipeline.process import Outcome, Parked

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AWAY = OperationalError("SELECT 1", {}, Exception("away"))


def sealed(id: str, content: str = "same") -> Sealed:
    return Sealed(TimePassed(id=id, occurred_at=NOON), 0, 0, content)


class Tenant:
    """Decides by remembering: what it was given, batch by batch, and what it is told to do wrong."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.known: dict[str, str] = {}
        self.parked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.wrong: Callable[[Sequence[Sealed]], Outcome | None] = lambda _: None

    @property
    def database(self) -> Any:
        @contextmanager
        def write(_: str) -> Iterator[None]:
            yield None

        return SimpleNamespace(write=write)

    def decide(self, tenant: str, events: Sequence[Sealed], until_ms: int | None = None) -> Outcome:
        self.entered.set()
        assert self.gate.wait(10)
        self.batches.append([one.event.id for one in events])
        special = self.wrong(events)
        return special if special is not None else self.answered(events)

    def answered(self, events: Sequence[Sealed]) -> Outcome:
        outcome = Outcome()
        for one in events:
            if self.known.setdefault(one.event.id, one.content) == one.content:
                outcome.answers[one.event.id] = f'"{one.event.id}"'.encode()
            else:
                outcome.conflicts.add(one.event.id)
        return outcome


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


@pytest.fixture
def batcher(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[Batcher]:
    monkeypatch.setattr(batcher_module, "BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr(batcher_module, "park", lambda _, __, one, ___: tenant.parked.append(one.event.id))
    made = Batcher(tenant, Keyring(b"k" * 32), "acme", queue_max=10, batch_max=4)
    made.start()
    yield made
    tenant.gate.set()
    made.stop(10)


def results(batcher: Batcher, *events: Sealed) -> list[Any]:
    futures = batcher.submit(list(events))
    assert not wait(futures, 10).not_done
    return [future.exception() or future.result() for future in futures]


def held(batcher: Batcher, tenant: Tenant) -> None:
    """Keep the writer busy with one event, so that what follows waits."""
    tenant.gate.clear()
    tenant.entered.clear()
    batcher.submit([sealed("first")])
    assert tenant.entered.wait(10)


def test_what_waits_is_decided_together_and_in_order(batcher: Batcher, tenant: Tenant) -> None:
    held(batcher, tenant)
    futures = batcher.submit([sealed(str(n)) for n in range(6)])
    tenant.gate.set()
    wait(futures, 10)
    assert tenant.batches == [["first"], ["0", "1", "2", "3"], ["4", "5"]]
    assert [future.result() for future in futures] == [Decided(f'"{n}"'.encode()) for n in range(6)]


def test_an_id_twice_is_one_event_or_a_conflict(batcher: Batcher, tenant: Tenant) -> None:
    held(batcher, tenant)
    futures = batcher.submit([sealed("a"), sealed("a"), sealed("a", "other"), sealed("b")])
    tenant.gate.set()
    wait(futures, 10)
    assert [future.result() for future in futures] == [
        Decided(b'"a"'), Decided(b'"a"'), Conflict(), Decided(b'"b"'),
    ]  # fmt: skip
    assert tenant.batches[1:] == [["a"], ["a", "b"]]


def test_a_full_queue_takes_nothing_of_what_does_not_fit(batcher: Batcher, tenant: Tenant) -> None:
    held(batcher, tenant)
    futures = batcher.submit([sealed(str(n)) for n in range(8)])
    with pytest.raises(QueueFull):
        batcher.submit([sealed("x"), sealed("y"), sealed("z")])
    futures += batcher.submit([sealed("x"), sealed("y")])
    assert batcher.waiting == 10
    tenant.gate.set()
    assert not wait(futures, 10).not_done


def test_what_is_left_over_opens_the_next_batch(batcher: Batcher, tenant: Tenant) -> None:
    def first_only(events: Sequence[Sealed]) -> Outcome:
        outcome = tenant.answered(events[:1])
        outcome.rest = list(events[1:])
        return outcome

    tenant.wrong = first_only
    held(batcher, tenant)
    futures = batcher.submit([sealed(str(n)) for n in range(3)])
    tenant.gate.set()
    wait(futures, 10)
    assert tenant.batches == [["first"], ["0", "1", "2"], ["1", "2"], ["2"]]
    assert [future.result() for future in futures] == [Decided(f'"{n}"'.encode()) for n in range(3)]


def test_a_batch_that_comes_no_further_fails_instead_of_going_round(batcher: Batcher, tenant: Tenant) -> None:
    tenant.wrong = lambda events: Outcome(rest=list(events))
    (result,) = results(batcher, sealed("a"))
    assert isinstance(result, WriterUnavailable)


def test_a_batch_is_tried_again_whole(batcher: Batcher, tenant: Tenant) -> None:
    left = TRIES_MAX - 1

    def away(_: Sequence[Sealed]) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise AWAY

    tenant.wrong = away
    assert results(batcher, sealed("a"), sealed("b")) == [Decided(b'"a"'), Decided(b'"b"')]
    assert tenant.batches == [["a", "b"]] * TRIES_MAX


def test_while_the_database_is_away_events_fail_and_the_writer_lives(batcher: Batcher, tenant: Tenant) -> None:
    def away(_: Sequence[Sealed]) -> None:
        raise AWAY

    tenant.wrong = away
    assert [type(one) for one in results(batcher, sealed("a"), sealed("b"))] == [WriterUnavailable] * 2
    assert len(tenant.batches) == TRIES_MAX
    tenant.wrong = lambda _: None
    assert results(batcher, sealed("a")) == [Decided(b'"a"')]


def test_an_event_that_brings_its_batch_down_goes_alone(batcher: Batcher, tenant: Tenant) -> None:
    def bad(events: Sequence[Sealed]) -> None:
        if any(one.event.id == "bad" for one in events):
            raise IntegrityError("INSERT", {}, Exception("twice"))

    tenant.wrong = bad
    assert results(batcher, sealed("a"), sealed("bad"), sealed("b")) == [
        Decided(b'"a"'), Failed(), Decided(b'"b"'),
    ]  # fmt: skip
    assert tenant.parked == ["bad"]


def test_an_event_that_could_not_be_parked_is_sent_again(
    batcher: Batcher, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad(_: Sequence[Sealed]) -> None:
        raise IntegrityError("INSERT", {}, Exception("twice"))

    def away(*_: object) -> None:
        raise AWAY

    tenant.wrong = bad
    monkeypatch.setattr(batcher_module, "park", away)
    (result,) = results(batcher, sealed("a"))
    assert isinstance(result, WriterUnavailable)


def test_a_parked_event_has_failed(batcher: Batcher, tenant: Tenant) -> None:
    tenant.wrong = lambda events: Outcome(parked=[Parked(one, "ValueError") for one in events])
    assert results(batcher, sealed("a")) == [Failed()]


def test_stopping_works_off_what_waits_and_takes_nothing_more(batcher: Batcher, tenant: Tenant) -> None:
    held(batcher, tenant)
    futures = batcher.submit([sealed(str(n)) for n in range(6)])
    stopping = threading.Thread(target=batcher.stop)
    stopping.start()
    while batcher.alive:
        pass
    with pytest.raises(WriterUnavailable):
        batcher.submit([sealed("late")])
    with pytest.raises(WriterUnavailable):
        batcher.run_due(5)
    tenant.gate.set()
    stopping.join(10)
    assert [type(future.result(0)) for future in futures] == [Decided] * 6


def test_what_is_left_when_time_is_up_fails(batcher: Batcher, tenant: Tenant) -> None:
    held(batcher, tenant)
    futures = batcher.submit([sealed("a")])
    command = batcher.run_due(5)
    batcher.stop(0.01)
    assert isinstance(futures[0].exception(1), WriterUnavailable)
    assert isinstance(command.exception(1), WriterUnavailable)


def test_other_work_runs_on_the_writer_and_keeps_its_errors(batcher: Batcher) -> None:
    assert batcher.call(threading.current_thread).result(10).name == "goodword-writer"
    with pytest.raises(ZeroDivisionError):
        batcher.call(lambda: 1 // 0).result(10)
    assert batcher.alive


def test_due_work_goes_on_while_there_is_more_and_something_is_decided(batcher: Batcher, tenant: Tenant) -> None:
    tenant.wrong = lambda _: Outcome(more_due=True)
    assert batcher.run_due(5).result(10) is False
    decided: Any = SimpleNamespace(answer=SimpleNamespace(type="due", outcome="accepted"))
    tenant.wrong = lambda _: Outcome(more_due=True, decisions=[(1, decided, b"")])
    assert batcher.run_due(5).result(10) is True
