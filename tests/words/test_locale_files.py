"""The catalogues hold the same keys, placeholders and forms in every language, and all that is asked for."""

import re

import pytest

from goodword.engine.events import AnyEvent
from goodword.engine.reasons import REASONS
from goodword.program.conditions import ATTRIBUTES, OPERATORS
from goodword.words.catalogue import LANGUAGES, Catalogue, catalogue, language_of, placeholders
from tests.words.fixture import lines, path

FORMS = {"en": 2, "ro": 3, "ar": 6}
PLURAL_NUMBERS = (0, 1, 2, 3, 10, 11, 19, 20, 21, 99, 100, 101, 102, 103, 111, 119, 120)
FORM_OF = {
    "en": (1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
    "ro": (1, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 1, 2),
    "ar": (0, 1, 2, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 3, 4, 4, 4),
}
ONE_NUMBER_FORMS = {"en": frozenset[int](), "ro": frozenset({0}), "ar": frozenset({0, 1, 2})}
"""Forms that stand for a single number each, which may then be a word."""


@pytest.fixture(params=LANGUAGES)
def texts(request: pytest.FixtureRequest) -> Catalogue:
    return catalogue(request.param)


def forms(texts: Catalogue, key: str) -> dict[int, str]:
    """Every form of a message by its index."""
    numbers = dict(zip(FORM_OF[texts.language], PLURAL_NUMBERS, strict=True))
    return {form: texts.template(key, n) for form, n in numbers.items()}


def test_every_language_has_the_same_keys_in_the_same_order() -> None:
    english = list(catalogue("en").counts.items())
    for language in LANGUAGES:
        assert list(catalogue(language).counts.items()) == english


def test_nothing_is_empty_or_untranslated(texts: Catalogue) -> None:
    for key in texts.counts:
        for text in forms(texts, key).values():
            assert text.strip(), key
            assert text != key


def test_arabic_is_written_in_arabic_and_romanian_with_commas_below() -> None:
    arabic, romanian = catalogue("ar"), catalogue("ro")
    for key in arabic.counts:
        if key != "word.separator" and not key.startswith("format."):
            words = re.search("[a-z]", re.sub(r"\{[^}]*\}", "", catalogue("en").template(key)))
            assert re.search("[\u0620-\u064a]", arabic.template(key)) or not words, key
        assert not re.search('[ŞşŢţãÃ"]', romanian.template(key)), key


def test_no_text_holds_direction_marks_or_two_spaces(texts: Catalogue) -> None:
    for key in texts.counts:
        for text in forms(texts, key).values():
            assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", text), key
            assert "  " not in text, key


def test_placeholders_are_the_same_everywhere(texts: Catalogue) -> None:
    english = catalogue("en")
    for key, count in texts.counts.items():
        expected = placeholders(english.template(key, 100))
        for form, text in forms(texts, key).items():
            missing = {count} if form in ONE_NUMBER_FORMS[texts.language] else set()
            assert expected - missing <= placeholders(text) <= expected, (key, text)


def test_numbers_choose_the_forms_of_cldr(texts: Catalogue) -> None:
    rule = texts.locale.plural_form
    tags: dict[int, set[str]] = {}
    for n, form in zip(PLURAL_NUMBERS, FORM_OF[texts.language], strict=True):
        tags.setdefault(form, set()).add(rule(n))
    assert len(tags) == FORMS[texts.language]
    assert all(len(names) == 1 for names in tags.values())
    for n in range(1000):
        by_cldr = next(form for form, names in tags.items() if rule(n) in names)
        assert texts.template("unit.day", n) == forms(texts, "unit.day")[by_cldr]


def test_every_form_is_there(texts: Catalogue) -> None:
    for key, count in texts.counts.items():
        if count is not None:
            assert len(forms(texts, key)) == FORMS[texts.language], key


def test_every_reason_has_a_sentence_that_needs_nothing(texts: Catalogue) -> None:
    for code in REASONS:
        keys = [key for key in (f"reason.{code}", f"reason.{code}.short") if key in texts.counts]
        assert any(not placeholders(texts.template(key)) and texts.counts[key] is None for key in keys), code
        assert placeholders(texts.template(keys[0])) or keys == [f"reason.{code}"], f"{code}: needless .short"


def test_every_sentence_is_of_a_reason_and_ends_in_a_full_stop(texts: Catalogue) -> None:
    for key in texts.counts:
        if key.startswith("reason."):
            assert key.split(".")[1] in REASONS
            assert all(text.endswith(".") for text in forms(texts, key).values()), key


def test_every_attribute_operator_and_event_has_its_words(texts: Catalogue) -> None:
    for attribute in ATTRIBUTES:
        assert f"attribute.{attribute.name}" in texts.counts
    for operator in OPERATORS:
        assert {f"condition.{operator.name}", f"condition.{operator.name}.unknown"} <= texts.counts.keys()
        assert f"operator.{operator.name}" in texts.counts
    for event in AnyEvent.__args__:
        assert f"event.{event.__struct_config__.tag}" in texts.counts


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("ar-SA", "ar"),
        ("ar_EG", "ar"),
        ("RO", "ro"),
        ("en-GB", "en"),
        ("de", "en"),
        ("", "en"),
        ("arn", "en"),
    ],
)
def test_the_language_of_a_tag(tag: str, language: str) -> None:
    assert language_of(tag) == language
    assert catalogue(tag) is catalogue(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentences_an_editor_has_read_are_those_that_are_shown(language: str) -> None:
    assert "\n".join(lines(language)) == path(language).read_text(encoding="utf-8")
