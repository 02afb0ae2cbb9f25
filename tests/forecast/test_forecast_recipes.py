"""Every recipe can be forecast once its file of assumptions says what it asks for; or it is said why not."""

import re
from typing import Any

import pytest

from demo.cases import as_text
from goodword.forecast.assumptions import Assumptions, load_assumptions
from goodword.program.loader import Program, ProgramError, load_program
from goodword.recipes import list_recipes, read_recipe
from tests.forecast.making import worlds

BASE: dict[str, Any] = {
    "assumptions": 1,
    "starts": "2026-03-01",
    "months": 3,
    "customers": 25,
    "joins": "90%",
    "shares": "45%",
    "again": "0%",
    "friends": {"tail": 1.5, "most": 6},
    "pace": {"join": "2 days", "share": "3 days", "answer": "2 days", "step": "2 days"},
    "rewards": {"used": "90%", "after": "4 days"},
    "fraud": {"invented": "10%", "self_referrals": "10%"},
}


ORDERS = {"tesla": "60_000 USD"}


def told(base: dict[str, Any], of: Program) -> Assumptions:
    """State what is missing until nothing is, as somebody would who reads the messages."""
    base |= {"steps": dict.fromkeys(of.model.steps, "85%")}
    for _ in range(5):
        try:
            return load_assumptions(as_text(base), of)
        except ProgramError as error:
            for problem in error.problems:
                part, _, name = problem.path.partition(".")
                if part not in ("steps", "activities", "fields", "orders"):
                    raise
                if part == "orders":
                    worth = ORDERS.get(of.name, f"300 {of.model.currency}")
                    base |= {"orders": {"value": worth, "spread": 0.6, "monthly": 0.5, "refunds": "20%"}}
                else:
                    base |= {part: base.get(part, {}) | {name: value(of, part, name)}}
    raise AssertionError("the messages lead nowhere")


def value(of: Program, part: str, name: str) -> Any:
    declared = of.model.fields.get(name)
    if part != "fields":
        return "85%" if part == "steps" else "30%"
    if declared is not None and declared.type != "text":
        return "0 - 9" if declared.type == "integer" else "60%"
    texts = sorted({"RO", *texts_in(of.text, name)})
    return {text: f"{100 // len(texts)}%" for text in texts}


def texts_in(text: str, name: str) -> list[str]:
    """The words that stand beside a field in the file, so that its conditions may hold."""
    beside = [line.split("#")[0].partition(f".{name}:")[2] for line in text.splitlines() if f".{name}:" in line]
    return [word for part in beside for word in re.findall(r"\b(?!is\b|in\b|is_not\b|not_in\b)[\w-]+", part)]


@pytest.mark.parametrize("name", list_recipes())
def test_a_recipe_is_forecast(name: str) -> None:
    of = load_program(read_recipe(name))
    if of.model.groups is not None or set(of.model.attribution.evidence) == {"click"}:
        with pytest.raises(ProgramError, match="a forecast"):
            told(dict(BASE), of)
        return
    [one] = worlds(of, told(dict(BASE), of), 1)
    assert one.events > 50
    assert one.liability == one.total.cost - one.total.used
    assert one.total.acquired > 0
    for budget in of.model.budgets.values():
        if budget.amount.unit == of.model.currency and len(of.model.budgets) == 1:
            assert one.total.cost <= budget.amount.amount or one.unpriced
