"""Attribution: which advocate a friend belongs to, on what evidence, and who was beaten.

The first valid evidence starts a referral. Until it converts, stronger evidence of another advocate replaces it; afterwards
nobody does. Every rule that refuses is told, not only the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from goodword.engine.clicks import Click, read_click
from goodword.engine.closing import refuse_closed
from goodword.engine.events import Activity, Order, SignUp
from goodword.engine.facts import Subjects, earliest_order, first_orders, order_row, unmet
from goodword.engine.grants import promises
from goodword.engine.groups import member_key, sync_referral
from goodword.engine.households import has_another
from goodword.engine.people import say_erased, shared_signals, signal_value
from goodword.engine.returns import take_back
from goodword.engine.state import (
    CLAIMS,
    HANDLES,
    MEMBERS,
    ORDERS,
    PARENTS,
    REFERRALS,
    REFERRALS_OF,
    REWARDS_OF,
    RIVALS_MAX,
    Handle,
    Hit,
    Participant,
    Referral,
    Rival,
)
from goodword.engine.steps import ORDER, grant_for_step, known_subject, matches, offer, order_of, settle
from goodword.engine.turn import Turn
from goodword.program.duration import period_key
from goodword.program.loader import Program
from goodword.program.values import CLAIMED

DEPTH_MAX = 90
"""How many advocates above an advocate are looked at for a cycle; the loader brings a few more."""


class Invitation(Struct, frozen=True):
    """Evidence that an advocate invited a friend."""

    handle: Handle
    program: Program
    friend: str
    evidence: str
    at_ms: int
    click: str | None = None
    order: str | None = None
    """The order it came with, where the program ties orders."""


def clicked(turn: Turn, token: str | None) -> Click | None:
    """The click that an event brings along, if it is one of ours."""
    if token is None:
        return None
    click = read_click(turn.keyring, token)
    if click is None:
        turn.say("unknown_click")
    return click


def usable_handle(turn: Turn, code: str, at_ms: int) -> Handle | None:
    """The handle of a code that may start something at this moment; else it is said why not."""
    handle = turn.draft.get(HANDLES, code)
    if handle is None:
        turn.say("unknown_code")
        return None
    refused = handle.refused_at(at_ms)
    if refused is not None:
        turn.say(refused, {"code": handle.written}, program=turn.programs.current(handle.program))
        return None
    return handle


class Piece(Struct, frozen=True):
    """Something that an event brings along and that leads to an advocate."""

    code: str
    evidence: str
    at_ms: int
    click: Click | None = None


def invite(turn: Turn, friend: str, event: SignUp | Order | Activity) -> Referral | None:
    """Follow click, claim token and code that an event brings; the referral they lead to, the code's first."""
    if event.click is None and event.claim is None and event.code is None:
        return None
    pieces = _joined(turn, _pieces(turn, event))
    led = {}
    for piece in sorted(pieces, key=partial(_rank_for_order, turn)):
        led[piece.code] = attribute(turn, friend, piece.code, piece.evidence, piece.at_ms, piece.click)
    _note_friend(turn, event.claim, led)
    return next((referral for piece in reversed(pieces) if (referral := led[piece.code])), None)


def _note_friend(turn: Turn, token: str | None, led: dict[str, Referral | None]) -> None:
    """Keep with a claim whom it tied to its advocate."""
    claim = turn.draft.get(CLAIMS, token) if token is not None else None
    referral = led.get(claim.code) if claim is not None else None
    if claim is not None and claim.friend is None and referral is not None:
        turn.draft.put(CLAIMS, claim.token, replace(claim, friend=referral.friend))


def _rank_for_order(turn: Turn, piece: Piece) -> tuple[int, int]:
    """Of the evidence for one order the strongest comes first, then the latest; all other evidence as it is told."""
    handle = turn.draft.get(HANDLES, piece.code)
    program = turn.programs.current(handle.program) if handle else None
    if program is None or not program.model.attribution.per_order:
        return (0, 0)
    return (1 + _rank(program, piece.evidence), -piece.at_ms)


