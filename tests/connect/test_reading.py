"""Exports of shops as events: every system, every way of writing, and what cannot be understood."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from goodword.connect import shelf as shelf_module
from goodword.connect.columns import fields_of
from goodword.connect.found import PROBLEMS_MAX
from goodword.connect.guess import NotRecognised, recognise, settled
from goodword.connect.mapping import load_mapping, written
from goodword.connect.table import LINE_MAX, Unreadable
from goodword.program.loader import ProgramError
from tests.connect.making import (
    ARABIC,
    REST,
    ROMANIAN,
    SHOPIFY,
    SHOPIFY_CUSTOMERS,
    WOOCOMMERCE,
    ndjson,
    put,
    reader_of,
    told,
)


def brief(event: dict[str, Any]) -> tuple[Any, ...]:
    """An event in a line: what, when, which order, how much."""
    amount = event.get("total", event.get("amount"))
    return (event["type"], event["occurred_at"], event["order"], amount, event.get("currency"))


ZONE = "history: 1\nholds: orders\ntime_zone: Europe/Bucharest\n"
ZONED = {
    "woo": ZONE
    + """\
columns: {order: order_id, customer: customer_id, email: billing_email, placed: order_date, total: order_total,
  currency: order_currency, refunded: refunded_total, status: status, name: [billing_first_name, billing_last_name]}
less: [tax_total, shipping_total]
""",
    "ro": ZONE
    + """\
columns: {order: Număr comandă, email: Adresă e-mail, placed: Data comenzii, total: Valoare, currency: Monedă,
  refunded: Rambursat, cancelled: Anulată, name: Nume complet, country: Țară}
""",
    "ar": ZONE.replace("Europe/Bucharest", "Asia/Riyadh")
    + """\
columns: {order: رقم الطلب, email: البريد الإلكتروني, placed: تاريخ الطلب, total: الإجمالي, currency: العملة,
  refunded: المبلغ المسترد, name: الاسم, country: الدولة}
