"""Orders: kept for everybody; they reach steps, use rewards, and take back what they paid for when they come back."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.attribution import (
    all_referrals,
    invite,
    referrals_of_order,
    revive,
    still_trusted,
    was_customer_before,
)
from goodword.engine.events import Cancel, Chargeback, Item, Order, Refund
from goodword.engine.facts import Subjects, earliest_order, first_orders, note_order, unmet
from goodword.engine.measures import measure_order
from goodword.engine.people import look_again, resolve
from goodword.engine.reasons import Amount
from goodword.engine.returns import follow_order, restore_used, take_back
from goodword.engine.rewards import use_on_order
from goodword.engine.state import (
    CHANGES_MAX,
    ORDERS,
    REWARD_CODES,
    REWARDS,
    Hit,
    OrderRow,
    Redemption,
    Referral,
    RefundRow,
)
from goodword.engine.steps import (
    ORDER,
    expire_if_past,
    expire_referral,
    known_subject,
    matches,
    offer,
    settle,
    withdraw,
)
from goodword.engine.turn import Turn
from goodword.engine.watches import watch_again
from goodword.program.quantity import divide


def place(turn: Turn, event: Order) -> None:
    """An order comes in."""
    known = turn.draft.get(ORDERS, event.order)
    if known and known.placed_ms is not None and not known.fact:
        turn.say("order_known", {"order": event.order})
        return
    person = resolve(turn, event.person, also_erased=True)
    if person is None:
        return
    if known and known.fact:
        _give_way(turn, known)
    order = record(turn, event, person.id)
    look_again(turn, person)
    invited = invite(turn, person.id, event)
    redeem_codes(turn, event, order)
    _disprove_new(turn, person.id, order)
    earn(turn, order, invited)
    measure_order(turn, turn.draft.need(ORDERS, order.id))
    for change in known.changes if known else ():
        _apply(turn, change)


def _give_way(turn: Turn, fact: OrderRow) -> None:
    """An order that history told before its shop did is told by the shop now: it counts as the shop tells it.

    What became of it in the meantime is applied to it again, so that nothing is paid for what went back.
    """
    note_order(turn.draft, replace(fact, state="awaited"))


def place_as_fact(turn: Turn, event: Order) -> None:
    """An order of history comes in after live events: its buyer is a customer since then, and it reaches nothing."""
    known = turn.draft.get(ORDERS, event.order)
    if known and known.placed_ms is not None:
        turn.say("order_known", {"order": event.order})
        return
    person = resolve(turn, event.person, also_erased=True)
    if person is None:
        return
    record(turn, event, person.id, fact=True)
    for change in known.changes if known else ():
        _change_fact(turn, turn.draft.need(ORDERS, event.order), change)


def record(turn: Turn, event: Order, participant: str, fact: bool = False) -> OrderRow:
    """Keep an order."""
    order = OrderRow(
        id=event.order,
        participant=participant,
        placed_ms=turn.occurred_ms,
        total=event.total,
        currency=event.currency,
        fields=event.fields,
        state="placed",
        items=by_category(event.items),
        fact=fact,
    )
    turn.draft.put(ORDERS, order.id, order)
    _note(turn, order, participant)
    turn.say("order_recorded", {"order": order.id, "amount": Amount(order.total, order.currency)})
    return order


def _note(turn: Turn, order: OrderRow, participant: str | None) -> None:
    """Keep the first orders true; whether somebody is a customer, and since when, may be what a reward waits for or rests on."""
    person = turn.person(participant) if participant is not None else None
    if person is None or not (person.keeping or person.waiting):
        note_order(turn.draft, order)
        return
    before = earliest_order(turn.draft, person.id)
    note_order(turn.draft, order)
    if earliest_order(turn.draft, person.id) != before:
        look_again(turn, person)
        watch_again(turn, person)


def by_category(items: tuple[Item, ...]) -> dict[str, int]:
    """What lines of an order come to in each category."""
    sums: dict[str, int] = {}
    for item in items:
        sums[item.category] = sums.get(item.category, 0) + item.total
    return sums


def redeem_codes(turn: Turn, event: Order, order: OrderRow) -> None:
    """Use the reward codes that an order brings."""
    used: list[Redemption] = []
    for index, item in enumerate(event.redeems):
        id = turn.draft.get(REWARD_CODES, item.code)
        reward = turn.draft.get(REWARDS, id) if id else None
        taken = use_on_order(turn, reward, order, item.amount, f"redeems.{index}")
        if taken is not None and reward is not None:
            used.append(Redemption(reward.id, taken))
    if used:
        turn.draft.put(ORDERS, order.id, replace(order, redemptions=tuple(used)))


def _disprove_new(turn: Turn, friend: str, order: OrderRow) -> None:
    """An order told late can show that a friend was a customer before his claim: his referrals fall.

    What history told as facts is seen as well, by the first order that comes after it, as long as no step was reached:
    nobody loses because of a file what he has earned.
    """
    for referral in all_referrals(turn, friend):
        if order.placed_ms is None:
            continue
        late = order.placed_ms < referral.claimed_ms
        if not referral.live:
            if late and referral.status == "expired" and referral.held and was_customer_before(turn, referral):
                turn.save_referral(replace(referral, until_ms=referral.claimed_ms))
            continue
        untouched = referral.status == "started" and not any(state.hit for state in referral.steps.values())
        if not (late or untouched) or not was_customer_before(turn, referral):
            continue
        program = turn.programs.pinned(referral)
        shown = order.id if late else first_orders(turn.draft, friend)[0][1]
        turn.say(
            "friend_not_new",
            {"order": shown},
            program=program,
            rule="audience.friend",
            referral=referral.id,
        )
        # As if it had been told in time: the referral never held.
        emptied = replace(referral, steps={}, until_ms=referral.claimed_ms)
        fallen = settle(turn, referral, emptied, "friend_not_new")
        for reward in turn.rewards_of(fallen.id):
            if not reward.used:
                take_back(turn, reward, "friend_not_new")
        fallen = turn.referral(fallen.id)
        if fallen.status == "started":
            expire_referral(turn, fallen)


def earn(turn: Turn, order: OrderRow, invited: Referral | None) -> None:
    """Let an order reach the steps of at most one referral: an explicit code's first, then the latest claim's."""
    assert order.participant is not None  # noqa: S101
    assert order.placed_ms is not None  # noqa: S101
    referrals = [*all_referrals(turn, order.participant), *referrals_of_order(turn, order.id)]
    if not referrals:
        turn.say("no_referral")
        return
    hit = Hit(f"{ORDER}{order.id}", order.placed_ms, turn.event_id)
    takers = [(referral, names) for referral in referrals if (names := _takes(turn, referral, hit))]
    if not takers:
        return
    takers.sort(key=lambda taker: _claim_on_order(turn, taker[0], taker[1], invited), reverse=True)
    winner = next((row for referral, names in takers if (row := _take(turn, order, referral, names, hit))), None)
    if winner is None:
        return
    for loser, _ in takers:
        if loser.id != winner.id and loser.program != winner.program:
            values = {"winner": winner.program}
            turn.say("other_program_won", {**values}, program=turn.programs.pinned(loser), referral=loser.id)


def _take(turn: Turn, order: OrderRow, referral: Referral, names: list[str], hit: Hit) -> Referral | None:
    """Let a referral take an order, if it lives or can be revived and nobody is found to be two people."""
    live = referral if referral.live else revive(turn, referral, hit.at_ms)
    live = still_trusted(turn, live) if live else None
    if live is None:
        return None
    turn.draft.put(ORDERS, order.id, replace(turn.draft.need(ORDERS, order.id), referral=live.id))
    return expire_if_past(turn, settle(turn, live, offer(live, names, hit)))


def _takes(turn: Turn, referral: Referral, hit: Hit) -> list[str]:
    if referral.status == "superseded" or known_subject(referral, hit.subject):
        return []
    if referral.status == "expired" and not referral.claimed_ms <= hit.at_ms < referral.until_ms:
        matches(turn, referral, "order", hit)
        return []
    return matches(turn, referral, "order", hit)


def _claim_on_order(
    turn: Turn, referral: Referral, names: list[str], invited: Referral | None
) -> tuple[bool, bool, bool, int, int, str]:
    opens = any(name not in referral.steps or referral.steps[name].hit is None for name in names)
    explicit = invited is not None and invited.id == referral.id
    priority = turn.programs.pinned(referral).model.priority
    return (referral.moderation != "denied", opens, explicit, referral.claimed_ms, priority, referral.id)


# changes --------------------------------------------------------------------------------------------------------------


def change(turn: Turn, event: Refund | Cancel | Chargeback) -> None:
    """A refund, a cancellation or a chargeback comes in; before its order, it waits for it."""
    row = _told_change(turn, event)
    order = _placed(turn, event.order, row)
    if order is not None:
        _apply_to(turn, order, row)


def change_as_fact(turn: Turn, event: Refund | Cancel | Chargeback) -> None:
    """What became of an order comes in as history, after live events: what the order was worth is corrected.

    Where the order takes part in rewards it is refused: history takes nothing away from anybody.
    """
    row = _told_change(turn, event)
    order = _placed(turn, event.order, row)
    if order is not None:
        _change_fact(turn, order, row)


def _told_change(turn: Turn, event: Refund | Cancel | Chargeback) -> RefundRow:
    amount, items = None, {}
    if isinstance(event, Refund):
        items = by_category(event.items)
        amount = sum(items.values()) if items else event.amount
    kind = "refund" if isinstance(event, Refund) else "cancel" if isinstance(event, Cancel) else "chargeback"
    return RefundRow(event.id, kind, amount, turn.occurred_ms, items)  # type: ignore[arg-type]


def _placed(turn: Turn, id: str, row: RefundRow) -> OrderRow | None:
    """The order that a change is about; None where it has not come yet: the change waits for it."""
    order = turn.draft.get(ORDERS, id)
    if order is None or order.placed_ms is None:
        waiting = order or OrderRow(id)
        turn.draft.put(ORDERS, id, replace(waiting, changes=(*waiting.changes, row)[-CHANGES_MAX:]))
        turn.say("waiting_for_order", {"order": id})
        return None
    turn.participant = order.participant
    return order


def _change_fact(turn: Turn, order: OrderRow, row: RefundRow) -> None:
    if order.takes_part:
        turn.say("order_takes_part", {"order": order.id})
    else:
        _correct(turn, order, row)


def _correct(turn: Turn, order: OrderRow, row: RefundRow) -> OrderRow | None:
    """Bring an order to what is left of it; None where nothing was left before."""
    if order.state != "placed":
        turn.say("order_gone", {"order": order.id})
        return None
    changed = _changed(turn, order, row)
    if order.fact:
        changed = replace(changed, changes=(*order.changes, row)[-CHANGES_MAX:])
    turn.draft.put(ORDERS, order.id, changed)
    _note(turn, changed, changed.participant)
    turn.say("order_changed", {"order": order.id, "amount": Amount(changed.net, changed.currency)})
    return changed


def _apply(turn: Turn, row: RefundRow) -> None:
    assert hasattr(turn.sealed.event, "order")  # noqa: S101
    _apply_to(turn, turn.draft.need(ORDERS, turn.sealed.event.order), row)


def _apply_to(turn: Turn, order: OrderRow, row: RefundRow) -> None:
    changed = _correct(turn, order, row)
    if changed is None:
        return
    if changed.referral is not None:
        _follow(turn, turn.referral(changed.referral), changed, row.kind)
    if not changed.fact:
        measure_order(turn, turn.draft.need(ORDERS, order.id))
    if changed.measured:
        follow_order(turn, f"{ORDER}{order.id}", None, changed)
    changed = turn.draft.need(ORDERS, order.id)
    if changed.state != "placed":
        restore_used(turn, changed, give_back=row.kind != "chargeback")


def _changed(turn: Turn, order: OrderRow, row: RefundRow) -> OrderRow:
    if row.kind == "cancel":
        return replace(order, state="cancelled", refunded=order.total, items={})
    if row.kind == "chargeback":
        return replace(order, state="charged_back", refunded=order.total, items={})
    refunded = order.total if row.amount is None else order.refunded + row.amount
    if refunded > order.total:
        turn.say("refund_too_large", {"order": order.id, "limit": Amount(order.total, order.currency)})
        refunded = order.total
    state = "refunded" if refunded == order.total else "placed"
    return replace(order, refunded=refunded, state=state, items=_left_of(order, row, order.total - refunded))


def _left_of(order: OrderRow, row: RefundRow, net: int) -> dict[str, int]:
    """By category what is left when `net` is left in all: what was named comes off first, the rest off all in proportion."""
    if not order.items:
        return {}
    named = {name: left - min(left, row.items.get(name, 0)) for name, left in order.items.items()}
    before = order.net - sum(order.items.values()) + sum(named.values())
    return {name: rest for name, left in named.items() if (rest := divide(left * net, before, "down") if before else 0)}


def _follow(turn: Turn, referral: Referral, order: OrderRow, kind: str) -> None:
    """Undo the steps that the changed order no longer reaches, and bring its percentages to what is left."""
    program = turn.programs.pinned(referral)
    after = referral
    told_ms = referral.claimed_ms if referral.order is None else order.placed_ms or referral.claimed_ms
    subjects = Subjects(friend=referral.friend, advocate=referral.advocate, order=order, claimed_ms=told_ms)
    for name, step in program.model.steps.items():
        if kind in step.undone_by_order and (order.state != "placed" or unmet(turn, step.where, subjects)):
            after = withdraw(after, name, {f"{ORDER}{order.id}"})
    if after != referral:
        after = settle(turn, referral, after, kind)
    follow_order(turn, referral.id, turn.referral(referral.id), order)
