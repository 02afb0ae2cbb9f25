"""What decisions will look at: keys by collection, in four rounds, whatever the size of the batch.

1. what the keys in the events name; 2. what those rows name; 3. what stands around them; 4. the counters and balances that
all of these can move. The ids that an event would create are known beforehand, so they are asked for as well.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from goodword.engine.asking import asks_key
from goodword.engine.attribution import limit_key
from goodword.engine.boards import contest_key, standing_key
from goodword.engine.clicks import Click, read_click
from goodword.engine.contests import drawn, entry_key, entry_rules
from goodword.engine.events import (
    Activity,
    AnyEvent,
    Ask,
    Cancel,
    Chargeback,
    Choice,
    Codes,
    Consent,
    Due,
    Enter,
    Erase,
    Exchange,
    GroupAction,
    Join,
    Link,
    Moderation,
    Objection,
    ObjectionAnswer,
    Order,
    PayOut,
    PayoutAction,
    Person,
    Profile,
    ProgramAction,
    Published,
    Refund,
    Review,
    RewardAction,
    Scheduled,
    Sealed,
    Share,
    Survey,
    Visits,
)
from goodword.engine.grants import budget_prefix, cap_base, dated, days_around, measure_key, queue_key, unit_in
from goodword.engine.groups import group_id, member_key, places_key
from goodword.engine.households import home_key, place_key
from goodword.engine.ids import HANDLE_TRIES, Keyring, normalise_code
from goodword.engine.measures import ACTIVITY
from goodword.engine.payouts import handed_over
from goodword.engine.people import SIGNALS, identity_keys, signal_value
from goodword.engine.pools import hash_in, pool_key
from goodword.engine.reward_books import collected_account
from goodword.engine.state import (
    ACTIVITIES,
    BALANCES,
    CLAIMS,
    CONTESTS,
    CONTESTS_OF,
    COUNTERS,
    ENTRIES,
    FIRST_ORDERS,
    FREE_CODES,
    GROUPS,
    HANDLES,
    HANDLES_OF,
    HELD_OF,
    IDENTITIES,
    IDENTITIES_OF,
    KEPT_OF,
    LEADERS,
    MEMBERS,
    MEMBERS_IN,
    MEMBERSHIPS,
    OBJECTIONS,
    OPEN_OBJECTIONS,
    ORDERS,
    PARENTS,
    PARTICIPANTS,
    PAYOUTS,
    PEOPLE,
    PEOPLE_IN,
    POOL_CODES,
    PROGRAMS,
    QUEUES,
    REFERRALS,
    REFERRALS_OF,
    REWARD_CODES,
    REWARDS,
    REWARDS_OF,
    STANDINGS,
    SURVEYS,
    SWEEPS,
    TIERS,
    WAITING_OF,
    WAITING_PAGE,
    Collection,
    ContestRow,
    Referral,
    State,
    code_queue,
    page_name,
    purse_of,
)
from goodword.engine.steps import ORDER
from goodword.engine.surveys import survey_of_claim
from goodword.engine.sweeps import EVERYONE, dated_rules, sweep_id, sweep_of
from goodword.engine.tiers import tier_key, tier_periods
from goodword.engine.turn import Programs
from goodword.engine.visits import since_key, visits_key
from goodword.program.duration import period_key
from goodword.program.loader import Program
from goodword.program.model import Reward as Rule

RowT = TypeVar("RowT")
Wants = dict[str, set[str]]
ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of a batch and what is needed to name what they would create."""

    sealed: Sequence[Sealed]
    keyring: Keyring


def needs(round: int, programs: Programs, batch: Batch, state: State) -> Wants:
    """The keys to load in a round (1 to 4), given what the rounds before brought."""
    wants: Wants = defaultdict(set)
    _ROUNDS[round - 1](programs, batch, state, wants)
    return wants


def _person(item: Sealed) -> Person | None:
    person: Person | None = getattr(item.event, "person", None)
    return person


def _want(wants: Wants, collection: Collection[Any], *keys: str | None) -> None:
    wants[collection.name].update([key for key in keys if key is not None])


def _loaded(state: State, collection: Collection[RowT]) -> list[RowT]:
    rows: dict[str, RowT | None] = state.rows[collection.name]
    return [row for row in rows.values() if row is not None]


# 1 --------------------------------------------------------------------------------------------------------------------


