"""When people are asked to invite friends: soon after something good, and not too often."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from goodword.program.duration import DAY_MS, parse_duration
from goodword.program.part import Part
from goodword.program.values import Duration, Name, reference

MOMENTS_MAX = 20
NTH_MAX = 8
"""Up to which order a moment may count: as many are remembered of everybody."""


class Moment(Part):
    """Something good that happens to a person, after which he is asked."""

    event: Literal["order", "activity", "survey"] = Field(description="what he did, or what happened to him")
    activity: Annotated[str, reference("activity")] | None = Field(
        default=None, description="which activity, for `event: activity`: a delivery that came, a good review"
    )
    nth: Annotated[int, Field(ge=1, le=NTH_MAX, strict=True)] | None = Field(
        default=None, description="after which of his orders alone, for `event: order`; each of them if not given"
    )
    recommend: Annotated[int, Field(ge=0, le=10, strict=True)] | None = Field(
        default=None, description="the least that he answered to `recommend`, for `event: survey`"
    )
    invited: bool = Field(default=False, description="whether it is one only for those whom a friend invited")
    after: Duration = Field(
        default=0,
        description="how long after it the moment begins: where nobody tells a delivery, so long after the order",
    )
    within: Annotated[Duration, Field(gt=0)] = Field(default=parse_duration("14 days"), description="how long it lasts")

    @model_validator(mode="after")
    def _fits_its_event(self) -> Moment:
        if (self.event == "activity") != (self.activity is not None):
            raise ValueError("`activity` names the activity of `event: activity`, and only of that")
        if (self.event == "survey") != (self.recommend is not None):
            raise ValueError("`recommend` says which answer of `event: survey` is high, and only of that: such as 9")
        if self.nth is not None and self.event != "order":
            raise ValueError("`nth` counts orders: it goes with `event: order`")
        return self


class Asking(Part):
    """Which moments are good ones, and how often somebody is asked at most."""

    moments: Annotated[dict[Name, Moment], Field(max_length=MOMENTS_MAX)] = Field(
        default={}, description="the moments by name, the one that counts before others first; any time if not given"
    )
    every: Duration | None = Field(
        default=None, description="how long passes before somebody is asked again; `GOODWORD_ASK_DAYS` if not given"
    )
    without_share: Annotated[int, Field(ge=1, le=100, strict=True)] | None = Field(
        default=None, description="how often somebody is asked who never shares; `GOODWORD_ASK_IN_VAIN` if not given"
    )

    @model_validator(mode="after")
    def _whole_days(self) -> Asking:
        if self.every is not None and (self.every % DAY_MS or not self.every):
            raise ValueError("`every` is a number of whole days, such as `30 days`")
        return self
