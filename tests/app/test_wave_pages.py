"""The pages of the waves: planning, letters printed once, closing and cancelling."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.models import Wave
from app.queries import survey_versions as survey_queries
from app.reporting import panel
from app.services import survey_versions
from surveys import codes as code_letters
from surveys.lifecycle import State
from tests.app.pulse import answer, client_of, make_collector, make_draft, make_organisation
from tests.factories import make_staff

pytestmark = [pytest.mark.database, pytest.mark.forms]

TODAY = datetime.now(UTC).date()
PLAN = {
    "title": "April pulse",
    "opens_on": TODAY.isoformat(),
    "closes_on": (TODAY + timedelta(days=7)).isoformat(),
    "profile": "default",
}


@pytest.fixture
def collector(tmp_path):
    return make_collector(tmp_path / "collector")


@pytest.fixture
def hr(app, session, visitor, collector):
    """HR's browser, in an organisation with a collector that runs."""
    app.extensions["collector"] = client_of(collector)
    make_organisation(session, {"North": 12, "South": 9, "East": 3, "West": 5})
    return visitor.sign_in(make_staff(session, "hr"))


@pytest.fixture
def wave(session):
    return make_draft(session, opens_on=TODAY, closes_on=TODAY + timedelta(days=7))


def printed_codes(page) -> list[str]:
    """Read the codes of a page of letters."""
    return [p.text for p in page.select(".letter-code")]


def test_hr_plans_a_wave(session, hr):
    """Title, questionnaire, days and profile make a draft."""
    version = survey_versions.copy_bundled(session, "monthly_pulse", now=datetime.now(UTC))
    session.commit()

    page = hr.follow("/waves/new", {**PLAN, "survey_version": str(version.id)})

    assert "Draft" in page.main.text
    assert session.scalars(select(Wave.title)).all() == ["April pulse"]


def test_a_wave_that_closes_before_it_opens_comes_back_with_what_was_typed(session, hr):
    """The sentence stands at the field and nothing typed is lost."""
    version = survey_versions.copy_bundled(session, "monthly_pulse", now=datetime.now(UTC))
    session.commit()
    plan = {**PLAN, "closes_on": (TODAY - timedelta(days=1)).isoformat()}

    page = hr.post("/waves/new", {**plan, "survey_version": str(version.id)}, status=200)

    assert page.select_one("#closes_on-error").text.startswith("Choose a day")
    assert page.select_one("#title")["value"] == "April pulse"


def test_without_a_questionnaire_the_page_says_where_to_get_one(hr):
    """A wave needs something to ask."""
    assert "Copy the one that comes with Headwater" in hr.get("/waves/new").main.text


def test_a_plan_can_be_changed_while_it_is_a_draft(session, hr, wave):
    """Another title and the strict profile."""
    data = {**PLAN, "profile": "strict", "survey_version": str(wave.survey_version_id)}

    hr.post(f"/waves/{wave.id}/edit", data)

    session.refresh(wave)
    assert (wave.title, wave.k) == ("April pulse", 8)


def test_the_opening_page_shows_the_groups_before_anything_is_frozen(session, hr, wave):
    """HR sees which teams are merged, and the wave is still a draft."""
    page = hr.get(f"/waves/{wave.id}/open")

    rows = [
        [cell.text.strip() for cell in row.select("th, td")] for row in page.select("tbody tr")
    ]
    assert ["East + West", "Merged East, West", "Letter", "8"] in rows
    assert wave.state is State.DRAFT


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ("nothing", ""),
        ("construct", "under the short name engagement"),
        ("items", "under the short name engagement"),
        ("constructs", "averages no questions at all"),
    ],
)
def test_the_opening_page_says_what_will_be_missing(session, hr, wave, gone, sentence):
    """Without an engagement score a wave cannot be linked; HR reads it while it can be mended."""
    version = wave.survey_version
    keys = [c["key"] for c in version.definition["constructs"]]
    for key in {"construct": ["engagement"], "constructs": keys}.get(gone, []):
        survey_versions.remove_construct(version, key)
    for key in ["energy", "belonging"] if gone == "items" else []:
        survey_versions.retire_item(version, key)

    text = hr.get(f"/waves/{wave.id}/open").main.text

    assert sentence in text
    assert ("no part in the link with what customers say" in text) == (gone != "nothing")


def test_what_the_opening_page_calls_engagement_is_what_is_linked():
    """The web never loads the statistics, so the short name is written down twice."""
    assert survey_queries.ENGAGEMENT == panel.ENGAGEMENT


def test_the_opening_page_says_when_the_organisation_is_too_small(app, session, visitor):
    """The reason instead of a button."""
    make_organisation(session, {"Only": 7})
    wave = make_draft(session)

    page = visitor.sign_in(make_staff(session, "hr")).get(f"/waves/{wave.id}/open")

    assert "7 people are eligible; a wave needs 8" in page.main.text
    assert not page.main.select("button")


def test_the_letters_are_shown_once(session, hr, wave):
    """The answer to the press of the button holds every letter; asking again is refused."""
    page = hr.post(f"/waves/{wave.id}/open", status=200)

    codes = printed_codes(page)
    assert len(set(codes)) == 29
    assert all(code_letters.normalise(code) for code in codes)
    assert len(page.select(".letter img[src^='data:image/svg']")) == 29
    again = hr.post(f"/waves/{wave.id}/open", status=409)
    assert not printed_codes(again)
    assert not set(codes) & set(hr.get(f"/waves/{wave.id}").text.split())


