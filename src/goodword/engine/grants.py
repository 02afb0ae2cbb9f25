"""Granting: how much a rule pays, and the caps and the budget that it has to pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from goodword.engine.boards import counts, games
from goodword.engine.facts import Subjects, unmet, value_of
from goodword.engine.reasons import Amount, ReasonValue
from goodword.engine.state import OrderRow, Referral, Reward
from goodword.engine.turn import Turn
from goodword.program.amounts import PercentOf, PerSpent, Schedule, Table
from goodword.program.benefits import Benefit
from goodword.program.duration import local_date, period_key
from goodword.program.loader import Program
from goodword.program.model import Cap, CapScope, Side
from goodword.program.model import Reward as Rule
from goodword.program.quantity import BASIS_POINTS, Quantity, divide, percent_of
from goodword.program.triggers import Measure


class Grant(Struct, frozen=True, gc=False):
    """A rule about to pay somebody."""

    program: Program
    name: str
    side: Side
    participant: str
    subject: str
    at_ms: int
    """When what it pays for happened: its calendar period and its hold are read there."""
    referral: Referral | None = None
    order: OrderRow | None = None
    key: str = ""
    """What tells grants of one rule for one subject apart."""
    option: str = ""
    """Which of several benefits it is."""
    times: int = 1
    """How often what a fixed amount pays for happened: so many visits."""

    @property
    def rule(self) -> Rule:
        return self.program.model.rewards[self.name]

    @property
    def benefit(self) -> Benefit:
        return self.program.model.rewards[self.name].benefits[self.option]

    @property
    def path(self) -> str:
        return f"rewards.{self.name}"

    @property
    def benefit_path(self) -> str:
        return f"{self.path}.benefit" + (f".options.{self.option}" if self.option else "")

    @property
    def unit(self) -> str:
        return unit_in(self.program, self.benefit)


def unit_in(program: Program, benefit: Benefit) -> str:
    """The unit in which a program counts a benefit."""
    return program.model.currency if benefit.unit == "money" else benefit.unit


def side_of(referral: Referral, side: Side) -> str:
    """Who stands on a side of a referral."""
    return referral.friend if side == "friend" else referral.advocate


def cap_base(program: str, rule: str, side: str, per: str, participant: str, period: str) -> str:
    """A counter of a rule, without its ending: ``|n`` counts rewards, ``|a`` sums amounts."""
    mine = per == "participant"
    return f"cap|{program}|{rule}|{side if mine else '*'}|{participant if mine else '*'}|{period}"


def budget_prefix(program: str, budget: str) -> str:
    """The accounts of a budget, without their ending."""
    return f"budget:{program}:{budget}"


def queue_key(prefix: str) -> str:
    """The counter of what waits for a budget."""
    return f"queue|{prefix}"


def _whole(grant: Grant) -> int:
    """All that a budget ever holds: what is more than that would wait for ever."""
    return grant.program.model.budgets[grant.rule.budget or ""].amount.amount


def amount_due(turn: Turn, grant: Grant, order: OrderRow | None) -> int | None:
    """What the rule pays, in the grant's unit; None where a schedule has no row for the day."""
    match grant.benefit.amount:
        case Quantity(amount=amount):
            return amount * grant.times
        case Table() as table:
            return _row(turn, grant, table)
        case Schedule(schedule=stages, read_at=read_at):
            claimed_ms = grant.referral.claimed_ms if grant.referral and read_at == "claim" else grant.at_ms
            day = local_date(claimed_ms, grant.program.model.zone)
            rows = [stage for stage in stages if stage.since <= day]
            return rows[-1].amount.amount if rows else None
        case PercentOf(floor=floor, ceiling=ceiling) as share:
            net = order.net if order else 0
            amount = _share(share, order) if order else 0
            if floor and net:
                amount = max(amount, floor.amount)
            return min(amount, ceiling.amount) if ceiling else amount
        case PerSpent(ceiling=ceiling) as share:
            amount = _gained(share, order) if order else 0
            return min(amount, ceiling.amount) if ceiling else amount
        case None:
            return 1


def _share(share: PercentOf, order: OrderRow) -> int:
    """A share of what is left of an order; by category it is rounded once, over all of them."""
    if share.table is None:
        return percent_of(order.net, share.percent or 0, share.round)
    rates, rest = share.table.rows, share.table.otherwise or 0
    parts = [amount * rates.get(category, rest) for category, amount in order.items.items()]
    parts.append((order.net - sum(order.items.values())) * rest)
    return divide(sum(parts), BASIS_POINTS, share.round)


