"""Conditions as the terms say them."""

import pytest

from goodword.program.loader import load_program
from goodword.words.phrases import conditions

PROGRAM = load_program(
    "goodword: 1\nprogram: test\ncurrency: USD\ntime_zone: UTC\n"
    "audience: {friend: {friend.tenure: {less_than: 2 weeks}}, advocate: {advocate.tenure: {at_least: 30 days}}}\n"
    "steps: {bought: {event: order, where: {order.total: {less_than: 50 USD}}}}\n"
    "rewards: {gift: {when: {step: bought}, to: advocate, benefit: {kind: item, amount: 1 coffee}}}\n"
)


@pytest.mark.parametrize(
    ("language", "friend", "advocate"),
    [
        ("en", "known to us for: less than 14 days", "known to us for: at least 30 days"),
        ("ro", "vechime: mai puțin de 14 zile", "vechime: cel puțin 30 de zile"),
        ("ar", "مدة المعرفة: أقل من 14 يومًا", "مدة المعرفة: 30 يومًا على الأقل"),
    ],
)
def test_how_long_somebody_is_known_is_said_in_days(language: str, friend: str, advocate: str) -> None:
    audience = PROGRAM.model.audience
    assert conditions(audience.friend, language, "friend") == friend
    assert conditions(audience.advocate, language, "advocate") == advocate


def test_less_than_an_amount() -> None:
    assert "less than $50.00" in conditions(PROGRAM.model.steps["bought"].where, "en", "friend")
