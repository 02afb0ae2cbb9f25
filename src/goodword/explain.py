"""Why something is as it is: what was decided, by which rule at which line of the file, on which values and what evidence.

Everything comes from what is stored: answers as they were given, rows as they stand, the texts of the versions that
decided. Nothing is decided anew, so that an explanation cannot differ from what happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import chain
from typing import Any, Literal

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from goodword.engine.reasons import Amount, Answer, Reason, ReasonValue, ReferralNow, RewardNow
from goodword.engine.state import REFERRALS, REWARDS, Collection, Referral, Reward, RowT, State
from goodword.pipeline.process import shown
from goodword.program.duration import iso
from goodword.program.loader import Program, load_program
from goodword.program.quantity import Quantity
from goodword.storage import reads
from goodword.storage.load import load, load_program_texts
from goodword.storage.reads import PostedEntry, StoredEvent
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, isolate, moment
from goodword.words.sentences import phrase, rule_at, sentence, term, values

PAGE = 500
Kind = Literal["event", "referral", "reward"]
Version = tuple[str, int]
Lines = Iterator[str]


@dataclass(frozen=True, slots=True)
class Told:
    """An event and its answer."""

    stored: StoredEvent
    answer: Answer

    @property
    def when(self) -> str:
        return iso(self.stored.occurred_ms)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known about one event, referral or reward."""

    reference: str
    kind: Kind
    events: list[Told]
    """What happened to it, in order; for an event, itself."""
    referrals: dict[str, Referral]
    reward: Reward | None
    entries: list[PostedEntry]
    programs: dict[Version, Program]
    """The versions that decided."""


def explain(connection: Connection, tenant: str, reference: str) -> Explanation | None:
    """Gather what is known under the id of a referral, of a reward or of an event; None where nothing is."""
    reward = _row(connection, tenant, REWARDS, reference)
    referral = _row(connection, tenant, REFERRALS, reference)
    if reward is not None or referral is not None:
        kind: Kind = "reward" if reward is not None else "referral"
        events = _history(connection, tenant, reference)
        own = reward.referral if reward is not None else reference
        named = {own} if own is not None else set()
    else:
        stored = reads.event(connection, tenant, reference)
        if stored is None:
            return None
        kind, events = "event", [_told(stored)]
        named = {now.id for now in events[0].answer.referrals}
    return Explanation(
        reference,
        kind,
        events,
        _referrals(connection, tenant, named),
        reward,
        reads.entries(connection, tenant, reference) if reward is not None else [],
        _programs(connection, tenant, events, [row for row in (referral, reward) if row is not None]),
    )


def _row(connection: Connection, tenant: str, collection: Collection[RowT], key: str) -> RowT | None:
    state = State()
    load(connection, tenant, state, {collection.name: {key}})
    return state.get(collection, key)


def _referrals(connection: Connection, tenant: str, ids: set[str]) -> dict[str, Referral]:
    state = State()
    load(connection, tenant, state, {REFERRALS.name: ids})
    rows = {id: state.get(REFERRALS, id) for id in sorted(ids)}
    return {id: row for id, row in rows.items() if row is not None}


def _told(stored: StoredEvent) -> Told:
    return Told(stored, msgspec.json.decode(shown(bytes(stored.answer), None), type=Answer))


def _history(connection: Connection, tenant: str, reference: str) -> list[Told]:
    found: list[Told] = []
    cursor: str | None = None
    while True:
        page = reads.answers(connection, tenant, reference, cursor=cursor, limit=PAGE)
        found += map(_told, page.items)
        cursor = page.next
        if cursor is None:
            return found[::-1]


def _programs(
    connection: Connection, tenant: str, events: list[Told], rows: list[Referral | Reward]
) -> dict[Version, Program]:
    reasons = chain.from_iterable(told.answer.reasons for told in events)
    wanted = {(r.program, r.version) for r in reasons if r.program is not None and r.version is not None}
    wanted |= {(row.program, row.version) for row in rows}
    texts = load_program_texts(connection, tenant, wanted)
    return {key: load_program(text, key[1]) for key, text in texts.items()}