def _named_by_events(programs: Programs, batch: Batch, state: State, wants: Wants) -> None:
    for program in programs.versions.values():
        # What runs is read by every step that counts: mostly it is nothing, or a row that is in memory.
        _want(wants, CONTESTS_OF, program.name)
        _want(wants, CONTESTS, *(contest_key(program.name, name) for name in program.model.contests))
    # On the day of a program, everybody who does something is looked at.
    for program in programs.all_live:
        _want(wants, SWEEPS, *_days(program, batch.keyring))
    paid_each = any(rule.when.each for program in programs.versions.values() for rule in program.model.rewards.values())
    for item in batch.sealed:
        event = item.event
        person = _person(item)
        if paid_each:
            _want(wants, REWARDS_OF, *_sources(event))
        if person:
            _want(wants, IDENTITIES, *identity_keys(person))
        click = _clicked(item, batch.keyring)
        _want(wants, HANDLES, getattr(event, "code", None), click.code if click else None)
        _want(wants, CLAIMS, getattr(event, "claim", None))
        _want(wants, ORDERS, getattr(event, "order", None))
        _want(wants, GROUPS, *_named_groups(event, batch.keyring))
        match event:
            case Join() | Link(code=None):
                _want(wants, HANDLES, *(batch.keyring.handle(event.id, attempt) for attempt in range(HANDLE_TRIES)))
            case Order(redeems=redeems):
                _want(wants, REWARD_CODES, *(item.code for item in redeems))
            case Link(code=str(code)):
                _want(wants, HANDLES, normalise_code(code))
            case Share(code=code):
                _want(wants, COUNTERS, f"shares|{code}")
            case (
                Profile(participant=str(participant))
                | Consent(participant=str(participant))
                | Survey(participant=str(participant))
            ):
                _want(wants, PARTICIPANTS, participant)
            case Survey(claim=str(claim)):
                _want(wants, SURVEYS, survey_of_claim(batch.keyring, claim))
            case Objection(participant=participant, about=about):
                _want(wants, PARTICIPANTS, participant)
                _want(wants, REFERRALS, about)
                _want(wants, REWARDS, about)
            case Erase(participant=participant):
                _want(wants, PARTICIPANTS, participant)
            case Ask(program=name, place=place, participant=participant):
                _want(wants, PARTICIPANTS, participant)
                _want(wants, COUNTERS, asks_key(name, item.occurred_ms, place))
            case ObjectionAnswer(objection=objection):
                _want(wants, OBJECTIONS, objection)
            case Moderation(submission=submission):
                _want(wants, ACTIVITIES, submission)
            case Activity(id=id):
                _want(wants, ACTIVITIES, id)
            case ProgramAction(program=name) | Scheduled(program=name):
                _want(wants, PROGRAMS, name)
            case Published(program=name, version=version):
                _want(wants, PROGRAMS, name)
                _want(wants, SWEEPS, *_days(programs.versions[name, version], batch.keyring))
                _want(wants, COUNTERS, since_key(name))
            case Visits(program=name, code=code, day=day):
                _want(wants, COUNTERS, visits_key(code, day), since_key(name))
                _want(wants, REWARDS_OF, visits_key(code, day))
            case RewardAction(reward=reward) | Choice(reward=reward):
                _want(wants, REWARDS, reward)
            case Enter(program=name, contest=contest):
                _want(wants, CONTESTS, contest_key(name, contest))
            case Review(referral=referral):
                _want(wants, REFERRALS, referral)
            case Codes(pool=pool, codes=codes):
                _want(wants, POOL_CODES, *map(hash_in, codes))
                _want(wants, FREE_CODES, pool)
                _want(wants, QUEUES, code_queue(pool))  # who waits is served at once
                _want(wants, COUNTERS, pool_key(pool), queue_key(code_queue(pool)))
            case PayoutAction(payout=payout):
                _want(wants, PAYOUTS, payout)
            case PayOut(program=name, participant=participant):
                _want(wants, PARTICIPANTS, participant)
                if (current := programs.current(name)) is not None:
                    accounts = (collected_account(name, participant), *handed_over(name))
                    _want(wants, BALANCES, *(f"{account}|{current.model.currency}" for account in accounts))
            case Due(kind="payout", reference=reference):
                name, participant, unit = reference.split("|")
                _want(wants, PARTICIPANTS, participant)
                _want(
                    wants,
                    BALANCES,
                    *(f"{account}|{unit}" for account in (collected_account(name, participant), *handed_over(name))),
                )
            case Due(kind="publish" | "end", reference=name):
                _want(wants, PROGRAMS, name)
                _want(wants, COUNTERS, since_key(name))
            case Due(kind="erase" | "leave" as kind, reference=participant):
                _want(wants, HELD_OF if kind == "erase" else MEMBERSHIPS, participant)
                _want(wants, PARTICIPANTS, participant)
            case Due(kind="sweep", reference=reference):
                _want(wants, SWEEPS, sweep_of(reference))
            case Due():
                # A date that comes again names its rule behind the referral; the others name one row by its whole key.
                row = event.reference.partition("|")[0] if event.kind == "again" else event.reference
                _want(wants, _DUE_ROWS[event.kind], row)
                _want(wants, PARTICIPANTS, *([event.reference] if event.kind == "pay" else []))
                if event.kind == "tier":
                    participant = event.reference.partition("|")[2]
                    _want(wants, PARTICIPANTS, participant)
                    _want(wants, REWARDS_OF, participant)
                _want(wants, PARTICIPANTS, *([event.reference.partition(">")[0]] if event.kind == "keep" else []))
            case _:
                pass


