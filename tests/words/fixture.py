"""The sentences of everything that counts, for the numbers at which languages change form; and what the samples say.

``python -m tests.words.fixture`` writes the files again, for an editor to read; the tests compare them.
"""

from collections.abc import Iterator
from pathlib import Path

from goodword.engine.reasons import Amount, Reason, ReasonValue
from goodword.program.loader import load_program
from goodword.program.quantity import Quantity
from goodword.words.catalogue import LANGUAGES, catalogue
from goodword.words.format import amount, number
from goodword.words.sentences import sentence
from goodword.words.told import words_as_text, words_of

HERE = Path(__file__).parent
SAMPLES = sorted((HERE.parent / "samples").glob("*.yaml"))
NUMBERS = (0, 1, 2, 3, 11, 20, 100)
COUNTED: dict[str, dict[str, ReasonValue]] = {
    "reason.cap_reached.count": {},
    "reason.limit_reached": {"signal": "device"},
    "reason.limit_reached.any": {},
    "reason.visits_counted": {"day": "2026-11-27", "code": "MARIA"},
    "reason.reward_granted.milestone": {"amount": Amount(2, "coffee")},
}
"""Every message of a reason that counts, with the values it has beside its numbers."""
AMOUNTS: dict[str, tuple[str, ...]] = {
    "cap_reached": ("used", "limit"),
    "cap_partial": ("amount", "limit"),
    "budget_spent": ("left", "needed"),
    "reward_granted": ("amount",),
}
"""Reasons that show amounts: a counted noun inside a sentence must still be grammatical."""


def lines(language: str) -> Iterator[str]:
    """What the file of a language holds."""
    texts = catalogue(language)
    for key, count in texts.counts.items():
        if count is None:
            continue
        yield f"# {key}"
        for n in NUMBERS:
            if key in COUNTED:
                text = sentence(Reason(key.split(".")[1], {"used": n, **COUNTED[key], count: n}), language)
            elif key.startswith("unit."):
                text = amount(Quantity(n, key.removeprefix("unit.")), language)
            else:
                shown = {count: number(n, language), "advocate": amount(Quantity(2000, "USD"), language)}
                text = texts.text(key, shown, n)
            yield f"{n}: {text}"
        yield ""
    for code, names in AMOUNTS.items():
        yield f"# {code}, amounts"
        for n in NUMBERS:
            yield f"{n}: {sentence(Reason(code, {name: Amount(n, 'coffee') for name in names}), language)}"
        yield ""


def samples(language: str) -> str:
    """The samples in words."""
    programs = [load_program(path.read_text(encoding="utf-8")) for path in SAMPLES]
    return "\n\n".join(words_as_text(words_of(program, language), "## ") for program in programs) + "\n"


def samples_path(language: str) -> Path:
    """Where they are kept."""
    return HERE / f"samples.{language}.txt"


def path(language: str) -> Path:
    """Where the file of a language is."""
    return HERE / f"sentences.{language}.txt"


def main() -> None:
    """Write the files."""
    for language in LANGUAGES:
        path(language).write_text("\n".join(lines(language)), encoding="utf-8")
        samples_path(language).write_text(samples(language), encoding="utf-8")


if __name__ == "__main__":
    main()
