"""What a partner's pages show: his links and what they bring, clicks by day, sales, the statement of a period, how he is paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import Final, Literal

from goodword.engine.state import HANDLES_MAX, Handle, PayoutRow, Reward
from goodword.pages.chart import Chart, chart
from goodword.portal.advocate import path_of
from goodword.portal.friend import Closed
from goodword.portal.mine import Mine
from goodword.portal.promised import promised
from goodword.portal.sharing import message_for
from goodword.portal.whereabouts import BADGES, KINDS, Teller
from goodword.program.duration import local_date, period_ends_ms, period_key, previous_ms
from goodword.program.payouts import Payouts
from goodword.program.quantity import Quantity, exponent
from goodword.reports.blocks import Bars
from goodword.storage.payouts import PartnerStatement, StatementLine
from goodword.storage.sales import LATEST_MAX, LatestSales
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, calendar_day, isolate, number, short_day
from goodword.words.sentences import term
from goodword.words.statements import SUMS, StatementWords

DAYS: Final = 30
"""How many days of clicks and sales are shown, today the last of them."""
EPOCH: Final = date(1970, 1, 1)
CHART_WIDTH: Final = 400
"""So wide that its labels can be read where it is as narrow as a phone."""
CHART_LABELS: Final = 6
LINES_SHOWN: Final = 200
"""How many movements of a period a page shows; the file has more of them."""
FILE_LINES_MAX: Final = 10_000
"""How many movements the file of one statement lists; what came after them stands there as one sum."""
CSV_COLUMNS: Final = ("date", "what", "reference", "amount", "balance", "currency")
PAYOUT_BADGES: Final = {"due": "info", "paid": "good", "failed": "bad"}

Clicks = Mapping[str, Mapping[int, int]]
"""By code and day (whole days since 1970, UTC) how many people followed its link."""


@dataclass(frozen=True, slots=True)
class LinkForm:
    """The form for a further link: what was typed, and what is wrong with it."""

    id: str
    """Under which the link is made: pressed twice, it is made once."""
    typed: Mapping[str, str]
    wrong: Mapping[str, str]
    """By field what to do about it."""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class LinkCard:
    """A link, and what it brought."""

    code: str
    title: str
    address: str
    message: str
    state: str
    """In words, where it starts nothing any more."""
    facts: tuple[tuple[str, str], ...]
    clicks_href: str


@dataclass(frozen=True, slots=True)
class LinksView:
    """All links of a partner in a program."""

    path: str
    closed: Closed | None
    cards: tuple[LinkCard, ...]
    count: str
    full: bool
    note: str
    """Where not all sales are counted."""
    form: LinkForm
    made: str
    """The code that was made just now."""


@dataclass(frozen=True, slots=True)
class ClicksView:
    """How many people followed his links, by day."""

    path: str
    links: tuple[tuple[str, str, bool], ...]
    """Texts and paths of all links together and of each; whether it is the one that is shown."""
    summary: str
    chart: Chart
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sale:
    """Something that was earned: when, for what, how much, and where it stands. Never by whom."""

    href: str
    date: str
    what: str
    amount: str
    state: str
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class SalesView:
    """What was earned, the newest first."""

    path: str
    sales: tuple[Sale, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """A payout, and what became of it."""

    date: str
    amount: str
    state: str
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class PayoutsView:
    """The account of a partner in a period, his payouts, and how he is paid."""

    path: str
    account: str
    next: str
    """When the next payout is made, and from which amount on; or what becomes of a debt."""
    period: str
    title: str
    sums: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, bool], ...]
    lines: tuple[tuple[str, ...], ...]
    more: str
    earlier: str
    later: str
    """The period after this one; empty where it has not begun."""
    payouts: tuple[PayoutLine, ...]
    paid_to: str
    changed: str


@dataclass(frozen=True, slots=True)
class DetailsView:
    """How a partner is paid, to be changed."""

    path: str
    name: str
    details: str
    wrong: Mapping[str, str]
    changed: str


def links_view(
    mine: Mine,
    language: str,
    origin: str,
    handles: Sequence[Handle],
    clicks: Clicks,
    sold: LatestSales,
    count: int,
    form: LinkForm,
    made: str = "",
) -> LinksView:
    """The page of his links: the one that was made just now first, then in the order in which they were made."""
    texts, path = catalogue(language), path_of(mine.program.name)
    ordered = sorted(handles, key=lambda one: (one.written != made, one.created_ms, one.code))
    told = {"count": number(count, language), "limit": number(HANDLES_MAX, language)}
    return LinksView(
        path=path,
        closed=mine.closed,
        cards=tuple(_card(mine, language, origin, one, clicks, sold) for one in ordered),
        count=texts.text("links.count", told),
        full=count >= HANDLES_MAX,
        note="" if sold.whole else texts.text("links.bounded", {"limit": number(LATEST_MAX, language)}),
        form=form,
        made=made,
    )


def _card(mine: Mine, language: str, origin: str, handle: Handle, clicks: Clicks, sold: LatestSales) -> LinkCard:
    texts, path = catalogue(language), path_of(mine.program.name)
    link = f"{origin}/r/{handle.written}"
    of_code = sold.codes.get(handle.code)
    earned = Quantity(of_code.earned if of_code else 0, mine.program.model.currency)
    leads = isolate(handle.target, language) if handle.target else texts.text("links.leads.home")
    ended = handle.refused_at(mine.now_ms)
    facts = [
        (texts.text("links.leads"), leads),
        (texts.text("links.clicks"), number(sum(clicks.get(handle.code, {}).values()), language)),
        (texts.text("links.sales"), number(of_code.sales if of_code else 0, language)),
        (texts.text("links.earned"), amount(earned, language)),
    ]
    if handle.expires_ms is not None:
        facts.append((texts.text("links.ends"), calendar_day(local_date(handle.expires_ms - 1, mine.zone), language)))
    said = promised(mine.program, language, local_date(mine.now_ms, mine.zone)).sides
    return LinkCard(
        code=handle.written,
        title=isolate(handle.name or handle.written, language),
        address=link,
        message=message_for(language, link, said.friend, bool(said.advocate) or said.more, partner=True).message,
        state=texts.text(f"links.{ended}") if ended else "",
        facts=tuple(facts),
        clicks_href=f"{path}/clicks?code={handle.code}",
    )


def clicks_view(
    mine: Mine, language: str, handles: Sequence[Handle], clicks: Clicks, code: str, today: int
) -> ClicksView:
    """The page of clicks: of one code, or of all where it is empty. `today` is counted in days since 1970, UTC."""
    texts, path = catalogue(language), f"{path_of(mine.program.name)}/clicks"
    shown = [clicks.get(one.code, {}) for one in handles if code in ("", one.code)]
    days = range(today - DAYS + 1, today + 1)
    counts = [sum(one.get(number_of_day, 0) for one in shown) for number_of_day in days]
    dates = [EPOCH + timedelta(days=number_of_day) for number_of_day in days]
    title, written = texts.text("clicks.title"), [number(count, language) for count in counts]
    labels = tuple(short_day(one, language) for one in dates)
    bars = Bars(title, labels, ((title, tuple(zip(counts, written, strict=True))),))
    links = [(texts.text("clicks.all"), path, not code)]
    links += [
        (isolate(one.name or one.written, language), f"{path}?code={one.code}", one.code == code) for one in handles
    ]
    told = {"total": number(sum(counts), language), "most": number(max(counts), language)}
    return ClicksView(
        path=path_of(mine.program.name),
        links=tuple(links),
        summary=texts.text("clicks.summary", told),
        chart=chart(bars, texts.rtl, CHART_WIDTH, CHART_LABELS),
        rows=tuple((calendar_day(one, language), count) for one, count in zip(dates[::-1], written[::-1], strict=True)),
    )


def sales_view(mine: Mine, language: str, rows: Iterable[Reward], after: str | None) -> SalesView:
    """The page of what was earned."""
    path, teller = path_of(mine.program.name), Teller(mine, language)
    sales = tuple(_sale(mine, language, teller, row) for row in rows if row.side == "advocate")
    return SalesView(path, sales, after)


def _sale(mine: Mine, language: str, teller: Teller, row: Reward) -> Sale:
    texts, rule = catalogue(language), mine.version(row).model.rewards.get(row.rule)
    what = "other" if rule is None else "visits" if rule.when.visits else "sale" if rule.when.step else "other"
    note = teller.why(row)
    if not note and row.collected and row.status == "issued":
        note = texts.text("sales.on_account")
    return Sale(
        href=f"{path_of(mine.program.name)}/rewards/{row.id}",
        date=calendar_day(local_date(row.granted_ms, mine.zone), language),
        what=texts.text(f"sales.{what}"),
        amount=teller.reward(row),
        state=term("status.reward", row.status, language),
        kind=BADGES[KINDS[row.status]],
        note=note,
    )


def payouts_view(
    mine: Mine,
    language: str,
    statement: PartnerStatement,
    lines: Sequence[StatementLine],
    account: int,
    payouts: Sequence[PayoutRow],
    paid_to: str,
) -> PayoutsView:
    """The page of the account: what stands there now, a period of it, what was paid, and how he is paid."""
    texts, words = catalogue(language), StatementWords(statement.unit, mine.zone, language)
    terms = mine.program.model.payouts or Payouts(every="month")
    ends_ms = period_ends_ms(mine.now_ms, terms.every, mine.zone)
    kind: Literal["week", "month"] = "week" if "W" in statement.period else "month"
    first, last = (
        calendar_day(local_date(at, mine.zone), language) for at in (statement.starts_ms, statement.ends_ms - 1)
    )
    moved = [
        (
            short_day(local_date(one.clock_ms, mine.zone), language),
            *words.movement(one.clock_ms, one.kind, None, one.amount, one.balance)[1:],
        )
        for one in lines[:LINES_SHOWN]
    ]
    columns = [(title, place > 1) for place, title in enumerate(_without_order(words.columns()))]
    return PayoutsView(
        path=path_of(mine.program.name),
        account=words.amount(account),
        next=_next(mine, language, terms, ends_ms) if account >= 0 else texts.text("payouts.debt"),
        period=statement.period,
        title=texts.text("payouts.statement", {"first": first, "last": last}),
        sums=tuple(words.sum(name, getattr(statement, name)) for name in SUMS),
        columns=tuple(columns),
        lines=tuple(tuple(_without_order(cells)) for cells in moved),
        more=texts.text("payouts.more", _limits(language)) if len(lines) > LINES_SHOWN else "",
        earlier=period_key(previous_ms(statement.starts_ms, kind, mine.zone), kind, mine.zone),
        later=period_key(statement.ends_ms, kind, mine.zone) if statement.ends_ms <= mine.now_ms else "",
        payouts=tuple(_payout(mine, language, one) for one in payouts),
        paid_to=isolate(paid_to, language) if paid_to else "",
        changed=changed_text(mine, language),
    )


def changed_text(mine: Mine, language: str) -> str:
    """Since when he is paid as he said last; empty where he said nothing."""
    since_ms = mine.participant.payout_ms
    if since_ms is None:
        return ""
    return catalogue(language).text("payout.changed", {"date": calendar_day(local_date(since_ms, mine.zone), language)})


def statement_file(
    mine: Mine, language: str, statement: PartnerStatement, lines: Iterable[StatementLine]
) -> Iterable[list[str]]:
    """The rows of a statement as a table for an accountant: plain numbers, and no order by which a customer could be found.

    Of more than `FILE_LINES_MAX` movements the later ones stand in one row, so that the balances still add up.
    """
    words = StatementWords(statement.unit, mine.zone, language)
    yield [words.text(f"column.{name}") for name in CSV_COLUMNS]
    places = exponent(statement.unit)

    def row(at_ms: int, what: str, reference: str, moved: int | None, balance: int) -> list[str]:
        plain = "" if moved is None else str(Decimal(moved).scaleb(-places))
        left = str(Decimal(balance).scaleb(-places))
        return [local_date(at_ms, mine.zone).isoformat(), what, reference, plain, left, statement.unit]

    yield row(statement.starts_ms, words.text("opening"), "", None, statement.opening)
    balance, lines = statement.opening, iter(lines)
    for one in islice(lines, FILE_LINES_MAX):
        balance = one.balance
        yield row(one.clock_ms, words.text(one.kind), one.reward or "", one.amount, balance)
    if next(lines, None) is not None:
        rest = words.text("rest", limit=number(FILE_LINES_MAX, language))
        yield row(statement.ends_ms - 1, rest, "", statement.closing - balance, statement.closing)
    yield row(statement.ends_ms - 1, words.text("closing"), "", None, statement.closing)


def _limits(language: str) -> dict[str, str]:
    return {"limit": number(LINES_SHOWN, language), "file": number(FILE_LINES_MAX, language)}


def _without_order(cells: Sequence[str]) -> list[str]:
    """A movement without the number of the order: it says who bought to whoever sees it on a receipt."""
    return [cell for place, cell in enumerate(cells) if place != 2]


def _next(mine: Mine, language: str, terms: Payouts, ends_ms: int) -> str:
    texts, told = catalogue(language), {"date": calendar_day(local_date(ends_ms - 1, mine.zone), language)}
    if terms.minimum is None:
        return texts.text("payouts.next", told)
    return texts.text("payouts.next.minimum", {**told, "minimum": amount(terms.minimum, language)})


def _payout(mine: Mine, language: str, row: PayoutRow) -> PayoutLine:
    texts = catalogue(language)
    settled = "" if row.settled_ms is None else calendar_day(local_date(row.settled_ms, mine.zone), language)
    return PayoutLine(
        date=calendar_day(local_date(row.created_ms, mine.zone), language),
        amount=amount(Quantity(row.amount, row.unit), language),
        state=texts.text(f"payouts.{row.status}", {"date": settled}),
        kind=PAYOUT_BADGES[row.status],
        note=isolate(row.why, language) if row.why else "",
    )