def _days(program: Program, keyring: Keyring) -> Iterator[str]:
    """The sweeps of the days of a program."""
    return (
        sweep_id(keyring, program.name, name, EVERYONE, day)
        for name, _, day in dated_rules(program.model.rewards_for_everyone)
    )


def _named_groups(event: AnyEvent, keyring: Keyring) -> Iterator[str]:
    """The groups that an event names by the shop's own id."""
    match event:
        case GroupAction(program=program, group=group) | Join(program=program, group=str(group)):
            yield group_id(keyring, program, group)
        case _:
            pass


def _sources(event: AnyEvent) -> Iterator[str]:
    """What an event could be counted as, and paid for."""
    match event:
        case Order(order=order) | Refund(order=order) | Cancel(order=order) | Chargeback(order=order):
            yield f"{ORDER}{order}"
        case Activity(id=id) | Moderation(submission=id):
            yield f"{ACTIVITY}{id}"
        case _:
            pass


def _clicked(item: Sealed, keyring: Keyring) -> Click | None:
    token = getattr(item.event, "click", None)
    return read_click(keyring, token) if token else None


_DUE_ROWS: dict[str, Collection[Any]] = {
    "mature": REWARDS,
    "expire_reward": REWARDS,
    "expiring": REWARDS,
    "expire_referral": REFERRALS,
    "pay": WAITING_OF,
    "answer": REWARDS,
    "contest": CONTESTS,
    "tier": TIERS,
    "keep": KEPT_OF,
    "kept": REWARDS,
    "again": REFERRALS,
    "fund": QUEUES,
    "codes": QUEUES,
    "forget": IDENTITIES_OF,
}

# 2 --------------------------------------------------------------------------------------------------------------------


def _named_by_rows(programs: Programs, batch: Batch, state: State, wants: Wants) -> None:
    people = set(_loaded(state, IDENTITIES))
    _want(wants, PARTICIPANTS, *people, *(handle.participant for handle in _loaded(state, HANDLES)))
    _want(wants, HANDLES, *(claim.code for claim in _loaded(state, CLAIMS)))
    for index in (HANDLES_OF, REFERRALS_OF, FIRST_ORDERS):
        _want(wants, index, *people)
    for order in _loaded(state, ORDERS):
        _want(wants, PARTICIPANTS, order.participant)
        _want(wants, FIRST_ORDERS, order.participant)
        _want(wants, HANDLES_OF, order.participant)
        _want(wants, REFERRALS, order.referral)
        _want(wants, REWARDS_OF, order.referral)
        _want(wants, REWARDS, *(redemption.reward for redemption in order.redemptions))
    for row in _loaded(state, ACTIVITIES):
        _want(wants, REWARDS, row.reward)
        _want(wants, PARTICIPANTS, row.participant)
        for index in (HANDLES_OF, REFERRALS_OF, FIRST_ORDERS):
            _want(wants, index, row.participant)
    for item in batch.sealed:
        if isinstance(item.event, Exchange):
            _want(wants, QUEUES, *_purses(programs, batch, state, item.event))
        if isinstance(item.event, Objection | Erase):
            _want(wants, OPEN_OBJECTIONS, *_named(item, state))
        if isinstance(item.event, Erase):
            _want(wants, HANDLES_OF, *_named(item, state))
    for objection in _loaded(state, OBJECTIONS):
        _want(wants, OPEN_OBJECTIONS, objection.participant)
        _want(wants, PARTICIPANTS, objection.participant)
        _want(wants, REFERRALS, objection.about)
        _want(wants, REWARDS, objection.about)
    for ids in _loaded(state, KEPT_OF):
        _want(wants, REWARDS, *ids)
    for ids in _loaded(state, MEMBERSHIPS):
        _want(wants, REWARDS_OF, *ids)
    for payout in _loaded(state, PAYOUTS):
        _want(wants, PARTICIPANTS, payout.participant)
        account = collected_account(payout.program, payout.participant)
        _want(wants, BALANCES, *(f"{name}|{payout.unit}" for name in (account, *handed_over(payout.program))))
    for reward in _loaded(state, REWARDS):
        _want(wants, PARTICIPANTS, reward.participant)
        _want(wants, REFERRALS, reward.referral)
        _want(wants, ACTIVITIES, reward.submission or None)
        _want(wants, REWARDS_OF, reward.subject, reward.referral)
        _want(wants, REWARDS, *reward.paid)
    for referral in _loaded(state, REFERRALS):
        _want(wants, REWARDS_OF, referral.id)
    for contest in _decided(batch, state):
        _want(wants, REWARDS, *contest.held)
        if contest.status in ("counting", "drawing"):
            _want(wants, ENTRIES, f"{contest.id}|{contest.cursor}")
        elif contest.status == "open" and not contest.seed_hash:
            _want(wants, LEADERS, contest.id)
        else:
            _want_entrants(wants, drawn(contest))
    _pages(batch, state, wants)
    _want(wants, GROUPS, *(handle.group for handle in _loaded(state, HANDLES)))
    for group in _loaded(state, GROUPS):
        _want(wants, REWARDS_OF, group.id)
        _want(wants, PARTICIPANTS, group.owner)
    _members(batch, state, wants)
    for _, _, counter, sweep in _thresholds(programs, batch, _brought_together(batch, state)):
        _want(wants, COUNTERS, counter)
        _want(wants, SWEEPS, sweep)


