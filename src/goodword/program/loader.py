"""Reading a program file: text in, a `Program` or every problem at once, each with line, column and a hint."""

from __future__ import annotations

import hashlib
import json
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

from goodword.program.conditions import ATTRIBUTES, Attribute, Entity
from goodword.program.model import DEPTH_WORDS, NOT_YET, WRITTEN_AS, ProgramFile
from goodword.program.quantity import is_currency, parse_quantity
from goodword.program.values import Declared, PlacedProblems, hint

FILE_BYTES_MAX = 256 * 1024
DEPTH_MAX = 20
NODES_MAX = 10_000
"""How many keys and values a file may have: what stands in a row is as slow to read as what is nested."""
PROBLEMS_MAX = 100
PROGRAMS_KEPT = 16
"""How many texts a process remembers as loaded: a program is loaded as it is published, when it decides, for its links, ..."""

_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")

Path = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
NOUN = "a program file"


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """Something wrong with a program file, and where."""

    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.path + ': ' if self.path else ''}{self.message}"


class ProgramError(Exception):
    """A program file that cannot be accepted; `problems` holds all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))[:PROBLEMS_MAX]
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A program as loaded: its model, its text, and where each part of it stands in the text."""

    model: ProgramFile
    text: str
    digest: str
    """SHA-256 of the text."""
    places: dict[str, str]
    """``rewards.credit.caps.0`` -> ``31:7`` (line and column, both from 1)."""
    version: int = 0
    """The version under which the tenant published it; 0 for a file that is not published."""

    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.model.program)

    def place(self, path: str) -> str:
        """Where a part of the program stands: the nearest enclosing part that the file spells out."""
        return nearest_place(self.places, path)


def load_program(text: str, version: int = 0) -> Program:
    """Read a program file.

    Raises:
        ProgramError: with every problem that could be found in one pass.
    """
    model, places = _loaded(text)
    return Program(model, text, hashlib.sha256(text.encode()).hexdigest(), places, version)


def program_of(tree: dict[str, Any], version: int = 0) -> Program:
    """The program of plain data, as `document` gives it. That takes no time, as no text is read; nothing has a place.

    Raises:
        ProgramError: as `load_program`, every problem at the beginning of the file.
    """
    text = json.dumps(tree, ensure_ascii=False, default=str)  # a date is its text
    return Program(_model(tree, {}), text, hashlib.sha256(text.encode()).hexdigest(), {}, version)


@lru_cache(maxsize=PROGRAMS_KEPT)
def _loaded(text: str) -> tuple[ProgramFile, dict[str, str]]:
    tree, places = _parse(text, NOUN, "goodword")
    return _model(tree, places), places


def _model(tree: dict[str, Any], places: dict[str, str]) -> ProgramFile:
    problems = list(_depth_problems(tree, (), places))
    try:
        model = ProgramFile.model_validate(tree, context=_gather(tree))
    except ValidationError as error:
        problems += [problem for e in error.errors() for problem in _problems(dict(e), places, ProgramFile)]
        raise ProgramError(problems) from None
    if problems:
        raise ProgramError(problems)
    return model


def read_as(model: type[Model], text: str, noun: str, context: object) -> Model:
    """Read another file than a program in the same way. The first key of the file is the first of its model.

    Raises:
        ProgramError: with every problem that could be found in one pass.
    """
    tree, places = _parse(text, noun, next(iter(model.model_fields)))
    try:
        return model.model_validate(tree, context=context)
    except ValidationError as error:
        problems = [problem for e in error.errors() for problem in _problems(dict(e), places, model)]
    raise ProgramError(problems)


def document(program: Program) -> dict[str, Any]:
    """What a program file spells out, as plain data: without what is only there by default."""
    tree, _ = _parse(program.text, NOUN, "goodword")
    return tree


