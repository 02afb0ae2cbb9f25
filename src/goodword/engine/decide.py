"""`decide`: what follows from one event, as a value. `evolve`: the state in which the next event is decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from goodword.engine.acceptance import accept, named_version, record_acceptance
from goodword.engine.answers import choose, moderate_answer, time_is_over, without_words
from goodword.engine.asking import ask, note_share
from goodword.engine.attribution import attribute, clicked, concerned, invite, revive, still_trusted, usable_handle
from goodword.engine.closing import refuse_closed
from goodword.engine.consents import consent
from goodword.engine.contests import contest_due, enter
from goodword.engine.erasure import cancel_held, erase, forget, leave_groups, nameless
from goodword.engine.events import (
    Accept,
    Activity,
    Ask,
    Cancel,
    Chargeback,
    Choice,
    Claim,
    Codes,
    Consent,
    Due,
    Enter,
    Erase,
    Exchange,
    GroupAction,
    HandleAction,
    Join,
    Link,
    Moderation,
    Objection,
    ObjectionAnswer,
    Order,
    PayOut,
    PayoutAction,
    Profile,
    ProgramAction,
    Published,
    Refund,
    Review,
    RewardAction,
    Scheduled,
    Sealed,
    Share,
    SignUp,
    Survey,
    TimePassed,
    Visits,
)
from goodword.engine.exchange import exchange
from goodword.engine.facts import Subjects, unmet
from goodword.engine.funding import hand_out_codes, pay_waiting
from goodword.engine.groups import act_on_group, handle_group, sync_referral
from goodword.engine.handles import create_handle, free_code, has_room, keep_handle, own_handle, switch_handle
from goodword.engine.households import follow_households
from goodword.engine.ids import Keyring
from goodword.engine.keeping import keep_for_good, look_at_kept
from goodword.engine.measures import ACTIVITY, follow_measures, measure_activity
from goodword.engine.objections import answer_objection, object_to
from goodword.engine.orders import change, change_as_fact, place, place_as_fact
from goodword.engine.payouts import act_on_payout, pay_out_due, pay_out_now
from goodword.engine.people import note_activity, note_sign_up, resolve
from goodword.engine.pools import take_in
from goodword.engine.programs import act_on_program, end_planned, publish, publish_planned, schedule
from goodword.engine.reasons import Answer
from goodword.engine.recurring import come_again, resume_series
from goodword.engine.referral_states import MODERATION_MOVES
from goodword.engine.returns import take_back
from goodword.engine.reward_books import HELD, amount_in, benefit_of, rule_of
from goodword.engine.reward_states import REWARD_MOVES
from goodword.engine.rewards import advance, approve, expire, fail, give_notice, issue, redeem, usable
from goodword.engine.state import (
    ACTIVITIES,
    CLAIMS,
    DUES,
    ENTRIES,
    HANDLES,
    LEADERS,
    OBJECTIONS,
    PARTICIPANTS,
    REFERRALS,
    REWARDS,
    STANDINGS,
    WAITING_OF,
    WAITING_PAGE,
    ActivityRow,
    ClaimRow,
    Draft,
    GroupRow,
    Handle,
    Hit,
    NotLoaded,
    Participant,
    Referral,
    Reward,
    Standing,
    State,
    TenantRow,
)
from goodword.engine.steps import (
    end_or_reopen,
    expire_if_past,
    expire_referral,
    grant_for_step,
    kept_by_window_step,
    known_subject,
    matches,
    offer,
    reached_steps,
    settle,
    steps_for,
    withdraw,
)
from goodword.engine.surveys import take_survey
from goodword.engine.sweeps import decide_page, follow_day
from goodword.engine.tiers import tier_due
from goodword.engine.turn import Programs, Turn, begin
from goodword.engine.visits import count_visits
from goodword.program.loader import Program
from goodword.program.values import CLAIMED

WAITS = frozenset({"waiting_for_condition", "waiting_for_answer", "waiting_for_code"})
"""What an approved reward may wait for, so that nobody can hand it over yet."""


_OF_THE_HOUSE = (Due, ProgramAction, Published, Scheduled, Visits)
"""What comes by itself or from staff: it does not say that live traffic has begun."""


_RIGHTS = (Consent, Objection, ObjectionAnswer, Erase, Survey)
"""What people may do about themselves: it counts, also where it is told late."""


class Decision(Struct, frozen=True, gc=False):
    """What follows from one event: its answer and its changes, postings and outbox rows."""

    sealed: Sealed
    answer: Answer
    draft: Draft
    told: str | None
    """The participant that the event's person was found to be."""
    references: tuple[str, ...]
    """The participants, referrals, rewards, orders and objections that it touched."""
    written: tuple[str, str] | None = None
    """Whose words the event brought along, and under which key of the personal data they are kept."""
    erased: str | None = None
    """The participant whose personal data go with it."""
    late: bool = False
    """Whether history told it after live events: of people it says only what was not known."""