# for programs ---------------------------------------------------------------------------------------------------------


def as_data(explanation: Explanation) -> dict[str, Any]:
    """The explanation as plain data, for JSON."""
    data: dict[str, Any] = {
        "reference": explanation.reference,
        "kind": explanation.kind,
        "events": [_event_data(told) for told in explanation.events],
        "referrals": list(explanation.referrals.values()),
        "rules": list(_rule_data(explanation)),
    }
    if explanation.reward is not None:
        data["reward"] = replace(explanation.reward, code_hash=None)
        data["entries"] = explanation.entries
    plain: dict[str, Any] = msgspec.to_builtins(data)
    return plain


def _event_data(told: Told) -> dict[str, Any]:
    stored = told.stored
    return {
        "seq": stored.seq,
        "id": stored.id,
        "type": stored.type,
        "occurred_at": told.when,
        "decided_at": iso(stored.clock_ms),
        "answer": told.answer,
    }


def _rule_data(explanation: Explanation) -> Iterator[dict[str, Any]]:
    """Each rule that decided something, once, with its line of the file."""
    seen = set()
    for told in explanation.events:
        for reason in told.answer.reasons:
            key = (reason.program, reason.version, reason.rule, reason.place)
            if reason.rule is not None and key not in seen:
                seen.add(key)
                names = ("program", "version", "rule", "place")
                yield dict(zip(names, key, strict=True)) | {"source": source_line(explanation, reason)}


def source_line(explanation: Explanation, reason: Reason) -> str | None:
    """The line of the program file that a reason points at, as it stands there."""
    program = explanation.programs.get((reason.program or "", reason.version or 0))
    if program is None or reason.place is None:
        return None
    number = int(reason.place.partition(":")[0])
    lines = program.text.split("\n")
    return lines[number - 1].rstrip() if number <= len(lines) else None


# for people -----------------------------------------------------------------------------------------------------------


def as_text(explanation: Explanation, language: str) -> list[str]:
    """The explanation as a person reads it, line by line."""
    return list(_Teller(explanation, language).lines())


def nothing(reference: str, language: str) -> str:
    """That nothing is known under an id."""
    return phrase("explain.nothing", language, id=reference)


def _indented(lines: Iterable[str], depth: int = 1) -> Lines:
    return (f"{'  ' * depth}{line}" for line in lines)


