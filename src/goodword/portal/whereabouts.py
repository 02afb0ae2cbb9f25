"""Where is my reward? What was reached, what is waited for and until when, what was refused and why; nothing about the friend
but how far he has come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from goodword.engine.reasons import Reason, ReasonValue
from goodword.engine.state import ObjectionRow, Referral, Reward
from goodword.portal.mine import Mine
from goodword.program.duration import iso, local_date
from goodword.program.loader import Program
from goodword.program.quantity import Quantity
from goodword.program.values import CLAIMED
from goodword.words.catalogue import catalogue
from goodword.words.format import calendar_day, isolate, moment
from goodword.words.headline import benefit_text
from goodword.words.phrases import happening
from goodword.words.rewards import reward_text
from goodword.words.sentences import sentence, term

Standing = Literal["done", "now", "later", "bad"]
KINDS: dict[str, Standing] = {
    "pending": "now",
    "approved": "now",
    "issued": "done",
    "redeemed": "done",
    "cancelled": "bad",
    "denied": "bad",
    "reversed": "bad",
    "expired": "bad",
    "failed": "now",
}
"""How each state of a reward is shown."""
BADGES = {"done": "good", "now": "info", "later": "info", "bad": "bad"}


@dataclass(frozen=True, slots=True)
class Item:
    """A step on the way."""

    state: Standing
    said: str
    """The state in words."""
    text: str
    time: str = ""
    datetime: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A reward or a friend in a list."""

    id: str
    text: str
    state: str
    kind: str
    """How the badge looks."""
    note: str
    href: str


