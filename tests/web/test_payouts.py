"""Payouts and statements by the API."""

from datetime import UTC, datetime
from typing import Any

import pytest

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
    site = open_site()
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
