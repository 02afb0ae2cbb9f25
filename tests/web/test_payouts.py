"""Payouts and statements by the API."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from goodword.storage import tables
from tests.web.making import PROGRAM, Opener, Site, event, order

PARTNERS = PROGRAM + "\n".join(
    [
        "  share: {when: {step: purchase}, to: advocate, benefit: {kind: commission, amount: 30 USD}}",
        "payouts: {every: month, minimum: 50 USD}",
        "",
    ]
)
MONTH = datetime.now(UTC).strftime("%Y-%m")


@pytest.fixture
def site(open_site: Opener) -> Site:
    """Ann brought three who bought; one of them sent it back."""
    site = open_site(delivery_every="3600000")  # nobody takes what is to be told
    assert site.publish(PARTNERS).status_code == 201
    code = site.tell(event("join", "join", program="demo", person={"id": "ann"})).json()["advocate_code"]
    for number in (1, 2, 3):
        bought = order(f"order {number}", order=f"o{number}", person={"id": f"friend {number}"}, code=code)
        assert site.tell(bought).status_code == 200
    assert site.tell(event("cancel", "back", order="o3")).status_code == 200
    return site


def partner(site: Site) -> str:
    return str(site.get("/v1/events/join")["answer"]["participant"])


def statement(site: Site, period: str = MONTH) -> Any:
    return site.get(f"/v1/programs/demo/partners/{partner(site)}/statements/{period}")


def codes(answer: Any) -> list[str]:
    return [reason["code"] for reason in answer.json()["reasons"]]


def test_a_statement_says_what_came_and_went_order_by_order(site: Site) -> None:
    told = statement(site)
    sums = {name: told[name] for name in ("opening", "earned", "taken_back", "paid_out", "returned", "closing")}
    assert sums == {"opening": 0, "earned": 9000, "taken_back": 3000, "paid_out": 0, "returned": 0, "closing": 6000}
    lines = [(line["kind"], line["order"], line["amount"], line["balance"]) for line in told["lines"]]
    assert lines == [
        ("earned", "o1", 3000, 3000),
        ("earned", "o2", 3000, 6000),
        ("earned", "o3", 3000, 9000),
        ("taken_back", "o3", -3000, 6000),
    ]
    assert (told["unit"], told["payouts"], told["more"]) == ("USD", [], False)
    before = statement(site, "2020-02")
    assert (before["closing"], before["lines"], before["starts_at"]) == (0, [], "2020-02-01T00:00:00Z")
    after = statement(site, "2099-W01")
    assert (after["opening"], after["closing"], after["lines"]) == (6000, 6000, [])


def test_a_payout_is_listed_until_it_is_paid_and_may_come_back(site: Site) -> None:
    assert site.get("/v1/programs/demo/payouts")["items"] == []
    told = site.ask("POST", f"/v1/programs/demo/partners/{partner(site)}/payout", "staff")
    assert codes(told) == ["payout_made"]
    (due,) = site.get("/v1/programs/demo/payouts", status="due")["items"]
    assert (due["amount"], due["period"], due["participant"]) == (6000, MONTH, partner(site))
    assert (statement(site)["closing"], statement(site)["payouts"]) == (0, [due])
    paid = site.ask("POST", f"/v1/payouts/{due['id']}/pay", "staff", json={"id": "wire 7"})
    assert codes(paid) == ["payout_paid"]
    assert codes(site.ask("POST", f"/v1/payouts/{due['id']}/pay", "staff", json={"id": "wire 7"})) == ["payout_paid"]
    assert codes(site.ask("POST", f"/v1/payouts/{due['id']}/pay", "staff")) == ["not_possible_now"]
    assert site.get("/v1/programs/demo/payouts", status="due")["items"] == []
    back = site.ask("POST", f"/v1/payouts/{due['id']}/fail", "staff", json={"why": "the account is closed"})
    assert codes(back) == ["payout_failed"]
    assert site.get(f"/v1/payouts/{due['id']}")["why"] == "the account is closed"
    sums = statement(site)
    assert (sums["paid_out"], sums["returned"], sums["closing"]) == (6000, 6000, 6000)


def test_what_was_paid_out_already_comes_off_the_next_payout(site: Site) -> None:
    site.ask("POST", f"/v1/programs/demo/partners/{partner(site)}/payout", "staff")
    assert "comes_off_next" in codes(site.tell(event("cancel", "back too", order="o2")))
    assert statement(site)["closing"] == -3000
    assert codes(site.ask("POST", f"/v1/programs/demo/partners/{partner(site)}/payout", "staff")) == ["nothing_to_pay"]


def test_what_is_not_there_is_not_found_and_a_period_is_a_month_or_a_week(site: Site) -> None:
    for path in (
        "programs/other/payouts",
        "payouts/po_nothing",
        f"programs/demo/partners/pt_nobody/statements/{MONTH}",
        f"programs/other/partners/{partner(site)}/statements/{MONTH}",
    ):
        assert site.ask("GET", f"/v1/{path}", "read").status_code == 404, path
    for period in ("2026-13", "2026-W60", "october", "2026-1-1"):
        told = site.ask("GET", f"/v1/programs/demo/partners/{partner(site)}/statements/{period}", "read")
        assert told.status_code == 422, period
    assert site.ask("POST", "/v1/payouts/po_nothing/pay", "read").status_code == 403


ACCOUNT = "RO49 AAAA 1B31 0075 9384 0000, Ann Smith"


def told_how(site: Site, id: str = "how", details: str = ACCOUNT) -> Any:
    return site.tell(event("profile", id, person={"id": "ann", "name": "Ann Smith", "payout": details}))


def test_whom_to_pay_is_seen_with_scope_people_alone(site: Site) -> None:
    assert codes(told_how(site)) == ["person_recorded"]
    site.ask("POST", f"/v1/programs/demo/partners/{partner(site)}/payout", "staff")
    (plain,) = site.get("/v1/programs/demo/payouts")["items"]
    assert "pay_to" not in plain
    (seen,) = site.get("/v1/programs/demo/payouts", "read", "people")["items"]
    pay_to = seen["pay_to"]
    assert (pay_to["details"], pay_to["name"]) == (ACCOUNT, "Ann Smith")
    assert site.get(f"/v1/payouts/{seen['id']}", "read", "people")["pay_to"] == pay_to
    assert "pay_to" not in site.get(f"/v1/payouts/{seen['id']}")
    known = site.get(f"/v1/participants/{partner(site)}", "read", "people")
    assert known["person"]["payout"] == ACCOUNT
    assert known["payout_changed_at"] == pay_to["changed_at"]
    assert site.get(f"/v1/participants/{partner(site)}/export", "people")["about"]["person"]["payout"] == ACCOUNT


def test_an_account_stands_in_one_table_alone_and_goes_with_the_person(site: Site) -> None:
    told_how(site)
    with site.parts.database.read() as connection:
        holding = {
            name
            for name, table in tables.metadata.tables.items()
            for row in connection.execute(sa.select(table))
            if any("AAAA" in str(value) for value in row)
        }
    assert holding == {"people"}
    erased = site.ask("DELETE", f"/v1/participants/{partner(site)}", "people")
    assert erased.status_code == 200
    site.ask("POST", f"/v1/programs/demo/partners/{partner(site)}/payout", "staff")
    (seen,) = site.get("/v1/programs/demo/payouts", "read", "people")["items"]
    assert "pay_to" not in seen
    assert "payout_changed_at" not in site.get(f"/v1/participants/{partner(site)}")


def test_a_change_is_told_and_who_did_not_mention_it_changed_nothing(site: Site) -> None:
    told_how(site)
    site.tell(event("profile", "name", person={"id": "ann", "name": "Ann Jones"}))
    with site.parts.database.read() as connection:
        topics = [row.topic for row in connection.execute(sa.select(tables.outbox.c.topic))]
    assert topics.count("participant.changed_payout") == 1
    assert site.get(f"/v1/participants/{partner(site)}", "read", "people")["person"]["payout"] == ACCOUNT


@pytest.mark.parametrize("details", ["", "\u200f \u202e", "x" * 501, 7])
def test_an_account_that_says_nothing_is_refused(site: Site, details: Any) -> None:
    assert told_how(site, details=details).status_code == 422
