"""How large a test of faults is: small in every run, large in `make stress`, with figures from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Seed and length of a series."""

    seed: int
    kills: int
    events: int
    """How many are told for each kill, or in all where nothing is killed."""
    seconds: float
    examples: int
    clients: int


def number(name: str, default: int) -> int:
    """A figure of the environment: ``GOODWORD_STRESS_`` and its name in capitals."""
    return int(os.environ.get(f"GOODWORD_STRESS_{name.upper()}", default))


def sizes() -> dict[str, Size]:
    """The sizes by name."""
    seed = number("seed", 1)
    return {
        "small": Size(seed, kills=5, events=120, seconds=2.0, examples=10, clients=8),
        "large": Size(
            seed,
            kills=number("kills", 50),
            events=number("events", 250),
            seconds=number("seconds", 60),
            examples=number("examples", 300),
            clients=number("clients", 64),
        ),
    }
