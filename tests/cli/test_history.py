"""A shop's history into a tenant: once, again, longer, interrupted, before and after going live."""

import json
import re
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from goodword.cli import events as events_command
from goodword.engine.state import ORDERS, OrderRow, State
from goodword.storage import tables
from goodword.storage.database import open_database
from goodword.storage.load import load, load_tenant
from goodword.storage.reads import participants
from tests.cli.interrupting import SMALL, interrupt, stopped_at
from tests.cli.making import CODE, START, Shop, line

HEAD = "Order,Customer ID,Email,Name,Date,Total,Currency,Refunded,Cancelled\n"
FIRST = """\
o3,c1,ann@example.com,Ann Pop,2024-03-01T10:00:00Z,30.00,USD,,
o2,c2,bob@example.com,Bob Ion,2024-02-01T10:00:00Z,20.00,USD,,
o1,c1,ann@example.com,Ann Pop,2024-01-01T10:00:00Z,10.00,USD,,
"""
CUSTOMERS = """\
Customer ID,Email,Name,Registered
c1,ann@example.com,Ann Pop,2023-01-01T10:00:00Z
c2,bob@example.com,Bob Ion,2023-02-01T10:00:00Z
"""


def put(shop: Shop, text: str, name: str = "orders.csv") -> Path:
    path = shop.folder / name
    path.write_text(text)
    return path


def took_in(shop: Shop, file: Path, *args: object, code: int = 0, **options: Any) -> dict[str, Any]:
    """What the command says that it did."""
    result = shop.run("history", file, "--json", *args, **options)
    assert result.exit_code == code, result.output
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary


def kept(shop: Shop) -> dict[str, OrderRow]:
    """The orders that are there."""
    database = open_database(shop.database)
    with database.read() as connection:
        ids = set(connection.execute(sa.select(tables.orders.c.id)).scalars())
        state = State(tenant=load_tenant(connection, "default"))
        load(connection, "default", state, {ORDERS.name: ids})
        rows: dict[str, OrderRow] = state.rows[ORDERS.name]
    database.close()
    return rows


def brief(shop: Shop) -> dict[str, tuple[int, int, str]]:
    return {id: (row.total, row.net, row.state) for id, row in sorted(kept(shop).items())}


def known_since(shop: Shop) -> list[str]:
    database = open_database(shop.database)
    with database.read() as connection:
        rows = participants(connection, "default", limit=200).items
    database.close()
    return sorted(time.strftime("%Y-%m-%d", time.gmtime(row.created_ms / 1000)) for row in rows)


def dump(shop: Shop, *names: str) -> str:
    """Everything that stands in some tables, as text."""
    database = open_database(shop.database)
    with database.read() as connection:
        found = [str(row) for name in names for row in connection.execute(sa.select(tables.metadata.tables[name]))]
    database.close()
    return "\n".join(found)


def test_orders_come_in_before_anything_else(shop: Shop) -> None:
    file = put(shop, HEAD + FIRST)

    first = took_in(shop, file)

    assert (first["orders"], first["new"], first["accepted"], first["resumed_at"]) == (3, 3, 3, None)
    assert brief(shop) == {"o1": (1000, 1000, "placed"), "o2": (2000, 2000, "placed"), "o3": (3000, 3000, "placed")}
    assert known_since(shop) == ["2024-01-01", "2024-02-01"]
    again = took_in(shop, file)
    assert (again["new"], again["known_before"], again["events"]) == (0, 3, 0)
    assert shop.run("audit").exit_code == 0
    shop.done("publish", shop.program)
    stored = dump(shop, "events", "orders", "participants", "imports")
    assert "ann@" not in stored
    assert "Ann Pop" not in stored


