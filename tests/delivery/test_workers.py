"""Real worker processes: they end when told, and one that is killed in the middle loses nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx

from goodword.delivery.courier import LEASE_MS
from goodword.parts import now_ms, open_parts
from goodword.settings import Settings, read_settings
from goodword.storage.database import open_database
from tests.delivery.making import Post
from tests.delivery.receiver import Answer, Receiver, Taken
from tests.faults.processes import free_port

WORKER = "import sys; from goodword.cli import main; sys.argv = ['goodword', 'worker']; main()"
STOP_SECONDS = 30


def start(settings: Settings, log: Path, port: int = 0) -> "subprocess.Popen[bytes]":
    given = {
        "GOODWORD_DATABASE": settings.database,
        "GOODWORD_TENANT": settings.tenant,
        "GOODWORD_SECRET_FILE": str(settings.secret_file),
        "GOODWORD_WEBHOOK_PRIVATE": "1",
        "GOODWORD_DELIVERY_EVERY": "20",
        "GOODWORD_WORKER_PORT": str(port),
    }
    with log.open("ab") as output:
        return subprocess.Popen([sys.executable, "-c", WORKER], env=os.environ | given, stdout=output, stderr=output)


def until(done: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.02)


def test_a_worker_killed_in_the_middle_loses_nothing(database_url: str, tmp_path: Path, receiver: Receiver) -> None:
    settings = read_settings({}, database=database_url, tenant="acme", secret_file=str(tmp_path / "key"))
    parts = open_parts(settings)
    parts.database.migrate()
    parts.database.close()
    database = open_database(database_url)
    post = Post(database, now_ms=now_ms()).open()
    post.endpoint(receiver.url, ordered=True)
    post.endpoint(receiver.url)
    told = [f"r{number}" for number in range(30)]
    post.tell(*told)

    def slowly(_: Taken) -> Answer:
        time.sleep(0.05)
        return Answer()

    receiver.say = slowly
    log = tmp_path / "log"
    first = start(settings, log)
    try:
        until(lambda: len(receiver.taken) > 5, log)
        first.send_signal(signal.SIGKILL)
        first.wait(STOP_SECONDS)
        assert post.log(status="waiting") != []
        receiver.say = lambda _: Answer()
        # The lease of the dead one has to run out, for which nobody here waits.
        with database.write_aside() as connection:
            connection.exec_driver_sql(f"UPDATE endpoints SET lease_until_ms = lease_until_ms - {LEASE_MS}")
        second, third = start(settings, log), start(settings, log)
        try:
            until(lambda: len(post.log(status="delivered")) == 2 * len(told), log)
            until(lambda: log.read_text().count("worker_started") == 3, log)
        finally:
            for process in (second, third):
                process.send_signal(signal.SIGTERM)
            codes = [process.wait(STOP_SECONDS) for process in (second, third)]
        assert codes == [0, 0], log.read_text()
    finally:
        first.kill()
        first.wait(STOP_SECONDS)
    came = Counter(taken.id for taken in receiver.taken)
    assert came.keys() == {one.id for one in post.log()}
    assert len(came) == 2 * len(told)
    assert max(came.values()) <= 2, "again is only what the dead one had not told that it sent"
    database.close()


def test_a_worker_tells_whether_it_is_well_and_what_arrives(
    database_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    settings = read_settings({}, database=database_url, tenant="acme", secret_file=str(tmp_path / "key"))
    parts = open_parts(settings)
    parts.database.migrate()
    post = Post(parts.database, now_ms=now_ms()).open()
    post.endpoint(receiver.url)
    post.endpoint(receiver.url, state="disabled", why="failing")
    receiver.say = lambda taken: Answer(500 if taken.body["data"]["id"] == "bad" else 204)
    post.tell("good", "bad")
    log, port = tmp_path / "log", free_port()
    worker = start(settings, log, port)
    try:
        until(lambda: all(one.attempts for one in post.log()) and len(post.log()) == 2, log)
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=30)
        assert (ready.status_code, ready.json()["status"]) == (200, "ready"), ready.text
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=30).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/other", timeout=30).status_code == 404
        found = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
        assert _healthy(port) == 0
    finally:
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(STOP_SECONDS)
        parts.database.close()
    assert code == 0, log.read_text()
    assert _healthy(port) == 1
    for line in (
        'goodword_attempts_total{kind="webhook",outcome="ok"} 1.0',
        'goodword_attempts_total{kind="webhook",outcome="5xx"}',
        'goodword_deliveries_total{kind="webhook",outcome="delivered"} 1.0',
        'goodword_deliveries_waiting{kind="webhook"} 1.0',
        'goodword_endpoints{state="active"} 1.0',
        'goodword_endpoints{state="failing"} 1.0',
    ):
        assert line in found


def _healthy(port: int) -> int:
    """What the container's own health check says, in a container that only has a worker."""
    text = (Path(__file__).parents[2] / "deploy" / "Containerfile").read_text()
    command = json.loads(text.partition("--retries=3 CMD ")[2].splitlines()[0])
    given = {"GOODWORD_PORT": str(free_port()), "GOODWORD_WORKER_PORT": str(port)}
    return subprocess.run([sys.executable, *command[1:]], env=os.environ | given, timeout=60).returncode
