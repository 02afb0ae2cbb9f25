"""Keeping: a reward stays only while conditions on people hold, until it stays for good.

What was lost stays lost: neither a condition that holds again nor a step reached again grants the same once more, so that
nobody gains by going and coming back.
"""

from __future__ import annotations

from goodword.engine.facts import Subjects, unmet
from goodword.engine.reasons import ReasonValue
from goodword.engine.returns import take_back
from goodword.engine.reward_books import rule_of, say
from goodword.engine.state import Reward
from goodword.engine.turn import Turn
from goodword.engine.watches import next_page, stop_watching
from goodword.program.conditions import Condition

KNOWN_BY_ORDERS = frozenset({"customer", "new_customer", "tenure", "tier", "referred"})
"""What the books say of a person, also once he was erased."""


def look_at_kept(turn: Turn, reference: str) -> None:
    """Something about a person changed: take back what is no longer kept."""
    turn.participant = reference.partition(">")[0]
    for reward in next_page(turn, reference):
        lost = misses(turn, reward)
        for values in lost:
            program, _ = rule_of(turn, reward)
            turn.say(
                "condition_ended",
                values | {"side": reward.side},
                program=program,
                rule=f"rewards.{reward.rule}.kept.while",
                referral=reward.referral,
                reward=reward.id,
            )
        if lost:
            take_back(turn, reward, "condition_ended")


def misses(turn: Turn, reward: Reward) -> list[dict[str, ReasonValue]]:
    """The values of each condition under which a reward is kept and that does not hold."""
    _, rule = rule_of(turn, reward)
    if rule.kept is None:
        return []
    referral = turn.referral(reward.referral) if reward.referral is not None and rule.when.step else None
    subjects = Subjects(
        friend=referral.friend if referral else None,
        advocate=referral.advocate if referral else reward.participant,
        recipient=reward.participant,
        claimed_ms=referral.claimed_ms if referral else 0,
    )
    return unmet(turn, tuple(one for one in rule.kept.conditions if not _is_gone(turn, one, subjects)), subjects)


def _is_gone(turn: Turn, condition: Condition, subjects: Subjects) -> bool:
    """Whether a condition looks at what is not known any more, as its person was erased: that takes nothing away."""
    if condition.attribute.key in KNOWN_BY_ORDERS:
        return False
    person = getattr(subjects, condition.attribute.entity)
    return person is not None and turn.person(person).erased_ms is not None


def keep_for_good(turn: Turn, id: str) -> None:
    """The time in which a reward could be lost is over."""
    reward = turn.reward(id)
    if reward.live and reward.watched:
        say(turn, "kept_for_good", stop_watching(turn, reward))
