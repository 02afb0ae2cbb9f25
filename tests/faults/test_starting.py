"""A first start that does not come to its end: the next one finds nothing half made."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random

from goodword.parts import read_secret
from goodword.settings import read_settings
from tests.faults.judge import findings
from tests.faults.load import ids_of, judge, telling
from tests.faults.making import Size
from tests.faults.processes import goodword, started, until
from tests.faults.service import Service, parts_of, prepare
from tests.faults.story import PROGRAM, plan
from tests.faults.teller import written_bytes

START_SECONDS = 1.0
"""About how long making everything takes; kills are spread over it."""
RESTARTS = 3
FULL_DISK = """\
import resource, sys
from goodword.parts import read_secret
from goodword.settings import read_settings
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
read_secret(read_settings({}, secret_file=sys.argv[1]), make=True)
"""


def test_a_first_start_that_was_killed(empty_database_url: str, tmp_path: Path, size: Size) -> None:
    chance = Random(size.seed)
    file = tmp_path / "program.yaml"
    file.write_text(PROGRAM)
    options = ("--database", empty_database_url, "--tenant", "acme", "--secret-file", tmp_path / "key")
    publish = goodword(*options, "publish", file)
    for _ in range(size.kills):
        with started(publish, tmp_path / "log"):
            time.sleep(chance.random() * START_SECONDS)
    with started(publish, tmp_path / "log") as group:
        until(lambda: group.ended, 60, "everything is made")
        assert group.process.returncode == 0, (tmp_path / "log").read_text()
    with parts_of(tmp_path, empty_database_url) as parts:
        parts.database.check()
        assert findings(parts, []) == []


def test_a_secret_that_does_not_fit_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "goodword.key"
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(file)], capture_output=True, text=True)
    assert "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []
    settings = read_settings({}, secret_file=str(file))
    assert read_secret(settings, make=True) == read_secret(settings)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600


def test_a_secret_made_by_many_at_once_is_one(tmp_path: Path) -> None:
    settings = read_settings({}, secret_file=str(tmp_path / "goodword.key"))
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(read_secret(settings, make=True))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["goodword.key"]


def test_a_service_that_is_told_to_end_under_load(tmp_path: Path, size: Size) -> None:
    """It works off what it took, ends in order, and what it sent away is taken by the next one."""
    database = f"sqlite:///{tmp_path / 'goodword.db'}"
    with ExitStack() as stack:
        service = Service(tmp_path, database, prepare(tmp_path, database, PROGRAM))
        stack.callback(service.kill)
        with parts_of(tmp_path, database) as parts:
            items = plan(parts.keyring, size.seed, RESTARTS * 400)
        service.start()
        with telling(service, items, "client") as client:
            for _ in range(RESTARTS):
                enough = written_bytes(client.journals) + 20_000
                until(
                    lambda enough=enough: written_bytes(client.journals) > enough or not client.works(), 60, "answers"
                )
                assert service.stop() == 0, service.log.read_text()
                service.start()
            promises = client.finish()
        assert service.stop() == 0
        judge(service, promises, len(ids_of(items)))
