"""Random facts in which everything happens that a copy can hold, to few people and at few moments: what is seldom in a shop is often here.

What the database holds to is held to: ids are unique, whoever did something is a participant, what is named is there, points and
rewards are used by those whose they are.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.warehouse.by_hand import DAY, Facts, day

PEOPLE = [f"p{number}" for number in range(40)]
PROGRAMS = ["p", "p", "p", "q"]
KINDS = ["coupon", "coupon", "credit", "credit", "points", "cash", "item", "product", "service", "event", "experience"]
REASONS = [
    *(None, "step_reached", "order_recorded", "friend_not_in_audience", "order_known", "order_known"),
    *("unknown_code", "unknown_claim", "unknown_click", "code_disabled", "code_expired", "evidence_too_old"),
    *(
        "step_condition_unmet",
        "window_passed",
        "step_too_late",
        "step_too_early",
        "step_waits_for_step",
        "step_counted",
    ),
    *("currency_differs", "sent_to_review", "shared_signal", "household_has_one", "program_is_paused"),
    "program_has_ended",
]
ORDERS = [f"o{number}" for number in range(240)]
Row = dict[str, Any]


def random_facts(seed: int) -> Facts:
    """Facts of some thousand rows; the same for the same seed."""
    return _Facts(Random(seed)).all()


class _Facts:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._codes = {f"C{number}": (self._of(PROGRAMS), self._of(PEOPLE)) for number in range(16)}
        self._referrals = [f"r{number}" for number in range(160)]
        self._rules = [(program, version, rule) for program in "pq" for version in (1, 2) for rule in "abcdef"]
        self._kinds = {key: self._of(KINDS) for key in self._rules}
        self._units = {key: self._unit(kind) for key, kind in self._kinds.items()}

    def all(self) -> Facts:
        rewards = self._rewards()
        return {
            "participants": [self._person(name, number) for number, name in enumerate(PEOPLE)],
            "handles": [
                {"code": code, "program": program, "participant": who, "created_ms": self._at()}
                for code, (program, who) in self._codes.items()
            ],
            "claims": [{"token": f"t{number}", "code": self._of([*self._codes, "GONE"])} for number in range(8)],
            "orders": [self._order(name, rewards) for name in ORDERS],
            "referrals": [self._referral(name) for name in self._referrals],
            "rewards": rewards,
            "entries": [self._entry(rewards) for _ in range(200)],
            "events": [self._event() for _ in range(420)],
            "clicks": [self._click() for _ in range(120)],
            "surveys": [self._survey() for _ in range(60)],
            "rules": [
                {"program": program, "version": version, "rule": rule, "kind": self._kinds[program, version, rule]}
                | {"unit": self._units[program, version, rule], "currency": self._of(["USD", "USD", "EUR"])}
                | {"unit_cost": self._of([1, 3, None])}
                for program, version, rule in self._rules
            ],
        }

    def _of(self, values: Any) -> Any:
        return self._random.choice(list(values))

    def _often(self, share: float) -> bool:
        return self._random.random() < share

    def _at(self) -> int:
        """One of few moments, of which many lie 7, 30, 90, 180 or 365 days apart, as do the borders of what is asked."""
        return day(self._of(range(-15, 7)) * 30 + self._of([0, 0, 0, 0, 5, 7, 0.02]))

    def _unit(self, kind: str) -> str:
        return {"points": "points", "coupon": self._of(["coupon", "USD"]), "item": "mug"}.get(kind, "USD")

    def _person(self, name: str, number: int) -> Row:
        erased = self._at() if self._often(0.2) else None
        return {"id": name, "number": number + 1, "country": self._of(["RO", "SA", None]), "erased_ms": erased}

    def _order(self, name: str, rewards: list[Row]) -> Row:
        who, total = self._of(PEOPLE), self._random.randrange(50_00, 90_00)
        state = self._of(["placed", "placed", "placed", "refunded", "cancelled", "charged_back"])
        back = {"placed": self._of([0, 0, 7]), "refunded": total}.get(state, 0)
        own = [reward["id"] for reward in rewards if reward["participant"] == who]
        used = self._random.sample(own, min(len(own), self._of([0, 0, 1, 2])))
        return {
            "id": name,
            "participant": who,
            "placed_ms": self._at(),
            "total": total,
            "currency": self._of(["USD", "USD", "USD", "EUR"]),
            "refunded": back,
            "state": state,
            "referral": self._of(self._referrals) if self._often(0.3) else None,
            "redemptions": f"|{'|'.join(f'{id}={self._random.randrange(1, 900)}' for id in used)}|" if used else "",
        }

    def _referral(self, name: str) -> Row:
        code = self._of(self._codes)
        program, advocate = self._codes[code]
        at_ms, status = self._at(), self._of(["started", "converted", "converted", "expired", "superseded"])
        return {
            "id": name,
            "program": program,
            "version": self._of([1, 2]),
            "advocate": advocate,
            "friend": self._of(PEOPLE),
            "code": code,
            "evidence": self._of(["code", "click", "staff"]),
            "claimed_ms": at_ms,
            "until_ms": at_ms + self._of([0, 30, 30, 30]) * DAY,
            "status": status,
            "moderation": self._of(["clear", "clear", "flagged", "pending_review", "approved", "denied"]),
            "converted_ms": self._at() if status == "converted" or self._often(0.1) else None,
            "order_id": self._of(ORDERS) if self._often(0.2) else None,
        }

    def _rewards(self) -> list[Row]:
        rewards = [self._reward(f"w{number}") for number in range(120)]
        for number in range(20):
            purse = self._of(rewards)
            own = [
                one
                for one in rewards
                if (one["program"], one["participant"]) == (purse["program"], purse["participant"])
            ]
            pieces = "|".join(f"{one['id']}={self._random.randrange(1, 50)}" for one in own[:2])
            bought = self._reward(f"b{number}") | {"program": purse["program"], "participant": purse["participant"]}
            rewards.append(bought | {"referral": None, "paid": f"|{pieces}|"})
        return rewards

    def _reward(self, name: str) -> Row:
        program, version, rule = key = self._of(self._rules)
        status = self._of(
            ["pending", "approved", "failed", "issued", "issued", "redeemed", "expired", "cancelled", "denied"]
        )
        used = self._of([0, 0, 4_00])
        return {
            "id": name,
            "program": program,
            "version": version,
            "rule": rule,
            "side": self._of(["advocate", "friend"]),
            "participant": self._of(PEOPLE),
            "referral": self._of(self._referrals) if self._often(0.7) else None,
            "unit": self._units[key],
            "status": status,
            "granted_ms": self._at(),
            "used": used,
            "owed": self._of([0, 0, used]),
            "discount": self._of([0, 3_00]),
            "remaining": 10_00 - used if status == "issued" else 0,
        }

    def _entry(self, rewards: list[Row]) -> Row:
        reward = self._of(rewards)["id"] if self._often(0.8) else None
        account = self._of(
            ["pending:p", "approved:p", "payout:p", "expired:p", "cost:p", "redeemed:p", "pending:q", "payout:x-p"]
        )
        if self._often(0.5):
            account = f"balance:{self._of(PEOPLE)}{self._of(['', ':p', ':q', ':pp'])}"
        amount, unit = self._random.randrange(-90, 90), self._of(["USD", "points"])
        return {"account": account, "reward": reward, "amount": amount, "unit": unit, "at_ms": self._at()}

    def _event(self) -> Row:
        type = self._of(["ask", "share", "order", "order", "order", "refund", "cancel", "chargeback"])
        row = {"type": type, "at_ms": self._at(), "outcome": self._of(["accepted", "accepted", "accepted", "refused"])}
        row |= {"program": self._of(PROGRAMS) if type == "ask" else None, "participant": self._of([*PEOPLE, None])}
        if type == "ask":
            return row | {"count": self._of([1, 1, 30])}
        if type == "share":
            return row | {"code": self._of(self._codes)}
        row |= {"order_id": self._of(ORDERS), "reason": self._of(REASONS)}
        if type == "order":
            code = self._of([*self._codes, "WRONG"])
            row |= self._of(
                [{}, {}, {"code": code}, {"claim": f"t{self._random.randrange(10)}"}, {"click": f"{code.lower()}.abc"}]
            )
        return row

    def _click(self) -> Row:
        code = self._of([*self._codes, "GONE"])
        program, _ = self._codes.get(code, ("p", ""))
        return {"code": code, "program": program, "at_ms": self._at(), "spool": self._of("st")}

    def _survey(self) -> Row:
        said = {
            "recommend": self._of([*range(11), None]),
            "easy": self._of([1, 5, None]),
            "attractive": self._of([2, None]),
        }
        return said | {"program": self._of(PROGRAMS), "participant": self._of(PEOPLE), "at_ms": self._at()}