def decide(programs: Programs, state: State, sealed: Sealed, keyring: Keyring) -> Decision:
    """Decide one event. Pure: the state is not changed.

    Raises:
        NotLoaded: something was read that was not loaded.
    """
    turn = begin(programs, state, sealed, keyring)
    event = sealed.event
    if turn.late and not isinstance(event, Published | Scheduled):
        _as_fact(turn)
    else:
        _HANDLERS[type(event)](turn, event)
        if turn.told is not None:
            follow_day(turn, turn.told)
        follow_measures(turn)
        rewarded = [id for reward in turn.touched_rewards if (id := turn.reward(reward).referral) is not None]
        for id in dict.fromkeys((*turn.touched_referrals, *rewarded)):
            end_or_reopen(turn, turn.referral(id))
    follow_households(turn)
    references = {*turn.touched_referrals, *turn.touched_rewards, *turn.touched_groups, *turn.touched_payouts}
    references.update(turn.draft.changes.get(OBJECTIONS.name, ()))
    if turn.participant:
        references.add(turn.participant)
    if order := getattr(event, "order", None):
        references.add(f"order:{order}")
    kept = _without_unknown_code(turn) if turn.said("unknown_code") else sealed
    kept = _without_person(kept) if turn.nameless else kept
    return Decision(
        kept, turn.answer(), turn.draft, turn.told, tuple(sorted(references)), turn.written, turn.erased, turn.late
    )


def _without_person(sealed: Sealed) -> Sealed:
    """Of somebody who was erased nothing is kept but the keyed hashes by which he is recognised."""
    person = getattr(sealed.event, "person", None)
    if person is None:
        return sealed
    return replace(sealed, event=replace(sealed.event, person=nameless(person)), person=None)


def _without_unknown_code(turn: Turn) -> Sealed:
    """What nobody knows as a public code may be somebody's reward code, or anything: only its hash is kept."""
    sealed = turn.sealed
    code = getattr(sealed.event, "code", None)
    if code is None or turn.draft.get(HANDLES, code) is not None:
        return sealed
    return replace(sealed, event=replace(sealed.event, code=turn.keyring.reward_code_hash(code)))


def evolve(state: State, decision: Decision) -> None:
    """Fold a decision into the state: the next event sees it."""
    for name, rows in decision.draft.changes.items():
        state.rows[name].update(rows)
    if not state.complete:
        _forget_boards(state, decision.draft.changes.get(STANDINGS.name, {}))
    sealed = decision.sealed
    live = state.tenant.live or not (sealed.history or isinstance(sealed.event, _OF_THE_HOUSE))
    clock_ms = max(state.tenant.clock_ms, sealed.clock_ms)
    state.tenant = TenantRow(state.tenant.seq + 1, clock_ms, live)


def _forget_boards(state: State, moved: dict[str, Standing | None]) -> None:
    """What was loaded in the order of a board is no longer in its order once somebody moved on it."""
    for board in {standing.board for standing in moved.values() if standing is not None}:
        state.rows[LEADERS.name].pop(board, None)
        for key in [key for key in state.rows[ENTRIES.name] if key.startswith(f"{board}|")]:
            del state.rows[ENTRIES.name][key]


def _as_fact(turn: Turn) -> None:
    """History that comes after live events: kept as facts, rewards nobody."""
    event = turn.sealed.event
    turn.say("history_is_facts")
    if isinstance(event, Order):
        place_as_fact(turn, event)
    elif isinstance(event, Refund | Cancel | Chargeback):
        change_as_fact(turn, event)
    elif isinstance(event, Profile):
        _profile(turn, event)
    elif isinstance(event, _RIGHTS):
        _HANDLERS[type(event)](turn, event)
    elif isinstance(event, SignUp | Activity) and (person := resolve(turn, event.person)):
        if isinstance(event, SignUp):
            note_sign_up(turn, person)
        turn.say("person_recorded")


# joining and inviting -------------------------------------------------------------------------------------------------