def _named(item: Sealed, state: State) -> Iterator[str]:
    """Whom an event names in one of the two ways, as far as he is known."""
    event, person = item.event, _person(item)
    if (participant := getattr(event, "participant", None)) is not None:
        yield participant
    found = (state.rows[IDENTITIES.name].get(key) for key in identity_keys(person)) if person else ()
    yield from (id for id in found if id is not None)


def _decided(batch: Batch, state: State) -> Iterator[ContestRow]:
    """The contests that this batch decides about."""
    for item in batch.sealed:
        if isinstance(item.event, Due) and item.event.kind == "contest":
            row = state.rows[CONTESTS.name].get(item.event.reference)
            if row is not None:
                yield row


def _entrants(batch: Batch, state: State) -> Iterator[str]:
    """Who may win something in this batch."""
    for contest in _decided(batch, state):
        if contest.status == "awarding":
            yield from drawn(contest)
        for id in state.rows[LEADERS.name].get(contest.id) or ():
            yield state.rows[STANDINGS.name][id].entrant


def _want_entrants(wants: Wants, entrants: Iterable[str]) -> None:
    """An entrant is a participant or a referral: one of the two is not there, and costs nothing."""
    for entrant in entrants:
        _want(wants, PARTICIPANTS, entrant)
        _want(wants, REFERRALS, entrant)
        _want(wants, REWARDS_OF, entrant)
        _want(wants, FIRST_ORDERS, entrant)


def _purses(programs: Programs, batch: Batch, state: State, event: Exchange) -> Iterator[str]:
    """What whoever wants to exchange something may spend: his own, or of him whom this event creates."""
    program = programs.current(event.program)
    rule = program.model.rewards.get(event.reward) if program else None
    if program is None or rule is None or rule.when.exchange is None:
        return
    found = [state.rows[IDENTITIES.name].get(key) for key in identity_keys(event.person)]
    for person in {batch.keyring.id("pt", event.id), *(id for id in found if id is not None)}:
        yield purse_of(person, program.name, rule.when.exchange.unit)


def _pages(batch: Batch, state: State, wants: Wants) -> None:
    """The people on the pages of sweeps that are due."""
    for item in batch.sealed:
        if not isinstance(item.event, Due) or item.event.kind != "sweep":
            continue
        sweep = state.rows[SWEEPS.name].get(sweep_of(item.event.reference))
        if sweep is not None:
            index: Collection[Any] = PEOPLE_IN if sweep.of == EVERYONE else MEMBERS_IN
            _want(wants, index, page_name(sweep.of, sweep.page))
            _want(wants, GROUPS, *([sweep.of] if sweep.of != EVERYONE else []))


def _ask_who_referred(programs: Programs) -> bool:
    """Whether something is given to many on the condition that somebody referred them."""
    rules = (rule for program in programs.versions.values() for rule in program.model.rewards.values())
    return any(condition.attribute.key == "referred" for rule in rules for condition in rule.where)


def _on_pages(state: State) -> set[str]:
    """Who stands on the loaded pages."""
    members = state.rows[MEMBERS.name]
    keys = [key for page in _loaded(state, MEMBERS_IN) for key in page]
    return {id for page in _loaded(state, PEOPLE_IN) for id in page} | {
        member.participant for key in keys if (member := members.get(key)) is not None
    }


def _members(batch: Batch, state: State, wants: Wants) -> None:
    """Who an event may make a member, or unmake: its person in the groups that it or its codes name; friends in theirs."""
    invited = any(handle.group is not None for handle in _loaded(state, HANDLES))
    for item in batch.sealed:
        groups = {*_named_groups(item.event, batch.keyring), *(_invited_to(item, batch, state) if invited else ())}
        person = _person(item) if groups else None
        if person is None:
            continue
        rows = (state.rows[IDENTITIES.name].get(key) for key in identity_keys(person))
        known = {id for id in rows if id is not None}
        for group in groups:
            keys = [member_key(group, id) for id in known]
            _want(wants, MEMBERS, *keys)
            _want(wants, REWARDS_OF, *keys)
            _want(wants, PARENTS, *keys)
            if not known:
                # Whoever this event may create is a member of nothing yet, and nobody's friend.
                made = member_key(group, batch.keyring.id("pt", item.event.id))
                for collection in (MEMBERS, PARENTS):
                    state.rows[collection.name].setdefault(made, None)
    for referral in _loaded(state, REFERRALS):
        if referral.group is not None:
            key = member_key(referral.group, referral.friend)
            _want(wants, GROUPS, referral.group)
            _want(wants, REWARDS_OF, referral.group, key)
            _want(wants, MEMBERS, key)