def test_a_letter_says_what_its_reader_needs(hr, wave):
    """Group and size, address, last day, what is stored and who reads what."""
    page = hr.post(f"/waves/{wave.id}/open", status=200)

    letter = page.find(string=lambda text: "East + West" in text and "8 people" in text)
    letter = letter.find_parent("li", class_="letter").text
    last = TODAY + timedelta(days=7)
    for words in (
        "8 people are counted together",
        "http://localhost:8001/w/w-",
        f"{last.day} {last:%B %Y}",
        "No name, no time",
        "counts of 5 answers or more",
    ):
        assert words in " ".join(letter.split())


def test_the_pdf_is_made_from_the_page_and_keeps_nothing(session, settings, hr, wave, caplog):
    """Codes travel in the body of the request; neither log, address nor database sees them."""
    caplog.set_level(logging.DEBUG)
    page = hr.post(f"/waves/{wave.id}/open", status=200)
    form = page.select_one("form[action$='letters.pdf']")
    data = {field["name"]: field["value"] for field in form.select("input[type=hidden]")}

    response = hr.send(form["action"], data, status=200)

    codes = [code for group in data.values() for code in group.split()]
    assert len(codes) == 29
    assert response.data.startswith(b"%PDF")
    assert response.headers["Cache-Control"] == "no-store"
    assert "?" not in form["action"]
    session.commit()
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    kept = caplog.text + "".join(
        p.read_bytes().decode("latin-1") for p in path.parent.glob(f"{path.name}*")
    )
    assert not [code for code in codes if code in kept or code_letters.printed(code) in kept]
    assert not [c for c in codes if code_letters.digest(wave.key, c) in kept]


def test_a_spoilt_code_is_refused_in_the_pdf(hr, wave):
    """A letter with a code that could not work is not printed."""
    hr.post(f"/waves/{wave.id}/open", status=200)

    page = hr.post(f"/waves/{wave.id}/letters.pdf", {"g01": "NOT-A-CODE"}, status=400)

    assert "code" in page.main.text


def test_from_draft_to_release_in_the_browser(session, hr, wave, collector):
    """HR opens, people answer at the collector, HR closes, and the page leads to the results."""
    codes = printed_codes(hr.post(f"/waves/{wave.id}/open", status=200))
    session.refresh(wave)
    statuses = [answer(collector, wave, code) for code in codes[:20]]

    page = hr.follow(f"/waves/{wave.id}/close")

    assert set(statuses) == {200}
    assert "the results say how many answered" in page.main.text
    assert "20 of 29" not in page.main.text
    session.refresh(wave)
    assert wave.state is State.RELEASED
    assert page.select_one(f"a[href*='{wave.id}'].button")


def test_no_counts_are_shown_while_a_wave_is_open(session, hr, wave, collector):
    """Answers coming in leave the page as it was."""
    codes = printed_codes(hr.post(f"/waves/{wave.id}/open", status=200))
    session.refresh(wave)
    before = hr.get(f"/waves/{wave.id}").main

    answer(collector, wave, codes[0])

    assert hr.get(f"/waves/{wave.id}").main == before


def test_putting_off_and_cancelling(session, hr, wave):
    """The last day can be put off, not brought forward; a cancelled wave stays cancelled."""
    hr.post(f"/waves/{wave.id}/open", status=200)
    day = (TODAY + timedelta(days=3)).isoformat()

    page = hr.post(f"/waves/{wave.id}/extend", {"closes_on": day}, status=200)
    assert "made longer" in page.select_one("#closes_on-error").text

    later = TODAY + timedelta(days=30)
    hr.post(f"/waves/{wave.id}/extend", {"closes_on": later.isoformat()})
    session.refresh(wave)
    assert wave.closes_on == later

    page = hr.follow(f"/waves/{wave.id}/cancel")
    assert "destroyed unread" in page.main.text
    hr.post(f"/waves/{wave.id}/close", status=409)


def test_closing_early_says_to_hr_what_people_were_told(session, hr, wave):
    """Before the last day is over the page warns; the promise says that it may happen."""
    hr.post(f"/waves/{wave.id}/open", status=200)

    early = hr.get(f"/waves/{wave.id}/close").main.text
    promise = hr.get(f"/waves/{wave.id}").main.text
    wave.opens_on = wave.closes_on = TODAY - timedelta(days=1)
    session.commit()
    late = hr.get(f"/waves/{wave.id}/close").main.text

    assert "People were told that they have until" in early
    assert "HR can also close the survey before it" in promise
    assert "People were told" not in late


def test_a_collector_that_is_down_changes_nothing(app, session, settings, hr, wave):
    """One sentence says so, names the address, and the wave is still a draft."""
    del app.extensions["collector"]

    page = hr.post(f"/waves/{wave.id}/open", status=503)

    assert "could not be reached at http://localhost:8001; nothing was changed" in page.main.text
    session.refresh(wave)
    assert wave.state is State.DRAFT


def test_an_administrator_sees_waves_and_no_results(app, session, hr, wave, new_visitor):
    """The list and the groups, but neither counts nor the way to the results nor any button."""
    hr.post(f"/waves/{wave.id}/open", status=200)
    hr.post(f"/waves/{wave.id}/close")
    administrator = new_visitor().sign_in(make_staff(session, "administrator"))

    page = administrator.get(f"/waves/{wave.id}")

    assert "of 29 people" not in page.main.text
    assert not page.main.select(".button, button")
    administrator.post(f"/waves/{wave.id}/cancel", status=403)


@pytest.mark.parametrize("role", ["employee", "manager", "executive", "cx_manager"])
def test_nobody_else_sees_the_waves(session, new_visitor, role):
    """Waves are HR's business."""
    new_visitor().sign_in(make_staff(session, role)).get("/waves/", status=403)
