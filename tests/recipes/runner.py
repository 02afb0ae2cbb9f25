"""The case runner: plays the calendar of a case against a program and compares everything that is answered.

A case file (``programs/NAME/cases.yaml``) is written for people who do not program:

    people: what the shop knows of somebody beyond his name (optional)
    cases:
      - case: what it shows
        edit: figures of the program that this case makes smaller (optional), such as {budgets.cash.amount: 40 USD}
        calendar:
          - on: 2026-03-02              (noon UTC; or "2026-03-02 18:30")
            event: bob signs up with anna's code
            accepted: [step_reached, reward_granted, ...]       every reason, in the order of the answer
            rewards: {bob's space from anna: approved 500 MB}   every reward the answer names
          - on: 2026-04-01
            due: anna's credit for bob matures      a date that came by itself; exactly then
            accepted: [...]
          - for: 1 to 31                the same for friend1, friend2, ...
            each: [...]
        end:
          referrals, rewards, balances, budgets, books: all there is when the calendar ends;
                                                 the books say what was used, what expired and what was taken back
          contests: {race: "settled: 1 anna (3), 2 ben (2)"}    the place, who took it and with how many
          tiers: {anna: gold}                                   the highest that somebody holds
          payouts: {anna's payout of 2026-05: paid 12.00 USD}   what a partner was to be paid, and whether he was
          codes: {anna's film: FILM-A1}                         codes of the shop's own system, and who has which

An order or a refund may say ``items: {books: 20 USD}``; an event with a click, when the link was ``clicked``;
``clicked on: anna`` adds a click on her link. How many people followed a link is told as Goodword tells itself: so many of a
day so far.
A reason may be given with values: ``cap_reached: {used: 16000 MB, limit: 16000 MB}``.
What was sent in is named with ``as: S1``; staff then ``approve the submission S1``. What somebody says of a reward stands
under ``answers`` and ``post``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML

from goodword.engine import events as ev
from goodword.engine.clicks import click_token
from goodword.engine.decide import Decision
from goodword.engine.events import Due, Person, Sealed, SourceEvent
from goodword.engine.ids import Keyring
from goodword.engine.reasons import Amount, Answer, Reason, RewardNow
from goodword.engine.state import (
    ACTIVITIES,
    BALANCES,
    CONTESTS,
    PAYOUTS,
    REFERRALS,
    REWARDS,
    TIERS,
    ContestRow,
    PayoutRow,
    Referral,
    Reward,
    State,
)
from goodword.pipeline.intake import seal
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import visits_so_far
from goodword.pipeline.vault import open_code
from goodword.program.duration import DAY_MS, iso
from goodword.program.loader import Program
from goodword.program.quantity import Quantity, parse_quantity

PROGRAMS = Path(__file__).parents[2] / "programs"
KEYRING = Keyring(b"the fixed key of the case files")
CLICKED_MS = 1_772_490_000_000  # a day before the sign-ups of cases that bring a click
BOOKS = ("redeemed", "expired", "reversed")
OUTCOMES = ("accepted", "refused", "waiting")
Tree = dict[str, Any]


class CaseFailed(AssertionError):
    """A case that does not hold: which, at which step, and what differs."""


@dataclass(frozen=True)
class Case:
    """One case of a recipe."""

    recipe: str
    name: str
    calendar: list[Tree]
    end: Tree
    people: dict[str, Tree]
    edit: Tree


@cache
def read_cases(recipe: str) -> tuple[Case, ...]:
    """The cases of a recipe."""
    tree = _read(recipe, "cases.yaml")
    people = tree.get("people", {})
    return tuple(
        Case(
            recipe,
            case["case"],
            list(_spread(case["calendar"])),
            {name: dict(_spread_keys(part)) for name, part in case["end"].items()},
            people | case.get("people", {}),
            case.get("edit", {}),
        )
        for case in tree["cases"]
    )


def _read(recipe: str, name: str) -> Tree:
    tree: Tree = YAML(typ="safe", pure=True).load((PROGRAMS / recipe / name).read_text(encoding="utf-8"))
    return tree


def _spread(entries: list[Tree]) -> Iterator[Tree]:
    for entry in entries:
        if "for" not in entry:
            yield entry
            continue
        first, last = map(int, entry["for"].split(" to "))
        for number in range(first, last + 1):
            yield from (_numbered(each, str(number)) for each in entry["each"])


def _numbered(node: Any, number: str) -> Any:
    if isinstance(node, dict):
        return {_numbered(key, number): _numbered(value, number) for key, value in node.items()}
    if isinstance(node, list):
        return [_numbered(item, number) for item in node]
    return node.replace("{n}", number) if isinstance(node, str) else node


def _spread_keys(part: Tree) -> Iterator[tuple[str, str]]:
    """``friend{1 to 31}`` stands for thirty-one names."""
    for key, value in (part or {}).items():
        found = re.search(r"\{(\d+) to (\d+)\}", key)
        if not found:
            yield key, value
            continue
        for number in range(int(found[1]), int(found[2]) + 1):
            yield key.replace(found[0], str(number)), value


@cache
def read_program(recipe: str) -> Tree:
    """A program file as plain values, for looking at; `edited` makes one of one's own."""
    return _read(recipe, "program.yaml")


