"""Payouts and statements from the command line."""

import csv
import io
import json

import pytest

from tests.cli.making import CODE, PROGRAM, Shop, line

PARTNERS = PROGRAM + "\n".join(
    [
        "  share: {when: {step: purchase}, to: advocate, benefit: {kind: commission, amount: 30 USD}}",
        "payouts: {every: month, minimum: 50 USD}",
        "",
    ]
)


@pytest.fixture
def partners(shop: Shop) -> Shop:
    """Two friends bought in January; what that brought is paid out at the end of the month, and one order comes back."""
    shop.program.write_text(PARTNERS)
    shop.done("publish", shop.program)
    bought = {"total": 9000, "currency": "USD", "code": CODE}
    rows = [line("join-ann", "join", 1, program="demo", person={"id": "ann"})]
    rows += [line(f"b{n}", "order", 2 + n, order=f"o{n}", person={"id": f"f{n}"}, **bought) for n in (1, 2)]
    rows += [line("back", "cancel", 40, order="o2"), line("end", "time_passed", 41)]
    shop.events.write_text("\n".join(rows) + "\n")
    shop.done("import", shop.events)
    return shop


def test_a_statement_is_read_in_three_languages(partners: Shop) -> None:
    told = partners.done("statement", "demo", CODE.lower(), "2025-01").stdout
    for words in (
        "Statement: demo, 1 January 2025 to 31 January 2025",
        "Earned",
        "$60.00",
        "o1",
        "Paid out",
        "-$60.00",
    ):
        assert words in told
    assert "Extras de cont" in partners.done("statement", "demo", CODE, "2025-02", "--language", "ro").stdout
    assert "كشف حساب" in partners.done("statement", "demo", CODE, "2025-02", "--language", "ar").stdout
    assert "Nothing moved" in partners.done("statement", "demo", CODE, "2025-03").stdout


def test_a_statement_is_data_as_well(partners: Shop) -> None:
    told = json.loads(partners.done("statement", "demo", CODE, "2025-02", "--json").stdout)
    assert (told["statement"]["opening"], told["statement"]["taken_back"], told["closing"]) == (0, 3000, -3000)
    rows = list(csv.DictReader(io.StringIO(partners.done("statement", "demo", CODE, "2025-01", "--csv").stdout)))
    assert [(row["kind"], row["order"], row["amount"], row["balance"]) for row in rows] == [
        ("earned", "o1", "3000", "3000"),
        ("earned", "o2", "3000", "6000"),
        ("paid_out", "", "-6000", "0"),
    ]


def test_the_accountant_lists_what_has_to_be_paid(partners: Shop) -> None:
    rows = list(csv.DictReader(io.StringIO(partners.done("payouts", "demo", "--status", "due", "--csv").stdout)))
    assert [(row["period"], row["amount"], row["unit"], row["status"]) for row in rows] == [
        ("2025-01", "6000", "USD", "due")
    ]
    assert json.loads(partners.done("payouts", "demo", "--json").stdout)[0]["id"] == rows[0]["payout"]
    assert rows[0]["payout"] in partners.done("payouts", "demo").stdout
    assert "no payouts" in partners.done("payouts", "demo", "--status", "paid").stdout
    assert "0 findings" in partners.done("audit").stdout


def test_whom_to_pay_is_printed_when_asked_and_no_spreadsheet_reckons_with_it(partners: Shop) -> None:
    account = '=HYPERLINK("https://evil.example")'
    rows = [line("how", "profile", 42, person={"id": "ann", "name": "Ann Smith", "payout": account})]
    partners.events.write_text("\n".join(rows) + "\n")
    partners.done("import", partners.events)
    assert "HYPERLINK" not in partners.done("payouts", "demo", "--json").stdout
    (row,) = csv.DictReader(io.StringIO(partners.done("payouts", "demo", "--people", "--csv").stdout))
    assert (row["name"], row["pay_to"], row["changed_at"]) == ("Ann Smith", f"'{account}", "2025-02-12T00:00:00Z")
    (told,) = json.loads(partners.done("payouts", "demo", "--people", "--json").stdout)
    assert told["pay_to"] == account


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["statement", "other", CODE, "2025-01"], "no program is called other"),
        (["statement", "demo", "nobody", "2025-01"], "no participant and no code is called nobody"),
        (["statement", "demo", CODE, "soon"], "write a month such as 2026-10, or a week such as 2026-W41"),
        (["payouts", "other"], "no program is called other"),
    ],
)
def test_what_is_not_there_is_said(partners: Shop, words: list[str], message: str) -> None:
    result = partners.run(*words)
    assert result.exit_code == 1
    assert message in result.stderr
