"""When a conclusion is not warranted. A figure carries its codes; what they say to people stands in the catalogues."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

Verdict = Literal[
    "no_data",
    "part_of_cost",
    "small_sample",
    "young_cohort",
    "beyond_follow_up",
    "few_clusters",
    "concentrated",
    "poor_overlap",
    "self_selected",
]
"""Closed and ordered: the first says most."""
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

SAMPLE_MIN = 30
"""Of fewer, a share is chance rather than a fact."""
MATURITY_MIN = 0.5
"""If fewer of a cohort were followed to the horizon, the figure is about the eager ones."""
CLUSTERS_MIN = 20
"""Of fewer effective clusters, intervals that know of clusters are still too narrow: Cameron, Gelbach and Miller (2008), REStat
90:414, find it from five to thirty."""
TOP_SHARE_MAX = 0.3
"""If the one percent with most have more, the figure is about them, and they may be no advocates but affiliates."""
UNMATCHED_MAX = 0.2
"""If more of a group have nobody to be compared with, the comparison is about the rest of it."""


class Facts(Struct, frozen=True):
    """What is known of a figure. None of what does not concern it."""

    denominator: int | None = None
    maturity: float | None = None
    """The share of the cohort that was followed to the horizon, from 0 to 1."""
    horizon: float | None = None
    follow_up: float | None = None
    """The oldest age that anybody was followed to, in the horizon's unit."""
    effective_clusters: float | None = None
    top_1: float | None = None
    unmatched_share: float | None = None
    part_of_cost: bool = False
    """Whether it stands on a cost of which some is not known, or in another currency."""
    compares_chosen: bool = False
    """Whether it compares people who chose for themselves which group they are in."""


def verdicts(facts: Facts) -> tuple[Verdict, ...]:
    """Why no conclusion may be drawn from a figure, in the order of `VERDICTS`; empty where one may."""
    empty = facts.denominator == 0
    found: dict[Verdict, bool] = {
        "no_data": empty,
        "part_of_cost": facts.part_of_cost,
        "small_sample": not empty and _below(facts.denominator, SAMPLE_MIN),
        "young_cohort": _below(facts.maturity, MATURITY_MIN),
        "beyond_follow_up": facts.horizon is not None and _below(facts.follow_up, facts.horizon),
        "few_clusters": not empty and _below(facts.effective_clusters, CLUSTERS_MIN),
        "concentrated": _above(facts.top_1, TOP_SHARE_MAX),
        "poor_overlap": _above(facts.unmatched_share, UNMATCHED_MAX),
        "self_selected": facts.compares_chosen,
    }
    return tuple(code for code in VERDICTS if found[code])


def _below(value: float | None, least: float) -> bool:
    return value is not None and value < least


def _above(value: float | None, most: float) -> bool:
    return value is not None and value > most
