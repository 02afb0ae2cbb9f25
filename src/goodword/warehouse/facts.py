"""The facts: which columns each has, from what they are made, and by which moment they are partitioned.

A fact is a folder of Parquet files, one for each day (UTC) of its moment. Times are milliseconds since 1970, amounts are
in the minor unit of their currency, ids are those of the database. Nothing of it names a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from msgspec import Struct

from goodword.storage.facts import CLICK_COLUMNS, COUNT_COLUMNS, ENTRY_COLUMNS, EVENT_COLUMNS, SOURCES, Rows

LAYOUT = 2
"""Raised when a fact changes: what was copied in another layout is copied anew."""
WHOLE = "all"
"""The partition of what has no day."""
NUMBERS = frozenset(
    [
        "version",
        "number",
        "total",
        "refunded",
        "counted",
        "amount",
        "remaining",
        "recommend",
        "easy",
        "attractive",
        "seq",
        "line",
        "place",
        "day",
        "count",
        "unit_cost",
    ]
)
"""Columns that hold whole numbers, beside those that hold moments."""


class Fact(Struct, frozen=True):
    """A kind of fact."""

    name: str
    said: str
    """What one row is."""
    columns: dict[str, str]
    """Its columns, each with the SQL that makes it of a staged row."""
    key: tuple[str, ...]
    at: str | None
    """The column with its moment; None for what is kept in one piece."""
    staged: tuple[str, ...]
    """What is read from the database for it."""
    where: str = "TRUE"
    """Which staged rows are facts already."""
    piece: str = f"'{WHOLE}'"
    """The SQL of its partition where it has no moment that never changes."""

    @property
    def day(self) -> str:
        """The SQL of its partition."""
        if self.at is None:
            return self.piece
        return f"strftime(make_timestamp({self.at} * 1000), '%Y-%m-%d')"

    @property
    def select(self) -> str:
        """The SQL that makes facts of the rows in ``staged``."""
        made = ", ".join(f"{sql} AS {name}" for name, sql in self.columns.items())
        return f"SELECT {made} FROM staged WHERE {self.where}"  # noqa: S608 - written here


def _plain(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _of(collection: str, *without: str) -> dict[str, str]:
    """The columns of a collection as they stand in its table: all but its document, and those that are named."""
    return _plain(*(name for name in SOURCES[collection].columns if name not in ("doc", *without)))


def _members(column: str, *paths: str) -> dict[str, str]:
    """Members of a document as texts, by path: asked for together, so that it is parsed once for all of them."""
    asked = ", ".join(f"'$.{path}'" for path in paths)
    return {path: f"json_extract_string({column}, [{asked}])[{place}]" for place, path in enumerate(paths, 1)}


def _integer(text: str) -> str:
    return f"CAST(coalesce({text}, '0') AS BIGINT)"


def _listed(names: str, amounts: str) -> str:
    """Ids with amounts as ``|ID=AMOUNT|ID=AMOUNT|``, which every engine can look into; the empty text of none."""
    values = f"json_extract(doc, '{amounts}')"
    pairs = f"list_transform(list_zip({names}, {values}), lambda pair: concat(pair[1], '=', pair[2]))"
    return f"CASE WHEN len({values}) > 0 THEN concat('|', array_to_string({pairs}, '|'), '|') ELSE '' END"


_PERSON = _members("doc", "fields", "erased_ms")
_HANDLE = _members("doc", "group", "name")
_REFERRAL = _members("doc", "click", "group", "order")
_REWARD = _members("doc", "option", "used", "owed", "discount", "spent")
_BODY = _members("body", "program", "code", "claim", "click", "channel", "place", "count", "order")
_ANSWER = _members("answer", "participant", "outcome", "reasons[0].code", "referrals[0].id")

FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        Fact(
            "participants",
            "a person of the shop: an advocate, a friend, a customer",
            {
                **_of("participants"),
                "fields": f"coalesce({_PERSON['fields']}, '{{}}')",
                "erased_ms": f"CAST({_PERSON['erased_ms']} AS BIGINT)",
            },
            ("id",),
            # When somebody was first seen goes back where history is told later: his number does not change.
            None,
            SOURCES["participants"].columns,
            piece="'piece-' || CAST(number // 50000 AS VARCHAR)",
        ),
        Fact(
            "handles",
            "a code of an advocate in a program",
            {
                **_of("handles"),
                "group_id": _HANDLE["group"],
                "name": _HANDLE["name"],
            },
            ("code",),
            "created_ms",
            SOURCES["handles"].columns,
        ),
        Fact(
            "claims",
            "an invitation that was accepted by somebody who was not known yet",
            _of("claims"),
            ("token",),
            "claimed_ms",
            SOURCES["claims"].columns,
        ),
        Fact(
            "orders",
            "an order of anybody: `refunded` came back of it, `net` is left; `redemptions` is which rewards paid of it, "
            "beside its total; `counted` says whether it makes its buyer a customer",
            {
                **_of("orders", "counted"),
                "counted": "counted = 1",
                "net": "CASE WHEN state IN ('placed', 'refunded') THEN total - refunded ELSE 0 END",
                "redemptions": _listed(
                    "json_extract_string(doc, '$.redemptions[*].reward')", "$.redemptions[*].amount"
                ),
            },
            ("id",),
            "placed_ms",
            SOURCES["orders"].columns,
            "placed_ms IS NOT NULL AND participant IS NOT NULL",
        ),
        Fact(
            "referrals",
            "a friend tied to an advocate in a program",
            {
                **_of("referrals"),
                "click": _REFERRAL["click"],
                "group_id": _REFERRAL["group"],
                "order_id": _REFERRAL["order"],
            },
            ("id",),
            "claimed_ms",
            SOURCES["referrals"].columns,
        ),
        Fact(
            "rewards",
            "one grant of a reward rule to one person; `paid` is which rewards it was bought with",
            {
                **_of("rewards"),
                "option": f"coalesce({_REWARD['option']}, '')",
                "used": _integer(_REWARD["used"]),
                "owed": _integer(_REWARD["owed"]),
                "discount": _integer(_REWARD["discount"]),
                "spent": _integer(_REWARD["spent"]),
                "paid": _listed("json_keys(doc, '$.paid')", "$.paid.*"),
            },
            ("id",),
            "granted_ms",
            SOURCES["rewards"].columns,
        ),
        Fact(
            "tiers",
            "the tier that somebody holds in a program",
            _of("tiers"),
            ("id",),
            None,
            SOURCES["tiers"].columns,
        ),
        Fact(
            "surveys",
            "what somebody thinks of a program",
            _of("surveys"),
            ("id",),
            "at_ms",
            SOURCES["surveys"].columns,
        ),
        Fact(
            "events",
            "what was shown, passed on, accepted, bought or brought back, on what evidence, and what was answered",
            {
                **_plain("seq", "id", "type"),
                "at_ms": "occurred_ms",
                "clock_ms": "clock_ms",
                "program": _BODY["program"],
                "participant": _ANSWER["participant"],
                "code": _BODY["code"],
                "claim": _BODY["claim"],
                "click": _BODY["click"],
                "channel": f"coalesce({_BODY['channel']}, {_BODY['place']})",
                "count": f"CAST(coalesce({_BODY['count']}, '1') AS BIGINT)",
                "order_id": _BODY["order"],
                "outcome": _ANSWER["outcome"],
                "reason": _ANSWER["reasons[0].code"],
                "referral": _ANSWER["referrals[0].id"],
            },
            ("seq",),
            "at_ms",
            EVENT_COLUMNS,
        ),
        Fact(
            "entries",
            "one side of a posting in the ledger",
            _plain(*ENTRY_COLUMNS),
            ("seq", "line"),
            "at_ms",
            ENTRY_COLUMNS,
        ),
        Fact(
            "clicks",
            "a person followed the link of a code",
            _plain(*CLICK_COLUMNS),
            ("spool", "place"),
            "at_ms",
            CLICK_COLUMNS,
        ),
        Fact(
            "click_counts",
            "how many hits of a kind the links of a program had on a day, those of programs that look at links among them",
            _plain("program", "kind", "count") | {"day_number": "day"},
            ("program", "day_number", "kind"),
            None,
            COUNT_COLUMNS,
        ),
        Fact(
            "rules",
            "a reward rule of a version of a program, with what one unit of it costs the business",
            _plain("program", "version", "rule", "option", "kind", "unit", "unit_cost", "currency"),
            ("program", "version", "rule", "option"),
            None,
            ("program", "version", "rule", "option", "kind", "unit", "unit_cost", "currency"),
        ),
    )
}
"""All of them, by name."""


def staged_schema(fact: Fact) -> Any:
    """The Arrow schema of what is read for a fact."""
    return pa.schema(
        [(name, pa.int64() if name in NUMBERS or name.endswith("_ms") else pa.string()) for name in fact.staged]
    )


def staged_table(fact: Fact, rows: Rows) -> Any:
    """Rows of the database as an Arrow table."""
    schema = staged_schema(fact)
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )
