"""Questionnaires: items in order, constructs made of them, and where the words come from."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from importlib import resources
from typing import Any, Literal, Self, TypeVar, cast

from surveys.documents import sha256_of
from surveys.errors import BadQuestionnaire
from surveys.questions import TYPES, Option, Question, Scale, check_key, check_text

T = TypeVar("T")

AUDIENCES = ("employees", "customers")

# Names of the form fields that stand beside the items on an answer page.
RESERVED = frozenset({"code", "submission"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Construct:
    """A named group of items that are averaged into one score."""

    key: str
    title: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Questionnaire:
    """Everything that is asked in one survey, with its source and its licence."""

    key: str
    title: str
    language: str
    audience: Literal["employees", "customers"]
    intro: str = ""
    source: str
    licence: str
    version: int = 1
    questions: tuple[Question, ...]
    constructs: tuple[Construct, ...] = ()

    def __post_init__(self) -> None:
        check_key(self.key, what="questionnaire")
        for name in ("title", "language", "source", "licence"):
            check_text(getattr(self, name), what=f"The field {name!r}")
        if self.audience not in AUDIENCES:
            raise BadQuestionnaire('audience is "employees" or "customers".')
        if self.version < 1:
            raise BadQuestionnaire("version is a number from 1.")
        if not self.asked:
            raise BadQuestionnaire("A questionnaire needs at least one item that is asked.")
        _refuse_twins("item", [question.key for question in self.questions])
        _refuse_twins("construct", [construct.key for construct in self.constructs])
        for key in RESERVED & {question.key for question in self.questions}:
            raise BadQuestionnaire(f"Rename the item {key!r}: the answer page uses that name.")
        for construct in self.constructs:
            self._check_construct(construct)

    def _check_construct(self, construct: Construct) -> None:
        check_key(construct.key, what="construct")
        check_text(construct.title, what=f"Construct {construct.key!r}")
        if not construct.items:
            raise BadQuestionnaire(f"Construct {construct.key!r} has no items.")
        _refuse_twins(f"construct {construct.key!r}: item", list(construct.items))
        scales = []
        for key in construct.items:
            item = self.question(key)
            if not isinstance(item, Scale):
                raise BadQuestionnaire(
                    f"Construct {construct.key!r}: item {key!r} is not a scale, "
                    "so it cannot be averaged."
                )
            scales.append(item)
        if len({scale.points for scale in scales}) > 1:
            raise BadQuestionnaire(
                f"Construct {construct.key!r}: its items must have the same points."
            )

    @property
    def asked(self) -> tuple[Question, ...]:
        """The items that are put to people, in order."""
        return tuple(question for question in self.questions if not question.retired)

    def question(self, key: str) -> Question:
        """Find one item, retired or not."""
        for question in self.questions:
            if question.key == key:
                return question
        raise BadQuestionnaire(f"There is no item {key!r} in this questionnaire.")

    def scales_of(self, construct: Construct) -> tuple[Scale, ...]:
        """List the items of a construct."""
        return tuple(cast(Scale, self.question(key)) for key in construct.items)

    def to_dict(self) -> dict[str, Any]:
        """Write the questionnaire as plain JSON values; `from_dict` reads them back."""
        return {
            **_document(self, leave_out=("questions", "constructs")),
            "items": [{"type": q.type, **_document(q)} for q in self.questions],
            "constructs": [_document(construct) for construct in self.constructs],
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Read a questionnaire from plain values, or raise `BadQuestionnaire`."""
        known = dict(_expect(document, dict, "The questionnaire"))
        items = _expect(known.pop("items", []), list, "items")
        constructs = _expect(known.pop("constructs", []), list, "constructs")
        return cls(
            **_values(cls, known, "The questionnaire", apart=("questions", "constructs")),
            questions=tuple(_question(item, f"Item {n}") for n, item in enumerate(items, 1)),
            constructs=tuple(
                Construct(**_values(Construct, construct, f"Construct {n}"))
                for n, construct in enumerate(constructs, 1)
            ),
        )

    @property
    def sha256(self) -> str:
        """The digest of every word and rule in it."""
        return sha256_of(self.to_dict())