def as_text(tree: Tree) -> str:
    """A program file of plain values: JSON is YAML."""
    return msgspec.json.encode(tree).decode()


def edited(tree: Tree, changes: Tree) -> Tree:
    """The program of a case that changes some figures."""
    out: Tree = msgspec.json.decode(msgspec.json.encode(tree))
    node: Any
    for path, value in changes.items():
        node = out
        *parents, last = path.split(".")
        for part in parents:
            node = node[int(part) if part.isdigit() else part]
        node[int(last) if last.isdigit() else last] = value
    return out


# playing --------------------------------------------------------------------------------------------------------------


@dataclass
class Played:
    """What became of a case: the events as they were told, and every answer in its order."""

    sealed: list[Sealed] = field(default_factory=list)
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    state: State = field(default_factory=State)

    def balances(self, participant: str) -> Tree:
        """What stands on somebody's balance, by unit."""
        rows = self.state.rows[BALANCES.name].items()
        prefix = f"balance:{participant}|"
        return {key.removeprefix(prefix): amount for key, amount in rows if key.startswith(prefix) and amount}


def play(case: Case, program: Program) -> Played:
    """Play a case in memory.

    Raises:
        CaseFailed: anything differs from what the case states.
    """
    return Player(case, program).play()


class Player:
    """Plays one case."""

    def __init__(self, case: Case, program: Program) -> None:
        self.case = case
        self.program = program
        self.tenant = MemoryTenant(KEYRING)
        self.tenant.publish(program)
        self.names: dict[str, str] = {}
        self.codes: dict[str, str] = {}
        self.claims: dict[str, str] = {}
        self.submissions: dict[str, str] = {}
        self.played = Played()
        self.queue: list[tuple[Sealed, Answer]] = []
        self.number = 0
        self.clicked_ms = CLICKED_MS
        self.clicked_on: str | None = None
        self.where = ""

    def play(self) -> Played:
        calendar = self.case.calendar
        for index, entry in enumerate(calendar):
            self.where = f"{self.case.recipe}: {self.case.name}: step {index + 1} ({entry['on']} {_title(entry)})"
            if not self.queue:
                # What falls due does so before the next event is decided.
                told = next((number for number in range(index, len(calendar)) if "event" in calendar[number]), None)
                if told is None:
                    self._fail("a case ends with an event")
                self.tell(calendar[told], told + 1)
            if ("due" in entry) != isinstance(self.queue[0][0].event, Due):
                self._fail(f"it came out: {self.due_title(self.queue[0][0])}")
            self._compare(entry, *self.queue.pop(0))
        self.where = f"{self.case.recipe}: {self.case.name}: after the calendar"
        if self.queue:
            self._fail("more happened than the calendar says")
        for name, actual in self.ends().items():
            self._differ(name, dict(self.case.end.get(name) or {}), actual)
        self.played.state = self.tenant.rows
        return self.played

    def tell(self, entry: Tree, number: int) -> None:
        """Tell one event; what it and the dates before it came to stands in the queue."""
        self.number = number
        event = self._event(entry)
        if isinstance(event, ev.Visits):
            moment_ms = _moment_ms(entry["on"])
            sealed = visits_so_far(event.program, event.code, event.day, event.count, moment_ms)
        else:
            sealed = seal(event, KEYRING, 2**52, history=True)
        self.played.sealed.append(sealed)
        self.tenant.decide([sealed])
        for outcome in self.tenant.outcomes:
            if outcome.parked:
                self._fail(f"could not be decided: {outcome.parked[0].error}")
            for _, decision, answer in outcome.decisions:
                self.played.answers.append((decision.sealed.event.id, answer))
                self._learn(entry, decision)
                self.queue.append((decision.sealed, decision.answer))

    def _learn(self, entry: Tree, decision: Decision) -> None:
        answer = decision.answer
        if isinstance(decision.sealed.event, Due):
            return
        who = _who(entry["event"])
        if answer.participant and who:
            self.names.setdefault(answer.participant, who)
        if answer.advocate_code and who:
            self.codes.setdefault(who, answer.advocate_code)
            if group := getattr(decision.sealed.event, "group", None):
                self.codes[f"{who}_{group}"] = answer.advocate_code
        if answer.claim:
            self.claims[entry["as"]] = answer.claim
        elif "as" in entry:
            self.submissions[entry["as"]] = answer.event

    # comparing --------------------------------------------------------------------------------------------------------

    def _compare(self, entry: Tree, sealed: Sealed, answer: Answer) -> None:
        if "due" in entry:
            self._differ("what fell due", entry["due"], self.due_title(sealed))
            self._differ("when", iso(_moment_ms(entry["on"])), iso(sealed.occurred_ms))
        outcome = next((word for word in OUTCOMES if word in entry), "")
        expected = entry.get(outcome) or []
        said = [_said(reason, item) for reason, item in zip(answer.reasons, expected, strict=False)]
        said += [reason.code for reason in answer.reasons[len(expected) :]]
        self._differ("reasons", (outcome, expected), (answer.outcome, said))
        self._differ("rewards", dict(entry.get("rewards") or {}), self.rewards_now(answer.rewards))

    def rewards_now(self, rewards: tuple[RewardNow, ...]) -> dict[str, str]:
        """The rewards of an answer by name."""
        rows = dict(self._named_rewards())
        by_id = {row.id: name for name, row in rows.items()}
        return {by_id[now.id]: f"{now.status} {Quantity(now.amount, now.unit)}" for now in rewards}

    def _differ(self, what: str, expected: Any, actual: Any) -> None:
        if expected != actual:
            self._fail(f"{what}\n  the case says: {expected}\n  it came out:   {actual}")

    def _fail(self, message: str) -> None:
        raise CaseFailed(f"{self.where}: {message}")

    # names ------------------------------------------------------------------------------------------------------------

    def _rows(self, collection: Any) -> list[Any]:
        return [row for row in self.tenant.rows.rows[collection.name].values() if row is not None]

    def _named_referrals(self) -> Iterator[tuple[str, Referral]]:
        seen: dict[str, int] = {}
        for row in sorted(self._rows(REFERRALS), key=lambda row: row.claimed_ms):
            name = f"{self.names[row.friend]}'s referral by {self.names[row.advocate]}"
            seen[name] = seen.get(name, 0) + 1
            yield (name if seen[name] == 1 else f"{name} ({seen[name]})"), row

    def _reward_name(self, row: Reward, referrals: dict[str, Referral]) -> str:
        """Whose it is, and for whom: ``anna's credit for bob``, ``bob's coupon from anna``, ``olga's mix``.

        What somebody earned by his own doing, or won, has no friend.
        """
        whose = f"{self.names[row.participant]}'s {row.rule}"
        referral = referrals.get(row.referral or "")  # none where somebody earned it by his own doing
        if referral and row.side in ("advocate", "friend"):
            advocate, friend = self.names[referral.advocate], self.names[referral.friend]
            return f"{whose} for {friend}" if row.side == "advocate" else f"{whose} from {advocate}"
        _, _, member = row.subject.partition("|")
        return f"{whose} for {self.names[member]}" if member and row.side == "owner" else whose

    def _named_rewards(self) -> Iterator[tuple[str, Reward]]:
        referrals = {row.id: row for row in self._rows(REFERRALS)}
        seen: dict[str, int] = {}
        for row in sorted(self._rows(REWARDS), key=lambda row: (row.granted_ms, row.occurrence)):
            name = self._reward_name(row, referrals)
            seen[name] = seen.get(name, 0) + 1
            yield (name if seen[name] == 1 else f"{name} ({seen[name]})"), row

    def _named_payouts(self) -> Iterator[tuple[str, PayoutRow]]:
        """``anna's payout of 2026-05``."""
        seen: dict[str, int] = {}
        for row in sorted(self._rows(PAYOUTS), key=lambda row: row.created_ms):
            name = f"{self.names[row.participant]}'s payout of {row.period}"
            seen[name] = seen.get(name, 0) + 1
            yield (name if seen[name] == 1 else f"{name} ({seen[name]})"), row

    def due_title(self, sealed: Sealed) -> str:
        """What came by itself."""
        event = sealed.event
        if not isinstance(event, Due):
            return "an event of the calendar"
        referrals = {row.id: name for name, row in self._named_referrals()}
        rewards = {row.id: name for name, row in self._named_rewards()}
        match event.kind:
            case "mature":
                return f"{rewards[event.reference]} matures"
            case "expire_reward":
                return f"{rewards[event.reference]} expires"
            case "expiring":
                return f"{rewards[event.reference]} expires soon"
            case "answer":
                return f"{rewards[event.reference]} is not answered"
            case "expire_referral":
                return f"{referrals[event.reference]} expires"
            case "keep":
                return f"what depends on {self.names[event.reference.partition('>')[0]]} is looked at"
            case "codes":
                return f"the pool {event.reference.removeprefix('codes:')} gives what waits"
            case "fund":
                return f"{event.reference} pays what waits"
            case "again":
                id, _, rule = event.reference.partition("|")
                return f"{rule} of {referrals[id]} comes again"
            case "kept":
                return f"{rewards[event.reference]} stays for good"
            case "sweep":
                id, _, page = event.reference.partition("/")
                return f"page {int(page) + 1} of {self.tenant.rows.rows['sweeps'][id].rule}"
            case "contest":
                return f"the contest {event.reference.partition('|')[2]} is looked at"
            case "payout":
                return f"{self.names[event.reference.split('|')[1]]} is paid out"
            case "tier":
                return f"{self.names[event.reference.partition('|')[2]]}'s tier is looked at"
            case _:
                return f"{self.names[event.reference]} is looked at again"

    def ends(self) -> dict[str, dict[str, str]]:
        """All there is."""
        balances: dict[str, list[str]] = {}
        budgets: dict[str, list[str]] = {}
        books: dict[str, list[str]] = {}
        for key, amount in sorted(self.tenant.rows.rows[BALANCES.name].items()):
            account, _, unit = key.rpartition("|")
            kind, _, owner = account.partition(":")
            if kind == "balance" and amount:
                whose = self.names[owner.partition(":")[0]]  # what a program collects for somebody is his as well
                balances.setdefault(whose, []).append(str(Quantity(amount, unit)))
            elif kind == "budget" and amount and not owner.endswith(":funding"):
                name, _, part = owner.split(":", 1)[1].rpartition(":")
                budgets.setdefault(name, []).append(f"{Quantity(amount, unit)} {part}")
            elif kind in BOOKS and amount:
                books.setdefault(kind, []).append(str(Quantity(amount, unit)))
        return {
            "referrals": {
                name: f"{row.status} by {row.evidence}" + ("" if row.moderation == "clear" else f", {row.moderation}")
                for name, row in self._named_referrals()
            },
            "rewards": {
                name: ", ".join([f"{row.status} {Quantity(row.amount, row.unit)}", *_answers(row)])
                for name, row in self._named_rewards()
            },
            "balances": {name: ", ".join(units) for name, units in balances.items()},
            "budgets": {name: ", ".join(parts) for name, parts in budgets.items()},
            "books": {name: ", ".join(units) for name, units in books.items()},
            "contests": {row.contest: self.result(row) for row in self._rows(CONTESTS)},
            "tiers": {self.names[row.participant]: row.tier for row in self._rows(TIERS) if row.tier},
            "codes": {name: open_code(KEYRING, row.own_code) for name, row in self._named_rewards() if row.own_code},
            "payouts": {name: f"{row.status} {Quantity(row.amount, row.unit)}" for name, row in self._named_payouts()},
        }

    def result(self, row: ContestRow) -> str:
        """How far a contest is, and who has which place with how many; of a draw of referrals, the referral."""
        names = self.names | {referral.id: name for name, referral in self._named_referrals()}
        places = [f"{place.place} {names[place.entrant]} ({place.score})" for place in row.places]
        return ": ".join(filter(None, [row.status, ", ".join(places)]))

    # telling ----------------------------------------------------------------------------------------------------------

    def _event(self, entry: Tree) -> SourceEvent | ev.Visits:
        self.clicked_ms = _moment_ms(entry["clicked"]) if "clicked" in entry else CLICKED_MS
        self.clicked_on = entry.get("clicked on")
        base = {"id": f"step-{self.number}", "occurred_at": datetime.fromtimestamp(_moment_ms(entry["on"]) / 1000, UTC)}
        for pattern, make in _SENTENCES:
            found = pattern.fullmatch(entry["event"])
            if found:
                return make(self, base, entry, found.groupdict())
        raise CaseFailed(f"{self.where}: the runner does not understand {entry['event']!r}")

    def person(self, name: str, entry: Tree) -> Person:
        """What the shop sends of somebody."""
        return msgspec.convert({"id": name} | self.case.people.get(name, {}) | entry.get("with", {}), Person)

    def code(self, name: str) -> str:
        """An advocate's code, or the word itself where nobody of that name has one."""
        return self.codes.get(name, name)

    def invitation(self, words: Tree) -> Tree:
        """The code or claim that a sentence ends with."""
        out = {}
        if words.get("code"):
            out["code"] = self.code(words["code"])
        if words.get("claim"):
            out["claim"] = self.claims.get(words["claim"], words["claim"])
        if clicked := words.get("click") or self.clicked_on:
            nonce = self.number.to_bytes(8, "big")
            out["click"] = click_token(KEYRING, self.code(clicked), self.clicked_ms, nonce)
        return out

    def reward_id(self, name: str) -> str:
        """The reward of a name such as ``anna's space for bob``."""
        return next((row.id for title, row in self._named_rewards() if title == name), name)

    def reward_code(self, name: str) -> str:
        """The code that goes with a reward: one of the shop's own, or one that Goodword made."""
        row = next((row for title, row in self._named_rewards() if title == name), None)
        return (
            open_code(KEYRING, row.own_code) if row and row.own_code else KEYRING.reward_code(row.id if row else name)
        )

    def payout_id(self, name: str) -> str:
        """The payout of a name such as ``anna's payout of 2026-05``."""
        return next((row.id for title, row in self._named_payouts() if title == name), name)

    def participant_id(self, name: str) -> str:
        """Somebody by his name."""
        return next((id for id, known in self.names.items() if known == name), name)

    def submission_id(self, who: str, what: str) -> str:
        """The last that somebody sent in under a name: an activity, or ``answer``."""
        rows = [row for row in self._rows(ACTIVITIES) if row.name == what and self.names.get(row.participant) == who]
        return max(rows, key=lambda row: row.at_ms).id if rows else what

    def referral_id(self, name: str) -> str:
        """The referral of a name such as ``bob's referral by anna``."""
        return next((row.id for title, row in self._named_referrals() if title == name), name)


