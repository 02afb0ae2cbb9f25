"""A referral from its code to its reward, told and asked over HTTP."""

from goodword.recipes import read_recipe
from tests.web.making import PROGRAM, Site, event, order


def refer(shop: Site) -> tuple[dict[str, object], dict[str, object]]:
    """An advocate joins, his friend buys: the answers."""
    joined = shop.tell(
        event("join", "j1", program="demo", person={"id": "ann", "email": "Ann@Example.com", "name": "Ann"})
    ).json()
    bought = shop.tell(
        [
            event("claim", "c1", code=joined["advocate_code"], person={"id": "bob"}),
            order("o1", person={"id": "bob"}),
        ]
    ).json()
    return joined, bought[1]


def test_a_referral_runs_from_its_code_to_its_reward(shop: Site) -> None:
    joined, bought = refer(shop)
    assert bought["outcome"] == "accepted"
    advocate = joined["participant"]
    (referral,) = shop.get("/v1/referrals", advocate=advocate)["items"]
    assert referral["status"] == "converted"
    assert referral["steps"]["purchase"]["event"] == "o1"
    assert shop.get(f"/v1/referrals/{referral['id']}") == referral
    assert shop.get("/v1/referrals", status="expired")["items"] == []
    (credit,) = shop.get(f"/v1/participants/{advocate}/rewards")["items"]
    assert (credit["status"], credit["amount"], credit["unit"]) == ("pending", 2000, "USD")
    assert shop.get(f"/v1/rewards/{credit['id']}") == credit
    assert {one["rule"] for one in shop.get("/v1/rewards")["items"]} == {"credit", "thanks"}


def test_only_a_key_for_people_sees_the_person(shop: Site) -> None:
    joined, _ = refer(shop)
    path = f"/v1/participants/{joined['participant']}"
    for scopes in (("admin",), ("read", "people")):
        assert shop.get(path, *scopes)["person"] == {"id": "ann", "email": "Ann@Example.com", "name": "Ann"}
    plain = shop.get(path)
    assert "person" not in plain
    assert plain["codes"] == [{"program": "demo", "code": joined["advocate_code"]}]
    listed = shop.get("/v1/participants")
    assert len(listed["items"]) == 2
    assert "Ann" not in str(listed)


def test_a_key_that_only_reads_sees_no_reward_codes(shop: Site) -> None:
    refer(shop)
    (coupon,) = (one for one in shop.get("/v1/rewards", "admin")["items"] if one["rule"] == "thanks")
    assert coupon["status"] == "issued"
    assert len(coupon["code"]) == 12
    path = f"/v1/rewards/{coupon['id']}"
    assert "code" not in shop.get(path)
    assert coupon["code"] not in str(shop.get("/v1/events/o1", "read"))
    assert coupon["code"] in str(shop.get("/v1/events/o1", "events"))


def test_who_hands_a_reward_over_sees_what_was_answered(site: Site) -> None:
    assert site.publish(read_recipe("toms")).status_code == 201
    joined = site.tell(event("join", "j1", program="toms", person={"id": "ann"})).json()
    site.tell(order("o1", person={"id": "bob"}, code=joined["advocate_code"], total=6000))
    (pair,) = site.get("/v1/rewards", "staff", "read")["items"]
    assert "answers" not in pair
    assert (
        site.tell(event("choice", "c1", reward=pair["id"], answers={"cause": "clinics"})).json()["outcome"]
        == "accepted"
    )
    path = f"/v1/rewards/{pair['id']}"
    assert site.get(path, "staff", "read")["answers"] == {"cause": "clinics"}
    assert "answers" not in site.get(path, "read")


def test_which_of_several_benefits_a_reward_is(site: Site) -> None:
    assert site.publish(read_recipe("invite-a-friend")).status_code == 201
    joined = site.tell(event("join", "j1", program="invite-a-friend", person={"id": "ann"})).json()
    site.tell(order("o1", person={"id": "bob"}, code=joined["advocate_code"], total=9000, currency="RON"))
    (thanks,) = (one for one in site.get("/v1/rewards")["items"] if one["rule"] == "thanks")
    assert thanks["option"] == "discount"
    site.tell(event("choice", "c1", reward=thanks["id"], option="soap"))
    now = site.get(f"/v1/rewards/{thanks['id']}")
    assert (now["option"], now["unit"]) == ("soap", "sku:soap")


