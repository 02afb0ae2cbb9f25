"""The sentences of the case files, each the event that it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from demo.cases import Tree, moment_ms
from goodword.engine import events as ev
from goodword.engine.events import Person, SourceEvent
from goodword.program.duration import DAY_MS
from goodword.program.quantity import parse_quantity


class Teller(Protocol):
    """Who tells a case: what its sentences need to know."""

    @property
    def program(self) -> str:
        """The name of the program."""

    def person(self, name: str, entry: Tree) -> Person:
        """What the shop sends of somebody."""

    def code(self, name: str) -> str:
        """An advocate's code, or the word itself where nobody of that name has one."""

    def invitation(self, words: Tree) -> Tree:
        """The code, claim or click that a sentence ends with."""

    def reward_id(self, name: str) -> str:
        """The reward of a name such as ``anna's space for bob``."""

    def reward_code(self, name: str) -> str:
        """The code that goes with a reward."""

    def payout_id(self, name: str) -> str:
        """The payout of a name such as ``anna's payout of 2026-05``."""

    def participant_id(self, name: str) -> str:
        """Somebody by his name."""

    def referral_id(self, name: str) -> str:
        """The referral of a name such as ``bob's referral by anna``."""

    def submission_id(self, label: str) -> str:
        """What was sent in: under ``as``, or ``anna: review``."""


def event_of(teller: Teller, base: Tree, entry: Tree) -> SourceEvent | ev.Visits:
    """The event that an entry of a calendar tells, with the id and time in `base`.

    Raises:
        LookupError: nobody knows what its sentence means.
    """
    for pattern, make in _SENTENCES:
        found = pattern.fullmatch(entry["event"])
        if found:
            return make(teller, base, entry, found.groupdict())
    raise LookupError(f"nobody understands {entry['event']!r}")


Make = Callable[[Teller, Tree, Tree, dict[str, str]], SourceEvent | ev.Visits]
_BY = r"(?: with (?:(?P<code>\w+)'s code|claim (?P<claim>\w+)|a click on (?P<click>\w+)'s code))?"


def _order(teller: Teller, base: Tree, entry: Tree, words: dict[str, str]) -> SourceEvent:
    total = parse_quantity(words["total"])
    redeems = []
    for name in filter(None, [words["reward"]]):
        redeems.append(ev.Redeem(teller.reward_code(name), entry.get("discount")))
    return ev.Order(
        **base,
        order=words["order"],
        person=teller.person(words["who"], entry),
        total=total.amount,
        currency=total.unit,
        redeems=tuple(redeems),
        fields=entry.get("fields", {}),
        items=_items(entry),
        **teller.invitation(words),
    )


def _items(entry: Tree) -> tuple[ev.Item, ...]:
    """``items: {books: 20.00 USD}``."""
    return tuple(ev.Item(name, parse_quantity(told).amount) for name, told in entry.get("items", {}).items())


def _refund(teller: Teller, base: Tree, entry: Tree, words: dict[str, str]) -> SourceEvent:
    if words["how"] == "cancelled":
        return ev.Cancel(**base, order=words["order"])
    if words["how"] == "charged back":
        return ev.Chargeback(**base, order=words["order"])
    amount = parse_quantity(words["amount"]).amount if words["amount"] else None
    return ev.Refund(**base, order=words["order"], amount=amount, items=_items(entry))


def _claim(teller: Teller, base: Tree, entry: Tree, words: dict[str, str]) -> SourceEvent:
    person = None if words["who"] == "somebody" else teller.person(words["who"], entry)
    ways: dict[str, Any] = {"claims": "claim", "types": "code", "names": "staff"}
    return ev.Claim(**base, code=teller.code(words["code"]), person=person, via=ways[words["how"]])


def _group(teller: Teller, base: Tree, entry: Tree, words: dict[str, str]) -> SourceEvent:
    actions: dict[str, Any] = {"creates": "create", "joins": "join", "leaves": "leave", "closed": "close"}
    who = words.get("who")
    return ev.GroupAction(
        **base,
        program=teller.program,
        group=words["group"],
        action=actions[words["action"]],
        person=teller.person(who, entry) if who else None,
    )


_SENTENCES: list[tuple[re.Pattern[str], Make]] = [
    (re.compile(pattern), make)
    for pattern, make in [
        (
            r"(?P<who>\w+) joins",
            lambda p, b, e, w: ev.Join(**b, person=p.person(w["who"], e), program=p.program),
        ),
        (
            r"(?P<who>\w+) joins to invite to the group (?P<group>\w+)",
            lambda p, b, e, w: ev.Join(**b, person=p.person(w["who"], e), program=p.program, group=w["group"]),
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
                **b, person=p.person(w["who"], e), program=p.program, code=w["code"], name=e.get("name")
            ),
        ),
        (
            r"staff (?P<verdict>approve|deny) the submission (?P<label>\w+)",
            lambda p, b, e, w: ev.Moderation(**b, submission=p.submission_id(w["label"]), verdict=w["verdict"]),
        ),
        (
            r"(?P<who>\w+) exchanges points for (?P<reward>\w+)",
            lambda p, b, e, w: ev.Exchange(**b, person=p.person(w["who"], e), program=p.program, reward=w["reward"]),
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
                **b, submission=p.submission_id(f"{w['who']}: {w['what']}"), verdict=w["verdict"]
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
            lambda p, b, e, w: ev.PayOut(**b, program=p.program, participant=p.participant_id(w["whom"])),
        ),
        (
            r"(?:staff|the shop) (?P<action>approve|deny|issue|redeem|fail|reverse)s? (?P<reward>.+)",
            lambda p, b, e, w: ev.RewardAction(
                **b, reward=p.reward_id(w["reward"]), action=w["action"], amount=e.get("amount")
            ),
        ),
        (
            r"(?P<who>\w+) enters (?P<contest>[\w-]+)",
            lambda p, b, e, w: ev.Enter(**b, person=p.person(w["who"], e), program=p.program, contest=w["contest"]),
        ),
        (
            r"staff (?P<action>disable|enable) (?P<code>\w+)'s code",
            lambda p, b, e, w: ev.HandleAction(**b, code=p.code(w["code"]), action=w["action"]),
        ),
        (
            r"(?P<count>\d+) people followed (?P<code>\w+)'s link on (?P<day>[\d-]+)",
            lambda p, b, e, w: ev.Visits(
                **b,
                program=p.program,
                code=p.code(w["code"]),
                day=moment_ms(w["day"]) // DAY_MS,
                count=int(w["count"]),
            ),
        ),
        (
            r"staff (?P<action>pause|resume|end) the program",
            lambda p, b, e, w: ev.ProgramAction(**b, program=p.program, action=w["action"]),
        ),
        (r"time passes", lambda p, b, e, w: ev.TimePassed(**b)),
    ]
]
