"""Pictures of offers and achievements: of the right size, small, shaped, in the right direction, and never full of boxes."""

from __future__ import annotations

import struct
import threading
import zlib
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from demo.cases import PROGRAMS
from goodword.portal.cards import Friends, Rank, Title, Win, achievement_picture, invitation_picture
from goodword.portal.look import Look, make_look
from goodword.portal.pictures import HEIGHT, PICTURES_MAX, WIDTH, Picture, Pictures
from goodword.program.loader import load_program
from goodword.settings import read_settings
from goodword.words.catalogue import LANGUAGES

DAY = date(2026, 11, 30)
BYTES_MAX = 300_000
"""Some previews take no larger ones."""
PLAIN = Picture("en", "ltr", "", "", "For you", "", "#000000", "#ffffff")


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    drawn = Pictures()
    assert drawn.can_write("لك"), "no font for Arabic: apt-get install fonts-noto-core, as `make browser` does"
    return drawn


@pytest.fixture(scope="module")
def look() -> Look:
    return make_look(read_settings({}, brand_name="Luna Coffee", brand_color="#c2410c"))


def offer(pictures: Pictures, look: Look, recipe: str, language: str) -> Picture | None:
    program = load_program((PROGRAMS / recipe / "program.yaml").read_text(encoding="utf-8"))
    return invitation_picture(pictures, look, program, language, DAY)


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def ink(png: bytes) -> list[int]:
    """How much light stands in each column of a picture."""
    data, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    assert png[24] == 8
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[png[25]]
    raw, width = zlib.decompress(data), WIDTH * channels
    before, columns = bytearray(width), [0] * WIDTH
    for row in range(HEIGHT):
        start = row * (width + 1)
        line = bytearray(raw[start + 1 : start + 1 + width])
        _unfilter(raw[start], line, before, channels)
        for column in range(WIDTH):
            columns[column] += line[column * channels]
        before = line
    return columns


