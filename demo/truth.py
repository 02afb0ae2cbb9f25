"""The truth of a month, counted from what its script means and what the program promises: a second, independent count.

It knows nothing of how Goodword decides, and imports nothing of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from demo.promises import Cap, Milestone, Pay, Promise, Side
from demo.script import SUPER, Script
from demo.story import Moment, Role

Counts = dict[str, int]
PaidTo = dict[str, dict[str, int]]
"""By person and unit: what he got and kept."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a month comes to: the lines of the comparison, and the same person by person."""

    lines: Counts
    qualified: Counts
    """By advocate: his qualified referrals."""
    paid: PaidTo


@dataclass(slots=True)
class _Paid:
    """Something that was granted."""

    rule: str
    side: Side
    person: str
    amount: int
    unit: str
    referral: tuple[str, str] | None
    """The advocate and the friend; None for a milestone."""
    when: str
    at: datetime
    kept: bool = True
    used: bool = False


def count(script: Script) -> Truth:
    """The truth of a script."""
    counting = _Counting(script.promise)
    for moment, after in zip(script.moments, [*script.moments[1:], None], strict=True):
        counting.take(moment)
        if after is None or (after.at, after.friend) != (moment.at, moment.friend):
            # What comes with one event counts together: an order whose refund was told before it was never there.
            counting.follow(moment)
    return Truth(_lines(script, counting), _by_advocate(counting), _by_person(counting))


@dataclass(slots=True)
class _Counting:
    """The books of the truth: no more than tallies."""

    promise: Promise
    paid: list[_Paid] = field(default_factory=list)
    started: set[tuple[str, str]] = field(default_factory=set)
    qualified: set[tuple[str, str]] = field(default_factory=set)
    denied: set[tuple[str, str]] = field(default_factory=set)
    doubted: set[tuple[str, str]] = field(default_factory=set)
    """Those that staff have not looked at yet: they count towards nothing."""
    replaced: int = 0
    capped: int = 0

    def take(self, moment: Moment) -> None:
        """Let something happen."""
        referral = (moment.advocate, moment.friend)
        match moment.happening:
            case "starts":
                self.started.add(referral)
                self._pay_all(moment)
            case "qualifies":
                self.qualified.add(referral)
                self._pay_all(moment)
                if referral not in self.doubted:
                    self._pay_counted(moment)
            case "undone":
                self.qualified.discard(referral)
                self._take_back(p for p in self.paid if p.referral == referral and p.when == "qualifies")
            case "replaced":
                self.replaced += 1
                self._take_back(p for p in self.paid if p.referral == referral)
            case "shrinks":
                self._shrink(moment)
            case "shows":
                self._pay_own(moment)
            case "doubted":
                self.doubted.add(referral)
            case "trusted":
                self.doubted.discard(referral)
                if referral in self.qualified:
                    self._pay_counted(moment)
            case "denied":
                self.denied.add(referral)
                self._take_back(p for p in self.paid if p.referral == referral)
            case "uses":
                for paid in self.paid:
                    paid.used = paid.used or (paid.referral == referral and paid.when == "starts")

    def _pay_all(self, moment: Moment) -> None:
        for pay in self.promise.pays:
            if pay.when == moment.happening and not pay.counted:
                self._pay(pay, moment)

    def _pay_counted(self, moment: Moment) -> None:
        for pay in self.promise.pays:
            if pay.counted:
                self._pay(pay, moment)

    def _pay(self, pay: Pay, moment: Moment) -> None:
        person = moment.advocate if pay.side == "advocate" else moment.friend
        amount = _amount(pay, moment.worth)
        for cap in pay.caps:
            amount = min(amount, self._room(pay, cap, person, moment.at, amount))
        if amount == 0:
            self.capped += 1
            return
        referral = (moment.advocate, moment.friend)
        self.paid.append(_Paid(pay.rule, pay.side, person, amount, pay.unit, referral, pay.when, moment.at))

    def _pay_own(self, moment: Moment) -> None:
        own = self.promise.own
        assert own is not None  # noqa: S101
        self.paid.append(_Paid(own.rule, "advocate", moment.advocate, own.amount, own.unit, None, "shows", moment.at))

    def _shrink(self, moment: Moment) -> None:
        """The order is worth less: a share of it too."""
        shares = {(pay.rule, pay.side): pay for pay in self.promise.pays if pay.percent}
        for paid in self.paid:
            pay = shares.get((paid.rule, paid.side))
            if pay and paid.kept and paid.referral == (moment.advocate, moment.friend):
                paid.amount = min(paid.amount, _amount(pay, moment.worth))

    def _room(self, pay: Pay, cap: Cap, person: str, at: datetime, amount: int) -> int:
        """How much of an amount still fits under a cap."""
        mine = [p for p in self.paid if p.kept and (p.rule, p.side, p.person) == (pay.rule, pay.side, person)]
        zone = ZoneInfo(self.promise.zone)
        same = [p for p in mine if _calendar(p.at, cap, zone) == _calendar(at, cap, zone)]
        if cap.count is not None:
            return amount if len(same) < cap.count else 0
        room = (cap.amount or 0) - sum(p.amount for p in same)
        return amount if room >= amount else max(0, room) if cap.partial else 0

    def _take_back(self, rewards: Iterable[_Paid]) -> None:
        for paid in list(rewards):
            paid.kept = False

    def follow(self, moment: Moment) -> None:
        """Pay each milestone that is reached, take back each that no longer is."""
        counted = self.qualified - self.doubted - self.denied
        number = sum(advocate == moment.advocate for advocate, _ in counted)
        for milestone in self.promise.milestones:
            when = f"milestone {milestone.at}"
            mine = [
                p for p in self.paid if p.kept and (p.rule, p.person, p.when) == (milestone.rule, moment.advocate, when)
            ]
            if number < milestone.at:
                self._take_back(mine)
            elif not mine:
                rule, person, amount = milestone.rule, moment.advocate, milestone.amount
                self.paid.append(_Paid(rule, "advocate", person, amount, milestone.unit, None, when, moment.at))


