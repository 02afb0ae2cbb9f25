"""The public board of a contest: who leads, by name only where somebody wants that; who won, once it is decided."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from goodword.program.duration import from_ms
from tests.web.making import TENANT, Opener, Site
from tests.web.people import Person

START_MS = 1_780_000_000_000
DAY_MS = 86_400_000
RACE = """\
goodword: 1
program: race
currency: USD
time_zone: UTC
steps:
  purchase: {{event: order}}
measures:
  friends: {{count: referrals, step: purchase}}
contests:
  trail_race: {{measure: friends, first_day: {first}, last_day: {last}, ties: {ties}}}
rewards:
  gear:
    when: {{contest: trail_race, places: 1}}
    to: advocate
    benefit: {{kind: badge, amount: 1 winner-badge}}
"""


class Clock:
    def __init__(self) -> None:
        self.ms = START_MS

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(open_site: Opener, clock: Clock, ties: str) -> Site:
    site = open_site(clock, delivery_every="3600000", rate_address="0")
    today = from_ms(START_MS).date()
    text = RACE.format(first=today, last=today + timedelta(days=3), ties=ties)
    assert site.publish(text).status_code == 201
    return site


def told(site: Site, clock: Clock, id: str, **more: object) -> dict[str, str]:
    clock.ms += 1
    answer = site.tell({"id": id, "occurred_at": from_ms(clock.ms).isoformat(), **more})
    assert answer.status_code == 200
    found: dict[str, str] = answer.json()
    return found


def brings(site: Site, clock: Clock, name: str, friends: int, consents: bool) -> None:
    """Somebody who joins and brings so many friends."""
    person = {"id": name, "name": f"{name.title()} Popescu"}
    joined = told(site, clock, f"j-{name}", type="join", program="race", person=person)
    if consents:
        told(site, clock, f"c-{name}", type="consent", person={"id": name}, purpose="name", given=True, language="en")
    for number in range(friends):
        who = {"id": f"{name}-{number}"}
        order = {"order": f"{name}-{number}", "person": who, "total": 100, "currency": "USD"}
        told(site, clock, f"o-{name}-{number}", type="order", code=joined["advocate_code"], **order)


def rows(page: str) -> list[tuple[str, ...]]:
    return re.findall(r"<tr[^>]*><td>(\d+)</td><td>([^<]+)</td><td class=\"number\">(\d+)</td></tr>", page)


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        ("first", [("1", "Ann", "2"), ("2", "Somebody", "2"), ("3", "Zoe", "1")]),
        ("all", [("1", "Ann", "2"), ("1", "Somebody", "2"), ("3", "Zoe", "1")]),
    ],
)
def test_everybody_sees_who_leads(open_site: Opener, clock: Clock, ties: str, expected: list[tuple[str, ...]]) -> None:
    site = opened(open_site, clock, ties)
    brings(site, clock, "ann", 2, consents=True)
    brings(site, clock, "bob", 2, consents=False)
    brings(site, clock, "zoe", 1, consents=True)
    page = Person(site).get("/board/race/trail_race")
    assert page.status_code == 200
    assert rows(page.text) == expected
    for secret in ("Popescu", "Bob", "pt_"):
        assert secret not in page.text
    assert '<html lang="ar" dir="rtl">' in Person(site).get("/board/race/trail_race?lang=ar").text


def test_once_it_is_decided_the_winners_stay(open_site: Opener, clock: Clock) -> None:
    site = opened(open_site, clock, "first")
    brings(site, clock, "ann", 2, consents=True)
    clock.ms += 5 * DAY_MS
    site.parts.tenants.decide(TENANT, [], until_ms=clock.ms)
    brings(site, clock, "bob", 3, consents=True)
    page = Person(site).get("/board/race/trail_race").text
    assert "It is decided." in page
    assert rows(page) == [("1", "Ann", "2")]


@pytest.mark.parametrize(("ties", "place"), [("first", "8"), ("all", "7")])
def test_whoever_is_not_among_the_first_sees_his_own_place(
    open_site: Opener, clock: Clock, ties: str, place: str
) -> None:
    site = opened(open_site, clock, ties)
    maria = Person(site)
    joined = maria.joined("maria@example.com", program="race")
    assert maria.entered().status_code == 200
    for name in ("ann", "bob", "eve", "joe", "kim", "lea"):
        brings(site, clock, name, 2, consents=False)
    brings(site, clock, "zoe", 1, consents=False)  # as many as Maria will have, and before her
    assert "board-trail_race" in maria.get("/me/programs/race").text
    assert [one for one in rows(maria.get("/me/programs/race").text) if one[1] == "You"] == []
    code = re.findall(r'<output class="code"[^>]*>([^<]+)<', joined.text)[0]
    bought = {"order": "m", "person": {"id": "m-friend"}, "total": 100, "currency": "USD"}
    told(site, clock, "o-m", type="order", code=code, **bought)
    shown = rows(maria.get("/me/programs/race").text)
    assert len(shown) == 6
    assert shown[-1] == (place, "You", "1")
    assert len(rows(maria.get("/board/race/trail_race").text)) == 5  # everybody sees the same there
    for _ in range(2):  # and once he is among the first, he stands there once
        clock.ms += 1
        more = {"order": f"m{clock.ms}", "person": {"id": f"m{clock.ms}"}, "total": 100, "currency": "USD"}
        told(site, clock, f"o-{clock.ms}", type="order", code=code, **more)
    assert rows(maria.get("/me/programs/race").text)[0] == ("1", "You", "3")
    assert len(rows(maria.get("/me/programs/race").text)) == 5


@pytest.mark.parametrize("path", ["/board/race/nothing", "/board/nothing/trail_race"])
def test_what_is_no_board_is_not_there(open_site: Opener, clock: Clock, path: str) -> None:
    assert Person(opened(open_site, clock, "first")).get(path).status_code == 404


def test_an_empty_board_says_how_to_get_on_it(open_site: Opener, clock: Clock) -> None:
    page = Person(opened(open_site, clock, "first")).get("/board/race/trail_race")
    assert "Nobody is on it yet" in page.text
    assert 'href="/join/race"' in page.text
