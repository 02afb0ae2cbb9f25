"""The people of a case: what they tell, and what became of them in the words of the case.

Whoever lets them play (in memory, over HTTP) says how an event is decided and which rows there are. All else is here: how
people, codes and rewards are named, what is learnt from answers, and what is compared.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import replace

from demo.cases import Case, Tree, moment_ms
from demo.sentences import event_of
from goodword.engine import events as ev
from goodword.engine.clicks import click_token
from goodword.engine.events import Person, SourceEvent
from goodword.engine.ids import Keyring
from goodword.engine.reasons import Amount, Answer, Reason, RewardNow
from goodword.engine.state import ContestRow, PayoutRow, Referral, Reward
from goodword.program.duration import iso
from goodword.program.quantity import Quantity
from goodword.web.contests import ContestOut
from goodword.web.shapes import PayoutOut, ReferralOut, RewardOut

CLICKED_MS = 1_772_490_000_000  # a day before the sign-ups of cases that bring a click
OUTCOMES = ("accepted", "refused", "waiting")
OWN = ("id", "email", "payment", "device", "address", "network")
"""What each cast has of its own, of what is told of a person."""

# As the engine keeps them, or as the API shows them.
ReferralRow: TypeAlias = Referral | ReferralOut
RewardRow: TypeAlias = Reward | RewardOut
PayoutSeen: TypeAlias = PayoutRow | PayoutOut
ContestSeen: TypeAlias = ContestRow | ContestOut


class CaseFailed(AssertionError):
    """A case that does not hold: which, at which step, and what differs."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event that was decided: told by the calendar, or a date that came by itself."""

    answer: Answer
    at_ms: int
    due: tuple[str, str] | None
    """Of a date: its kind and reference."""


