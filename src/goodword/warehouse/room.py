"""How much memory a question may take, by what the machine has."""

from __future__ import annotations

import os
from pathlib import Path

GIGABYTE = 2**30
LEAST_BYTES = GIGABYTE
SHARE = 2
"""Half of what there is: the other half is for the server, the database and the system."""
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container says how much it may have."""


def room_bytes(limits: tuple[Path, ...] = LIMITS) -> int:
    """Half of the memory of the machine, or of its container, and a gigabyte at least."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in limits:
        try:
            whole = min(whole, int(limit.read_text()))
        except (OSError, ValueError):
            continue  # there is none, or it says `max`
    return max(LEAST_BYTES, whole // SHARE)