LATER = """\
o4,c3,eve@example.com,Eve,2024-04-01T10:00:00Z,40.00,USD,,
o3,c1,ann@example.com,Ann Popescu,2024-03-01T10:00:00Z,30.00,USD,30.00,
o2,c2,bob@example.com,Bob Ion,2024-02-01T10:00:00Z,20.00,USD,5.00,
o1,c1,ann@example.com,Ann Pop,2024-01-01T10:00:00Z,10.00,USD,,yes
"""


@pytest.mark.parametrize("live", [False, True])
def test_a_later_export_brings_only_what_is_new(shop: Shop, live: bool) -> None:
    shop.done("publish", shop.program)
    if live:
        go_live(shop)
    took_in(shop, put(shop, HEAD + FIRST))

    later = took_in(shop, put(shop, HEAD + LATER))

    assert (later["new"], later["known_before"], later["accepted"], later["refused"]) == (4, 3, 4, 0)
    expected = {"o1": (1000, 0, "cancelled"), "o2": (2000, 1500, "placed"), "o3": (3000, 0, "refunded"),
                "o4": (4000, 4000, "placed")}  # fmt: skip
    assert brief(shop) == expected
    more = took_in(shop, put(shop, HEAD + LATER.replace("USD,5.00", "USD,8.00")))
    assert (more["new"], more["accepted"]) == (1, 1)
    assert brief(shop)["o2"] == (2000, 1200, "placed")
    older = took_in(shop, put(shop, HEAD + FIRST))
    assert older["new"] == 0
    assert brief(shop)["o2"] == (2000, 1200, "placed")
    assert shop.run("audit").exit_code == 0


def recent(id: str, type: str, day: float, **content: Any) -> str:
    """An event of the last days, as a line."""
    return line(id, type, (datetime.now(UTC) - START).days - 10 + day, **content)


def go_live(shop: Shop) -> None:
    """The shop's events of now begin: Ann joins, and Bob accepts her invitation."""
    events = shop.folder / "live.ndjson"
    rows = [
        recent("join-ann", "join", 0, person={"id": "ann"}, program="demo"),
        recent("claim-bob", "claim", 1, code=CODE, person={"id": "c2", "email": "bob@example.com"}),
        recent("claim-zoe", "claim", 1, code=CODE, person={"id": "zoe"}),
    ]
    events.write_text("\n".join(rows))
    shop.done("import", events, "--live")


def told_live(shop: Shop, *rows: str) -> list[dict[str, Any]]:
    """Answers to events of now."""
    events, answers = shop.folder / "more.ndjson", shop.folder / "answers"
    events.write_text("\n".join(rows))
    shop.done("import", events, "--live", "--answers", answers)
    return [json.loads(row) for row in answers.read_text().splitlines()]


def test_after_going_live_history_makes_customers_and_rewards_nobody(shop: Shop) -> None:
    shop.done("publish", shop.program)
    go_live(shop)
    before = dump(shop, "rewards", "entries", "referrals", "outbox")
    took_in(shop, put(shop, CUSTOMERS, "customers.csv"))
    assert took_in(shop, put(shop, HEAD + FIRST))["accepted"] == 3
    assert dump(shop, "rewards", "entries", "referrals", "outbox") == before
    assert "2023-02-01" in known_since(shop)  # Bob, who came live, was known before

    bought, new = told_live(
        shop,
        recent("buy-bob", "order", 2, order="l1", person={"id": "c2"}, total=9000, currency="USD"),
        recent("buy-zoe", "order", 2, order="l2", person={"id": "zoe"}, total=9000, currency="USD"),
    )
    assert "friend_not_new" in {reason["code"] for reason in bought["reasons"]}
    assert "referral_converted" in {reason["code"] for reason in new["reasons"]}

    # The export of now has the live orders too, and one of them went back: that is a matter of rewards.
    text = HEAD + FIRST
    text += "l1,c2,bob@example.com,Bob,2025-01-03T00:00:00Z,90.00,USD,10.00,\n"
    text += "l2,zoe,,Zoe,2025-01-03T00:00:00Z,90.00,USD,10.00,\n"
    later = took_in(shop, put(shop, text))
    assert (later["new"], later["accepted"], later["refused"]) == (2, 1, 1)
    assert (brief(shop)["l1"], brief(shop)["l2"]) == ((9000, 8000, "placed"), (9000, 9000, "placed"))
    assert shop.run("audit").exit_code == 0


