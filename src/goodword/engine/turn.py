"""One event's turn: what its decision reads, changes and says."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from msgspec.structs import replace

from goodword.engine.events import DueKind, Sealed
from goodword.engine.ids import Keyring
from goodword.engine.reasons import RANK, REASONS, Answer, Reason, ReasonValue, ReferralNow, RewardNow
from goodword.engine.referral_states import ReferralMove, next_referral_status
from goodword.engine.state import (
    BALANCES,
    COUNTERS,
    DUES,
    GROUPS,
    PARENTS,
    PARTICIPANTS,
    QUEUE_END,
    QUEUE_PAGE,
    QUEUES,
    REFERRALS,
    REWARDS,
    REWARDS_OF,
    Draft,
    DueRow,
    Entry,
    GroupRow,
    OutboxRow,
    Participant,
    Referral,
    Reward,
    State,
    SweepRow,
)
from goodword.engine.topics import TOPICS
from goodword.program.loader import Program

_PAST = {"return": "returned", "revive": "revived", "reopen": "reopened"}
"""Outbox topics of moves that lead back to a state: the state alone would not say what happened."""


@dataclass(frozen=True)
class Programs:
    """The programs a batch is decided by: what is live, and every pinned version that a loaded row names.

    What only few programs do is asked here, once for a batch: no event pays for what no program does.
    """

    live: Mapping[str, int]
    """The name of each live program with its version."""
    versions: Mapping[tuple[str, int], Program]

    def current(self, name: str) -> Program | None:
        """The version in force, or None for an unknown program."""
        version = self.live.get(name)
        return None if version is None else self.versions[name, version]

    def pinned(self, row: Referral | Reward | SweepRow) -> Program:
        """The version under which a row is decided all its life."""
        return self.versions[row.program, row.version]

    @cached_property
    def all_live(self) -> tuple[Program, ...]:
        """Every live program."""
        return tuple(self.versions[name, version] for name, version in self.live.items())

    @cached_property
    def with_days(self) -> tuple[Program, ...]:
        """Those that give something on a day to who comes later as well."""
        return tuple(program for program in self.all_live if program.model.rewards_for_latecomers)

    @cached_property
    def with_households(self) -> tuple[Program, ...]:
        """Those that look at households."""
        return tuple(program for program in self.all_live if program.model.protection.household != "allow")


@dataclass(frozen=True, slots=True)
class Moved:
    """A number that moved: of which measure and period, of whom, and what moved it."""

    program: Program
    """The version that decides what the number grants."""
    label: str
    """The measure, with its period."""
    owner: str
    at_ms: int
    """When what moved it happened."""
    referral: Referral | None = None


@dataclass(slots=True)
class Turn:
    """The working space of one decision."""

    programs: Programs
    keyring: Keyring
    sealed: Sealed
    draft: Draft
    reasons: list[Reason] = field(default_factory=list)
    participant: str | None = None
    told: str | None = None
    """The participant that the event's person was found to be."""
    nameless: bool = False
    """Whether the event is about somebody who was erased, so that of him it keeps nothing but by what he is recognised."""
    erased: str | None = None
    """The participant that it erases."""
    written: tuple[str, str] | None = None
    """Whose words the event brings along, and under which key of the personal data they are kept."""
    advocate_code: str | None = None
    claim: str | None = None
    touched_referrals: dict[str, None] = field(default_factory=dict)
    touched_rewards: dict[str, None] = field(default_factory=dict)
    touched_groups: dict[str, None] = field(default_factory=dict)
    touched_payouts: dict[str, None] = field(default_factory=dict)
    moved: dict[str, Moved] = field(default_factory=dict)
    """By its counter each number that moved and was not looked at yet."""
    event_id: str = field(init=False)
    clock_ms: int = field(init=False)
    """Now, as far as this decision knows."""
    occurred_ms: int = field(init=False)
    """When the event happened."""

    def __post_init__(self) -> None:
        sealed = self.sealed
        self.event_id, self.clock_ms, self.occurred_ms = sealed.event.id, sealed.clock_ms, sealed.occurred_ms

    @property
    def late(self) -> bool:
        """Whether history tells this after live events: it is kept where nothing is known, and nothing follows from it."""
        return self.sealed.history and self.draft.state.tenant.live

    def say(
        self,
        code: str,
        values: dict[str, ReasonValue] | None = None,
        *,
        program: Program | None = None,
        rule: str | None = None,
        referral: str | None = None,
        reward: str | None = None,
    ) -> Reason:
        """Record a reason, with the place of the rule that gave it."""
        reason = Reason(
            code,
            values or {},
            program=program.name if program else None,
            version=program.version if program else None,
            rule=rule,
            place=program.place(rule) if program and rule else None,
            referral=referral,
            reward=reward,
        )
        assert code in REASONS, code  # noqa: S101
        self.reasons.append(reason)
        return reason

    def said(self, code: str) -> bool:
        """Whether a reason was given."""
        return code in [reason.code for reason in self.reasons]

    # rows ---------------------------------------------------------------------------------------------------------

    def person(self, participant: str) -> Participant:
        """A participant that a row names."""
        return self.draft.need(PARTICIPANTS, participant)

    def save_referral(self, referral: Referral) -> Referral:
        """Keep a referral as it is now."""
        self.draft.put(REFERRALS, referral.id, referral)
        self.touched_referrals[referral.id] = None
        return referral

    def referral(self, referral: str) -> Referral:
        """A referral as it is now."""
        return self.draft.need(REFERRALS, referral)

    def move_referral(self, referral: Referral, move: ReferralMove) -> Referral:
        """Let a referral go where the table leads, and tell the world."""
        status = next_referral_status(referral.status, move)
        moved = self.save_referral(replace(referral, status=status))
        if moved.live != referral.live and moved.order is None:
            self.draft.put(PARENTS, f"{moved.scope}|{moved.friend}", moved.advocate if moved.live else None)
        topic = f"referral.{_PAST.get(move, status)}"
        self.tell(topic, referral.id, referral.advocate)
        return moved

    def save_group(self, group: GroupRow) -> GroupRow:
        """Keep a group as it is now."""
        self.draft.put(GROUPS, group.id, group)
        self.touched_groups[group.id] = None
        return group

    def group(self, group: str) -> GroupRow:
        """A group that a row names."""
        return self.draft.need(GROUPS, group)

    def save_reward(self, reward: Reward) -> Reward:
        """Keep a reward as it is now."""
        after = reward.queue
        before = self.draft.get(REWARDS, reward.id) if self.draft.knows(REWARDS, reward.id) else None
        if (held := before.queue if before else None) != after:
            self._keep_queue(reward, held, after)
        self.draft.put(REWARDS, reward.id, reward)
        self.touched_rewards[reward.id] = None
        return reward

    def _keep_queue(self, reward: Reward, before: str | None, after: str | None) -> None:
        """Keep the page of a queue true: of a full one, only what stands before its end is known."""
        entry, complete = (reward.granted_ms, reward.id), self.draft.state.complete
        if before is not None and (complete or self.draft.knows(QUEUES, before)):
            page = self.draft.get(QUEUES, before) or ()
            place = bisect_left(page, entry)
            left = page[:place] + page[place + 1 :] if entry in page[place : place + 1] else page
            full = not complete and len(page) >= QUEUE_PAGE and QUEUE_END not in left
            self.draft.put(QUEUES, before, (*left, QUEUE_END) if full else left)
        if after is not None and (complete or self.draft.knows(QUEUES, after)):
            page = self.draft.get(QUEUES, after) or ()
            known = page[:-1] if page[-1:] == (QUEUE_END,) else page
            whole = complete or (known is page and len(page) < QUEUE_PAGE)
            place = bisect_left(page, entry)
            if (whole or (known and entry < known[-1])) and entry not in page[place : place + 1]:
                self.draft.put(QUEUES, after, (*page[:place], entry, *page[place:]))

    def reward(self, reward: str) -> Reward:
        """A reward as it is now."""
        return self.draft.need(REWARDS, reward)

    def rewards_of(self, subject: str) -> list[Reward]:
        """Everything granted for a referral, or to a participant by measures, in one order whatever was loaded how."""
        rewards = [self.reward(id) for id in self.draft.many(REWARDS_OF, subject)]
        return sorted(rewards, key=lambda reward: (reward.granted_ms, reward.id)) if len(rewards) > 1 else rewards

    # amounts ------------------------------------------------------------------------------------------------------

    def balance(self, account: str, unit: str) -> int:
        """What an account holds."""
        return self.draft.get(BALANCES, f"{account}|{unit}") or 0

    def post(self, source: str, target: str, unit: str, amount: int, reward: str | None = None) -> None:
        """Move an amount from one account to another: two entries that sum to zero."""
        if amount == 0:
            return
        draft = self.draft
        for account, change in ((source, -amount), (target, amount)):
            draft.entries.append(Entry(account, unit, change, reward))
            key = f"{account}|{unit}"
            draft.put(BALANCES, key, (draft.get(BALANCES, key) or 0) + change)
        if target.endswith(":free") and self.counter(f"queue|{target.removesuffix(':free')}"):
            self.schedule("fund", target.removesuffix(":free"), self.clock_ms)

    def counter(self, key: str) -> int:
        """What a counter stands at."""
        return self.draft.get(COUNTERS, key) or 0

    def count(self, key: str, change: int) -> int:
        """Move a counter."""
        value = (self.draft.get(COUNTERS, key) or 0) + change
        self.draft.put(COUNTERS, key, value)
        return value

    # consequences -------------------------------------------------------------------------------------------------

    def tell(self, topic: str, reference: str, participant: str | None) -> None:
        """Write an outbox row."""
        assert topic in TOPICS, topic  # noqa: S101
        self.draft.outbox.append(OutboxRow(topic, reference, participant))

    def schedule(self, kind: DueKind, reference: str, due_ms: int) -> None:
        """Ask for a decision at a time."""
        row = DueRow(f"{kind}:{reference}", due_ms, kind, reference)
        self.draft.put(DUES, row.id, row)

    def unschedule(self, kind: str, reference: str) -> None:
        """Take back what was asked for."""
        self.draft.put(DUES, f"{kind}:{reference}", None)

    # the answer ---------------------------------------------------------------------------------------------------

    def answer(self) -> Answer:
        """What is answered: reasons in reading order, and every referral and reward as it stands after the event."""
        return Answer(
            event=self.event_id,
            type=type(self.sealed.event).__struct_config__.tag,  # type: ignore[arg-type]
            outcome=self._outcome(),
            reasons=tuple(sorted(self.reasons, key=lambda reason: RANK[reason.code])),
            participant=self.participant,
            advocate_code=self.advocate_code,
            claim=self.claim,
            referrals=tuple(map(self._referral_now, self.touched_referrals)),
            rewards=tuple(map(self._reward_now, self.touched_rewards)),
        )

    def _outcome(self) -> Literal["accepted", "refused", "waiting"]:
        codes = [reason.code for reason in self.reasons]
        if "waiting_for_order" in codes:
            return "waiting"
        kinds = [REASONS[code][0] for code in codes]
        return "refused" if "refused" in kinds and "done" not in kinds else "accepted"

    def _referral_now(self, id: str) -> ReferralNow:
        r = self.referral(id)
        return ReferralNow(r.id, r.program, r.version, r.status, r.moderation, r.advocate, r.friend, r.evidence)

    def _reward_now(self, id: str) -> RewardNow:
        r = self.reward(id)
        return RewardNow(
            r.id, r.program, r.rule, r.side, r.participant, r.status, r.amount, r.unit, r.remaining, r.reason,
            r.own_code if r.status == "issued" and r.own_code else None,
        )  # fmt: skip


def begin(programs: Programs, state: State, sealed: Sealed, keyring: Keyring) -> Turn:
    """Open the turn of an event."""
    return Turn(programs, keyring, sealed, Draft(state))
