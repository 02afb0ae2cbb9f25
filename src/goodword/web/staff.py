"""What staff do: act on rewards, review referrals."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from goodword.engine.events import Review, RewardAction
from goodword.engine.reasons import Answer
from goodword.storage.keys import ApiKey
from goodword.web.answers import answers
from goodword.web.api import Id
from goodword.web.keys import Needs
from goodword.web.telling import body_of, json_body, tell_now

Action = Literal["approve", "deny", "issue", "redeem", "reverse", "fail"]
Verdict = Literal["approve", "deny", "withdraw"]
Staff = Annotated[ApiKey, Depends(Needs("staff"))]
RewardActionIn = body_of(RewardAction, "reward", "action")
ReviewIn = body_of(Review, "referral", "verdict")
router = APIRouter(prefix="/v1")


@router.post(
    "/rewards/{reward}/{action}",
    tags=["rewards"],
    responses=answers(Answer, "the answer: a refusal is one as well"),
    openapi_extra=json_body(RewardActionIn, required=False),
)
async def act_on_reward(request: Request, key: Staff, reward: Id, action: Action) -> Response:
    """Act on a reward now: the same as an event of type `reward`."""
    return await tell_now(request, key, RewardActionIn, "reward", reward=reward, action=action)


@router.post(
    "/referrals/{referral}/{verdict}",
    tags=["referrals"],
    responses=answers(Answer, "the answer: a refusal is one as well"),
    openapi_extra=json_body(ReviewIn, required=False),
)
async def review_referral(request: Request, key: Staff, referral: Id, verdict: Verdict) -> Response:
    """Decide about a referral now: the same as an event of type `review`. A denial can be reopened by an approval.

    Withdraw what was begun by mistake: its friend is free again, and what was not used of it is taken back.
    """
    return await tell_now(request, key, ReviewIn, "review", referral=referral, verdict=verdict)