def test_after_going_live_history_says_of_people_only_what_nobody_knows(shop: Shop) -> None:
    shop.done("publish", shop.program)
    go_live(shop)
    told_live(shop, recent("p1", "profile", 2, person={"id": "c2", "name": "Bobby Tables", "country": "RO"}))
    took_in(shop, put(shop, CUSTOMERS, "customers.csv"))
    took_in(shop, put(shop, HEAD + FIRST))
    people = dump(shop, "people")
    assert "Bobby Tables" in people
    assert "Bob Ion" not in people
    assert "Ann Pop" in people


def test_what_the_shop_told_live_is_not_told_again(shop: Shop) -> None:
    shop.done("publish", shop.program)
    go_live(shop)
    told_live(
        shop,
        recent("e1", "order", 2, order="o1", person={"id": "c1"}, total=1000, currency="USD"),
        recent("e2", "refund", 3, order="o1", amount=400),
        recent("e3", "refund", 3, order="o2", amount=500),
    )
    text = HEAD + "o1,c1,,Ann,2025-01-03T00:00:00Z,10.00,USD,4.00,\no2,c2,,Bob,2025-01-03T00:00:00Z,21.00,USD,5.00,\n"
    took_in(shop, put(shop, text))
    assert brief(shop) == {"o1": (1000, 600, "placed"), "o2": (2100, 1600, "placed")}
    otherwise = took_in(shop, put(shop, text.replace("10.00", "11.00")))
    assert otherwise["orders_known_otherwise"] == 1
    assert brief(shop)["o1"] == (1000, 600, "placed")
    assert shop.run("audit").exit_code == 0


@pytest.mark.parametrize("dated", [True, False])
def test_customers_once_and_again_and_changed(shop: Shop, dated: bool) -> None:
    text = CUSTOMERS if dated else "Customer ID,Email,Name\nc1,ann@example.com,Ann Pop\nc2,bob@example.com,Bob Ion\n"
    first = took_in(shop, put(shop, text))
    assert (first["customers"], first["new"], first["accepted"]) == (2, 2, 2)
    assert took_in(shop, put(shop, text))["known_before"] == 2
    changed = took_in(shop, put(shop, text.replace("Bob Ion", "Bob Ionescu")))
    assert (changed["new"], changed["accepted"], changed["known_before"]) == (1, 1, 1)
    assert took_in(shop, put(shop, text.replace("Bob Ion", "Bob Ionescu")))["known_before"] == 2
    assert "Ionescu" in dump(shop, "people")
    took_in(shop, put(shop, HEAD + FIRST))
    assert known_since(shop) == (["2023-01-01", "2023-02-01"] if dated else ["2024-01-01", "2024-02-01"])
    stored = dump(shop, "events", "participants", "identities")
    assert "bob@" not in stored
    assert shop.run("audit").exit_code == 0


def test_a_customer_who_changes_back_is_told_again(shop: Shop) -> None:
    names = ["Bob Ion", "Bob Ionescu", "Bob Ion", "Bob Ionescu", "Bob Ion"]
    for name in names:
        text = CUSTOMERS.replace("Bob Ion", name)
        took_in(shop, put(shop, text))
        assert f'"name":"{name}"' in dump(shop, "people").replace('": "', '":"')
        assert took_in(shop, put(shop, text))["known_before"] == 2
    assert shop.run("audit").exit_code == 0