def _pieces(turn: Turn, event: SignUp | Order | Activity) -> Iterator[Piece]:
    click = clicked(turn, event.click)
    if click is not None:
        yield Piece(click.code, "click", min(click.at_ms, turn.occurred_ms), click)
    if event.claim is not None:
        claim = turn.draft.get(CLAIMS, event.claim)
        if claim is None:
            turn.say("unknown_claim", {"token": event.claim})
        else:
            at_ms = min(claim.claimed_ms, turn.occurred_ms)
            seen = Click(claim.code, at_ms, claim.click) if claim.click else click
            yield Piece(claim.code, claim.via, at_ms, seen)
    if event.code is not None:
        yield Piece(event.code, "code", turn.occurred_ms, click)


def _joined(turn: Turn, pieces: Iterable[Piece]) -> list[Piece]:
    """One piece for each code: the strongest that the program takes, from the first time that still counts.

    Weighed one after the other, an old click could spoil the code that its friend types today.
    """
    by_code: dict[str, list[Piece]] = {}
    for piece in pieces:
        by_code.setdefault(piece.code, []).append(piece)
    return [same[0] if len(same) == 1 else _strongest(turn, same) for same in by_code.values()]


def _strongest(turn: Turn, same: list[Piece]) -> Piece:
    handle = turn.draft.get(HANDLES, same[0].code)
    program = turn.programs.current(handle.program) if handle else None
    if program is None:
        return same[-1]
    ladder, window = program.model.attribution.evidence, program.model.attribution.window
    good = [piece for piece in same if piece.evidence in ladder and piece.at_ms + window > turn.occurred_ms]
    if not good:
        return same[-1]
    strongest = min(good, key=lambda piece: ladder.index(piece.evidence))
    return replace(strongest, at_ms=min(piece.at_ms for piece in good))


def attribute(
    turn: Turn, friend: str, code: str, evidence: str, at_ms: int, click: Click | None = None
) -> Referral | None:
    """Weigh one piece of evidence: the referral it starts, replaces or finds running, or None where it is refused."""
    handle = usable_handle(turn, code, at_ms)
    if handle is None:
        return None
    program = turn.programs.current(handle.program)
    if program is None:
        turn.say("unknown_program", {"program": handle.program})
        return None
    if at_ms + program.model.attribution.window <= turn.occurred_ms:
        turn.say("evidence_too_old", {"evidence": evidence}, program=program, rule="attribution.window")
        return None
    seen = click.id if click is not None and click.code == handle.code else None
    invitation = Invitation(handle, program, friend, evidence, at_ms, seen)
    if program.model.attribution.per_order:
        return _attribute_order(turn, invitation)
    standing = standing_referral(turn, friend, program, handle.group)
    if standing and standing.advocate == handle.participant:
        return _again(turn, standing, invitation)
    if turn.person(friend).erased_ms is not None:
        say_erased(turn, turn.person(friend))
        return None
    review = _refused_or_review(turn, invitation)
    beaten = standing is not None and not _gives_way(turn, standing, invitation)
    if review is None or beaten:
        return None
    return _start(turn, invitation, review, standing)


def _attribute_order(turn: Turn, invitation: Invitation) -> Referral | None:
    """Weigh evidence where each order is a referral of its own: it needs the order, and holds nobody."""
    event, program = turn.sealed.event, invitation.program
    if not isinstance(event, Order):
        if invitation.evidence in program.model.attribution.evidence:
            code, rule = "counts_with_order", "attribution.one_per"
        else:
            code, rule = "evidence_not_accepted", "attribution.evidence"
        turn.say(code, {"evidence": invitation.evidence}, program=program, rule=rule)
        return None
    if turn.person(invitation.friend).erased_ms is not None:
        say_erased(turn, turn.person(invitation.friend))
        return None
    invitation = replace(invitation, order=event.order)
    standing = next((row for row in referrals_of_order(turn, event.order) if row.program == program.name), None)
    if standing and standing.advocate == invitation.handle.participant:
        return _again(turn, standing, invitation)
    if standing:
        _keep_rival(turn, standing, invitation, "order_taken")
        return None
    review = _refused_or_review(turn, invitation)
    return None if review is None else _start(turn, invitation, review, None)


