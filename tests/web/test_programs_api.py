"""Programs by the API: planned, paused, ended, rolled back; terms and what somebody accepted; a person's export."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.web.making import PROGRAM, Site, event, order

LESS = PROGRAM.replace("20 USD", "15 USD")
MORE = PROGRAM.replace("20 USD", "25 USD")
NOW = datetime.now(UTC).replace(microsecond=0)


def publish(site: Site, text: str, **query: str) -> Any:
    return site.ask("POST", "/v1/programs", "programs", content=text, params=query)


def act(site: Site, action: str, **more: Any) -> list[str]:
    told = site.tell(event("program", f"{action}-{len(more)}", program="demo", action=action, **more), "programs")
    assert told.status_code == 200, told.text
    return [reason["code"] for reason in told.json()["reasons"]]


def stands(site: Site) -> Any:
    return site.get("/v1/programs/demo")


def days(number: int) -> str:
    return (NOW + timedelta(days=number)).isoformat()


def test_a_version_is_planned_and_withdrawn(shop: Site) -> None:
    planned = publish(shop, MORE, at=days(5))
    assert (planned.status_code, planned.json()["version"], planned.json()["new"]) == (201, 2, True)
    assert datetime.fromisoformat(planned.json()["starts_at"]) == datetime.fromisoformat(days(5))
    assert publish(shop, MORE, at=days(5)).status_code == 200
    detail = stands(shop)
    assert (detail["status"], detail["version"], detail["versions"][0]["starts_at"]) == (
        "live",
        1,
        planned.json()["starts_at"],
    )
    assert act(shop, "withdraw") == ["schedule_withdrawn"]
    assert stands(shop)["versions"][0]["starts_at"] is None


def test_what_is_taken_away_needs_notice_or_a_reason(shop: Site) -> None:
    for query in ({}, {"at": days(29)}):
        refused = publish(shop, LESS, **query)
        assert (refused.status_code, refused.json()["field"]) == (409, "at")
        assert "rewards.credit.benefit.amount" in refused.json()["detail"]
    assert publish(shop, LESS, at=days(31)).status_code == 201
    at_once = publish(shop, LESS, why="it was a misprint")
    assert (at_once.status_code, at_once.json()["starts_at"]) == (201, None)
    assert stands(shop)["version"] == 2
    told = shop.get("/v1/events/published:demo:2")["answer"]["reasons"]
    assert told[0]["values"] == {"why": "it was a misprint"}


@pytest.mark.parametrize(("query", "status"), [({"at": "2030-01-01T00:00:00"}, 422), ({"at": "soon"}, 422)])
def test_a_date_that_is_none(shop: Site, query: dict[str, str], status: int) -> None:
    assert publish(shop, MORE, **query).status_code == status


def test_rolling_back_brings_the_file_of_a_version_into_force_as_the_next_one(shop: Site) -> None:
    assert publish(shop, MORE).status_code == 201
    path = "/v1/programs/demo/versions/1/publish"
    assert shop.ask("POST", path, "programs").status_code == 409
    back = shop.ask("POST", path, "programs", params={"why": "too dear"})
    assert (back.status_code, back.json()["version"]) == (201, 3)
    assert stands(shop)["file"] == PROGRAM
    assert shop.ask("POST", "/v1/programs/demo/versions/9/publish", "programs").status_code == 404


def test_pause_open_again_and_end(shop: Site) -> None:
    assert act(shop, "pause", why="stock") == ["program_paused"]
    assert stands(shop)["status"] == "paused"
    joined = shop.tell(event("join", "late", program="demo", person={"id": "ann"})).json()
    assert joined["outcome"] == "refused"
    assert act(shop, "resume") == ["program_resumed"]
    assert act(shop, "end", at=days(9)) == ["program_ends"]
    detail = stands(shop)
    assert datetime.fromisoformat(detail["ends_at"]) == datetime.fromisoformat(days(9))
    assert [one["ended"] for one in detail["closures"]] == [False]
    assert detail["closures"][0]["until"] is not None
    assert act(shop, "end") == ["program_ended"]
    assert (stands(shop)["status"], stands(shop)["ends_at"]) == ("ended", None)


def test_a_shops_key_may_not_pause(shop: Site) -> None:
    told = shop.tell(event("program", "p", program="demo", action="pause"), "events", "staff")
    assert told.status_code == 403


def test_a_first_version_that_is_planned(site: Site) -> None:
    assert publish(site, PROGRAM, at=days(3)).status_code == 201
    detail = stands(site)
    assert (detail["version"], detail["file"], detail["versions"][0]["current"]) == (None, None, False)
    assert site.get("/v1/programs")["items"] == []


def test_terms_as_they_were_published_and_who_accepted_them(shop: Site) -> None:
    join = event("join", "j", program="demo", person={"id": "ann"}, accepts={"language": "ar"})
    participant = shop.tell(join).json()["participant"]
    assert publish(shop, MORE).status_code == 201
    shop.tell(event("accept", "a", program="demo", person={"id": "ann"}, terms={"language": "ro"}))
    found = shop.get(f"/v1/participants/{participant}")["accepted"]
    assert [(one["version"], one["language"]) for one in found] == [(1, "ar"), (2, "ro")]
    first = shop.get("/v1/programs/demo/versions/1/terms", language="ar")["text"]
    assert "20" in first
    assert "25" in shop.get("/v1/programs/demo/versions/2/terms", language="ar")["text"]
    assert shop.ask("GET", "/v1/programs/demo/versions/9/terms", "read").status_code == 404
    with shop.parts.database.write("acme") as connection:
        connection.exec_driver_sql("DELETE FROM terms")  # a version from before they were kept is said anew
    assert shop.get("/v1/programs/demo/versions/1/terms", language="ar")["text"] == first


def test_a_persons_export_holds_all_that_is_his_and_nobody_elses(shop: Site) -> None:
    person = {"id": "ann", "email": "ann@example.test", "name": "Ann"}
    joined = shop.tell(event("join", "j", program="demo", person=person, accepts={"language": "ro"})).json()
    friend = {"id": "bob", "email": "bob@example.test", "name": "Bob"}
    bought = shop.tell(order("o", person=friend, code=joined["advocate_code"])).json()
    path = f"/v1/participants/{joined['participant']}/export"
    assert shop.ask("GET", path, "read").status_code == 403
    answer = shop.ask("GET", path, "people")
    found = answer.json()
    assert "attachment" in answer.headers["content-disposition"]
    assert found["about"]["person"]["email"] == "ann@example.test"
    assert [one["code"] for one in found["codes"]] == [joined["advocate_code"]]
    assert [(one["side"], one["status"]) for one in found["referrals"]] == [("advocate", "converted")]
    assert [one["amount"] for one in found["rewards"]] == [2000]
    assert (found["orders"], found["payouts"], found["whole"]) == ([], [], True)
    assert [(one["id"], one["type"], one["outcome"]) for one in found["events"]] == [("j", "join", "accepted")]
    (terms,) = found["terms"]
    assert (terms["version"], terms["language"]) == (1, "ro")
    assert terms["text"] == shop.get("/v1/programs/demo/versions/1/terms", language="ro")["text"]
    assert "bob@example.test" not in answer.text
    assert "Bob" not in answer.text
    theirs = shop.ask("GET", f"/v1/participants/{bought['participant']}/export", "people").json()
    assert [(one["side"], one["status"]) for one in theirs["referrals"]] == [("friend", "converted")]
    assert [one["order"] for one in theirs["orders"]] == ["o"]
    assert shop.ask("GET", "/v1/participants/nobody/export", "people").status_code == 404
