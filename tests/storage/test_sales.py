"""What the codes of a partner brought: converted, not refused, in one program, in one unit, since a moment; bounded."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from goodword.storage.database import Database
from goodword.storage.sales import CodeSales, LatestSales, sales_by_code
from tests.storage.making import REFERRAL, REWARD, TENANT, keep

SALE = replace(REFERRAL, status="converted", converted_ms=15)
EARNED = replace(REWARD, unit="USD", status="approved")


def kept(database: Database, sales: list[tuple[dict[str, Any], list[dict[str, Any]]]]) -> None:
    """Sales as they differ from one of Ann's, each with rewards as they differ from a commission for her."""
    referrals, rewards = {}, {}
    for number, (differs, earned) in enumerate(sales):
        id = f"s{number}"
        told = {"id": id, "friend": f"f{number}", "claimed_ms": 100 + number} | differs
        referrals[id] = replace(SALE, **told)
        for place, other in enumerate(earned):
            own = {"id": f"{id}w{place}", "referral": id, "subject": f"{id}w{place}"} | other
            rewards[own["id"]] = replace(EARNED, **own)
    keep(database, {"referrals": referrals, "rewards": rewards})


def asked(database: Database, since_ms: int = 0, latest: int = 1000) -> LatestSales:
    with database.read() as connection:
        return sales_by_code(connection, TENANT, "dropbox", "ann", "USD", since_ms, latest)


CASES: dict[str, tuple[dict[str, Any], list[dict[str, Any]], int, int]] = {
    "a sale": ({}, [{}], 1, 500),
    "two commissions of one sale": ({}, [{}, {}], 1, 1000),
    "a sale without any": ({}, [], 1, 0),
    "one that did not convert": ({"status": "started", "converted_ms": None}, [{}], 0, 0),
    "one that was refused": ({"moderation": "denied"}, [{}], 0, 0),
    "of another program": ({"program": "bombas"}, [{}], 0, 0),
    "of another partner": ({"advocate": "eve"}, [{"participant": "eve"}], 0, 0),
    "what her friend gets": ({}, [{"participant": "f0", "side": "friend"}], 1, 0),
    "in another unit": ({}, [{"unit": "points"}], 1, 0),
    "cancelled": ({}, [{"status": "cancelled"}], 1, 0),
    "denied": ({}, [{"status": "denied"}], 1, 0),
    "taken back": ({}, [{"status": "reversed"}], 1, 0),
    "used": ({}, [{"status": "redeemed"}], 1, 500),
}


@pytest.mark.parametrize(("sale", "earned", "sales", "amount"), CASES.values(), ids=CASES)
def test_what_counts(
    database: Database, sale: dict[str, Any], earned: list[dict[str, Any]], sales: int, amount: int
) -> None:
    kept(database, [(sale, earned)])
    found = asked(database)
    assert found.codes == ({"ANN": CodeSales("ANN", sales, amount)} if sales else {})
    assert found.whole


def test_each_code_by_itself_since_a_moment(database: Database) -> None:
    kept(database, [({}, [{}]), ({"code": "TEA"}, [{}, {}]), ({"code": "TEA"}, [{}])])
    assert asked(database).codes == {"ANN": CodeSales("ANN", 1, 500), "TEA": CodeSales("TEA", 2, 1500)}
    assert asked(database, since_ms=102).codes == {"TEA": CodeSales("TEA", 1, 500)}


def test_what_is_looked_at_is_bounded_and_that_is_said(database: Database) -> None:
    kept(database, [({}, [{}]), ({"converted_ms": None, "status": "started"}, []), ({}, [{}])])
    found = asked(database, latest=2)
    assert (found.codes, found.whole) == ({"ANN": CodeSales("ANN", 1, 500)}, False)
    assert asked(database, latest=4).whole