def _unfilter(kind: int, line: bytearray, above: bytearray, step: int) -> None:
    """The five filters of PNG."""
    for at in range(len(line)):
        left, up = line[at - step] if at >= step else 0, above[at]
        corner = above[at - step] if at >= step else 0
        guess = left + up - corner
        nearest = min((left, up, corner), key=lambda one: abs(guess - one))
        line[at] = (line[at] + (0, left, up, (left + up) // 2, nearest)[kind]) & 255


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("recipe", ["bombas", "coffee-shop", "dropbox", "hellofresh", "netflix", "tesla"])
def test_an_offer_is_a_picture_of_the_size_that_previews_show(
    pictures: Pictures, look: Look, recipe: str, language: str
) -> None:
    picture = offer(pictures, look, recipe, language)
    assert picture is not None
    drawn = pictures.draw(picture)
    assert drawn is not None
    assert size(drawn) == (WIDTH, HEIGHT)
    assert 5_000 < len(drawn) < BYTES_MAX


def test_what_it_says_is_the_offer(pictures: Pictures, look: Look) -> None:
    picture = offer(pictures, look, "bombas", "en")
    assert picture is not None
    assert picture.alt == "Luna Coffee. For you. 25% off (up to $50.00). A friend invites you"
    assert (picture.color, picture.on_color) == ("#c2410c", "#ffffff")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "achievement", [Title("Ambassador"), Rank(3, "September"), Friends(1), Friends(1234), Win("25 % off", "Race")]
)
def test_an_achievement_is_a_picture_that_names_nobody(
    pictures: Pictures, look: Look, achievement: Title | Rank | Friends | Win, language: str
) -> None:
    picture = achievement_picture(pictures, look, achievement, language)
    assert picture is not None
    drawn = pictures.draw(picture)
    assert drawn is not None
    assert len(drawn) < BYTES_MAX
    assert picture.emblem in ("star", "3", "1", "1234")


@pytest.mark.parametrize(
    ("achievement", "language", "said"),
    [
        (Friends(1), "en", "1 friend joined"),
        (Friends(12), "ro", "12 prieteni s-au alăturat"),
        (Friends(20), "ro", "20 de prieteni s-au alăturat"),
        (Friends(2), "ar", "انضم صديقان"),
        (Friends(11), "ar", "انضم 11 صديقًا"),
        (Rank(3, "September"), "ro", "Locul 3"),
        (Title("Gold"), "ar", "\u2068Gold\u2069"),
    ],
)
def test_what_an_achievement_says(
    pictures: Pictures, look: Look, achievement: Friends | Rank | Title, language: str, said: str
) -> None:
    picture = achievement_picture(pictures, look, achievement, language)
    assert picture is not None
    assert picture.main == said


def runs(columns: list[int]) -> int:
    """In how many pieces something stands beside each other."""
    return sum(1 for before, now in pairwise([0, *columns]) if now and not before)


def test_arabic_letters_are_joined_and_stand_where_lines_begin(pictures: Pictures) -> None:
    """On black ground; two circles have light as well, at the end of lines: only the half where lines begin is looked at."""
    word = replace(PLAIN, language="ar", direction="rtl", main="محمد")
    joined, apart = pictures.draw(word), pictures.draw(replace(word, main="م\u200cح\u200cم\u200cد"))
    english = pictures.draw(replace(PLAIN, main="ill"))
    assert joined is not None
    assert apart is not None
    assert english is not None
    assert runs(ink(joined)[WIDTH // 2 :]) == 1
    assert runs(ink(apart)[WIDTH // 2 :]) == 4
    assert runs(ink(english)[: WIDTH // 2]) == 3


@pytest.mark.parametrize(
    ("text", "drawable"),
    [
        ("Luna Café & Söhne – 25 % · €5", True),
        ("Știință, Țară", True),
        ("Καφές Кофе", True),
        ("مقهى القمر ٢٥٪", True),
        ("\u2068\u200f20.00\u00a0\u2068US$\u2069\u2069", True),
        ("喫茶店", False),
        ("☕ coffee", False),
        ("😀", False),
        ("\ufdd0", False),
        ("\n", False),
    ],
)
def test_only_what_has_a_font_is_drawn(pictures: Pictures, text: str, drawable: bool) -> None:
    assert pictures.can_write(text) is drawable
    assert (pictures.draw(replace(PLAIN, note=text)) is not None) is drawable


def test_without_a_font_for_arabic_there_is_no_picture_in_arabic(look: Look) -> None:
    bare = Pictures(system_fonts=False)
    assert offer(bare, look, "bombas", "ar") is None
    assert bare.draw(replace(PLAIN, main="لك")) is None
    for language in ("en", "ro"):
        picture = offer(bare, look, "bombas", language)
        assert picture is not None
        assert bare.draw(picture) is not None


def test_a_name_without_a_font_is_left_out(pictures: Pictures) -> None:
    picture = offer(pictures, make_look(read_settings({}, brand_name="月")), "bombas", "en")
    assert picture is not None
    assert picture.shop == ""


def test_texts_are_never_read_as_markup(pictures: Pictures) -> None:
    evil = '#read("/etc/passwd") $x$ *b* \\ <label> @ref #import "@preview/x:1.0.0"'
    assert pictures.draw(replace(PLAIN, shop=evil, lead=evil, main=evil, note=evil)) is not None


@pytest.mark.parametrize(
    "main", ["x" * 5000, "word " * 1000, "\u2068" + "لك " * 500 + "\u2069"], ids=["one", "many", "arabic"]
)
def test_long_texts_are_cut(pictures: Pictures, main: str) -> None:
    drawn = pictures.draw(replace(PLAIN, shop=main[:60], lead=main, main=main, note=main))
    assert drawn is not None
    assert len(drawn) < BYTES_MAX


def test_a_picture_is_drawn_once_and_few_are_remembered(pictures: Pictures) -> None:
    one = replace(PLAIN, note="once")
    assert pictures.draw(one) is pictures.draw(replace(PLAIN, note="once"))
    for at in range(PICTURES_MAX + 3):
        pictures.draw(replace(PLAIN, note=str(at)))
    assert len(pictures._drawn) == PICTURES_MAX


def test_many_may_ask_at_once(pictures: Pictures) -> None:
    drawn: list[bytes | None] = []

    def ask(at: int) -> None:
        drawn.append(pictures.draw(replace(PLAIN, note=f"at once {at % 3}")))

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(drawn)) == 3
    assert None not in drawn