def _invited_to(item: Sealed, batch: Batch, state: State) -> Iterator[str]:
    """The groups behind the codes that an event brings along."""
    claim = state.rows[CLAIMS.name].get(getattr(item.event, "claim", None) or "")
    click = _clicked(item, batch.keyring)
    codes = (getattr(item.event, "code", None), claim.code if claim else None, click.code if click else None)
    for code in codes:
        handle = state.rows[HANDLES.name].get(code) if code else None
        if handle is not None and handle.group is not None:
            yield handle.group


def _brought_together(batch: Batch, state: State) -> Counter[str]:
    """The groups for whose numbers the events of a batch may count, each with how many events that are."""
    found = Counter(id for item in batch.sealed for id in _named_groups(item.event, batch.keyring))
    if any(handle.group is not None for handle in _loaded(state, HANDLES)):
        found.update(id for item in batch.sealed for id in _invited_to(item, batch, state))
    return found


def _thresholds(programs: Programs, batch: Batch, groups: Iterable[str]) -> Iterator[tuple[str, int, str, str]]:
    """What gives something to all members of these groups: group, the number it takes, its counter, the sweep it opens."""
    for program in programs.versions.values():
        for name in program.model.rewards_for_groups:
            when = program.model.rewards[name].when
            assert when.measure is not None  # noqa: S101
            assert when.at is not None  # noqa: S101
            for group in groups:
                sweep = sweep_id(batch.keyring, program.name, name, group)
                yield group, when.at, measure_key(program.name, when.measure, group), sweep


def _unlocked(programs: Programs, batch: Batch, state: State) -> Iterator[str]:
    """The first pages of groups that this batch may bring to such a number: who stands there is looked at in it as well."""
    counters, sweeps = state.rows[COUNTERS.name], state.rows[SWEEPS.name]
    coming = _brought_together(batch, state)
    for group, number, counter, sweep in _thresholds(programs, batch, coming):
        if sweeps.get(sweep) is None and (counters.get(counter) or 0) + coming[group] >= number:
            yield page_name(group, 0)


# 3 --------------------------------------------------------------------------------------------------------------------


def _around(programs: Programs, batch: Batch, state: State, wants: Wants) -> None:
    handles = _loaded(state, HANDLES)
    people = set(_loaded(state, IDENTITIES))
    _want(wants, PARTICIPANTS, *(handle.participant for handle in handles))
    for program in programs.live:
        _want(wants, PARENTS, *(f"{program}|{person}" for person in people))
    for handle in handles:
        _want(wants, PARENTS, f"{handle.program}|{handle.participant}")
        _want(wants, PARENTS, *([f"{handle.group}|{handle.participant}"] if handle.group else []))
    advocates = {handle.participant for handle in handles}
    for referral in _loaded(state, REFERRALS):
        advocates.add(referral.advocate)
        _want(wants, PARTICIPANTS, referral.friend, referral.advocate)
        _want(wants, FIRST_ORDERS, referral.friend, referral.advocate)
        _want(wants, REFERRALS_OF, referral.friend)
        _want(wants, REWARDS_OF, referral.id)
        _want(wants, PARENTS, f"{referral.scope}|{referral.friend}")
        _want(wants, ORDERS, *_orders_of(referral))
    _want(wants, FIRST_ORDERS, *advocates)
    if programs.with_households:
        at_home = [person.id for person in _loaded(state, PARTICIPANTS)]
        _want(wants, FIRST_ORDERS, *at_home)
        _want(wants, REFERRALS_OF, *at_home)
    _want_entrants(wants, _entrants(batch, state))
    _swept(programs, state, people if any(p.model.rewards_for_everyone for p in programs.all_live) else set(), wants)
    _want(wants, MEMBERS_IN, *_unlocked(programs, batch, state))
    # What is told of somebody may be what his rewards wait for. A page that is full is loaded where it is looked at.
    told = (person for person in _loaded(state, PARTICIPANTS) if person.id in people)
    _want(wants, WAITING_OF, *(person.id for person in told if 0 < person.waiting < WAITING_PAGE))
    _want(wants, GROUPS, *(handle.group for handle in handles))
    for group in _loaded(state, GROUPS):
        _want(wants, REWARDS_OF, group.id, group.owner)
        _want(wants, PARTICIPANTS, group.owner)
        _want(wants, FIRST_ORDERS, group.owner)
    _members(batch, state, wants)
    models = [program.model for program in programs.versions.values()]
    if any(model.measures for model in models):
        _want(wants, REWARDS_OF, *advocates, *people)
    if any(measure.within for model in models for _, measure in model.measures_of["referrals"]):
        _want(wants, HANDLES_OF, *advocates)
    if any(model.measures_of["rewards"] for model in models):
        _want(wants, REWARDS_OF, *(referral.friend for referral in _loaded(state, REFERRALS)))
        _want(wants, REWARDS_OF, *(reward.participant for reward in _loaded(state, REWARDS)))
    for orders in _loaded(state, FIRST_ORDERS):
        _want(wants, ORDERS, *(order for _, order in orders))
    for reward in _loaded(state, REWARDS):
        _want(wants, PARTICIPANTS, reward.participant)
        _want(wants, FIRST_ORDERS, reward.participant)
        _want(wants, REFERRALS, reward.referral)
        _want(wants, REWARDS_OF, reward.subject)
        _want(wants, ORDERS, reward.order)
        _want(wants, REWARDS, *reward.paid)


