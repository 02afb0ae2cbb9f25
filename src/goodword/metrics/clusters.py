"""People in clusters: the friends of each advocate. Sums over clusters say how much clusters differ."""

from __future__ import annotations

import math
from fractions import Fraction

from msgspec import Struct


class ClusterSums(Struct, frozen=True):
    """Sums over clusters (advocates) with n people (friends) and a total y each: how many bought, or their margin.

    Clusters of nobody are left out. Whole numbers, so that nothing cancels. Raises ValueError for sums no clusters have.
    """

    clusters: int
    y: int
    n: int
    yy: int
    """The sum of y squared."""
    nn: int
    yn: int

    def __post_init__(self) -> None:
        sizes = 0 <= self.clusters <= self.n <= self.nn and self.n**2 <= self.clusters * self.nn
        totals = self.y**2 <= self.clusters * self.yy and self.yn**2 <= self.yy * self.nn
        if not (sizes and totals):
            raise ValueError(f"no clusters have these sums: {self}")

    @property
    def ratio(self) -> float:
        """The total by all people; of nobody there is none."""
        return self.y / self.n

    @property
    def effective(self) -> float:
        """How many clusters of one size would tell as much: n² / Σn², few where one advocate brought most of the friends.

        Kish (1965), Survey Sampling; Carter, Schnepel and Steigerwald (2017), REStat 99:698.
        """
        return self.n**2 / self.nn

    def error(self) -> float | None:
        """The standard error of the ratio, which takes clusters as drawn and people as they come with them; None of one.

        The delta method, the root of s²(y - r n) / (m n̄²): Cochran (1977), Sampling Techniques, 3rd ed., section 6.3; Deng,
        Knoblich and Lu (2018), KDD.
        """
        if self.clusters < 2:
            return None
        y, n = self.y, self.n
        residuals = float(self.yy - Fraction(2 * y * self.yn, n) + Fraction(y * y * self.nn, n * n))
        return math.sqrt(self.clusters / (self.clusters - 1) * residuals) / n