def bundled() -> tuple[str, ...]:
    """List the keys of the questionnaires that come with Headwater."""
    files = resources.files("surveys").joinpath("instruments").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def load(key: str) -> Questionnaire:
    """Load one of the bundled questionnaires."""
    if key not in bundled():
        raise BadQuestionnaire(
            f"There is no bundled questionnaire {key!r}; choose {' or '.join(bundled())}."
        )
    file = resources.files("surveys").joinpath("instruments", f"{key}.toml")
    return read_toml(file.read_text(encoding="utf-8"))


def read_toml(text: str) -> Questionnaire:
    """
    Read a questionnaire file.

    A file may describe a scale once, as ``[scales.NAME]``, and give its items
    ``scale = "NAME"``; otherwise it has the shape that `from_dict` reads.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadQuestionnaire(f"This is not a TOML file: {error}.") from error
    scales = _expect(document.pop("scales", {}), dict, "scales")
    items = _expect(document.get("items", []), list, "items")
    document["items"] = [_with_scale(item, scales, f"Item {n}") for n, item in enumerate(items, 1)]
    return Questionnaire.from_dict(document)


def _with_scale(item: object, scales: dict[str, Any], where: str) -> dict[str, Any]:
    own = dict(_expect(item, dict, where))
    name = own.pop("scale", None)
    if name is None:
        return own
    if name not in scales:
        raise BadQuestionnaire(f"{where}: there is no scale {name!r} in this file.")
    return {"type": "scale", **_expect(scales[name], dict, f"Scale {name!r}"), **own}


def _question(document: object, where: str) -> Question:
    known = dict(_expect(document, dict, where))
    name = known.pop("type", None)
    if name not in TYPES:
        raise BadQuestionnaire(f"{where}: type is one of {', '.join(TYPES)}.")
    return TYPES[name](**_values(TYPES[name], known, where))


def _options(value: object, where: str) -> tuple[Option, ...]:
    options = _expect(value, list, where)
    return tuple(Option(**_values(Option, o, f"{where} {n}")) for n, o in enumerate(options, 1))


def _words(value: object, where: str) -> tuple[str, ...]:
    return tuple(_expect(word, str, where) for word in _expect(value, list, where))


# How a field is read from plain values, by the type it is declared with.
READERS: dict[str, Callable[[Any, str], Any]] = {
    "str": lambda value, where: _expect(value, str, where),
    "int": lambda value, where: _expect(value, int, where),
    "int | None": lambda value, where: None if value is None else _expect(value, int, where),
    "bool": lambda value, where: _expect(value, bool, where),
    "Literal['yes', 'no']": lambda value, where: _expect(value, str, where),
    "Literal['employees', 'customers']": lambda value, where: _expect(value, str, where),
    "tuple[str, ...]": _words,
    "tuple[Option, ...]": _options,
}

NAMES: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


def _values(
    kind: type,
    document: object,
    where: str,
    apart: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Read the fields of a dataclass from a table, refusing what is missing or unknown."""
    given = _expect(document, dict, where)
    wanted = {f.name: f for f in fields(kind) if f.name not in apart}
    for name in given.keys() - wanted.keys():
        raise BadQuestionnaire(
            f"{where} has a field {name!r} that means nothing here; it may have "
            f"{', '.join(wanted)}."
        )
    for name, field in wanted.items():
        if name not in given and field.default is MISSING:
            raise BadQuestionnaire(f"{where} lacks the field {name!r}.")
    return {
        name: READERS[str(wanted[name].type)](value, f"{where}, field {name!r}")
        for name, value in given.items()
    }


def _expect(value: object, kind: type[T], where: str) -> T:
    # True and False are whole numbers to Python, but not to the person who wrote them.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadQuestionnaire(f"{where} must be {NAMES[kind]}.")
    return value


def _document(
    thing: Questionnaire | Construct | Question | Option, leave_out: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Write the fields of a dataclass that differ from their defaults."""
    return {
        field.name: _plain(value)
        for field in fields(thing)
        if field.name not in leave_out
        and not _is_default(field, value := getattr(thing, field.name))
    }


def _is_default(field: Field[Any], value: object) -> bool:
    return field.default is not MISSING and value == field.default


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return _document(value) if isinstance(value, Option) else value


def _refuse_twins(what: str, keys: list[str]) -> None:
    for key in keys:
        if keys.count(key) > 1:
            raise BadQuestionnaire(f"The {what} key {key!r} appears twice.")