def _join(turn: Turn, event: Join) -> None:
    program = turn.programs.current(event.program)
    if program is None:
        turn.say("unknown_program", {"program": event.program})
        return
    version = named_version(turn, program, event.accepts) if event.accepts else 0
    person = resolve(turn, event.person) if version is not None else None
    if version is None or person is None:
        return
    turn.say("person_recorded")
    group = handle_group(turn, event, program)
    if event.group is not None and group is None:
        return
    if _take_in(turn, event, program, person, group) and event.accepts:
        record_acceptance(turn, turn.person(person.id), program, version, event.accepts.language)


def _take_in(turn: Turn, event: Join, program: Program, person: Participant, group: GroupRow | None) -> bool:
    """Whether the person is an advocate now: since before, or from now on."""
    own = own_handle(turn, person.id, program.name, group.id if group else None)
    if own is not None:
        turn.advocate_code = own.written
        turn.say("already_joined", {"code": own.written}, program=program)
        return True
    if refuse_closed(turn, program, turn.occurred_ms):
        return False
    misses = unmet(turn, program.model.audience.advocate, Subjects(advocate=person.id))
    for values in misses:
        turn.say("advocate_not_in_audience", values, program=program, rule="audience.advocate")
    if misses or not has_room(turn, person.id, program):
        return False
    code = free_code(turn)
    keep_handle(turn, Handle(code, program.name, person.id, turn.occurred_ms, group=group.id if group else None))
    turn.tell("participant.joined", person.id, person.id)
    turn.say("joined", {"code": code}, program=program)
    return True


def _share(turn: Turn, event: Share) -> None:
    handle = usable_handle(turn, event.code, turn.occurred_ms)
    if handle is None:
        return
    turn.participant = handle.participant
    program = turn.programs.current(handle.program)
    if program is not None and refuse_closed(turn, program, turn.occurred_ms):
        return
    turn.count(f"shares|{handle.code}", 1)
    note_share(turn, handle.participant)
    turn.say(
        "shared",
        {"code": handle.written, "channel": event.channel},
        program=program,
    )


def _claim(turn: Turn, event: Claim) -> None:
    click = clicked(turn, event.click)
    if event.person is not None:
        person = resolve(turn, event.person)
        if person is not None:
            turn.say("person_recorded")
            attribute(turn, person.id, event.code, event.via, turn.occurred_ms, click)
        return
    handle = usable_handle(turn, event.code, turn.occurred_ms)
    if handle is None:
        return
    program = turn.programs.current(handle.program)
    if program is not None and refuse_closed(turn, program, turn.occurred_ms):
        return
    token = turn.keyring.id("cl", turn.event_id)
    seen = click.id if click is not None and click.code == handle.code else None
    turn.draft.put(CLAIMS, token, ClaimRow(token, handle.code, turn.occurred_ms, event.via, seen))
    turn.claim = token
    turn.say("claim_recorded", {"token": token})


# what friends do ------------------------------------------------------------------------------------------------------


def _sign_up(turn: Turn, event: SignUp) -> None:
    person = resolve(turn, event.person, also_erased=True)
    if person is None:
        return
    person = note_sign_up(turn, person)
    _say_recorded(turn, person)
    invite(turn, person.id, event)
    _reach(turn, person.id, "sign_up", Hit("sign_up", turn.occurred_ms, event.id), None)


def _say_recorded(turn: Turn, person: Participant) -> None:
    """Say that what was told about a person is kept, where it is."""
    if person.erased_ms is None:
        turn.say("person_recorded")


def _activity(turn: Turn, event: Activity) -> None:
    person = resolve(turn, event.person, also_erased=True)
    if person is None:
        return
    programs = [program.model for program in turn.programs.all_live]
    _say_recorded(turn, person)
    row = ActivityRow(event.id, person.id, event.name, turn.occurred_ms, event.fields)
    if any(event.name in program.moderated for program in programs):
        invite(turn, person.id, event)
        turn.draft.put(ACTIVITIES, row.id, replace(row, status="pending"))
        turn.say("waiting_for_moderation", {"submission": row.id})
        turn.tell("submission.received", row.id, person.id)
        return
    if any(event.name in program.activities for program in programs):
        person = note_activity(turn, person, row)
    else:
        turn.say("unknown_activity", {"activity": event.name})
    invite(turn, person.id, event)
    _follow_activity(turn, row, event)


