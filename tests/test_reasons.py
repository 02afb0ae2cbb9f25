"""Every reason has a case that asks for it by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from goodword.engine.reasons import RANK, REASONS

ROOT = Path(__file__).parents[1]
CASES = [*sorted((ROOT / "tests" / "engine").glob("*.py")), *sorted((ROOT / "programs").glob("*/cases.yaml"))]


@pytest.fixture(scope="module")
def words() -> set[str]:
    return {word for path in CASES for word in re.findall(r"[a-z_]+", path.read_text())}


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_has_a_case(code: str, words: set[str]) -> None:
    assert code in words


def test_the_list_is_ordered_and_closed() -> None:
    assert list(RANK) == list(REASONS)
    assert {kind for kind, _ in REASONS.values()} == {"refused", "waiting", "done", "note"}
