"""Fields that forms of several features need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wtforms import Field, Form, SelectMultipleField, ValidationError
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.widgets import CheckboxInput, ListWidget


class CheckboxesField(SelectMultipleField):
    """A choice of several, each with its own box."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def choices(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """Make the choices of a field from values and labels."""
    return [SelectChoice(value, label) for value, label in pairs]


def stripped(text: str | None) -> str:
    """Take the space around a typed text away and make runs of it single."""
    return " ".join((text or "").split())


class Text:
    """Something must be typed, on one line and up to a length."""

    def __init__(self, sentence: str, *, longest: int) -> None:
        self.sentence, self.longest = sentence, longest
        self.field_flags = {"required": True, "maxlength": longest}

    def __call__(self, form: Form, field: Field) -> None:
        """Refuse what is blank, too long or holds control characters."""
        text: Any = field.data
        if not text:
            raise ValidationError(self.sentence)
        if len(text) > self.longest:
            raise ValidationError(f"Use at most {self.longest} characters.")
        if not text.isprintable():
            raise ValidationError("Use letters, digits and signs only.")