def _amount(pay: Pay, worth: int) -> int:
    return min(pay.amount, worth * pay.percent // 100) if pay.percent else pay.amount


def _calendar(at: datetime, cap: Cap, zone: ZoneInfo) -> str:
    day = at.astimezone(zone)
    return {"day": f"{day:%Y-%m-%d}", "week": f"{day:%G-%V}", "month": f"{day:%Y-%m}", "year": f"{day:%Y}"}.get(
        cap.period, "ever"
    )


def _lines(script: Script, counting: _Counting) -> Counts:
    promise = script.promise
    roles = Counter(story.role for story in script.stories)
    taken = roles[Role.TWO_CLAIMS] + (0 if promise.code_beats else roles[Role.CODE_BEATS])
    crowd = max(0, roles[Role.NETWORK] - (promise.network_limit or 0))
    not_new = roles[Role.CUSTOMER] + roles[Role.CIRCLE] if promise.new_customers_only else 0
    lines = {
        "referrals started": len(counting.started),
        "referrals that qualified, and stand": len(counting.qualified - counting.denied),
        "refused: invites himself": roles[Role.SAME_PERSON],
        "refused: same card or device": roles[Role.SAME_CARD] + roles[Role.SAME_DEVICE],
        "refused: a customer already": not_new,
        "refused: invited by his own friend": roles[Role.CIRCLE],
        "refused: taken by another advocate": taken,
        "refused: too many from one network": crowd if promise.network_action == "refuse" else 0,
        "replaced by a typed code": counting.replaced,
        "denied by staff": len(counting.denied),
        "rewards refused by a cap": counting.capped,
    }
    for paid in counting.paid:
        name = f"{paid.rule}, {paid.side}"
        _add(lines, f"granted: {name}", 1)
        _add(lines, f"taken back: {name}", int(not paid.kept))
        _add(lines, f"paid and kept: {name}, {paid.unit}", paid.amount if paid.kept else 0)
    for milestone in promise.milestones:
        lines[milestone_line(milestone)] = sum(p.kept and p.rule == milestone.rule for p in counting.paid)
    if promise.super_friends:
        lines[super_line(promise)] = sum(p.kept and p.side == "advocate" and p.person == SUPER for p in counting.paid)
    if promise.coupon:
        lines["coupons used"] = sum(p.kept and p.used for p in counting.paid)
        lines["coupons run out"] = sum(p.kept and p.when == "starts" and not p.used for p in counting.paid)
    return lines | _certain(script)


def super_line(promise: Promise) -> str:
    """The line about the advocate who reaches the cap."""
    return f"rewards of the advocate with {promise.super_friends} friends"


def milestone_line(milestone: Milestone) -> str:
    """The line about a milestone: how often its rule paid, at whatever number."""
    return f"milestone of {milestone.at} friends"


def _certain(script: Script) -> Counts:
    """What has to be so in any month."""
    return {
        "repeated events answered otherwise": 0,
        "same id, other content: refused": 1,
        "lost clicks": 0,
        "paid twice": 0,
        "advocates with another count": 0,
        "people paid otherwise": 0,
        "balances that differ from what was paid": 0,
    }


def _add(counts: Counts, name: str, number: int) -> None:
    counts[name] = counts.get(name, 0) + number


def _by_advocate(counting: _Counting) -> Counts:
    return dict(Counter(advocate for advocate, _ in counting.qualified - counting.denied))


def _by_person(counting: _Counting) -> PaidTo:
    people: PaidTo = {}
    for paid in counting.paid:
        if paid.kept:
            _add(people.setdefault(paid.person, {}), paid.unit, paid.amount)
    return people
