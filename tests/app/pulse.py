"""A small organisation, its pulse and a collector in the same process, for tests of waves."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import Client

from app import exchange, handover
from app.installation import Installation
from app.key_folder import KeyFolder
from app.models import Person, RosterEntry, Wave
from app.services import issuances, promises, survey_versions, waves
from app.services.letters import Letters
from collector.config import Settings as CollectorSettings
from collector.program import create_collector
from surveys.ballots import Ballot, receipt_of
from surveys.encoding import decode, encode
from surveys.manifests import begin_ballot, read_manifest
from surveys.sealing import pad_fields, seal
from tests.factories import make_people, make_team
from tests.promises import PROMISE

TOKEN = "an installation token for tests"
ADDRESS = "http://localhost:8001"
APPLICATION = "http://127.0.0.1:8000"
INSTALLATION = Installation(organisation="Tidewater", application=APPLICATION, collector=ADDRESS)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
CLOSES_ON = date(2026, 3, 9)


def make_collector(folder: Path, **settings: Any) -> Flask:
    """Start a collector on a folder of its own, with its keys beside it."""
    given: dict[str, Any] = {
        "collector_store": folder,
        "collector_keys": folder.with_name(f"{folder.name} keys"),
        "collector_token": TOKEN,
        "collector_url": ADDRESS,
        "public_url": APPLICATION,
    }
    return create_collector(CollectorSettings(**{**given, **settings}))


def client_of(collector: Flask) -> exchange.Collector:
    """Speak with that collector as the application does."""
    return exchange.over_wsgi(collector, token=TOKEN, address=ADDRESS)


def make_organisation(session: Session, sizes: Mapping[str, int]) -> None:
    """Add one organisation with these teams right below it."""
    top = make_team(session, "Tidewater", key="top")
    for name, size in sizes.items():
        team = make_team(session, name, key=name.lower(), parent=top)
        make_people(session, size, team=team)


def make_draft(session: Session, **columns) -> Wave:
    """Plan a wave of the bundled pulse; everybody answers by letter unless told otherwise."""
    version = survey_versions.copy_bundled(session, "monthly_pulse", now=NOW)
    columns = {"title": "March pulse", "opens_on": TODAY, "closes_on": CLOSES_ON, **columns}
    columns = {"rights": "letters", **columns}
    wave = waves.create(session, survey_version=version, now=NOW, **columns)
    promises.write_promise(wave, PROMISE)
    session.commit()
    return wave


def prepare_wave(
    session: Session,
    wave: Wave,
    client: exchange.CollectorClient,
    *,
    keys: KeyFolder,
    installation: Installation = INSTALLATION,
) -> Wave:
    """Prepare a wave as the button does."""
    return handover.prepare_wave(
        session, wave.id, collector=client, installation=installation, keys=keys, now=NOW
    )


def open_wave(
    session: Session,
    wave: Wave,
    client: exchange.CollectorClient,
    *,
    keys: KeyFolder,
    installation: Installation = INSTALLATION,
) -> Letters:
    """Prepare and open a wave as the button does where no guardian signs."""
    prepare_wave(session, wave, client, keys=keys, installation=installation)
    return handover.open_wave(
        session, wave.id, collector=client, installation=installation, now=NOW
    )


def close_at_collector(
    session: Session, wave: Wave, client: exchange.CollectorClient, *, keys: KeyFolder
) -> bytes:
    """End issuing and have the collector count, without keeping the release here."""
    handover.end_issuing(session, wave.id, keys=keys, now=NOW)
    return client.close(wave.key, waves.issued_of(wave))


def take_ballot(
    session: Session, wave: Wave, person: Person, *, keys: KeyFolder, today: date = TODAY
) -> Ballot:
    """Take a person's ballot as their browser does."""
    group = session.get_one(RosterEntry, (wave.id, person.id)).group_key
    draft = begin_ballot(secrets.token_bytes(32), wave.manifest or "", group=group)
    signature = issuances.issue(
        session,
        wave_key=wave.key,
        person_id=person.id,
        blinded=draft.blinded,
        keys=keys,
        today=today,
    )
    session.commit()
    return draft.finish(signature)


def people_on(session: Session, wave: Wave) -> list[Person]:
    """List the people on a wave's roster."""
    return list(
        session.scalars(
            select(Person)
            .join(RosterEntry, RosterEntry.person_id == Person.id)
            .where(RosterEntry.wave_id == wave.id)
            .order_by(Person.id)
        )
    )


def redeem(collector: Flask, wave: Wave, ballot: Ballot, **answers: str) -> int:
    """Seal a filled-in form with a ballot and send it; return the status."""
    manifest = read_manifest(wave.manifest or "")
    given = {"energy": "4", "belonging": "5", "tools": "2", **answers}
    sealed = seal(
        decode(manifest["count_key"]),
        pad_fields({key: [text] for key, text in given.items()}, pad=manifest["pad"]),
        bound_to=receipt_of(ballot.prepared),
    )
    document = {
        "wave": wave.key,
        "group": ballot.group,
        "prepared": encode(ballot.prepared),
        "signature": encode(ballot.signature),
        "sealed": encode(sealed),
    }
    browser = Client(collector, use_cookies=False)
    return browser.post("/anon/submit", json=document, base_url=ADDRESS).status_code


def answer_all_but_one(session: Session, collector: Flask, wave: Wave, *, keys: KeyFolder) -> int:
    """Let all but one of each group take a ballot and answer."""
    one_of_each = {group.key for group in wave.groups}
    n = 0
    for person in people_on(session, wave):
        ballot = take_ballot(session, wave, person, keys=keys)
        if ballot.group in one_of_each:
            one_of_each.discard(ballot.group)
            continue
        assert redeem(collector, wave, ballot) == 200
        n += 1
    return n


def answer(collector: Flask, wave: Wave, code: str, **answers: str) -> int:
    """Send one filled-in form at the collector; return the status."""
    given = {"energy": "4", "belonging": "5", "tools": "2", **answers}
    browser = Client(collector, use_cookies=False)
    return browser.post(f"/w/{wave.key}", data={"code": code, **given}).status_code


class Flaky:
    """A collector that fails once at one call: before it has done it, or after."""

    def __init__(self, inner: exchange.CollectorClient, call: str, *, after: bool) -> None:
        self.inner, self.call, self.after, self.calls = inner, call, after, []

    def __getattr__(self, name: str):
        def deed(*arguments: Any) -> Any:
            self.calls.append(name)
            breaks = name == self.call
            if breaks:
                self.call = ""
            if breaks and not self.after:
                raise requests.ConnectionError("cut off before")
            result = getattr(self.inner, name)(*arguments)
            if breaks:
                raise requests.ConnectionError("cut off after")
            return result

        return deed
