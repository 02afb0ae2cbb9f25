"""Reading surveys: the answers, and how many said what."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from sqlalchemy import Connection, and_, func, literal, select, union_all

from goodword.engine.state import SurveyRow
from goodword.storage import tables
from goodword.storage.reads import Page, rows_page

QUESTIONS = ("recommend", "easy", "attractive")


class Tally(Struct, frozen=True):
    """How many on a side gave an answer to a question."""

    side: str
    question: str
    answer: str
    count: int


def surveys(
    connection: Connection,
    tenant: str,
    *,
    program: str | None = None,
    participant: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[SurveyRow]:
    """Surveys by their time, without what was written; a filter that is None asks for nothing."""
    filters = {"program": program, "participant": participant}
    return rows_page(connection, tenant, "surveys", "at_ms", filters, cursor, limit)


def tally(connection: Connection, tenant: str, program: str, since_ms: int, until_ms: int) -> Iterator[Tally]:
    """How many said what from one moment to before another: by side, question and answer."""
    table = tables.surveys.c
    mine = and_(table.tenant == tenant, table.program == program, table.at_ms >= since_ms, table.at_ms < until_ms)
    numbers = [
        select(table.side, literal(name).label("question"), table[name].label("answer"), func.count().label("number"))
        .where(mine, table[name].is_not(None))
        .group_by(table.side, table[name])
        for name in QUESTIONS
    ]
    found = connection.execute(union_all(*numbers)).all()
    for side, question, answer, number in sorted(found):
        yield Tally(side, question, str(answer), number)
    motives = (
        select(table.side, table.motivates, func.count())
        .where(mine, table.motivates.is_not(None))
        .group_by(table.side, table.motivates)
        .order_by(table.side, table.motivates)
    )
    for side, answer, number in connection.execute(motives):
        yield Tally(side, "motivates", answer, number)