def _answers(reward: Reward) -> Iterator[str]:
    """What its recipient answered, or what counts as his answer."""
    return (f"{name} {answer}" for name, answer in sorted(reward.answers.items()))


def _title(entry: Tree) -> str:
    return str(entry.get("event") or entry.get("due"))


def _who(sentence: str) -> str | None:
    found = re.match(
        r"(?:staff write down that \w+ sent )?(\w+)"
        r"(?: (?:creates|leaves|joins|claims|types|signs|orders|does|exchanges|enters)\b|$)",
        sentence,
    )
    return found[1] if found and found[1] != "somebody" else None


def _moment_ms(on: Any) -> int:
    if isinstance(on, str):
        on = datetime.fromisoformat(on)
    if isinstance(on, date) and not isinstance(on, datetime):
        on = datetime.combine(on, time(12))
    return int(on.replace(tzinfo=UTC).timestamp() * 1000)


def _said(reason: Reason, expected: Any) -> Any:
    """A reason as its expectation is written: with the values it names."""
    if not isinstance(expected, dict) or set(expected) != {reason.code}:
        return reason.code
    return {reason.code: {key: _value(reason.values.get(key)) for key in expected[reason.code]}}


def _value(value: Any) -> Any:
    return str(Quantity(value.amount, value.unit)) if isinstance(value, Amount) else value


