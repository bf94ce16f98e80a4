"""Actions: written down, worded anew, and moved from planned to done or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.action_access import Actor
from app.models import ABOUT, COMPETENCIES, TAGS, Action, ActionMove, Person, Team, Wave
from app.services.errors import Conflict, NotAllowed, NotFound, Unusable
from app.services.survey_versions import questionnaire_of
from surveys.questionnaires import Questionnaire
from surveys.questions import Question, Recommendation, Scale, YesNo

# From where to where an action may move.
MOVES = {
    "planned": ("under_way", "done", "dropped"),
    "under_way": ("planned", "done", "dropped"),
    "done": ("under_way",),
    "dropped": ("planned", "under_way"),
    "declined": ("planned", "under_way"),
}
FIRST_STATUS = {"will_do": "planned", "done": "done", "will_not": "declined"}
PROMISED = ("planned", "under_way")
REFUSED = ("dropped", "declined")
LONGEST = {"title": 120, "said": 500, "because": 500, "about_key": 120}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an action says, whatever its status."""

    title: str
    said: str
    wave_id: int
    about_kind: str
    about_key: str
    team_id: int
    tag: str
    competency: str
    is_for_all: bool = False
    owner_id: int | None = None
    due_on: date | None = None
    because: str = ""
    follow_ups: tuple[str, ...] = ()


def add_action(
    session: Session, draft: Draft, *, decision: str, actor: Actor, now: datetime
) -> Action:
    """Write an action down for a team that the actor looks after."""
    if decision not in FIRST_STATUS:
        raise Unusable("Choose what you decided.")
    action = Action(status=FIRST_STATUS[decision], created_at=now, moved_at=now)
    _write(session, action, draft, actor=actor)
    _note(action, actor=actor, now=now)
    session.add(action)
    session.flush()
    return action


def change_action(session: Session, action: Action, draft: Draft, *, actor: Actor) -> None:
    """Word an action anew; where it stands does not change."""
    if not actor.may_change(action):
        raise NotAllowed("Only HR and the managers of its team may change an action.")
    _write(session, action, draft, actor=actor)
    session.flush()


def move_action(
    session: Session,
    action: Action,
    status: str,
    *,
    because: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Say how far an action has come; giving it up takes a reason."""
    if not actor.may_move(action):
        raise NotAllowed("Only its owner, HR and the managers of its team may move an action.")
    if status not in MOVES[action.status]:
        raise Conflict("The action cannot go there from where it stands now. Load the page again.")
    if status in PROMISED and action.due_on is None:
        raise Conflict(
            "First give the action a day by which it will be done: change it, then move it."
        )
    action.because = _reason(status, because)
    action.status, action.moved_at = status, now
    _note(action, actor=actor, now=now)
    session.flush()


def questions_with_figures(questionnaire: Questionnaire) -> list[Question]:
    """List the items whose figures a report shows, so that they can tell whether it helped."""
    return [q for q in questionnaire.asked if isinstance(q, Scale | YesNo | Recommendation)]


def _write(session: Session, action: Action, draft: Draft, *, actor: Actor) -> None:
    team = session.get(Team, draft.team_id)
    if team is None or not actor.may_write_for(team.id):
        raise NotAllowed("Choose a team that you look after.")
    if team.closed_on is not None and team is not action.team:
        raise Conflict(f"{team.name} is closed. Choose a team that is open.")
    if draft.is_for_all and not action.is_for_all and not actor.is_hr:
        raise NotAllowed("Only HR may show a team's action to the whole organisation.")
    if draft.tag not in TAGS or draft.competency not in COMPETENCIES:
        raise Unusable("Choose a tag and a competency from the lists.")
    _check_result(session, action, draft)
    action.title, action.said = _text("title", draft.title), _text("said", draft.said)
    if not action.title or not action.said:
        raise Unusable("Say what was said, and what you decided.")
    action.team, action.is_for_all = team, draft.is_for_all
    action.owner, action.due_on = _owner(session, action, draft), draft.due_on
    if action.status in PROMISED and (action.owner is None or action.due_on is None):
        raise Unusable("Name who does it, and by when.")
    action.tag, action.competency = draft.tag, draft.competency
    action.because = _reason(action.status, draft.because)


def _check_result(session: Session, action: Action, draft: Draft) -> None:
    """Take over which released result is answered and what will tell; refuse what is neither."""
    wave = session.get(Wave, draft.wave_id)
    # An action outlives the results that it answers; it may still be worded anew.
    if wave is None or (wave.release is None and wave is not action.wave):
        raise Unusable("Choose a result of a wave that is released.")
    asked = questionnaire_of(wave.survey_version)
    key = _text("about_key", draft.about_key)
    if draft.about_kind not in ABOUT or not _has(asked, draft.about_kind, key):
        raise Unusable("Choose a result of this wave.")
    known = {question.key for question in questions_with_figures(asked)} | set(
        action.follow_ups or ()
    )
    if unknown := [item for item in draft.follow_ups if item not in known]:
        raise Unusable(f"{wave.title} did not ask {unknown[0]!r}, so there is nothing to compare.")
    action.wave, action.about_kind, action.about_key = wave, draft.about_kind, key
    action.follow_ups = list(dict.fromkeys(draft.follow_ups))


def _has(asked: Questionnaire, kind: str, key: str) -> bool:
    if kind == "construct":
        return any(construct.key == key for construct in asked.constructs)
    if kind == "comments":
        return bool(key)
    return any(question.key == key for question in questions_with_figures(asked))


def _owner(session: Session, action: Action, draft: Draft) -> Person | None:
    if draft.owner_id is None:
        return None
    owner = session.get(Person, draft.owner_id)
    if owner is None:
        raise NotFound("There is no such person.")
    if owner.ended_on is not None and owner is not action.owner:
        raise Conflict(f"{owner.name} has left. Name somebody who is here.")
    return owner


def _reason(status: str, because: str) -> str:
    """Read why something is not done; elsewhere there is nothing to explain."""
    if status not in REFUSED:
        return ""
    if not (text := _text("because", because)):
        raise Unusable("Say why not: people accept a no that is explained.")
    return text


def _note(action: Action, *, actor: Actor, now: datetime) -> None:
    action.moves.append(
        ActionMove(
            moved_at=now, person_id=actor.person_id, status=action.status, because=action.because
        )
    )


def _text(name: str, text: str) -> str:
    """Make a typed text one line of a bearable length, or refuse it."""
    plain = " ".join(text.split())
    if len(plain) > LONGEST[name]:
        raise Unusable(f"Use at most {LONGEST[name]} characters.")
    if not plain.isprintable():
        raise Unusable("Use letters, digits and signs only.")
    return plain
