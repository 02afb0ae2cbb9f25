"""Topics: what the world can be told, one table. Names are `object.past_verb`; the object is what the reference leads to."""

from __future__ import annotations

TOPICS: dict[str, str] = {
    "participant.joined": "somebody became an advocate in a program",
    "participant.accepted_terms": "somebody accepted the terms of a program",
    "participant.changed_payout": "somebody said how he is to be paid, or said it anew",
    "participant.erased": "what was known about somebody was removed",
    "code.created": "an advocate has a further code",
    "code.disabled": "staff switched a code off",
    "code.enabled": "staff switched a code on again",
    "referral.started": "a friend came with valid evidence",
    "referral.converted": "the friend reached the qualifying step",
    "referral.returned": "the qualifying step was undone: the referral is open again",
    "referral.expired": "the time allowed ran out before the qualifying step",
    "referral.superseded": "stronger evidence for another advocate took the friend over",
    "referral.revived": "a late event brought an expired referral back",
    "referral.ended": "nothing more can follow from the referral",
    "referral.reopened": "an ended referral may earn again",
    "reward.granted": "a reward was earned; it may have to wait",
    "reward.approved": "nothing holds the reward back any more",
    "reward.issued": "the reward was handed over, or the shop may do so now",
    "reward.redeemed": "the reward was used up",
    "reward.restored": "a used reward may be used again, as its order came back",
    "reward.expiring": "what is left of the reward has to be used soon",
    "reward.expired": "the reward was not used in time",
    "reward.cancelled": "the reward was taken back before it was handed over",
    "reward.denied": "staff or a rule refused the reward",
    "reward.failed": "the reward could not be handed over",
    "reward.reversed": "the reward was taken back after it was handed over",
    "reward.answered": "the recipient said what the reward needs: which one, what to write on it, where to send it",
    "payout.due": "what a partner earned is to be paid out",
    "payout.paid": "a payout was made",
    "payout.failed": "a payout did not arrive: it goes into the next one",
    "objection.made": "somebody objected to a decision, or said that something is missing",
    "objection.answered": "staff answered an objection",
    "submission.received": "something was sent in that staff look at first",
    "submission.approved": "staff approved what was sent in",
    "submission.denied": "staff denied what was sent in",
    "tier.entered": "somebody rose to a tier",
    "tier.left": "somebody holds a lower tier than before, or none",
    "contest.settled": "a contest is decided",
    "group.created": "a group is there, with its owner",
    "group.member_joined": "somebody became a member of a group",
    "group.member_left": "somebody is not a member of a group any more",
    "group.unlocked": "a group reached a number that brings something to all its members",
    "group.closed": "a group was closed",
    "program.published": "a version of a program is in force",
    "program.scheduled": "a version of a program comes into force at a date",
    "program.end_scheduled": "a program ends at a date",
    "program.withdrawn": "what was planned for a program is planned no more",
    "program.paused": "a program takes in nothing new until it is opened again",
    "program.resumed": "a program is open again",
    "program.ended": "a program has ended",
}
"""What decisions tell, through the outbox, to every endpoint that subscribes."""

NOTICES: dict[str, str] = {
    "delivery.failed": "an endpoint did not take a delivery in three days",
    "endpoint.disabled": "an endpoint is switched off and receives nothing until staff switch it on again",
}
"""What delivery tells staff about itself, by mail only."""

TEST_TOPIC = "goodword.test"
"""What the test button of an endpoint sends."""


def object_of(topic: str) -> str:
    """What a topic is about: `reward` for `reward.issued`."""
    return topic.partition(".")[0]


def matches(patterns: tuple[str, ...], topic: str) -> bool:
    """Whether one of the patterns covers the topic: `*`, the topic itself, or `reward.*`."""
    return any(pattern in ("*", topic, f"{object_of(topic)}.*") for pattern in patterns)


def is_pattern(text: str, topics: frozenset[str]) -> bool:
    """Whether a pattern covers anything: one that never matches is a mistake of whoever wrote it."""
    return any(matches((text,), topic) for topic in topics)
