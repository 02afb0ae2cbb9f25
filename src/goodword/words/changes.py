"""What changes for people when a program changes, in the words of its terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goodword.program.diff import Change, changes
from goodword.program.loader import Program
from goodword.program.notice import NoticeNeeded
from goodword.words.catalogue import catalogue
from goodword.words.format import isolate
from goodword.words.terms import terms


@dataclass(frozen=True, slots=True)
class Reworded:
    """A sentence of the terms that is new, gone or different."""

    key: str
    """The part of the program file that it says."""
    title: str
    """The part of the terms in which it stands."""
    before: str | None
    after: str | None


def reworded(old: Program, new: Program, language: str) -> list[Reworded]:
    """The sentences that differ, in the order of the newer terms; those that are gone come last."""
    before, after = dict(_sentences(old, language)), dict(_sentences(new, language))
    found = [
        Reworded(key, title, before[key][1] if key in before else None, text)
        for key, (title, text) in after.items()
        if key not in before or before[key][1] != text
    ]
    gone = [Reworded(key, title, text, None) for key, (title, text) in before.items() if key not in after]
    return found + gone


def unspoken(old: Program, new: Program, words: list[Reworded]) -> list[Change]:
    """The changes of the file that no sentence of the terms says: what the business alone sees."""
    spoken = [one.key for one in words]
    return [change for change in changes(old, new) if not any(_about(change.path, key) for key in spoken)]


def change_lines(old: Program, new: Program, language: str) -> list[str]:
    """All that changes, line by line."""
    texts, words = catalogue(language), reworded(old, new, language)
    lines = []
    for one in words:
        kind = "changed" if one.before and one.after else "new" if one.after else "gone"
        given = {"title": one.title, "before": one.before or "", "after": one.after or ""}
        lines.append(texts.text(f"change.{kind}", given))
    for change in unspoken(old, new, words):
        shown = [isolate(str(value), language) for value in (change.before, change.after)]
        given = {"path": isolate(change.path, language), "before": shown[0], "after": shown[1]}
        lines.append(texts.text(f"change.file.{change.kind}", given))
    return lines


def lines_about(error: NoticeNeeded, language: str) -> list[str]:
    """What is taken away, line by line: the sentences of the terms that say it, or the parts of the file."""
    words = reworded(error.old, error.new, language)
    lines = []
    for path in error.taken:
        said = [one for one in words if _about(path, one.key)]
        lines += [one.before or one.after or one.title for one in said] or [isolate(path, language)]
    return list(dict.fromkeys(lines))


def _sentences(program: Program, language: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """By key of the file the title and the text; several sentences of one key are one."""
    found: dict[str, tuple[str, str]] = {}
    for section in terms(program, language):
        for clause in section.clauses:
            text = " ".join([clause.text, *clause.items])
            title, so_far = found.get(clause.key, (section.title, ""))
            found[clause.key] = (title, f"{so_far} {text}".strip())
    yield from found.items()


def _about(path: str, key: str) -> bool:
    """Whether a part of the file belongs to what a sentence says, or the other way round."""
    return path == key or path.startswith(f"{key}.") or key.startswith(f"{path}.")
