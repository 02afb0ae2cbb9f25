"""The documentation is checked: the reference is what the code says, and every named file exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from goodword.engine.reasons import REASONS
from goodword.program import amounts, benefits, conditions, contests, loader, model, quantity, triggers, values
from goodword.program.described import HELP
from goodword.program.schema import program_schema
from tools.language_page import BOUNDS, example_of
from tools.reference import FOLDER, everything, left_over

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_the_generated_pages_are_what_the_code_says() -> None:
    wanted = everything()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    assert [path.name for path in (*stale, *left_over(wanted))] == [], "run `make reference`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_key_of_the_language_has_a_meaning_and_an_example() -> None:
    schema = program_schema()
    parts = {"ProgramFile": schema, **schema["$defs"]}
    keys = [(name, key, value) for name, part in parts.items() for key, value in part.get("properties", {}).items()]
    unsaid = [f"{name}.{key}" for name, key, value in keys if not value.get("description")]
    assert unsaid == [], "give it a `description` in the model, or a line in program/described.py"
    unshown = [f"{name}.{key}" for name, key, _ in keys if not example_of(name, key)]
    assert unshown == [], "use it in a file of tests/samples"
    known = {f"{name}.{key}" for name, key, _ in keys}
    assert set(HELP) - known == set()


def test_every_named_limit_of_the_language_stands_in_its_reference() -> None:
    named = {name for place, name, _ in BOUNDS for name in (f"{place.__name__}.{name}",)}
    found = {
        f"{module.__name__}.{name}"
        for module in (amounts, benefits, conditions, contests, loader, model, quantity, triggers, values)
        for name in vars(module)
        if name.endswith("_MAX") and f"\n{name} = " in Path(str(module.__file__)).read_text(encoding="utf-8")
    }
    assert found == named


def test_the_map_of_the_tree_names_what_is_there() -> None:
    readme = (ROOT / "README.md").read_text()
    named = re.findall(r"^    ((?:src|tests|programs|demo|tools|docs)[\w/.-]*)  ", readme, re.MULTILINE)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_reason_has_a_line() -> None:
    page = (FOLDER / "reasons.md").read_text()
    assert [code for code in REASONS if f"| `{code}` |" not in page] == []
