"""The whole attack: an organisation is set up, everything is fetched, read, checked and solved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import OutboxMail, Person, Release, Team, Wave
from app.queries.comments import comments_of
from app.services import comment_tags, sign_ins, threads
from app.services.actions import questions_with_figures
from surveys.documents import canonical, sha256_of
from surveys.hierarchy import Hierarchy
from surveys.questions import Comment
from tests.app.released import store_teams
from tests.app.written_actions import write_action
from tests.attack.full_view.companies import WaveAnswers
from tests.attack.full_view.crawling import Seen, crawl
from tests.attack.full_view.explaining import Tables
from tests.attack.full_view.knowing import (
    attack_on,
    facts_released,
    facts_shown,
    joint_attacks,
    units_in,
)
from tests.attack.full_view.reading import Shown, figures_of
from tests.attack.full_view.solving import Attack, Finding, small_sets
from tests.factories import START, make_person, make_version, make_wave

STAFF = ("hr", "executive", "cx_manager", "administrator")


@dataclass(frozen=True, kw_only=True)
class View:
    """Everything that anybody was shown."""

    seen: Sequence[Seen]
    shown: Sequence[Shown]
    tables: Tables

    @cached_property
    def unexplained(self) -> list[Shown]:
        """The figures that do not follow from the tables of cells (R3)."""
        return [figure for figure in self.shown if not self.tables.explains(figure)]


def staff_of(session: Session, teams: Mapping[str, Team], *, tree: Hierarchy) -> dict[str, Person]:
    """Hire somebody for each role, and two managers: of departments, and of single teams."""
    departments = [teams[key] for key in tree.children(tree.root)]
    leaves = [team for key, team in teams.items() if not tree.children(key)]
    roles = {role: ["employee", role] for role in STAFF}
    manages = {
        "manager": departments,
        "another manager": [*leaves[::2], departments[0]],
    }
    return {
        name: make_person(
            session,
            name.title(),
            email=f"{name.replace(' ', '.')}@whole.example",
            roles=roles.get(name, ["employee"]),
            manages=manages.get(name, ()),
            team=leaves[0],
        )
        for name in (*STAFF, "employee", *manages)
    }


def look_around(
    app: Flask, session: Session, people: Mapping[str, Person], *, within: str = "/"
) -> Iterator[Seen]:
    """Sign in as everybody in turn, fetch what can be reached, and open all mail."""
    for role, person in people.items():
        client = app.test_client()
        token = sign_ins.start(session, person, now=datetime.now(UTC), browser="Attacker")
        session.commit()
        client.set_cookie("headwater", token, domain="localhost")
        yield from crawl(client, role=role, start=within, within=within)
    for mail in session.scalars(select(OutboxMail)):
        text = f"{mail.subject}\n{mail.body}"
        yield Seen(
            role=mail.recipient, address="mail", mimetype="text/plain", content=text.encode()
        )


def view_of(everything: Iterable[Seen], tables: Tables) -> View:
    """Read everything there is to be seen, each thing once."""
    found: dict[tuple[str, bytes], Seen] = {}
    for seen in everything:
        found.setdefault((seen.address, seen.content), seen)
    kept = list(found.values())
    shown = list({_identity(figure): figure for figure in figures_of(kept)}.values())
    return View(seen=kept, shown=shown, tables=tables)


def _identity(figure: Shown) -> tuple[Any, ...]:
    return (
        *(figure.wave, figure.part, figure.measure, figure.kind, figure.text),
        *(figure.value, figure.low, figure.high, figure.n),
    )


def release_waves(
    session: Session, waves: Sequence[WaveAnswers], releases: Sequence[Mapping[str, Any]]
) -> dict[str, Team]:
    """Put the teams and the releases into the database."""
    teams = store_teams(session, waves[-1].hierarchy.teams)
    version = make_version(session)
    version.definition = dict(waves[0].opening["questionnaire"])
    for wave, release in zip(waves, releases, strict=True):
        stored = make_wave(
            session,
            wave.title,
            key=release["wave"],
            survey_version=version,
            opens_on=date.fromisoformat(release["opened_on"]),
            closes_on=date.fromisoformat(release["closed_on"]),
        )
        stored.release = Release(
            sha256=sha256_of(release),
            released_on=stored.closes_on,
            document=canonical(release).decode(),
        )
    session.commit()
    _act_on_results(session, teams, waves[0])
    _converse(session)
    return teams


def _act_on_results(session: Session, teams: Mapping[str, Team], wave: WaveAnswers) -> None:
    """Write actions that show every figure before and after: for all, a department, two teams."""
    tree, asked = wave.hierarchy, wave.questionnaire
    leaves = [key for key in tree.walk if not tree.children(key)]
    answered = session.scalars(select(Wave).where(Wave.title == wave.title)).one()
    for key in dict.fromkeys([tree.root, tree.children(tree.root)[0], leaves[0], leaves[-1]]):
        if key in teams:
            write_action(
                session,
                teams[key],
                answered,
                about_kind="construct",
                about_key=asked.constructs[0].key,
                due_on=START,
                now=datetime.combine(START, time(), UTC),
                follow_ups=tuple(question.key for question in questions_with_figures(asked)),
            )


def _converse(session: Session) -> None:
    """Tag every other comment, answer every third, and have some authors reply."""
    for wave in session.scalars(select(Wave)):
        for comment in comments_of(session, wave).comments:
            if comment.number % 2:
                comment_tags.add_tag(session, wave, comment.number, tag="plans")
            if comment.number % 3 == 0 and comment.thread is not None:
                answer = {"text": "What would help?", "n_seen": 0, "today": START}
                threads.answer(session, wave, comment.thread, person_id=None, **answer)
                reply = {"reply": comment.thread, "thread": comment.thread, "text": "A plan."}
                known = {comment.thread}
                threads.keep_replies(session, wave, [reply], threads=known, today=START)
    session.commit()


def solve(
    view: View, waves: Sequence[WaveAnswers], *, knows_tables: bool, tells: bool
) -> Iterator[tuple[str, str, Finding]]:
    """
    Solve for people, wave by wave and item by item, from what was shown.

    With `knows_tables` the attacker also has the releases themselves; with `tells` as
    many colleagues tell their answers as the thresholds foresee.
    """
    for wave in waves:
        table = view.tables.by_title[wave.title]
        own = [figure for figure in view.shown if figure.wave == wave.title]
        told = [figure for figure in own if _tells_more(figure, view)]
        for question in wave.questionnaire.asked:
            if isinstance(question, Comment):
                continue
            facts = list(facts_shown(wave, question, table, told))
            if knows_tables:
                facts += facts_released(wave, question, table)
            attack = attack_on(wave, question, facts)
            for finding in _findings(attack, wave, table, tells=tells):
                yield wave.title, question.key, finding
        if knows_tables:
            for name, attack in joint_attacks(wave, table):
                for finding in _findings(attack, wave, table, tells=tells, counts=False):
                    yield wave.title, name, finding


def _tells_more(figure: Shown, view: View) -> bool:
    """
    Tell whether a figure says something of answers beyond what others say.

    A total that follows from the cells is theirs over again.  One that does not was
    made from the answers of everybody there, and is read like that.
    """
    table = view.tables.by_title[figure.wave]
    is_cell = any(cell["label"] == figure.part for cell in table.report["cells"])
    return is_cell or figure in view.unexplained


def _findings(
    attack: Attack, wave: WaveAnswers, table: Any, *, tells: bool, counts: bool = True
) -> Iterator[Finding]:
    colleagues = dict.fromkeys(wave.answers, 0)
    together: dict[str, Sequence[str]] = {unit: (unit,) for unit in wave.answers}
    for cell in table.release["cells"]:
        units = sorted(units_in(wave, frozenset(cell["teams"])))
        for unit in units if tells else ():
            colleagues[unit] = wave.thresholds.tolerated(cell["n"])
            together[unit] = units
    yield from attack.settled(colleagues=colleagues, together=together)
    if counts:
        numbers = {unit: sum(counts.values()) for unit, counts in attack.truth.items()}
        tree = wave.hierarchy
        families = [sorted(units_in(wave, frozenset(tree.children(team)))) for team in tree.walk]
        yield from attack.counted(small_sets(numbers, k=wave.thresholds.k, families=families))