def _swept(programs: Programs, state: State, others: set[str], wants: Wants) -> None:
    """Who stands on the loaded pages, and others who may be looked at as they are."""
    found = _on_pages(state) | others
    _want(wants, PARTICIPANTS, *found)
    _want(wants, FIRST_ORDERS, *found)
    _want(wants, REWARDS_OF, *found)
    if _ask_who_referred(programs):
        _want(wants, REFERRALS_OF, *found)
    _want(wants, REWARDS_OF, *(key for page in _loaded(state, MEMBERS_IN) for key in page))


def _orders_of(referral: Referral) -> Iterator[str]:
    for step in referral.steps.values():
        for hit in (step.hit, *step.spares):
            if hit and hit.subject.startswith(ORDER):
                yield hit.subject.removeprefix(ORDER)


# 4 --------------------------------------------------------------------------------------------------------------------


def _amounts(programs: Programs, batch: Batch, state: State, wants: Wants) -> None:
    times = _times(batch, state)
    clocks = {state.tenant.clock_ms, *(item.clock_ms for item in batch.sealed)}
    if any(program.model.tiers for program in programs.versions.values()):
        times |= clocks  # what comes with a tier is granted now, also by an event that is told late
    _swept(programs, state, set(), wants)
    recipients, newcomers = _recipients(batch, state)
    if any(program.model.rewards_for_everyone for program in programs.all_live):
        recipients, newcomers = _everybody(batch, state, recipients, newcomers)
    _want(wants, COUNTERS, PEOPLE)
    groups = _groups(batch, state)
    balances, counters = state.rows[BALANCES.name], state.rows[COUNTERS.name]
    for program in programs.versions.values():
        _want(wants, BALANCES, *_accounts(program), *_balances(program, recipients))
        _want(wants, COUNTERS, *(queue_key(budget_prefix(program.name, name)) for name in program.model.budgets))
        _want(wants, COUNTERS, *(queue_key(code_queue(pool)) for pool in program.model.pools))
        _want(wants, FREE_CODES, *program.model.pools)
        _want(wants, COUNTERS, *_cap_keys(program, None, times), *_limit_keys(program, batch, state, times))
        _want(wants, COUNTERS, *_entries(program, batch, state))
        _want(wants, COUNTERS, *_personal_counters(program, recipients, times, clocks))
        _want(wants, TIERS, *_tier_rows(program, recipients))
        _want(wants, COUNTERS, *_measure_keys(program, "group", groups, times))
        # Whoever this batch may create stands in no database yet, and most of a batch can be such people.
        for key in _balances(program, newcomers):
            balances.setdefault(key, None)
        for key in _personal_counters(program, newcomers, times, clocks):
            counters.setdefault(key, None)
        for key in _tier_rows(program, newcomers):
            state.rows[TIERS.name].setdefault(key, None)
    _want(wants, COUNTERS, *_homes(programs, batch, state))
    for contest in _loaded(state, CONTESTS):
        counter = measure_key(contest.program, f"{contest.measure}@{contest.contest}", "")
        _want(wants, COUNTERS, *(f"{counter}{person}" for person in recipients))
        if contest.status == "open":
            _want(wants, STANDINGS, *(standing_key(contest.id, person) for person in recipients))
        for person in newcomers:
            counters.setdefault(f"{counter}{person}", None)
            state.rows[STANDINGS.name].setdefault(standing_key(contest.id, person), None)
    for reward in _loaded(state, REWARDS):
        _want(wants, COUNTERS, *reward.cap_keys, *reward.doubted)
        _want(wants, ORDERS, reward.order)
        _want(wants, REFERRALS, reward.referral)
        _want(wants, PARTICIPANTS, reward.participant)
        _want(wants, REWARDS_OF, reward.subject, reward.referral)
    for order in _loaded(state, ORDERS):
        _want(wants, COUNTERS, *order.measured)
    for row in _loaded(state, ACTIVITIES):
        _want(wants, COUNTERS, *row.measured)
    for member in _loaded(state, MEMBERS):
        _want(wants, COUNTERS, *member.measured)
    for referral in _loaded(state, REFERRALS):
        _want(wants, PARTICIPANTS, referral.friend, referral.advocate)
        _want(wants, FIRST_ORDERS, referral.friend, referral.advocate)
        _want(wants, ORDERS, *_orders_of(referral))
    for group in _loaded(state, GROUPS):
        _want(wants, PARTICIPANTS, group.owner)
        _want(wants, FIRST_ORDERS, group.owner)
        _want(wants, REWARDS_OF, group.id, group.owner)
    _members(batch, state, wants)
    for program in programs.versions.values():
        names = program.model.rewards_for_groups
        _want(wants, SWEEPS, *(sweep_id(batch.keyring, program.name, name, id) for name in names for id in groups))