def _follow_activity(turn: Turn, row: ActivityRow, event: Activity | None = None) -> None:
    """Let what somebody did undo and reach steps, and count."""
    _undo_by_activity(turn, row, event)
    _reach(turn, row.participant, "activity", Hit(f"{ACTIVITY}{row.id}", row.at_ms, row.id), row, event)
    measure_activity(turn, row)


def _moderation(turn: Turn, event: Moderation) -> None:
    """Staff looked at a submission: approved, it counts as of when it was done."""
    row = turn.draft.get(ACTIVITIES, event.submission)
    if row is None:
        turn.say("unknown_submission", {"submission": event.submission})
        return
    turn.participant = row.participant
    if row.status != "pending":
        turn.say("not_possible_now", {"status": row.status, "action": event.verdict})
        return
    values = {"why": event.why, "submission": row.id}
    if event.verdict == "deny":
        row = replace(row, status="denied")
        turn.draft.put(ACTIVITIES, row.id, without_words(row))
        turn.say("submission_denied", {**values})
        turn.tell("submission.denied", row.id, row.participant)
        if row.reward is not None:
            moderate_answer(turn, row)
        return
    row = replace(row, status="counted")
    turn.draft.put(ACTIVITIES, row.id, without_words(row))
    turn.say("submission_approved", {**values})
    turn.tell("submission.approved", row.id, row.participant)
    if row.reward is not None:
        moderate_answer(turn, row)
    else:
        note_activity(turn, turn.person(row.participant), row)
        _follow_activity(turn, row)


def _reach(
    turn: Turn, friend: str, kind: str, hit: Hit, row: ActivityRow | None, event: Activity | None = None
) -> None:
    """Offer a sign-up or an activity to every referral of its friend: it counts in each program.

    What comes with a code counts for the group of the code, and not for the friend's other groups.
    """
    activity = (row.name, row.fields) if row else None
    offered: list[tuple[Referral, list[str]]] = []
    for referral in concerned(turn, friend, event):
        if not steps_for(turn.programs.pinned(referral), kind, row.name if row else None):
            continue
        if referral.status != "superseded" and not known_subject(referral, hit.subject):
            offered.append((referral, matches(turn, referral, kind, hit, activity)))
    taken: set[str] = set()
    for referral, names in sorted(offered, key=_turn_among_groups) if row else offered:
        if row and referral.per_group and referral.program in taken:
            continue
        live = referral if referral.live else revive(turn, referral, hit.at_ms) if names else None
        live = still_trusted(turn, live) if names and live else None
        if live:
            taken.add(live.program)
            expire_if_past(turn, settle(turn, live, offer(live, names, hit)))


def _turn_among_groups(offered: tuple[Referral, list[str]]) -> tuple[bool, bool, int, str]:
    """What a friend of several groups does without a code counts for one: where it opens a step, then for the latest claim."""
    referral, names = offered
    if not referral.per_group:
        return (False, False, 0, "")
    opens = any(name not in referral.steps or referral.steps[name].hit is None for name in names)
    return (True, not opens, -referral.claimed_ms, referral.id)


def _undo_by_activity(turn: Turn, row: ActivityRow, event: Activity | None) -> None:
    for referral in concerned(turn, row.participant, event):
        after = referral
        for name, step in turn.programs.pinned(referral).model.steps.items():
            state = referral.steps.get(name)
            if row.name in step.undone_by_activity and state:
                hits = [hit for hit in (state.hit, *state.spares) if hit and hit.at_ms <= row.at_ms]
                after = withdraw(after, name, {hit.subject for hit in hits})
        if after != referral and referral.live:
            settle(turn, referral, after, row.name)


def _profile(turn: Turn, event: Profile) -> None:
    about = None
    if event.participant is not None:
        about = turn.draft.get(PARTICIPANTS, event.participant)
        if about is None:
            turn.say("unknown_participant", {"participant": event.participant})
            return
    if resolve(turn, event.person, about):
        turn.say("person_recorded")


# what staff and the shop do -------------------------------------------------------------------------------------------


def _reward_action(turn: Turn, event: RewardAction) -> None:
    reward = turn.draft.get(REWARDS, event.reward)
    if reward is None:
        turn.say("unknown_reward", {"reward": event.reward})
        return
    turn.participant = reward.participant
    turn.touched_rewards[reward.id] = None
    if (reward.status, event.action) not in REWARD_MOVES and not _counter_use(turn, reward, event):
        values = {"status": reward.status, "action": event.action}
        turn.say("not_possible_now", {**values}, program=turn.programs.pinned(reward), reward=reward.id)
        return
    _ACTIONS[event.action](turn, reward, event)


