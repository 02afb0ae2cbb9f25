"""The client: plays a month into a running server and compares what was decided with the truth. Exit code 1 where they differ.

``python -m demo.play --recipe dropbox --url http://127.0.0.1:8080 --out DIR``, with the API key in ``GOODWORD_DEMO_KEY``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import httpx

from demo.client import HttpServer
from demo.compare import Line, compare, table
from demo.player import CannotGoOn, Player
from demo.promises import PROMISES
from demo.script import Script, month
from demo.truth import Truth, count

KEY_VARIABLE = "GOODWORD_DEMO_KEY"
TRUTH_FILE = "truth.json"
COMPARISON_FILE = "comparison.json"
INTERRUPTED = 130
"""The exit code of a process that Ctrl-C ended."""


def main() -> int:
    """Play, compare, tell."""
    arguments = _arguments()
    script = month(PROMISES[arguments.recipe], arguments.seed)
    truth = count(script)
    write_truth(arguments.out / TRUTH_FILE, script, truth)
    _say(f"{len(script.events):,} events about {len(people(script)):,} people, seed {script.seed}")
    started = time.monotonic()
    try:
        with closing(HttpServer(arguments.url, os.environ[KEY_VARIABLE])) as server:
            player = Player(server, script, _say)
            played = player.play()
            seconds = time.monotonic() - started
            lines = compare(server, script.promise, played, truth)
    except (httpx.HTTPError, CannotGoOn) as error:
        _say(f"the server did not answer as it should: {error}")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    _say(f"{len(played.answers):,} events decided in {played.requests:,} requests, {seconds:.1f} s\n")
    for problem in played.problems:
        _say(f"✗ {problem}")
    _say(table(lines))
    good = all(line.agrees for line in lines) and not played.problems
    _write_comparison(arguments.out / COMPARISON_FILE, lines, _sample(played.answers))
    _say("\ndecided as it should be" if good else "\nDECIDED OTHERWISE THAN THE TRUTH")
    return 0 if good else 1


def people(script: Script) -> set[str]:
    """Everybody who appears in a month."""
    return {event["person"]["id"] for event in script.events if "person" in event}


def write_truth(path: Path, script: Script, truth: Truth) -> None:
    """Keep the truth, before anything is played."""
    document = {"recipe": script.promise.recipe, "seed": script.seed, **asdict(truth)}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_comparison(path: Path, lines: list[Line], sample: str) -> None:
    rows = [asdict(line) | {"agrees": line.agrees} for line in lines]
    document = {"sample": sample, "lines": rows}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _sample(answers: dict[str, dict[str, object]]) -> str:
    """An event worth explaining: one that did not get what it asked for."""
    return next((id for id, answer in answers.items() if answer["outcome"] == "refused"), next(iter(answers)))


def _say(text: str) -> None:
    print(text, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", choices=sorted(PROMISES), required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--out", type=Path, required=True, help="where truth and comparison are written")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
