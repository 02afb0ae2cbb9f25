"""What processes of their own have in common: they give way to whoever serves."""

from __future__ import annotations

import os

NICENESS = 10
"""How far they stand behind those who serve."""


def give_way(process: int) -> None:
    """Put a process behind those who serve, 0 for one's own. Whoever starts one says so at once: its start takes a processor, too."""
    os.setpriority(os.PRIO_PROCESS, process, max(NICENESS, os.getpriority(os.PRIO_PROCESS, process)))