def _counter_use(turn: Turn, reward: Reward, event: RewardAction) -> bool:
    """At a counter, handing over and using are one: a shop's approved benefit may be redeemed at once."""
    waits_for_shop = benefit_of(turn, reward).issued_by == "shop" and reward.reason == "waiting_for_shop"
    return event.action == "redeem" and reward.status == "approved" and waits_for_shop


def _approve_reward(turn: Turn, reward: Reward, event: RewardAction) -> None:
    if reward.unfunded:
        advance(turn, reward)  # which says what it waits for
        return
    advance(turn, approve(turn, reward))


def _deny_reward(turn: Turn, reward: Reward, event: RewardAction) -> None:
    take_back(turn, reward, "reward_denied", deny=True)


def _issue_reward(turn: Turn, reward: Reward, event: RewardAction) -> None:
    if reward.reason in WAITS:
        values = {"status": reward.status, "action": event.action}
        turn.say("not_possible_now", {**values}, program=turn.programs.pinned(reward), reward=reward.id)
        advance(turn, reward)
        return
    issue(turn, reward)


def _redeem_reward(turn: Turn, reward: Reward, event: RewardAction) -> None:
    program, _ = rule_of(turn, reward)
    if reward.collected:
        turn.say("paid_by_payout", program=program, rule=f"rewards.{reward.rule}", reward=reward.id)
        return
    if benefit_of(turn, reward).percent_off:
        turn.say("used_on_orders", program=program, rule=f"rewards.{reward.rule}", reward=reward.id)
        return
    waits = reward.status == "approved"
    left = usable(turn, replace(reward, remaining=reward.amount), reward.amount) if waits else usable(turn, reward)
    amount = event.amount or left
    if amount > left or amount == 0:
        values_left = {"left": amount_in(reward, left), "amount": amount_in(reward, amount)}
        turn.say("amount_too_large", {**values_left}, program=program, reward=reward.id)
        return
    redeem(turn, issue(turn, reward) if waits else reward, amount)


def _fail_reward(turn: Turn, reward: Reward, event: RewardAction) -> None:
    if reward.reason in WAITS:
        values = {"status": reward.status, "action": event.action}
        turn.say("not_possible_now", {**values}, program=turn.programs.pinned(reward), reward=reward.id)
        return
    fail(turn, reward, event.why)


def _reverse_reward(turn: Turn, reward: Reward, event: RewardAction) -> None:
    take_back(turn, reward, "reward_reversed")


_ACTIONS: dict[str, Callable[[Turn, Reward, RewardAction], None]] = {
    "approve": _approve_reward,
    "deny": _deny_reward,
    "issue": _issue_reward,
    "redeem": _redeem_reward,
    "fail": _fail_reward,
    "reverse": _reverse_reward,
}


def _review(turn: Turn, event: Review) -> None:
    referral = turn.draft.get(REFERRALS, event.referral)
    if referral is None:
        turn.say("unknown_referral", {"referral": event.referral})
        return
    turn.participant = referral.advocate
    program = turn.programs.pinned(referral)
    if event.verdict == "withdraw":
        _withdraw_referral(turn, referral, event.why)
        return
    moved = MODERATION_MOVES.get((referral.moderation, event.verdict))
    if moved is None:
        values = {"status": referral.moderation, "action": event.verdict}
        turn.save_referral(referral)
        turn.say("not_possible_now", {**values}, program=program, referral=referral.id)
        return
    reopened = referral.moderation == "denied"
    referral = turn.save_referral(replace(referral, moderation=moved))
    turn.say(
        f"review_{'approved' if moved == 'approved' else 'denied'}",
        {"why": event.why},
        program=program,
        referral=referral.id,
    )
    if moved == "denied":
        _deny_all(turn, referral)
    else:
        _resume(turn, referral, reopened)
    sync_referral(turn, turn.referral(referral.id))


def _withdraw_referral(turn: Turn, referral: Referral, why: str) -> None:
    """It should not have begun: no step stands, no late event brings it back, and what was not used of it is taken back."""
    program = turn.programs.pinned(referral)
    if not referral.live:
        turn.save_referral(referral)
        values = {"status": referral.status, "action": "withdraw"}
        turn.say("not_possible_now", {**values}, program=program, referral=referral.id)
        return
    turn.say("referral_withdrawn", {"why": why}, program=program, referral=referral.id)
    turn.unschedule("expire_referral", referral.id)
    emptied = replace(referral, steps={}, until_ms=referral.claimed_ms)
    fallen = settle(turn, referral, emptied, "review")
    for reward in turn.rewards_of(fallen.id):
        if not reward.used:
            take_back(turn, reward, "referral_withdrawn")
    fallen = turn.referral(fallen.id)
    if fallen.status == "started":
        turn.move_referral(fallen, "expire")
    sync_referral(turn, turn.referral(fallen.id))


