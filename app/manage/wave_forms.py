"""Forms of the waves."""

from __future__ import annotations

from collections.abc import Sequence

from wtforms import (
    DateField,
    Field,
    FileField,
    Form,
    RadioField,
    SelectField,
    StringField,
    ValidationError,
)
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
        "First day for answers",
        validators=[InputRequired(DAY)],
        description="Ballots can be taken from the opening on.",
    )
    closes_on = DateField(
        "Last day for answers",
        validators=[InputRequired(DAY)],
        description="The wave closes by itself after this day. It can be put off later.",
    )
    rights = RadioField(
        "How people answer",
        choices=choices(
            [
                (
                    "ballots",
                    "By ballot: people sign in, take a ballot and answer with it. People without"
                    " an e-mail address cannot sign in and get code letters",
                ),
                ("letters", "By letter: everybody draws a printed code from a box"),
            ]
        ),
        default="ballots",
        description="Each counting group has one kind, fixed for this wave once it is prepared.",
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
        description="Fixed for this wave once it is prepared. Comments need 10 answers in both.",
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


class SignedForm(Form):
    """The manifest as its guardian signed it."""

    signed = FileField(
        "Signed manifest",
        description="The file that the guardian's command wrote.",
    )


class ExtendForm(Form):
    """A later closing day."""

    closes_on = DateField("New last day for answers", validators=[InputRequired(DAY)])
