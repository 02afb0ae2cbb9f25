"""What an advocate's pages show besides their frame: sharing, rewards, friends, where something is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goodword.edge.qr import Picture, draw
from goodword.engine.surveys import EVERY_DAYS
from goodword.portal.achievements import Achieved, achieved
from goodword.portal.friend import Closed
from goodword.portal.mine import Board, Leader, Mine
from goodword.portal.progress import Progress, progress, what_counts
from goodword.portal.promised import Promised, promised
from goodword.portal.sharing import Shared, Way, message_for, ways
from goodword.portal.whereabouts import Line, Teller
from goodword.program.duration import DAY_MS, local_date
from goodword.program.loader import Program
from goodword.program.quantity import Quantity
from goodword.storage.reads import Movement, Page
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, calendar_day, isolate, number
from goodword.words.headline import benefit_text
from goodword.words.phrases import own_word

PREFIX = "/me/programs/"
QR_SIZE = 240
"""How large the code of a link is drawn, in pixels."""


@dataclass(frozen=True, slots=True)
class Row:
    """A place of a leaderboard."""

    place: str
    who: str
    score: str
    mine: bool


@dataclass(frozen=True, slots=True)
class Ranking:
    """A contest that runs or was decided."""

    id: str
    title: str
    note: str
    rows: tuple[Row, ...]
    score: str
    public: str | None
    """Where everybody sees it; None of a draw, which has no order."""


@dataclass(frozen=True, slots=True)
class ShareView:
    """The page from which an advocate shares, and on which he sees how far he has come."""

    path: str
    promised: Promised
    closed: Closed | None
    confirmed: bool
    invited: bool
    """Whether a friend brought him, he has brought nobody yet, and it is a moment to say so: whoever is reminded invites more often."""
    accepts: bool
    """Whether the terms in force wait for his acceptance."""
    version: int
    code: str
    link: str
    qr: str
    """An SVG of our own making."""
    shared: Shared
    ways: tuple[Way, ...]
    tier: str
    bars: tuple[Progress, ...]
    rankings: tuple[Ranking, ...]
    friends: tuple[Line, ...]
    older: str | None
    """Where friends of before are listed."""
    asks: bool
    """Whether he is asked what he thinks: once something has come of it, and not again too soon."""
    achieved: tuple[Achieved, ...]
    """What is worth sharing, each with a picture."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that points are spent on."""

    name: str
    text: str
    price: str
    affordable: bool


@dataclass(frozen=True, slots=True)
class RewardsView:
    """What an advocate has, and where it is."""

    path: str
    balances: tuple[tuple[str, str], ...]
    """Pairs of what is counted, and how much there is."""
    rewards: tuple[Line, ...]
    older: str | None
    """Where rewards of before are listed."""
    offers: tuple[Offer, ...]
    objections: tuple[Line, ...]
    refused: str
    """Why an objection was not taken."""
    id: str
    """Under which spending is told, with the number of the offer: pressed twice, it is spent once."""


def share_view(mine: Mine, language: str, origin: str, *, confirmed: bool) -> ShareView:
    """The page for sharing. Whoever has not confirmed his address sees his link and nothing that he has."""
    today = local_date(mine.now_ms, mine.zone)
    said = promised(mine.program, language, today)
    handle = mine.handles[0]
    link = f"{origin}/r/{handle.written}"
    earns = bool(said.sides.advocate) or said.sides.more
    shared = message_for(language, link, said.sides.friend, earns, partner=mine.program.model.for_partners)
    teller, path = Teller(mine, language), path_of(mine.program.name)
    return ShareView(
        path=path,
        promised=said,
        closed=mine.closed,
        confirmed=confirmed,
        invited=mine.reminded,
        accepts=confirmed and mine.closed is None and not _accepted(mine),
        version=mine.program.version,
        code=handle.written,
        link=link,
        qr=draw(Picture(link, "svg", QR_SIZE)).decode(),
        shared=shared,
        ways=ways(language, shared, mine.participant.country),
        tier=own_word("tier", mine.tier, language) if mine.tier else "",
        bars=progress(mine, language) if confirmed else (),
        rankings=tuple(ranking(mine.program, board, language, mine.participant.id) for board in mine.boards)
        if confirmed
        else (),
        friends=tuple(teller.friend_line(row, f"{path}/friends/{row.id}") for row in mine.referrals),
        older=f"{path}?after={mine.more_referrals}" if mine.more_referrals else None,
        asks=confirmed and bool(mine.referrals or mine.rewards or mine.invited) and may_be_surveyed(mine),
        achieved=achieved(mine, language) if confirmed else (),
    )


def _accepted(mine: Mine) -> bool:
    """Whether he has accepted the terms in force, in whatever language."""
    wanted = (mine.program.name, mine.program.version)
    return any((one.program, one.version) == wanted for one in mine.participant.accepted)


