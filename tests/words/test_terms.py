"""The terms say what decides: every key that restricts a reward, every rule of every recipe, and every change of either.

A key of the language that has no words yet fails `test_every_key_is_said_or_has_a_reason_not_to_be`; what to do stands in
the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest
from babel.numbers import get_currency_symbol

from demo.cases import Tree, edited, read_program, recipes
from goodword.program.loader import Program, ProgramError, document, load_program, program_of
from goodword.words.catalogue import LANGUAGES
from goodword.words.format import FSI, PDI
from goodword.words.headline import benefit_text, headline
from goodword.words.instructions import instructions
from goodword.words.speaker import Section
from goodword.words.spoken import SAID, UNSAID
from goodword.words.terms import terms
from tests.recipes.mutants import SECTIONS, Mutant, _changes, _optional, _with, _without, mutants
from tests.words.fixture import samples, samples_path
from tests.words.model import Key, keys, keys_on, parts

SAMPLES = Path(__file__).parents[1] / "samples"


def lines(program: Program, language: str) -> list[str]:
    """Everything the terms of a program say."""
    return [text for part in terms(program, language) for text in (part.title, *_texts(part))]


def _texts(section: Section) -> Iterator[str]:
    for clause in section.clauses:
        yield clause.text
        yield from clause.items


@cache
def trees() -> dict[str, Tree]:
    """The recipes and the samples; the samples use every key of the language."""
    samples = {path.stem: load_program(path.read_text(encoding="utf-8")) for path in sorted(SAMPLES.glob("*.yaml"))}
    return {name: edited(read_program(name), {}) for name in recipes()} | {
        f"sample {name}": msgspec.json.decode(msgspec.json.encode(document(program)))
        for name, program in samples.items()
    }


NAMES = sorted(trees())


# the words of every key -----------------------------------------------------------------------------------------------


def test_every_key_is_said_or_has_a_reason_not_to_be() -> None:
    silent = [
        f"{part}.{key}" for part, key in keys() if key not in SAID.get(part, ()) and f"{part}.{key}" not in UNSAID
    ]
    assert silent == [], (
        f"new in the program language and without words: {', '.join(silent)}. Say each in goodword/words/terms.py "
        "(texts in all three catalogues), name it in SAID of goodword/words/spoken.py and use it in a file of "
        "tests/samples; or give in UNSAID the reason why nobody who takes part has to read it."
    )


def test_nothing_is_named_that_is_no_key() -> None:
    known = {f"{part}.{key}" for part, key in keys()}
    named = {f"{part}.{key}" for part, said in SAID.items() for key in said}
    assert (named | UNSAID.keys()) - known == set()
    assert named & UNSAID.keys() == set()


# a change of the program is a change of its terms -----------------------------------------------------------------------

MEANS_THE_SAME = {"steps.first_order.undone_by: left out"}
"""Changes that leave out what is the default."""


DRAW = {"measure": "sign_ups", "first_day": "2026-05-01", "last_day": "2026-05-31", "by": "draw", "at_least": 100}
REWRITTEN: dict[str, list[tuple[str, str, object]]] = {
    "sample points": [
        ("measures.orders.count", "measures.orders", {"sum": "orders", "period": "month"}),
        ("measures.spent.sum", "measures.spent", {"count": "orders", "within": "90 days"}),
        ("measures.stars.unit", "measures.stars.unit", "ride"),
        ("rewards.per_order.when.each", "rewards.per_order.when.each", "reviews"),
        ("rewards.thanks.benefit.otherwise", "rewards.thanks.benefit.otherwise", "mug"),
        (
            "rewards.thanks.benefit.options.mug.asks.color.type",
            "rewards.thanks.benefit.options.mug.asks.color",
            {"type": "text", "longest": 9, "otherwise": "black"},
        ),
        (
            "rewards.every_third.benefit.kind",
            "rewards.every_third",
            {
                "when": {"reaches": "friends", "every": 3, "up_to": 4},
                "to": "advocate",
                "benefit": {
                    "kind": "choice",
                    "options": {
                        "a": {"kind": "item", "amount": "1 coffee"},
                        "b": {"kind": "time", "amount": "1 month"},
                    },
                    "otherwise": "a",
                },
                "answer_within": "2 days",
            },
        ),
    ],
    "sample groups": [
        ("measures.brought.of", "rewards.each_member.when.each", "members"),
        ("groups.joined_by", "groups.joined_by", "paid"),
    ],
    "sample partners": [
        ("rewards.visits.when.visits", "rewards.visits.when", {"step": "bought"}),
    ],
    "sample games": [
        ("tiers.measure", "tiers.measure", "sign_ups"),
        ("rewards.lounge.when.tier", "rewards.lounge.when.tier", "silver"),
        ("rewards.jump.when.contest", "rewards.jump.when.contest", "race"),
        ("rewards.shirts.when.places", "rewards.shirts.when.places", "2-4"),
        ("contests.race.measure", "contests.race.measure", "sign_ups"),
        ("contests.race.ties", "contests.race.ties", "all"),
        ("contests.club.reviewed", "contests.club.reviewed", "week"),
        ("contests.both.entrant", "contests.both.entrant", "advocate"),
        ("contests.draw.by", "contests.draw", DRAW | {"by": "rank", "ties": "all"}),
    ],
    "sample referral": [
        (
            "rewards.by_card.benefit.amount.table.by",
            "rewards.by_card.benefit.amount.table.by",
            "advocate.country",
        ),
    ],
}
"""By sample, changes that need more than one value: the key they are about, what is replaced, and by what."""


def changes(name: str) -> Iterator[tuple[list[Key], str, Program]]:
    """Every small change of a program that can be loaded and differs: the keys it is under, and the program."""
    tree = trees()[name]
    original = program_of(tree)
    for mutant in (*mutants(tree), *_more(name, tree)):
        try:
            changed = program_of(mutant.tree)
        except ProgramError:
            continue
        if changed.model != original.model:
            path = tuple(mutant.name.partition(":")[0].split("."))
            yield [*keys_on(original.model, path)], mutant.name, changed


def _more(name: str, tree: Tree) -> Iterator[Mutant]:
    """Changes of sections that the cases' mutants leave alone, and those that need more than one value."""
    for section in tree.keys() - {*SECTIONS} - {key.partition(".")[2] for key in UNSAID}:
        for path, label, value in _changes(tree, (section,), tree[section]):
            yield Mutant(f"{'.'.join(map(str, path))}: {label}", _with(tree, path, value))
        for path in _optional(tree[section], (section,)):
            yield Mutant(f"{'.'.join(map(str, path))}: left out", _without(tree, path))
    for key, path, value in REWRITTEN.get(name, ()):
        yield Mutant(f"{key}: rewritten", _with(tree, tuple(path.split(".")), value))
    yield Mutant("time_zone: -> Asia/Riyadh", _with(tree, ("time_zone",), "Asia/Riyadh"))
    for activity in tree.get("activities", []):
        others = [a for a in tree.get("moderated", []) if a != activity]
        moderated = others if activity in tree.get("moderated", []) else [*others, activity]
        yield Mutant(f"moderated: {activity}", _with(tree, ("moderated",), moderated))


