"""What people may do about themselves, over HTTP: consent, objections."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from goodword.storage import tables
from goodword.storage.audit import audit
from tests.web.making import TENANT, Site, event, order

ANN = {"id": "ann", "email": "ann@example.test", "name": "Ann"}


def joined(shop: Site, person: dict[str, Any] = ANN) -> str:
    told = shop.tell(event("join", f"join {person['id']}", program="demo", person=person)).json()
    return str(told["participant"])


def test_a_consent_is_given_shown_exported_and_withdrawn(shop: Site) -> None:
    ann = joined(shop)
    path = f"/v1/participants/{ann}"
    said = {"purpose": "name", "given": True, "language": "ro"}
    told = shop.ask("POST", f"{path}/consents", "events", json=said | {"id": "consent"})
    assert [one["code"] for one in told.json()["reasons"]] == ["consent_given"], told.text
    assert shop.ask("POST", f"{path}/consents", "events", json=said | {"id": "consent"}).json() == told.json()
    (shown,) = shop.get(path)["consents"]
    assert (shown["purpose"], shown["given"], shown["language"]) == ("name", True, "ro")
    exported = shop.ask("GET", f"{path}/export", "people").json()
    assert exported["about"]["consents"] == [shown]
    assert ("consent", "consent") in [(one["id"], one["type"]) for one in exported["events"]]
    no = event("consent", "no", person={"id": "ann"}, purpose="name", given=False, language="en")
    assert shop.tell(no).json()["outcome"] == "accepted"
    assert [one["given"] for one in shop.get(path)["consents"]] == [False]


def test_what_is_no_consent(shop: Site) -> None:
    path = f"/v1/participants/{joined(shop)}/consents"
    said = {"purpose": "name", "given": True, "language": "ro"}
    assert shop.ask("POST", path, "read", json=said).status_code == 403
    assert shop.ask("POST", "/v1/participants/pt_nobody/consents", "events", json=said).status_code == 404
    for wrong, field in (({"purpose": "mail"}, "purpose"), ({"language": "Romanian"}, "language")):
        answer = shop.ask("POST", path, "events", json=said | wrong)
        assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


WHY = "My friend bought, and I see nothing: ask Maria"


def test_an_objection_is_made_listed_and_answered(shop: Site) -> None:
    ann = joined(shop)
    code = shop.get(f"/v1/participants/{ann}")["codes"][0]["code"]
    bought = shop.tell(order("o", person={"id": "bob"}, code=code)).json()
    (referral,) = bought["referrals"]
    said = {"program": "demo", "participant": ann, "about": referral["id"], "why": WHY, "id": "objected"}
    told = shop.ask("POST", "/v1/objections", "events", json=said)
    assert told.json()["outcome"] == "accepted", told.text
    assert WHY not in told.text
    (shown,) = shop.get("/v1/objections", "staff", status="open")["items"]
    assert (shown["about"], shown["participant"], shown.get("text")) == (referral["id"], ann, None)
    assert shop.get(f"/v1/objections/{shown['id']}", "read", "people")["text"] == WHY
    assert [one["text"] for one in shop.get("/v1/objections", "staff", "people", participant=ann)["items"]] == [WHY]
    path = f"/v1/objections/{shown['id']}/upheld"
    assert shop.ask("POST", path, "events").status_code == 403
    answer = shop.ask("POST", path, "staff", json={"why": "we looked again"}).json()
    assert [one["code"] for one in answer["reasons"]] == ["objection_upheld", "decision_stands"]
    assert shop.get("/v1/objections", "staff", status="open")["items"] == []
    exported = shop.ask("GET", f"/v1/participants/{ann}/export", "people").json()
    (mine,) = exported["objections"]
    assert (mine["text"], mine["verdict"], mine["why"]) == (WHY, "upheld", "we looked again")
    touched = shop.get("/v1/answers", reference=shown["id"])["items"]
    assert [one["type"] for one in touched] == ["objection_answer", "objection"]


def test_what_somebody_wrote_stands_in_one_table(shop: Site) -> None:
    shop.tell(event("objection", "objected", program="demo", person=ANN, why=WHY))
    refused = event("objection", "refused", program="demo", person=ANN, why=WHY, about="rf_nothing")
    assert shop.tell(refused).json()["outcome"] == "refused"
    with shop.parts.database.read() as connection:
        holding = {
            name
            for name, table in tables.metadata.tables.items()
            for row in connection.execute(sa.select(table))
            if "Maria" in str(row)
        }
        assert holding == {"people"}
        docs = connection.execute(sa.select(tables.people.c.doc)).scalars().all()
    assert str(docs).count(WHY) == 1, "what is refused is not kept"


def test_what_is_no_objection(shop: Site) -> None:
    ann = joined(shop)
    for wrong, field in (({"why": ""}, "why"), ({"why": "x" * 501}, "why"), ({"person": ANN}, "")):
        said = {"program": "demo", "participant": ann, "why": WHY} | wrong
        answer = shop.ask("POST", "/v1/objections", "events", json=said)
        assert (answer.status_code, answer.json().get("field") or "") == (422, field), answer.text


def test_a_person_is_erased(shop: Site) -> None:
    ann = joined(shop)
    path = f"/v1/participants/{ann}"
    shop.tell(event("profile", "told", person=ANN | {"fields": {"plan": "gold"}, "country": "RO"}))
    shop.tell(event("objection", "objected", program="demo", person=ANN, why=WHY))
    assert shop.ask("DELETE", path, "events", "staff").status_code == 403
    assert shop.ask("DELETE", "/v1/participants/pt_nobody", "people").status_code == 404
    told = shop.ask("DELETE", path, "people", json={"id": "erased"})
    assert [one["code"] for one in told.json()["reasons"]] == ["data_erased"], told.text
    assert shop.ask("DELETE", path, "people", json={"id": "erased"}).json() == told.json()
    again = shop.ask("DELETE", path, "people").json()
    assert [one["code"] for one in again["reasons"]] == ["erased_before"]
    shown = shop.get(path, "read", "people")
    assert {"country", "language", "fields", "consents", "accepted"} & shown.keys() == set(), shown
    assert "person" not in shown
    assert shown["erased_at"]
    exported = shop.ask("GET", f"{path}/export", "people").json()
    assert [(one["status"], one.get("text")) for one in exported["objections"]] == [("closed", None)]
    assert shop.get(f"/v1/handles/{shown['codes'][0]['code']}")["disabled_at"]
    bought = shop.tell(order("late", person=ANN | {"fields": {"plan": "gold"}})).json()
    assert bought["participant"] == ann
    assert {"order_recorded", "nothing_kept"} <= {one["code"] for one in bought["reasons"]}
    with shop.parts.database.read() as connection:
        assert not connection.execute(sa.select(tables.people)).all()
        holding = {
            name
            for name, table in tables.metadata.tables.items()
            for row in connection.execute(sa.select(table))
            if any(word in str(row) for word in ("ann@example.test", "Ann", "Maria"))
        }
        (late,) = connection.execute(sa.select(tables.events.c.body).where(tables.events.c.id == "late")).scalars()
        assert "gold" not in late
        assert holding == set()
        assert not list(audit(connection, "acme"))


ENGRAVED = """\
goodword: 1
program: engraved
currency: USD
time_zone: UTC
steps: {purchase: {event: order}}
rewards:
  ring:
    when: {step: purchase}
    to: advocate
    benefit: {kind: item, amount: 1 ring, unit_cost: 2 USD, asks: {engraving: {type: text, longest: 40}}}
