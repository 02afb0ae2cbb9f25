"""``make run``: a server with a recipe, traffic played into it by a separate client, and what to look at.

Where a promise is written for the recipe (``demo.promises``), that is a month whose truth is counted beside the server; else the cases
of the recipe, which state what has to come out.

While it serves, a small shop and a mailbox stand beside it, to walk the loop by hand (``demo.by_hand``); ``--empty`` plays nothing.

Everything lives in ``var/RECIPE``. A second start keeps what is there and plays nothing again; delete the folder to begin anew.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import httpx

from demo.by_hand import KEPT, means_of, shop_open, what_to_do
from demo.cases import recipes
from demo.client import HOST
from demo.compare import Line, table
from demo.mailbox import Mailbox, receiving
from demo.play import COMPARISON_FILE, KEY_VARIABLE, PLAYING_FILE, TRUTH_FILE
from demo.promises import PROMISES

ROOT = Path(__file__).resolve().parents[1]
DATABASE_FILE = "goodword.db"
READY_SECONDS = 60.0
"""How long the server may take until it is ready."""
STOP_SECONDS = 60.0
"""How long it may take to end."""
COMMAND_SECONDS = 120.0
PLAY_SECONDS = 600.0


class DemoError(Exception):
    """The demonstration cannot go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demonstration: which recipe, where, and in which folder."""

    recipe: str
    port: int
    data: Path
    seed: int
    shop_port: int
    smtp: str = ""
    """The mail server of its own; none where the environment names one, or where it ends after the comparison."""

    @property
    def url(self) -> str:
        """Where its server listens."""
        return f"http://{HOST}:{self.port}"

    @property
    def shop_url(self) -> str:
        """Where its shop listens."""
        return f"http://{HOST}:{self.shop_port}"

    @property
    def program(self) -> Path:
        """Its program file."""
        return ROOT / "programs" / self.recipe / "program.yaml"

    @property
    def key_file(self) -> Path:
        """Where the secret of its API key is kept."""
        return self.data / "api-key.txt"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of its processes. Where friends arrive and mails go to, the environment may say otherwise."""
        by_hand = {"GOODWORD_HOME": self.shop_url, "GOODWORD_SMTP": self.smtp, "GOODWORD_DELIVERY_EVERY": "200"}
        return (
            by_hand
            | os.environ
            | {
                "GOODWORD_DATABASE": f"sqlite:///{self.data / DATABASE_FILE}",
                "GOODWORD_SECRET_FILE": str(self.data / "goodword.key"),
                "GOODWORD_SPOOL": str(self.data / "spool"),
                "GOODWORD_TENANT": "default",
                "GOODWORD_HOST": HOST,
                "GOODWORD_PORT": str(self.port),
            }
        )


def main() -> int:
    """Run the demonstration; its exit code."""
    arguments = command_line()
    # A month is history: it cannot be played any more where something has happened by hand.
    data: Path = arguments.data or ROOT / "var" / (arguments.recipe + ("-by-hand" if arguments.empty else ""))
    shop_port = arguments.shop_port or arguments.port + 1
    demo = Demo(arguments.recipe, arguments.port, data.resolve(), arguments.seed, shop_port)
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    try:
        return _once(demo) if arguments.once else _serve(demo, played=not arguments.empty)
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _once(demo: Demo) -> int:
    """Play and compare."""
    check_port(demo.port)
    prepare(demo)
    with served(demo):
        code = _play_and_audit(demo)
        _say_what_to_open(demo)
    return code


def _serve(demo: Demo, *, played: bool) -> NoReturn:
    """Play and compare, unless nothing is to be played, and serve until somebody ends it."""
    check_port(demo.port)
    check_port(demo.shop_port, "--shop-port")
    prepare(demo)
    mailbox = None if "GOODWORD_SMTP" in os.environ else Mailbox()
    with ExitStack() as stack:
        if mailbox is not None:
            demo = replace(demo, smtp=stack.enter_context(receiving(mailbox)))
        server = stack.enter_context(served(demo))
        if played:
            _play_and_audit(demo)
            _say_what_to_open(demo)
        means = means_of(demo.recipe, demo.data, demo.url, demo.shop_url, lambda *told: _goodword(demo, *told).stdout)
        key = demo.key_file.read_text().strip()
        program = stack.enter_context(shop_open(demo.recipe, means, key, mailbox))
        _say(what_to_do(program, means))
        _say("\nServing until Ctrl-C.")
        _wait(demo, server)


def _play_and_audit(demo: Demo) -> int:
    code = _play_once(demo)
    audit = _goodword(demo, "audit", check=False)
    _say(f"\ngoodword audit: {(audit.stdout or audit.stderr).strip()}")
    return code or audit.returncode


# setting up -----------------------------------------------------------------------------------------------------------