class _Teller:
    """Puts an explanation into words of one language."""

    def __init__(self, explanation: Explanation, language: str) -> None:
        self.it = explanation
        self.language = language

    def lines(self) -> Lines:
        match self.it.kind:
            case "event":
                yield from self._event_page(self.it.events[0])
            case "referral":
                yield from self._referral_page(self.it.referrals[self.it.reference])
            case "reward":
                yield from self._reward_page()

    # pages ------------------------------------------------------------------------------------------------------------

    def _event_page(self, told: Told) -> Lines:
        answer = told.answer
        yield self._event_title(told)
        yield from _indented([self._field("type", term("event", told.stored.type, self.language))])
        yield from self._section("explain.decided", self._decided(answer))
        yield from self._section("explain.because", self._reasons(answer.reasons))
        if answer.referrals:
            yield from self._section("explain.referrals", map(self._referral_now, answer.referrals))
        if answer.rewards:
            yield from self._section("explain.rewards", map(self._reward_now, answer.rewards))
        for referral in self.it.referrals.values():
            yield from self._evidence_sections(referral)

    def _referral_page(self, referral: Referral) -> Lines:
        yield self._say("explain.referral", referral=referral.id)
        yield from _indented(self._referral_facts(referral))
        yield from self._evidence_sections(referral)
        yield from self._section("explain.happened", self._history())
        rewards = {now.id: now for told in self.it.events for now in told.answer.rewards}
        if rewards:
            yield from self._section("explain.rewards", map(self._reward_now, rewards.values()))

    def _reward_page(self) -> Lines:
        reward = self.it.reward
        if reward is None:
            return
        yield self._say("explain.reward", reward=reward.id)
        yield from _indented(self._reward_facts(reward))
        rule = self._rule_of(reward)
        if rule is not None:
            yield from self._section("explain.by_rule", self._rule(rule))
        for referral in self.it.referrals.values():
            yield from self._section("explain.referrals", [self._say("explain.referral", referral=referral.id)])
            yield from self._evidence_sections(referral)
        yield from self._section("explain.happened", self._history())
        yield from self._section("explain.entries", map(self._entry, self.it.entries))

    # facts ------------------------------------------------------------------------------------------------------------

    def _decided(self, answer: Answer) -> Lines:
        yield self._field("outcome", term("outcome", answer.outcome, self.language))
        if answer.participant is not None:
            yield self._say("explain.participant", participant=answer.participant)
        if answer.advocate_code is not None:
            yield self._field("code", isolate(answer.advocate_code, self.language))

    def _referral_facts(self, referral: Referral) -> Lines:
        yield self._say("explain.program", program=referral.program, version=str(referral.version))
        yield self._field("status", term("status.referral", referral.status, self.language))
        yield self._field("moderation", term("moderation", referral.moderation, self.language))
        yield self._field("advocate", isolate(referral.advocate, self.language))
        yield self._field("friend", isolate(referral.friend, self.language))

    def _reward_facts(self, reward: Reward) -> Lines:
        yield self._say("explain.program", program=reward.program, version=str(reward.version))
        yield self._field("status", term("status.reward", reward.status, self.language))
        yield self._field("side", term("side", reward.side, self.language))
        yield self._field("recipient", isolate(reward.participant, self.language))
        yield self._field("amount", self._amount(reward.amount, reward.unit))
        if reward.remaining:
            yield self._field("remaining", self._amount(reward.remaining, reward.unit))
        if reward.reason is not None:
            yield from self._section("explain.because", [sentence(Reason(reward.reason), self.language)], depth=0)

    def _referral_now(self, now: ReferralNow) -> str:
        return self._listed(
            isolate(now.id, self.language),
            term("status.referral", now.status, self.language),
            self._field("advocate", isolate(now.advocate, self.language)),
            self._field("friend", isolate(now.friend, self.language)),
        )

    def _reward_now(self, now: RewardNow) -> str:
        return self._listed(
            isolate(now.id, self.language),
            self._amount(now.amount, now.unit),
            term("side", now.side, self.language),
            term("status.reward", now.status, self.language),
        )

    def _entry(self, posted: PostedEntry) -> str:
        entry = posted.entry
        events = {told.stored.seq: told.stored.id for told in self.it.events}
        return self._listed(
            isolate(entry.account, self.language),
            self._amount(entry.amount, entry.unit),
            self._say("explain.event", event=events.get(posted.seq, str(posted.seq))),
        )

    def _evidence_sections(self, referral: Referral) -> Lines:
        zone = self._zone((referral.program, referral.version))
        evidence = self._listed(
            term("evidence", referral.evidence, self.language),
            isolate(referral.code, self.language),
            moment(iso(referral.claimed_ms), self.language, zone),
        )
        yield from self._section("explain.evidence", [evidence])
        beaten = [
            self._listed(
                self._say("explain.beaten_by", loser=rival.advocate, winner=referral.advocate),
                term("evidence", rival.evidence, self.language),
                isolate(rival.code, self.language),
                moment(iso(rival.at_ms), self.language, zone),
            )
            for rival in referral.rivals
        ]
        yield from self._section("explain.beaten", beaten or [self._say("explain.nobody_beaten")])

    # what happened ----------------------------------------------------------------------------------------------------

    def _history(self) -> Lines:
        for told in self.it.events:
            yield self._event_title(told)
            kind = term("event", told.stored.type, self.language)
            outcome = term("outcome", told.answer.outcome, self.language)
            yield from _indented([self._field("type", kind), self._field("outcome", outcome)])
            yield from _indented(self._reasons(self._about(told.answer.reasons)))

    def _about(self, reasons: tuple[Reason, ...]) -> list[Reason]:
        """The reasons that speak of the reward or the referral that is explained, or of none in particular."""
        here = self.it.reference
        if self.it.kind == "reward":
            mine = [r for r in reasons if r.reward in (None, here)]
        else:
            mine = [r for r in reasons if r.referral in (None, here)]
        return mine or list(reasons)

    def _reasons(self, reasons: Iterable[Reason]) -> Lines:
        told = list(reasons)
        for reason in told:
            yield f"- {sentence(reason, self.language, self._zone((reason.program or '', reason.version or 0)))}"
            yield from _indented(self._rule(reason))
            yield from _indented(self._values(reason))
        if not any(reason.rule for reason in told):
            yield self._say("explain.no_rule")

    def _rule(self, reason: Reason) -> Lines:
        """By which rule, and its line of the file with the number before it."""
        where = rule_at(reason, self.language)
        if where is None:
            return
        yield self._listed(where, isolate(reason.program, self.language)) if reason.program else where
        source = source_line(self.it, reason)
        if source is not None and reason.place is not None:
            yield f"  {reason.place.partition(':')[0]} | {source}"

    def _values(self, reason: Reason) -> Lines:
        """On which values: what is used up of a limit is one of them."""
        shown = []
        rest = dict(reason.values)
        if "used" in rest and "limit" in rest:
            used, limit = _given(rest.pop("used")), _given(rest.pop("limit"))
            shown.append(self._say("explain.used_of_limit", used=used, limit=limit))
        zone = self._zone((reason.program or "", reason.version or 0))
        shown += [f"{label}: {value}" for label, value in values(replace(reason, values=rest), self.language, zone)]
        if shown:
            yield f"{self._say('explain.on_values')}: {self._listed(*shown)}"

    # words ------------------------------------------------------------------------------------------------------------

    def _rule_of(self, reward: Reward) -> Reason | None:
        """The rule that granted a reward, as a reason names it."""
        program = self.it.programs.get((reward.program, reward.version))
        if program is None:
            return None
        rule = f"rewards.{reward.rule}"
        place = program.place(rule)
        return Reason("reward_granted", {}, reward.program, reward.version, rule, place)

    def _event_title(self, told: Told) -> str:
        version = next(((r.program, r.version) for r in told.answer.reasons if r.program and r.version), ("", 0))
        return self._listed(
            self._say("explain.event", event=told.stored.id), moment(told.when, self.language, self._zone(version))
        )

    def _section(self, key: str, lines: Iterable[str], depth: int = 1) -> Lines:
        if depth:
            yield ""
        yield catalogue(self.language).word(key) or isolate(key, self.language)
        yield from _indented(lines)

    def _say(self, key: str, **given: str | int | Quantity) -> str:
        return phrase(key, self.language, **given)

    def _field(self, name: str, value: str) -> str:
        """A line ``Status: converted``. The value is in words already, so that it is filled in as it is."""
        return catalogue(self.language).text(f"explain.{name}", {"value": value})

    def _listed(self, *items: str) -> str:
        return " · ".join(items)

    def _amount(self, number: int, unit: str) -> str:
        return amount(Quantity(number, unit), self.language)

    def _zone(self, version: Version) -> tzinfo:
        """The calendar of a program; of the first that decided, where a version is not at hand."""
        program = self.it.programs.get(version) or next(iter(self.it.programs.values()), None)
        return program.model.zone if program is not None else UTC


def _given(value: ReasonValue) -> str | int | Quantity:
    return Quantity(value.amount, value.unit) if isinstance(value, Amount) else value
