"""A reward that somebody has, in words: how much of what."""

from __future__ import annotations

from goodword.program.model import Reward as Rule
from goodword.program.quantity import Quantity
from goodword.words.catalogue import catalogue
from goodword.words.format import amount
from goodword.words.headline import benefit_text


def reward_text(rule: Rule | None, option: str, granted: Quantity, language: str) -> str:
    """What was granted: "$20.00", "25% off", "$10.00 off", "1 coffee". Without its rule, the plain amount."""
    benefit = rule.benefits.get(option) if rule is not None else None
    if benefit is None:
        return amount(granted, language)
    if benefit.percent_off:
        return benefit_text(benefit, language) or amount(granted, language)
    key = {"coupon": "benefit.amount_off", "donation": "benefit.donation"}.get(benefit.kind)
    shown = amount(granted, language)
    return shown if key is None else catalogue(language).text(key, {"amount": shown})
