"""A language is its catalogue: with one more file, everything that speaks to people speaks it. Tried on a copy of the package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

import goodword
from demo.cases import PROGRAMS
from goodword.words.pseudo import pseudo_text

PACKAGE = Path(goodword.__file__).parent
BEGINNING = """
import json, sys
from datetime import date
import goodword
from goodword.program.loader import load_program
program = load_program(open(sys.argv[1], encoding="utf-8").read())
"""
PAGES = """
from goodword.portal.friend import Invitation, friend_page
from goodword.portal.look import make_look
from goodword.portal.showcase import showcase
from goodword.settings import read_settings
look = make_look(read_settings({}))
print(friend_page(look, Invitation(program, "LUNA", "de", date(2026, 11, 30), "x")), showcase(look, "de"))
"""
SPOKEN = {
    "languages": (
        "from goodword.words.catalogue import LANGUAGES, catalogue; print(LANGUAGES, catalogue('de-AT').language)",
        ["('en', 'ar', 'de', 'ro') de"],
    ),
    "browsers": ("from goodword.edge.pages import wanted_language; print(wanted_language(b'de-CH,fr;q=0.9'))", ["de"]),
    "the redirect's pages": (
        "from goodword.edge.pages import page; print(page('unknown', 'de', None).decode())",
        ['<html lang="de"', "⟦"],
    ),
    "words of a program": (
        "from goodword.words.told import words_as_text, words_of; print(words_as_text(words_of(program, 'de')))",
        ["⟦", "25\u00a0%", "50,00\u00a0$"],
    ),
    "pages": (
        PAGES,
        ['<html lang="de"', "⟦Á", '<option value="de"', '<span lang="de" aria-current="true"', "1.234.567,89\u00a0$"],
    ),
    "reasons": (
        "from goodword.words.sentences import sentence; from goodword.engine.reasons import REASONS, Reason\n"
        "print(*[sentence(Reason(code), 'de') for code in REASONS])",
        ["⟦"],
    ),
    "the API": (
        "from goodword.web.api import KnownLanguage; from pydantic import TypeAdapter\n"
        "print(TypeAdapter(KnownLanguage).json_schema(), TypeAdapter(KnownLanguage).validate_python('de'))",
        ["'enum': ['en', 'ar', 'de', 'ro']", " de"],
    ),
    "commands": (
        "from goodword.cli import main; sys.argv = ['goodword', 'words', sys.argv[1], '--lang', 'de']; main()",
        ["⟦"],
    ),
}
"""What speaks, and what it has to say: German numbers, and brackets where a text comes from the catalogue."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a copy of the package in which there is a catalogue more, with plural forms of its own."""
    folder = tmp_path_factory.mktemp("another")
    copy = folder / "goodword"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    source = read_po(BytesIO((PACKAGE / "locale" / "en" / "goodword.po").read_bytes()), locale="de")
    for message in source:
        if not isinstance(message.id, str):
            message.string = tuple(pseudo_text("en-XA", message.id[0], form) for form in message.string or ())
        elif message.id and isinstance(message.string, str):
            message.string = pseudo_text("en-XA", message.id, message.string)
    written = copy / "locale" / "de" / "goodword.po"
    written.parent.mkdir()
    with written.open("wb") as file:
        write_po(file, source)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("what", SPOKEN)
def test_one_more_catalogue_is_one_more_language(package: Path, what: str) -> None:
    code, expected = SPOKEN[what]
    program = PROGRAMS / "bombas" / "program.yaml"
    environment = os.environ | {"PYTHONPATH": str(package), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    script = f"{BEGINNING}assert goodword.__file__.startswith({str(package)!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", script, str(program)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    for text in expected:
        assert text in done.stdout
