"""Every text of a page stands in the catalogues, and every text of the catalogues is said somewhere."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment

from goodword.words.catalogue import LANGUAGES, catalogue

SOURCE = Path(__file__).resolve().parents[2] / "src" / "goodword"
TEMPLATES = sorted(SOURCE.glob("*/templates/**/*.html"))
SCRIPTS = sorted((SOURCE / "portal" / "assets").glob("*.js"))
SAID = re.compile(r"""say\(\s*["']([a-z_.]+)["']\s*(~?)""")
"""A text that a template says, and whether something is put behind its key."""
NO_TEXT = re.compile(r"""<(style|script)\b.*?</\1>|<[^>]*>|&\w+;|[\w-]+="[^"]*"|\b(?:required|disabled)\b""", re.DOTALL)
FAMILY = re.compile(r"""\b(?:term|own_word|_text|word_for)\(\s*["']([a-z_.]+)["']""")
"""Words for names that are chosen by what they name."""
LITERAL = re.compile(r"""f?["']([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*\.?)(?=["'{])""")
ATTRIBUTES = re.compile(r"""\b(?:aria-label|alt|title|placeholder)="([^"{]*[^\W\d_][^"{]*)\"""")


def keys() -> set[str]:
    return set(catalogue("en").counts)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_page_says_only_what_the_catalogues_hold(template: Path) -> None:
    for key, more in SAID.findall(template.read_text(encoding="utf-8")):
        if more:
            assert any(one.startswith(key) for one in keys()), key
        else:
            assert key in keys()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_text_stands_in_a_template(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    plain = "".join(value for _, kind, value in Environment(autoescape=True).lex(text) if kind == "data")
    assert re.findall(r"[^\W\d_]+", NO_TEXT.sub(" ", plain)) == []
    assert ATTRIBUTES.findall(text) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_text_stands_in_a_script(script: Path) -> None:
    """What a script shows comes from the page: it sets no text of its own."""
    text = re.sub(r"//.*", "", script.read_text(encoding="utf-8"))
    assert re.findall(r"""(?:textContent|innerHTML|innerText|alert\(|title)\s*=?\s*["'`][^"'`]*[^\W\d_]""", text) == []


def test_every_text_is_said_somewhere() -> None:
    """By its key, or by the beginning of it that code puts something behind."""
    said = {"operator.", "purpose."}  # values of reasons, said under the name of the value
    for file in (*SOURCE.rglob("*.py"), *TEMPLATES):
        text = file.read_text(encoding="utf-8")
        said |= set(LITERAL.findall(text)) | {f"{kind}." for kind in FAMILY.findall(text)}
    for template in TEMPLATES:
        said |= {key for key, _ in SAID.findall(template.read_text(encoding="utf-8"))}

    def is_said(key: str) -> bool:
        parts = key.split(".")
        starts = [".".join(parts[:number]) for number in range(1, len(parts) + 1)]
        return any(start in said for start in starts[1:]) or any(f"{start}." in said for start in starts)

    assert "\n".join(sorted(key for key in keys() if not is_said(key))) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_waits_for_a_translator(language: str) -> None:
    file = SOURCE / "locale" / language / "goodword.po"
    assert [message.id for message in read_po(BytesIO(file.read_bytes())) if message.fuzzy and message.id] == []
