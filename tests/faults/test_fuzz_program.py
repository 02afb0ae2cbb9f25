"""Program files that nobody would write: every one is loaded or refused with its problems, and what loads can be read."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from goodword.pipeline.memory import MemoryTenant
from goodword.program.linter import lint
from goodword.program.loader import Program, ProgramError, load_program
from goodword.recipes import list_recipes, read_recipe
from goodword.words.told import words_as_text, words_of
from tests.faults.making import Size
from tests.faults.processes import python
from tests.properties.worlds import DAY_MS, KEYRING, START_MS, iso, program_files, sealed

MESSAGE_MAX = 10_000
RECIPES = {name: read_recipe(name) for name in list_recipes()}
TREES = {name: json.loads(json.dumps(YAML(typ="safe").load(text), default=str)) for name, text in RECIPES.items()}
PIECES = (
    *("\n", "  ", "\t", ": ", "- ", "? ", "[", "]", "{", "}", "'", '"', "|\n", ">\n", "#", "&a ", "*a", "<<: *a", "---\n", "...\n"),
    *("!!int ", "!!python/object:os.system ", "!!omap ", "!!set ", "!x ", "%YAML 1.1\n", "null", "true", "~", "=", "0x", "1e999"),
    *(".nan", ".inf", "-.inf", "2026-02-30", "9" * 5000, "0o7", "1_0", "\0", "\x07", "\ufeff", "\u2028", "\u202e", "\x85", "\U0001f600"),
    *('"\\UFFFFFFFF"', '"\\ud800"', '"\\x00"', "0 USD", "-1 USD", "1 XXX", "0 days", "99999 weeks", "101%", "0%", "10 KWD"),
)  # fmt: skip
"""What may be put into a text anywhere."""

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(min_value=2**62, max_value=2**4000),
    st.floats(), st.text(max_size=20), st.sampled_from(PIECES), st.just("x" * 3000),
)  # fmt: skip
words = st.sampled_from(sorted({word for text in RECIPES.values() for word in text.replace(":", " ").split()}))
values = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A recipe whose text was cut, doubled, and filled with what does not belong there."""
    text = draw(st.sampled_from(sorted(RECIPES.values())))
    for _ in range(draw(st.integers(1, 6))):
        low = draw(st.integers(0, len(text)))
        high = min(len(text), low + draw(st.sampled_from([0, 0, 1, 2, 10, 200])))
        piece = draw(st.sampled_from(PIECES) | words | st.just(text[low:high] * 2) | st.text(max_size=5))
        text = text[:low] + piece + text[high:]
    return text


@st.composite
def trees(draw: st.DrawFn) -> str:
    """A recipe in which parts were replaced, removed and moved. As JSON, which is YAML."""
    tree = json.loads(json.dumps(TREES[draw(st.sampled_from(sorted(TREES)))]))
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(tree))
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "remove", "move", "rename"])):
            case "replace":
                holder[key] = draw(values)
            case "remove" if len(places) > 1:
                del holder[key]
            case "move":
                other, place = draw(st.sampled_from(places))
                holder[key] = json.loads(json.dumps(other[place]))
            case "rename" if isinstance(holder, dict):
                holder[draw(words | st.text(max_size=8))] = holder[key]
    return json.dumps(tree, indent=draw(st.sampled_from([None, 1])), ensure_ascii=draw(st.booleans()))


def _places(node: Any) -> Any:
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield node, key
        yield from _places(node[key])


def tried(text: str) -> Program | None:
    """The program, read by all that read programs; None if it is refused, with places that stand in the text."""
    try:
        program = load_program(text, 1)
    except ProgramError as error:
        problems = error.problems
    else:
        assert all(warning.message for warning in lint(program))
        assert all(words_as_text(words_of(program, language)) for language in ("en", "ar", "ro"))
        _run(program)
        return program
    lines = sum(text.count(end) for end in ("\n", "\r", "\x85", "\u2028", "\u2029")) + 2
    assert problems
    assert all(1 <= problem.line <= lines and problem.column >= 1 for problem in problems)
    assert all(len(problem.message) < MESSAGE_MAX for problem in problems), "a message repeats what was sent"
    return None


def _run(program: Program) -> None:
    """A friend comes and buys, it comes back, and a year passes: whatever the program says, every event is decided."""
    tenant = MemoryTenant(KEYRING)
    tenant.publish(program)
    code, money = KEYRING.handle("join", 0), {"total": 9000, "currency": program.model.currency}
    friend = {"id": "bob", "email": "bob@example.com", "device": "d", "country": "RO", "fields": {"verified": True}}
    bodies: list[dict[str, Any]] = [
        {"type": "join", "person": {"id": "ann", "device": "d"}, "program": program.name},
        {"type": "claim", "person": friend, "code": code},
        {"type": "sign_up", "person": friend},
        *({"type": "activity", "name": name, "person": friend} for name in program.model.activities[:5]),
        *({"type": "order", "order": f"o{n}", "person": friend, **money} for n in range(3)),
        {"type": "refund", "order": "o1", "amount": 4000},
        {"type": "cancel", "order": "o0"},
        {"type": "time_passed"},
    ]
    for number, body in enumerate(bodies):
        days = 365 if body["type"] == "time_passed" else number
        about = {"id": body["type"] if number == 0 else str(number), "occurred_at": iso(START_MS + days * DAY_MS)}
        event = sealed(about | body)
        assert tenant.decide([event]).keys() == {event.event.id}
        assert not [parked for outcome in tenant.outcomes for parked in outcome.parked]


def examples(size: Size, factor: int = 1) -> settings:
    return settings(max_examples=size.examples * factor, suppress_health_check=list(HealthCheck), deadline=None)


def test_a_text_that_was_mutilated(size: Size) -> None:
    @examples(size, 8)
    @given(texts())
    def check(text: str) -> None:
        tried(text)

    check()


def test_a_tree_that_was_mutilated(size: Size) -> None:
    accepted = 0

    @examples(size, 8)
    @given(trees())
    def check(text: str) -> None:
        nonlocal accepted
        accepted += tried(text) is not None

    check()
    assert accepted, "no mutation is harmless: nothing was read"


def test_programs_as_they_may_be(size: Size) -> None:
    @examples(size, 2)
    @given(program_files())
    def check(text: str) -> None:
        assert tried(text) is not None

    check()


def test_noise(size: Size) -> None:
    @examples(size, 8)
    @given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.sampled_from(["", "goodword: 1\n"]))
    def check(noise: bytes, before: str) -> None:
        tried(before + noise.decode("latin-1"))
        tried(before + noise.decode("utf-8", "replace"))

    check()


@pytest.mark.parametrize("piece", PIECES)
def test_what_does_not_belong_there(piece: str) -> None:
    for text in (
        "goodword: 1\nprogram: {}\n",
        "goodword: 1\n{}: 1\n",
        "goodword: 1\nrewards: {}[a]\n",
        "goodword: 1\n{}{{a: 1}}\n",
        "goodword: 1\n[{}]: 1\n",
        "goodword: 1\n{{a: [{}]}}: 1\n",
    ):
        tried(text.format(piece))


def test_the_worst_files_take_little_time_and_memory() -> None:
    done = subprocess.run(python("tests.faults.shapes"), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
