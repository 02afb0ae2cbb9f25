"""How many hits of one address are kept one by one: nobody can fill the disk and the database by following a link again and again.

Counted in windows of an hour, in the memory of each process. What comes on top is still redirected, and counted as a number.
"""

from __future__ import annotations

from collections import OrderedDict

WINDOW_MS = 3_600_000
"""How long a window is. All end at the same moment, so that within any hour nobody has more than twice the limit."""
CODE_SHARE = 10
"""Of one code an address may have the limit divided by this, and at least one."""
TAKEN_MAX = 100_000
"""How many addresses, and codes of them, are remembered; beyond that the first of the window is forgotten and starts anew."""

_Key = str | tuple[str, str]


class Allowance:
    """What each address, and each address of one code, has had in this window. Used by one thread."""

    def __init__(self, per_window: int, taken_max: int = TAKEN_MAX) -> None:
        """A limit of 0 is none."""
        self._of_address = per_window
        self._of_code = max(1, per_window // CODE_SHARE)
        self._max = taken_max
        self._window = 0
        self._taken: OrderedDict[_Key, int] = OrderedDict()

    def __len__(self) -> int:
        """How much is remembered."""
        return len(self._taken)

    def take(self, address: str, code: str, at_ms: int) -> bool:
        """Whether one more hit may be kept; then it is taken."""
        if not self._of_address:
            return True
        window, taken = at_ms // WINDOW_MS, self._taken
        if window != self._window:
            self._window = window
            taken.clear()
        pair = (address, code)
        of_address, of_code = taken.get(address, 0), taken.get(pair, 0)
        if of_address >= self._of_address or of_code >= self._of_code:
            return False
        taken[address] = of_address + 1
        taken[pair] = of_code + 1
        while len(taken) > self._max:
            taken.popitem(last=False)
        return True