def test_staff_act_on_a_reward(shop: Site) -> None:
    joined, _ = refer(shop)
    (credit,) = shop.get(f"/v1/participants/{joined['participant']}/rewards")["items"]
    path = f"/v1/rewards/{credit['id']}"
    assert shop.ask("POST", f"{path}/approve", "events").status_code == 403
    first = shop.ask("POST", f"{path}/deny", "admin", json={"id": "d1", "why": "asked to"})
    assert first.json()["outcome"] == "accepted", first.text
    again = shop.ask("POST", f"{path}/deny", "admin", json={"id": "d1", "why": "asked to"})
    assert again.json() == first.json()
    assert shop.get(path)["status"] == "denied"
    other = shop.ask("POST", f"{path}/deny", "admin", json={"id": "d1", "why": "something else"})
    assert other.status_code == 409
    unnamed = shop.ask("POST", f"{path}/deny", "admin")
    assert (unnamed.status_code, unnamed.json()["outcome"]) == (200, "refused")
    for body in (b'{"amount": 0}', b'{"amout": 1}', b"{", b"\xff", b"[]"):
        assert shop.ask("POST", f"{path}/reverse", "admin", content=body).status_code in (400, 422)
    assert shop.ask("POST", f"{path}/explode", "admin").status_code == 422


def test_answers_come_with_sentences_where_a_language_is_asked_for(shop: Site) -> None:
    refer(shop)
    stored = shop.get("/v1/events/j1", "read", language="ar")
    assert all(reason["sentence"] for reason in stored["answer"]["reasons"])
    assert "sentence" not in str(shop.get("/v1/events/j1", "read"))
    (referral,) = shop.get("/v1/referrals")["items"]
    touched = shop.get("/v1/answers", reference=referral["id"], language="ro")
    assert [one["id"] for one in touched["items"]] == ["o1", "c1"]
    assert shop.get("/v1/answers", reference="nobody") == {"items": [], "next": None}


def test_a_balance_is_shown_by_unit(shop: Site) -> None:
    joined, _ = refer(shop)
    path = f"/v1/participants/{joined['participant']}"
    (credit,) = shop.get(f"{path}/rewards")["items"]
    assert shop.get(f"{path}/balances")["next"] is None
    shop.ask("POST", f"/v1/rewards/{credit['id']}/approve", "admin")
    assert {"unit": "USD", "amount": 2000} in shop.get(f"{path}/balances")["items"]


def test_lists_come_in_pages(shop: Site) -> None:
    shop.tell([order(f"o{number}") for number in range(5)])
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = shop.get("/v1/participants", limit=2, **after)
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == len(set(seen)) == 5


def test_a_program_is_published_once_and_shown(site: Site) -> None:
    first = site.publish()
    assert (first.status_code, first.json()["new"], first.json()["version"]) == (201, True, 1)
    assert [one["code"] for one in first.json()["warnings"]] != []
    again = site.publish()
    assert (again.status_code, again.json()["new"]) == (200, False)
    assert site.publish(PROGRAM + "# changed\n").json()["version"] == 2
    assert [(one["program"], one["version"]) for one in site.get("/v1/programs")["items"]] == [("demo", 2)]
    shown = site.get("/v1/programs/demo")
    assert shown["file"].endswith("# changed\n")
    assert [one["version"] for one in shown["versions"]] == [2, 1]
    old = site.get("/v1/programs/demo/versions/1")
    assert (old["about"]["version"], old["about"]["current"], old["file"]) == (1, False, PROGRAM)
    assert site.get("/v1/programs/demo/diff", **{"from": 1, "to": 2})["changes"] == []
    site.publish(PROGRAM.replace("20 USD", "25 USD"))
    (change,) = site.get("/v1/programs/demo/diff", **{"from": 2, "to": 3})["changes"]
    assert change["path"] == "rewards.credit.benefit.amount"
    assert (change["before"], change["after"], change["kind"]) == ("20 USD", "25 USD", "changed")


def test_a_wrong_program_is_answered_with_all_its_problems(site: Site) -> None:
    before = site.counts()
    response = site.publish(PROGRAM.replace("to: advocate", "too: advocate").replace("hold: 30 days", "hold: soon"))
    assert response.status_code == 422
    problems = response.json()["problems"]
    assert len(problems) >= 2
    assert all(one["line"] > 1 and one["column"] and one["message"] for one in problems)
    for body, status in ((b"\xff", 400), (b"a\0b", 400), (b"x" * 300_000, 413), (b"", 422), (b"- 1", 422)):
        assert site.ask("POST", "/v1/programs", "admin", content=body).status_code == status, body[:10]
    assert site.ask("POST", "/v1/programs", "events", content=PROGRAM).status_code == 403
    assert site.counts() == before