def referrals_of_order(turn: Turn, order: str) -> list[Referral]:
    """The referrals that this very event started for its order: at most one in each program."""
    rows = [turn.referral(id) for id in turn.touched_referrals]
    return [row for row in rows if row.order == order and row.status == "started"]


def standing_referral(turn: Turn, friend: str, program: Program, group: str | None) -> Referral | None:
    """The referral that holds a friend in a program, so that nobody else can win him there, or for this group."""
    scope = _scope(program, group)
    for id in turn.draft.many(REFERRALS_OF, friend):
        referral = turn.referral(id)
        if referral.program != program.name or not referral.live:
            continue
        if scope == program.name or referral.scope == scope or referral.group == group:
            return referral
    return None


def _scope(program: Program, group: str | None) -> str:
    """In what a friend is held alone."""
    return group if program.model.attribution.per_group and group is not None else program.name


def _rank(program: Program, evidence: str) -> int:
    ladder = program.model.attribution.evidence
    return ladder.index(evidence) if evidence in ladder else len(ladder)


def _again(turn: Turn, standing: Referral, invitation: Invitation) -> Referral:
    turn.say("already_referred", program=invitation.program, referral=standing.id)
    stronger = _rank(invitation.program, invitation.evidence) < _rank(invitation.program, standing.evidence)
    if stronger and standing.status == "started":
        standing = replace(standing, evidence=invitation.evidence, click=invitation.click or standing.click)
    return turn.save_referral(standing)


# what refuses ---------------------------------------------------------------------------------------------------------


def _refused_or_review(turn: Turn, invitation: Invitation) -> list[str] | None:
    """None where a rule refuses; else the reasons for which a person should look at it."""
    before = len(turn.reasons)
    review: list[str] = []
    program, advocate = invitation.program, invitation.handle.participant
    if invitation.evidence not in program.model.attribution.evidence:
        values = {"evidence": invitation.evidence}
        turn.say("evidence_not_accepted", {**values}, program=program, rule="attribution.evidence")
    refuse_closed(turn, program, invitation.at_ms)
    if advocate == invitation.friend:
        turn.say("self_referral", program=program, rule="protection")
        return None
    _check_group(turn, invitation)
    _check_signals(turn, invitation, review)
    _check_audience(turn, invitation)
    _check_cycle(turn, invitation)
    if len(turn.reasons) == before:
        # Only an invitation that nothing else refuses is counted against a limit.
        _check_limits(turn, invitation, review)
    return review if len(turn.reasons) == before else None


def _check_group(turn: Turn, invitation: Invitation) -> None:
    """Who owns a group or is in it already is nobody that it could win."""
    if invitation.handle.group is None:
        return
    group, program = turn.group(invitation.handle.group), invitation.program
    member = turn.draft.get(MEMBERS, member_key(group.id, invitation.friend))
    if not group.open_at(invitation.at_ms):
        turn.say("group_closed", {"group": group.shop_id}, program=program)
    if invitation.friend == group.owner or (member is not None and member.active):
        turn.say("friend_is_member", {"group": group.shop_id}, program=program)


def _who_earns(turn: Turn, advocate: str, group: str | None) -> list[Participant]:
    """Everybody whom a referral may pay, besides its friend: the advocate, and the owner of the group."""
    people = [advocate] if group is None else [advocate, turn.group(group).owner]
    return [turn.person(person) for person in dict.fromkeys(people)]


def _shared(turn: Turn, friend: str, earning: list[Participant]) -> list[str]:
    """The kinds of signal that a friend shares with somebody who earns from him."""
    person = turn.person(friend)
    found = [shared_signals(person, other) for other in earning if other.id != friend]
    return list(dict.fromkeys(signal for signals in found for signal in signals))


def _check_signals(turn: Turn, invitation: Invitation, review: list[str]) -> None:
    earning = _who_earns(turn, invitation.handle.participant, invitation.handle.group)
    for signal, action in _doubts(turn, invitation.program, invitation.friend, earning):
        if action == "refuse":
            _refuse_signal(turn, invitation.program, signal)
        else:
            review.append(f"protection.{signal}")