""",
}

CASES = [
    (
        "Shopify: one line for each item, newest first",
        SHOPIFY,
        None,
        [
            ("order", "2025-01-01T08:00:00Z", "#1001", 6050, "EUR"),
            ("order", "2025-02-01T08:00:00Z", "#1002", 8000, "RON"),
            ("cancel", "2025-02-02T08:00:00Z", "#1002", None, None),
            ("order", "2025-03-01T08:00:00Z", "#1003", 20000, "RON"),
            ("refund", "2025-03-01T08:00:00Z", "#1003", 5000, None),
        ],
    ),
    (
        "WooCommerce: tax and delivery come off, guests have no id, pending is no order yet",
        WOOCOMMERCE,
        ZONED["woo"],
        [
            ("order", "2025-04-30T09:00:00Z", "500", 5000, "RON"),
            ("refund", "2025-04-30T09:00:00Z", "500", None, None),  # all of it
            ("order", "2025-05-02T09:00:00Z", "502", 10000, "RON"),
        ],
    ),
    (
        "Romanian: semicolons, decimal comma, mixed currencies",
        ROMANIAN,
        ZONED["ro"],
        [
            ("order", "2025-01-25T12:30:00Z", "C-1", 123450, "RON"),
            ("order", "2025-02-03T07:00:00Z", "C-2", 9900, "EUR"),
            ("refund", "2025-02-03T07:00:00Z", "C-2", 990, None),
            ("order", "2025-02-04T07:00:00Z", "C-3", 5000, "RON"),
            ("cancel", "2025-02-04T07:00:00Z", "C-3", None, None),
        ],
    ),
    (
        "Arabic: digits, three decimals",
        ARABIC,
        ZONED["ar"],
        [
            ("order", "2025-01-24T21:00:00Z", "101", 123450, "SAR"),
            ("order", "2025-01-25T21:00:00Z", "102", 12345, "KWD"),
            ("refund", "2025-01-25T21:00:00Z", "102", 2345, None),
        ],
    ),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize(("text", "mapping", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_export(
    tmp_path: Path, text: str, mapping: str | None, expected: list[tuple[Any, ...]], ends: str, encoding: str
) -> None:
    events, found, _ = told(put(tmp_path, text.replace("\n", ends).encode(encoding)), mapping)
    assert [brief(event) for event in events] == expected
    assert (found.problems.count, found.remarks.count) == (0, 0), found.problems.first
    assert found.orders == sum(event["type"] == "order" for event in events)


def test_people_of_orders(tmp_path: Path) -> None:
    events, _, _ = told(put(tmp_path, SHOPIFY))
    people = {event["order"]: event["person"] for event in events if event["type"] == "order"}
    assert people["#1003"] == {"email": "eve@example.com", "name": "Eve Pop", "country": "RO"}
    assert people["#1001"] == {"email": "ann@example.com", "name": "Ann Pop", "country": "DE"}
    guest, known = [event["person"] for event in told(put(tmp_path, WOOCOMMERCE), ZONED["woo"])[0] if "person" in event]
    assert (guest, known["id"]) == ({"email": "guest2@example.com", "name": "Guest Two"}, "9")


def test_customers_with_and_without_a_date(tmp_path: Path) -> None:
    events, found, _ = told(put(tmp_path, SHOPIFY_CUSTOMERS))
    assert [(event["type"], event["person"]) for event in events] == [
        ("profile", {"id": "7001", "email": "ann@example.com", "name": "Ann Pop", "country": "DE"}),
        ("profile", {"id": "7002", "email": "zoe@example.com", "name": "Zoe", "country": "RO"}),
    ]  # fmt: skip
    assert (found.customers, found.problems.count) == (2, 0)
    text = "Email,Created at\nann@example.com,2024-01-02T10:00:00Z\nbob@example.com,2023-01-02T10:00:00Z\n"
    events, _, lines = told(put(tmp_path, text))
    assert [(event["type"], event["occurred_at"][:4]) for event in events] == [("sign_up", "2023"), ("sign_up", "2024")]
    assert lines == [3, 2]
    assert "example.com" not in events[0]["id"]


def test_ndjson_of_the_rest_api_with_lines(tmp_path: Path) -> None:
    path = put(tmp_path, ndjson(REST), "orders.ndjson")
    events, _, _ = told(path)
    assert [brief(event) for event in events] == [("order", "2025-06-01T09:00:00Z", "9001", 1000, "JPY")]
    assert events[0]["person"] == {"id": "12", "email": "kei@example.com", "name": "Kei Ito", "country": "JP"}
    mapping, _, by = recognise(path)
    assert by == "WooCommerce, orders (REST API)"
    with_lines = (
        written(mapping) + "rows: line_items\nlines: {category: line_items.category, total: line_items.total}\n"
    )
    events, found, _ = told(path, with_lines)
    assert events[0]["items"] == [{"category": "mugs", "total": 600}, {"category": "cups", "total": 400}]
    assert (found.orders, found.repeated_rows) == (1, 0)


LINES = "lines: {category: Vendor, price: Lineitem price, quantity: Lineitem quantity}\n"


def test_lines_are_counted_by_category(tmp_path: Path) -> None:
    path = put(tmp_path, SHOPIFY)
    mapping = written(recognise(path)[0]) + LINES
    items = {event["order"]: event.get("items") for event in told(path, mapping)[0] if event["type"] == "order"}
    assert items["#1003"] == [{"category": "Mugs", "total": 12000}, {"category": "Cups", "total": 8000}]
    events, found, _ = told(put(tmp_path, SHOPIFY.replace("200.00,10.00", "190.00,10.00")), mapping)
    assert "items" not in events[3]
    assert [str(remark) for remark in found.remarks.first] == [
        "2: Lineitem price: the lines come to more than the order: it counts without categories"
    ]


def test_a_written_mapping_reads_the_same(tmp_path: Path) -> None:
    for name, text in (("a.csv", SHOPIFY), ("b.csv", SHOPIFY_CUSTOMERS), ("c.ndjson", ndjson(REST))):
        path = put(tmp_path, text, name)
        mapping, table, _ = recognise(path)
        mapping, asked = settled(mapping, table)
        assert told(path, written(mapping, asked.questions)) == told(path)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Order,Email,Date,Total,Currency\n1,a@b.c,03/04/2025 10:00 UTC,5.00,USD\n", {"dates"}),
        ("Order,Email,Date,Total,Currency\n1,a@b.c,03/04/2025,5.00,USD\n", {"dates", "time_zone"}),
        ("Order,Email,Date,Total,Currency\n1,a@b.c,25/04/2025,5.00,USD\n2,a@b.c,03/04/2025,5.00,USD\n", {"time_zone"}),
        ("Order,Email,Date,Total,Currency\n1,a@b.c,25/04/2025,5.00,USD\n2,a@b.c,04/25/2025,5.00,USD\n",
         {"dates", "time_zone"}),
        ("Order,Email,Date,Total,Currency\n1,a@b.c,2025-03-04T10:00:00Z,\"1,234\",USD\n", {"decimal"}),
        ("Order,Email,Date,Total,Currency\n1,a@b.c,2025-03-04T10:00:00Z,\"1,234\",USD\n2,a@b.c,2025-03-04T10:00:00Z,"
         "\"1,5\",USD\n", set()),
        ("Order,Email,Date,Total\n1,a@b.c,2025-03-04T10:00:00Z,5.00\n", {"currency"}),
        ("Order,Email,Date,Total\n1,a@b.c,1741082400,5.00\n", {"currency"}),
        ("Order,Email,Date,Total\n1,a@b.c,1741082400,\"5,00 lei\"\n", set()),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_asked(tmp_path: Path, text: str, asked: set[str]) -> None:
    mapping, table, _ = recognise(put(tmp_path, text))
    mapping, found = settled(mapping, table)
    assert set(found.questions) == asked
    for name in asked:
        assert f"# {name}:" in written(mapping, found.questions)


HEAD = "Order,Customer ID,Email,Phone,Date,Total,Currency,Refunded,Country\n"
GOOD = "9,c9,ok@example.com,,2025-03-04T10:00:00Z,5.00,USD,,RO\n"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",c1,a@example.com,,2025-03-04T10:00:00Z,5.00,USD,,", "2: Order: the order has no id"),
        ("1,,,,2025-03-04T10:00:00Z,5.00,USD,,", "2: Customer ID: nobody is named"),
        ("1,,nobody,,2025-03-04T10:00:00Z,5.00,USD,,", "2: Email: nobody is named: what stands there is none"),
        ("1,c1,,,,5.00,USD,,", "2: Date: it is empty"),
        ("1,c1,,,soon,5.00,USD,,", "2: Date: not a date as the file writes them (iso)"),
        ("1,c1,,,2025-02-30T10:00:00Z,5.00,USD,,", "2: Date: there is no such day or time (iso)"),
        ("1,c1,,,2125-03-04T10:00:00Z,5.00,USD,,", "2: Date: the time lies in the future"),
        ("1,c1,,,1925-03-04T10:00:00Z,5.00,USD,,", "2: Date: the time lies before 1970"),
        ("1,c1,,,2025-03-04T10:00:00Z,,USD,,", "2: Total: it is empty"),
        ("1,c1,,,2025-03-04T10:00:00Z,-5.00,USD,,", "2: Total: it is negative"),
        ("1,c1,,,2025-03-04T10:00:00Z,5.005,USD,,", "2: Total: USD has 2 decimals"),
        ("1,c1,,,2025-03-04T10:00:00Z,€5.00,USD,,", "2: Total: it is in EUR, the row in USD"),
        ("1,c1,,,2025-03-04T10:00:00Z,5.00,XXXX,,", "2: Currency: not a currency as ISO 4217 writes it"),
        ("1,c1,,,2025-03-04T10:00:00Z,5.00,,,", "2: Currency: it is empty"),
        ("1,c1,,,2025-03-04T10:00:00Z,5.00,USD,much,", "2: Refunded: not an amount"),
        (f"{'x' * 101},c1,,,2025-03-04T10:00:00Z,5.00,USD,,", "2: Order: Expected `str` of length <= 100"),
        ("1,c1,,,2025-03-04T10:00:00Z,5,00,USD,,,,7", "2: 12 cells in a table of 9 columns"),
        ("1,c1,,,2025-03-04T10:00:00Z,5", "2: 6 cells in a table of 9 columns: perhaps the file was cut off"),
        ("1,c1,a@example.com\x01,,2025-03-04T10:00:00Z,5.00,USD,,", None),
    ],
)
def test_a_row_that_cannot_be_taken_is_named_and_stops_nobody(tmp_path: Path, row: str, problem: str | None) -> None:
    events, found, _ = told(put(tmp_path, f"{HEAD}{row}\n{GOOD}"))
    assert [event["order"] for event in events][-1] == "9"
    if problem is None:
        assert found.problems.count + found.remarks.count == 1
        return
    assert next(str(one) for one in found.problems.first).startswith(problem)
    assert (found.problems.count, len(events)) == (1, 1)


@pytest.mark.parametrize(
    ("row", "remark"),
    [
        ("1,c1,nobody,,2025-03-04T10:00:00Z,5.00,USD,,", "2: Email: not an e-mail address: it is left out"),
        ("1,c1,,0721,2025-03-04T10:00:00Z,5.00,USD,,", "2: Phone: write the number in international form"),
        ("1,c1,,,2025-03-04T10:00:00Z,5.00,USD,,Atlantis", "2: Country: no country that we know by this name"),
    ],
)
def test_what_can_be_done_without_is_left_out_and_said(tmp_path: Path, row: str, remark: str) -> None:
    events, found, _ = told(put(tmp_path, f"{HEAD}{row}\n{GOOD}"))
    assert next(str(one) for one in found.remarks.first).startswith(remark)
    assert (found.problems.count, len(events)) == (0, 2)


def test_problems_are_bounded_counted_and_say_nothing_of_what_stands_there(tmp_path: Path) -> None:
    rows = "".join(f"{n},,secret{n},0700{n},soon{n},much{n},USD,,\n" for n in range(100))
    _, found, _ = told(put(tmp_path, HEAD + rows))
    assert (found.problems.count, len(found.problems.first)) == (100, PROBLEMS_MAX)
    assert not any(word in str(one) for one in found.problems.first for word in ("secret", "0700", "soon", "much"))


@pytest.mark.parametrize(
    ("rows", "orders", "further", "repeated", "problems"),
    [
        (["1,c1,,,2025-03-04T10:00:00Z,5.00,USD,,", "1,c1,,,2025-03-04T10:00:00Z,5.00,USD,,"], 1, 1, 1, 0),
        (["1,c1,,,2025-03-04T10:00:00Z,5.00,USD,,", "1,c1,,,,,,,RO"], 1, 1, 0, 0),
        (["1,c1,,,2025-03-04T10:00:00Z,5.00,USD,,", "1,c1,,,2025-03-04T10:00:00Z,6.00,USD,,"], 1, 1, 0, 1),
        (["1,c1,,,2025-03-04T10:00:00Z,5.00,USD,,", "1,c2,,,2025-03-05T10:00:00Z,6.00,EUR,,"], 1, 1, 0, 4),
    ],
)
@pytest.mark.parametrize("apart", [False, True])
def test_rows_of_one_order(
    tmp_path: Path, rows: list[str], orders: int, further: int, repeated: int, problems: int, apart: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Together or apart, the first that says something counts; what contradicts it is said."""
    monkeypatch.setattr(shelf_module, "PENDING_MAX", 3)
    between = [f"x{n},c9,,,2025-03-04T10:00:00Z,5.00,USD,," for n in range(7)] if apart else []
    events, found, _ = told(put(tmp_path, HEAD + "\n".join([rows[0], *between, *rows[1:]])))
    assert (found.orders - len(between), found.further_rows, found.repeated_rows) == (orders, further, repeated)
    assert found.problems.count == problems
    mine = next(event for event in events if event["order"] == "1")
    assert (mine["total"], mine["person"]["id"]) == (500, "c1")
    assert mine["person"].get("country") == ("RO" if rows[1].endswith("RO") else None)


