"""A process that is told to stop under load: what it acknowledged is stored, and nobody is left without an answer."""

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import URL

from goodword.parts import open_parts
from goodword.settings import Settings, read_settings
from goodword.storage import tables
from goodword.storage.audit import audit
from goodword.storage.database import create_tenant, open_database
from goodword.storage.keys import create_key
from tests.postgres import fresh_database
from tests.web.making import PROGRAM, TENANT, order
from tests.web.test_serve import free_port, running, wait_until_ready

SENDERS = 8
REQUESTS = 60
WARM_UP = 40
"""How many answers there are before the process is told to stop."""


@dataclass
class Load:
    """What became of the requests that were sent."""

    answered: set[str] = field(default_factory=set)
    statuses: set[int] = field(default_factory=set)
    cut_off: list[str] = field(default_factory=list)
    """Requests without an answer: sent on a connection that the server was just closing, as HTTP allows, and never read."""
    lock: threading.Lock = field(default_factory=threading.Lock)


def send(address: str, secret: str, sender: int, load: Load) -> None:
    """Send events one after the other until nobody listens any more."""
    with httpx.Client(base_url=address, headers={"authorization": f"Bearer {secret}"}, timeout=60) as client:
        for number in range(100_000):
            id = f"s{sender}-{number}"
            try:
                response = client.post("/v1/events", json=[order(f"{id}-{n}") for n in range(5)])
            except httpx.ConnectError:
                return
            except httpx.TransportError:
                with load.lock:
                    load.cut_off.append(id)
                return
            with load.lock:
                load.statuses.add(response.status_code)
                if response.status_code == 200:
                    load.answered |= {answer["event"] for answer in response.json() if "event" in answer}


def prepared(database_url: str, folder: Path) -> tuple[Settings, str]:
    given = {"database": database_url, "tenant": TENANT, "secret_file": str(folder / "key"), "port": str(free_port())}
    settings = read_settings({}, **given)
    parts = open_parts(settings)
    parts.database.migrate()
    with parts.database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
        _, secret = create_key(connection, TENANT, "all", ["events", "admin", "read"], 1)
    parts.tenants.publish(TENANT, PROGRAM, 1)
    parts.database.close()
    return settings, secret


def test_told_to_stop_under_load_it_answers_and_keeps_everything(database_url: str, tmp_path: Path) -> None:
    settings, secret = prepared(database_url, tmp_path)
    load = Load()
    with running(settings, tmp_path) as (address, process), ThreadPoolExecutor(SENDERS) as senders:
        wait_until_ready(address, process, tmp_path / "log")
        for sender in range(SENDERS):
            senders.submit(send, address, secret, sender, load)
        end = time.monotonic() + 60
        while len(load.answered) < WARM_UP and time.monotonic() < end:
            time.sleep(0.01)
        process.terminate()
        code = process.wait(60)
    assert code == 0, (tmp_path / "log").read_text()
    assert load.statuses <= {200, 503}
    database = open_database(database_url)
    with database.read() as connection:
        stored = set(connection.execute(sa.select(tables.events.c.id)).scalars())
    database.close()
    assert len(load.answered) >= WARM_UP
    assert load.answered <= stored
    assert [id for id in load.cut_off if f"{id}-0" in stored] == [], "decided, and nobody was told"


def test_of_two_processes_on_one_database_one_may_stop(postgres_server: URL, tmp_path: Path) -> None:
    """A rolling restart: whoever gets no answer tells the other process the same, and nothing is lost or done twice."""
    with fresh_database(postgres_server) as url:
        address = url.render_as_string(hide_password=False)
        settings, secret = prepared(address, tmp_path)
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder in folders:
            folder.mkdir()
        other = replace(settings, port=free_port())
        with (
            running(settings, folders[0]) as (first, stopping),
            running(other, folders[1]) as (second, process),
            ThreadPoolExecutor(SENDERS) as senders,
        ):
            wait_until_ready(first, stopping, folders[0] / "log")
            wait_until_ready(second, process, folders[1] / "log")
            told = [senders.submit(tell_either, (first, second), secret, sender) for sender in range(SENDERS)]
            time.sleep(0.5)
            stopping.terminate()
            assert stopping.wait(60) == 0
            assert [one.result(120) for one in told] == [REQUESTS] * SENDERS
        database = open_database(address)
        with database.read() as connection:
            stored = connection.execute(sa.select(tables.events.c.id)).scalars().all()
            assert list(audit(connection, TENANT)) == []
        database.close()
    orders = [id for id in stored if id.startswith("s")]
    assert sorted(orders) == sorted(f"s{sender}-{number}" for sender in range(SENDERS) for number in range(REQUESTS))


