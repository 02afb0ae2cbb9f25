"""The client: a process of its own that sends a plan over many connections until everything is acknowledged.

    python -m tests.faults.teller PLAN ADDRESS_FILE FOLDER CONNECTIONS SECONDS

Each acknowledgement is on disk (one journal for each connection, fsynced) before the next request goes out. What gets no
answer, or one that asks for it, is sent again as it was; where the service is now, the address file says.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.faults.acknowledged import AGAIN, KINDS, Item

KEY_VARIABLE = "TELLER_KEY"
BROWSER = "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"
"""Who clicks: of robots only the number is kept."""
PAUSE_SECONDS = 0.02
ANSWER_SECONDS = 30
"""How long an answer may take. While a database is away that is longer than a batch is tried."""


@dataclass(frozen=True)
class Promise:
    """A line of a journal."""

    kind: str
    id: str
    answer: str


class Unexpected(Exception):
    """An answer that neither promises anything nor asks for the same once more."""


def write_plan(path: Path, items: list[Item]) -> None:
    """Write what a teller shall send."""
    path.write_text("".join(json.dumps([item.kind, item.content]) + "\n" for item in items))


def read_journals(folder: Path) -> Iterator[Promise]:
    """What was acknowledged. A line that was cut off by a kill was not."""
    for path in sorted(folder.glob("journal-*")):
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                yield Promise(*json.loads(line))


def written_bytes(folder: Path) -> int:
    """How much was acknowledged so far."""
    return sum(path.stat().st_size for path in folder.glob("journal-*"))


class Connection:
    """One connection and its journal."""

    def __init__(self, address_file: Path, journal: Path, key: str) -> None:
        self._address_file = address_file
        self._headers = {"Authorization": f"Bearer {key}", "User-Agent": BROWSER}
        self._journal = journal.open("ab", buffering=0)
        self._connection: http.client.HTTPConnection | None = None

    def send(self, item: Item) -> Item | None:
        """Send an item and write down what is acknowledged; what is left of it."""
        kind = KINDS[item.kind]
        try:
            status, headers, body = self._exchange(item)
        except (OSError, http.client.HTTPException):
            self._connection = None
            return item
        promised = kind.promises(status, headers, body)
        self._keep(item.kind, promised)
        left = kind.left(item.content, promised)
        if left is not None and status not in AGAIN and status != 200:
            raise Unexpected(f"{status} {body.decode()} to {item}")
        return None if left is None else Item(item.kind, left)

    def _exchange(self, item: Item) -> tuple[int, Mapping[str, str], bytes]:
        request = KINDS[item.kind].request(item.content)
        if self._connection is None:
            port = int(self._address_file.read_text() or 0)
            self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
        self._connection.request(request.method, request.path, request.body, self._headers)
        response = self._connection.getresponse()
        return response.status, response.headers, response.read()

    def _keep(self, kind: str, promised: dict[str, str]) -> None:
        if promised:
            lines = "".join(json.dumps([kind, id, answer]) + "\n" for id, answer in promised.items())
            self._journal.write(lines.encode())
            os.fsync(self._journal.fileno())


def main(plan: Path, address_file: Path, folder: Path, connections: int, seconds: float) -> int:
    """Send it all; the exit code is 1 if something could not be sent in time."""
    items = deque(Item(*json.loads(line)) for line in plan.read_text().splitlines())
    end = time.monotonic() + seconds
    failed = threading.Event()

    def work(number: int) -> None:
        connection = Connection(address_file, folder / f"journal-{number:02}", os.environ[KEY_VARIABLE])
        left: Item | None = None
        while not failed.is_set():
            if left is None:
                try:
                    left = items.popleft()
                except IndexError:
                    return
            try:
                left = connection.send(left)
            except Exception as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                failed.set()
                return
            if left is not None:
                time.sleep(PAUSE_SECONDS)
            if time.monotonic() > end:
                print("not in time", file=sys.stderr, flush=True)
                failed.set()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return int(failed.is_set())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))