"""


def kept(shop: Site) -> list[tuple[bool, int | None]]:
    """Of each reward: whether the words stand with it, and how many answers are said to."""
    columns = tables.rewards.c
    with shop.parts.database.read() as connection:
        rows = connection.execute(sa.select(columns.doc, columns.answered)).all()
    return [("Sofia" in row.doc, row.answered) for row in rows]


def test_what_was_said_about_a_reward_that_was_handed_over_is_erased(shop: Site) -> None:
    assert shop.publish(ENGRAVED).status_code == 201
    told = shop.tell(event("join", "join ann", program="engraved", person=ANN)).json()
    bought = shop.tell(order("o", person={"id": "bob"}, code=told["advocate_code"])).json()
    (reward,) = [one["id"] for one in bought["rewards"]]
    shop.tell(event("choice", "engrave", reward=reward, answers={"engraving": "For darling Sofia"}))
    assert shop.ask("POST", f"/v1/rewards/{reward}/issue", "staff", json={}).json()["outcome"] == "accepted"
    assert kept(shop) == [(True, 1)]
    assert shop.ask("DELETE", f"/v1/participants/{told['participant']}", "people").status_code == 200
    shop.parts.tenants.decide(TENANT, [], until_ms=shop.parts.now_ms())
    assert kept(shop) == [(False, None)]
    assert shop.get(f"/v1/rewards/{reward}")["status"] == "issued"
    with shop.parts.database.read() as connection:
        assert list(audit(connection, TENANT)) == []


def test_words_that_wait_for_staff_are_erased(shop: Site) -> None:
    assert shop.publish(ENGRAVED.replace("longest: 40", "longest: 40, moderated: true")).status_code == 201
    told = shop.tell(event("join", "join ann", program="engraved", person=ANN)).json()
    bought = shop.tell(order("o", person={"id": "bob"}, code=told["advocate_code"])).json()
    (reward,) = [one["id"] for one in bought["rewards"]]
    shop.tell(event("choice", "engrave", reward=reward, answers={"engraving": "For darling Sofia"}))

    def waiting() -> list[bool]:
        with shop.parts.database.read() as connection:
            return ["Sofia" in str(row) for row in connection.execute(sa.select(tables.activities))]

    assert waiting() == [True]
    assert shop.ask("DELETE", f"/v1/participants/{told['participant']}", "people").status_code == 200
    shop.parts.tenants.decide(TENANT, [], until_ms=shop.parts.now_ms())
    assert waiting() == [False]
    assert shop.get(f"/v1/rewards/{reward}")["status"] == "cancelled"


def test_erasing_needs_the_scope_for_people(shop: Site) -> None:
    joined(shop)
    told = event("erase", "e", person={"id": "ann"})
    assert shop.tell(told, "events", "staff").status_code == 403
    assert shop.tell(told, "people").json()["outcome"] == "accepted"


def test_what_is_told_and_erased_at_once_is_not_kept(shop: Site) -> None:
    """One batch: what was told before the erasure goes with it, what is told behind it is never written."""
    bodies = [
        event("profile", "before", person=ANN),
        event("objection", "words", program="demo", person=ANN, why=WHY),
        event("erase", "e", person={"id": "ann"}),
        order("after", person=ANN),
    ]
    answers = shop.tell(bodies, "events", "people").json()
    assert [one["outcome"] for one in answers] == ["accepted"] * 4, answers
    with shop.parts.database.read() as connection:
        assert not connection.execute(sa.select(tables.people)).all()


def test_a_survey_is_taken_listed_counted_and_erased(shop: Site) -> None:
    ann = joined(shop)
    said = {"program": "demo", "side": "advocate", "participant": ann, "recommend": 10, "easy": 4, "text": WHY}
    told = shop.ask("POST", "/v1/surveys", "events", json=said)
    assert told.json()["outcome"] == "accepted", told.text
    for number, (recommend, motivates) in enumerate([(9, "easier"), (6, "easier"), (8, "sooner")]):
        more = {"recommend": recommend, "motivates": motivates, "person": {"id": f"p{number}"}}
        shop.tell(event("survey", f"s{number}", program="demo", side="advocate", **more))
    advocates, friends = shop.get("/v1/programs/demo/satisfaction")["items"]
    assert advocates["recommend"] == {"10": 1, "6": 1, "8": 1, "9": 1}
    assert (advocates["easy"], advocates["motivates"]) == ({"4": 1}, {"easier": 2, "sooner": 1})
    assert (advocates["answered"], advocates["net_promoter"]) == (4, 25)
    assert (friends["answered"], friends["net_promoter"]) == (0, None)
    assert shop.ask("GET", "/v1/programs/other/satisfaction", "read").status_code == 404
    (mine,) = shop.get("/v1/surveys", "read", "people", participant=ann)["items"]
    assert (mine["text"], mine["recommend"]) == (WHY, 10)
    assert "text" not in shop.get("/v1/surveys", participant=ann)["items"][0]
    assert [one["text"] for one in shop.ask("GET", f"/v1/participants/{ann}/export", "people").json()["surveys"]] == [
        WHY
    ]
    shop.ask("DELETE", f"/v1/participants/{ann}", "people")
    assert "text" not in shop.get("/v1/surveys", "read", "people", participant=ann)["items"][0]
