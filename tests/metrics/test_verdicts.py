"""When a conclusion is not warranted: facts of a figure, and the codes it carries."""

from __future__ import annotations

import pytest

from goodword.metrics.verdicts import VERDICTS, Facts, Verdict, verdicts


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        (Facts(), ()),
        (Facts(denominator=0, effective_clusters=0.0), ("no_data",)),
        (Facts(denominator=30, part_of_cost=True), ("part_of_cost",)),
        (Facts(denominator=29), ("small_sample",)),
        (Facts(denominator=30), ()),
        (Facts(denominator=500, maturity=0.49), ("young_cohort",)),
        (Facts(denominator=500, maturity=0.5), ()),
        (Facts(horizon=30, follow_up=29), ("beyond_follow_up",)),
        (Facts(horizon=30, follow_up=30), ()),
        (Facts(denominator=900, effective_clusters=19.9), ("few_clusters",)),
        (Facts(denominator=900, effective_clusters=20.0), ()),
        (Facts(top_1=0.31), ("concentrated",)),
        (Facts(top_1=0.3), ()),
        (Facts(unmatched_share=0.21), ("poor_overlap",)),
        (Facts(unmatched_share=0.2), ()),
        (Facts(compares_chosen=True), ("self_selected",)),
    ],
)
def test_each_code_has_its_bound(facts: Facts, codes: tuple[Verdict, ...]) -> None:
    assert verdicts(facts) == codes


def test_all_at_once_stand_in_their_order() -> None:
    worst = Facts(
        denominator=3, maturity=0.1, horizon=90, follow_up=12, effective_clusters=2, top_1=0.9, unmatched_share=0.9, part_of_cost=True,
        compares_chosen=True,
    )  # fmt: skip
    assert verdicts(worst) == VERDICTS[1:]
