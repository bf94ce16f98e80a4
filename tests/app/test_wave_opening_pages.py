"""The pages on which a wave with ballots is prepared, signed, opened and announced."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from sqlalchemy import select

from app import create_app
from app.guardian.keys import new_guardian
from app.guardian.signing import fill_count_key, signed_document
from app.models import Person, Wave
from app.services import survey_versions
from surveys.documents import canonical
from surveys.encoding import encode
from surveys.lifecycle import State
from tests.app.conftest import Visitor
from tests.app.pulse import (
    ADDRESS,
    client_of,
    make_collector,
    make_draft,
    make_organisation,
    people_on,
    redeem,
    take_ballot,
)
from tests.factories import make_staff, make_wave

pytestmark = [pytest.mark.database, pytest.mark.forms]

TODAY = datetime.now(UTC).date()
WEEK = timedelta(days=7)
SIZES = {"North": 12, "South": 9}


@pytest.fixture
def collector(tmp_path):
    return make_collector(tmp_path / "collector")


@pytest.fixture
def wave(session) -> Wave:
    """A wave by ballot, of people who all have accounts."""
    make_organisation(session, SIZES)
    return make_draft(session, opens_on=TODAY, closes_on=TODAY + WEEK, rights="ballots")


@pytest.fixture
def hr(app, session, visitor, collector, wave) -> Visitor:
    """HR's browser; whoever works there has no team and is not asked."""
    app.extensions["collector"] = client_of(collector)
    return visitor.sign_in(make_staff(session, "hr"))


@pytest.fixture
def guardian(request):
    """The works council that signs manifests; asked for, it holds the count key too."""
    return new_guardian("Works council", holds_count_key=getattr(request, "param", False))


@pytest.fixture
def guarded(settings, guardian, collector, session, tmp_path, wave) -> Visitor:
    """HR's browser at an application that names a guardian."""
    public = tmp_path / "guardian.json"
    public.write_bytes(canonical(guardian.public()))
    app = create_app(replace(settings, guardian_file=str(public)))
    app.testing = True
    app.extensions["collector"] = client_of(collector)
    yield Visitor(app, session).sign_in(make_staff(session, "hr"))
    app.extensions["sessions"].kw["bind"].dispose()


def text(page) -> str:
    return " ".join(page.main.text.split())


def upload(content: bytes) -> dict:
    return {"signed": (BytesIO(content), "signed.json")}


def test_how_people_answer_is_part_of_the_plan(session, hr):
    """By ballot unless somebody chooses letters for everybody."""
    version = survey_versions.copy_bundled(session, "monthly_pulse", now=datetime.now(UTC))
    session.commit()
    page = hr.get("/waves/new")
    chosen = page.select_one("input[name=rights][checked]")["value"]
    plan = {"title": "May", "opens_on": TODAY, "closes_on": TODAY, "profile": "default"}

    hr.post("/waves/new", {**plan, "survey_version": version.id, "rights": "letters"})

    assert chosen == "ballots"
    assert session.scalars(select(Wave.rights).where(Wave.title == "May")).all() == ["letters"]


def test_without_a_guardian_one_button_opens_the_wave(session, hr, wave):
    """Nothing is printed where everybody answers by ballot; the page shows what to compare."""
    page = hr.follow(f"/waves/{wave.id}/open")

    session.refresh(wave)
    assert wave.state is State.OPEN
    assert not page.select(".letter")
    assert " ".join(wave.fingerprint) in text(page)
    assert f"http://127.0.0.1:8000/ballot/{wave.key}" in text(page)
    assert page.select_one(f"a[href='/waves/{wave.id}/notice']")


def test_groups_without_accounts_get_their_letters(session, hr, wave):
    """The page shows who answers how, and the letters of those groups alone."""
    for person in session.scalars(select(Person).where(Person.name.startswith("South"))):
        person.email = None
    preview = hr.get(f"/waves/{wave.id}/open")

    page = hr.post(f"/waves/{wave.id}/open", status=200)

    rows = {row.select("th, td")[0].text: row for row in preview.select("tbody tr")}
    assert "Letter" in rows["South"].text
    assert "Ballot" in rows["North"].text
    assert len(page.select(".letter")) == 9
    form = page.select_one("form[action$='letters.pdf']")
    data = {field["name"]: field["value"] for field in form.select("input[type=hidden]")}
    assert hr.send(form["action"], data, status=200).data.startswith(b"%PDF")