def _gained(share: PerSpent, order: OrderRow) -> int:
    """What each whole part of what is left of an order gives; by category each on its own, and the rest as one."""
    if share.table is None:
        return divide(order.net, share.each.amount, share.round) * (share.gives.amount if share.gives else 0)
    rows, rest = share.table.rows, share.table.otherwise
    named = {category: amount for category, amount in order.items.items() if category in rows}
    parts = [divide(amount, share.each.amount, share.round) * rows[name].amount for name, amount in named.items()]
    others = divide(order.net - sum(named.values()), share.each.amount, share.round)
    return sum(parts) + others * (rest.amount if rest else 0)


def _row(turn: Turn, grant: Grant, table: Table) -> int:
    """What the segment of the moment gets, or that of the claim where this was promised."""
    promised = grant.referral.promised.get(f"{grant.name}|{grant.side}") if grant.referral else None
    if promised is None:
        promised = segment(turn, table, grant.participant, grant.referral)
    row = table.table.rows.get(promised) or table.table.otherwise
    return row.amount if row else 0


def segment(turn: Turn, table: Table, recipient: str, referral: Referral | None) -> str:
    """The segment that a table reads now; the empty text where nothing is known."""
    subjects = Subjects(
        friend=referral.friend if referral else None,
        advocate=referral.advocate if referral else recipient,
        recipient=recipient,
    )
    return str(value_of(turn, table.table.by, subjects) or "")


def promises(turn: Turn, program: Program, referral: Referral) -> dict[str, str]:
    """The segments that are in force at the claim, for the rules that read their table then."""
    return {
        f"{name}|{side}": segment(turn, benefit.amount, side_of(referral, side), referral)
        for name, rule in program.model.rewards.items()
        for benefit in rule.benefits.values()
        if isinstance(benefit.amount, Table) and benefit.amount.read_at == "claim"
        for side in rule.sides
        if side in ("advocate", "friend")
    }


def cost_in_budget(grant: Grant, amount: int) -> tuple[str, int]:
    """The unit a grant's budget is counted in, and what the grant takes from it."""
    rule = grant.rule
    unit, benefit = grant.program.model.budgets[rule.budget or ""].amount.unit, grant.benefit
    if benefit.ceiling and benefit.percent_off:
        return unit, benefit.ceiling.amount
    if unit == grant.unit:
        return unit, amount
    assert benefit.unit_cost  # noqa: S101 - the model refuses a budget that cannot be counted
    return unit, amount * benefit.unit_cost.amount


def occurrences(turn: Turn, grant: Grant) -> list[Reward]:
    """What this rule has granted for this subject and side, oldest first, live or not."""
    rewards = turn.rewards_of(grant.subject)
    if not rewards:
        return []
    mine = (grant.name, grant.side, grant.program.name, grant.key)
    return [r for r in rewards if (r.rule, r.side, r.program, r.key) == mine]


@dataclass(slots=True)
class Passed:
    """What a grant may be after its guards."""

    amount: int
    cap_keys: tuple[str, ...]
    measured: tuple[str, ...]
    """The counters of the measures and contests it counts in."""
    budget: str | None = None
    budget_unit: str | None = None
    reserved: int = 0
    unfunded: int = 0
    """What the budget does not hold now, so that the reward waits for it."""


def pass_guards(turn: Turn, grant: Grant) -> Passed | None:
    """Ask every cap and the budget; all that refuse are told, not only the first."""
    amount = amount_due(turn, grant, grant.order)
    if amount is None:
        refuse(turn, grant, "not_scheduled", f"{grant.benefit_path}.amount.schedule", {})
        return None
    if amount == 0:
        refuse(turn, grant, "nothing_to_pay", grant.benefit_path, {})
        return None
    bases = _bases(grant)
    keys = [f"{base}|{end}" for base in bases.values() for end in "na"]
    passed = Passed(amount, cap_keys=tuple(keys), measured=tuple(measured_in(turn, grant)))
    open_caps = [
        _pass_cap(turn, grant, f"{grant.path}.caps.{index}", cap, bases[cap.scope], passed)
        for index, cap in enumerate(grant.rule.caps)
    ]
    open_budget = _pass_budget(turn, grant, passed)
    is_kept = _pass_kept(turn, grant)
    return passed if all(open_caps) and open_budget and is_kept else None


def measured_in(turn: Turn, grant: Grant) -> Iterator[str]:
    """The measures and contests that count the grant: those of rewards of its unit."""
    program = grant.program
    for name, measure in program.model.measures_of["rewards"]:
        if measure.unit == grant.unit:
            yield measure_key(program.name, dated(name, measure, grant.at_ms, program), grant.participant)
    for game in games(turn, program.name, "rewards"):
        if game.measure.unit == grant.unit and counts(turn, game, grant.at_ms, counted=False):
            yield measure_key(program.name, game.label, grant.participant)


def dated(name: str, measure: Measure, at_ms: int, program: Program) -> str:
    """The name of a measure with the period that holds a moment: ``friends``, ``visits@2026-03``."""
    if measure.period == "ever":
        return name
    return f"{name}@{period_key(at_ms, measure.period, program.model.zone)}"


