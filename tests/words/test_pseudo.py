"""The languages that nobody speaks: longer, mirrored, complete, and never given to somebody who did not ask for them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodword.words.catalogue import catalogue, language_of, placeholders
from goodword.words.pseudo import PSEUDO, accented, mirrored

TAGS = pytest.mark.parametrize("tag", PSEUDO)


@TAGS
def test_they_have_every_text_with_its_placeholders(tag: str) -> None:
    english, pseudo = catalogue("en"), catalogue(tag)
    assert pseudo.counts == english.counts
    assert pseudo.rtl == (tag == "ar-XB")
    for key in english.counts:
        for count in (1, 2):
            assert placeholders(pseudo.template(key, count)) == placeholders(english.template(key, count)), key


def test_no_word_of_the_longer_one_is_plain() -> None:
    """So that a plain word on a page was never in a catalogue."""
    english, longer = catalogue("en"), catalogue("en-XA")
    for key in english.counts:
        if key.startswith("format.") or not re.search("[a-zA-Z]", re.sub(r"\{[^}]*\}", "", english.template(key))):
            continue
        text = longer.template(key)
        assert not re.search("[a-zA-Z]", re.sub(r"\{[^}]*\}", "", text)), key
        assert text.startswith("⟦"), key


@given(st.text(alphabet="abc éX.,!", min_size=1))
def test_a_longer_text_is_two_fifths_longer(text: str) -> None:
    assert len(accented(text)) >= 1.4 * len(text)


@given(st.text(alphabet="abc .,"), st.text(alphabet="xyz "))
def test_a_mirrored_text_closes_every_mark_it_opens(before: str, behind: str) -> None:
    text = mirrored(f"{before}{{value}}{behind}")
    assert re.fullmatch("(\u202e[^\u202c\u202e]+\u202c)?\\{value\\}(\u202e[^\u202c\u202e]+\u202c)?", text)


@TAGS
def test_a_browser_that_likes_one_gets_a_language(tag: str) -> None:
    assert language_of(tag) in ("en", "ar")
    assert catalogue(tag.lower()).language in ("en", "ar")
