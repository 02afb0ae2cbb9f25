"""Payouts: what partners earn is collected on an account and paid out by the calendar."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, model_validator

from goodword.program.part import Part
from goodword.program.values import Money, declared_in


class Payouts(Part):
    """How commissions are paid: what has come together by the end of a period, once it is worth a transfer."""

    every: Literal["week", "month"] = Field(
        description="at the end of each calendar week or month, in the program's time zone"
    )
    minimum: Money | None = Field(
        default=None, description="the least that is paid out; less than that is carried over to the next period"
    )

    @model_validator(mode="after")
    def _in_its_currency(self, info: ValidationInfo) -> Payouts:
        currency = declared_in(info).currency
        if self.minimum is not None and self.minimum.unit != currency:
            raise ValueError(f"payouts are made in {currency}")
        return self
