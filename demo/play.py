"""The client: plays a month into a running server and compares what was decided with the truth. Exit code 1 where they differ.

``python -m demo.play --recipe dropbox --url http://127.0.0.1:8080 --out DIR``, with the API key in ``GOODWORD_DEMO_KEY``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from demo.client import HttpServer, Json
from demo.compare import Line, compare, table
from demo.player import CannotGoOn, Player
from demo.promises import PROMISES
from demo.script import Script, month
from demo.truth import Truth, count

KEY_VARIABLE = "GOODWORD_DEMO_KEY"
TRUTH_FILE = "truth.json"
COMPARISON_FILE = "comparison.json"
PLAYING_FILE = "playing"
"""Is there while casts are told: each is compared the moment its calendar ends, so that what was broken off begins anew."""
INTERRUPTED = 130
"""The exit code of a process that Ctrl-C ended."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out: the comparison, what went wrong, how much was told, and an event worth explaining."""

    lines: list[Line]
    problems: list[str]
    told: str
    sample: str

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        return all(line.agrees for line in self.lines) and not self.problems


def main() -> int:
    """Play, compare, tell."""
    arguments = _arguments()
    script = month(PROMISES[arguments.recipe], arguments.seed)
    truth = count(script)
    write_truth(arguments.out / TRUTH_FILE, script, truth)
    say(f"{len(script.events):,} events about {len(people(script)):,} people, seed {script.seed}")

    def play(server: HttpServer) -> Outcome:
        played = Player(server, script, say).play()
        lines = compare(server, script.promise, played, truth)
        told = f"{len(played.answers):,} events decided in {played.requests:,} requests"
        return Outcome(lines, [str(problem) for problem in played.problems], told, sample(played.answers))

    return run(arguments, play)


def run(arguments: argparse.Namespace, play: Callable[[HttpServer], Outcome]) -> int:
    """Play into the server of the arguments, tell what came out, and keep it; the exit code."""
    started = time.monotonic()
    try:
        with closing(HttpServer(arguments.url, os.environ[KEY_VARIABLE])) as server:
            outcome = play(server)
    except (httpx.HTTPError, CannotGoOn) as error:
        say(f"the server did not answer as it should: {error}")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    say(f"{outcome.told}, {time.monotonic() - started:.1f} s\n")
    for problem in outcome.problems:
        say(f"✗ {problem}")
    say(table(outcome.lines))
    _write_comparison(arguments.out / COMPARISON_FILE, outcome)
    say("\ndecided as it should be" if outcome.good else "\nDECIDED OTHERWISE THAN THE TRUTH")
    return 0 if outcome.good else 1


def people(script: Script) -> set[str]:
    """Everybody who appears in a month."""
    return {event["person"]["id"] for event in script.events if "person" in event}


def write_truth(path: Path, script: Script, truth: Truth) -> None:
    """Keep the truth, before anything is played."""
    document = {"recipe": script.promise.recipe, "seed": script.seed, **asdict(truth)}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_comparison(path: Path, outcome: Outcome) -> None:
    rows = [asdict(line) | {"agrees": line.agrees} for line in outcome.lines]
    document = {"sample": outcome.sample, "problems": outcome.problems, "lines": rows}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def sample(answers: dict[str, Json]) -> str:
    """An event worth explaining: one that did not get what it asked for."""
    return next((id for id, answer in answers.items() if answer["outcome"] == "refused"), next(iter(answers), "EVENT"))


def say(text: str) -> None:
    print(text, flush=True)


def parser_of(recipes: list[str]) -> argparse.ArgumentParser:
    """What a client is told on its command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipe", choices=recipes, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--out", type=Path, required=True, help="where what is compared is written")
    return parser


def _arguments() -> argparse.Namespace:
    parser = parser_of(sorted(PROMISES))
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
