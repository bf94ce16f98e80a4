"""Forms of the people pages."""

from __future__ import annotations

from wtforms import DateField, EmailField, Form, SelectField, StringField, ValidationError
from wtforms.validators import InputRequired, Optional

from app.forms import CheckboxesField, Text, choices, stripped
from app.services.addresses import read_address
from app.services.errors import Unusable
from app.services.roles import NAMES, PLAIN


def _name() -> StringField:
    return StringField(
        "Name", filters=[stripped], validators=[Text("Enter the name.", longest=120)]
    )


def _email() -> EmailField:
    return EmailField(
        "E-mail address",
        description="Leave it empty for people who have none; they answer with a code letter.",
        filters=[stripped],
        validators=[Optional(), _is_address],
    )


def _is_address(form: Form, field: EmailField) -> None:
    try:
        read_address(field.data or "")
    except Unusable as error:
        raise ValidationError(str(error)) from error


def _day(label: str, hint: str = "") -> DateField:
    return DateField(label, description=hint, validators=[InputRequired("Choose a day.")])


class PersonForm(Form):
    """Somebody new."""

    name = _name()
    email = _email()
    team = SelectField("Team", validators=[InputRequired("Choose a team.")])
    starts_on = _day("First day")


class DetailsForm(Form):
    """Name, address and language of somebody known."""

    name = _name()
    email = _email()
    locale = StringField(
        "Language",
        description="As a short code, such as en or de-AT.",
        filters=[stripped],
        validators=[Text("Enter the language.", longest=12)],
    )


class MoveForm(Form):
    """Another team, from a day on."""

    team = SelectField("New team", validators=[InputRequired("Choose a team.")])
    on = _day("First day in the new team")


class EndForm(Form):
    """The day somebody leaves."""

    on = _day("First day without them", "The account closes at once.")


class RolesForm(Form):
    """Roles, and teams to manage."""

    roles = CheckboxesField(
        "Roles",
        choices=choices((role, NAMES[role]) for role in PLAIN),
        description="Administrators see no results; HR and executives see no single answer.",
    )
    manages = CheckboxesField(
        "Manager of",
        description="A manager sees released results of the team and of everything below it.",
    )


class SearchForm(Form):
    """What to look for."""

    q = StringField("Name, address or team", filters=[stripped])