def check_port(port: int, option: str = "") -> None:
    """Make sure that nobody listens there; `option` chooses another one, where it is not the server's.

    Raises:
        DemoError: somebody does.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            other = (
                f"for the demo shop with `python -m demo.run {option} 8282`" if option else "with `make run PORT=8181`"
            )
            raise DemoError(
                f"port {port} cannot be used ({error.strerror or error}): choose another one {other}"
            ) from None


def prepare(demo: Demo) -> None:
    """Make the folder, the database with the program in force, and the API key, as far as they are missing."""
    demo.data.mkdir(parents=True, exist_ok=True)
    forget_what_was_broken_off(demo)
    ignore = demo.data / ".gitignore"
    ignore.write_text("*\n")
    _say(_goodword(demo, "publish", str(demo.program)).stdout.strip())
    if not demo.key_file.exists():
        made = _goodword(demo, "keys", "create", "--name", "demo", "--scope", "events,history,read,admin", "--json")
        _write_secret(demo.key_file, json.loads(made.stdout)["secret"])


def forget_what_was_broken_off(demo: Demo) -> None:
    """Casts that were told in part cannot be compared any more: they begin anew, in a database of their own."""
    playing = demo.data / PLAYING_FILE
    if playing.exists():
        for file in (
            *demo.data.glob(f"{DATABASE_FILE}*"),
            demo.key_file,
            *(demo.data / name for name in KEPT),
            playing,
        ):
            file.unlink(missing_ok=True)


def _write_secret(path: Path, secret: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")


def _goodword(demo: Demo, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    done = subprocess.run(
        [_command(), *arguments],
        env=demo.environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if check and done.returncode:
        raise DemoError(f"`goodword {arguments[0]}` failed:\n{(done.stderr or done.stdout).strip()}")
    return done


def _command() -> str:
    """The command of the environment this runs in."""
    return str(Path(sys.executable).with_name("goodword"))


# the server -----------------------------------------------------------------------------------------------------------


@contextmanager
def served(demo: Demo) -> Iterator[subprocess.Popen[bytes]]:
    """A server, ready, and stopped at the end: only this one, by its own process."""
    log = demo.data / "server.log"
    with log.open("ab") as output:
        # In a session of its own, so that Ctrl-C reaches us alone and we stop it in order.
        server = subprocess.Popen(
            [_command(), "serve"],
            env=demo.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(demo, server, log)
        yield server
    finally:
        _stop(server)


def _wait_until_ready(demo: Demo, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise DemoError(f"the server ended with code {server.returncode}; the end of {log}:\n{_tail(log)}")
        try:
            if httpx.get(f"{demo.url}/readyz", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise DemoError(f"the server was not ready after {READY_SECONDS:.0f} s; the end of {log}:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        return
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        # The session holds the server and its workers, nobody else.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait(demo: Demo, server: subprocess.Popen[bytes]) -> NoReturn:
    """Serve until somebody ends it."""
    code = server.wait()
    raise DemoError(f"the server ended with code {code}; see {demo.data / 'server.log'}")


# playing and telling --------------------------------------------------------------------------------------------------


def _play_once(demo: Demo) -> int:
    """Play, unless it was played to its end before. A month that was broken off is taken up: ids make that safe."""
    if (demo.data / COMPARISON_FILE).exists():
        return _say_what_was_played(demo)
    client = ["demo.play", "--seed", str(demo.seed)] if demo.recipe in PROMISES else ["demo.play_cases"]
    command = [sys.executable, "-m", *client, "--recipe", demo.recipe, "--url", demo.url, "--out", str(demo.data)]
    environment = demo.environment | {KEY_VARIABLE: demo.key_file.read_text().strip()}
    try:
        return subprocess.run(command, cwd=ROOT, env=environment, timeout=PLAY_SECONDS, check=False).returncode
    except subprocess.TimeoutExpired:
        raise DemoError(f"it was not played to its end in {PLAY_SECONDS:.0f} s") from None


def _say_what_was_played(demo: Demo) -> int:
    """The comparison of the first start; 1 where it did not agree."""
    _say(f"{_short(demo.data)} was played into already: nothing is played again. Delete the folder to begin anew.")
    compared = json.loads((demo.data / COMPARISON_FILE).read_text(encoding="utf-8"))
    lines = [Line(row["name"], row["truth"], row["decided"]) for row in compared["lines"]]
    _say(f"\nAs it was when all had been played:\n{table(lines)}")
    return 0 if all(line.agrees for line in lines) and not compared.get("problems") else 1


def _say_what_to_open(demo: Demo) -> None:
    played = demo.data / COMPARISON_FILE
    sample = json.loads(played.read_text(encoding="utf-8"))["sample"] if played.exists() else "EVENT"
    data, command = _short(demo.data), _short(Path(_command()))
    truth = f"{data}/{TRUTH_FILE}" if demo.recipe in PROMISES else _short(demo.program.with_name("cases.yaml"))
    _say(
        f"""
Open
  {demo.url}/docs    the API: what can be asked and told
Ask why, in English, Arabic or Romanian
  {command} --database sqlite:///{data}/{DATABASE_FILE} --secret-file {data}/goodword.key explain {sample} --language en
Ask the API
  curl -H "Authorization: Bearer $(cat {data}/{demo.key_file.name})" "{demo.url}/v1/rewards?limit=3"
Look at
  {truth}, {data}/{COMPARISON_FILE}, server.log"""
    )


def _short(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _say(text: str) -> None:
    print(text, flush=True)


def _interrupt() -> None:
    raise KeyboardInterrupt


def command_line() -> argparse.Namespace:
    """What `make run` was told."""
    parser = argparse.ArgumentParser(prog="python -m demo.run", description=__doc__)
    parser.add_argument("--recipe", choices=recipes(), default="dropbox", help="which program")
    parser.add_argument("--port", type=int, default=8080, help="where the server listens, on 127.0.0.1")
    parser.add_argument("--shop-port", type=int, help="where the demo shop listens; one above --port if not told")
    parser.add_argument("--empty", action="store_true", help="play nothing: for walking the loop by hand at once")
    parser.add_argument("--data", type=Path, help="the folder of its data; var/RECIPE if not told")
    parser.add_argument("--seed", type=int, default=1, help="which month")
    parser.add_argument("--once", action="store_true", help="end after the comparison instead of serving on")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
