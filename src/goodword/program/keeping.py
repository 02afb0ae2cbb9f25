"""What a reward may depend on after it was granted: conditions under which it is kept."""

from __future__ import annotations

from pydantic import Field, model_validator

from goodword.program.part import Part
from goodword.program.values import Duration, Where


class Kept(Part):
    """Conditions on people under which a reward is kept: it is granted only while they hold, and taken back when one ceases to."""

    conditions: Where = Field(alias="while", description="conditions on `friend.…`, `advocate.…` or `recipient.…`")
    until: Duration | None = Field(
        default=None, description="how long after the step it may still be taken back; without an end if not given"
    )

    @model_validator(mode="after")
    def _looks_at_people(self) -> Kept:
        for condition in self.conditions:
            if condition.attribute.entity in ("order", "activity"):
                raise ValueError(f"`kept` looks at people, not at `{condition.attribute.name}`")
            if condition.attribute.type == "duration":
                raise ValueError(
                    f"`{condition.attribute.name}` changes by itself: say with `until` how long it is kept"
                )
        return self
