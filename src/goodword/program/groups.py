"""Groups: a family plan, a project, a team. One kind of group per program."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from goodword.program.part import Part
from goodword.program.values import reference

MEMBERS_MAX = 1_000_000
"""How many members a group may have, unless the file allows fewer."""


class Groups(Part):
    """What the shop calls a group, with one owner and its members. The owner is not counted among them."""

    members_max: Annotated[int, Field(ge=1, le=MEMBERS_MAX, strict=True)] = Field(
        default=MEMBERS_MAX, description="how many members a group may have at a time"
    )
    joined_by: Annotated[str, reference("step")] | None = Field(
        default=None,
        description="the step with which a referred friend becomes a member of the group that he was invited to",
    )
    one_per_person: bool = Field(
        default=False, description="whether a person may be a member of one group at a time only"
    )
