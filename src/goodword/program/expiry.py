"""How long what was handed over may be used, and when its owner is reminded before that is over."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Field, Tag, model_validator

from goodword.program.part import Part
from goodword.program.values import Duration


class Expiry(Part):
    """How long a reward may be used, with a notice before it expires."""

    after: Duration = Field(description="how long after issuing it may be used")
    notice: Duration = Field(description="how long before that a notice goes out, if something of it is left")

    @model_validator(mode="after")
    def _in_time(self) -> Expiry:
        if not 0 < self.notice < self.after:
            raise ValueError("the notice comes before it expires, and after it was issued")
        return self


def _shape(raw: object) -> str:
    return "expires:notice" if isinstance(raw, Expiry | dict) else "expires:alone"


AnyExpiry = Annotated[
    Annotated[Duration, Tag("expires:alone")] | Annotated[Expiry, Tag("expires:notice")], Discriminator(_shape)
]
