"""How far people were followed. Nothing is said beyond."""

from __future__ import annotations


class BeyondFollowUp(ValueError):
    """A horizon beyond the age to which enough people were followed: nothing is known there."""

    def __init__(self, horizon: float, longest: float) -> None:
        super().__init__(f"{horizon} lies beyond what was followed, the longest is {longest}")
        self.longest = longest