class Cast(ABC):
    """Plays one case. With `own`, its people, orders, groups and codes are its own beside other casts in the same tenant."""

    def __init__(self, case: Case, program: str, keyring: Keyring, own: str = "") -> None:
        self.case = case
        self.program = program
        self.keyring = keyring
        self.own = own
        self.names: dict[str, str] = {}
        self.codes: dict[str, str] = {}
        self.claims: dict[str, str] = {}
        self.submissions: dict[str, str] = {}
        self.queue: list[Happened] = []
        self.number = 0
        self.clicked_ms = CLICKED_MS
        self.clicked_on: str | None = None
        self.where = ""

    # what a player has to bring ---------------------------------------------------------------------------------------

    @abstractmethod
    def decide(self, event: SourceEvent | ev.Visits, at_ms: int) -> Iterable[Happened]:
        """Have an event decided; what became of it, behind what fell due before it."""

    @abstractmethod
    def referrals(self) -> Iterable[ReferralRow]:
        """The referrals of these people, the oldest first."""

    @abstractmethod
    def rewards(self) -> Iterable[RewardRow]:
        """Their rewards, in the order in which they were granted."""

    @abstractmethod
    def payouts(self) -> Iterable[PayoutSeen]:
        """Their payouts, the oldest first."""

    @abstractmethod
    def contests(self) -> Iterable[ContestSeen]:
        """The contests of the program."""

    @abstractmethod
    def member_of(self, row: RewardRow) -> str | None:
        """The member for whom the owner of a group got a reward."""

    @abstractmethod
    def rule_of_sweep(self, id: str) -> str:
        """The reward that a sweep gives."""

    @abstractmethod
    def own_code(self, row: RewardRow) -> str | None:
        """The code of the shop's own system that goes with a reward."""

    @abstractmethod
    def ends(self) -> dict[str, dict[str, str]]:
        """All there is when the calendar ends, as far as this player can see it."""

    # playing ----------------------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Tell the calendar and compare all that happens.

        Raises:
            CaseFailed: anything differs from what the case states.
        """
        calendar = self.case.calendar
        for index, entry in enumerate(calendar):
            self.where = f"{self.case.recipe}: {self.case.name}: step {index + 1} ({entry['on']} {_title(entry)})"
            if not self.queue:
                # What falls due does so before the next event is decided.
                told = next((number for number in range(index, len(calendar)) if "event" in calendar[number]), None)
                if told is None:
                    self.wait(entry)
                else:
                    self.tell(calendar[told], told + 1)
            self.compare(entry, self.queue.pop(0))
        self.close()

    def tell(self, entry: Tree, number: int) -> None:
        """Tell one event; what it and the dates before it came to stands in the queue."""
        event = self.event(entry, number)
        for happened in self.decide(event, moment_ms(entry["on"])):
            if happened.due is None:
                self.learn(entry, event, happened.answer)
            self.queue.append(happened)

    def wait(self, entry: Tree) -> None:
        """More falls due behind the last event, and nothing else is told."""
        self.fail("a case ends with an event")

    def event(self, entry: Tree, number: int) -> SourceEvent | ev.Visits:
        """The event of an entry, whose number makes its id."""
        self.number = number
        self.clicked_ms = moment_ms(entry["clicked"]) if "clicked" in entry else CLICKED_MS
        self.clicked_on = entry.get("clicked on")
        at = datetime.fromtimestamp(moment_ms(entry["on"]) / 1000, UTC)
        event = event_of(self, {"id": f"step-{number}{self.own}", "occurred_at": at}, entry)
        own: dict[str, Any] = {}
        for name in ("order", "group"):
            if (value := getattr(event, name, None)) is not None:
                own[name] = f"{value}{self.own}"
        if isinstance(event, ev.Link) and event.code is not None:
            # A word that somebody chose; whoever types it means the one of his own cast.
            own["code"] = self.codes[event.code] = f"{event.code}{self.own}"
        return replace(event, **own)

    def learn(self, entry: Tree, event: SourceEvent | ev.Visits, answer: Answer) -> None:
        """Keep what an answer tells of people and codes."""
        who = _who(entry["event"])
        if answer.participant and who:
            self.names.setdefault(answer.participant, who)
        if answer.advocate_code and who:
            self.codes.setdefault(who, answer.advocate_code)
            if group := getattr(event, "group", None):
                self.codes[f"{who}_{group.removesuffix(self.own)}"] = answer.advocate_code
        if answer.claim:
            self.claims[entry["as"]] = answer.claim
        elif "as" in entry:
            self.submissions[entry["as"]] = answer.event
        if any(reason.code == "waiting_for_moderation" for reason in answer.reasons):
            what = event.name if isinstance(event, ev.Activity) else "answer"
            self.submissions[f"{entry['event'].split()[0]}: {what}"] = answer.event

    # comparing --------------------------------------------------------------------------------------------------------

    def compare(self, entry: Tree, happened: Happened) -> None:
        """Compare what happened with what the calendar says."""
        if ("due" in entry) != (happened.due is not None):
            self.fail(f"it came out: {self.due_title(happened)}")
        if "due" in entry:
            self.differ("what fell due", entry["due"], self.due_title(happened))
            self.differ("when", iso(moment_ms(entry["on"])), iso(happened.at_ms))
        answer = happened.answer
        outcome = outcome_of(entry)
        expected = entry.get(outcome) or []
        said = [_said(reason, item) for reason, item in zip(answer.reasons, expected, strict=False)]
        said += [reason.code for reason in answer.reasons[len(expected) :]]
        self.differ("reasons", (outcome, expected), (answer.outcome, said))
        self.differ("rewards of the answer", dict(entry.get("rewards") or {}), self.rewards_now(answer.rewards))

    def close(self) -> dict[str, dict[str, str]]:
        """Compare what there is when the calendar ends; all of it."""
        self.where = f"{self.case.recipe}: {self.case.name}: after the calendar"
        if self.queue:
            self.fail("more happened than the calendar says")
        ends = self.ends()
        for name, actual in ends.items():
            self.differ(f"{name} at the end", dict(self.case.end.get(name) or {}), actual)
        return ends

    def rewards_now(self, rewards: tuple[RewardNow, ...]) -> dict[str, str]:
        """The rewards of an answer by name."""
        if not rewards:
            return {}
        by_id = {row.id: name for name, row in self.named_rewards()}
        return {by_id[now.id]: f"{now.status} {Quantity(now.amount, now.unit)}" for now in rewards}

    def differ(self, what: str, expected: Any, actual: Any) -> None:
        """Fail where two things are not the same."""
        if expected != actual:
            self.fail(f"{what}\n  the case says: {expected}\n  it came out:   {actual}")

    def fail(self, message: str) -> None:
        """The case does not hold.

        Raises:
            CaseFailed: always.
        """
        raise CaseFailed(f"{self.where}: {message}")

    # names ------------------------------------------------------------------------------------------------------------

    def named_referrals(self) -> Iterator[tuple[str, ReferralRow]]:
        """``bob's referral by anna``."""
        return _counted(
            (f"{self._name(row.friend)}'s referral by {self._name(row.advocate)}", row) for row in self.referrals()
        )

    def named_rewards(self) -> Iterator[tuple[str, RewardRow]]:
        """``anna's credit for bob``, ``bob's coupon from anna``, ``olga's mix``."""
        referrals = {row.id: row for row in self.referrals()}
        return _counted((self._reward_name(row, referrals), row) for row in self.rewards())

    def _reward_name(self, row: RewardRow, referrals: dict[str, ReferralRow]) -> str:
        """Whose it is, and for whom. What somebody earned by his own doing, or won, has no friend."""
        whose = f"{self._name(row.participant)}'s {row.rule}"
        referral = referrals.get(row.referral or "")  # none where somebody earned it by his own doing
        if referral and row.side in ("advocate", "friend"):
            advocate, friend = self._name(referral.advocate), self._name(referral.friend)
            return f"{whose} for {friend}" if row.side == "advocate" else f"{whose} from {advocate}"
        member = self.member_of(row) if row.side == "owner" else None
        return f"{whose} for {self._name(member)}" if member else whose

    def named_payouts(self) -> Iterator[tuple[str, PayoutSeen]]:
        """``anna's payout of 2026-05``."""
        return _counted((f"{self._name(row.participant)}'s payout of {row.period}", row) for row in self.payouts())

    def due_title(self, happened: Happened) -> str:
        """What came by itself."""
        if happened.due is None:
            return "an event of the calendar"
        kind, reference = happened.due
        match kind:
            case "mature":
                return f"{self._reward(reference)} matures"
            case "expire_reward":
                return f"{self._reward(reference)} expires"
            case "expiring":
                return f"{self._reward(reference)} expires soon"
            case "answer":
                return f"{self._reward(reference)} is not answered"
            case "expire_referral":
                return f"{self._referral(reference)} expires"
            case "keep":
                return f"what depends on {self._name(reference.partition('>')[0])} is looked at"
            case "codes":
                return f"the pool {reference.removeprefix('codes:')} gives what waits"
            case "fund":
                return f"{reference} pays what waits"
            case "again":
                id, _, rule = reference.partition("|")
                return f"{rule} of {self._referral(id)} comes again"
            case "kept":
                return f"{self._reward(reference)} stays for good"
            case "sweep":
                id, _, page = reference.partition("/")
                return f"page {int(page) + 1} of {self.rule_of_sweep(id)}"
            case "contest":
                return f"the contest {reference.partition('|')[2]} is looked at"
            case "payout":
                return f"{self._name(reference.split('|')[1])} is paid out"
            case "tier":
                return f"{self._name(reference.partition('|')[2])}'s tier is looked at"
            case _:
                return f"{self._name(reference)} is looked at again"

    def _reward(self, id: str) -> str:
        return {row.id: name for name, row in self.named_rewards()}[id]

    def _referral(self, id: str) -> str:
        return {row.id: name for name, row in self.named_referrals()}[id]

    def _name(self, participant: str) -> str:
        return self.names.get(participant, "somebody whom the case does not know")

    def ends_of_rows(self) -> dict[str, dict[str, str]]:
        """What every player can see when the calendar ends."""
        rewards = list(self.named_rewards())
        codes = {name: self.own_code(row) for name, row in rewards}
        return {
            "referrals": {
                name: f"{row.status} by {row.evidence}" + ("" if row.moderation == "clear" else f", {row.moderation}")
                for name, row in self.named_referrals()
            },
            "rewards": {
                name: ", ".join([f"{row.status} {Quantity(row.amount, row.unit)}", *_answers(row)])
                for name, row in rewards
            },
            "contests": {row.contest: self._result(row) for row in self.contests()},
            "codes": {name: code for name, code in codes.items() if code},
            "payouts": {name: f"{row.status} {Quantity(row.amount, row.unit)}" for name, row in self.named_payouts()},
        }

    def _result(self, row: ContestSeen) -> str:
        """How far a contest is, and who has which place with how many; of a draw of referrals, the referral."""
        referrals = {referral.id: name for name, referral in self.named_referrals()}
        places = [
            f"{one.place} {referrals.get(one.entrant) or self._name(one.entrant)} ({one.score})" for one in row.places
        ]
        return ": ".join(filter(None, [row.status, ", ".join(places)]))

    # what sentences need ----------------------------------------------------------------------------------------------

    def person(self, name: str, entry: Tree) -> Person:
        """What the shop sends of somebody."""
        told: Tree = {"id": name} | self.case.people.get(name, {}) | entry.get("with", {})
        own: Tree = {kind: f"{told[kind]}{self.own}" for kind in OWN if told.get(kind) is not None}
        if self.own and "phone" in told:
            own["phone"] = f"{told['phone'][:8]}{int(re.sub(r'[^0-9]', '', self.own)):07}"
        return msgspec.convert(told | own, Person)

    def code(self, name: str) -> str:
        """An advocate's code, or the word itself where nobody of that name has one."""
        return self.codes.get(name, name)

    def invitation(self, words: Tree) -> Tree:
        """The code, claim or click that a sentence ends with. A click of the past is signed as the redirect would have."""
        out: Tree = {}
        if words.get("code"):
            out["code"] = self.code(words["code"])
        if words.get("claim"):
            out["claim"] = self.claims.get(words["claim"], words["claim"])
        if clicked := words.get("click") or self.clicked_on:
            nonce = self.number.to_bytes(8, "big")
            out["click"] = click_token(self.keyring, self.code(clicked), self.clicked_ms, nonce)
        return out

    def reward_id(self, name: str) -> str:
        """The reward of a name such as ``anna's space for bob``."""
        return next((row.id for title, row in self.named_rewards() if title == name), name)

    def reward_code(self, name: str) -> str:
        """The code that goes with a reward: one of the shop's own, or one that Goodword made."""
        row = next((row for title, row in self.named_rewards() if title == name), None)
        return (self.own_code(row) if row else None) or self.keyring.reward_code(row.id if row else name)

    def payout_id(self, name: str) -> str:
        """The payout of a name such as ``anna's payout of 2026-05``."""
        return next((row.id for title, row in self.named_payouts() if title == name), name)

    def participant_id(self, name: str) -> str:
        """Somebody by his name."""
        return next((id for id, known in self.names.items() if known == name), name)

    def submission_id(self, label: str) -> str:
        """What was sent in: under ``as``, or the last of ``anna: review``."""
        return self.submissions.get(label, label)

    def referral_id(self, name: str) -> str:
        """The referral of a name such as ``bob's referral by anna``."""
        return next((row.id for title, row in self.named_referrals() if title == name), name)


def outcome_of(entry: Tree) -> str:
    """What an entry says of its outcome."""
    return next((word for word in OUTCOMES if word in entry), "")


def _counted(rows: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The second of a name is told apart: ``anna's visits (2)``."""
    seen: dict[str, int] = {}
    for name, row in rows:
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name} ({seen[name]})"), row


def _answers(reward: RewardRow) -> Iterator[str]:
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


def _said(reason: Reason, expected: Any) -> Any:
    """A reason as its expectation is written: with the values it names."""
    if not isinstance(expected, dict) or set(expected) != {reason.code}:
        return reason.code
    return {reason.code: {key: _value(reason.values.get(key)) for key in expected[reason.code]}}


def _value(value: Any) -> Any:
    return str(Quantity(value.amount, value.unit)) if isinstance(value, Amount) else value