class Teller:
    """Tells somebody where things stand, in one language."""

    def __init__(self, mine: Mine, language: str) -> None:
        self._mine = mine
        self._language = language
        self._texts = catalogue(language)

    def reward(self, row: Reward) -> str:
        """What a reward consists of."""
        rule = self._mine.version(row).model.rewards.get(row.rule)
        return reward_text(rule, row.option, Quantity(row.amount, row.unit), self._language)

    def reward_line(self, row: Reward, href: str) -> Line:
        """A reward in a list."""
        return Line(row.id, self.reward(row), self._state(row), BADGES[KINDS[row.status]], self.why(row), href)

    def _state(self, row: Reward) -> str:
        return term("status.reward", row.status, self._language)

    def friend_line(self, row: Referral, href: str) -> Line:
        """A friend in a list: known by the day on which he accepted."""
        text = self._texts.text("friends.since", {"date": self._day(row.claimed_ms)})
        state, kind, note = self._friend(row)
        return Line(row.id, text, state, kind, note, href)

    def _friend(self, row: Referral) -> tuple[str, str, str]:
        if row.moderation == "denied":
            return self._texts.text("friends.denied"), "bad", ""
        if row.moderation == "pending_review":
            return self._texts.text("friends.in_review"), "info", ""
        state = term("status.referral", row.status, self._language)
        kind = {"started": "info", "converted": "good", "ended": "good"}.get(row.status, "bad")
        return state, kind, self._waits_for(row)

    def _waits_for(self, row: Referral) -> str:
        model = self._mine.version(row).model
        missing = [name for name in model.steps if not _reached(row, name)]
        if row.status not in ("started", "converted") or not missing:
            return ""
        return self._texts.text("friends.next", {"what": happening(model, missing[0], self._language)})

    def why(self, row: Reward) -> str:
        """Why a reward is where it is, and until when."""
        if row.status == "issued" and row.expires_ms is not None:
            return self._texts.text("rewards.until", {"until": self._moment(row.expires_ms)})
        if row.reason is None:
            return ""
        values: dict[str, ReasonValue] = {}
        if row.status == "pending" and row.mature_ms is not None:
            values["until"] = iso(row.mature_ms)
        if row.status == "expired" and row.expires_ms is not None:
            values["until"] = iso(row.expires_ms)
        return sentence(Reason(row.reason, values, reward=row.id), self._language, self._zone)

    def objection_line(self, row: ObjectionRow, path: str) -> Line:
        """What somebody objected to, and what he was answered."""
        text = self._texts.text("object.on", {"date": self._day(row.at_ms)})
        state = self._texts.text(f"object.{row.verdict or row.status}")
        kind = {"upheld": "good", "rejected": "bad"}.get(row.verdict or "", "info")
        href = (
            "" if row.about is None else f"{path}/{'rewards' if row.about.startswith('rw_') else 'friends'}/{row.about}"
        )
        return Line(row.id, text, state, kind, isolate(row.why, self._language) if row.why else "", href)

    def way_of_referral(self, row: Referral, rewards: Sequence[Reward]) -> tuple[Item, ...]:
        """The way of a friend, and of what he brings."""
        return tuple(self._way(row, rewards))

    def way_of_reward(self, row: Reward, referral: Referral | None) -> tuple[Item, ...]:
        """The way of a reward; where it came by one friend, his way is the beginning of it."""
        if referral is not None and row.subject == referral.id:
            return tuple(self._way(referral, [row]))
        return tuple(self._rewarded(row))

    def _way(self, row: Referral, rewards: Sequence[Reward]) -> Iterator[Item]:
        program = self._mine.version(row)
        yield self._item("done", self._texts.text("where.accepted"), row.claimed_ms)
        yield from self._steps(row, program)
        if row.moderation == "pending_review":
            yield self._item("now", self._texts.text("friends.in_review"), note=self._texts.text("where.in_review"))
        if row.moderation == "denied":
            yield self._item("bad", self._texts.text("friends.denied"), note=self._texts.text("where.denied"))
        elif row.status in ("expired", "superseded"):
            held = row.status == "expired" and row.held
            reason = Reason(f"referral_{row.status}", {"until": iso(row.until_ms)} if held else {})
            state = term("status.referral", row.status, self._language)
            yield self._item("bad", state, note=sentence(reason, self._language, self._zone))
        for reward in rewards:
            yield from self._rewarded(reward)
        if row.moderation not in ("denied", "pending_review") and row.status != "superseded":
            yield from self._promised(row, rewards)

    def _steps(self, row: Referral, program: Program) -> Iterator[Item]:
        alive, waited = row.status in ("started", "converted") and row.moderation != "denied", False
        for name in program.model.steps:
            text = happening(program.model, name, self._language)
            state = row.steps.get(name)
            if state is not None and state.hit is not None:
                yield self._item("done", text, state.hit.at_ms)
            elif alive:
                yield self._item("later" if waited else "now", text)
                waited = True

    def _rewarded(self, row: Reward) -> Iterator[Item]:
        text = self._texts.text("where.reward", {"reward": self.reward(row)})
        yield self._item("done", self._texts.text("where.granted"), row.granted_ms)
        yield self._item(KINDS[row.status], text, note=self.why(row), said=self._state(row))

    def _promised(self, row: Referral, rewards: Sequence[Reward]) -> Iterator[Item]:
        """What he still gets for a friend, and what he does not get although its step was reached: a limit, a budget, a condition."""
        granted = {reward.rule for reward in rewards}
        for name, rule in self._mine.version(row).model.rewards.items():
            benefit = benefit_text(rule.benefit, self._language)
            if (
                rule.when.step is None
                or rule.when.recurs
                or "advocate" not in rule.sides
                or not benefit
                or name in granted
            ):
                continue
            text = self._texts.text("where.reward", {"reward": benefit})
            if rule.when.step == CLAIMED or _reached(row, rule.when.step):
                yield self._item("bad", text, note=self._texts.text("where.not_paid"))
            elif row.status in ("started", "converted"):
                yield self._item("later", text)

    def _item(
        self, state: Standing, text: str, at_ms: int | None = None, note: str = "", said: str | None = None
    ) -> Item:
        time = "" if at_ms is None else self._day(at_ms)
        return Item(
            state, said or self._texts.text(f"where.{state}"), text, time, None if at_ms is None else iso(at_ms), note
        )

    @property
    def _zone(self) -> ZoneInfo:
        return self._mine.zone

    def _moment(self, at_ms: int) -> str:
        return moment(iso(at_ms), self._language, self._zone)

    def _day(self, at_ms: int) -> str:
        return calendar_day(local_date(at_ms, self._zone), self._language)


def _reached(row: Referral, step: str) -> bool:
    state = row.steps.get(step)
    return state is not None and state.hit is not None
