"""Contests by the API."""

import hashlib
from datetime import UTC, datetime, timedelta

from tests.web.making import PROGRAM, Opener, Site, event

TODAY = datetime.now(UTC).date()
GAMES = (
    PROGRAM.replace("steps:", "measures: {friends: {count: referrals, step: purchase}}\nsteps:", 1)
    + f"""\
  flight: {{when: {{contest: jump, places: 1}}, to: advocate, benefit: {{kind: experience, amount: 1 flight}}}}
contests:
  jump:
    {{measure: friends, first_day: {TODAY - timedelta(2)}, last_day: {TODAY + timedelta(2)}, by: draw, free_entry: true}}
  race: {{measure: friends, first_day: {TODAY - timedelta(2)}, last_day: {TODAY + timedelta(2)}, ties: all}}
"""
)


def bring(site: Site, advocate: str, friends: int) -> str:
    """Somebody joins and brings friends who buy; his id."""
    told = site.tell(event("join", f"join-{advocate}", program="demo", person={"id": advocate})).json()
    for number in range(friends):
        name = f"{advocate}-{number}"
        bought = {
            "order": name,
            "person": {"id": name},
            "total": 9000,
            "currency": "USD",
            "code": told["advocate_code"],
        }
        assert site.tell(event("order", name, **bought)).status_code == 200
    return str(told["participant"])


def test_who_leads_is_shown_with_shared_places_and_no_names(open_site: Opener) -> None:
    site = open_site()
    assert site.publish(GAMES).status_code == 201
    ids = [bring(site, name, friends) for name, friends in (("ann", 1), ("ben", 2), ("cora", 1))]
    told = site.get("/v1/programs/demo/contests/race/leaderboard")
    assert [(item["place"], item["entrant"], item["score"]) for item in told["items"]] == [
        (1, ids[1], 2),
        (2, ids[0], 1),
        (2, ids[2], 1),
    ]
    assert len(site.get("/v1/programs/demo/contests/race/leaderboard", limit=1)["items"]) == 1


def test_a_draw_shows_the_hash_of_its_seed_and_keeps_the_seed(open_site: Opener) -> None:
    site = open_site()
    site.publish(GAMES)
    entered = site.tell(event("enter", "e1", program="demo", contest="jump", person={"id": "zoe"})).json()
    assert [reason["code"] for reason in entered["reasons"]] == ["contest_entered", "person_recorded"]
    told = site.get("/v1/programs/demo/contests/jump")
    assert len(told["seed_hash"]) == len(hashlib.sha256().hexdigest())
    assert "seed" not in told
    assert "entries_hash" not in told
    assert (told["status"], told["version"], told["measure"]) == ("open", 1, "friends")
    assert [item["contest"] for item in site.get("/v1/programs/demo/contests")["items"]] == ["jump", "race"]
    assert site.ask("GET", "/v1/programs/other/contests", "read").status_code == 404


def test_what_is_not_there_is_not_found(open_site: Opener) -> None:
    site = open_site()
    site.publish(GAMES)
    for path in ("contests/rice", "contests/rice/leaderboard"):
        assert site.ask("GET", f"/v1/programs/demo/{path}", "read").status_code == 404
    assert site.ask("GET", "/v1/programs/demo/contests/race/leaderboard?limit=101", "read").status_code == 422
