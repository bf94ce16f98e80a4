"""Shapes of documents: which fields a table has, and of what kind each is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from surveys.errors import BadDocument

# A check returns nothing, or what the value should have been.
Check = Callable[[object], str | None]
Shape = Mapping[str, Check]

_NAMES: dict[type | tuple[type, ...], str] = {
    str: "a text",
    int: "a whole number",
    (int, float): "a number",
    list: "a list",
    dict: "a table",
}


def _is(kind: type | tuple[type, ...]) -> Check:
    def check(value: object) -> str | None:
        fits = isinstance(value, kind) and not isinstance(value, bool)
        return None if fits else _NAMES[kind]

    return check


text = _is(str)
whole = _is(int)
number = _is((int, float))
anything_listed = _is(list)
table = _is(dict)


def flag(value: object) -> str | None:
    """Check for true or false."""
    return None if isinstance(value, bool) else "true or false"


def one_of(*known: str) -> Check:
    """Check that a value is one of a few words."""
    return lambda value: None if value in known else f"one of {', '.join(known)}"


def pattern(expression: str, *, name: str) -> Check:
    """Check that a value is a text of one form."""
    whole_text = re.compile(expression)

    def check(value: object) -> str | None:
        fits = isinstance(value, str) and whole_text.fullmatch(value)
        return None if fits else name

    return check


bound = one_of("exact", "at_least", "at_most")
sha256 = pattern("[0-9a-f]{64}", name="a SHA-256 digest in 64 small hexadecimal digits")
WAVE = re.compile("[a-z0-9-]{1,60}")
wave = pattern(WAVE.pattern, name="1 to 60 small letters, digits and hyphens")


def or_none(check: Check) -> Check:
    """Allow null beside what another check allows."""
    return lambda value: None if value is None else check(value)


def list_of(check: Check, *, name: str) -> Check:
    """Check every part of a list."""

    def check_parts(value: object) -> str | None:
        fits = isinstance(value, list) and all(check(part) is None for part in value)
        return None if fits else name

    return check_parts


def table_of(check: Check, *, name: str) -> Check:
    """Check every value of a table."""

    def check_values(value: object) -> str | None:
        fits = isinstance(value, dict) and all(check(part) is None for part in value.values())
        return None if fits else name

    return check_values


texts = list_of(text, name="a list of texts")
tables = list_of(table, name="a list of tables")
counts = table_of(whole, name="a table of whole numbers")
table_of_tables = table_of(table, name="a table of tables")
table_of_counts = table_of(counts, name="a table of tables of whole numbers")
table_of_listed_tables = table_of(tables, name="a table of lists of tables")


def check_fields(document: object, shape: Shape, where: str) -> None:
    """Refuse a table with fields missing, unknown, or of another type."""
    if not isinstance(document, dict):
        raise BadDocument(f"{where} is not a table.")
    for name in sorted(shape.keys() - document.keys()):
        raise BadDocument(f"{where} lacks the field {name!r}.")
    for name in sorted(document.keys() - shape.keys()):
        raise BadDocument(f"{where} has a field {name!r} that means nothing here.")
    for name, check in shape.items():
        wanted = check(document[name])
        if wanted is not None:
            raise BadDocument(f"{where}: the field {name!r} must be {wanted}.")