IN_THE_HEADLINE = {
    ("Reward", "to"),
    ("Benefit", "percent_off"),
    ("When", "every"),
    ("PercentOf", "percent"),
}
"""What the headline and the three steps say as well."""


def _short(program: Program) -> list[str]:
    return [headline(program, "en"), *instructions(program, "en")]


@cache
def heard(name: str) -> frozenset[Key]:
    """The keys of a program whose change is heard, of a sample in every language."""
    tree = trees()[name]
    original = program_of(tree)
    languages = LANGUAGES if name.startswith("sample ") else LANGUAGES[:1]  # the samples use every key
    before = {language: lines(original, language) for language in languages}
    unheard = []
    found: set[Key] = set()
    for path, change, changed in changes(name):
        if all(lines(changed, language) != before[language] for language in languages):
            found.update(path)
            assert path[-1] not in IN_THE_HEADLINE or "contests" in tree or _short(changed) != _short(original), change
        elif ".".join(path[-1]) not in UNSAID and change not in MEANS_THE_SAME:
            unheard.append(change)
    assert unheard == [], f"{name}: these change what is paid and not what is promised"
    return frozenset(found)


@pytest.mark.parametrize("name", NAMES)
def test_what_decides_is_said(name: str) -> None:
    assert len(heard(name)) > 15


