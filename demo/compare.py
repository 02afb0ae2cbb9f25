"""What the server decided, read through its API, in the lines in which the truth is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from demo.client import Json, Server
from demo.player import Played, reasons
from demo.promises import Promise
from demo.script import SUPER
from demo.truth import Counts, PaidTo, Truth, milestone_line, super_line

TAKEN_BACK = frozenset({"cancelled", "denied", "reversed"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the comparison."""

    name: str
    truth: int
    decided: int

    @property
    def agrees(self) -> bool:
        """Whether truth and decision are the same."""
        return self.truth == self.decided


def compare(server: Server, promise: Promise, played: Played, truth: Truth) -> list[Line]:
    """Truth against decision, line by line."""
    decided = _Decided(server, promise, played)
    found = decided.lines(truth)
    names = [*truth.lines, *(name for name in found if name not in truth.lines)]
    return [Line(name, truth.lines.get(name, 0), found.get(name, 0)) for name in names]


def table(lines: list[Line]) -> str:
    """The comparison as text."""
    width = max((len(line.name) for line in lines), default=0)
    head = f"  {'':{width}}  {'truth':>10}  {'decided':>10}"
    rows = [
        f"{'✓' if line.agrees else '✗'} {line.name:{width}}  {line.truth:>10,}  {line.decided:>10,}" for line in lines
    ]
    return "\n".join([head, *rows])


class _Decided:
    """What stands on the server."""

    def __init__(self, server: Server, promise: Promise, played: Played) -> None:
        self._server = server
        self._promise = promise
        self._played = played
        self._reasons = reasons(played)
        self._referrals = list(server.list("/v1/referrals", program=promise.recipe))
        self._rewards = list(server.list("/v1/rewards", program=promise.recipe))
        self._names = _names(played)

    def lines(self, truth: Truth) -> Counts:
        """All lines."""
        return self._of_referrals() | self._of_rewards() | self._of_machinery() | self._of_people(truth)

    def _of_referrals(self) -> Counts:
        said = self._reasons
        return {
            "referrals started": len(self._referrals),
            "referrals that qualified, and stand": len(self._qualified()),
            "refused: invites himself": said["self_referral"],
            "refused: same card or device": said["shared_signal"],
            "refused: a customer already": said["friend_not_in_audience"],
            "refused: invited by his own friend": said["cycle"],
            "refused: taken by another advocate": said["friend_taken"],
            "refused: too many from one network": said["limit_reached"],
            "replaced by a typed code": sum(r["status"] == "superseded" for r in self._referrals),
            "denied by staff": sum(r["moderation"] == "denied" for r in self._referrals),
        }

    def _qualified(self) -> list[Json]:
        trusted = [r for r in self._referrals if r["moderation"] not in ("denied", "pending_review")]
        return [r for r in trusted if r["status"] in ("converted", "ended")]

    def _of_rewards(self) -> Counts:
        lines = {"rewards refused by a cap": self._capped()}
        for reward in map(self._as_promised, self._rewards):
            name, kept = f"{reward['rule']}, {reward['side']}", reward["status"] not in TAKEN_BACK
            for line, number in (
                (f"granted: {name}", 1),
                (f"taken back: {name}", int(not kept)),
                (f"paid and kept: {name}, {reward['unit']}", reward["amount"] if kept else 0),
            ):
                lines[line] = lines.get(line, 0) + number
        kept_rules = Counter(r["rule"] for r in self._rewards if r["status"] not in TAKEN_BACK)
        for milestone in self._promise.milestones:
            lines[milestone_line(milestone)] = kept_rules[milestone.rule]
        if self._promise.super_friends:
            lines[super_line(self._promise)] = sum(map(self._is_of_super, self._rewards))
        if self._promise.coupon:
            coupons = Counter(r["status"] for r in self._rewards if r["rule"] == self._promise.coupon.rule)
            lines |= {"coupons used": coupons["redeemed"], "coupons run out": coupons["expired"]}
        return lines

    def _is_of_super(self, reward: Json) -> bool:
        kept = reward["side"] == "advocate" and reward["status"] not in TAKEN_BACK
        return kept and self._names.get(reward["participant"]) == SUPER

    def _capped(self) -> int:
        """Rewards refused: a reward that two caps refuse was refused once."""
        refused = {
            (id, reason["rule"].split(".caps")[0], reason["values"]["side"], reason["referral"])
            for id, answer in self._played.answers.items()
            for reason in answer["reasons"]
            if reason["code"] == "cap_reached"
        }
        return len(refused)

    def _of_machinery(self) -> Counts:
        clicks = [e for e in self._played.events.values() if e["type"] == "claim" and "person" not in e]
        kept = {self._played.answers[click["id"]].get("claim") for click in clicks} - {None}
        return {
            "repeated events answered otherwise": self._played.repeated_otherwise,
            "same id, other content: refused": self._played.conflicts,
            "lost clicks": len(clicks) - len(kept) + self._reasons["unknown_claim"],
            "paid twice": self._paid_twice(),
        }

    def _paid_twice(self) -> int:
        often = Counter(milestone.rule for milestone in self._promise.milestones)
        paid = Counter(
            (r["rule"], r["side"], r["participant"], "" if r["rule"] in often else r["referral"])
            for r in self._rewards
            if r["status"] not in TAKEN_BACK
        )
        return sum(max(0, number - max(1, often[rule])) for (rule, *_), number in paid.items())

    def _as_promised(self, reward: Json) -> Json:
        """A reward as far as it was promised: of a surprise, that it is one."""
        surprise = reward["rule"] in self._promise.surprises
        return reward | {"unit": "surprise", "amount": 1} if surprise else reward

    def _of_people(self, truth: Truth) -> Counts:
        qualified = Counter(self._names.get(r["advocate"], "?") for r in self._qualified())
        paid = self._paid()
        return {
            "advocates with another count": _differences(qualified, truth.qualified),
            "people paid otherwise": _differences(paid, truth.paid),
            "balances that differ from what was paid": _differences(self._balances(), self._not_used_up()),
        }

    def _paid(self) -> PaidTo:
        return self._sums("amount", [*map(self._as_promised, self._rewards)])

    def _not_used_up(self) -> PaidTo:
        """What each person was handed over and has not used: what his balance must be."""
        return self._sums("remaining", self._rewards)

    def _sums(self, what: str, rewards: list[Json]) -> PaidTo:
        people: PaidTo = {}
        for reward in rewards:
            number = reward.get(what, 0)
            if number and reward["status"] not in TAKEN_BACK:
                units = people.setdefault(self._names.get(reward["participant"], "?"), {})
                units[reward["unit"]] = units.get(reward["unit"], 0) + number
        return people

    def _balances(self) -> PaidTo:
        found: PaidTo = {}
        for participant, name in self._names.items():
            items = self._server.list(f"/v1/participants/{participant}/balances")
            if units := {item["unit"]: item["amount"] for item in items if item["amount"]}:
                found[name] = units
        return found


def _names(played: Played) -> dict[str, str]:
    """Who is who: the shop's own id by participant."""
    pairs = ((played.answers[id].get("participant"), event.get("person")) for id, event in played.events.items())
    return {participant: person["id"] for participant, person in pairs if participant and person}


def _differences(one: Counts | PaidTo, two: Counts | PaidTo) -> int:
    return sum(one.get(name) != two.get(name) for name in one.keys() | two.keys())
