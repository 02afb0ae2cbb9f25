"""Figures in words: every metric has them in every language, in the right forms."""

import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

import goodword.reports
from goodword.metrics.definitions import METRICS, TOPICS, Dimension
from goodword.metrics.figure import Figure
from goodword.metrics.periods import Days
from goodword.metrics.verdicts import VERDICTS
from goodword.reports.cohorts import CURVE, FOLLOWED
from goodword.reports.labels import CHANNELS, OUTCOMES, label
from goodword.reports.sayings import FOLLOWED_DAYS, SUBJECTS, THINGS, UNITS, Sayings
from goodword.words.catalogue import LANGUAGES, catalogue
from goodword.words.format import FSI, PDI
from tests.reports.fixture import lines, path, sample, sayings

PARTS = ("name", "question", "formula", "says")


def expected() -> set[str]:
    """The keys that tables in the code ask for."""
    keys = {f"{name}.{part}" for name in METRICS for part in PARTS}
    keys |= {"viral_coefficient.grows", "value_difference.less", "value_difference.likely", "target_customers.by"}
    keys |= {f"warning.{code}" for code in VERDICTS}
    keys |= {f"topic.{topic}" for topic in TOPICS}
    keys |= {f"by.{dimension}" for dimension in get_args(Dimension)}
    keys |= {f"outcome.{outcome}" for outcome in OUTCOMES}
    subjects = {"customer", *SUBJECTS.values()}
    keys |= {f"none.{noun}" for noun in subjects}
    keys |= {f"count.{noun}" for noun in {*subjects, *THINGS.values()} - set(UNITS)}
    keys |= {f"cohorts.{name}" for name in (*FOLLOWED, CURVE)}
    keys |= {f"channel.{name}" for name, kind in CHANNELS.items() if kind == "figure.channel"}
    return keys


def written() -> set[str]:
    """The keys that stand in the code."""
    code = "\n".join(one.read_text() for one in Path(goodword.reports.__path__[0]).glob("*.py"))
    keys = set(re.findall(r'"(?:figure\.)?([a-z_]+(?:\.[a-z_]+)*)"', code))
    heads = set(re.findall(r"head\.\{", code))
    return keys | ({f"head.{key}" for key in keys} if heads else set())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_metric_has_its_words_and_no_word_is_left_over(language: str) -> None:
    keys = {key.removeprefix("figure.") for key in catalogue(language).counts if key.startswith("figure.")}
    assert expected() <= keys
    assert keys <= expected() | written()


def test_what_is_said_of_metrics_is_about_metrics() -> None:
    assert {*SUBJECTS, *THINGS, *FOLLOWED_DAYS} <= METRICS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentences_an_editor_has_read_are_those_that_are_told(language: str) -> None:
    assert "\n".join(lines(language)) + "\n" == path(language).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "metric", "people", "text"),
    [
        (
            "en",
            "conversion_matured",
            100,
            "Of 100 friends who came in October 2026, 23 will have bought within 30 days: 23%. Likely between 18 and 28. "
            "61.4% of them have had the time for it so far.",
        ),
        ("en", "new_customers", 0, "0 new customers came through the program in October 2026."),
        ("en", "new_customers", 1, "1 new customer came through the program in October 2026."),
        ("en", "new_customers", 1000, "1,000 new customers came through the program in October 2026."),
        (
            "en",
            "open_liability",
            1,
            "Promised and neither used, expired nor paid out at the end of the period: 1 coffee.",
        ),
        ("ro", "new_customers", 1, "1 client nou prin program în octombrie 2026."),
        ("ro", "new_customers", 3, "3 clienți noi prin program în octombrie 2026."),
        ("ro", "new_customers", 20, "20 de clienți noi prin program în octombrie 2026."),
        ("ro", "new_customers", 101, "101 clienți noi prin program în octombrie 2026."),
        ("ar", "new_customers", 0, "0 عميل جديد عبر البرنامج في أكتوبر 2026."),
        ("ar", "new_customers", 1, "عميل جديد واحد عبر البرنامج في أكتوبر 2026."),
        ("ar", "new_customers", 2, "عميلان جديدان عبر البرنامج في أكتوبر 2026."),
        ("ar", "new_customers", 3, "3 عملاء جدد عبر البرنامج في أكتوبر 2026."),
        ("ar", "new_customers", 11, "11 عميلًا جديدًا عبر البرنامج في أكتوبر 2026."),
        ("ar", "new_customers", 100, "100 عميل جديد عبر البرنامج في أكتوبر 2026."),
        ("ar", "new_customers", 103, "103 عملاء جدد عبر البرنامج في أكتوبر 2026."),
    ],
)
def test_a_figure_is_told_in_a_sentence(language: str, metric: str, people: int, text: str) -> None:
    assert sayings(language).sentence(sample(METRICS[metric], people)) == text