def _recipients(batch: Batch, state: State) -> tuple[set[str], set[str]]:
    """Whose balances and counters this batch can move: nobody's who neither invites nor was invited nor has a reward.

    Those that are there, and those that this batch creates if it creates them.
    """
    found = {handle.participant for handle in _loaded(state, HANDLES)}
    found |= {person for referral in _loaded(state, REFERRALS) for person in (referral.friend, referral.advocate)}
    found |= {reward.participant for reward in _loaded(state, REWARDS)}
    found.update(_entrants(batch, state))
    found |= {
        item.event.reference.partition("|")[2]
        for item in batch.sealed
        if isinstance(item.event, Due) and item.event.kind == "tier"
    }
    found |= {
        item.event.reference for item in batch.sealed if isinstance(item.event, Due) and item.event.kind == "leave"
    }
    found |= {group.owner for group in _loaded(state, GROUPS)}
    found |= _on_pages(state)
    newcomers: set[str] = set()
    for item in batch.sealed:
        person = _person(item)
        invited = any(getattr(item.event, name, None) for name in ("code", "claim", "click"))
        if person is not None and (invited or isinstance(item.event, Join | Enter | Exchange | GroupAction)):
            rows = (state.rows[IDENTITIES.name].get(key) for key in identity_keys(person))
            known = {id for id in rows if id is not None}
            found |= known
            if not known:
                newcomers.add(batch.keyring.id("pt", item.event.id))
    return found, newcomers


def _everybody(batch: Batch, state: State, found: set[str], newcomers: set[str]) -> tuple[set[str], set[str]]:
    """Those and everybody else of whom an event tells."""
    found = found | set(_loaded(state, IDENTITIES)) | {person.id for person in _loaded(state, PARTICIPANTS)}
    made = {batch.keyring.id("pt", item.event.id) for item in batch.sealed if _person(item) is not None}
    return found, newcomers | (made - found)


def _times(batch: Batch, state: State) -> set[int]:
    """Every moment at which a cap or a limit may be read."""
    times = {item.occurred_ms for item in batch.sealed if not isinstance(item.event, Published)}
    times |= {claim.claimed_ms for claim in _loaded(state, CLAIMS)}
    times |= {click.at_ms for item in batch.sealed if (click := _clicked(item, batch.keyring))}
    for referral in _loaded(state, REFERRALS):
        times.add(referral.claimed_ms)
        times |= {hit.at_ms for step in referral.steps.values() for hit in (step.hit, *step.spares) if hit}
    for orders in _loaded(state, FIRST_ORDERS):
        times |= {at_ms for at_ms, _ in orders}
    times |= {order.placed_ms for order in _loaded(state, ORDERS) if order.placed_ms is not None}
    times |= {row.at_ms for row in _loaded(state, ACTIVITIES)}
    times |= {row.joined_ms for row in _loaded(state, MEMBERS)}
    times |= {sweep.opened_ms for sweep in _loaded(state, SWEEPS) if sweep.opened_ms is not None}
    chosen = {item.event.reward for item in batch.sealed if isinstance(item.event, Choice)}
    times |= {reward.granted_ms for reward in _loaded(state, REWARDS) if reward.id in chosen}
    for person in _loaded(state, PARTICIPANTS):
        times |= {at_ms for seen in person.activities.values() for at_ms, _ in seen}
        times |= {person.signed_up_ms} if person.signed_up_ms is not None else set()
    return times


def units_of(program: Program) -> set[str]:
    """The units in which a program's accounts are kept."""
    rules = program.model.rewards.values()
    return {program.model.currency} | {
        unit_in(program, benefit) for rule in rules for benefit in rule.benefits.values()
    }


def _balances(program: Program, people: set[str]) -> Iterator[str]:
    for unit in units_of(program):
        yield from (f"balance:{person}|{unit}" for person in people)
    if program.model.payouts is not None:
        yield from (f"{collected_account(program.name, person)}|{program.model.currency}" for person in people)


def _accounts(program: Program) -> Iterator[str]:
    names = ("cost", "pending", "approved", "redeemed", "expired", "reversed")
    if program.model.payouts is not None:
        yield from (f"{account}|{program.model.currency}" for account in handed_over(program.name))
    for unit in units_of(program):
        yield from (f"{name}:{program.name}|{unit}" for name in names)
    for name, budget in program.model.budgets.items():
        prefix = budget_prefix(program.name, name)
        yield from (f"{prefix}:{end}|{budget.amount.unit}" for end in ("funding", "free", "reserved", "spent"))


def _tier_rows(program: Program, people: Iterable[str]) -> Iterator[str]:
    return (tier_key(program.name, person) for person in people) if program.model.tiers else iter(())


