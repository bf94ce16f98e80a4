"""Forms of the team pages."""

from __future__ import annotations

from wtforms import Form, SelectField, StringField
from wtforms.validators import InputRequired

from app.forms import Text, stripped


def _name() -> StringField:
    return StringField(
        "Name", filters=[stripped], validators=[Text("Give the team a name.", longest=120)]
    )


class FirstTeamForm(Form):
    """The whole organisation, above everything."""

    name = _name()


class NewTeamForm(Form):
    """A team under another."""

    name = _name()
    parent = SelectField("Under", validators=[InputRequired("Choose where it belongs.")])


class RenameForm(Form):
    """Another name."""

    name = _name()


class MoveTeamForm(Form):
    """Another place in the tree."""

    parent = SelectField("Put it under", validators=[InputRequired("Choose where it belongs.")])