def tell_either(addresses: tuple[str, str], secret: str, sender: int) -> int:
    """Send events, each to one process until it does not answer, then to the other."""
    done = 0
    with httpx.Client(headers={"authorization": f"Bearer {secret}"}, timeout=60) as client:
        for number in range(REQUESTS):
            one = order(f"s{sender}-{number}")
            # The first process takes every second event for as long as it is there.
            for address in (addresses[number % 2], addresses[1], addresses[1]):
                try:
                    if client.post(f"{address}/v1/events", json=one).status_code == 200:
                        done += 1
                        break
                except httpx.TransportError:
                    continue
    return done


def test_a_database_of_a_newer_release_is_refused_in_one_line(database_url: str, tmp_path: Path) -> None:
    settings, _ = prepared(database_url, tmp_path)
    database = open_database(database_url)
    with database.write(TENANT) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    script = str(Path(sys.executable).parent / "goodword")
    options = ["--database", database_url, "--secret-file", str(settings.secret_file), "--port", str(settings.port)]
    done = subprocess.run([script, "serve", *options], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    told = done.stderr.strip()
    assert told.splitlines() == [told]
    assert "9999" in told
    assert "newer" in told


def test_a_log_at_its_most_talkative_names_nobody(tmp_path: Path) -> None:
    """A person goes through every route of a real process, well and badly, and is nowhere in what it writes."""
    settings, secret = prepared(f"sqlite:///{tmp_path / 'goodword.db'}", tmp_path)
    who = "Zebediah.Quux@example.com"
    person = {"id": who, "email": who, "phone": "+40721999888", "name": "Zebediah Quux", "device": "quux-device"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOODWORD_LOG_LEVEL", "debug")
        with running(settings, tmp_path) as (address, process):
            wait_until_ready(address, process, tmp_path / "log")
            with httpx.Client(base_url=address, headers={"authorization": f"Bearer {secret}"}, timeout=30) as client:
                talk(client, who, person)
    log = (tmp_path / "log").read_text()
    assert log.count('"event": "request"') > 20
    for word in ("zebediah", "quux", "721999888", "example.com", secret.lower()):
        assert word not in log.lower(), [line for line in log.splitlines() if word in line.lower()]


def talk(client: httpx.Client, who: str, person: dict[str, str]) -> None:
    spec = client.get("/openapi.json").json()
    assert client.post("/v1/events", json=order(who, person=person)).status_code == 200
    join = order(f"{who}-2", person=person) | {"type": "join", "program": "demo"}
    for bad in (order(who, person=person | {"id": "x"}), order("a", person=person | {"email": "zebediah quux"}), join):
        client.post("/v1/events", json=bad)
    client.post("/v1/events", content=json.dumps(order("b", person=person)).encode()[:-9])
    client.post("/v1/programs", content=f"goodword: {who}")
    client.get(f"/{who}")
    client.get("/v1/participants", params={"after": who}, headers={"authorization": f"Bearer gw_{who}", "cookie": who})
    for path, operations in spec["paths"].items():
        filled = path
        for name in ("event", "participant", "referral", "reward", "program", "action"):
            filled = filled.replace(f"{{{name}}}", "approve" if name == "action" else who)
        for method in operations:
            for query in ({}, {"after": who, "status": who, "reference": who, "advocate": who}):
                client.request(method, filled, params=query, headers={"user-agent": who, "referer": who})