def may_be_surveyed(mine: Mine) -> bool:
    """Whether it is long enough ago that he said what he thinks."""
    last_ms = mine.participant.surveyed_ms
    return last_ms is None or mine.now_ms >= last_ms + EVERY_DAYS * DAY_MS


def rewards_view(mine: Mine, language: str, balances: dict[str, int], id: str, refused: str = "") -> RewardsView:
    """The page of what he has. Balances belong to a person, whatever the program."""
    texts, teller, path = catalogue(language), Teller(mine, language), path_of(mine.program.name)
    shown = [
        (texts.text("rewards.balance"), amount(Quantity(sum_, unit), language))
        for unit, sum_ in balances.items()
        if sum_
    ]
    return RewardsView(
        path=path,
        balances=tuple(shown),
        rewards=tuple(teller.reward_line(row, f"{path}/rewards/{row.id}") for row in mine.rewards),
        older=f"{path}/rewards?after={mine.more_rewards}" if mine.more_rewards else None,
        offers=tuple(_offers(mine, language, balances)),
        objections=tuple(teller.objection_line(row, path) for row in mine.objections),
        refused=refused,
        id=id,
    )


@dataclass(frozen=True, slots=True)
class StatementView:
    """What moved on a balance."""

    path: str
    units: tuple[tuple[str, str, bool], ...]
    """The balances there are: unit, what stands there, whether it is the one that is shown."""
    rows: tuple[tuple[str, str, str, str], ...]
    """When, what, how much, and what it left."""
    next: str | None
    """Where the older ones begin."""


MOVED = {"approved": "earned", "redeemed": "used", "expired": "expired", "reversed": "taken_back"}
"""By the kind of the other account what a movement is called."""


def statement_view(
    mine: Mine, language: str, balances: dict[str, int], unit: str | None, moved: Page[Movement] | None
) -> StatementView:
    """The page of a balance."""
    texts = catalogue(language)
    rows = [
        (
            calendar_day(local_date(one.clock_ms, mine.zone), language),
            texts.text(f"statement.{MOVED.get(one.other.partition(':')[0], 'other')}"),
            amount(Quantity(one.amount, unit), language),
            amount(Quantity(one.balance, unit), language),
        )
        for one in (moved.items if moved else ())
        if unit is not None
    ]
    units = tuple((name, amount(Quantity(value, name), language), name == unit) for name, value in balances.items())
    return StatementView(path_of(mine.program.name), units, tuple(rows), moved.next if moved else None)


def path_of(program: str) -> str:
    """The path of an advocate's pages in a program."""
    return f"{PREFIX}{program}"


def tabs_of(program: Program, *, confirmed: bool) -> Sequence[tuple[str, str]]:
    """The pages of a program, as texts and paths; those of a partner where its advocates are partners."""
    path, model = path_of(program.name), program.model
    partner = ["links", "sales", *(["payouts"] if model.payouts else [])] if model.for_partners else []
    own = [*(f"{path}/{name}" for name in ("rewards", *partner)), "/me/you"] if confirmed else []
    return [("portal.share", path), *((f"portal.{one.rpartition('/')[2]}", one) for one in own)]


def _offers(mine: Mine, language: str, balances: dict[str, int]) -> Sequence[Offer]:
    from_points = [(name, rule) for name, rule in mine.program.model.rewards.items() if rule.when.exchange]
    found = []
    for name, rule in from_points:
        price = rule.when.exchange
        text = benefit_text(rule.benefit, language)
        if price is not None and text is not None:
            can = balances.get(price.unit, 0) >= price.amount and mine.closed is None
            found.append(Offer(name, text, amount(price, language), can))
    return found


def ranking(program: Program, board: Board, language: str, participant: str | None) -> Ranking:
    """A board as somebody sees it, or as everybody does."""
    texts, contest = catalogue(language), program.model.contests.get(board.row.contest)
    by_rank = contest is not None and contest.by == "rank"
    measure = board.row.measure if board.row.measure in program.model.measures else None
    counts = what_counts(program, measure, language) if measure else ""
    settled = board.row.status == "settled"
    return Ranking(
        id=f"board-{board.row.contest}",
        title=own_word("contest", board.row.contest, language),
        note=texts.text("board.settled") if settled else texts.text("board.counts", {"what": counts}),
        rows=tuple(_row(one, language, participant) for one in board.leaders) if by_rank else (),
        score=number(board.mine, language),
        public=f"/board/{program.name}/{board.row.contest}" if by_rank else None,
    )


def _row(leader: Leader, language: str, participant: str | None) -> Row:
    texts, own = catalogue(language), leader.entrant == participant
    somebody = isolate(leader.name, language) if leader.name else texts.text("board.somebody")
    who = texts.text("board.you") if own else somebody
    return Row(number(leader.place, language), who, number(leader.score, language), own)