def test_what_came_back_whole_is_taken_off_whole(shop: Shop) -> None:
    """The file has other totals than the shop told live: with tax, or without."""
    shop.done("publish", shop.program)
    go_live(shop)
    told_live(
        shop,
        recent("e1", "order", 2, order="gross", person={"id": "c1"}, total=1190, currency="USD"),
        recent("e2", "order", 2, order="net", person={"id": "c1"}, total=1000, currency="USD"),
        recent("e3", "order", 2, order="other", person={"id": "c1"}, total=1000, currency="EUR"),
    )
    rows = [("gross", "10.00", "10.00"), ("net", "11.90", "11.90"), ("other", "40.00", "4.00")]
    text = "".join(f"{id},c1,,Ann,2025-01-03T00:00:00Z,{total},USD,{back},\n" for id, total, back in rows)
    said = took_in(shop, put(shop, HEAD + text))
    assert brief(shop) == {
        "gross": (1190, 0, "refunded"),
        "net": (1000, 0, "refunded"),
        "other": (1000, 1000, "placed"),
    }
    assert said["refunds_in_other_currency"] == 1


def test_a_refund_is_told_by_what_was_known_before_it(shop: Shop) -> None:
    """Told while little was known, and again after more: another refund, under another id, and no conflict."""
    row = "o1,c1,,Ann,2025-01-03T00:00:00Z,10.00,USD,{},\n"
    took_in(shop, put(shop, HEAD + row.format("4.00")))
    assert took_in(shop, put(shop, HEAD + row.format("7.00")))["accepted"] == 1
    ids = re.findall(r"history:refund:[^'\"]+", dump(shop, "events"))
    assert {"history:refund:o1:400", "history:refund:o1:700:400"} <= set(ids)
    assert brief(shop)["o1"] == (1000, 300, "placed")


def test_a_dry_run_reports_and_makes_nothing(small_shop: Shop) -> None:
    shop = small_shop
    file = put(shop, HEAD + FIRST + "o9,c9,,Eve,soon,1.00,USD,,\n")
    report = took_in(shop, file, "--dry-run", code=1)
    assert not Path(shop.database.removeprefix("sqlite:///")).exists()
    assert report["importable"].startswith("yes, as history before everything else")
    assert report["problems"] == [{"line": 5, "column": "Date", "message": "not a date as the file writes them (iso)"}]
    assert report["totals"] == {"USD": 6000}
    assert report["months"] == {"2024-01": 1, "2024-02": 1, "2024-03": 1}
    assert (report["from"], report["until"]) == ("2024-01-01", "2024-03-01")
    shop.done("publish", shop.program)
    assert "demo decides it" in took_in(shop, file, "--dry-run", code=1)["importable"]
    go_live(shop)
    report = took_in(shop, file, "--dry-run", code=1)
    assert report["importable"].startswith("yes, as facts")
    assert (report["new"], report["known_before"]) == (3, 0)
    assert kept(shop) == {}
    took_in(shop, file, code=1)
    text = shop.run("history", file, "--dry-run").output
    assert f"{file}:5: Date: not a date" in text
    assert "net total: $60.00" in text
    assert "ann@example.com" not in text


def test_a_mapping_is_written_edited_and_used(small_shop: Shop) -> None:
    shop = small_shop
    file = put(shop, 'Order,Email,Date,Total\no1,ann@example.com,03/04/2024 10:00,"1,234"\n')
    refused = shop.run("history", file)
    assert refused.exit_code == 1
    for word in ("dates: day_first or month_first", "decimal: point or comma", "time_zone:", "currency:"):
        assert word in refused.output
    mapping = shop.folder / "mapping.yaml"
    assert "still to be said: dates" in shop.done("history", file, "--write-mapping", mapping).stdout
    text = mapping.read_text()
    for name, answer in (("dates", "day_first"), ("decimal", "comma"), ("time_zone", "UTC"), ("currency", "KWD")):
        text = "\n".join(f"{name}: {answer}" if row.startswith(f"# {name}:") else row for row in text.split("\n"))
    mapping.write_text(text)
    took_in(shop, file, "--mapping", mapping)
    (row,) = kept(shop).values()
    assert (row.total, row.currency, row.placed_ms) == (1234, "KWD", 1712138400000)
    mapping.write_text(text.replace("total: Total", "total: Sum").replace("KWD", "LEI"))
    assert f"{mapping}:" in shop.run("history", file, "--mapping", mapping).output
    mapping.write_text(text.replace("total: Total", "total: Sum"))
    assert "no column is called `Sum`" in shop.run("history", file, "--mapping", mapping).output


