"""`python -m bench [NAME …] [--json]`: run the benchmarks, those of every day unless named."""

from __future__ import annotations

import argparse
from importlib import import_module

from bench.report import machine, show
from goodword.collector import relax_collector

NAMES = ("boards", "decide", "events", "flat", "memory", "redirect", "start")
BY_NAME = ("beside", "draw", "figures", "harrys", "pages", "recipes", "rehearsal", "warehouse")
"""Those that only run when they are named."""


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="bench", description="Measures Goodword on this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(NAMES + BY_NAME)}")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(NAMES + BY_NAME))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}")
    about = machine()
    relax_collector()  # as in every process of ours
    for name in arguments.names or NAMES:
        show(import_module(f"bench.{name}").run(), about, arguments.json)


if __name__ == "__main__":
    main()
