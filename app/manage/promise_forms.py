"""The form in which HR writes what is promised about a wave."""

from __future__ import annotations

from typing import Any

from wtforms import Field, Form, IntegerField, TextAreaField, ValidationError
from wtforms.validators import InputRequired, NumberRange

from surveys.errors import BadPromise
from surveys.promises import LONGEST, RESULTS_MONTHS, ROSTERS_DAYS, Promise, check_text, spelt


def _span(span: tuple[int, int], unit: str) -> list[Any]:
    sentence = f"Give a number of {unit} from {span[0]} to {span[1]}."
    return [InputRequired(sentence), NumberRange(*span, message=sentence)]


def _text(text: str | None) -> str:
    return spelt(text or "")


class PromiseForm(Form):
    """What for, who reads, how long what is kept, whom to ask."""

    purposes = TextAreaField(
        "What the survey is for",
        filters=[_text],
        description="The first line stands right above the questions, the others one tap further.",
        render_kw={"rows": 6, "maxlength": LONGEST["purposes"]},
    )
    readers = TextAreaField(
        "Who reads what",
        filters=[_text],
        description="Name them as people know them, one kind of reader to a line. The roles of"
        " this program decide what they see; this says who has them. All of it stands right above"
        " the questions.",
        render_kw={"rows": 8, "maxlength": LONGEST["readers"]},
    )
    contact = TextAreaField(
        "Whom people can ask",
        filters=[_text],
        description="Such as the works council or the data protection officer, and how to reach"
        " them. The first line stands above the questions. Anybody can read it without a sign-in.",
        render_kw={"rows": 3, "maxlength": LONGEST["contact"]},
    )
    keep_rosters_days = IntegerField(
        "Days for which the list of who was eligible is kept",
        validators=_span(ROSTERS_DAYS, "days"),
        description="From the closing on. Until the next wave is prepared, the list protects"
        " people who have just joined a small group, so let it last as long as that.",
    )
    keep_results_months = IntegerField(
        "Months for which the results are kept",
        validators=_span(RESULTS_MONTHS, "months"),
        description="From the closing on: figures and comments. Trends reach back no further.",
    )

    def validate_purposes(self, field: Field) -> None:
        """Refuse a text that cannot be promised."""
        _check(field)

    validate_readers = validate_contact = validate_purposes  # the same for each

    def promise(self) -> Promise:
        """Read the promise from a form that was found valid."""
        return Promise(**self.data)


def _check(field: Field) -> None:
    try:
        check_text(field.name, field.data)
    except BadPromise as error:
        raise ValidationError(str(error)) from error