def _deny_all(turn: Turn, referral: Referral) -> None:
    for reward in turn.rewards_of(referral.id):
        take_back(turn, reward, "review_denied", deny=reward.status in HELD)


def _resume(turn: Turn, referral: Referral, reopened: bool) -> None:
    program = turn.programs.pinned(referral)
    for reward in turn.rewards_of(referral.id):
        advance(turn, reward)
    if not reopened or not referral.live:
        return
    for name in (CLAIMED, *reached_steps(program, referral)):
        grant_for_step(turn, program, referral, name)
    resume_series(turn, turn.referral(referral.id))


# time and versions ----------------------------------------------------------------------------------------------------


def _time_passed(turn: Turn, event: TimePassed) -> None:
    turn.say("time_passed")


def _due(turn: Turn, event: Due) -> None:
    turn.draft.put(DUES, f"{event.kind}:{event.reference}", None)
    said = len(turn.reasons)
    _DUES[event.kind](turn, event.reference)
    if len(turn.reasons) == said:
        turn.say("nothing_due")


def _due_mature(turn: Turn, id: str) -> None:
    reward = turn.reward(id)
    if reward.status == "pending":
        advance(turn, reward)


def _due_expire_referral(turn: Turn, id: str) -> None:
    referral = turn.referral(id)
    if kept_by_window_step(turn.programs.pinned(referral), referral):
        return
    if referral.status == "started" and referral.until_ms <= turn.clock_ms:
        expire_referral(turn, referral)


def _due_expire_reward(turn: Turn, id: str) -> None:
    reward = turn.reward(id)
    if reward.status == "issued":
        expire(turn, reward)


def _due_pay(turn: Turn, participant: str) -> None:
    """Look again at what waits for a condition on a person, a page at a time, as long as that pays something."""
    waiting = turn.draft.many(WAITING_OF, participant)[:WAITING_PAGE]
    before = turn.person(participant).waiting
    if len(waiting) < min(WAITING_PAGE, before):
        raise NotLoaded(WAITING_OF.name, participant)
    turn.participant = participant
    for id in waiting:
        advance(turn, turn.reward(id))
    left = turn.person(participant).waiting
    if left and left < before and before > WAITING_PAGE:
        turn.schedule("pay", participant, turn.clock_ms)


_DUES: dict[str, Callable[[Turn, str], None]] = {
    "mature": _due_mature,
    "expire_referral": _due_expire_referral,
    "expire_reward": _due_expire_reward,
    "expiring": give_notice,
    "pay": _due_pay,
    "answer": time_is_over,
    "contest": contest_due,
    "tier": tier_due,
    "keep": look_at_kept,
    "kept": keep_for_good,
    "again": come_again,
    "fund": pay_waiting,
    "sweep": decide_page,
    "payout": pay_out_due,
    "codes": hand_out_codes,
    "publish": publish_planned,
    "end": end_planned,
    "erase": cancel_held,
    "leave": leave_groups,
    "forget": forget,
}

_HANDLERS: dict[type, Callable[[Turn, Any], None]] = {
    Join: _join,
    Accept: accept,
    Consent: consent,
    Objection: object_to,
    ObjectionAnswer: answer_objection,
    Erase: erase,
    Ask: ask,
    Survey: take_survey,
    Link: create_handle,
    HandleAction: switch_handle,
    GroupAction: act_on_group,
    Share: _share,
    Claim: _claim,
    SignUp: _sign_up,
    Order: place,
    Refund: change,
    Cancel: change,
    Chargeback: change,
    Activity: _activity,
    Profile: _profile,
    RewardAction: _reward_action,
    Choice: choose,
    Exchange: exchange,
    Moderation: _moderation,
    Enter: enter,
    Review: _review,
    PayoutAction: act_on_payout,
    PayOut: pay_out_now,
    Codes: take_in,
    TimePassed: _time_passed,
    Published: publish,
    Scheduled: schedule,
    ProgramAction: act_on_program,
    Visits: count_visits,
    Due: _due,
}