def _parse(text: str, noun: str, first: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The file as plain data, and where each part of it stands."""
    if len(text.encode("utf-8", "surrogatepass")) > FILE_BYTES_MAX:
        raise ProgramError([Problem(1, 1, "", f"{noun} has at most {FILE_BYTES_MAX} bytes")])
    # Not "safe": its scanner refuses what this one reads, such as a colon at the beginning of a word in a row.
    yaml = YAML(typ="rt", pure=True)
    try:
        # The text is scanned once: in pure Python this is nearly all that loading costs.
        building = _Building(list(_checked(yaml.parse(text), noun)))
        tree = building.document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise ProgramError([Problem(line, column, "", f"not YAML: {error.problem or error}")]) from None
    except (YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise ProgramError([Problem(1, 1, "", f"not YAML: {str(error).splitlines()[0]}")]) from None
    if not isinstance(tree, dict):
        raise ProgramError([Problem(1, 1, "", f"{noun} is a mapping that begins with `{first}: 1`")])
    if next(iter(tree), None) != first:
        raise ProgramError([Problem(1, 1, first, f"the first line of {noun} is `{first}: 1`")])
    return tree, building.places


def _checked(events: typing.Iterable[Event], noun: str) -> typing.Iterator[Event]:
    """Refuse what makes a small file mean a huge one, or another one than it seems to, before anything is built."""
    inside: list[int | None] = []  # of each mapping around, how many keys and values came; None for a list
    for count, event in enumerate(events):
        if count > NODES_MAX:
            raise _refused(event, f"{noun} has at most {NODES_MAX} keys and values")
        if isinstance(event, CollectionEndEvent):
            inside.pop()
        elif isinstance(event, DocumentStartEvent) and (event.version or event.tags):
            raise _refused(event, f"directives are not used in {noun}")
        elif isinstance(event, NodeEvent):
            _check_node(event, inside, noun)
        yield event


def _check_node(event: NodeEvent, inside: list[int | None], noun: str) -> None:
    if isinstance(event, AliasEvent) or event.anchor:
        raise _refused(event, f"anchors and aliases are not used in {noun}")
    if getattr(event, "tag", None):
        raise _refused(event, f"tags are not used in {noun}")
    if isinstance(event, ScalarEvent) and event.value == "<<":
        raise _refused(event, f"merge keys are not used in {noun}")
    if isinstance(event, ScalarEvent) and _NOT_TEXT.search(event.value):
        raise _refused(event, "control characters and halves of characters are not accepted")
    before = inside[-1] if inside else None
    if before is not None:
        inside[-1] = before + 1
    if isinstance(event, CollectionStartEvent):
        if before is not None and before % 2 == 0:
            raise _refused(event, "a key is a word, not a list or a mapping")
        inside.append(0 if isinstance(event, MappingStartEvent) else None)
        if len(inside) > DEPTH_MAX:
            raise _refused(event, f"nested deeper than {DEPTH_MAX}")


def _refused(event: Event, message: str) -> ProgramError:
    mark = event.start_mark
    return ProgramError([Problem(mark.line + 1, mark.column + 1, "", message)])


_TEXTS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:value")
"""What a scalar is that is meant as it stands; the second is an equals sign alone, which had a meaning in older YAML."""


class _Building:
    """Makes plain data of checked events, keys as text, and notes the line and column of every key and item."""

    def __init__(self, checked: list[Event]) -> None:
        plain = YAML(typ="safe", pure=True)
        self._resolver, self._constructor = plain.resolver, plain.constructor
        self._starts = [event for event in checked if isinstance(event, DocumentStartEvent)]
        self._events = iter([event for event in checked if isinstance(event, NodeEvent | CollectionEndEvent)])
        self.places: dict[str, str] = {}

    def document(self) -> Any:
        """What the only document says; None where there is none."""
        for another in self._starts[1:]:
            raise MarkedYAMLError(problem="but found another document", problem_mark=another.start_mark)
        return self._value(next(self._events), "") if self._starts else None

    def _value(self, event: Event, path: str) -> Any:
        if isinstance(event, MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self._list(path)
        return self._scalar(event)

    def _mapping(self, path: str) -> dict[str, Any]:
        built: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = str(self._scalar(event))
            value = self._placed(event, next(self._events), f"{path}{key}")
            if key in built:
                message = f'found duplicate key "{key}" with value "{value}" (original value: "{built[key]}")'
                raise MarkedYAMLError(problem=message, problem_mark=event.start_mark)
            built[key] = value
        return built

    def _list(self, path: str) -> list[Any]:
        built: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            built.append(self._placed(event, event, f"{path}{len(built)}"))
        return built

    def _placed(self, begins: Event, value: Event, path: str) -> Any:
        mark = begins.start_mark
        self.places[path] = f"{mark.line + 1}:{mark.column + 1}"
        return self._value(value, f"{path}.")

    def _scalar(self, event: Event) -> Any:
        assert isinstance(event, ScalarEvent)  # noqa: S101 - aliases are refused, and keys that are lists or mappings
        tag = self._resolver.resolve(ScalarNode, event.value, event.implicit)
        if str(tag) in _TEXTS:
            return event.value
        node = ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        return self._constructor.construct_non_recursive_object(node)


def _dotted(path: typing.Iterable[object]) -> str:
    return ".".join(map(str, path))


def _depth_problems(node: object, path: Path, places: dict[str, str]) -> typing.Iterator[Problem]:
    """Any word that asks for pay beyond the direct referral, wherever it stands."""
    if isinstance(node, list):
        for index, value in enumerate(node):
            yield from _depth_problems(value, (*path, index), places)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        here = (*path, key)
        if len(path) != 1 and DEPTH_WORDS.match(str(key)):
            message = "only the direct referral is rewarded: reward depth beyond one is refused"
            yield _problem(_dotted(here), message, places)
        yield from _depth_problems(value, here, places)


def _mapping(tree: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = tree.get(key)
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else {}


def _gather(tree: dict[str, Any]) -> Declared:
    """What the file declares, as far as it can be read: references are checked against it in the same pass."""
    currency = tree.get("currency")
    attributes = {a.name: a for a in ATTRIBUTES}
    for name, declaration in _mapping(tree, "fields").items():
        of = declaration.get("of") if isinstance(declaration, dict) else None
        kind = declaration.get("type") if isinstance(declaration, dict) else None
        if kind not in ("text", "integer", "boolean"):
            continue
        entities: tuple[Entity, ...] = (
            ("friend", "advocate", "recipient") if of == "person" else (of,) if of in ("order", "activity") else ()
        )
        for entity in entities:
            row = Attribute(
                entity,
                name,
                kind,
                "orders" if entity == "order" else "participants",
                "declared by the program",
            )
            attributes.setdefault(row.name, row)
    tiers = tuple(map(str, _mapping(_mapping(tree, "tiers"), "levels")))
    for entity in ("friend", "advocate", "recipient") if tiers else ():
        row = Attribute(
            entity, "tier", "text", "tiers", "the highest tier held in this program", str(tree.get("program"))
        )
        attributes.setdefault(row.name, row)
    budgets: dict[str, str] = {}
    for name, budget in _mapping(tree, "budgets").items():
        try:
            budgets[name] = parse_quantity(budget.get("amount") if isinstance(budget, dict) else None).unit
        except ValueError:
            budgets[name] = ""
    activities = tree.get("activities")
    return Declared(
        currency=str(currency) if isinstance(currency, str) and is_currency(currency) else "USD",
        attributes=attributes,
        activities=frozenset(map(str, activities)) if isinstance(activities, list) else frozenset(),
        steps=tuple(_mapping(tree, "steps")),
        measures=frozenset(_mapping(tree, "measures")),
        contests=frozenset(_mapping(tree, "contests")),
        tiers=tiers,
        budgets=budgets,
    )


def _problems(error: dict[str, Any], places: dict[str, str], root: type[BaseModel]) -> typing.Iterator[Problem]:
    path = _path(error["loc"])
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, PlacedProblems):
        for below, message in cause.problems:
            yield _problem(_dotted([*path, below]), message, places)
    elif not (error["type"] == "extra_forbidden" and DEPTH_WORDS.match(str(path[-1]))):
        yield _problem(_dotted(path), _message(error, path, root), places)


def _path(loc: tuple[str | int, ...]) -> list[str | int]:
    """Where an error stands in the file: without the words that only the model knows."""
    path: list[str | int] = []
    for part in loc:
        # Without the model's names for the ways to write one thing, such as `amount:fixed`.
        if part != "[key]" and not str(part).startswith(("amount:", "benefit:", "expires:")):
            path.append(part)
    return path


def _problem(path: str, message: str, places: dict[str, str]) -> Problem:
    line, column = map(int, nearest_place(places, path).split(":"))
    return Problem(line, column, path, message)


def nearest_place(places: dict[str, str], path: str) -> str:
    """Where a part stands: its own place, or that of the nearest part around it that the file spells out."""
    while path and path not in places:
        path = path.rpartition(".")[0]
    return places.get(path, "1:1")


def _message(error: dict[str, Any], path: list[str | int], root: type[BaseModel]) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        key = str(path[-1])
        if key in NOT_YET:
            return f"`{key}` is not yet supported"
        if key in WRITTEN_AS:
            return f"unknown key `{key}`: {WRITTEN_AS[key]}"
        return f"unknown key `{key}`; {hint(key, _keys_at(path[:-1], root))}"
    if kind == "missing":
        return f"`{path[-1]}` is missing"
    if kind == "literal_error":
        expected = re.findall(r"'([^']*)'", error["ctx"]["expected"]) or [error["ctx"]["expected"]]
        given = error["input"]
        if isinstance(given, str):
            return f"`{given[:60]}` is not possible here; {hint(given, expected)}"
        return f"expected {error['ctx']['expected']}"
    plain = _PLAIN_WORDS.get(kind)
    return plain or str(error["msg"]).removeprefix("Value error, ")


_PLAIN_WORDS = {
    "dict_type": "write a mapping here: keys with their values",
    "model_type": "write a mapping here: keys with their values",
    "model_attributes_type": "write a mapping here: keys with their values",
    "tuple_type": "write a list here",
    "string_type": "write a text here",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number",
    "string_pattern_mismatch": "a name here is small letters, digits, `-` and `_`, and begins with a letter",
}


def _keys_at(path: list[str | int], root: type[BaseModel]) -> list[str]:
    """The keys that the part of the model at `path` knows."""
    model: type[BaseModel] | None = root
    for part in path:
        if model is None:
            return []
        declared = model.model_fields.get(str(part))
        if declared is not None:
            models = _models_in(declared.annotation)
            model = models[0] if models else None
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in typing.get_args(annotation) for model in _models_in(argument)]