def _doubts(
    turn: Turn, program: Program, friend: str, earning: list[Participant]
) -> Iterator[tuple[str, Literal["refuse", "review"]]]:
    """What speaks against a friend, under its key of `protection`, and what the program does then."""
    signals = _shared(turn, friend, earning)
    for key in [*signals, *(["household"] if has_another(turn, program.name, friend) else [])]:
        action = getattr(program.model.protection, key)
        if action != "allow":
            yield key, action


def _refuse_signal(turn: Turn, program: Program, signal: str, referral: str | None = None) -> None:
    rule = f"protection.{signal}"
    if signal == "household":
        turn.say("household_has_one", program=program, rule=rule, referral=referral)
    else:
        turn.say("shared_signal", {"signal": signal}, program=program, rule=rule, referral=referral)


def _check_audience(turn: Turn, invitation: Invitation) -> None:
    # Who buys for the first time is new to the order: a click may bring several.
    claimed_ms = invitation.at_ms if invitation.order is None else turn.occurred_ms
    subjects = Subjects(friend=invitation.friend, advocate=invitation.handle.participant, claimed_ms=claimed_ms)
    audience = invitation.program.model.audience
    sides = (
        ("advocate", "advocate_not_in_audience", audience.advocate),
        ("friend", "friend_not_in_audience", audience.friend),
    )
    for side, code, conditions in sides:
        for values in unmet(turn, conditions, subjects):
            turn.say(code, values, program=invitation.program, rule=f"audience.{side}")


def _check_cycle(turn: Turn, invitation: Invitation) -> None:
    program = invitation.program
    if invitation.order is not None:
        return  # it holds nobody, so that no chain can come of it
    scope = _scope(program, invitation.handle.group)
    person: str | None = invitation.handle.participant
    for _ in range(DEPTH_MAX):
        person = turn.draft.get(PARENTS, f"{scope}|{person}")
        if person is None:
            return
        if person == invitation.friend:
            turn.say("cycle", program=program)
            return
    turn.say("chain_too_long", {"limit": DEPTH_MAX}, program=program)


def limit_key(program: str, signal: str, value: str, period: str) -> str:
    """The counter of a limit."""
    return f"limit|{program}|{signal}|{value}|{period}"


def _check_limits(turn: Turn, invitation: Invitation, review: list[str]) -> None:
    program, friend = invitation.program, turn.person(invitation.friend)
    for index, limit in enumerate(program.model.protection.limits):
        value = signal_value(friend, limit.signal)
        if value is None:
            continue
        key = limit_key(
            program.name, limit.signal, value, period_key(invitation.at_ms, limit.period, program.model.zone)
        )
        used = turn.counter(key)
        path = f"protection.limits.{index}"
        if used < limit.count:
            continue
        if limit.action == "review":
            review.append(path)
        else:
            values = {"signal": limit.signal, "used": used, "limit": limit.count}
            turn.say("limit_reached", {**values}, program=program, rule=path)


def _count_limits(turn: Turn, invitation: Invitation) -> None:
    program, friend = invitation.program, turn.person(invitation.friend)
    keys = set()
    for limit in program.model.protection.limits:
        value = signal_value(friend, limit.signal)
        if value is not None:
            period = period_key(invitation.at_ms, limit.period, program.model.zone)
            keys.add(limit_key(program.name, limit.signal, value, period))
    for key in sorted(keys):
        turn.count(key, 1)


# who wins -------------------------------------------------------------------------------------------------------------


def _gives_way(turn: Turn, standing: Referral, invitation: Invitation) -> bool:
    """Whether a running referral is replaced; if not, the evidence is kept with it, beaten."""
    attribution = turn.programs.pinned(standing).model.attribution
    stronger = _rank(invitation.program, invitation.evidence) < _rank(invitation.program, standing.evidence)
    if standing.status == "started" and stronger and attribution.replace == "stronger":
        return True
    _keep_rival(turn, standing, invitation, "friend_taken")
    return False


