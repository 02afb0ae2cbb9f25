"""Processes that tests start: each leads a group of its own, and none outlives the test, however that ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# The shell becomes the program; a child of it waits for our end of the pipe and then kills the group. A pipe also
# closes when we are killed ourselves.
KILL_WHEN_PIPE_CLOSES = 'exec 3<&0; (read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 & exec "$@" 3<&- </dev/null'


class Group:
    """A program and everything it starts."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", KILL_WHEN_PIPE_CLOSES, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=os.environ | (environment or {}),
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        """Whether the program itself has ended."""
        return self.process.poll() is not None

    def members(self) -> list[int]:
        """The processes of the group that still run."""
        return [pid for pid in _pids() if _group(pid) == self.process.pid]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """Kill the whole group and wait until nothing of it runs."""
        self.signal(signal.SIGKILL)
        self.process.communicate()
        while self.members():
            time.sleep(0.002)

    def stop(self, seconds: float) -> int:
        """Ask the program to end; its exit code. What does not end in time is killed."""
        self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        code = self.process.poll()
        self.kill()
        assert code is not None, "the program had to be killed"
        return code


@contextmanager
def started(command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Iterator[Group]:
    """Run a program for as long as the block runs."""
    group = Group(command, log, environment)
    try:
        yield group
    finally:
        group.kill()


def python(module: str, *arguments: object) -> list[str]:
    """The command that runs one of our modules."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def goodword(*arguments: object) -> list[str]:
    """The command line of the product, as it was installed."""
    return [str(Path(sys.executable).parent / "goodword"), *map(str, arguments)]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], object], seconds: float, what: str, every: float = 0.02) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} seconds: {what}"
        time.sleep(every)


def memory_bytes(pid: int) -> int:
    """How much memory a process holds."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _group(pid: int) -> int | None:
    """The process group of a running process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if stat[0] in "ZX" else int(stat[2])
