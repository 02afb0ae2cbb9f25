"""Pools by the API: codes of the shop's own system, brought in, and how many are left."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from goodword.engine.events import Codes
from goodword.engine.reasons import Answer
from goodword.program.values import NAME_PATTERN
from goodword.storage.keys import ApiKey
from goodword.storage.pools import PoolCounts, pool_counts
from goodword.web.answers import answers, json
from goodword.web.api import Reader
from goodword.web.context import context_of
from goodword.web.keys import Needs
from goodword.web.problems import NotFound
from goodword.web.telling import body_of, json_body, tell_now

CodesIn = body_of(Codes, "pool")
PoolName = Annotated[str, Path(pattern=NAME_PATTERN, description="the name of a pool, as in the program file")]
router = APIRouter(prefix="/v1/pools", tags=["pools"])


@router.get("/{pool}", responses=answers(PoolCounts, "the counts"))
def get_pool(request: Request, key: Reader, pool: PoolName) -> Response:
    """How many codes of a pool are free, how many were given out with a reward, and how many rewards wait for one."""
    with context_of(request).parts.database.read() as connection:
        counts = pool_counts(connection, key.tenant, pool)
    if counts is None:
        raise NotFound
    return json(counts)


@router.post(
    "/{pool}/codes",
    responses=answers(Answer, "the answer: how many came in, and how many were known"),
    openapi_extra=json_body(CodesIn),
)
async def add_codes(request: Request, key: Annotated[ApiKey, Depends(Needs("staff"))], pool: PoolName) -> Response:
    """Bring codes into a pool now: the same as an event of type `codes`. A code counts once, however often it is told."""
    return await tell_now(request, key, CodesIn, "codes", pool=pool)