Make = Callable[[Player, Tree, Tree, dict[str, str]], SourceEvent | ev.Visits]
_BY = r"(?: with (?:(?P<code>\w+)'s code|claim (?P<claim>\w+)|a click on (?P<click>\w+)'s code))?"


def _order(player: Player, base: Tree, entry: Tree, words: dict[str, str]) -> SourceEvent:
    total = parse_quantity(words["total"])
    redeems = []
    for name in filter(None, [words["reward"]]):
        redeems.append(ev.Redeem(player.reward_code(name), entry.get("discount")))
    return ev.Order(
        **base,
        order=words["order"],
        person=player.person(words["who"], entry),
        total=total.amount,
        currency=total.unit,
        redeems=tuple(redeems),
        fields=entry.get("fields", {}),
        items=_items(entry),
        **player.invitation(words),
    )


def _items(entry: Tree) -> tuple[ev.Item, ...]:
    """``items: {books: 20.00 USD}``."""
    return tuple(ev.Item(name, parse_quantity(told).amount) for name, told in entry.get("items", {}).items())


def _refund(player: Player, base: Tree, entry: Tree, words: dict[str, str]) -> SourceEvent:
    if words["how"] == "cancelled":
        return ev.Cancel(**base, order=words["order"])
    if words["how"] == "charged back":
        return ev.Chargeback(**base, order=words["order"])
    amount = parse_quantity(words["amount"]).amount if words["amount"] else None
    return ev.Refund(**base, order=words["order"], amount=amount, items=_items(entry))


