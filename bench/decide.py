"""`decide` with `evolve`, alone in memory: what one core decides in a second."""

from __future__ import annotations

import time

from bench import traffic
from bench.machine import program_text
from bench.report import Figure
from goodword.engine.decide import decide, evolve
from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import State
from goodword.engine.turn import Programs
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import publication
from goodword.program.loader import Program, load_program

KEYRING = Keyring(b"the key of the benchmarks")
LATER_MS = 4_000_000_000_000
STORIES = 200
TRIES = 7
AIM = 50_000


def sealed_history(recipe: str, stories: int) -> list[Sealed]:
    """The history of some stories, as intake hands it on."""
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


def run() -> list[Figure]:
    """Measure every recipe; the best of some tries, as others use the machine too."""
    figures = []
    seconds, count = 0.0, 0
    for recipe in traffic.RECIPES:
        program = load_program(program_text(recipe), 1)
        events = with_dues(program, sealed_history(recipe, STORIES))
        best = min(timed(program, events) for _ in range(TRIES))
        seconds, count = seconds + best, count + len(events)
        figures.append(Figure(f"decide and evolve: {recipe}", len(events) / best, "events/s"))
    return [*figures, Figure("decide and evolve: all recipes", count / seconds, "events/s", aim=AIM)]