def _keep_rival(
    turn: Turn, standing: Referral, invitation: Invitation, reason: Literal["friend_taken", "order_taken"]
) -> None:
    rival = Rival(
        advocate=invitation.handle.participant,
        code=invitation.handle.code,
        evidence=invitation.evidence,
        at_ms=invitation.at_ms,
        event=turn.event_id,
        reason=reason,
    )
    turn.save_referral(replace(standing, rivals=(*standing.rivals, rival)[-RIVALS_MAX:]))
    values = {"winner": standing.id, "evidence": standing.evidence}
    rule = "attribution.replace" if reason == "friend_taken" else "attribution.one_per"
    turn.say(reason, {**values}, program=invitation.program, rule=rule, referral=standing.id)


def _supersede(turn: Turn, standing: Referral, invitation: Invitation) -> Rival:
    moved = turn.move_referral(standing, "supersede")
    turn.unschedule("expire_referral", moved.id)
    values = {"evidence": invitation.evidence}
    program = invitation.program
    turn.say("referral_superseded", {**values}, program=program, rule="attribution.replace", referral=moved.id)
    for reward in turn.rewards_of(moved.id):
        if not reward.used:
            take_back(turn, reward, "referral_superseded")
    sync_referral(turn, turn.referral(moved.id))
    return Rival(moved.advocate, moved.code, moved.evidence, moved.claimed_ms, turn.event_id, "referral_superseded")


def _start(turn: Turn, invitation: Invitation, review: list[str], standing: Referral | None) -> Referral:
    rivals = (_supersede(turn, standing, invitation),) if standing else ()
    program = invitation.program
    id = turn.keyring.id("rf", program.name, turn.event_id, invitation.handle.code)
    referral = Referral(
        id=id,
        program=program.name,
        version=program.version,
        advocate=invitation.handle.participant,
        friend=invitation.friend,
        code=invitation.handle.code,
        evidence=invitation.evidence,
        claimed_ms=invitation.at_ms,
        until_ms=invitation.at_ms + program.model.attribution.window,
        moderation="pending_review" if review else "clear",
        moderation_why=tuple(review),
        rivals=rivals,
        click=invitation.click,
        group=invitation.handle.group,
        order=invitation.order,
        per_group=program.model.attribution.per_group and invitation.handle.group is not None,
    )
    referral = replace(referral, promised=promises(turn, program, referral))
    turn.draft.fresh(id, REWARDS_OF)
    turn.save_referral(referral)
    if referral.order is None:
        turn.draft.append(REFERRALS_OF, invitation.friend, id)
        turn.draft.put(PARENTS, f"{referral.scope}|{invitation.friend}", referral.advocate)
    _count_limits(turn, invitation)
    turn.tell("referral.started", id, referral.advocate)
    turn.say("referral_started", {"evidence": invitation.evidence}, program=program, referral=id)
    for path in review:
        values = {"signal": _review_signal(program, path)}
        turn.say("sent_to_review", {**values}, program=program, rule=path, referral=id)
    turn.schedule("expire_referral", id, referral.until_ms)
    grant_for_step(turn, program, referral, CLAIMED)
    # The order that this event tells comes by its own way.
    return turn.referral(id) if referral.order is not None else _find_past(turn, turn.referral(id))


def _review_signal(program: Program, path: str) -> str:
    """Which signal the rule at ``protection.SIGNAL`` or ``protection.limits.N`` looks at."""
    _, name, *number = path.split(".")
    return program.model.protection.limits[int(number[0])].signal if number else name


def _find_past(turn: Turn, referral: Referral) -> Referral:
    """A claim told late finds what its friend did since: sign-up, activities and first orders after the claim."""
    before = referral
    others = [other for other in all_referrals(turn, referral.friend) if _beside(other, referral)]
    for event, activity, hit in _past(turn, referral):
        if hit.at_ms < referral.claimed_ms or known_subject(referral, hit.subject):
            continue
        if activity and any(known_subject(other, hit.subject) for other in others):
            continue
        names = matches(turn, referral, event, hit, (activity, {}) if activity else None, quiet=True)
        referral = offer(referral, names, hit)
        order = order_of(turn, hit)
        if names and order:
            turn.draft.put(ORDERS, order.id, replace(order, referral=referral.id))
    return referral if referral == before else settle(turn, before, referral)


