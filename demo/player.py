"""Playing a script: its placeholders filled in from answers, its events sent in portions as shops send them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from demo.client import Json, Server
from demo.script import Script

PLACEHOLDER = re.compile(r"@(code|claim|referral|coupon):([^|]+)(?:\|(\w+))?")
SIZES = (1, 1, 2, 5, 10, 25, 60, 120)
"""How many events a request may bring: shops send single events, queues send arrays."""
RETRY_SHARE = 0.15
"""How many requests are sent a second time, as if their answer had been lost."""
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


class CannotGoOn(Exception):
    """An answer lacks what later events need; the message shows it."""


@dataclass(slots=True)
class Played:
    """What the player saw: the answer to each event, and what surprised him."""

    answers: dict[str, Json] = field(default_factory=dict)
    events: dict[str, Json] = field(default_factory=dict)
    requests: int = 0
    repeated_otherwise: int = 0
    problems: list[Json] = field(default_factory=list)
    conflicts: int = 0


class Player:
    """Sends a script to a server."""

    def __init__(self, server: Server, script: Script, say: Callable[[str], None]) -> None:
        self._server = server
        self._script = script
        self._say = say
        self._random = Random(script.seed + 1)
        self.played = Played()

    def play(self) -> Played:
        """Play the whole month, hand over what waits for the shop, and try one event with other content."""
        waiting = list(self._script.events)
        day = ""
        while waiting:
            portion = self._portion(waiting)
            del waiting[: len(portion)]
            self._send(portion)
            if portion[-1]["occurred_at"][:10] > day:
                day = portion[-1]["occurred_at"][:10]
                self._say(f"{day}  {len(self.played.answers):5,} events decided")
        self._hand_over()
        self._contradict()
        return self.played

    def _portion(self, waiting: list[Json]) -> list[Json]:
        """The next events of one request: as many as their placeholders allow."""
        size = self._random.choice(SIZES)
        portion: list[Json] = []
        for event in waiting[:size]:
            told = {other["id"] for other in portion}
            if any(needed in told and needed not in self.played.answers for needed in _needs(event)):
                break
            portion.append(event)
        return [self._filled(event) for event in portion]

    def _send(self, portion: list[Json]) -> None:
        answers = self._tell(portion)
        for event, answer in zip(portion, answers, strict=True):
            self._keep(event, answer)
        if self._random.random() < RETRY_SHARE:
            again = self._tell(portion)
            self.played.repeated_otherwise += sum(one != two for one, two in zip(answers, again, strict=True))

    def _tell(self, portion: list[Json]) -> list[Json]:
        self.played.requests += 1
        return self._server.tell(portion)

    def _keep(self, event: Json, answer: Json) -> None:
        if "problem" in answer:
            self.played.problems.append(answer["problem"])
            return
        known = self.played.answers.setdefault(event["id"], answer)
        self.played.repeated_otherwise += known != answer
        self.played.events[event["id"]] = event

    def _hand_over(self) -> None:
        """The shop hands over what Goodword approved: space, goods, money."""
        at = self._script.events[-1]["occurred_at"]
        approved = list(self._server.list("/v1/rewards", program=self._script.promise.recipe, status="approved"))
        asked = [reward["id"] for reward in approved if reward.get("reason") == "waiting_for_answer"]
        post = {"post": self._script.promise.post} if self._script.promise.post else {}
        events = [
            {"type": "choice", "id": f"answered-{reward}", "occurred_at": at, "reward": reward} | post
            for reward in asked
            if post
        ]
        events += [
            {"type": "reward", "id": f"handed-over-{reward['id']}", "occurred_at": at}
            | {"reward": reward["id"], "action": "issue"}
            for reward in approved
        ]
        for start in range(0, len(events), 100):
            self._send(events[start : start + 100])
        self._say(f"the shop handed over {len(approved):,} rewards")

    def _contradict(self) -> None:
        """An event told before comes with other content: refused, and the first one stands."""
        (answer,) = self._tell([self._filled(self._script.conflict)])
        self.played.conflicts += answer.get("problem", {}).get("status") == 409

    # placeholders -------------------------------------------------------------------------------------------------

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        found = PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
        return value if found is None else self._known(*found.groups())

    def _known(self, kind: str, event: str, manner: str | None) -> str:
        """What a placeholder stands for.

        Raises:
            CannotGoOn: the server has not given it.
        """
        answer = self.played.answers.get(event, {})
        found = {
            "code": answer.get("advocate_code"),
            "claim": answer.get("claim"),
            "referral": next((referral["id"] for referral in answer.get("referrals", ())), None),
            "coupon": next((r.get("code") for r in answer.get("rewards", ()) if r["side"] == "friend"), None),
        }[kind]
        if found is None:
            raise CannotGoOn(f"the answer to {event} gives no {kind}: {answer or self.played.problems}")
        return typed(found, manner)


def typed(code: str, manner: str | None) -> str:
    """A code as somebody types it."""
    match manner:
        case "lower":
            return code.lower()
        case "hyphen":
            return f"{code[:4]}-{code[4:]}"
        case "arabic":
            return code.translate(ARABIC_DIGITS)
    return code


def _needs(value: Any) -> list[str]:
    """The events whose answers an event needs."""
    if isinstance(value, dict):
        return [needed for item in value.values() for needed in _needs(item)]
    if isinstance(value, list):
        return [needed for item in value for needed in _needs(item)]
    found = PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
    return [found[2]] if found else []


def reasons(played: Played) -> Counter[str]:
    """How many events were told each reason."""
    return Counter(code for answer in played.answers.values() for code in {r["code"] for r in answer["reasons"]})
