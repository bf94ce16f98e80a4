"""The tables, Flask-free; one module per noun."""

from app.models.action import (
    ABOUT,
    COMPETENCIES,
    STATUSES,
    TAGS,
    Action,
    ActionMove,
)
from app.models.base import Base
from app.models.comment import AnswerDraft, CommentTag, ThreadExchange, ThreadMessage
from app.models.deletion import DeletedRows
from app.models.issuance import Issuance
from app.models.outbox import OutboxMail
from app.models.person import (
    ROLES,
    AccountLink,
    Membership,
    Person,
    RoleGrant,
    SignIn,
    SignInFailure,
)
from app.models.questionnaire import SurveyVersion
from app.models.report import Report
from app.models.retention import RetentionRun
from app.models.team import Team
from app.models.team_change import CHANGES, ChangedPerson, ChangedTeam, TeamChange
from app.models.touchpoint import (
    CHANNELS,
    STAGES,
    CustomerLink,
    CustomerResponse,
    CustomerRollUp,
    Touchpoint,
)
from app.models.wave import CountingGroup, Release, RosterEntry, Wave

__all__ = [
    "ABOUT",
    "CHANGES",
    "CHANNELS",
    "COMPETENCIES",
    "ROLES",
    "STAGES",
    "STATUSES",
    "TAGS",
    "AccountLink",
    "Action",
    "ActionMove",
    "AnswerDraft",
    "Base",
    "ChangedPerson",
    "ChangedTeam",
    "CommentTag",
    "CountingGroup",
    "CustomerLink",
    "CustomerResponse",
    "CustomerRollUp",
    "DeletedRows",
    "Issuance",
    "Membership",
    "OutboxMail",
    "Person",
    "Release",
    "Report",
    "RetentionRun",
    "RoleGrant",
    "RosterEntry",
    "SignIn",
    "SignInFailure",
    "SurveyVersion",
    "Team",
    "TeamChange",
    "ThreadExchange",
    "ThreadMessage",
    "Touchpoint",
    "Wave",
]
