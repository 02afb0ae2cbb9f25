"""What is asked of definitions: a program, a moment, stretches of time."""

from __future__ import annotations

from msgspec import Struct


class Period(Struct, frozen=True):
    """A named stretch of time, from `start_ms` on and before `end_ms`."""

    name: str
    start_ms: int
    end_ms: int


class Question(Struct, frozen=True):
    """Of which program, as of when, over which periods."""

    program: str
    as_of_ms: int
    currency: str
    margin_ppm: int
    """What is left of an order, in millionths; 0 where the program does not say."""
    periods: tuple[Period, ...]
    segment: str = ""
    """The field of people that the dimension ``segment`` tells apart."""
