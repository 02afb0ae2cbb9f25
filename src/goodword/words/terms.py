"""The terms of a program, made from its rules: who takes part, what counts, each reward with its guards, protection.

What is paid is decided by the same keys that are said here. `spoken` lists them: a key that restricts a reward and is not
said fails a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal

from goodword.program.amounts import PercentOf, PerSpent, Schedule, Table
from goodword.program.benefits import AnyBenefit, Ask, Benefit, Options
from goodword.program.conditions import Condition
from goodword.program.loader import Program
from goodword.program.model import Cap, Limit, Reward, Step
from goodword.program.quantity import Quantity
from goodword.program.triggers import EVERY_MAX, Measure, When
from goodword.program.values import CLAIMED
from goodword.words.format import amount, calendar_day, either, joined, number
from goodword.words.games import Games
from goodword.words.headline import benefit_text
from goodword.words.phrases import (
    conditions,
    happening,
    own_word,
    place,
    reached,
    segment,
    undoing,
)
from goodword.words.speaker import SIGNALS, Clause, Section, Speaker


def terms(program: Program, language: str) -> list[Section]:
    """What applies to whoever takes part, in full."""
    said = _Terms(program.model, language)
    sections = [
        ("who", said.who()),
        ("invitation", said.invitation()),
        ("steps", said.steps()),
        *((f"reward.{rule.to}", said.reward(name, rule)) for name, rule in program.model.rewards.items()),
        ("groups", Games(program.model, language).groups()),
        ("tiers", Games(program.model, language).tiers()),
        *(("contest", clauses) for clauses in Games(program.model, language).contests()),
        ("payouts", said.payouts()),
        ("protection", said.protection()),
        ("changes", said.changes()),
    ]
    found = [(said.text(f"terms.{title}"), tuple(clauses)) for title, clauses in sections]
    return [Section(title, clauses) for title, clauses in found if clauses]


class _Terms(Speaker):
    """Says one program in one language."""

    # who, and which invitation ----------------------------------------------------------------------------------------

    def who(self) -> Iterator[Clause]:
        audience = self.model.audience
        sides: tuple[tuple[Literal["advocate", "friend"], tuple[Condition, ...]], ...] = (
            ("advocate", audience.advocate),
            ("friend", audience.friend),
        )
        for side, where in sides:
            if where:
                shown = conditions(where, self.language, side)
                yield Clause(f"audience.{side}", self.text(f"terms.only.{side}", conditions=shown))
            else:
                yield Clause("audience", self.text(f"terms.anybody.{side}"))
        yield Clause("program", self.text("terms.direct"))

    def invitation(self) -> Iterator[Clause]:
        attribution = self.model.attribution
        evidence = [self.text(f"evidence.{kind}") for kind in attribution.evidence]
        ordered = "terms.evidence" if len(evidence) > 1 else "terms.evidence.one"
        yield Clause("attribution.evidence", self.text(ordered, evidence=joined(evidence, self.language)))
        if attribution.one_per == "order":
            yield Clause("attribution.one_per", self.text("terms.one_per.order"))
        elif attribution.one_per == "friend and group":
            yield Clause("attribution.one_per", self.text("terms.one_per.group"))
        yield Clause("attribution.replace", self.text(f"terms.replace.{attribution.replace}"))
        window = self.length(attribution.window)
        step = self.step(self.model.window_ends_with)
        yield Clause("attribution.window", self.text("terms.window", window=window, step=step))
        yield Clause("program", self.text("terms.version"))
        yield Clause("program", self.text("terms.one_program"))
        yield Clause("time_zone", self.text("terms.calendar", place=place(self.model.zone, self.language)))

    # steps ------------------------------------------------------------------------------------------------------------

    def step(self, name: str) -> str:
        """What has to happen for a step."""
        return happening(self.model, name, self.language)

    def steps(self) -> Iterator[Clause]:
        for name, step in self.model.steps.items():
            yield Clause(f"steps.{name}", " ".join(self._step(name, step)))

    def _step(self, name: str, step: Step) -> Iterator[str]:
        number_of = {name: number(n, self.language) for n, name in enumerate(self.model.steps, start=1)}
        yield self.text("terms.step", n=number_of[name], what=self.step(name))
        if step.activity in self.model.moderated:
            yield self.text("terms.moderated")
        if step.within is not None and step.after:
            yield self.text("terms.within.step", within=self.length(step.within), n=number_of[step.after])
        elif step.within is not None:
            yield self.text("terms.within.claim", within=self.length(step.within))
        elif step.after:
            yield self.text("terms.after", n=number_of[step.after])
        if name in self.model.converting:
            yield self.text("terms.converts")
        changes = [word for word in ("refund", "cancel", "chargeback") if word in step.undone_by_order]
        undone = [*changes, *sorted(step.undone_by_activity)]
        if undone:
            said = [undoing(self.model, word, self.language) for word in undone]
            yield self.text("terms.undone", what=either(said, self.language))

    # rewards ----------------------------------------------------------------------------------------------------------

    def reward(self, name: str, rule: Reward) -> Iterator[Clause]:
        """A rule: what, when, and its guards in the order in which they bite."""
        yield self._consists(f"rewards.{name}.benefit", rule.benefit)
        for key, said in GUARDS.items():
            for text in said(self, rule):
                yield Clause(f"rewards.{name}.{key}", text)

    def _consists(self, key: str, benefit: AnyBenefit) -> Clause:
        if not isinstance(benefit, Options):
            return Clause(key, " ".join(self._benefit(benefit)))
        options = tuple(" ".join(self._option(benefit, name)) for name in benefit.options)
        return Clause(key, self.text(f"terms.{benefit.kind}"), options)

    def _option(self, options: Options, name: str) -> Iterator[str]:
        yield from self._benefit(options.options[name])
        if options.weights:
            total = number(sum(options.weights.values()), self.language)
            yield self.text("terms.weight", n=number(options.weights[name], self.language), total=total)
        if name == options.otherwise:
            yield self.text("terms.otherwise")

    def _benefit(self, benefit: Benefit) -> Iterator[str]:
        kind = self.text(f"kind.{benefit.kind}")
        shown = benefit_text(benefit, self.language) or ""
        yield self.text("terms.benefit", benefit=shown, kind=kind)
        match benefit.amount:
            case PercentOf() as share:
                yield from self._share(share)
            case PerSpent() as share:
                yield from self._per_spent(share)
            case Schedule() as plan:
                yield from self._schedule(plan)
            case Table() as table:
                yield from self._table(table)
        if benefit.minimum_order:
            yield self.text("terms.minimum_order", minimum=amount(benefit.minimum_order, self.language))
        if benefit.first_order:
            yield self.text("terms.first_order")
        if benefit.code:
            yield self.text("terms.own_code")
        if benefit.asks:
            asks = [self._ask(name, ask) for name, ask in benefit.asks.items()]
            yield self.text("terms.asks", asks=self.text("word.separator").join(asks))

    def _share(self, share: PercentOf) -> Iterator[str]:
        if share.table:
            rates = [
                self.text("terms.rate", category=own_word("category", name, self.language), percent=self.rate(rate))
                for name, rate in share.table.rows.items()
            ]
            rest = share.table.otherwise
            otherwise = self.text("terms.rate.nothing") if rest is None else self.rate(rest)
            yield self.text("terms.rates", rows=joined(rates, self.language), otherwise=otherwise)
        if share.floor:
            yield self.text("terms.floor", floor=amount(share.floor, self.language))
        yield self.text(f"terms.round.{share.round}")

    def _per_spent(self, share: PerSpent) -> Iterator[str]:
        each = amount(share.each, self.language)
        if share.table:
            rows = [
                self.text(
                    "terms.row", value=own_word("category", name, self.language), amount=amount(row, self.language)
                )
                for name, row in share.table.rows.items()
            ]
            rest = share.table.otherwise
            otherwise = self.text("terms.rate.nothing") if rest is None else amount(rest, self.language)
            yield self.text("terms.gains", each=each, rows=joined(rows, self.language), otherwise=otherwise)
        yield self.text(f"terms.per_spent.{share.round}", each=each)

    def _schedule(self, plan: Schedule) -> Iterator[str]:
        rows = [
            self.text(
                "terms.stage", day=calendar_day(stage.since, self.language), amount=amount(stage.amount, self.language)
            )
            for stage in plan.schedule
        ]
        yield self.text("terms.schedule", rows=self.text("word.separator").join(rows))
        yield self.text(f"terms.day_of.{plan.read_at}")

    def _table(self, table: Table) -> Iterator[str]:
        rows = [
            self.text("terms.row", value=own_word("named", value, self.language), amount=amount(row, self.language))
            for value, row in table.table.rows.items()
        ]
        otherwise = table.table.otherwise
        shown = amount(otherwise, self.language) if otherwise else self.text("word.nothing")
        yield self.text(
            "terms.table",
            attribute=segment(table.table.by, self.language),
            rows=self.text("word.separator").join(rows),
            otherwise=shown,
        )
        yield self.text(f"terms.state_of.{table.read_at}")

    def _ask(self, name: str, ask: Ask) -> str:
        parts = []
        if ask.type == "one_of":
            options = either([own_word("named", option, self.language) for option in ask.options], self.language)
            parts.append(self.text("asked.one_of", options=options))
        elif ask.type == "address":
            parts.append(self.text("asked.address"))
        else:
            parts.append(self.text("asked.text", longest=self.count(ask.longest or 0, "character")))
        if ask.moderated:
            parts.append(self.text("asked.moderated"))
        if ask.otherwise is not None:
            parts.append(self.text("asked.otherwise", answer=own_word("named", ask.otherwise, self.language)))
        details = self.text("word.separator").join(parts)
        return self.text("terms.ask", name=own_word("ask", name, self.language), details=details)

    def when(self, rule: Reward) -> Iterator[str]:
        """What grants it, and what is counted for it."""
        when = rule.when
        if when.step == CLAIMED:
            yield self.text("terms.when.claimed")
        elif when.step:
            yield " ".join(self._at_step(when))
        elif when.exchange:
            yield self.text("terms.when.exchange", price=amount(when.exchange, self.language))
        elif when.visits and isinstance(rule.benefit, Benefit) and isinstance(rule.benefit.amount, Quantity):
            yield self.text("terms.when.visits", amount=amount(rule.benefit.amount, self.language))
        elif when.measure:
            yield " ".join(self._measured(rule, self.model.measures[when.measure]))
        elif when.contest and when.places:
            yield self.places(when.contest, when.places)
        elif when.tier:
            yield self.text("terms.when.tier", tier=own_word("tier", when.tier, self.language))
        elif when.date:
            yield self.text("terms.when.date", day=calendar_day(when.date, self.language))

    def _at_step(self, when: When) -> Iterator[str]:
        yield self.text("terms.when.step", what=self.step(when.step or ""))
        if when.date:
            yield self.text("terms.on_day", day=calendar_day(when.date, self.language))
        if when.recurs:
            yield self.text(f"terms.again.{when.recurs}", times=self.count(when.up_to or EVERY_MAX, "time"))
        if when.conditions:
            yield self.text("terms.again.while", conditions=conditions(when.conditions, self.language, "recipient"))

    def _measured(self, rule: Reward, measure: Measure) -> Iterator[str]:
        when = rule.when
        if when.at:
            yield self.text("terms.when.at", number=reached(self.model, measure, when.at, self.language))
        elif when.multiple:
            yield self.text("terms.when.every", number=reached(self.model, measure, when.multiple, self.language))
            most = self.count(when.up_to or EVERY_MAX, "time")
            yield self.text("terms.up_to", period=self.period(measure.period), times=most)
        else:
            yield self.text("terms.when.each")
        yield from self.counted(measure)

    def where(self, rule: Reward) -> Iterator[str]:
        if rule.where:
            yield self.text("terms.where", conditions=conditions(rule.where, self.language, "recipient"))

    def later(self, rule: Reward) -> Iterator[str]:
        if rule.to in ("group", "everyone"):
            yield self.text(f"terms.{'later' if rule.later else 'now'}.{rule.to}")

    def pay_when(self, rule: Reward) -> Iterator[str]:
        if rule.pay_when:
            yield self.text("terms.pay_when", conditions=conditions(rule.pay_when, self.language, "recipient"))

    def hold(self, rule: Reward) -> Iterator[str]:
        yield self.text("terms.hold", hold=self.length(rule.hold)) if rule.hold else self.text("terms.hold.none")

    def kept(self, rule: Reward) -> Iterator[str]:
        if rule.kept is None:
            return
        shown = {"conditions": conditions(rule.kept.conditions, self.language, "recipient")}
        if rule.kept.until is not None:
            shown["until"] = self.length(rule.kept.until)
        yield self.texts.fullest("terms.kept", shown, {}) or ""

    def answer_within(self, rule: Reward) -> Iterator[str]:
        if rule.answer_within is not None:
            yield self.text("terms.answer_within", within=self.length(rule.answer_within))

    def expires(self, rule: Reward) -> Iterator[str]:
        if rule.expires_after is None:
            return
        said = self.text("terms.expires", expires=self.length(rule.expires_after))
        if rule.notice is not None:
            said = f"{said} {self.text('terms.notice', notice=self.length(rule.notice))}"
        yield said

    def caps(self, rule: Reward) -> Iterator[str]:
        for cap in rule.caps:
            yield self._cap(cap)

    def _cap(self, cap: Cap) -> str:
        limit = amount(cap.amount, self.language) if cap.amount else self.count(cap.count or 0, "reward")
        said = self.text(f"terms.cap.{cap.per}", period=self.period(cap.period), limit=limit)
        if cap.amount is None:
            return said
        return f"{said} {self.text('terms.partial' if cap.partial else 'terms.whole')}"

    def budget(self, rule: Reward) -> Iterator[str]:
        if rule.budget is not None:
            budget = self.model.budgets[rule.budget]
            key = "terms.budget.wait" if rule.when_spent == "wait" else "terms.budget"
            yield self.text(key, amount=amount(budget.amount, self.language))

    def taken_back(self, rule: Reward) -> Iterator[str]:
        contest = self.model.contests.get(rule.when.contest or "")
        if self.model.pays_out(rule.benefits.values()):
            yield self.text("terms.taken_back.payout")
        elif contest is None or contest.reviewed:  # a contest that is decided stays decided
            yield self.text(f"terms.taken_back.{rule.taken_back}")

    def payouts(self) -> Iterator[Clause]:
        payouts = self.model.payouts
        if payouts is None:
            return
        yield Clause("payouts.every", self.text(f"terms.paid_out.{payouts.every}"))
        if payouts.minimum:
            yield Clause(
                "payouts.minimum", self.text("terms.paid_out.minimum", minimum=amount(payouts.minimum, self.language))
            )

    # changes ----------------------------------------------------------------------------------------------------------

    def changes(self) -> Iterator[Clause]:
        notice = self.model.notice
        said = (
            self.text("terms.change.notice", length=self.length(notice))
            if notice
            else self.text("terms.change.at_once")
        )
        yield Clause("notice", f"{said} {self.text('terms.change.kept')}")

    # protection -------------------------------------------------------------------------------------------------------

    def protection(self) -> Iterator[Clause]:
        protection = self.model.protection
        shared = {action: self._signals(action) for action in ("refuse", "review")}
        given = {action: signals for action, signals in shared.items() if signals}
        said = self.texts.fullest("terms.two_people", given, {})
        yield Clause("protection", said or "")
        if protection.household != "allow":
            yield Clause("protection.household", self.text(f"terms.household.{protection.household}"))
        for index, limit in enumerate(protection.limits):
            yield Clause(f"protection.limits.{index}", self._limit(limit))

    def _signals(self, action: str) -> str:
        protection = self.model.protection
        named = [self.text(f"signal.{name}") for name in SIGNALS if getattr(protection, name) == action]
        return either(named, self.language)

    def _limit(self, limit: Limit) -> str:
        return self.text(
            f"terms.limit.{limit.action}",
            signal=self.text(f"signal.{limit.signal}"),
            period=self.period(limit.period),
            limit=self.count(limit.count, "referral"),
        )


GUARDS: Final[dict[str, Callable[[_Terms, Reward], Iterator[str]]]] = {
    "when": _Terms.when,
    "where": _Terms.where,
    "later": _Terms.later,
    "hold": _Terms.hold,
    "pay_when": _Terms.pay_when,
    "kept": _Terms.kept,
    "answer_within": _Terms.answer_within,
    "expires": _Terms.expires,
    "caps": _Terms.caps,
    "budget": _Terms.budget,
    "taken_back": _Terms.taken_back,
}
"""The keys of a reward behind what it consists of, in the order in which they are said, each with who says it."""
