"""The page of a board, for everybody."""

from __future__ import annotations

from dataclasses import dataclass

from goodword.portal.advocate import Ranking


@dataclass(frozen=True, slots=True)
class BoardView:
    """What the page shows besides its frame."""

    ranking: Ranking
    join: str | None
    """Where one joins; None where the program takes in nothing new."""