def test_every_key_that_is_said_has_been_heard() -> None:
    found = {key for name in NAMES if name.startswith("sample ") for key in heard(name)}
    claimed = {(part, key) for part, said in SAID.items() for key in said if part in parts()}
    missing = sorted(f"{part}.{key}" for part, key in claimed - found)
    assert missing == [], (
        f"no sample shows that {', '.join(missing)} is said: use it in a file of tests/samples, with a value that "
        "tests/recipes/mutants.py knows how to change, or add the change to REWRITTEN"
    )


# what stands in the terms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_an_editor_has_read_are_those_that_are_shown(language: str) -> None:
    assert samples(language) == samples_path(language).read_text(encoding="utf-8"), "see tests/words/fixture.py"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("recipe", recipes())
def test_every_reward_of_a_recipe_appears(recipe: str, language: str) -> None:
    program = program_of(trees()[recipe])
    said = {clause.key: clause for part in terms(program, language) for clause in part.clauses}
    for name, rule in program.model.rewards.items():
        clause = said[f"rewards.{name}.benefit"]
        shown = " ".join((clause.text, *clause.items))
        assert all((benefit_text(benefit, language) or "?") in shown for benefit in rule.benefits.values())
        assert {f"rewards.{name}.{key}" for key in rule.model_fields_set - {"to"}} <= said.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_texts_are_whole_and_isolated(name: str, language: str) -> None:
    program = program_of(trees()[name])
    for text in (headline(program, language), *instructions(program, language), *lines(program, language)):
        assert text.strip() == text != ""
        assert "{" not in text
        assert ".." not in text
        assert text.count(FSI) == text.count(PDI)
        if language == "ar":
            assert not _left_to_right_outside(text), text


def _left_to_right_outside(text: str) -> str:
    """Latin letters that stand bare in Arabic text, where they would turn their neighbours."""
    depth, found = 0, ""
    for character in text:
        depth += {FSI: 1, PDI: -1}.get(character, 0)
        if depth == 0 and character.isascii() and character.isalpha():
            found += character
    return found


@pytest.mark.parametrize("recipe", recipes())
def test_every_name_that_a_recipe_makes_up_has_words(recipe: str) -> None:
    """In Arabic a name without words stands there in Latin letters; only currencies and places may."""
    program = program_of(trees()[recipe])
    symbol = get_currency_symbol(program.model.currency, locale="ar")
    bare = {
        name
        for text in (headline(program, "ar"), *instructions(program, "ar"), *lines(program, "ar"))
        for name in re.findall(f"{FSI}([^{FSI}{PDI}]*[A-Za-z][^{FSI}{PDI}]*){PDI}", text)
    }
    assert bare - {symbol} == set(), (
        "give these words in the three catalogues: `unit.…` for a unit (plural forms), `activity.…`, `field.…`, "
        "`units.…` (the bare plural), `ask.…` for what is asked, `named.…` for values and answers"
    )


@pytest.mark.parametrize("recipe", recipes())
def test_three_steps_and_a_headline(recipe: str) -> None:
    program = program_of(trees()[recipe])
    for language in LANGUAGES:
        steps = instructions(program, language)
        assert len(set(steps)) == 3
        assert all(step.endswith(".") for step in steps)
