"""One colour of a shop becomes colours that everybody can read, whatever it is, and stays itself where it can."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from goodword.portal.theme import (
    CONTRAST,
    GROUNDS,
    Mode,
    brand_colors,
    contrast,
    from_oklch,
    luminance,
    parse_color,
    text_on,
    to_oklch,
)

COLORS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
MODES = st.sampled_from(["light", "dark"])


@given(COLORS, MODES)
@example("#ffff00", "light")
@example("#0000ff", "dark")
@example("#000000", "dark")
@example("#ffffff", "light")
@example("#777777", "light")
def test_every_colour_can_be_read_on_paper_and_card_and_so_can_the_text_on_it(color: str, mode: Mode) -> None:
    made = brand_colors(color, mode)
    for ground in GROUNDS[mode]:
        assert contrast(made.brand, ground) >= CONTRAST
    assert contrast(made.on_brand, made.brand) >= CONTRAST


@given(COLORS)
def test_text_can_be_read_on_the_colour_as_it_is(color: str) -> None:
    assert contrast(text_on(color), color) >= CONTRAST


@given(COLORS, MODES)
def test_a_colour_that_can_be_read_is_left_as_it_is(color: str, mode: Mode) -> None:
    if min(contrast(color, ground) for ground in GROUNDS[mode]) >= CONTRAST:
        assert brand_colors(color, mode).brand == color
        assert brand_colors(brand_colors(color, mode).brand, mode) == brand_colors(color, mode)


@given(COLORS, MODES)
def test_it_moves_no_further_than_it_must_and_keeps_its_hue(color: str, mode: Mode) -> None:
    made, was = to_oklch(brand_colors(color, mode).brand), to_oklch(color)
    if brand_colors(color, mode).brand == color:
        return
    assert (made.lightness < was.lightness) == (mode == "light")
    back = 0.02 if mode == "light" else -0.02
    nearer = from_oklch(was._replace(lightness=made.lightness + back))
    assert min(contrast(nearer, ground) for ground in GROUNDS[mode]) < CONTRAST + 0.01
    if min(made.chroma, was.chroma) > 0.04:  # a grey has no hue
        apart = math.degrees(abs(made.hue - was.hue)) % 360
        assert min(apart, 360 - apart) < 6


@given(COLORS)
def test_a_colour_of_the_screen_comes_back_from_oklch(color: str) -> None:
    there = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    back = [int(from_oklch(to_oklch(color))[at : at + 2], 16) for at in (1, 3, 5)]
    assert all(abs(one - other) <= 1 for one, other in zip(there, back, strict=True))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.478),  # the grey that just fails
        ("#767676", "#ffffff", 4.542),  # the one that just passes
        ("#0000ff", "#ffffff", 8.592),
        ("#ff0000", "#ffffff", 3.998),
        ("#123456", "#123456", 1.0),
    ],
)
def test_contrasts_that_are_known(one: str, other: str, expected: float) -> None:
    assert contrast(one, other) == pytest.approx(expected, abs=0.001)
    assert contrast(one, other) == contrast(other, one)
    assert luminance("#ffffff") == pytest.approx(1)


@pytest.mark.parametrize(
    ("color", "lightness", "chroma", "hue"),
    [
        ("#ff0000", 0.62796, 0.25768, 29.23),
        ("#00ff00", 0.86644, 0.29483, 142.50),
        ("#0000ff", 0.45201, 0.31321, 264.05),
    ],
)
def test_colours_whose_oklch_is_published(color: str, lightness: float, chroma: float, hue: float) -> None:
    """By CSS Color 4, whose matrices have a few more digits."""
    found = to_oklch(color)
    assert found.lightness == pytest.approx(lightness, abs=1e-4)
    assert found.chroma == pytest.approx(chroma, abs=1e-4)
    assert math.degrees(found.hue) % 360 == pytest.approx(hue, abs=0.05)


@pytest.mark.parametrize(("written", "read"), [("#14d", "#1144dd"), ("#1D4ED8", "#1d4ed8")])
def test_how_a_colour_is_written(written: str, read: str) -> None:
    assert parse_color(written) == read


@pytest.mark.parametrize("written", ["", "blue", "1d4ed8", "#1d4ed", "#1d4ed8;}", "#１１１", "#12345g", "#fff\n"])
def test_what_is_no_colour(written: str) -> None:
    with pytest.raises(ValueError, match="is not a colour"):
        parse_color(written)
