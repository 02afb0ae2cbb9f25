"""Kills under load: each acknowledged event and click stands, once and as answered; the books are those of a calm run; and all that
has to be told arrives, at least once and under one id."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from tests.delivery.receiver import Receiver, receiving
from tests.faults.judge import due_count
from tests.faults.load import WAIT_SECONDS, ids_of, judge, tell_past, telling
from tests.faults.making import Size
from tests.faults.processes import until
from tests.faults.service import Service, parts_of, prepare, serving
from tests.faults.story import PROGRAM, plan
from tests.faults.teller import written_bytes
from tests.faults.webhooks import deliver_rest, listen, undelivered
from tests.postgres import own_cluster

EVENT_BYTES = 400
"""About what a journal grows by with each event and the click beside it: a kill is placed by how much was written down."""
DUES_MS = 3000
"""In how much time per kill the dates of the past fall due."""


class Series:
    """A service under load, and its client, on a folder of their own."""

    def __init__(self, folder: Path, database: str, size: Size, receiver: Receiver) -> None:
        self.size = size
        self.receiver = receiver
        self.chance = Random(size.seed)
        secret = prepare(folder, database, PROGRAM)
        self.service = Service(folder, database, secret, webhook_private=1, delivery_every=100)
        with parts_of(folder, database) as parts:
            listen(parts, receiver)
            self.early = tell_past(parts, size.kills * DUES_MS)
            self.items = plan(parts.keyring, size.seed, size.kills * size.events, clicks=True)

    def run(self, kill: Callable[[], None]) -> None:
        """Tell everything while `kill` strikes again and again, and judge."""
        with telling(self.service, self.items, "first") as client:
            for _ in range(self.size.kills):
                share = self.chance.randint(10, self.size.events * 3 // 4)
                enough = written_bytes(client.journals) + share * EVENT_BYTES
                until(
                    lambda enough=enough: written_bytes(client.journals) >= enough or not client.works(),
                    WAIT_SECONDS,
                    "answers",
                    every=0.002,
                )
                time.sleep(self.chance.random() * 0.03)
                assert client.works(), "there was nothing left to disturb"
                kill()
            promises = client.finish()
        # Once more, all of it: who asks again gets the first answers.
        with telling(self.service, self.items, "again") as client:
            promises += client.finish()
        assert self.service.stop() == 0, self.service.log.read_text()
        judge(self.service, promises, self.early + len(ids_of(self.items)))
        deliver_rest(self.service.folder, self.service.database)
        with parts_of(self.service.folder, self.service.database) as parts:
            assert due_count(parts) > 0
            assert list(undelivered(parts, self.receiver)) == []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Outlives every kill."""
    with receiving() as receiver:
        yield receiver


def test_a_killed_service_loses_nothing(database_url: str, tmp_path: Path, size: Size, receiver: Receiver) -> None:
    series = Series(tmp_path, database_url, size, receiver)

    def kill() -> None:
        series.service.kill()
        series.service.start()

    with ExitStack() as stack:
        stack.callback(series.service.kill)
        series.service.start()
        series.run(kill)


def test_a_killed_postgresql_loses_nothing(tmp_path: Path, size: Size, receiver: Receiver) -> None:
    with ExitStack() as stack:
        cluster = stack.enter_context(own_cluster(fsync="on"))
        series = Series(tmp_path, cluster.url.render_as_string(hide_password=False), size, receiver)
        stack.callback(series.service.kill)

        def kill() -> None:
            (cluster.kill if series.chance.random() < 0.5 else cluster.stop)()
            time.sleep(series.chance.random() * 0.5)
            cluster.start()

        series.service.start()
        series.run(kill)


def test_a_worker_ends_with_the_process_that_serves(tmp_path: Path) -> None:
    with serving(tmp_path, f"sqlite:///{tmp_path / 'goodword.db'}", None) as service:
        group = service.group
        assert group is not None
        worker = service.worker
        assert worker != group.process.pid
        group.process.kill()
        until(lambda: worker not in group.members(), WAIT_SECONDS, "the end of the worker")
