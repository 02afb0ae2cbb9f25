"""Python's collector of reference cycles, set to what our processes are like."""

from __future__ import annotations

import gc

OBJECTS_BETWEEN = 50_000
"""How many new containers start a collection. A batch makes tens of thousands, and nearly all of them go by themselves:
with Python's 700 a fifth of the time of a batch went into looking at them while they were in use."""
YOUNG_BETWEEN = 20
"""How many collections pass before older objects are looked at as well."""


def relax_collector() -> None:
    """Collect cycles more rarely, and never look again at what stands already: modules, tables, routes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN, YOUNG_BETWEEN, YOUNG_BETWEEN)
