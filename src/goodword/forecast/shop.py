"""What the shop and the people do once something was decided: rewards are handed over and used, doubts looked at.

Chance hangs on the id of the reward, not on the order of things: under another budget the same reward is used alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Literal

from msgspec.structs import replace

from goodword.engine.decide import Decision
from goodword.engine.events import Choice, Order, PayoutAction, Person, Redeem, Review, RewardAction, SourceEvent
from goodword.engine.state import PAYOUTS, REFERRALS, REWARDS, Reward
from goodword.forecast.assumed import share_of
from goodword.forecast.world import Setting, Story
from goodword.program.benefits import KINDS, Ask, Benefit
from goodword.program.duration import DAY_MS, from_ms

STAFF_AFTER_MS = DAY_MS
"""How long the shop and its staff take for what they have to do."""
OWN = "s"
"""How the ids of all begin that follows from a decision."""
TEXT = "yes"
"""What is answered where any text will do."""

Told = tuple[int, SourceEvent]


@dataclass(slots=True)
class Shop:
    """The shop of one world, its staff, and people with rewards in their hands."""

    setting: Setting
    drawn: dict[str, float]
    seed: str
    story: Story
    order_total: int
    """What an order is worth that is placed to use a coupon or a credit; 0 where nobody orders."""
    _known: dict[str, str] = field(default_factory=dict)
    """Participants by their ids, each with whom of the story he is."""
    _wallets: dict[str, list[str]] = field(default_factory=dict)
    """For whom in the story: rewards that he will use on his next order."""
    _buyers: set[str] = field(default_factory=set)
    """Those in the story who ordered something."""
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _ids: Iterator[int] = field(default_factory=count)

    def follow(self, decision: Decision, person: str | None) -> Iterator[Told]:
        """What follows from a decision, each with its time."""
        if person is not None and decision.told is not None:
            self._known.setdefault(decision.told, person)
        at_ms = decision.sealed.clock_ms
        for id, reward in decision.draft.changes.get(REWARDS.name, {}).items():
            if reward is not None and (id, mark := f"{reward.status}/{reward.reason}") not in self._seen:
                self._seen.add((id, mark))
                yield from self._reward(reward, at_ms)
        for id, referral in decision.draft.changes.get(REFERRALS.name, {}).items():
            if referral is not None and referral.moderation == "pending_review" and (id, "review") not in self._seen:
                self._seen.add((id, "review"))
                yield self._reviewed(id, self._known.get(referral.friend), at_ms + STAFF_AFTER_MS)
        for id, payout in decision.draft.changes.get(PAYOUTS.name, {}).items():
            if payout is not None and payout.status == "due":
                paid_ms = at_ms + STAFF_AFTER_MS
                yield paid_ms, PayoutAction(id=self._id(), occurred_at=from_ms(paid_ms), payout=id, action="pay")

    def with_rewards(self, order: Order) -> Order:
        """An order on which its buyer uses what he holds for it."""
        self._buyers.add(str(order.person.id))
        codes = self._wallets.pop(str(order.person.id), None)
        if not codes:
            return order
        first, rest = codes[0], codes[1:]
        if rest:  # one for each order
            self._wallets[str(order.person.id)] = rest
        return replace(order, redeems=(Redeem(code=first),))

    def _id(self) -> str:
        return f"{OWN}{next(self._ids)}"

    def _reviewed(self, referral: str, friend: str | None, at_ms: int) -> Told:
        """Staff find out who is made up; what no rule sends to them they never see."""
        verdict: Literal["approve", "deny"] = "deny" if friend in self.story.fakes else "approve"
        return at_ms, Review(id=self._id(), occurred_at=from_ms(at_ms), referral=referral, verdict=verdict)

    def _reward(self, reward: Reward, at_ms: int) -> Iterator[Told]:
        benefit = self.setting.program.rewards[reward.rule].benefits.get(reward.option)
        later_ms = at_ms + STAFF_AFTER_MS
        if benefit is None:
            return
        if reward.status == "approved" and reward.reason == "waiting_for_shop":
            yield later_ms, RewardAction(id=self._id(), occurred_at=from_ms(later_ms), reward=reward.id, action="issue")
        elif reward.status == "approved" and reward.reason == "waiting_for_answer":
            yield later_ms, self._answered(reward, benefit, later_ms)
        elif reward.status == "issued" and not reward.collected:
            yield from self._used(reward, benefit, at_ms)

    def _answered(self, reward: Reward, benefit: Benefit, at_ms: int) -> Choice:
        rule = self.setting.program.rewards[reward.rule]
        answers = {name: _answer(ask) for name, ask in benefit.asks.items() if ask.type != "address"}
        return Choice(
            id=self._id(),
            occurred_at=from_ms(at_ms),
            reward=reward.id,
            option=reward.option if rule.chosen else None,
            answers=answers,
            post="somewhere" if len(answers) < len(benefit.asks) else None,
        )

    def _used(self, reward: Reward, benefit: Benefit, at_ms: int) -> Iterator[Told]:
        kind = KINDS[benefit.kind]
        chance = Random(f"{self.seed}/{reward.id}")  # noqa: S311 - it has to repeat, not to be unguessable
        if kind.used == "never" or chance.random() >= share_of(self.drawn["rewards.used"]):
            return
        mean = self.drawn["rewards.after"]
        used_ms = at_ms + 1 + (round(chance.expovariate(1 / mean)) if mean else 0)
        person = self._known.get(reward.participant)
        if kind.used == "orders" and self.order_total and person is not None:
            self._wallets.setdefault(person, []).append(self.setting.keyring.reward_code(reward.id))
            yield used_ms, self._order(self.story.people[person], used_ms)
        elif not benefit.percent_off:
            yield used_ms, RewardAction(id=self._id(), occurred_at=from_ms(used_ms), reward=reward.id, action="redeem")

    def _order(self, person: Person, at_ms: int) -> Order:
        """An order of its own for a coupon or a credit that no other order took with it until then."""
        id = self._id()
        currency = self.setting.program.currency
        return Order(
            id=id, occurred_at=from_ms(at_ms), order=id, person=person, total=self.order_total, currency=currency
        )

    def still_wanted(self, event: SourceEvent) -> bool:
        """Whether an order that was to use something is placed: by a customer who holds it still.

        Who never bought anything does not begin because of a coupon: what he holds waits for his own first order.
        """
        if not (isinstance(event, Order) and event.id.startswith(OWN)):
            return True
        person = str(event.person.id)
        return person in self._wallets and person in self._buyers


def _answer(ask: Ask) -> str:
    return ask.options[0] if ask.options else TEXT
