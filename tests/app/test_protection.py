"""The data-protection pack and the public page of the promise: real settings, no placeholders."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from bs4 import BeautifulSoup

from app.guardian.keys import new_guardian
from app.guardian.signing import signed_document, text_of
from app.protection.archive import pack_of
from app.protection.facts import facts_of
from app.protection.risks import RISKS
from app.services import openings
from app.services.errors import NotFound
from surveys.manifests import is_signed_by_guardian
from surveys.promise_texts import sections_of
from tests.app.pulse import (
    INSTALLATION,
    client_of,
    make_collector,
    make_draft,
    make_organisation,
    prepare_wave,
)
from tests.conftest import ROOT
from tests.factories import make_staff, make_wave
from tests.promises import PROMISE

pytestmark = pytest.mark.database

PAPERS = ("1-record-of-processing", "2-works-council-sheet", "3-impact-assessment")


@pytest.fixture
def council():
    return new_guardian("Works council of North", holds_count_key=False)


@pytest.fixture
def wave(session, tmp_path, keys, council):
    """A wave that its guardian has signed and nobody has been told of."""
    make_organisation(session, {"North & West": 12, "South": 9})
    wave = make_draft(session, title="March <pulse>")
    named = {name: value for name, value in council.public().items() if name != "schema"}
    prepare_wave(
        session,
        wave,
        client_of(make_collector(tmp_path / "collector")),
        keys=keys,
        installation=replace(INSTALLATION, guardian=named),
    )
    openings.accept_signature(wave, signed_document(wave.manifest, council))
    session.commit()
    return wave


def opened(content: bytes) -> dict[str, bytes]:
    """Unpack, without the name of the folder."""
    with ZipFile(BytesIO(content)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def text_in(content: bytes) -> str:
    return " ".join(BeautifulSoup(content, "html5lib").body.get_text(" ").split())


def test_the_pack_is_filled_in_with_what_is_so(wave, settings):
    """k, days, names, addresses, spans, groups, questions, fingerprint, each where it belongs."""
    files = opened(pack_of(facts_of(wave, settings=settings)))
    record, council, assessment = (text_in(files[f"{name}.html"]) for name in PAPERS)

    for text in (record, council, assessment):
        for part in (
            *("March <pulse>", "Tidewater", "http://localhost:8001", PROMISE.readers),
            *("2 March 2026", "9 March 2026", " ".join(wave.fingerprint)),
        ):
            assert part in text, part
        assert not re.search(r"\{\{|None|Undefined|TODO|XXX|\bLines\(|\bBlank\(", text)
    assert "100 days after the closing" in record
    assert "365 days after somebody left" in record
    assert "Figures from 5 answers on, comments from 10" in record
    assert "The organisation’s mail server" not in record
    for part in ("North & West 12 Code letter", "Counting groups: 21 people", PROMISE.purposes):
        assert part in council, part
    assert f"headwater verify http://localhost:8001/w/{wave.key}" in council
    assert "Works council of North is the guardian of this survey" in council
    assert "21 people in 2 counting groups" in assessment
    assert all(line in council for section in sections_of(json.loads(wave.manifest))
               for line in section.lines)  # fmt: skip


def test_the_pack_changes_with_the_settings(wave, settings):
    """Another profile, a guardian who holds the key, a mail server: each is said."""
    facts = facts_of(wave, settings=replace(settings, smtp_url="smtp://mail.example.org"))
    held = replace(facts, guardian_holds_key=True, guardian="Dora Data")
    other = replace(held, thresholds=replace(facts.thresholds, profile="strict", k=8))
    files = opened(pack_of(other))
    record, council, assessment = (text_in(files[f"{name}.html"]) for name in PAPERS)

    assert "The organisation’s mail server" in record
    assert "Figures from 8 answers on" in record
    assert "the guardian (Dora Data) holds until then" in record
    assert "(in every group)" in council
    assert "a group of 8 answers" in council
    assert "So it is: the guardian (Dora Data) holds the count key." in assessment


def test_what_only_the_organisation_knows_is_marked(wave, settings):
    """Legal basis, officer, rating and decision are left open, in a box that says so."""
    files = opened(pack_of(facts_of(wave, settings=settings)))
    blanks = [
        blank.text
        for name in PAPERS
        for blank in BeautifulSoup(files[f"{name}.html"], "html5lib").select(".blank")
    ]

    assert all(text.startswith("To fill in: ") for text in blanks)
    for part in ("legal form", "decided by the controller", "name and contact, if appointed"):
        assert any(part in text for text in blanks), part
    assert len(blanks) > 2 * len(RISKS)


def test_the_same_wave_gives_the_same_bytes(wave, settings):
    """Two packs of one wave can be compared; manifest and signature in them can be checked."""
    pack = pack_of(facts_of(wave, settings=settings))
    files = opened(pack)

    assert pack_of(facts_of(wave, settings=settings)) == pack
    assert files["manifest.json"].decode() == wave.manifest
    assert is_signed_by_guardian(*text_of(files["signed.json"]))
    assert json.loads(files["promise.json"]) == json.loads(wave.manifest)["promise"]
    assert all(f"{name}.html" in files["read-me.txt"].decode() for name in PAPERS)


def test_each_thing_that_has_to_be_trusted_is_a_risk_of_the_assessment():
    """The list on the page about privacy and that of the assessment are one and the same."""
    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    trusted = page.partition("## What remains trusted")[2].partition("What each kind of")[0]

    assert re.findall(r"^\* \*\*(.+?)\.\*\*", trusted, re.MULTILINE) == [r.name for r in RISKS]


def test_a_draft_has_a_pack_without_a_manifest(session, settings):
    """It can be talked about before anything is frozen; without a promise there is none."""
    draft = make_wave(session)
    files = opened(pack_of(facts_of(draft, settings=settings)))

    assert files.keys() == {*(f"{name}.html" for name in PAPERS), "promise.json", "read-me.txt"}
    assert "The survey is a draft" in text_in(files["2-works-council-sheet.html"])
    assert draft.key not in text_in(files["2-works-council-sheet.html"])


def test_the_page_of_the_promise_needs_no_sign_in(new_visitor, session, wave):
    """Whoever has the address reads the promise and takes manifest and pack along."""
    stranger = new_visitor()
    page = stranger.get(f"/promise/{wave.key}")
    text = " ".join(page.main.text.split())

    assert all(line in text for section in sections_of(json.loads(wave.manifest))
               for line in section.lines)  # fmt: skip
    assert " ".join(wave.fingerprint) in text
    assert "Works council of North has signed it" in text
    taken = stranger.fetch(f"/promise/{wave.key}/manifest.json")
    assert taken.json == {"manifest": wave.manifest, "signature": wave.manifest_signature}
    pack = stranger.fetch(f"/promise/{wave.key}/pack.zip")
    assert stranger.fetch(f"/promise/{wave.key}/pack.zip").data == pack.data
    for role in ("hr", "administrator"):
        staff = new_visitor().sign_in(make_staff(session, role))
        assert staff.fetch(f"/waves/{wave.id}/pack.zip").data == pack.data
    new_visitor().sign_in(make_staff(session, "executive")).fetch(
        f"/waves/{wave.id}/pack.zip", 403
    )


def test_drafts_and_what_was_given_up_are_not_shown(session, visitor, settings, wave):
    """Nothing is public before it is fixed, nor once it was cancelled."""
    draft = make_wave(session)
    visitor.fetch(f"/promise/{draft.key}", 404)

    wave.cancelled_at = wave.prepared_at + timedelta(days=1)
    for page in ("", "/manifest.json", "/pack.zip"):
        visitor.fetch(f"/promise/{wave.key}{page}", 404)
    with pytest.raises(NotFound):
        facts_of(wave, settings=settings)
