"""The catalogues: texts by key and language, read from ``.po`` files into gettext translations.

A key with a word behind it (``reason.cap_reached.short``) is a variant of the key. Among variants the one
that says most with the values at hand is shown: a missing value shortens a sentence and never breaks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from gettext import GNUTranslations
from importlib.resources import files
from io import BytesIO
from string import Formatter
from typing import Final

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from goodword.words.pseudo import PSEUDO, pseudo_text

CATALOGUE: Final = "goodword.po"
FALLBACK: Final = "en"
"""Whoever asks for a language that we do not have reads this one; the other catalogues are compared with it."""


def _languages() -> tuple[str, ...]:
    folder = files("goodword") / "locale"
    found = sorted(one.name for one in folder.iterdir() if (one / CATALOGUE).is_file())
    return FALLBACK, *(name for name in found if name != FALLBACK)


LANGUAGES: Final = _languages()
"""Those that have a catalogue: a folder in `locale` with a file."""


def language_of(tag: str) -> str:
    """The language in which a person who asks for `tag` is answered: ``ar`` for ``ar-SA``, else English."""
    language = tag.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else FALLBACK


def placeholders(template: str) -> frozenset[str]:
    """The names that stand in braces in a text."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The texts of one language."""

    language: str
    counts: Mapping[str, str | None]
    """Every key; where its text counts something, with the placeholder that chooses the form."""
    translations: GNUTranslations

    @cached_property
    def locale(self) -> Locale:
        """What Babel knows about the language."""
        return Locale.parse(PSEUDO[self.language].like if self.language in PSEUDO else self.language)

    @cached_property
    def rtl(self) -> bool:
        """Whether it is written from right to left."""
        return self.locale.text_direction == "rtl"

    @cached_property
    def _variants(self) -> dict[str, list[tuple[str, frozenset[str]]]]:
        """Keys by their first two words, those that need most first; of equals the one that counts."""
        variants: dict[str, list[tuple[str, frozenset[str]]]] = {}
        for key, count in self.counts.items():
            needs = placeholders(self.template(key, 100)) | ({count} if count else frozenset())
            variants.setdefault(".".join(key.split(".")[:2]), []).append((key, needs))
        for rows in variants.values():
            rows.sort(key=lambda row: (-len(row[1]), self.counts[row[0]] is None))
        return variants

    def template(self, key: str, count: int = 1) -> str:
        """The text of a key with its braces, in the form for `count` where it counts."""
        if self.counts[key] is None:
            return self.translations.gettext(key)
        return self.translations.ngettext(key, key, abs(count))

    def text(self, key: str, values: Mapping[str, str] | None = None, count: int = 1) -> str:
        """The text of a key, filled in. The key must exist and `values` hold all it needs."""
        return self.template(key, count).format_map(values or {})

    def word(self, key: str) -> str | None:
        """The text of a key that needs no values, or None where there is no such key."""
        return self.translations.gettext(key) if key in self.counts else None

    def fullest(self, key: str, values: Mapping[str, str], counts: Mapping[str, int]) -> str | None:
        """The variant of `key` that says most with `values`, or None. `counts` choose plural forms."""
        for variant, needs in self._variants.get(key, ()):
            count = self.counts[variant]
            if needs <= values.keys() and (count is None or count in counts):
                return self.text(variant, values, counts[count] if count else 1)
        return None


@lru_cache(maxsize=len(LANGUAGES) + len(PSEUDO))
def _read(language: str) -> Catalogue:
    path = files("goodword") / "locale" / (FALLBACK if language in PSEUDO else language) / CATALOGUE
    source = read_po(BytesIO(path.read_bytes()))
    if language in PSEUDO:
        _make_pseudo(source, language)
    counts: dict[str, str | None] = {}
    for message in source:
        if not isinstance(message.id, str):
            key, count = message.id
            counts[key] = count
        elif message.id:
            counts[message.id] = None
    compiled = BytesIO()
    write_mo(compiled, source)
    compiled.seek(0)
    return Catalogue(language, counts, GNUTranslations(compiled))


def _make_pseudo(source: Catalog, tag: str) -> None:
    for message in source:
        if not isinstance(message.id, str):
            message.string = tuple(pseudo_text(tag, message.id[0], form) for form in message.string or ())
        elif message.id and isinstance(message.string, str):
            message.string = pseudo_text(tag, message.id, message.string)


def catalogue(language: str) -> Catalogue:
    """The catalogue for a language tag, read once. The tags of `pseudo` have one as well, to be asked for by their exact name."""
    return _read(language if language in PSEUDO else language_of(language))
