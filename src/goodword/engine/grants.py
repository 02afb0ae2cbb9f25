"""Granting: how much a rule pays, and the caps and the budget that it has to pass."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from goodword.engine.reasons import Amount, ReasonValue
from goodword.engine.state import OrderRow, Referral, Reward
from goodword.engine.turn import Turn
from goodword.program.duration import local_date, period_key
from goodword.program.loader import Program
from goodword.program.model import Cap, CapScope, PercentOf, Schedule, Side
from goodword.program.model import Reward as Rule
from goodword.program.quantity import Quantity, percent_of


class Grant(Struct, frozen=True, gc=False):
    """A rule about to pay somebody."""

    program: Program
    name: str
    side: Side
    referral: Referral
    subject: str
    at_ms: int
    """When what it pays for happened: its calendar period and its hold are read there."""
    order: OrderRow | None = None

    @property
    def rule(self) -> Rule:
        return self.program.model.rewards[self.name]

    @property
    def participant(self) -> str:
        return self.referral.friend if self.side == "friend" else self.referral.advocate

    @property
    def path(self) -> str:
        return f"rewards.{self.name}"

    @property
    def unit(self) -> str:
        unit = self.rule.benefit.unit
        return self.program.model.currency if unit == "money" else unit


def cap_base(program: str, rule: str, side: str, per: str, participant: str, period: str) -> str:
    """A counter of a rule, without its ending: ``|n`` counts rewards, ``|a`` sums amounts."""
    mine = per == "participant"
    return f"cap|{program}|{rule}|{side if mine else '*'}|{participant if mine else '*'}|{period}"


def budget_prefix(program: str, budget: str) -> str:
    """The accounts of a budget, without their ending."""
    return f"budget:{program}:{budget}"


def amount_due(turn: Turn, grant: Grant, order: OrderRow | None) -> int | None:
    """What the rule pays, in the grant's unit; None where a schedule has no row for the day."""
    match grant.rule.benefit.amount:
        case Quantity(amount=amount):
            return amount
        case Schedule(schedule=stages, read_at=read_at):
            day = local_date(grant.referral.claimed_ms if read_at == "claim" else grant.at_ms, grant.program.model.zone)
            rows = [stage for stage in stages if stage.since <= day]
            return rows[-1].amount.amount if rows else None
        case PercentOf(percent=percent, floor=floor, ceiling=ceiling, round=rounding):
            net = order.net if order else 0
            amount = percent_of(net, percent, rounding)
            if floor and net:
                amount = max(amount, floor.amount)
            return min(amount, ceiling.amount) if ceiling else amount
        case None:
            return 1


def cost_in_budget(grant: Grant, amount: int) -> tuple[str, int]:
    """The unit a grant's budget is counted in, and what the grant takes from it."""
    rule = grant.rule
    unit = grant.program.model.budgets[rule.budget or ""].amount.unit
    if rule.benefit.ceiling and rule.benefit.percent_off:
        return unit, rule.benefit.ceiling.amount
    if unit == grant.unit:
        return unit, amount
    assert rule.benefit.unit_cost  # noqa: S101 - the model refuses a budget that cannot be counted
    return unit, amount * rule.benefit.unit_cost.amount


def occurrences(turn: Turn, grant: Grant) -> list[Reward]:
    """What this rule has granted for this subject and side, oldest first, live or not."""
    rewards = turn.rewards_of(grant.subject)
    if not rewards:
        return []
    return [r for r in rewards if (r.rule, r.side, r.program) == (grant.name, grant.side, grant.program.name)]


@dataclass(slots=True)
class Passed:
    """What a grant may be after its guards."""

    amount: int
    cap_keys: tuple[str, ...]
    budget: str | None = None
    budget_unit: str | None = None
    reserved: int = 0


def pass_guards(turn: Turn, grant: Grant) -> Passed | None:
    """Ask every cap and the budget; all that refuse are told, not only the first."""
    amount = amount_due(turn, grant, grant.order)
    if amount is None:
        _refuse(turn, grant, "not_scheduled", f"{grant.path}.benefit.amount.schedule", {})
        return None
    if amount == 0:
        _refuse(turn, grant, "nothing_to_pay", f"{grant.path}.benefit", {})
        return None
    bases = _bases(grant)
    passed = Passed(amount, cap_keys=tuple([f"{base}|{end}" for base in bases.values() for end in "na"]))
    open_caps = [
        _pass_cap(turn, grant, f"{grant.path}.caps.{index}", cap, bases[cap.per, cap.period], passed)
        for index, cap in enumerate(grant.rule.caps)
    ]
    open_budget = _pass_budget(turn, grant, passed)
    return passed if all(open_caps) and open_budget else None


def _bases(grant: Grant) -> dict[CapScope, str]:
    """The counters of a grant by what they count."""
    program, participant, zone = grant.program.name, grant.participant, grant.program.model.zone
    return {
        scope: cap_base(program, grant.name, grant.side, scope[0], participant, period_key(grant.at_ms, scope[1], zone))
        for scope in grant.rule.cap_scopes
    }


def _refuse(turn: Turn, grant: Grant, code: str, path: str, values: dict[str, ReasonValue]) -> None:
    turn.say(code, values | {"side": grant.side}, program=grant.program, rule=path, referral=grant.referral.id)


def _pass_cap(turn: Turn, grant: Grant, path: str, cap: Cap, base: str, passed: Passed) -> bool:
    if cap.count is not None:
        used = turn.counter(f"{base}|n")
        if used < cap.count:
            return True
        _refuse(turn, grant, "cap_reached", path, {"used": used, "limit": cap.count})
        return False
    assert cap.amount  # noqa: S101 - the model asks for one of the two
    used, limit = turn.counter(f"{base}|a"), cap.amount.amount
    if used + passed.amount <= limit:
        return True
    values: dict[str, ReasonValue] = {"used": Amount(used, grant.unit), "limit": Amount(limit, grant.unit)}
    if cap.partial and used < limit:
        passed.amount = limit - used
        _refuse(turn, grant, "cap_partial", path, values | {"amount": Amount(passed.amount, grant.unit)})
        return True
    _refuse(turn, grant, "cap_reached", path, values)
    return False


def _pass_budget(turn: Turn, grant: Grant, passed: Passed) -> bool:
    if grant.rule.budget is None:
        return True
    passed.budget = budget_prefix(grant.program.name, grant.rule.budget)
    passed.budget_unit, passed.reserved = cost_in_budget(grant, passed.amount)
    left = turn.balance(f"{passed.budget}:free", passed.budget_unit)
    if passed.reserved <= left:
        return True
    values: dict[str, ReasonValue] = {
        "left": Amount(left, passed.budget_unit),
        "needed": Amount(passed.reserved, passed.budget_unit),
    }
    _refuse(turn, grant, "budget_spent", f"{grant.path}.budget", values)
    return False
