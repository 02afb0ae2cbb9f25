"""A figure that somebody assumes: a value or a range, in whole units, and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ValidationInfo

from goodword.program.duration import parse_duration
from goodword.program.quantity import BASIS_POINTS, parse_percent, parse_quantity
from goodword.program.values import declared_in, hint

Kind = Literal["share", "count", "number", "time", "money"]
HUNDREDTHS = 100
"""In what a `number` is counted."""
COUNT_MAX = 1_000_000
NUMBER_MAX = 1000
SOURCE_MAX = 300
"""How many characters a source may have."""

_BETWEEN = re.compile(r"\s+[-–]\s+")
_COUNT = re.compile(r"[0-9][0-9_]{0,9}")
_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class Assumed:
    """A figure from `low` to `high`, every one of them as likely; the same twice for a single value."""

    kind: Kind
    low: int
    """Basis points, pieces, hundredths, milliseconds or the smallest unit of money, by its kind."""
    high: int
    source: str | None = None

    def draw(self, chance: Random) -> float:
        """A figure for one world."""
        return chance.uniform(self.low, self.high) if self.low < self.high else float(self.low)


def share_of(figure: float) -> float:
    """A share as a probability."""
    return figure / BASIS_POINTS


def _share(raw: object, _: str) -> int:
    value = parse_percent(raw)
    if value > BASIS_POINTS:
        raise ValueError("must be at most 100%")
    return value


def _count(raw: object, _: str) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        value = raw
    elif isinstance(raw, str) and _COUNT.fullmatch(raw.strip()):
        value = int(raw.strip())
    else:
        raise ValueError("write a whole number or a range such as `200 - 400`")
    if not 0 <= value <= COUNT_MAX:
        raise ValueError(f"must be from 0 to {COUNT_MAX}")
    return value


def _number(raw: object, _: str) -> int:
    text = str(raw).strip()
    if isinstance(raw, bool) or not _NUMBER.fullmatch(text) or Decimal(text) > NUMBER_MAX:
        raise ValueError("write a number with at most two decimals, or a range such as `0.5 - 1.5`")
    return int(Decimal(text) * HUNDREDTHS)


def _time(raw: object, _: str) -> int:
    return parse_duration(raw)


def _money(raw: object, currency: str) -> int:
    value = parse_quantity(raw)
    if value.unit != currency:
        raise ValueError(f"this program counts in {currency}, not in {value.unit}")
    return value.amount


_READERS: dict[Kind, Callable[[object, str], int]] = {
    "share": _share,
    "count": _count,
    "number": _number,
    "time": _time,
    "money": _money,
}


def read_assumed(kind: Kind, raw: object, currency: str) -> Assumed:
    """Read ``8%``, ``8% - 15%``, or either under `value` beside its `source`.

    Raises:
        ValueError: not of its kind, or a range that runs backwards.
    """
    source = None
    if isinstance(raw, dict):
        source = _source_of(raw)
        raw = raw["value"]
    ends: list[object] = [*_BETWEEN.split(raw.strip())] if isinstance(raw, str) else [raw]
    if len(ends) > 2:
        raise ValueError("a range has two ends, such as `8% - 15%`")
    low, high = _READERS[kind](ends[0], currency), _READERS[kind](ends[-1], currency)
    if low > high:
        raise ValueError("a range begins with its lower end")
    return Assumed(kind, low, high, source)


def _source_of(raw: dict[Any, Any]) -> str | None:
    for key in raw:
        if key not in ("value", "source"):
            raise ValueError(f"unknown key `{key}`; {hint(str(key), ['value', 'source'])}")
    if "value" not in raw:
        raise ValueError("`value` is missing")
    source = raw.get("source")
    if source is not None and not (isinstance(source, str) and 0 < len(source) <= SOURCE_MAX):
        raise ValueError(f"`source` is a text of 1 to {SOURCE_MAX} characters")
    return source


def _reader(kind: Kind) -> BeforeValidator:
    def read(raw: object, info: ValidationInfo) -> object:
        return raw if isinstance(raw, Assumed) else read_assumed(kind, raw, declared_in(info).currency)

    return BeforeValidator(read)


Share = Annotated[Assumed, _reader("share")]
Number = Annotated[Assumed, _reader("number")]
Count = Annotated[Assumed, _reader("count")]
Time = Annotated[Assumed, _reader("time")]
Money = Annotated[Assumed, _reader("money")]
