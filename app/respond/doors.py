"""What stands behind a customer address, kept ready so that answering costs little."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from app.queries import touchpoints
from app.queries.touchpoints import LinkFacts
from surveys.questionnaires import Questionnaire


@dataclass(slots=True, kw_only=True)
class Door:
    """
    One customer address.

    `page` is the empty form, cut in two where the submission value stands; it is drawn
    when it is first asked for.
    """

    facts: LinkFacts
    questionnaire: Questionnaire
    page: tuple[str, ...] = ()


class Doors:
    """
    The doors of one process.

    The facts of an address are looked up on every request, so a retired address is shut
    at once in all processes; questionnaire and page are made anew only if they changed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._doors: dict[str, Door] = {}
        self._questionnaires: dict[int, Questionnaire] = {}

    def find(self, token: str) -> Door | None:
        """Find the door of an address; None where there is none."""
        # The connection goes back at once: none is held while an answer waits for its commit.
        with self._engine.connect() as connection:
            facts = touchpoints.find_link_facts(connection, token)
            if facts is None:
                return None
            door = self._doors.get(token)
            if door is None or door.facts != facts:
                questionnaire = self._questionnaire(connection, facts.version_id)
                door = self._doors[token] = Door(facts=facts, questionnaire=questionnaire)
            return door

    def _questionnaire(self, connection: Connection, version_id: int) -> Questionnaire:
        # A version that a link uses is frozen, so it is read once.
        if version_id not in self._questionnaires:
            definition = touchpoints.definition_of(connection, version_id)
            self._questionnaires[version_id] = Questionnaire.from_dict(definition)
        return self._questionnaires[version_id]
