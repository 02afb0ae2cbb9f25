"""Charts of figures: everything lies inside, mirrored where a page runs from right to left, with its value beside it."""

import itertools

import pytest

from goodword.pages.blocks import page
from goodword.pages.chart import BESIDE, HEIGHT, LETTER, NARROW, PHONE, WIDTH, funnel, intervals, trend
from goodword.reports.blocks import Definition, Definitions, Funnel, Heading, Intervals, Note, Point, Step, Told, Trend

FUNNEL = Funnel("Steps", (Step("shared", 40, "40"), Step("clicked", 80, "80"), Step("came", 0, "0")))
INTERVALS = Intervals("Rates", (("mail", Point(0.2, "20%", 0.1, 0.4)), ("card", Point(0.1, "10%"))))
MONTHS = tuple(f"month {number:02}" for number in range(1, 13))
POINTS = (None, Point(0.2, "20%", 0.1, 0.4), Point(0.5, "50%", 0.3, 0.6), None, *[Point(0.3, "30%")] * 8)


def test_the_largest_step_is_as_wide_as_the_chart() -> None:
    rows = funnel(FUNNEL, rtl=False).rows
    assert [row.width for row in rows] == [(NARROW - 2 * BESIDE) / 2, NARROW - 2 * BESIDE, 0]
    assert {row.x for row in rows} == {BESIDE}
    assert [row.top for row in rows] == sorted(row.top for row in rows)


def test_bars_that_lie_begin_on_the_right_where_text_does() -> None:
    left, right = (intervals(INTERVALS, rtl) for rtl in (False, True))
    assert (left.start, left.end) == (right.end, right.start)
    for one, other in zip(left.rows, right.rows, strict=True):
        assert one.width == other.width
        assert one.x + one.width == NARROW - other.x
    assert left.rows[0].low == NARROW - (right.rows[0].low or 0)
    assert (left.rows[1].low, left.rows[1].high) == (None, None)


def test_a_chart_of_nothing_is_no_mistake() -> None:
    assert funnel(Funnel("", (Step("came", 0, "0"),)), rtl=False).rows[0].width == 0
    assert intervals(Intervals("", (("mail", Point(0.0, "0%", 0.0, 0.0)),)), rtl=True).rows[0].width == 0
    assert trend(Trend("", ("May",), (None,)), rtl=False).dots == ()
    assert trend(Trend("", (), ()), rtl=False).labels == ()


def test_a_line_breaks_where_nothing_is_known() -> None:
    line = trend(Trend("Rate", MONTHS, POINTS), rtl=False)
    assert [len(piece.split()) for piece in line.lines] == [2, 8]
    assert [len(band.split()) for band in line.bands] == [4]
    assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT for dot in line.dots)
    assert [dot.shown for dot in line.dots] == ["20%", "50%", *["30%"] * 8]


def test_a_line_is_mirrored() -> None:
    left, right = (trend(Trend("Rate", MONTHS, POINTS), rtl) for rtl in (False, True))
    assert [round(WIDTH - dot.x, 1) for dot in right.dots] == [dot.x for dot in left.dots]
    assert [dot.y for dot in right.dots] == [dot.y for dot in left.dots]


def test_labels_that_do_not_fit_are_left_out_but_never_the_last() -> None:
    short = trend(Trend("", tuple("abcdefghijkl"), POINTS), rtl=False)
    long = trend(Trend("", tuple(f"{name} of the year" for name in "abcdefghijkl"), POINTS), rtl=False)
    assert len(short.labels) == 12
    assert len(long.labels) < 7
    assert long.labels[-1].text == "l of the year"


def test_long_values_stand_at_the_ends_and_extremes_only() -> None:
    points = tuple(Point(value, f"${value},000.00") for value in (3, 1, 2, 2, 2, 2, 9, 2, 2, 2, 2, 4))
    shown = [dot.shown for dot in trend(Trend("", MONTHS, points), rtl=False).dots]
    assert [text for text in shown if text] == ["$1,000.00", "$9,000.00", "$4,000.00"]


@pytest.mark.parametrize("rtl", [False, True])
def test_on_a_phone_a_line_keeps_its_letters_and_no_text_is_cut_or_meets_another(rtl: bool) -> None:
    points = tuple(
        Point(value, f"RON {value:,}.00") for value in (300, 150, 200, 210, 220, 190, 180, 205, 202, 201, 140, 900)
    )
    months = tuple(f"Nov {year}" for year in range(2015, 2027))
    line = trend(Trend("", months, points), rtl, PHONE)
    assert line.width == PHONE
    texts = [[(dot.shown_x, dot.shown) for dot in line.dots if dot.shown], [(one.x, one.text) for one in line.labels]]
    for row in texts:
        ends = sorted((x - len(text) * LETTER / 2, x + len(text) * LETTER / 2) for x, text in row)
        assert len(ends) > 1
        assert ends[0][0] > -0.1
        assert ends[-1][1] < PHONE + 0.1
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(ends))
    assert line.labels[-1].text == "Nov 2026"


def test_values_below_zero_lie_under_the_baseline() -> None:
    line = trend(Trend("", ("a", "b"), (Point(-1, "-1"), Point(1, "1"))), rtl=False)
    assert line.dots[0].y > line.baseline > line.dots[1].y


def test_a_page_tells_charts_in_words_and_escapes_what_it_shows() -> None:
    told = Told("<b>", "1 & 2", "text", ("note",))
    made = Definitions("Made", "Query", (Definition("Rate", "How many?", ("y / n",), ("SELECT a < b",)),))
    html = page(
        [Heading("Page", 1), FUNNEL, INTERVALS, Trend("Rate", MONTHS, POINTS, "band"), Note("n"), told, made], "ar"
    )
    assert "shared: 40; clicked: 80; came: 0" in html
    assert "month 02: 20%; month 03: 50%" in html
    assert "&lt;b&gt;" in html
    assert "1 &amp; 2" in html
    assert "SELECT a &lt; b" in html
    assert html.count("<details>") == 1