def measure_key(program: str, label: str, owner: str) -> str:
    """The counter of a measure under its dated name. It belongs to the program and the name, across versions."""
    return f"measure|{program}|{label}|{owner}"


def _bases(grant: Grant) -> dict[CapScope, str]:
    """The counters of a grant by what they count."""
    program, participant, zone = grant.program.name, grant.participant, grant.program.model.zone
    return {
        scope: cap_base(program, grant.name, grant.side, scope[0], participant, period_key(grant.at_ms, scope[1], zone))
        for scope in grant.rule.cap_scopes
    }


def refuse(turn: Turn, grant: Grant, code: str, path: str, values: dict[str, ReasonValue]) -> None:
    """Say why a rule does not pay."""
    turn.say(
        code,
        values | {"side": grant.side},
        program=grant.program,
        rule=path,
        referral=grant.referral.id if grant.referral else None,
    )


def _pass_cap(turn: Turn, grant: Grant, path: str, cap: Cap, base: str, passed: Passed) -> bool:
    if cap.count is not None:
        used = _used(turn, grant, cap, base, "n")
        if used < cap.count:
            return True
        refuse(turn, grant, "cap_reached", path, {"used": used, "limit": cap.count})
        return False
    assert cap.amount  # noqa: S101 - the model asks for one of the two
    used, limit = _used(turn, grant, cap, base, "a"), cap.amount.amount
    if used + passed.amount <= limit:
        return True
    values: dict[str, ReasonValue] = {"used": Amount(used, grant.unit), "limit": Amount(limit, grant.unit)}
    if cap.partial and used < limit:
        passed.amount = limit - used
        refuse(turn, grant, "cap_partial", path, values | {"amount": Amount(passed.amount, grant.unit)})
        return True
    refuse(turn, grant, "cap_reached", path, values)
    return False


def _used(turn: Turn, grant: Grant, cap: Cap, base: str, end: str) -> int:
    """What counts against a cap already; for a window that moves along, in the fullest of those that hold the day."""
    if cap.days is None:
        return turn.counter(f"{base}|{end}")
    days = days_around(grant.at_ms, cap.days, grant.program.model.zone)
    stem = base.rpartition("|")[0]
    counts = [turn.counter(f"{stem}|{day}|{end}") for day in days]
    return max(sum(counts[first : first + cap.days]) for first in range(cap.days))


def days_around(at_ms: int, days: int, zone: ZoneInfo) -> list[str]:
    """The days of all windows of so many days that hold a moment: those before it, its own, and those after."""
    today = local_date(at_ms, zone)
    return [(today + timedelta(days=offset)).isoformat() for offset in range(1 - days, days)]


def _pass_budget(turn: Turn, grant: Grant, passed: Passed) -> bool:
    rule = grant.rule
    if rule.budget is None:
        return True
    passed.budget = budget_prefix(grant.program.name, rule.budget)
    passed.budget_unit, passed.reserved = cost_in_budget(grant, passed.amount)
    left = turn.balance(f"{passed.budget}:free", passed.budget_unit)
    waits = turn.counter(queue_key(passed.budget)) if rule.when_spent == "wait" else 0
    if passed.reserved <= left and not waits:
        return True
    if rule.when_spent == "wait" and passed.reserved <= _whole(grant):
        passed.reserved, passed.unfunded = 0, passed.reserved
        return True
    values: dict[str, ReasonValue] = {
        "left": Amount(left, passed.budget_unit),
        "needed": Amount(passed.reserved, passed.budget_unit),
    }
    refuse(turn, grant, "budget_spent", f"{grant.path}.budget", values)
    return False


def _pass_kept(turn: Turn, grant: Grant) -> bool:
    """What would be taken back at once is not granted."""
    kept = grant.rule.kept
    misses = unmet(turn, kept.conditions, subjects_of(grant)) if kept else []
    for values in misses:
        refuse(turn, grant, "condition_not_kept", f"{grant.path}.kept.while", values)
    return not misses


def subjects_of(grant: Grant) -> Subjects:
    """Whom conditions on people are about. A reward that no step grants has no friend."""
    referral = grant.referral if grant.rule.when.step else None
    return Subjects(
        friend=referral.friend if referral else None,
        advocate=referral.advocate if referral else grant.participant,
        recipient=grant.participant,
        claimed_ms=referral.claimed_ms if referral else 0,
    )


def watched_by(grant: Grant) -> tuple[str, ...]:
    """The people whose conditions can take the reward back."""
    kept, subjects = grant.rule.kept, subjects_of(grant)
    people = [getattr(subjects, condition.attribute.entity) for condition in kept.conditions] if kept else []
    return tuple(dict.fromkeys(people))
