"""What the process that makes figures is asked, and what it tells: lines of JSON."""

from __future__ import annotations

from msgspec import Struct

from goodword.warehouse.asked import Asked, Measured


class Task(Struct, frozen=True):
    """What is to be measured, where."""

    database: str
    tenant: str
    warehouse: str
    asked: Asked | None = None
    """None: the facts are copied, and nothing is measured."""
    analysis: str = ""
    """The address of the engine; empty for the embedded one."""
    store: str = ""
    """The address of the object store; empty where there is none."""


class Told(Struct, frozen=True, omit_defaults=True):
    """A line of its output: how far it is, or how it ended."""

    done: float | None = None
    measured: Measured | None = None
    unknown: bool = False
    """There is no such program."""
    error: str | None = None
    copied: bool = False
