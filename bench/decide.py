"""`decide` with `evolve`, alone in memory: what one core decides in a second."""

from __future__ import annotations

import time
from pathlib import Path

from bench import traffic
from goodword.engine.decide import decide, evolve
from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import State
from goodword.engine.turn import Programs
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import publication
from goodword.program.loader import Program, load_program

ROOT = Path(__file__).resolve().parents[1]
KEYRING = Keyring(b"the key of the benchmarks")
LATER_MS = 4_000_000_000_000
STORIES = 400


def sealed_history(recipe: str, stories: int) -> list[Sealed]:
    raws = traffic.history(recipe, KEYRING, 0, stories)
    return [seal(decode_event(raw), KEYRING, LATER_MS, history=True) for raw in raws]


def with_dues(program: Program, events: list[Sealed]) -> list[Sealed]:
    """The events with everything that falls due between them, as the pipeline would decide it."""
    tenant = MemoryTenant(KEYRING)
    tenant.publish(program)
    tenant.decide(events)
    return [decision.sealed for outcome in tenant.outcomes for _, decision, _ in outcome.decisions]


def timed(program: Program, events: list[Sealed]) -> float:
    """CPU seconds to decide them all, one after the other."""
    programs = Programs({program.name: program.version}, {(program.name, program.version): program})
    state = State(complete=True)
    evolve(state, decide(programs, state, publication(program, 0), KEYRING))
    started = time.process_time()
    for sealed in events:
        evolve(state, decide(programs, state, sealed, KEYRING))
    return time.process_time() - started


if __name__ == "__main__":
    from collections import Counter

    total = n = 0.0
    for recipe in traffic.RECIPES:
        program = load_program((ROOT / "programs" / recipe / "program.yaml").read_text(), 1)
        events = with_dues(program, sealed_history(recipe, STORIES))
        kinds = Counter(type(e.event).__name__ for e in events)
        t = min(timed(program, events) for _ in range(5))
        total += t
        n += len(events)
        print(recipe, len(events), dict(kinds), f"{len(events) / t:,.0f}/s {t / len(events) * 1e6:.1f}us")
    print("all", f"{n / total:,.0f}/s")
