"""What a process measures about itself: one object, made with the parts, that every part reports to or registers with.

It has a registry of its own: two applications in one process, as in tests, do not mix. What happens often is reported
(`batch`, `request`); what merely stands somewhere, such as the length of a queue, is registered once (`watch`) and read when
somebody scrapes. A reading that fails is left out and counted: the scrape answers all the same.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client import Counter as Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are told apart: a client may invent others, and each would be a series of its own."""
REQUEST_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BATCH_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
BATCH_EVENTS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
FRESH_SECONDS = 5.0
"""How long a value that costs something to find is shown again before it is looked up anew."""
WAIT_SECONDS = 1.0
"""How long a scrape waits for such a value: if it takes longer, the scrape answers without it."""

ValueT = TypeVar("ValueT")
Reading = float | Mapping[str, float] | None
"""A number, or one for each value of the label; None where there is nothing to show."""


class Measures:
    """Everything that one process measures."""

    def __init__(self, version: str = "") -> None:
        self.registry = CollectorRegistry()
        self.in_flight = 0
        """Requests that came and are not answered yet; held by the one thread that serves."""
        self._watched = _Watched()
        self._known_events: dict[tuple[str, str], Metric] = {}
        self._known_requests: dict[tuple[str, str, int], Histogram] = {}
        registry = self.registry
        self._events = Metric("goodword_events", "decided events", ("type", "outcome"), registry=registry)
        self._parked = Metric(
            "goodword_parked", "events whose decision failed and that were kept aside", registry=registry
        )
        self._failed = Metric("goodword_batches_failed", "batches that the database did not take", registry=registry)
        self._batch_events = Histogram(
            "goodword_batch_events", "events per batch", registry=registry, buckets=BATCH_EVENTS
        )
        self._batch_seconds = Histogram(
            "goodword_batch_seconds", "time from lock to commit", registry=registry, buckets=BATCH_SECONDS
        )
        self._requests = Histogram(
            "goodword_request_seconds",
            "time to answer a request, by the template of its address",
            ("method", "route", "status"),
            registry=registry,
            buckets=REQUEST_SECONDS,
        )
        self._attempts = Metric(
            "goodword_attempts", "attempts to send webhooks and mails", ("kind", "outcome"), registry=registry
        )
        self._deliveries = Metric(
            "goodword_deliveries", "deliveries that came to their end", ("kind", "outcome"), registry=registry
        )
        Gauge("goodword_build", "1, labelled with the version", ("version",), registry=registry).labels(version).set(1)
        Gauge(
            "goodword_started_seconds", "when the process began to measure, since 1970", registry=registry
        ).set_to_current_time()
        ProcessCollector(registry=registry)
        registry.register(self._watched)
        self.watch("goodword_requests_in_flight", "requests that are not answered yet", lambda: self.in_flight)

    def watch(self, name: str, help: str, read: Callable[[], Reading], label: str | None = None) -> None:
        """Show what `read` gives whenever somebody scrapes; with a label, one number for each of its values.

        `read` is called in the scrape's thread and has to be quick: what asks a database or a disk goes through `Latest`.
        A part that starts again registers again: the last one counts.
        """
        self._watched.add(name, help, read, label)

    def batch(self, events: int, seconds: float, decided: Iterable[tuple[str, str]], parked: int) -> None:
        """A batch of so many events was stored; `decided` names the type and outcome of each decision."""
        self._batch_events.observe(events)
        self._batch_seconds.observe(seconds)
        if parked:
            self._parked.inc(parked)
        for key, count in Counter(decided).items():
            child = self._known_events.get(key)
            if child is None:
                child = self._known_events[key] = self._events.labels(*key)
            child.inc(count)

    def batch_failed(self) -> None:
        """A batch could not be stored, after all tries."""
        self._failed.inc()

    def attempt(self, kind: str, outcome: str) -> None:
        """An attempt was made to send something to an endpoint of this kind; the outcome is one of few words."""
        self._attempts.labels(kind, outcome).inc()

    def delivered(self, kind: str, outcome: str, count: int) -> None:
        """So many deliveries to endpoints of this kind came to this end, for good."""
        if count:
            self._deliveries.labels(kind, outcome).inc(count)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered. The route is a template out of the application, never what somebody sent."""
        key = (method, route, status // 100)
        child = self._known_requests.get(key)
        if child is None:
            named = method if method in METHODS else "other"
            child = self._requests.labels(named, route, f"{status // 100}xx")
            if named != "other":
                self._known_requests[key] = child
        child.observe(seconds)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)


class _Watched(Collector):
    """The readings that parts registered."""

    def __init__(self) -> None:
        self._reads: dict[str, tuple[str, Callable[[], Reading], str | None]] = {}
        self._failures = 0

    def add(self, name: str, help: str, read: Callable[[], Reading], label: str | None) -> None:
        self._reads[name] = (help, read, label)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: registering must not read."""
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, (help, read, label) in list(self._reads.items()):
            try:
                value = read()
            except Exception:
                # Whatever it was: an operator who looks because something is wrong has to see the rest.
                self._failures += 1
                continue
            yield _family(name, help, value, label)
        failures = "readings that failed and were left out since the start"
        yield GaugeMetricFamily("goodword_readings_failed", failures, value=self._failures)


def _family(name: str, help: str, value: Reading, label: str | None) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help, labels=[label] if label else [])
    if isinstance(value, Mapping):
        for key, number in value.items():
            family.add_metric([key], number)
    elif value is not None:
        family.add_metric([], value)
    return family


class Latest(Generic[ValueT]):
    """A value that costs something to find: looked up in a thread of its own, remembered for some seconds.

    There is one lookup at a time. While it hangs, as when a database is away, `get` gives None after a bounded wait.
    """

    def __init__(
        self,
        find: Callable[[], ValueT],
        fresh_seconds: float = FRESH_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._fresh_seconds = fresh_seconds
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._found: ValueT | None = None
        self._until = float("-inf")
        self._searching: threading.Event | None = None

    def get(self) -> ValueT | None:
        """The value; None while it cannot be found."""
        with self._lock:
            if self._clock() < self._until:
                return self._found
            searching = self._searching or self._begin()
        # Who waits in vain lets those behind him pass: the readings of one scrape do not add up their waits.
        searching.wait(self._wait_seconds)
        with self._lock:
            if not searching.is_set():
                self._found, self._until = None, self._clock() + self._fresh_seconds
            return self._found

    def _begin(self) -> threading.Event:
        done = self._searching = threading.Event()
        threading.Thread(target=self._search, args=(done,), name="goodword-measure", daemon=True).start()
        return done

    def _search(self, done: threading.Event) -> None:
        try:
            found = self._find()
        except Exception:
            # The one who asks sees that there is no value; why is in the log of who uses the same thing.
            found = None
        with self._lock:
            self._found, self._until = found, self._clock() + self._fresh_seconds
            self._searching = None
        done.set()