def _past(turn: Turn, referral: Referral) -> Iterator[tuple[str, str | None, Hit]]:
    person = turn.person(referral.friend)
    if person.signed_up_ms is not None:
        yield "sign_up", None, Hit("sign_up", person.signed_up_ms, turn.event_id)
    for name, times in sorted(person.activities.items()):
        for at_ms, event in times:
            yield "activity", name, Hit(f"activity:{event}", at_ms, event)
    told = getattr(turn.sealed.event, "order", None)
    for at_ms, id in first_orders(turn.draft, referral.friend):
        # An order earns once; the one that this event tells comes by its own way.
        if id != told and order_row(turn, id).referral is None:
            yield "order", None, Hit(f"{ORDER}{id}", at_ms, turn.event_id)


def revive(turn: Turn, referral: Referral, at_ms: int) -> Referral | None:
    """Bring an expired referral back for a late event from inside its window, unless its friend has another."""
    if referral.status != "expired" or not referral.claimed_ms <= at_ms < referral.until_ms:
        return None
    program = turn.programs.pinned(referral)
    standing = standing_referral(turn, referral.friend, program, referral.group)
    if standing:
        turn.say("friend_taken", {"winner": standing.id}, program=program, referral=referral.id)
        return None
    subjects = Subjects(friend=referral.friend, advocate=referral.advocate, claimed_ms=referral.claimed_ms)
    if unmet(turn, program.model.audience.friend, subjects):
        return None
    revived = turn.move_referral(referral, "revive")
    turn.say("referral_revived", program=program, referral=referral.id)
    return revived


def still_trusted(turn: Turn, referral: Referral) -> Referral | None:
    """Look again at what friend and advocate share, as a card is often seen first on the order; None where refused."""
    if referral.moderation in ("approved", "denied"):
        return referral
    program = turn.programs.pinned(referral)
    earning = _who_earns(turn, referral.advocate, referral.group)
    for signal, action in _doubts(turn, program, referral.friend, earning):
        path = f"protection.{signal}"
        if action == "refuse":
            _refuse_signal(turn, program, signal, referral.id)
            return None
        if path not in referral.moderation_why:
            why = (*referral.moderation_why, path)
            referral = turn.save_referral(replace(referral, moderation="pending_review", moderation_why=why))
            turn.say("sent_to_review", {"signal": signal}, program=program, rule=path, referral=referral.id)
    return referral


def _beside(one: Referral, other: Referral) -> bool:
    """Whether two referrals hold one friend for different groups of a program."""
    return one.per_group and other.per_group and one.id != other.id and one.program == other.program


def concerned(turn: Turn, friend: str, event: Activity | None) -> list[Referral]:
    """The referrals of a friend that something he does is about: of those for groups of a program, the groups of its codes."""
    found = all_referrals(turn, friend)
    if event is None or not any(row.per_group for row in found):
        return found
    groups: dict[str, set[str | None]] = {}
    for handle in _brought(turn, event):
        groups.setdefault(handle.program, set()).add(handle.group)
    return [row for row in found if not row.per_group or row.group in groups.get(row.program, {row.group})]


def _brought(turn: Turn, event: Activity) -> Iterator[Handle]:
    """The handles of the codes that an event brings in any way, whether they start anything or not."""
    claim = turn.draft.get(CLAIMS, event.claim) if event.claim is not None else None
    click = read_click(turn.keyring, event.click) if event.click is not None else None
    for code in (event.code, claim.code if claim else None, click.code if click else None):
        handle = turn.draft.get(HANDLES, code) if code is not None else None
        if handle is not None:
            yield handle


def was_customer_before(turn: Turn, referral: Referral) -> bool:
    """Whether an order from before the claim shows that the friend was not new, where the program asks for that."""
    audience = turn.programs.pinned(referral).model.audience.friend
    asks = any(c.attribute.name == "friend.new_customer" and c.operand is True for c in audience)
    first = earliest_order(turn.draft, referral.friend)
    return asks and first is not None and first < referral.claimed_ms


def all_referrals(turn: Turn, friend: str) -> list[Referral]:
    """Every referral of a friend, oldest first."""
    rows = [turn.draft.need(REFERRALS, id) for id in turn.draft.many(REFERRALS_OF, friend)]
    return sorted(rows, key=lambda r: (r.claimed_ms, r.id)) if len(rows) > 1 else rows
