"""Where links lead, and above all where not."""

import pytest

from goodword.edge.links import ProgramLinks, make_link
from goodword.edge.targets import (
    TO_MAX,
    Asked,
    ascii_address,
    deep_target,
    read_asked,
    read_places,
    with_parameters,
)
from goodword.settings import InvalidSetting, read_settings
from tests.edge.making import handle

NORMAL = "https://shop.example/welcome"
ORIGINS = frozenset({"https://shop.example", "https://blog.shop.example:8443"})


@pytest.mark.parametrize(
    ("to", "target"),
    [
        ("/", "https://shop.example/"),
        ("/p/1?size=4&x=%20#reviews", "https://shop.example/p/1?size=4&x=%20#reviews"),
        ("/a/../b", "https://shop.example/a/../b"),
        ("/هدايا", "https://shop.example/%D9%87%D8%AF%D8%A7%D9%8A%D8%A7"),
        ("/;@evil.example", "https://shop.example/;@evil.example"),
        ("/%2f%2fevil.example", "https://shop.example/%2f%2fevil.example"),
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example/x", "HTTPS://Shop.Example/x"),
        ("https://shop.example:443/x", "https://shop.example:443/x"),
        ("https://shop.example?x", "https://shop.example?x"),
        ("https://blog.shop.example:8443/x", "https://blog.shop.example:8443/x"),
    ],
)
def test_a_deep_link_leads_to_a_page_of_the_shop(to: str, target: str) -> None:
    assert deep_target(to, NORMAL, ORIGINS) == target
    assert target.isascii()


@pytest.mark.parametrize(
    "to",
    [
        "", "p/1", "?x=1", "#x", ".", "../p",
        "//evil.example", "///evil.example", "////evil.example", "//shop.example@evil.example", "//shop.example",
        "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/a\\b", "https:\\\\evil.example",
        "https:evil.example", "https:/evil.example", "https:///evil.example", "https://", "https:", "https://evil.example",
        "https://shop.example.evil.example", "https://evil-shop.example", "https://evilshop.example", "https://example",
        "https://shop.example@evil.example", "https://shop.example:x@evil.example", "https://user@shop.example/",
        "https://@shop.example/", "https://shop.example%2f@evil.example", "https://shop.example%00.evil.example",
        "https://shop.example\\@evil.example", "https://shop.example\\.evil.example/", "https://evil.example\\.shop.example",
        "https://evil.example/https://shop.example", "https://evil.example?https://shop.example",
        "https://evil.example#shop.example", "https://evil.example;shop.example",
        "https://shop.example:8443/", "https://shop.example:80/", "https://shop.example:/", "https://shop.example:443443/",
        "https://blog.shop.example/", "https://shop.example./", "https://.shop.example", "https://[::1]/", "https://[shop.example]",
        "http://shop.example/", "ftp://shop.example/", "javascript:alert(1)", "JavaScript://shop.example/%0aalert(1)",
        "data:text/html,x", "javascript://shop.example", "file:///etc/passwd", "blob:https://shop.example/x",
        "https://shöp.example/", "https://ѕhop.example/", "https://shop。example/", "https://shop.example。evil.example",
        "https://shop.example／evil", "https://shop.example？evil", "／／evil.example", "https：//evil.example",
        "/x\r\nSet-Cookie: a=b", "/x\n", "/\t/evil.example", "\t//evil.example", " //evil.example", " /x", "/x y", "\x00/x",
        "https://shop.example/\r\nx", "ht\ntps://evil.example", "/\u202eevil", "/\u2028", "/\u200b", "/\u00a0x", "/\ufffd",
        "/" + "x" * TO_MAX,
    ],
)  # fmt: skip
def test_anything_else_leads_where_the_link_always_leads(to: str) -> None:
    target = deep_target(to, NORMAL, ORIGINS)
    assert target is None, target


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (b"to=/p/1", Asked("/p/1")),
        (b"to=%2Fp%2F1%3Fa%3D1%26b%3D2&ch=WhatsApp", Asked("/p/1?a=1&b=2", "whatsapp")),
        (b"ch=a-b_1", Asked(None, "a-b_1")),
        (b"ch=" + b"x" * 21, Asked()),
        (b"ch=what+sapp", Asked()),
        (b"ch=<script>", Asked()),
        (b"to=%ff", Asked()),
        (b"to=\xff", Asked()),
        (b"to=/a&to=//evil.example", Asked("/a")),
        (b"to=%252F%252Fevil.example", Asked("%2F%2Fevil.example")),
        (b"t%6f=/x", Asked()),
        (b"&&&=&to", Asked("")),
        (b"&" * 100 + b"to=/x", Asked()),
    ],
)
def test_what_a_query_asks_for(query: bytes, asked: Asked) -> None:
    assert read_asked(query) == asked


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ("https://s.example", "https://s.example?gw_code=A"),
        ("https://s.example/", "https://s.example/?gw_code=A"),
        ("https://s.example/?", "https://s.example/?gw_code=A"),
        ("https://s.example/?a=1&b=&c", "https://s.example/?a=1&b=&c&gw_code=A"),
        ("https://s.example/#top", "https://s.example/?gw_code=A#top"),
        ("https://s.example/?a=1#top?b=2", "https://s.example/?a=1&gw_code=A#top?b=2"),
        ("https://s.example/?gw_code=EVIL&a=1&g%77_click=x&%67w_x", "https://s.example/?a=1&gw_code=A"),
    ],
)
def test_our_parameters_join_those_that_are_there(address: str, result: str) -> None:
    assert with_parameters(address, "gw_code=A") == result


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ("https://s.example/x", "https://s.example/x"),
        ("https://مثال.example/عرض", "https://xn--mgbh0fb.example/%D8%B9%D8%B1%D8%B6"),
        ("https://bücher.example:8443/", "https://xn--bcher-kva.example:8443/"),
        ("http://localhost:3000/", "http://localhost:3000/"),
        ("https://a..é.example/", None),
    ],
)
def test_an_address_as_it_goes_into_a_header(address: str, result: str | None) -> None:
    assert ascii_address(address) == result