def _groups(batch: Batch, state: State) -> set[str]:
    """The groups whose numbers this batch can move, those among them that it may create."""
    named = {id for item in batch.sealed for id in _named_groups(item.event, batch.keyring)}
    return named | {group.id for group in _loaded(state, GROUPS)}


def _personal_counters(program: Program, people: set[str], times: set[int], clocks: set[int]) -> Iterator[str]:
    yield from _cap_keys(program, people, times)
    yield from _measure_keys(program, "advocate", people, times)
    if program.model.groups is not None:
        yield from (places_key(program.name, person) for person in people)
    if (ladder := program.model.tiers) is not None:
        measure = program.model.measures[ladder.measure]
        periods = {period for at_ms in times | clocks for period in tier_periods(measure, at_ms, program)}
        for period in periods:
            yield from (measure_key(program.name, f"{ladder.measure}{period}", person) for person in people)


def _measure_keys(
    program: Program, of: Literal["advocate", "group"], owners: set[str], times: set[int]
) -> Iterator[str]:
    for name, measure in program.model.measures.items():
        if measure.of != of:
            continue
        moments = [0] if measure.period == "ever" else times
        for label in {dated(name, measure, at_ms, program) for at_ms in moments}:
            yield from (measure_key(program.name, label, owner) for owner in owners)


def _cap_keys(program: Program, people: set[str] | None, times: set[int]) -> Iterator[str]:
    """The counters of caps for these people; without them, those that count for a whole program."""
    zone = program.model.zone
    for name, rule in program.model.rewards.items():
        for per, period in rule.cap_scopes:
            if (per == "participant") == (people is None):
                continue
            keys = {"ever"} if period == "ever" else {period_key(at_ms, period, zone) for at_ms in times}
            for side in rule.sides:
                for who in {"*"} if people is None else people:
                    for key in keys:
                        base = cap_base(program.name, name, side, per, who, key)
                        yield f"{base}|n"
                        yield f"{base}|a"
        yield from _window_keys(program, name, rule, people, times)


def _window_keys(program: Program, name: str, rule: Rule, people: set[str] | None, times: set[int]) -> Iterator[str]:
    """The counters by day that caps over a moving window look at."""
    for cap in rule.caps:
        if cap.days is None or (cap.per == "participant") == (people is None):
            continue
        days = {day for at_ms in times for day in days_around(at_ms, cap.days, program.model.zone)}
        end = "n" if cap.count is not None else "a"
        for side in rule.sides:
            for who in {"*"} if people is None else people:
                stem = cap_base(program.name, name, side, cap.per, who, "")
                yield from (f"{stem}{day}|{end}" for day in days)


def _limit_keys(program: Program, batch: Batch, state: State, times: set[int]) -> Iterator[str]:
    people = _loaded(state, PARTICIPANTS)
    for limit in program.model.protection.limits:
        assert limit.signal in SIGNALS  # noqa: S101
        told = {getattr(person, limit.signal) for item in batch.sealed if (person := _person(item))}
        values = told | {signal_value(person, limit.signal) for person in people}
        periods = {period_key(at_ms, limit.period, program.model.zone) for at_ms in times}
        yield from (limit_key(program.name, limit.signal, v, p) for v in values if v for p in periods)


def _entries(program: Program, batch: Batch, state: State) -> Iterator[str]:
    """The counters of the free entries of a batch: by what they tell, and by what is known of whoever enters."""
    for item in batch.sealed:
        event = item.event
        if not isinstance(event, Enter) or event.program != program.name:
            continue
        found = (state.rows[IDENTITIES.name].get(key) for key in identity_keys(event.person))
        people = [state.rows[PARTICIPANTS.name].get(id) for id in found if id is not None]
        for signal, period, _, _ in entry_rules(program):
            values = {getattr(event.person, signal), *(signal_value(person, signal) for person in people if person)}
            contest = contest_key(program.name, event.contest)
            yield from (entry_key(contest, signal, v, item.occurred_ms, period, program) for v in values if v)


def _homes(programs: Programs, batch: Batch, state: State) -> Iterator[str]:
    """The counters of every address at which somebody stood or comes to stand."""
    looking = [program.name for program in programs.with_households]
    if not looking:
        return
    people = _loaded(state, PARTICIPANTS)
    lives = {(address, person.id) for person in people for address in person.signals.get("address", ())}
    for item in batch.sealed:
        person = _person(item)
        if person is None or person.address is None:
            continue
        found = (state.rows[IDENTITIES.name].get(key) for key in identity_keys(person))
        known = {getattr(item.event, "participant", None), batch.keyring.id("pt", item.event.id), *found}
        lives |= {(person.address, id) for id in known if id is not None}
    for name in looking:
        yield from {home_key(name, address) for address, _ in lives}
        yield from (place_key(name, address, participant) for address, participant in lives)


_ROUNDS = (_named_by_events, _named_by_rows, _around, _amounts)
