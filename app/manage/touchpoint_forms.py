"""Forms of the touchpoints: what may be typed."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import Form, RadioField, SelectField, StringField
from wtforms.validators import InputRequired

from app.forms import Text, choices, stripped
from app.models import STAGES, SurveyVersion, Team

STAGE_WORDS = {
    "attraction": "Attraction: they hear of you",
    "discovery": "Discovery: they compare and ask",
    "purchase": "Purchase: they decide and pay",
    "use": "Use: they live with what they bought",
    "service": "Service: they need help",
    "renewal": "Renewal: they come back or leave",
}
CHANNEL_WORDS = {
    "link": "Link, for instance on your website",
    "qr": "QR code, for instance on a poster or a receipt",
    "email": "E-mail",
    "kiosk": "Kiosk: a tablet at the counter",
    "widget": "Widget: part of another page",
}
CHANNEL_NAMES = {
    "link": "Link",
    "qr": "QR code",
    "email": "E-mail",
    "kiosk": "Kiosk",
    "widget": "Widget",
    "import": "Import",
}
NO_TEAM = "0"


class TouchpointForm(Form):
    """The name and the stage of a touchpoint."""

    name = StringField(
        "Name",
        [Text("Give the touchpoint a name.", longest=120)],
        filters=[stripped],
        description="Customers see it above the questions, for instance: Service counter Harbour",
    )
    stage = RadioField(
        "Stage of the customer's journey",
        [InputRequired("Choose a stage.")],
        choices=choices((stage, STAGE_WORDS[stage]) for stage in STAGES),
    )


class LinkForm(Form):
    """How customers come to an address, whom their answers are counted for, what is asked."""

    channel = RadioField(
        "How customers get there",
        [InputRequired("Choose how customers get there.")],
        choices=choices(CHANNEL_WORDS.items()),
    )
    team = SelectField(
        "Team",
        [InputRequired("Choose a team, or no team.")],
        description="Answers are counted for this team. Without one they count for the"
        " touchpoint only and cannot be set beside what employees say.",
    )
    version = SelectField(
        "Questionnaire",
        [InputRequired("Choose a questionnaire.")],
        description="Its wording is fixed as soon as an address asks it.",
    )

    def offer(self, teams: Iterable[Team], versions: Iterable[SurveyVersion]) -> None:
        """Fill in what may be chosen."""
        self.team.choices = choices(
            [("", "Choose a team"), (NO_TEAM, "No team")]
            + [(str(team.id), team.name) for team in teams]
        )
        self.version.choices = choices(
            (str(version.id), f"{version.title} (version {version.version})")
            for version in versions
        )
