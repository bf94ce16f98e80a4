"""Forms of the waves."""

from __future__ import annotations

from collections.abc import Sequence

from wtforms import DateField, Field, Form, RadioField, SelectField, StringField, ValidationError
from wtforms.validators import InputRequired

from app.forms import Text, choices, stripped
from app.models import SurveyVersion

DAY = "Give the day as year-month-day, such as 2026-03-31."


class WaveForm(Form):
    """The plan of a wave."""

    title = StringField(
        "Title",
        filters=[stripped],
        validators=[Text("Give the wave a title, such as March pulse.", longest=120)],
        description="Employees read it on the letter, in the mail and above the questions.",
    )
    survey_version = SelectField("Questionnaire", coerce=int, validators=[InputRequired()])
    opens_on = DateField(
        "Planned opening day",
        validators=[InputRequired(DAY)],
        description="A plan only: the wave opens when you press the button on its opening page.",
    )
    closes_on = DateField(
        "Last day for answers",
        validators=[InputRequired(DAY)],
        description="The wave closes by itself after this day. It can be put off later.",
    )
    profile = RadioField(
        "How much is held back",
        choices=choices(
            [
                ("default", "Default: figures from 5 answers"),
                ("strict", "Strict: figures from 8 answers, wider bounds near the ends"),
            ]
        ),
        default="default",
        description="Fixed for this wave once it opens. Comments need 10 answers in both.",
    )

    def offer(self, versions: Sequence[SurveyVersion]) -> WaveForm:
        """Offer these questionnaires."""
        self.survey_version.choices = choices(
            (str(version.id), f"{version.title}, version {version.version}")
            for version in versions
        )
        return self

    def validate_closes_on(self, field: Field) -> None:
        """Refuse a closing day before the opening day."""
        if field.data and self.opens_on.data and field.data < self.opens_on.data:
            raise ValidationError("Choose a day that is not before the opening day.")


class ExtendForm(Form):
    """A later closing day."""

    closes_on = DateField("New last day for answers", validators=[InputRequired(DAY)])
