"""Forms of the actions: what may be typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    Field,
    Form,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, StopValidation

from app.forms import CheckboxesField, Text, choices, stripped
from app.models import COMPETENCIES, STATUSES, TAGS, Action, Team, Wave
from app.models.action import DECISIONS
from app.services.actions import LONGEST, questions_with_figures
from app.services.survey_versions import questionnaire_of

STATUS_NAMES = {
    "planned": "Planned",
    "under_way": "Under way",
    "done": "Done",
    "dropped": "Dropped",
    "declined": "Declined",
}
TAG_NAMES = {"people": "People", "technology": "Technology", "process": "Process"}
COMPETENCY_NAMES = {
    "customer_centric_culture": "Customer-centric culture",
    "adoption_and_accountability": "Adoption and accountability",
    "strategy": "Customer experience strategy",
    "measurement": "Measurement",
    "design_and_innovation": "Design and innovation",
    "voice_of_the_customer": "Voice of the customer",
}
DECISION_NAMES = {
    "will_do": "We will do it",
    "done": "We have done it",
    "will_not": "We will not do it",
}
MOVE_NAMES = {
    "planned": "Planned again",
    "under_way": "Under way",
    "done": "Done",
    "dropped": "Dropped: we will not do it after all",
}


class _DayIfPromised:
    """A day is needed where something is promised, and may be left out elsewhere."""

    def __call__(self, form: ActionForm, field: Field) -> None:
        """Refuse a missing day only where it is owed."""
        if any(text.strip() for text in field.raw_data or ()):
            return
        field.errors = []
        raise StopValidation("Say by when." if form.decided == "will_do" else "")


class ActionForm(Form):
    """What an action says; `status` is where it stands, which this form does not change."""

    status = ""

    about = SelectField(
        "Which result it answers",
        [InputRequired("Choose the result that this answers.")],
        description="Of one of the newest released waves.",
    )
    theme = StringField(
        "What the comments were about",
        filters=[stripped],
        description="Only if comments are answered. Name the matter, for instance: shift plans",
    )
    said = TextAreaField(
        "You said",
        [Text("Say in a sentence what people said.", longest=LONGEST["said"])],
        filters=[stripped],
        description="In your own words. Quote nobody, and leave out what only one person could"
        " have said: everybody who reads this would know who it was.",
    )
    title = StringField(
        "What you do, or will not do",
        [Text("Say what you do, or will not do.", longest=LONGEST["title"])],
        filters=[stripped],
        description="It is read after “We will:”, for instance: plan shifts four weeks ahead",
    )
    because = TextAreaField(
        "Because",
        filters=[stripped],
        description="Needed where you will not do it. A no with a reason is better than silence.",
    )
    team = SelectField("Team", [InputRequired("Choose the team it is for.")])
    is_for_all = BooleanField("Show it to the whole organisation")
    owner = EmailField(
        "Owner’s e-mail address",
        filters=[stripped],
        description="Who sees to it. Needed where something is to be done.",
    )
    due_on = DateField(
        "Done by",
        [_DayIfPromised()],
        description="Needed where something is to be done.",
    )
    tag = RadioField(
        "What it changes",
        [InputRequired("Choose what it changes.")],
        choices=choices((tag, TAG_NAMES[tag]) for tag in TAGS),
    )
    competency = SelectField(
        "Which competency it serves",
        [InputRequired("Choose a competency.")],
        choices=choices([("", "Choose one"), *((c, COMPETENCY_NAMES[c]) for c in COMPETENCIES)]),
        description="What an organisation must be able to do so that customers notice.",
    )
    follow_ups = CheckboxesField(
        "Questions that will show whether it helped",
        description="Their released figures before and after stand on the action’s page.",
    )

    def offer(
        self,
        *,
        waves: Iterable[Wave],
        teams: Iterable[tuple[int, str]],
        follow_ups: Iterable[tuple[str, str]],
    ) -> None:
        """Fill in what may be chosen."""
        self.about.choices = {"": [("", "Choose a result")]} | {
            wave.title: _results_of(wave) for wave in waves
        }
        self.team.choices = choices([("", "Choose a team"), *((str(i), n) for i, n in teams)])
        self.follow_ups.choices = choices(follow_ups)

    def show(self, action: Action) -> None:
        """Show an action as it is."""
        for name in ("title", "said", "because", "is_for_all", "due_on", "tag", "competency"):
            self[name].data = getattr(action, name)
        is_comments = action.about_kind == "comments"
        key = "" if is_comments else action.about_key
        self.about.data = about_value(action.wave_id, action.about_kind, key)
        self.theme.data = action.about_key if is_comments else ""
        self.team.data = str(action.team_id)
        self.owner.data = action.owner.email if action.owner is not None else ""
        self.follow_ups.data = list(action.follow_ups)

    @property
    def decided(self) -> str | None:
        """What is decided: will_do, done or will_not."""
        return DECISIONS.get(self.status)

    def validate_theme(self, field: Field) -> None:
        """Ask for the matter where comments are answered."""
        if (self.about.data or "").endswith(":comments:") and not field.data:
            raise ValidationError("Say in a few words what the comments were about.")

    def validate_because(self, field: Field) -> None:
        """Ask for a reason where it is owed."""
        if self.decided == "will_not" and not field.data:
            raise ValidationError("Say why not: people accept a no that is explained.")

    def validate_owner(self, field: Field) -> None:
        """Ask who does what is promised."""
        if self.decided == "will_do" and not field.data:
            raise ValidationError("Name who sees to it.")

    def values(self) -> dict[str, Any]:
        """Read the form as the fields of `app.services.actions.Draft`, its owner left out."""
        wave, kind, key = (self.about.data or "").split(":", 2)
        plain = ("title", "said", "because", "is_for_all", "due_on", "tag", "competency")
        return {
            **{name: self[name].data for name in plain},
            "wave_id": int(wave),
            "about_kind": kind,
            "about_key": (self.theme.data or "") if kind == "comments" else key,
            "team_id": int(self.team.data),
            "follow_ups": tuple(self.follow_ups.data or ()),
        }


class NewActionForm(ActionForm):
    """An action that is written down, with what was decided."""

    decision = RadioField(
        "What you decided",
        [InputRequired("Choose what you decided.")],
        choices=choices(DECISION_NAMES.items()),
    )

    @property
    def decided(self) -> str | None:
        """What is decided, as it was chosen."""
        chosen: str | None = self.decision.data
        return chosen


class MoveForm(Form):
    """How far an action has come."""

    status = RadioField("New status", [InputRequired("Choose a status.")])
    because = TextAreaField(
        "Because", filters=[stripped], description="Needed where it is dropped."
    )

    def offer(self, moves: Iterable[str]) -> None:
        """Fill in where the action may move."""
        self.status.choices = choices((status, MOVE_NAMES[status]) for status in moves)

    def validate_because(self, field: Field) -> None:
        """Ask for a reason where it is owed."""
        if self.status.data == "dropped" and not field.data:
            raise ValidationError("Say why not: people accept a no that is explained.")


class FilterForm(Form):
    """Which actions are listed."""

    team = SelectField("Team")
    status = SelectField(
        "Status", choices=choices([("", "All"), *((s, STATUS_NAMES[s]) for s in STATUSES)])
    )
    tag = SelectField("Kind", choices=choices([("", "All"), *((t, TAG_NAMES[t]) for t in TAGS)]))

    def offer(self, teams: Iterable[Team]) -> None:
        """Fill in the teams there are actions of."""
        self.team.choices = choices([("", "All"), *((str(team.id), team.name) for team in teams)])


def about_value(wave_id: int, kind: str, key: str) -> str:
    """Write which result is meant, as the form sends it."""
    return f"{wave_id}:{kind}:{key}"


def about_words(action: Action) -> str:
    """Say which result an action answers."""
    if action.about_kind == "comments":
        return f"Comments about {action.about_key}"
    asked = questionnaire_of(action.wave.survey_version)
    if action.about_kind == "construct":
        return next(c.title for c in asked.constructs if c.key == action.about_key)
    return asked.question(action.about_key).text


def follow_up_choices(waves: Iterable[Wave], *, besides: Iterable[str] = ()) -> list[Any]:
    """List the items of some waves that have figures, and keys that were chosen before."""
    found = {
        question.key: question.text
        for wave in reversed(list(waves))
        for question in questions_with_figures(questionnaire_of(wave.survey_version))
    }
    return list(({**found, **{key: key for key in besides if key not in found}}).items())


def _results_of(wave: Wave) -> list[tuple[str, str]]:
    asked = questionnaire_of(wave.survey_version)
    scores = [(about_value(wave.id, "construct", c.key), c.title) for c in asked.constructs]
    items = [
        (about_value(wave.id, "item", question.key), question.text)
        for question in questions_with_figures(asked)
    ]
    return [*scores, *items, (about_value(wave.id, "comments", ""), "What people wrote")]