@pytest.mark.parametrize(
    ("value", "en", "ro", "ar"),
    [
        (0, "0 days", "0 zile", "0 يوم"),
        (0.3, "0.3 days", "0,3 zile", "0.3 يوم"),
        (1, "1 day", "1 zi", "يوم واحد"),
        (1.5, "1.5 days", "1,5 zile", "1.5 يوم"),
        (2, "2 days", "2 zile", "يومان"),
        (9.96, "10 days", "10 zile", "10 أيام"),
        (20.4, "20 days", "20 de zile", "20 يومًا"),
    ],
)
def test_days_are_whole_from_ten_on(value: float, en: str, ro: str, ar: str) -> None:
    assert [sayings(language).days(value) for language in ("en", "ro", "ar")] == [en, ro, ar]


@pytest.mark.parametrize(
    ("name", "first", "last", "en", "ro"),
    [
        ("2026-10", date(2026, 10, 1), date(2026, 10, 31), "in October 2026", "în octombrie 2026"),
        (
            "2026-Q4",
            date(2026, 10, 1),
            date(2026, 12, 31),
            "in quarter 4 of 2026",
            "în trimestrul 4 din 2026",
        ),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "in 2026", "în 2026"),
        (
            "2026-10-05..2026-10-05",
            date(2026, 10, 5),
            date(2026, 10, 5),
            "on 5 October 2026",
            "pe 5 octombrie 2026",
        ),
        (
            "2026-10-05..2026-10-11",
            date(2026, 10, 5),
            date(2026, 10, 11),
            "from 5 October 2026 to 11 October 2026",
            "de la 5 octombrie 2026 la 11 octombrie 2026",
        ),
    ],
)
def test_a_period_is_part_of_a_sentence(name: str, first: date, last: date, en: str, ro: str) -> None:
    periods = {name: Days(name, first, last)}
    assert [Sayings(language, "USD", periods).when(name) for language in ("en", "ro")] == [en, ro]


def figure(metric: str, value: float | None, **fields: object) -> Figure:
    """A figure of October."""
    return Figure(metric, "2026-10", METRICS[metric].unit, value, **fields)


@pytest.mark.parametrize(
    ("one", "value", "text"),
    [
        (figure("conversion_matured", None, denominator=0), "–", "No friends in October 2026."),
        (
            figure("conversion_matured", None, denominator=9),
            "too early",
            "It is too early to tell: nobody could be followed for 30 days yet.",
        ),
        (figure("refund_rate", None, denominator=0), "–", "No orders of this kind in October 2026."),
        (
            figure("payback_days", None, denominator=40),
            "too early",
            "In the time known so far, customers have not paid back what it cost to win them.",
        ),
        (
            Figure("value_difference", "2026-10", "USD", -300, denominator=40, low=-500, high=100),
            "-$3.00",
            "Beside others of the same month, country and first order, 40 customers the program brought have $3.00 less margin each. "
            "The true difference likely lies between -$5.00 and $1.00.",
        ),
        (
            figure("conversion_rate", 0.23149, numerator=23, denominator=99, low=0.2, high=0.2004, maturity=0.9999),
            "23.1%",
            "Of 99 friends who came in October 2026, 23 have bought so far: 23.1%.",
        ),
    ],
    ids=lambda one: one.metric if isinstance(one, Figure) else "",
)
def test_what_is_not_known_is_said_and_nothing_more_exact_than_it_is(one: Figure, value: str, text: str) -> None:
    say = sayings("en")
    assert (say.value(one), say.sentence(one)) == (value, text)


def test_warnings_stand_at_their_figure_unless_nothing_is_known() -> None:
    warned = figure("conversion_matured", 0.5, denominator=4, warnings=("small_sample", "young_cohort"))
    assert len(sayings("en").told(warned).notes) == 2
    assert not sayings("en").told(figure("conversion_matured", None, denominator=0, warnings=("no_data",))).notes


def test_what_runs_from_left_to_right_is_kept_apart_in_arabic() -> None:
    say = sayings("ar")
    assert say.share(0.231) == f"{FSI}23.1%{PDI}"
    assert say.shown(Figure("reward_cost", "2026-10", "USD", 1), 4250).startswith(FSI)


@pytest.mark.parametrize(
    ("dimension", "value", "en", "ar"),
    [
        ("channel", "whatsapp", "WhatsApp", "واتساب"),
        ("channel", "card", "card", "بطاقة"),
        ("channel", "code", "a code that was entered", "رمز مُدخَل"),
        ("channel", "subject", "subject", f"{FSI}subject{PDI}"),
        ("channel", "", "not known", "غير معروف"),
        ("language", "ar-SA", "Arabic", "العربية"),
        ("country", "RO", "Romania", "رومانيا"),
        ("country", "XX", "XX", f"{FSI}XX{PDI}"),
        ("tier", "gold", None, None),
        ("outcome", "lost", "it leads nowhere", "لا يوصل إلى شيء"),
        ("reason", "unheard_of", "unheard_of", f"{FSI}unheard_of{PDI}"),
        ("version", "3", "version 3", f"الإصدار {FSI}3{PDI}"),
    ],
)
def test_values_of_dimensions_have_names(dimension: str, value: str, en: str | None, ar: str | None) -> None:
    for language, text in (("en", en), ("ar", ar)):
        assert label(dimension, value, language) == (text or catalogue(language).word(f"tier.{value}"))
