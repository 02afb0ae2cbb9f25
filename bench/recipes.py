"""What an event costs in each recipe, decided and stored: the heaviest against the lightest.

The traffic of a recipe are its own cases, each played by many casts of people side by side in one tenant on SQLite. What falls due by
itself is an event as well.
"""

from __future__ import annotations

import dataclasses
import time

from bench.machine import TENANT, Base, fresh, program_text
from bench.report import Figure
from demo.cases import KEYRING, read_cases, recipes
from goodword.engine.events import Sealed
from goodword.parts import open_parts
from goodword.pipeline.process import ProgramCache
from goodword.pipeline.tenant import Tenants
from goodword.program.loader import load_program
from goodword.settings import read_settings
from tests.recipes.runner import Player

BATCH = 256
TOLD = 2_048
"""How many events are told to each recipe at least."""
ROUNDS = 2
AIM = 3.0


def run(told: int = TOLD) -> list[Figure]:
    """Measure every recipe; of the rounds the best, as others use the machine too."""
    costs = {}
    for recipe in recipes():
        events = traffic(recipe, told)
        costs[recipe] = min(_cost(recipe, events) for _ in range(ROUNDS))
    lightest = min(costs, key=lambda recipe: costs[recipe])
    unit, least = "CPU us/event", costs[lightest][0]
    figures = [
        Figure(recipe, cost, unit, cost / least, lightest, more=f"{decided:,} events, {refused:.0%} of them refused")
        for recipe, (cost, decided, refused) in costs.items()
    ]
    figures.sort(key=lambda figure: -figure.value)
    return [dataclasses.replace(figures[0], aim=AIM, at_most=True), *figures[1:]]


def traffic(recipe: str, told: int) -> list[Sealed]:
    """The cases of a recipe, told by as many casts as it takes, in the order in which all of it happens."""
    program = load_program(program_text(recipe), 1)
    cases = [case for case in read_cases(recipe) if not case.edit]
    found: list[Sealed] = []
    number = 0
    while len(found) < told:
        cast = Player(cases[number % len(cases)], program, f"x{number}")
        for place, entry in enumerate(cast.case.calendar, start=1):
            if "event" in entry:
                cast.tell(entry, place)
        found += cast.played.sealed
        number += 1
    return sorted(found, key=lambda sealed: sealed.clock_ms)


def _cost(recipe: str, events: list[Sealed]) -> tuple[float, int, float]:
    """CPU microseconds of an event, how many were decided with what fell due, and the share that was refused."""
    with fresh(Base("sqlite", "", None), recipe) as site:
        parts = open_parts(read_settings(site.environment))
        tenants = Tenants(parts.database, KEYRING, ProgramCache())
        tenants.live_programs(TENANT)  # a process reads a program file once, whatever it decides
        decided, refused, started = 0, 0, time.process_time()
        for low in range(0, len(events), BATCH):
            rest = events[low : low + BATCH]
            while rest:
                outcome = tenants.decide(TENANT, rest)
                if outcome.parked:
                    raise RuntimeError(f"{recipe}: {outcome.parked[0].error}")
                decided += len(outcome.decisions)
                refused += sum(decision.answer.outcome == "refused" for _, decision, _ in outcome.decisions)
                rest = outcome.rest
        used = time.process_time() - started
        parts.database.close()
    return used * 1e6 / decided, decided, refused / decided