def test_on_plain_http_the_page_names_both_ways_out(session, settings, collector, wave):
    """Ballots need https, so there is no button; letters for everybody would do."""
    app = create_app(replace(settings, public_url="http://hr.example.org"))
    app.testing = True
    app.extensions["collector"] = client_of(collector)
    hr = Visitor(app, session).sign_in(make_staff(session, "hr"))

    page = hr.get(f"/waves/{wave.id}/open")

    assert "over https, or choose letters for everybody" in text(page)
    assert not page.main.select("button")
    hr.post(f"/waves/{wave.id}/open", status=409)
    wave.rights = "letters"
    assert hr.get(f"/waves/{wave.id}/open").main.select("button")
    app.extensions["sessions"].kw["bind"].dispose()


def test_a_first_day_ahead_is_told_before_the_opening(session, hr, wave):
    """Ballots from the opening, answers from that day."""
    wave.opens_on = first = TODAY + timedelta(days=3)

    page = hr.get(f"/waves/{wave.id}/open")

    assert f"from {first.day} {first:%B %Y} to the end" in text(page)


@pytest.mark.parametrize("guardian", [False, True], indirect=True)
def test_a_guardian_signs_between_preparing_and_opening(session, guarded, guardian, wave):
    """HR prepares, hands the manifest over, brings it back signed, and the wave opens."""
    assert "Works council checks the manifest" in text(guarded.get(f"/waves/{wave.id}/open"))
    page = guarded.follow(f"/waves/{wave.id}/prepare")
    assert "waits for the signature of Works council" in text(page)
    manifest = guarded.fetch(f"/waves/{wave.id}/manifest.json")
    assert "attachment" in manifest.headers["Content-Disposition"]

    signed = signed_document(fill_count_key(manifest.text, guardian), guardian)
    as_large_as_ten_thousand_groups = b" " * (7 << 20) + signed
    page = guarded.follow(f"/waves/{wave.id}/open", upload(as_large_as_ten_thousand_groups))

    session.refresh(wave)
    assert wave.state is State.OPEN
    assert "Works council, has signed the manifest" in text(page)


def test_what_cannot_be_used_comes_back_with_the_reason(session, guarded, guardian, wave):
    """No file, another file, somebody else's signature: a sentence at the field, nothing opens."""
    guarded.post(f"/waves/{wave.id}/prepare")
    session.refresh(wave)
    somebody = new_guardian("Works council", holds_count_key=False)

    for data, sentence in (
        ({}, "Choose the signed manifest first."),
        (upload(b"\xff\xfe"), "not a JSON document"),
        (upload(bytes(17 << 20)), "larger than 16 MB"),
        (upload(wave.manifest.encode()), "does not hold a manifest and the signature"),
        (upload(signed_document(wave.manifest, somebody)), "not the one of Works council"),
    ):
        page = guarded.post(f"/waves/{wave.id}/open", data, status=422)
        assert sentence in page.select_one("#signed-error").text
    session.refresh(wave)
    assert wave.state is State.PREPARED


