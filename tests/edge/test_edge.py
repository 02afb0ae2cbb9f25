"""A click, from the request to what is stored of it, on both databases."""

import asyncio
import os
import time
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from goodword.edge import links, tally
from goodword.edge.allowance import WINDOW_MS, Allowance
from goodword.edge.app import UNKNOWN_BURST
from goodword.edge.links import Found
from goodword.edge.spool import SpoolLine, pack_line, unpack_line
from goodword.engine.clicks import read_click
from tests.edge.conftest import Opener
from tests.edge.making import KEYRING, WITH_LANDING, Door, add_handles, counted, handle

TO_SHOP = "https://shop.example/welcome?a=1&gw_code=ANN"


def until(door: Door, key: tuple[str, str, str], count: int) -> dict[tuple[str, str, str], int]:
    """The counts, as soon as there are so many: what nobody waits for is written a moment later."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        door.edge.drain.run_once()
        if counted(door.database).get(key, 0) >= count:
            break
        time.sleep(0.01)
    return counted(door.database)


@pytest.mark.parametrize("path", ["/r/ANN", "/r/ann", "/r/a-n-n", "/r/%20a%E2%80%8En%20n", "/r/%EF%BC%A1nn"])
def test_a_click_leads_to_the_shop_and_is_stored(door: Door, path: str) -> None:
    response = door.ask(f"{path}?ch=WhatsApp")
    assert (response.status_code, response.headers["location"], response.content) == (302, TO_SHOP, b"")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in response.headers
    (hit,) = door.drained()
    assert (hit.code, hit.program, hit.channel, hit.click) == ("ANN", "demo", "whatsapp", None)
    assert hit.network == KEYRING.secret_hash("network", "203.0.113.0/24")
    assert counted(door.database) == {("demo", "ANN", "person"): 1, ("demo", "", "person"): 1}


def test_codes_of_somebodys_choice_are_found_however_they_are_written(door: Door) -> None:
    add_handles(door.database, handle("Maria-Shop"), handle("سارة-10"))
    assert door.location("/r/maria-sh0p").endswith("gw_code=Maria-Shop")
    assert door.location("/r/MAR1ASHOP").endswith("gw_code=Maria-Shop")
    for written in ("سارة-10", "سارة١٠", "%D8%B3%D8%A7%D8%B1%D8%A9-10"):
        assert parse_qs(urlsplit(door.location(f"/r/{written}")).query)["gw_code"] == ["سارة-10"]


def test_the_hit_is_on_the_disk_before_the_redirect_goes_out(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    flush = os.fdatasync

    def noted(file: int) -> None:
        flush(file)
        order.append("disk")

    async def receive() -> dict[str, object]:
        return {}

    async def send(message: dict[str, object]) -> None:
        order.append(str(message.get("status", "end")))

    monkeypatch.setattr(os, "fdatasync", noted)
    scope = {
        "type": "http", "method": "GET", "path": "/r/ANN", "query_string": b"", "client": None,
        "headers": [(b"user-agent", b"Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/140.0")],
    }  # fmt: skip
    door.loop.run(door.edge(scope, receive, send))
    assert order == ["disk", "302", "end"]


def test_only_persons_are_stored_and_the_others_counted(door: Door) -> None:
    for agent in ("WhatsApp/2.23.20.0 A", "curl/8.0", "TelegramBot (like TwitterBot)"):
        assert door.location("/r/ANN", user_agent=agent) == TO_SHOP
    assert door.location("/r/ANN", sec_purpose="prefetch;prerender") == TO_SHOP
    head = door.ask("/r/ANN", "HEAD")
    assert (head.status_code, head.headers["location"]) == (302, TO_SHOP)
    found = until(door, ("demo", "", "preview"), 2)
    assert {key: count for key, count in found.items() if not key[1]} == {
        ("demo", "", "preview"): 2,
        ("demo", "", "bot"): 1,
        ("demo", "", "prefetch"): 1,
    }
    assert door.drained() == []


def test_a_deep_link_stays_in_the_shop(open_door: Opener) -> None:
    door = open_door(hosts="blog.example")
    assert door.location("/r/ANN?to=/p/1?size=4%26x=y") == "https://shop.example/p/1?size=4&x=y&gw_code=ANN"
    assert door.location("/r/ANN?to=https://blog.example/%23a") == "https://blog.example/?gw_code=ANN#a"
    for evil in (
        "https://evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "/%0d%0aSet-Cookie:x=y",
        "%2f%2fevil.example",
    ):
        assert door.location(f"/r/ANN?to={evil}") == TO_SHOP


def test_a_program_that_takes_clicks_as_evidence_gets_a_signed_token(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "program_links", lambda *_: links.ProgramLinks("https://shop.example/", clicks=True))
    query = parse_qs(urlsplit(door.location("/r/ANN")).query)
    click = read_click(KEYRING, query["gw_click"][0])
    assert click is not None
    assert query["gw_code"] == ["ANN"]
    (hit,) = door.drained()
    assert (click.code, click.at_ms, click.id) == (hit.code, hit.at_ms, hit.click)
    assert parse_qs(urlsplit(door.ask("/r/ANN", "HEAD").headers["location"]).query).keys() == {"gw_code"}


@pytest.mark.parametrize("headers", [{"sec_gpc": "1"}, {"dnt": "1"}, {"sec_gpc": "1", "dnt": "0"}])
def test_who_asks_not_to_be_tracked_is_counted_and_told_apart_by_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    monkeypatch.setattr(links, "program_links", lambda *_: links.ProgramLinks("https://shop.example/", clicks=True))
    assert door.location("/r/ANN?ch=mail", **headers) == "https://shop.example/?gw_code=ANN"
    (hit,) = door.drained()
    assert (hit.code, hit.channel, hit.network, hit.click) == ("ANN", "mail", None, None)
    assert counted(door.database)["demo", "ANN", "person"] == 1


def test_who_says_that_he_may_be_told_apart_is(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "program_links", lambda *_: links.ProgramLinks("https://shop.example/", clicks=True))
    assert "gw_click=" in door.location("/r/ANN", sec_gpc="0", dnt="0")
    assert door.drained()[0].network is not None


@pytest.mark.parametrize("over", [{"disabled_ms": 5}, {"expires_ms": 5}])
def test_a_code_that_is_over_gets_a_page_and_is_no_persons_click(door: Door, over: dict[str, int]) -> None:
    add_handles(door.database, handle("OVER", **over))
    response = door.ask("/r/OVER", accept_language="ro-RO,ro;q=0.9,en;q=0.8")
    assert response.status_code == 410
    assert '<html lang="ro" dir="ltr">' in response.text
    assert "nu mai este valabilă" in response.text
    found = until(door, ("demo", "0VER", "gone"), 1)
    assert found == {("demo", "0VER", "gone"): 1, ("demo", "", "gone"): 1}
    assert door.drained() == []


def test_a_code_that_nobody_has_gets_a_page_and_leaves_a_number(open_door: Opener) -> None:
    door = open_door(home="https://shop.example/")
    for path in ("/r/NOPE", "/r/", "/r/%FF", "/r/---", "/r/" + "x" * 300, "/r/a/b", "/r/ANN/", "/r/%00"):
        response = door.ask(path, accept_language="ar")
        expected = 302 if path == "/r/ANN/" else 404
        assert response.status_code == expected, path
    assert '<html lang="ar" dir="rtl">' in door.ask("/r/NOPE", accept_language="ar-SA").text
    response = door.ask("/r/NOPE")
    assert 'href="https://shop.example/"' in response.text
    assert "<script" not in response.text
    assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    until(door, ("", "", "unknown"), 5)
    assert {key[0] for key in counted(door.database)} == {"", "demo"}


def test_guessing_is_slowed_down_and_friends_are_not(open_door: Opener) -> None:
    door = open_door(trusted_proxies="203.0.113.0/24")
    for number in range(UNKNOWN_BURST):
        assert door.ask(f"/r/GUESS{number}", x_forwarded_for="198.51.100.9").status_code == 404
    slow = door.ask("/r/GUESS", x_forwarded_for="1.1.1.1, 198.51.100.9")
    assert slow.status_code == 429
    assert int(slow.headers["retry-after"]) >= 1
    assert door.ask("/r/GUESS", x_forwarded_for="198.51.100.10").status_code == 404
    assert door.location("/r/ANN", x_forwarded_for="198.51.100.10") == TO_SHOP
    assert door.location("/r/ANN", x_forwarded_for="198.51.100.9") == TO_SHOP


def test_who_follows_a_link_again_and_again_is_led_on_and_only_counted(open_door: Opener) -> None:
    door = open_door(trusted_proxies="203.0.113.0/24", hits_address="20")
    add_handles(door.database, handle("BOB"))
    for _ in range(5):
        assert door.location("/r/ANN", x_forwarded_for="198.51.100.9") == TO_SHOP
    assert door.location("/r/bob", x_forwarded_for="198.51.100.9")
    assert door.location("/r/ANN", x_forwarded_for="198.51.100.10") == TO_SHOP
    found = until(door, ("demo", "ANN", "repeated"), 3)
    assert (found["demo", "ANN", "repeated"], found["demo", "", "repeated"], found["demo", "", "person"]) == (3, 3, 4)
    assert [hit.code for hit in door.drained()] == ["ANN", "ANN", "B0B", "ANN"]
    assert door.edge.counts["repeated"] == 3


def test_a_very_long_forwarded_header_is_read_but_not_remembered(open_door: Opener) -> None:
    door = open_door(trusted_proxies="203.0.113.0/24", hits_address="10")
    for _ in range(2):
        assert door.location("/r/ANN", x_forwarded_for="1.1.1.1," * 50 + "198.51.100.9") == TO_SHOP
    assert door.edge._known_visitor.cache_info().currsize == 0
    assert door.edge.counts == {"person": 1, "repeated": 1}
    assert [hit.network for hit in door.drained()] == [KEYRING.secret_hash("network", "198.51.100.0/24")]


def test_an_allowance_holds_for_an_address_and_for_each_of_its_codes_until_the_window_ends() -> None:
    allowance = Allowance(30)
    assert [allowance.take("a", "X", 5) for _ in range(5)] == [True, True, True, False, False]
    assert sum(allowance.take("a", f"C{number}", 6) for number in range(99)) == 27, "what is refused takes nothing"
    assert allowance.take("b", "X", 7)
    assert not allowance.take("a", "Y", WINDOW_MS - 1)
    assert allowance.take("a", "X", WINDOW_MS)
    assert all(Allowance(0).take("a", "X", 1) for _ in range(9))


def test_what_an_allowance_remembers_is_bounded() -> None:
    allowance = Allowance(10, taken_max=50)
    assert all(allowance.take(f"a{number}", "X", 5) for number in range(500))
    assert len(allowance) == 50


def test_what_is_only_counted_is_one_line_however_often_it_came(open_door: Opener) -> None:
    door = open_door(hits_address="1")
    assert door.location("/r/ANN") == TO_SHOP
    for _ in range(30):
        door.ask("/r/ANN", user_agent="curl/8.0")
    assert until(door, ("demo", "ANN", "bot"), 30)["demo", "", "bot"] == 30
    (path,) = door.folder.glob("*.spool")
    lines = [line for raw in path.read_bytes().split(b"\n")[1:-1] if (line := unpack_line(raw)) is not None]
    assert lines[0].kind == "person"
    assert len(lines) < 30
    assert sum(line.count for line in lines) == 31 == door.edge.drain.drained


def test_numbers_that_are_gathered_are_bounded_and_written_at_the_end(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "WRITE_SECONDS", 3600.0)
    monkeypatch.setattr(tally, "KEYS_MAX", 2)
    door.ask("/r/ANN", user_agent="curl/8.0")
    door.ask("/r/ANN", user_agent="WhatsApp/2.23.20.0 A")
    assert until(door, ("demo", "", "bot"), 1)["demo", "", "preview"] == 1
    door.ask("/r/ANN", user_agent="curl/8.0")
    assert until(door, ("demo", "", "bot"), 1)["demo", "", "bot"] == 1
    door.loop.run(door.edge.stop())
    assert counted(door.database)["demo", "", "bot"] == 2


def test_where_the_shop_has_not_said_where_friends_arrive_they_get_a_page_of_ours(open_door: Opener) -> None:
    door = open_door(WITH_LANDING.replace("landing:", "# landing:"))
    response = door.ask("/r/ANN")
    assert response.status_code == 200
    assert "You are invited" in response.text
    assert [hit.code for hit in door.drained()] == ["ANN"]


def test_other_methods_are_refused(door: Door) -> None:
    response = door.ask("/r/ANN", "POST")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    assert door.ask("/elsewhere").status_code == 404
    assert door.ask("/healthz").json() == {"status": "up"}
    assert door.ask("/readyz").json() == {"status": "ready", "spool": "up", "database": "up"}


def test_many_unknown_codes_at_once_are_one_question(door: Door) -> None:
    before = door.edge._links.lookups

    async def all_at_once() -> list[Found]:
        return await asyncio.gather(*(door.edge._links.find(f"C{number % 100}") for number in range(400)))

    assert door.loop.run(all_at_once()) == [None] * 400
    asked = door.edge._links.lookups - before
    assert asked <= 2, "the first code begins a question, and the others share the next one"
    assert door.loop.run(door.edge._links.find("C1")) is None
    assert door.edge._links.lookups - before == asked


def test_a_change_is_seen_when_the_record_is_no_longer_fresh(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    assert door.ask("/r/ANN").status_code == 302
    add_handles(door.database, handle("ANN", disabled_ms=5))
    assert door.ask("/r/ANN").status_code == 302
    monkeypatch.setattr(door.edge._links._entries["ANN"], "fresh_until", 0.0)
    end = time.monotonic() + 10
    while door.ask("/r/ANN").status_code != 410 and time.monotonic() < end:
        time.sleep(0.01)
    assert door.ask("/r/ANN").status_code == 410


def test_a_full_disk_strands_nobody_and_is_told(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    assert door.location("/r/ANN") == TO_SHOP
    with monkeypatch.context() as patch:
        patch.setattr("goodword.edge.spool.os.fdatasync", full)
        assert door.location("/r/ANN") == TO_SHOP
    assert door.edge.spool.lost == 1
    assert door.location("/r/ANN") == TO_SHOP
    assert len({hit.spool for hit in door.drained()}) == 2, "a file is not written again after a failure"


def test_a_disk_that_hangs_strands_nobody(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    flush = os.fdatasync
    go_on = time.monotonic() + 1

    def slow(file: int) -> None:
        while time.monotonic() < go_on:
            time.sleep(0.01)
        flush(file)

    monkeypatch.setattr("goodword.edge.spool.PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr("goodword.edge.spool.os.fdatasync", slow)
    assert door.location("/r/ANN") == TO_SHOP
    assert door.edge.spool.late == 1
    assert time.monotonic() < go_on
    end = time.monotonic() + 10
    while not door.drained() and time.monotonic() < end:
        time.sleep(0.05)
    assert len(door.drained()) == 1


def test_what_a_spool_holds_of_codes_that_nobody_has_becomes_a_number(door: Door) -> None:
    line = pack_line(SpoolLine(1, "person", "GARBAGE", None, "f" * 32))

    async def written() -> bool:
        return await door.edge.spool.kept(line)

    assert door.loop.run(written())
    assert door.drained() == []
    assert counted(door.database) == {("", "", "unknown"): 1}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_answers_while_the_database_is_away_and_finds_the_owners_later(database_url: str, open_door: Opener) -> None:
    door = open_door(home="https://home.example/?x")
    add_handles(door.database, handle("BOB"))
    assert door.location("/r/ANN") == TO_SHOP
    address = make_url(database_url)
    admin = address.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{address.database}" WITH ALLOW_CONNECTIONS false')
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [address.database])
        assert door.location("/r/ANN") == TO_SHOP
        assert door.location("/r/bob?ch=mail") == "https://home.example/?x&gw_code=B0B"
        assert door.location("/r/bob?to=/p/1") == "https://home.example/p/1?gw_code=B0B"
        assert door.location("/r/nobody") == "https://home.example/?x&gw_code=N0B0DY"
        assert door.ask("/readyz").json() == {"status": "ready", "spool": "up", "database": "away"}
        for number in range(UNKNOWN_BURST):
            assert door.location(f"/r/guess{number}").startswith("https://home.example/?x&gw_code=")
        assert door.edge.counts["limited"] == 3, "of whoever asks for too many nothing is kept, but he is led on"
        server.execute(f'ALTER DATABASE "{address.database}" WITH ALLOW_CONNECTIONS true')
    assert sorted(hit.code for hit in door.drained()) == ["ANN", "ANN", "B0B", "B0B"]
    assert counted(door.database)["", "", "unknown"] == 1 + UNKNOWN_BURST - 3
    end = time.monotonic() + 10
    while door.location("/r/bob") != "https://shop.example/welcome?a=1&gw_code=BOB" and time.monotonic() < end:
        time.sleep(0.1)
    assert door.location("/r/bob").startswith("https://shop.example/welcome")


def test_an_unexpected_error_is_answered_and_names_nobody(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("ann@example.com")

    monkeypatch.setattr(door.edge._links, "cached", fails)
    with capture_logs() as lines:
        response = door.ask("/r/ANN")
    assert response.status_code == 500
    assert "redirect_failed" in str(lines)
    assert "ann@" not in response.text + str([line["error"] for line in lines])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_that_hangs_keeps_nobody_waiting(
    database_url: str, open_door: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = open_door(home="https://home.example/")
    assert door.location("/r/ANN") == TO_SHOP
    monkeypatch.setattr(links, "LOOKUP_SECONDS", 0.2)
    with door.database.write_aside() as connection:
        connection.exec_driver_sql("LOCK TABLE handles IN ACCESS EXCLUSIVE MODE")
        assert door.location("/r/BOB") == "https://home.example/?gw_code=B0B"
        assert door.location("/r/BOB") == "https://home.example/?gw_code=B0B"
        assert door.location("/r/ANN") == TO_SHOP
        assert door.edge.state["database"] == "away"
    end = time.monotonic() + 10
    while door.ask("/r/BOB").status_code != 404 and time.monotonic() < end:
        time.sleep(0.1)
    assert door.ask("/r/BOB").status_code == 404
