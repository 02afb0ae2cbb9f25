"""The three steps that anybody follows: share, your friend's turn, what you get. Spoken to the advocate, made from the rules."""

from __future__ import annotations

from datetime import date
from typing import Final

from goodword.program.loader import Program
from goodword.program.values import CLAIMED
from goodword.words.catalogue import catalogue
from goodword.words.format import either, joined
from goodword.words.headline import benefit_text, promise
from goodword.words.phrases import happening, in_turn

WAYS: Final = {"code": "code", "claim": "link", "click": "link", "staff": "name"}
"""By kind of evidence, what an advocate passes on for it."""


def instructions(program: Program, language: str, on: date | None = None) -> tuple[str, str, str]:
    """How it goes, in three sentences. Amounts by date are those in force `on` that day, else the largest as a limit."""
    texts = catalogue(language)
    ways = dict.fromkeys(WAYS[kind] for kind in program.model.attribution.evidence)
    shared = either([texts.text(f"way.{way}") for way in ways], language)
    later = {name: rule for name, rule in program.model.rewards.items() if rule.when.step != CLAIMED}
    promised = promise(program, language, on, later)
    return (
        texts.text("how.share", {"ways": shared}),
        _friends_turn(program, language, on),
        texts.text("how.get", {"promise": promised}) if promised else texts.text("how.thanks"),
    )


def _friends_turn(program: Program, language: str, on: date | None) -> str:
    """What the friend does, and what he gets before he does it."""
    texts = catalogue(language)
    steps = [happening(program.model, name, language) for name in _asked(program)]
    shown = {"what": in_turn(steps, language)}
    welcome = [
        text
        for rule in program.model.rewards.values()
        if rule.when.step == CLAIMED and "friend" in rule.sides and (text := benefit_text(rule.benefit, language, on))
    ]
    if welcome:
        shown["friend"] = joined(welcome, language)
    return texts.fullest("how.friend", shown, {}) or ""


def _asked(program: Program) -> list[str]:
    """The steps up to the one behind which the advocate's first reward stands, else up to the one that converts."""
    model = program.model
    names = list(model.steps)
    paid = [rule.when.step for rule in model.rewards.values()]
    paid += [model.measures[rule.when.measure].step for rule in model.rewards.values() if rule.when.measure]
    places = [names.index(name) for name in paid if name in names] or [names.index(model.window_ends_with)]
    target = names[min(places)]
    return [name for name in names if _leads_to(program, name, target)]


def _leads_to(program: Program, name: str, target: str) -> bool:
    """Whether a step has to be reached before another one."""
    step: str | None = target
    while step is not None:
        if step == name:
            return True
        step = program.model.steps[step].after
    return False
