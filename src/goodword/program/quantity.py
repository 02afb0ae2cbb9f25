"""Amounts: whole numbers with a unit, and the one home of rounding.

Money is counted in the minor unit that ISO 4217 gives a currency (cents; fils for KWD, three decimals; none for JPY).
Everything else (MB, coffee, month) is counted in whole units of its own name. Nothing here is ever a float.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from babel.core import get_global

#: ISO 4217 exponents that are not 2. CLDR differs for some (IQD): storage follows ISO, display follows CLDR.
_EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
_CURRENCIES = frozenset(get_global("all_currencies"))

AMOUNT_MAX = 10**15
"""The largest amount of any unit that one file or one event may name: sums of many stay inside 64 bits."""

BASIS_POINTS = 10_000
"""A whole (100%) in basis points, the unit of every percentage in Goodword."""

Rounding = Literal["down", "up", "half_up", "half_even"]

_QUANTITY = re.compile(r"(?P<number>-?[0-9][0-9_]*(?:\.[0-9]+)?)\s+(?P<unit>[A-Za-z][A-Za-z0-9:_-]{0,63})")
_PERCENT = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,2})?)\s*%")

QUANTITY_PATTERN = r"^[0-9][0-9_]*(\.[0-9]+)?\s+[A-Za-z][A-Za-z0-9:_-]{0,63}$"
PERCENT_PATTERN = r"^[0-9]{1,5}(\.[0-9]{1,2})?\s*%$"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A whole number of `unit`: cents for ``USD``, fils for ``KWD``, pieces for ``coffee``."""

    amount: int
    unit: str

    def __str__(self) -> str:
        return f"{plain_number(self.amount, self.unit)} {self.unit}"


def is_currency(unit: str) -> bool:
    """Whether `unit` is an ISO 4217 code."""
    return unit in _CURRENCIES


def exponent(unit: str) -> int:
    """How many decimals `unit` has: the ISO 4217 exponent of a currency, 0 for every other unit."""
    return _EXPONENTS.get(unit, 2) if is_currency(unit) else 0


def plain_number(amount: int, unit: str) -> str:
    """`amount` in major units, in plain digits: ``2000 USD`` is ``20.00``. For files and logs, not for people."""
    decimals = exponent(unit)
    return f"{Decimal(amount).scaleb(-decimals):f}" if decimals else str(amount)


def parse_quantity(text: object) -> Quantity:
    """Read ``20.00 USD`` or ``500 MB``.

    Raises:
        ValueError: not a number with a unit, negative, too large, or more decimals than the unit has.
    """
    match = _QUANTITY.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("write a number and its unit, such as `20.00 USD` or `500 MB`")
    unit = match["unit"]
    try:
        number = Decimal(match["number"].replace("_", ""))
    except InvalidOperation as error:  # pragma: no cover - the pattern admits only numbers
        raise ValueError("not a number") from error
    minor = minor_units(number, unit)
    if minor < 0:
        raise ValueError("an amount cannot be negative")
    return Quantity(minor, unit)


def minor_units(number: Decimal, unit: str) -> int:
    """A number of major units in the smallest unit: 20.5 of ``USD`` is 2050.

    Raises:
        ValueError: more decimals than the unit has, or too large.
    """
    minor = number.scaleb(exponent(unit))
    if minor != minor.to_integral_value():
        raise ValueError(f"{unit} has {exponent(unit)} decimals")
    if abs(minor) > AMOUNT_MAX:
        raise ValueError(f"at most {AMOUNT_MAX} of the smallest unit")
    return int(minor)


def parse_percent(text: object) -> int:
    """Read ``25%`` or ``2.5%`` as basis points (2500, 250).

    Raises:
        ValueError: not a percentage, or more than two decimals.
    """
    match = _PERCENT.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("write a percentage with its sign, such as `25%`")
    return int(Decimal(match[1]).scaleb(2))


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """`numerator / denominator` of non-negative integers as a whole number, rounded as told.

    The only place in Goodword where anything is rounded.
    """
    quotient, rest = divmod(numerator, denominator)
    if rest == 0 or rounding == "down":
        return quotient
    if rounding == "up":
        return quotient + 1
    twice = 2 * rest
    if twice == denominator:
        return quotient + 1 if rounding == "half_up" or quotient % 2 else quotient
    return quotient + (twice > denominator)


def percent_of(amount: int, basis_points: int, rounding: Rounding) -> int:
    """`basis_points` of `amount`, both non-negative."""
    return divide(amount * basis_points, BASIS_POINTS, rounding)