def test_any_order_of_the_rows_gives_the_same_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf_module, "PENDING_MAX", 7)
    rows = [f"{n},c{n % 5},,,2025-03-{1 + n % 28:02}T10:00:{n:02}Z,{n}.00,USD,{n % 3}.00," for n in range(1, 60)]
    expected = told(put(tmp_path, HEAD + "\n".join(rows)))[0]
    assert [event["occurred_at"] for event in expected] == sorted(event["occurred_at"] for event in expected)
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        assert told(put(tmp_path, HEAD + "\n".join(rows)))[0] == expected


def test_rows_are_grouped_by_another_column(tmp_path: Path) -> None:
    mapping = written(recognise(put(tmp_path, SHOPIFY))[0]).replace("order: Name", "order: Id") + "group: Name\n"
    events, found, _ = told(put(tmp_path, SHOPIFY), mapping)
    assert [event["order"] for event in events if event["type"] == "order"] == ["101", "102", "103"]
    assert (found.further_rows, found.problems.count) == (1, 0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04rest", "this is a spreadsheet"),
        ("Comandă,Preț\nș,ț\n".encode("iso8859-16"), "which other encoding it is cannot be told"),
        (b"a" * (LINE_MAX + 10), "is this a table"),
        (",".join(f"c{n}" for n in range(501)).encode(), "at most 500 columns"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        recognise(put(tmp_path, content))


def test_headers_that_say_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotRecognised, match="customer or email or phone"):
        recognise(put(tmp_path, "a,b\n1,2\n"))
    with pytest.raises(NotRecognised, match="placed"):
        recognise(put(tmp_path, "order,total,email\n1,2,a@b.c\n"))


@pytest.mark.parametrize("first", ["7,Ann Pop,ann@example.com", "Ann Pop,+40 721 000 003,x", "Ann Pop,2025-03-04,x"])
def test_a_file_without_headers_prints_nobodys_data(tmp_path: Path, first: str) -> None:
    file = put(tmp_path, f"{first}\n{first}\n")
    with pytest.raises(NotRecognised, match="is the row of headers missing") as caught:
        recognise(file)
    with pytest.raises(ProgramError, match="is the row of headers missing") as refused:
        told(file, "history: 1\nholds: customers\ncolumns: {email: Email}\n")
    for message in (str(caught.value), str(refused.value)):
        assert not any(word in message for word in ("Ann", "ann@", "721", "2025"))


def test_a_column_that_stands_there_twice_is_refused_where_it_is_used(tmp_path: Path) -> None:
    text = "Order,Email,Date,Total,Total,Currency,Note,Note\n1,a@b.c,2025-03-04T10:00:00Z,5.00,7.00,USD,,\n"
    file = put(tmp_path, text)
    mapping = ZONE + "columns: {order: Order, email: Email, placed: Date, total: Total, currency: Currency}\n"
    with pytest.raises(NotRecognised, match="more than one column is called Total: rename"):
        recognise(file)
    with pytest.raises(ProgramError, match="more than one column is called `Total`"):
        told(file, mapping)
    events, _, _ = told(put(tmp_path, text.replace("Total,Total", "Total,Gross")), mapping)
    assert [event["total"] for event in events] == [500]  # that `Note` stands there twice hurts nobody


@pytest.mark.parametrize(
    "word",
    [
        "pending payment",
        "wc-pending",
        "wc-on-hold",
        "On hold",
        "În așteptarea plății",
        "Plată în așteptare",
        "بانتظار الدفع",
    ],
)
def test_what_nobody_has_paid_for_is_no_order(tmp_path: Path, word: str) -> None:
    row = "2025-03-04T10:00:00Z,5.00,USD"
    text = f"Order,Email,Date,Total,Currency,Status\n1,a@b.c,{row},{word}\n2,a@b.c,{row},Sent\n"
    events, found, _ = told(put(tmp_path, text))
    assert [event["order"] for event in events] == ["2"]
    assert found.statuses == {(word, "left_out"): 1, ("Sent", "stands"): 1}


def test_ids_that_differ_in_case_are_two_people_and_addresses_are_not(tmp_path: Path) -> None:
    events, found, _ = told(put(tmp_path, "Customer ID,Email\naB,a@b.c\nAb,d@e.f\n", "customers.csv"))
    assert [event["person"]["id"] for event in events] == ["aB", "Ab"]
    events, found, _ = told(put(tmp_path, "Email,Name\nAnn@b.c,Ann\nann@b.c,Ann\n", "customers.csv"))
    assert (len(events), found.further_rows) == (1, 1)


def test_an_id_that_is_an_address_is_not_printed(tmp_path: Path) -> None:
    _, found, _ = told(put(tmp_path, "Customer ID,Name\nann@example.com,Ann Pop\n", "customers.csv"))
    assert found.examples[0]["person"] == {"id": "a…@example.com", "name": "A… P…"}


def test_rows_that_come_again_far_apart_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first half of an order stands there again, with the second half, after the order was put away."""
    monkeypatch.setattr(shelf_module, "PENDING_MAX", 3)
    mapping = ZONE + "columns: {order: Order, customer: Who, placed: Date, total: Total, currency: Currency}\n"
    mapping += "lines: {category: Kind, total: Line}\n"
    head = "Order,Who,Date,Total,Currency,Kind,Line\n"
    mugs, cups = (f"1,c1,2025-03-04T10:00:00Z,30.00,USD,{kind}\n" for kind in ("mugs,10.00", "cups,5.00"))
    between = "".join(f"x{n},c9,2025-03-04T10:00:00Z,5.00,USD,,\n" for n in range(7))
    events, found, _ = told(put(tmp_path, head + mugs + between + mugs + cups), mapping)
    (mine,) = (event for event in events if event["order"] == "1")
    assert mine["items"] == [{"category": "mugs", "total": 1000}, {"category": "cups", "total": 500}]
    assert found.repeated_rows == 1


def test_another_encoding_is_named(tmp_path: Path) -> None:
    text = "Order,Email,Name,Date,Total,Currency\n1,a@example.com,Țepeș,2025-03-04T10:00:00Z,5.00,RON\n"
    mapping = "history: 1\nholds: orders\nencoding: iso8859-16\ncolumns: {order: Order, email: Email, name: Name,"
    mapping += " placed: Date, total: Total, currency: Currency}\n"
    events, _, _ = told(put(tmp_path, text.encode("iso8859-16")), mapping)
    assert events[0]["person"]["name"] == "Țepeș"
    mixed = text.encode() + "2,b@example.com,Țepeș,2025-03-04T10:00:00Z,5.00,RON\n".encode("iso8859-16")
    events, found, _ = told(put(tmp_path, mixed), mapping.replace("iso8859-16", "utf-8"))
    assert [event["order"] for event in events] == ["1"]
    assert "not in the encoding" in str(found.problems.first[0])


def test_a_quote_that_nobody_closes(tmp_path: Path) -> None:
    filler = "".join(f"{n},c1,,,2025-03-04T10:00:00Z,5.00,USD,,\n" for n in range(10, 6000))
    text = f'{HEAD}{GOOD}1,"c1,,,2025-03-04T10:00:00Z,5.00,USD,,\n{filler}'
    events, found, _ = told(put(tmp_path, text))
    assert events[0]["order"] == "9"
    assert str(found.problems.first[0]).startswith("3: not CSV")
    assert len(events) > 1000


def test_ndjson_that_is_none(tmp_path: Path) -> None:
    good = '{"order": "1", "email": "a@example.com", "date": "2025-03-04T10:00:00Z", "total": 5.10, "currency": "USD"}'
    long = '{"order": "2", "note": "' + "x" * LINE_MAX + '"}'
    path = put(tmp_path, "\n".join([good, "{nothing", "[1]", long, "", good.replace('"1"', '"3"')]), "orders.ndjson")
    events, found, lines = told(path)
    assert [(event["order"], event["total"]) for event in events] == [("1", 510), ("3", 510)]
    assert [str(one)[:2] for one in found.problems.first] == ["2:", "3:", "4:"]
    assert lines == [1, 6]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("history: 2\nholds: orders\ncolumns: {}\n", [(1, "expected 1"), (3, None)]),
        ("history: 1\nholds: orders\ncolumns: {order: a, placed: b}\n", [(3, "`total` is missing"), (3, "nobody is named")]),
        (
            "history: 1\nholds: customers\ncolumns:\n  email: a\n  total: b\nless: [c]\n",
            [(5, "customers have no `total`"), (6, "this belongs to orders")],
        ),
        (
            "history: 1\nholds: orders\ndates: tomorrow\ntime_zone: Mars\ncurrency: LEI\nencoding: x\ndelimiter: ab\n"
            "decimal: dot\nphone_prefix: '40'\ncolours: 1\ncolumns: {}\n",
            [(3, "day_first"), (4, "time zone"), (5, "ISO 4217"), (6, "encoding"), (7, "one character"), (8, "point"),
             (9, None), (10, "unknown key")],
        ),
        (
            "history: 1\nholds: orders\ncolumns: {order: a, placed: b, total: c, email: d}\n"
            "lines: {category: e, price: f}\nfields: {size: {column: g, type: number}}\n",
            [(4, "either `total`"), (5, "not possible here")],
        ),
        ("columns: {}\n", [(1, "first line of a mapping is `history: 1`")]),
        ("history: [\n", [(2, "not YAML")]),
    ],
)  # fmt: skip
def test_every_problem_of_a_mapping_is_told_with_its_place(text: str, problems: list[tuple[int, str | None]]) -> None:
    with pytest.raises(ProgramError) as caught:
        load_mapping(text)
    found = sorted((problem.line, problem.message) for problem in caught.value.problems)
    for line, words in problems:
        if words is not None:
            assert any(at == line and words in message for at, message in found), found
    assert len(found) >= sum(words is not None for _, words in problems)


def test_typed_fields(tmp_path: Path) -> None:
    text = "Order,Email,Date,Total,Size,Gift,Tier\n1,a@example.com,2025-03-04T10:00:00Z,5,42,da,gold\n"
    text += "2,a@example.com,2025-03-04T10:00:00Z,5,big,perhaps,\n"
    mapping = (
        "history: 1\nholds: orders\ncurrency: RON\ncolumns: {order: Order, email: Email, placed: Date, total: Total}\n"
        "fields: {size: {column: Size, type: integer}, gift: {column: Gift, type: boolean}}\nperson_fields: {tier: Tier}\n"
    )
    events, found, _ = told(put(tmp_path, text), mapping)
    assert events[0]["fields"] == {"size": 42, "gift": True}
    assert events[0]["person"]["fields"] == {"tier": "gold"}
    assert "fields" not in events[1]
    assert [str(one) for one in found.remarks.first] == [
        "3: Size: not a whole number: it is left out",
        "3: Gift: neither yes nor no: it is left out",
    ]


def test_what_is_counted(tmp_path: Path) -> None:
    found = reader_of(put(tmp_path, SHOPIFY)).found
    assert dict(found.totals) == {"EUR": 6050, "RON": 15000}
    assert dict(found.months) == {"2025-01": 1, "2025-02": 1, "2025-03": 1}
    assert (found.rows, found.orders, found.refunds, found.cancelled, found.further_rows) == (4, 3, 1, 1, 1)
    assert found.missing["phone"] == 2
    shown = str(found.examples)
    assert "eve@" not in shown and "721000" not in shown and "Pop" not in shown  # noqa: PT018
    assert reader_of(put(tmp_path, WOOCOMMERCE), ZONED["woo"]).found.left_out == {"pending": 1}


@pytest.mark.parametrize(
    ("row", "phones", "person"),
    [
        ("1,c1,a@example.com,+40 721 000 003", "alone", {"id": "c1", "email": "a@example.com"}),
        (
            "1,c1,a@example.com,+40 721 000 003",
            "always",
            {"id": "c1", "email": "a@example.com", "phone": "+40721000003"},
        ),
        ("1,,,0721-000-003", "alone", {"phone": "+40721000003"}),
        ("1,,nobody,0040721000003", "alone", {"phone": "+40721000003"}),
        ("1,,,'+40721000003", "always", {"phone": "+40721000003"}),
        ("1,,,٠٧٢١٠٠٠٠٠٣", "always", {"phone": "+40721000003"}),
    ],
)
def test_a_number_that_others_share_makes_no_two_people_one(
    tmp_path: Path, row: str, phones: str, person: dict[str, str]
) -> None:
    mapping = written(recognise(put(tmp_path, HEAD + GOOD))[0]) + f"phones: {phones}\nphone_prefix: '+40'\n"
    events, _, _ = told(put(tmp_path, f"{HEAD}{row},2025-03-04T10:00:00Z,5.00,USD,,\n"), mapping)
    assert events[0]["person"] == person


def test_the_mapping_of_the_guide_is_one() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "history.md").read_text()
    text = next(block for block in guide.split("```")[1::2] if block.startswith("yaml\nhistory: 1"))
    mapping = load_mapping(text.removeprefix("yaml\n"))
    assert set(mapping.columns) == set(fields_of("orders")) - {"code"}
    assert set(type(mapping).model_fields) - mapping.model_fields_set == {"rows", "group"}


@pytest.mark.parametrize(
    ("columns", "cells", "problem"),
    [
        ("Refunded at,Cancelled at", "2125-01-01,", "2: Refunded at: the time lies in the future"),
        ("Refunded at,Cancelled at", ",2125-01-01", "2: Cancelled at: the time lies in the future"),
        ("Refunded at,Cancelled at", ",perhaps", "2: Cancelled at: not a date as the file writes them (iso)"),
    ],
)
def test_a_date_of_what_became_of_an_order_is_named_by_its_column(
    tmp_path: Path, columns: str, cells: str, problem: str
) -> None:
    mapping = (
        "history: 1\nholds: orders\ntime_zone: UTC\ncurrency: RON\ncolumns: {order: Order, email: Email, placed: Date,"
    )
    mapping += " total: Total, refunded: Refunded, refunded_at: Refunded at, cancelled: Cancelled at}\n"
    text = f"Order,Email,Date,Total,Refunded,{columns}\n1,a@example.com,2025-03-04,5,1,{cells}\n"
    events, found, _ = told(put(tmp_path, text), mapping)
    assert (events, [str(one) for one in found.problems.first]) == ([], [problem])