def test_a_signed_manifest_from_another_site_is_turned_away(session, guarded, guardian, wave):
    """Uploads are writes like any other."""
    guarded.post(f"/waves/{wave.id}/prepare")

    response = guarded.client.post(
        f"/waves/{wave.id}/open", headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert response.status_code == 403


def test_a_prepared_wave_is_not_edited_but_goes_back_to_its_plan(session, guarded, wave):
    """The way leads over the draft, and the manifest is gone with it."""
    guarded.post(f"/waves/{wave.id}/prepare")
    guarded.get(f"/waves/{wave.id}/edit", status=409)

    page = guarded.follow(f"/waves/{wave.id}/replan")

    assert "The plan can be changed again" in page.text
    guarded.get(f"/waves/{wave.id}/edit")
    guarded.get(f"/waves/{wave.id}/manifest.json", status=404)


@pytest.mark.parametrize("guardian", [True], indirect=True)
def test_the_page_says_that_a_closing_waits_for_the_guardian(
    session, guarded, guardian, wave, collector, keys
):
    """Until the count key is handed over; pressing again then ends it."""
    guarded.post(f"/waves/{wave.id}/prepare")
    session.refresh(wave)
    signed = signed_document(fill_count_key(wave.manifest, guardian), guardian)
    guarded.post(f"/waves/{wave.id}/open", upload(signed))
    session.refresh(wave)
    _answer(session, wave, collector, keys)

    page = guarded.follow(f"/waves/{wave.id}/close")

    assert "waits for the count key of Works council" in text(page)
    session.refresh(wave)
    assert wave.state is State.CLOSING
    key = encode(guardian.count_key(wave.key))
    collector.test_client().post(
        f"/anon/open/{wave.key}", json={"count_key": key}, base_url=ADDRESS
    )
    guarded.follow(f"/waves/{wave.id}/close")
    session.refresh(wave)
    assert wave.state is State.RELEASED


def _answer(session, wave, collector, keys) -> None:
    for person in people_on(session, wave)[:10]:
        ballot = take_ballot(session, wave, person, keys=keys, today=TODAY)
        assert redeem(collector, wave, ballot) == 200


def test_the_notice_says_where_to_answer_and_what_to_compare(session, hr, wave):
    """It exists from the opening on, and prints without buttons or navigation."""
    hr.get(f"/waves/{wave.id}/notice", status=404)
    hr.post(f"/waves/{wave.id}/open")
    session.refresh(wave)

    page = hr.get(f"/waves/{wave.id}/notice")

    for words in (
        " ".join(wave.fingerprint),
        f"http://127.0.0.1:8000/ballot/{wave.key}",
        "tell the works council or somebody you trust",
        f"headwater verify http://localhost:8001/w/{wave.key}",
    ):
        assert words in text(page)
    assert not page.main.select(".board a, .board button")


def test_a_notice_of_letters_has_no_words_to_compare(session, hr, wave):
    """Letters have no keys that could differ from one person to the next."""
    wave.rights = "letters"
    hr.post(f"/waves/{wave.id}/open", status=200)

    page = hr.get(f"/waves/{wave.id}/notice")

    assert "Draw a code letter from the box of your group" in text(page)
    assert "eight words" not in text(page)
    assert "ballot" not in text(page)


def test_taking_ballots_leaves_the_page_as_it_was(session, hr, wave, keys):
    """No count moves while the wave is open, not even that of ballots."""
    hr.post(f"/waves/{wave.id}/open")
    session.refresh(wave)
    before = hr.get(f"/waves/{wave.id}").main

    for person in people_on(session, wave)[:5]:
        take_ballot(session, wave, person, keys=keys, today=TODAY)

    assert hr.get(f"/waves/{wave.id}").main == before


def test_an_opening_that_broke_off_is_simply_made_again(app, session, hr, wave, collector):
    """Without a guardian the page offers the same button, and another key is used."""
    del app.extensions["collector"]
    hr.post(f"/waves/{wave.id}/open", status=503)
    session.refresh(wave)
    assert wave.state is State.DRAFT
    app.extensions["collector"] = client_of(collector)

    hr.post(f"/waves/{wave.id}/prepare")
    assert "The opening was not finished" in text(hr.get(f"/waves/{wave.id}"))
    hr.post(f"/waves/{wave.id}/open")

    session.refresh(wave)
    assert wave.state is State.OPEN


def test_by_file_the_pages_name_the_commands(settings, session, wave):
    """Where no token is set, HR is led to the terminal."""
    app = create_app(replace(settings, collector_token=""))
    app.testing = True
    hr = Visitor(app, session).sign_in(make_staff(session, "hr"))

    page = hr.get(f"/waves/{wave.id}/open")

    assert f"headwater wave prepare {wave.id} --out plan.json" in text(page)
    assert not page.main.select("button")
    app.extensions["sessions"].kw["bind"].dispose()


def test_people_are_told_once_the_collector_has_the_opening(session, hr):
    """A wave that opened by file waits for HR's word; said twice it writes nothing more."""
    opened = make_wave(session, opened_at=datetime.now(UTC))
    session.commit()
    page = hr.get(f"/waves/{opened.id}")
    assert "Nobody has been told of this wave yet" in text(page)
    assert "headwater-collector load opening.json" in text(page)

    page = hr.follow(f"/waves/{opened.id}/invite")

    assert "Everybody with an address gets a mail" in page.text
    assert "Nobody has been told" not in page.text
    hr.post(f"/waves/{opened.id}/invite", status=409)