@pytest.mark.parametrize(
    ("target", "landing", "home", "leads_to"),
    [
        (None, "https://l.example/w", "https://h.example/", "https://l.example/w?gw_code=ANN"),
        (None, None, "https://h.example/", "https://h.example/?gw_code=ANN"),
        (None, None, "", ""),
        ("/summer", "https://l.example/w", "https://h.example/", "https://l.example/summer?gw_code=ANN"),
        ("/summer", None, "https://h.example/", "https://h.example/summer?gw_code=ANN"),
        ("/summer", None, "", ""),
        ("//evil.example", "https://l.example/w", "", "https://l.example/w?gw_code=ANN"),
        ("https://h.example/x", "https://l.example/w", "https://h.example/", "https://h.example/x?gw_code=ANN"),
        ("https://l.example/x?a=1#b", "https://l.example/w", "", "https://l.example/x?a=1&gw_code=ANN#b"),
        ("https://more.example/x", "https://l.example/w", "", "https://more.example/x?gw_code=ANN"),
        ("https://evil.example/x", "https://l.example/w", "", "https://l.example/w?gw_code=ANN"),
        ("https://evil.example/x", None, "", ""),
    ],
)
def test_a_code_leads_to_its_own_page_else_to_the_programs_else_home(
    target: str | None, landing: str | None, home: str, leads_to: str
) -> None:
    settings = read_settings({}, home=home, hosts="more.example, other.example:8443")
    link = make_link(handle("ANN", target=target), ProgramLinks(landing), read_places(settings))
    assert link.location.decode() == leads_to


def test_a_code_of_somebodys_choice_is_passed_on_as_written() -> None:
    places = read_places(read_settings({}, home="https://h.example/"))
    assert make_link(handle("Maria-Shop"), ProgramLinks(), places).location.endswith(b"?gw_code=Maria-Shop")
    assert make_link(handle("سارة&10"), ProgramLinks(), places).location.endswith(
        b"?gw_code=%D8%B3%D8%A7%D8%B1%D8%A9%2610"
    )


@pytest.mark.parametrize(
    "given",
    [
        {"home": "http://shop.example"}, {"home": "shop.example"}, {"home": "https://u@shop.example"},
        {"public_url": "ftp://x"}, {"hosts": "https://shop.example"}, {"hosts": "*.shop.example"},
        {"hosts": "shop.example/x"}, {"hosts": "shöp.example"},
    ],
)  # fmt: skip
def test_settings_that_are_no_places_are_told(given: dict[str, str]) -> None:
    with pytest.raises(InvalidSetting, match=f"GOODWORD_{next(iter(given)).upper()}"):
        read_places(read_settings({}, **given))