def _claim(player: Player, base: Tree, entry: Tree, words: dict[str, str]) -> SourceEvent:
    person = None if words["who"] == "somebody" else player.person(words["who"], entry)
    via = {"claims": "claim", "types": "code", "names": "staff"}[words["how"]]
    return ev.Claim(**base, code=player.code(words["code"]), person=person, via=via)


def _group(player: Player, base: Tree, entry: Tree, words: dict[str, str]) -> SourceEvent:
    actions: dict[str, Any] = {"creates": "create", "joins": "join", "leaves": "leave", "closed": "close"}
    who = words.get("who")
    return ev.GroupAction(
        **base,
        program=player.program.name,
        group=words["group"],
        action=actions[words["action"]],
        person=player.person(who, entry) if who else None,
    )


_SENTENCES: list[tuple[re.Pattern[str], Make]] = [
    (re.compile(pattern), make)
    for pattern, make in [
        (
            r"(?P<who>\w+) joins",
            lambda p, b, e, w: ev.Join(**b, person=p.person(w["who"], e), program=p.program.name),
        ),
        (
            r"(?P<who>\w+) joins to invite to the group (?P<group>\w+)",
            lambda p, b, e, w: ev.Join(**b, person=p.person(w["who"], e), program=p.program.name, group=w["group"]),
        ),
        (r"(?P<who>\w+) (?P<action>creates|joins|leaves) the group (?P<group>\w+)", _group),
        (r"the group (?P<group>\w+) is (?P<action>closed)", _group),
        (r"(?P<who>\w+) (?P<how>claims|types) (?P<code>\w+)'s code", _claim),
        (
            r"staff write down that (?P<code>\w+) sent (?P<who>\w+)",
            lambda p, b, e, w: _claim(p, b, e, w | {"how": "names"}),
        ),
        (
            r"(?P<who>\w+) signs up" + _BY,
            lambda p, b, e, w: ev.SignUp(**b, person=p.person(w["who"], e), **p.invitation(w)),
        ),
        (
            r"(?P<who>\w+) does (?P<name>\w+)" + _BY,
            lambda p, b, e, w: ev.Activity(
                **b, name=w["name"], person=p.person(w["who"], e), fields=e.get("fields", {}), **p.invitation(w)
            ),
        ),
        (r"(?P<who>\w+) orders (?P<order>\w+) for (?P<total>[\d.]+ \w+)" + _BY + r"(?: using (?P<reward>.+))?", _order),
        (
            r"(?:(?P<amount>[\d.]+ \w+) of )?order (?P<order>\w+) is (?P<how>refunded|cancelled|charged back)",
            _refund,
        ),
        (
            r"the shop tells more about (?P<who>\w+)",
            lambda p, b, e, w: ev.Profile(**b, person=p.person(w["who"], e)),
        ),
        (
            r"staff (?P<verdict>approve|deny) (?P<referral>\w+'s referral by .+)",
            lambda p, b, e, w: ev.Review(**b, referral=p.referral_id(w["referral"]), verdict=w["verdict"]),
        ),
        (
            r"\w+ (?:chooses (?P<option>[\w-]+)|answers) for (?P<reward>.+)",
            lambda p, b, e, w: ev.Choice(
                **b,
                reward=p.reward_id(w["reward"]),
                option=w["option"],
                answers=e.get("answers", {}),
                post=e.get("post"),
            ),
        ),
        (
            r"(?P<who>\w+) asks for the code (?P<code>\w+)",
            lambda p, b, e, w: ev.Link(
                **b, person=p.person(w["who"], e), program=p.program.name, code=w["code"], name=e.get("name")
            ),
        ),
        (
            r"staff (?P<verdict>approve|deny) the submission (?P<label>\w+)",
            lambda p, b, e, w: ev.Moderation(
                **b, submission=p.submissions.get(w["label"], w["label"]), verdict=w["verdict"]
            ),
        ),
        (
            r"(?P<who>\w+) exchanges points for (?P<reward>\w+)",
            lambda p, b, e, w: ev.Exchange(
                **b, person=p.person(w["who"], e), program=p.program.name, reward=w["reward"]
            ),
        ),
        (
            r"(?P<who>\w+) says what (?P<reward>.+) needs",
            lambda p, b, e, w: ev.Choice(
                **b, reward=p.reward_id(w["reward"]), option=e.get("option"), answers=e.get("answers", {})
            ),
        ),
        (
            r"staff (?P<verdict>approve|deny) what (?P<who>\w+) sent in: (?P<what>\w+)",
            lambda p, b, e, w: ev.Moderation(
                **b, submission=p.submission_id(w["who"], w["what"]), verdict=w["verdict"]
            ),
        ),
        (
            r"the shop brings codes into the pool (?P<pool>[\w-]+)",
            lambda p, b, e, w: ev.Codes(**b, pool=w["pool"], codes=tuple(e["codes"])),
        ),
        (
            r"the shop (?P<action>pay|fail)s (?P<payout>\w+'s payout of .+)",
            lambda p, b, e, w: ev.PayoutAction(**b, payout=p.payout_id(w["payout"]), action=w["action"]),
        ),
        (
            r"staff pay out what came together for (?P<whom>\w+)",
            lambda p, b, e, w: ev.PayOut(**b, program=p.program.name, participant=p.participant_id(w["whom"])),
        ),
        (
            r"(?:staff|the shop) (?P<action>approve|deny|issue|redeem|fail|reverse)s? (?P<reward>.+)",
            lambda p, b, e, w: ev.RewardAction(
                **b, reward=p.reward_id(w["reward"]), action=w["action"], amount=e.get("amount")
            ),
        ),
        (
            r"(?P<who>\w+) enters (?P<contest>[\w-]+)",
            lambda p, b, e, w: ev.Enter(
                **b, person=p.person(w["who"], e), program=p.program.name, contest=w["contest"]
            ),
        ),
        (
            r"staff (?P<action>disable|enable) (?P<code>\w+)'s code",
            lambda p, b, e, w: ev.HandleAction(**b, code=p.code(w["code"]), action=w["action"]),
        ),
        (
            r"(?P<count>\d+) people followed (?P<code>\w+)'s link on (?P<day>[\d-]+)",
            lambda p, b, e, w: ev.Visits(
                **b,
                program=p.program.name,
                code=p.code(w["code"]),
                day=_moment_ms(w["day"]) // DAY_MS,
                count=int(w["count"]),
            ),
        ),
        (
            r"staff (?P<action>pause|resume|end) the program",
            lambda p, b, e, w: ev.ProgramAction(**b, program=p.program.name, action=w["action"]),
        ),
        (r"time passes", lambda p, b, e, w: ev.TimePassed(**b)),
    ]
]


@cache
def recipes() -> list[str]:
    """The names of all recipes."""
    return sorted(path.parent.name for path in PROGRAMS.glob("*/program.yaml"))
