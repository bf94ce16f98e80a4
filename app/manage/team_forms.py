"""Forms of the team pages."""

from __future__ import annotations

from wtforms import DateField, Form, HiddenField, SelectField, StringField
from wtforms.validators import InputRequired

from app.forms import CheckboxesField, Text, stripped


def _name(label: str = "Name") -> StringField:
    return StringField(
        label, filters=[stripped], validators=[Text("Give the team a name.", longest=120)]
    )


class FirstTeamForm(Form):
    """The whole organisation, above everything."""

    name = _name()


class NewTeamForm(Form):
    """A team under another."""

    name = _name()
    parent = SelectField("Under", validators=[InputRequired("Choose where it belongs.")])


class ChangeForm(Form):
    """A change from a day on; `seen` tells which preview was on the page."""

    starts_on = DateField(
        "From",
        description="Today, or a day to come.",
        validators=[InputRequired("Choose a day.")],
    )
    seen = HiddenField()


class SplitForm(ChangeForm):
    """Two names, and who goes where."""

    name = _name("Name of the first team")
    second_name = _name("Name of the second team")
    people = CheckboxesField(
        "Who goes to the second team",
        description="All others go to the first.",
        validators=[InputRequired("Choose at least one person.")],
    )


class MergeForm(ChangeForm):
    """The other teams, and the name of what they become."""

    others = CheckboxesField(
        "Merge it with",
        description="Teams beside it. To merge with another one, move it here first.",
        validators=[InputRequired("Choose at least one team.")],
    )
    name = _name("Name of the merged team")


class MoveForm(ChangeForm):
    """Another place in the tree."""

    parent = SelectField("Put it under", validators=[InputRequired("Choose where it belongs.")])


class RenameForm(ChangeForm):
    """Another name."""

    name = _name("New name")


class CloseForm(ChangeForm):
    """Nothing but the day."""


CHANGE_FORMS: dict[str, type[ChangeForm]] = {
    "split": SplitForm,
    "merge": MergeForm,
    "move": MoveForm,
    "rename": RenameForm,
    "close": CloseForm,
}
