"""What people may do about themselves, over HTTP: consent."""

from __future__ import annotations

from typing import Any

from tests.web.making import Site, event

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
