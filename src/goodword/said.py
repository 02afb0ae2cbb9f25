"""What a stored version of a program said to people: as it was kept with the version, so that nobody can read it otherwise."""

from __future__ import annotations

from sqlalchemy import Connection

from goodword.program.loader import load_program
from goodword.storage.load import load_program_texts
from goodword.storage.programs import stored_terms
from goodword.words.told import words_as_text, words_of


def terms_of(connection: Connection, tenant: str, program: str, version: int, language: str) -> str | None:
    """Headline, steps and terms of a version in a language; None where there is no such version.

    Versions from before terms were kept are said anew.
    """
    kept = stored_terms(connection, tenant, program, version, language)
    if kept is not None:
        return kept
    text = load_program_texts(connection, tenant, {(program, version)}).get((program, version))
    return None if text is None else words_as_text(words_of(load_program(text, version), language))
