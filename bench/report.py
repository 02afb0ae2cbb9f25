"""What a benchmark gives, the machine it was measured on, and the table of it."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import psycopg
from rich.console import Console
from rich.table import Table

from tests.postgres import running_server

FSYNCS = 50


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured. With an `aim` it is met or not; what it is compared with stands in `against`."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    """This against its peer, measured in the same run."""
    against: str = ""
    aim: float | None = None
    """For the ratio where there is one, else for the value."""
    at_most: bool = False
    """Whether the aim is a ceiling."""
    more: str = ""
    """CPU milliseconds and the like."""

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        if self.aim is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured <= self.aim if self.at_most else measured >= self.aim

    def compared(self, peer: float, against: str, aim: float | None = None) -> Figure:
        """The figure beside its peer."""
        return replace(self, ratio=self.value / peer, against=against, aim=aim)


def machine() -> dict[str, str]:
    """What the figures hold for."""
    model = next((line for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ": unknown")
    return {
        "cores": str(os.cpu_count()),
        "cpu": model.partition(":")[2].strip(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": postgresql_version(),
        "fsync": f"{fsync_us():.0f} us (median)",
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def postgresql_version() -> str:
    """What the server that is measured says of itself."""
    with running_server() as server:
        address = server.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address) as connection:
            return connection.info.parameter_status("server_version") or "unknown"


def fsync_us() -> float:
    """How long the disk takes to say that a block is safe: the limit of everything that commits."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(FSYNCS):
            file.write(b"x" * 4096)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return median(times) * 1e6


def show(figures: list[Figure], about: dict[str, str], as_json: bool) -> None:
    """Print what was measured."""
    if as_json:
        rows = [asdict(figure) | {"met": figure.met} for figure in figures]
        print(json.dumps({"machine": about, "figures": rows}, indent=1))
        return
    console = Console(markup=False, highlight=False, width=160)
    console.print("; ".join(f"{name} {value}" for name, value in about.items()))
    table = Table()
    for name in ("what", "measured", "ratio", "against", "aim", "met", "more"):
        table.add_column(name, justify="right" if name in ("measured", "ratio", "aim") else "left")
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        aim = "" if figure.aim is None else f"{'<=' if figure.at_most else '>='} {figure.aim:g}"
        met = {True: "yes", False: "no", None: ""}[figure.met]
        measured = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:,.2f}"
        table.add_row(figure.name, f"{measured} {figure.unit}", ratio, figure.against, aim, met, figure.more)
    console.print(table)


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
