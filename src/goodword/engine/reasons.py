"""Reasons: the one closed, ordered list of why anything was decided as it was.

Order is severity and reading order: what refuses an event comes first, then attribution, steps, referrals, rewards, plain
facts. Each code has a sentence in every catalogue (msgid ``reason.CODE``), a case in the tests and a line in the reference.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from goodword.program.quantity import Quantity

Kind = Literal["refused", "waiting", "done", "note"]

REASONS: dict[str, tuple[Kind, str]] = {
    # the event as a whole
    "identity_conflict": ("refused", "the identifiers belong to two different people"),
    "person_erased": ("refused", "the person was erased: nothing new begins for him"),
    "nothing_kept": ("note", "the person was erased: nothing of what is told about him is kept"),
    "history_is_facts": ("note", "history that comes after live events is kept as facts and rewards nobody"),
    "order_takes_part": ("refused", "history does not change an order that takes part in rewards"),
    "unknown_program": ("refused", "no live program has this name"),
    "program_is_paused": ("refused", "the program is paused and takes in nothing new"),
    "program_has_ended": ("refused", "the program has ended and takes in nothing new"),
    "unknown_version": ("refused", "the program has no version of this number"),
    "unknown_code": ("refused", "the code is not known"),
    "unknown_claim": ("refused", "the claim token is not known"),
    "unknown_click": ("refused", "the click id is not one that a link of ours gave"),
    "unknown_participant": ("refused", "no participant has this id"),
    "unknown_referral": ("refused", "no referral has this id"),
    "unknown_objection": ("refused", "no objection has this id"),
    "not_concerned": ("refused", "no referral and no reward of the person's own has this id"),
    "objection_waits": ("refused", "an objection to the same waits for its answer"),
    "too_many_objections": ("refused", "as many objections of the person wait for an answer as may"),
    "surveyed_recently": ("refused", "the person said what he thinks a short while ago"),
    "objection_answered_before": ("refused", "the objection waits for no answer any more"),
    "unknown_payout": ("refused", "no payout has this id"),
    "unknown_reward": ("refused", "no reward has this id"),
    "not_offered": ("refused", "the program offers no reward of this name for points"),
    "not_enough_points": ("refused", "it costs more points than the person can spend"),
    "unknown_submission": ("refused", "nothing was sent in under this id"),
    "unknown_contest": ("refused", "the program has no contest of this name that one may enter like this"),
    "contest_closed": ("refused", "the contest is not open for this any more, or not yet"),
    "entry_limit_reached": (
        "refused",
        "there are as many free entries with one value of a signal as the program allows",
    ),
    "contest_entered_before": ("refused", "everybody may enter without a friend once"),
    "not_counted": ("note", "the program was closed when it happened: it is not counted"),
    "unknown_activity": ("note", "no live program declares this activity; it is kept"),
    "not_possible_now": ("refused", "the state it is in does not allow this"),
    "amount_too_large": ("refused", "more than there is"),
    # codes
    "not_an_advocate": ("refused", "only somebody who joined gets a further code"),
    "code_taken": ("refused", "the code belongs to somebody else"),
    "too_many_codes": ("refused", "the advocate has as many codes as one may have"),
    "code_disabled": ("refused", "the code was switched off"),
    "code_expired": ("refused", "the code has passed its end"),
    # groups
    "without_groups": ("refused", "the program has no groups"),
    "unknown_group": ("refused", "the program has no group of this name"),
    "group_taken": ("refused", "the group belongs to somebody else"),
    "group_closed": ("refused", "the group was closed"),
    "group_full": ("refused", "the group has as many members as it may have"),
    "member_elsewhere": ("refused", "the person is a member of another group"),
    "owner_is_no_member": ("refused", "the owner of a group is not counted among its members"),
    "not_a_member": ("refused", "the person is not a member of the group"),
    "already_member": ("note", "the person is a member of the group already"),
    "group_known": ("note", "the group was there already: nothing happens twice"),
    # attribution
    "advocate_not_in_audience": ("refused", "a condition on advocates is not met"),
    "evidence_not_accepted": ("refused", "the program does not accept this kind of evidence"),
    "evidence_too_old": ("refused", "the evidence is older than the program's window"),
    "self_referral": ("refused", "advocate and friend are the same person"),
    "shared_signal": ("refused", "advocate and friend share a signal that the program refuses"),
    "household_has_one": ("refused", "somebody else at the friend's address has the offer or is a customer already"),
    "cycle": ("refused", "the friend stands among the advocate's own advocates"),
    "chain_too_long": ("refused", "the chain of advocates is too long to be checked"),
    "friend_is_member": ("refused", "the friend owns the group or is a member of it already"),
    "friend_not_in_audience": ("refused", "a condition on friends is not met"),
    "friend_not_new": (
        "refused",
        "an order from before the claim was found: the friend was a customer already",
    ),
    "limit_reached": ("refused", "too many referrals from one value of a signal"),
    "already_referred": ("note", "this advocate's referral of this friend is already running"),
    "friend_taken": ("refused", "another advocate's referral of this friend is running or has converted"),
    "order_taken": ("note", "stronger or later evidence for another partner came with the same order"),
    "counts_with_order": ("note", "the program ties orders, not people: this counts once it comes with an order"),
    "window_passed": ("refused", "it came after the window of the claim"),
    "sent_to_review": ("waiting", "a person looks at the referral before anything is paid"),
    # steps
    "no_referral": ("note", "nobody referred this person"),
    "other_program_won": ("note", "an order earns in one program: another one won it"),
    "step_condition_unmet": ("refused", "a condition of the step is not met"),
    "step_too_late": ("refused", "the step came later than `within` allows"),
    "step_too_early": ("refused", "it happened before the step that has to come first"),
    "step_waits_for_step": ("waiting", "the step counts once the step before it is reached"),
    "step_counted": ("waiting", "it counts; the step is reached by more of them"),
    "step_undone": ("done", "a step no longer stands"),
    "step_reached": ("done", "the referral reached a step"),
    "order_known": ("note", "this order was told before: nothing happens twice"),
    "currency_differs": ("refused", "the order is in another currency than the program"),
    "waiting_for_order": ("waiting", "its order is not known yet: applied when it comes"),
    "refund_too_large": (
        "note",
        "more was refunded than the order was worth: all of it is taken as refunded",
    ),
    # referrals
    "referral_started": ("done", "the referral runs"),
    "referral_superseded": ("done", "stronger evidence for another advocate replaced the referral"),
    "referral_converted": ("done", "the referral converted"),
    "referral_returned": ("done", "the conversion was undone; the referral may convert again"),
    "referral_expired": ("done", "the window passed before the referral converted"),
    "referral_revived": ("done", "an event from inside the window brought the referral back"),
    "referral_ended": ("done", "nothing more can follow from the referral"),
    "review_approved": ("done", "staff approved the referral"),
    "review_denied": ("done", "staff denied the referral"),
    "referral_withdrawn": ("done", "staff took the referral back: it was begun by mistake"),
    # rewards not granted
    "cap_reached": ("refused", "a cap of the rule is reached"),
    "budget_spent": ("refused", "the budget does not hold what the reward needs"),
    "not_scheduled": ("refused", "the schedule has no amount for this day"),
    "nothing_to_pay": ("refused", "the amount comes to nothing"),
    "code_not_valid": ("refused", "the reward code cannot be used here"),
    "used_on_orders": ("refused", "a coupon of a percentage is used on an order, where its worth is known"),
    "paid_by_payout": ("refused", "a commission is paid with what else was earned, by a payout"),
    "below_minimum": ("refused", "the order is smaller than the coupon asks for"),
    "not_first_order": ("refused", "the reward is for the first order, and this is a later one"),
    "answer_refused": ("refused", "the reward does not ask this, or not so"),
    "not_eligible": ("refused", "a condition on the winners of the contest is not met"),
    # games
    "contest_entered": ("done", "the person has a ticket"),
    "contest_settled": ("done", "the contest is decided"),
    "contest_reviewed": ("done", "the places of the contest are given anew"),
    "draw_goes_on": ("done", "the contest has closed, and a part of its draw was done; the next one follows"),
    "draw_counted": ("done", "no entry can change any more: the list is hashed, and the seed can be told"),
    "place_taken": ("done", "somebody took a place of the contest"),
    "place_lost": ("done", "somebody lost his place of the contest, and what he held with it"),
    "tier_entered": ("done", "the person holds this tier now"),
    "tier_left": ("done", "the person does not hold this tier any more"),
    "not_again": ("refused", "a condition for granting it again does not hold on this day"),
    "condition_not_kept": ("refused", "a condition under which the reward would be kept does not hold"),
    # rewards
    "condition_ended": ("done", "a condition under which the reward was kept holds no more"),
    "kept_for_good": ("done", "the time in which the reward could be lost is over: it stays"),
    "reward_granted": ("done", "a reward was granted"),
    "points_spent": ("done", "points were spent on a reward"),
    "points_returned": ("done", "what they had bought was taken back: the points may be spent again"),
    "comes_again": ("note", "it is granted again at this time, if its conditions hold then"),
    "cap_partial": ("note", "only what still fits under the cap was granted"),
    "on_hold": ("waiting", "the reward is held until the goods can no longer come back"),
    "in_review": ("waiting", "the reward waits for the review of its referral"),
    "waiting_for_code": ("waiting", "the reward is approved and waits until its pool of codes has one again"),
    "waiting_for_budget": ("waiting", "the reward waits until its budget or stock holds enough again"),
    "waiting_for_condition": ("waiting", "the reward is approved and waits for a condition on its recipient"),
    "waiting_for_answer": ("waiting", "the reward is approved and waits for what its recipient has to say"),
    "waiting_for_moderation": ("waiting", "staff look at it before it counts"),
    "answer_recorded": ("done", "what the recipient said is kept with the reward"),
    "answered_by_default": ("done", "nobody answered in time: the stated default counts"),
    "not_answered": ("done", "nobody said in time what the reward needs"),
    "waiting_for_shop": ("waiting", "the reward is approved; the shop hands it over"),
    "reward_approved": ("done", "the reward is final"),
    "reward_issued": ("done", "the reward was handed over"),
    "reward_redeemed": ("done", "the reward was used"),
    "reward_expiring": ("done", "a notice goes out: what is left of the reward has to be used soon"),
    "reward_expired": ("done", "the reward was not used in time"),
    "reward_reduced": ("done", "the order became smaller, and the reward with it"),
    "reward_cancelled": ("done", "the reward was taken back before it was issued"),
    "reward_reversed": ("done", "the reward was taken back after it was issued"),
    "reward_restored": ("done", "the order it was used on came back, and the reward with it"),
    "reward_denied": ("done", "staff denied the reward"),
    "not_meant": ("note", "a condition on who is meant does not hold any more"),
    "reward_failed": ("done", "handing it over failed; it can be tried again"),
    "collected": ("note", "it comes together with what else was earned until it is paid out"),
    "comes_off_next": ("note", "it was paid out already: that comes off the next payout"),
    "payout_made": ("done", "what came together is to be paid out"),
    "payout_carried": ("done", "less came together than is paid out at a time: it is carried over"),
    "payout_paid": ("done", "the shop paid it out"),
    "payout_failed": ("done", "the payout did not arrive: it goes into the next one"),
    "debt_remains": ("note", "part of it was already used: that is owed"),
    "debt_forgiven": ("note", "part of it was already used: that is forgiven"),
    # plain facts
    "visits_counted": ("note", "the visits of a day are looked at for what they pay"),
    "joined": ("done", "the person is an advocate with a code"),
    "already_joined": ("note", "the person was an advocate already"),
    "terms_accepted": ("done", "the person accepted the terms of a version, as they stand in a language"),
    "terms_known": ("note", "the person accepted these terms before"),
    "consent_given": ("done", "the person consents"),
    "consent_withdrawn": ("done", "the person withdraws the consent"),
    "consent_known": ("note", "the person said so before"),
    "consent_outdated": ("note", "the person said otherwise later: that counts"),
    "data_erased": ("done", "what was known about the person is removed"),
    "erased_before": ("note", "the person was erased before"),
    "forgotten": ("done", "the keyed hashes by which an erased person was recognised are removed"),
    "survey_taken": ("done", "what the person thinks is kept"),
    "objection_made": ("done", "the objection waits for an answer of staff"),
    "objection_upheld": ("done", "staff uphold the objection"),
    "objection_rejected": ("done", "staff reject the objection"),
    "decision_stands": ("note", "what the objection was about stands as it is until staff decide anew"),
    "code_created": ("done", "the advocate has a further code"),
    "code_switched_off": ("done", "staff switched the code off"),
    "code_switched_on": ("done", "staff switched the code on again"),
    "submission_approved": ("done", "staff approved what was sent in: it counts"),
    "submission_denied": ("done", "staff denied what was sent in"),
    "group_created": ("done", "the group is there, with its owner"),
    "member_joined": ("done", "the person is a member of the group"),
    "member_left": ("done", "the person is not a member of the group any more"),
    "group_ended": ("done", "the group is closed: nobody joins it and nothing more counts for it"),
    "group_unlocked": ("done", "the group reached its number: all its members are given what that brings"),
    "page_decided": ("done", "one page of those who are given something was looked at"),
    "asked": ("done", "it is counted that somebody was asked to invite friends"),
    "nothing_received": ("note", "nobody is asked who has not bought anything that counts"),
    "no_moment": ("note", "nothing happened lately after which the program wants people to be asked"),
    "last_order_came_back": ("note", "nobody is asked whose latest order came back, all or a part"),
    "objection_is_open": ("note", "nobody is asked who waits for the answer to an objection"),
    "asked_recently": ("note", "the person was asked a short while ago"),
    "asked_in_vain": ("note", "the person was asked as often as one is, and never shared"),
    "shared": ("done", "the share is noted"),
    "claim_recorded": ("done", "the claim is kept under its token until a person comes with it"),
    "order_recorded": ("done", "the order is kept"),
    "order_gone": ("note", "the order had come back whole before: nothing changes"),
    "order_changed": ("done", "the change of the order is kept"),
    "person_recorded": ("note", "what was told about the person is kept"),
    "codes_taken_in": ("done", "codes of the shop's own system are in their pool"),
    "time_passed": ("done", "time went on"),
    "nothing_due": ("note", "nothing had to be done any more"),
    "program_published": ("done", "the version is in force for referrals claimed from now on"),
    "program_scheduled": ("done", "the version comes into force at its date"),
    "schedule_withdrawn": ("done", "the version that was planned does not come into force"),
    "program_paused": ("done", "the program takes in nothing new until it is opened again"),
    "program_resumed": ("done", "the program is open again"),
    "program_ends": ("done", "the program ends at this date"),
    "end_withdrawn": ("done", "the program does not end at the date that was planned"),
    "program_ended": ("done", "the program has ended: what was promised before goes on, nothing new begins"),
}
RANK = {code: rank for rank, code in enumerate(REASONS)}


class Amount(Struct, frozen=True, gc=False):
    """A quantity as a value of a reason."""

    amount: int
    unit: str


ReasonValue = Amount | str | int | bool


def amount_of(quantity: Quantity) -> Amount:
    """A quantity as it stands in reasons."""
    return Amount(quantity.amount, quantity.unit)


class Reason(Struct, frozen=True, omit_defaults=True, gc=False):
    """One reason: its code, the values it was decided on, and the place of the rule that said so.

    Values by code, all optional (a sentence names those it needs):
    ``used``/``limit`` (caps, limits: "31 of 32", `Amount` or whole number), ``left``/``needed`` (budgets), ``amount``,
    ``step``, ``attribute``/``operator``/``expected``/``actual`` (conditions; ``actual`` is missing where unknown),
    ``until`` (a time, RFC 3339), ``signal``, ``order``, ``winner``, ``from``/``to`` (states or amounts), ``status``/``action``, ``why`` (of staff),
    ``measure``/``value``/``at`` (milestones), ``evidence``, ``token``, ``code``, ``side``, ``activity``, ``after``,
    ``channel``, ``visits``, ``day``, ``purpose``, ``objection``,
    ``program``, ``participant``, ``referral``, ``reward``.
    """

    code: str
    values: dict[str, ReasonValue] = {}
    program: str | None = None
    version: int | None = None
    rule: str | None = None
    """The part of the program file, as a dotted path."""
    place: str | None = None
    """Its line and column."""
    referral: str | None = None
    reward: str | None = None


class ReferralNow(Struct, frozen=True, omit_defaults=True, gc=False):
    """A referral as it stands after the event."""

    id: str
    program: str
    version: int
    status: str
    moderation: str
    advocate: str
    friend: str
    evidence: str


class RewardNow(Struct, frozen=True, omit_defaults=True, gc=False):
    """A reward as it stands after the event. `code` is filled in where an answer is shown; stored is at most a sealed one."""

    id: str
    program: str
    rule: str
    side: str
    participant: str
    status: str
    amount: int
    unit: str
    remaining: int = 0
    reason: str | None = None
    code: str | None = None


class Answer(Struct, frozen=True, omit_defaults=True, gc=False):
    """What was decided about an event. It holds no time of receipt and no personal data."""

    event: str
    type: str
    outcome: Literal["accepted", "refused", "waiting"]
    reasons: tuple[Reason, ...]
    participant: str | None = None
    advocate_code: str | None = None
    claim: str | None = None
    referrals: tuple[ReferralNow, ...] = ()
    rewards: tuple[RewardNow, ...] = ()
