"""How long it takes until something happens: the command line, and the server until it is ready."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.machine import ROOT, bases, fresh, serving
from bench.report import Figure

TRIES = 5
GOODWORD = str(Path(sys.executable).parent / "goodword")


def run() -> list[Figure]:
    """Measure commands and the server."""
    recipe = str(ROOT / "programs" / "bombas" / "program.yaml")
    figures = [
        Figure("python, doing nothing", _command([sys.executable, "-c", ""]), "s"),
        Figure("goodword --version", _command([GOODWORD, "--version"]), "s"),
        Figure("goodword check FILE", _command([GOODWORD, "check", recipe]), "s"),
    ]
    with bases() as (base, _), fresh(base) as site:
        times = []
        for _ in range(TRIES):
            started = time.perf_counter()
            with serving(site):
                times.append(time.perf_counter() - started)
    return [*figures, Figure("goodword serve until /readyz", median(times), "s")]


def _command(command: list[str]) -> float:
    times = []
    for _ in range(TRIES):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return median(times)
