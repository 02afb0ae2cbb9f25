"""What a mean and its variance need of a group: how many, their sum, the sum of their squares."""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct


class Moments(Struct, frozen=True):
    """Sums over people, in whole numbers (money in its minor unit), so that nothing cancels.

    Raises ValueError for sums that no numbers have.
    """

    count: int
    total: int
    squares: int

    def __post_init__(self) -> None:
        if self.count < 0 or self.total**2 > self.count * self.squares or (not self.count and self.squares):
            raise ValueError(f"no numbers have these sums: {self}")

    @property
    def mean(self) -> float:
        """Of nobody there is none."""
        return self.total / self.count

    @property
    def deviations(self) -> float:
        """The sum of squared deviations from the mean, exact up to the last division."""
        return float(self.squares - Fraction(self.total**2, self.count)) if self.count else 0.0

    @property
    def variance(self) -> float | None:
        """Over n - 1; None of fewer than two."""
        return self.deviations / (self.count - 1) if self.count > 1 else None