@pytest.mark.parametrize("name", ["orders.csv", "orders.xlsx"])
def test_the_command_for_events_says_where_tables_go(small_shop: Shop, name: str) -> None:
    file = put(small_shop, HEAD + FIRST, name)
    assert f"goodword history {file}" in small_shop.run("import", file).output


# interruptions --------------------------------------------------------------------------------------------------------


def long_file(shop: Shop, orders: int = 400) -> Path:
    rows = [
        f"o{n},c{n % 50},c{n % 50}@example.com,Some Body,2024-{1 + n % 12:02}-{1 + n % 28:02}T10:00:00Z,{n + 1}.00,USD,"
        f"{'1.00' if n % 5 == 0 else ''},\n"
        for n in range(orders)
    ]
    return put(shop, HEAD + "".join(rows) + "bad,,,,,,,,\n", "long.csv")


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_goes_on(shop: Shop, sent: signal.Signals) -> None:
    file = long_file(shop)
    shop.done("migrate")
    code, _, err = interrupt(shop, sent, "history", file, "--json", after=20)
    at = stopped_at(shop)
    assert code == (-sent if sent == signal.SIGKILL else 130), err.decode()
    if sent != signal.SIGKILL:
        assert f"stopped after event {at:,}; the same command goes on from there" in err.decode()

    rest = took_in(shop, file, code=1)

    assert rest["resumed_at"] == at
    assert rest["events"] == 480
    assert (rest["accepted"], rest["conflicts"], rest["parked"], rest["invalid"]) == (480, 0, 0, 0)
    rows = kept(shop)
    assert len(rows) == 400
    assert {id: row.refunded for id, row in rows.items()} == {id: 100 * (int(id[1:]) % 5 == 0) for id in rows}
    assert stopped_at(shop) == 0
    assert took_in(shop, file, code=1)["new"] == 0
    assert shop.run("audit").exit_code == 0


def test_while_the_database_is_away_it_stops_in_order(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    file = long_file(shop)
    decide, left = events_command.in_database, 5

    def away(*given: Any) -> Any:
        inner = decide(*given)

        def one(*batch: Any) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise sa.exc.OperationalError("SELECT 1", {}, Exception("the server went away"))
            inner(*batch)

        return one

    with monkeypatch.context() as patch:
        patch.setattr(events_command, "in_database", away)
        result = shop.run("history", file, env=SMALL)
    assert result.exit_code == 1
    assert "the same command goes on from there" in result.stderr
    at = stopped_at(shop)
    assert 0 < at < 480
    longer = file.read_text() + "o1000,c1,,Ann,2024-12-31T10:00:00Z,1.00,USD,,\n"
    file.write_text(longer)
    grown = took_in(shop, file, code=1)
    assert (grown["resumed_at"], grown["events"], grown["accepted"]) == (at, 481, 481)


def failed(*errors: BaseException) -> BaseException:
    """The last of some errors, each raised while the one before was dealt with."""
    for before, error in zip((None, *errors), errors, strict=False):
        error.__context__ = before
    return errors[-1]


@pytest.mark.parametrize(
    ("error", "interrupted"),
    [
        (failed(KeyboardInterrupt()), True),
        (failed(KeyboardInterrupt(), ValueError("the connection is busy"), OSError()), True),
        (failed(OSError(), ValueError()), False),
    ],
)
def test_an_interruption_is_one_also_where_cleaning_up_after_it_fails(error: BaseException, interrupted: bool) -> None:
    assert events_command.was_interrupted(error) is interrupted
