"""The questionnaire editor: copy, edit, preview, freeze, begin a new version."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.models import SurveyVersion
from app.services import survey_versions
from app.services.errors import Conflict
from surveys.errors import BadQuestionnaire
from surveys.questionnaires import load
from tests.app.pulse import NOW, make_draft
from tests.factories import make_staff

pytestmark = [pytest.mark.database, pytest.mark.forms]

WORDS = {"key": "goals", "text": "My goals are clear.", "help": ""}
TYPED = {
    "scale": {"low": "1", "high": "7", "low_label": "No", "high_label": "Yes", "labels": ""},
    "recommendation": {"low_label": "Never", "high_label": "Always"},
    "yes_no": {"favourable": "no", "yes_label": "Yes", "no_label": "No"},
    "single_choice": {"options-0-text": "Site", "options-1-text": "At home", "options-2-text": ""},
    "multiple_choice": {"options-0-text": "3 days", "options-1-text": "3 days!"},
    "comment": {"max_length": "500"},
}


@pytest.fixture
def hr(session, visitor):
    return visitor.sign_in(make_staff(session, "hr"))


@pytest.fixture
def version(session):
    made = survey_versions.copy_bundled(session, "monthly_pulse", now=NOW)
    session.commit()
    return made


def asked(session, version) -> list[str]:
    """The keys of the items as they are stored."""
    session.refresh(version)
    return [item["key"] for item in version.definition["items"]]


def item(session, version, key: str) -> dict:
    """One item as it is stored."""
    session.refresh(version)
    return survey_versions.item_of(version, key)


def test_hr_copies_a_bundled_questionnaire(session, hr):
    """The copy asks the same, word for word."""
    hr.follow("/surveys/copy/monthly_pulse")

    copied = session.scalars(select(SurveyVersion)).one()
    assert survey_versions.questionnaire_of(copied) == load("monthly_pulse")


def test_a_second_copy_gets_a_key_of_its_own(session, version):
    """Two copies are two questionnaires."""
    second = survey_versions.copy_bundled(session, "monthly_pulse", now=NOW)

    assert (version.key, second.key) == ("monthly_pulse", "monthly_pulse_2")


def test_copies_can_be_told_apart_by_their_titles(session, hr):
    """The first keeps the title, and each further one says which copy it is."""
    for _ in range(3):
        hr.post("/surveys/copy/monthly_pulse")

    made = session.scalars(select(SurveyVersion).order_by(SurveyVersion.id)).all()
    titles = ["Monthly pulse", "Monthly pulse (copy)", "Monthly pulse (copy 2)"]
    assert [version.title for version in made] == titles
    assert [version.definition["title"] for version in made] == titles


@pytest.mark.parametrize("kind", TYPED)
def test_an_item_of_every_type_can_be_added(session, hr, version, kind):
    """Each form makes an item that asks what was typed, at the end."""
    hr.get(f"/surveys/{version.id}/items/new/{kind}")

    hr.follow(f"/surveys/{version.id}/items/new/{kind}", {**WORDS, **TYPED[kind]})

    assert asked(session, version)[-1] == "goals"
    question = survey_versions.questionnaire_of(version).question("goals")
    assert (question.type, question.text) == (kind, "My goals are clear.")


@pytest.mark.parametrize("kind", TYPED)
def test_an_item_of_every_type_comes_back_into_its_form_unchanged(session, hr, version, kind):
    """Saving a form as it was shown changes nothing."""
    hr.post(f"/surveys/{version.id}/items/new/{kind}", {**WORDS, **TYPED[kind]})
    before = item(session, version, "goals")
    page = hr.get(f"/surveys/{version.id}/items/goals")

    hr.post(f"/surveys/{version.id}/items/goals", shown(page))

    assert item(session, version, "goals") == before


def shown(page) -> dict[str, str]:
    """Everything a browser would send of the form on a page."""
    (form,) = page.main.select("form")
    sent = {area["name"]: area.text.removeprefix("\n") for area in form.select("textarea")}
    for control in form.select("input"):
        if control["type"] not in ("radio", "checkbox") or control.has_attr("checked"):
            sent[control["name"]] = control.get("value", "")
    return sent


def test_bundled_items_come_back_unchanged_too(session, hr, version):
    """Labels, reversal and help survive the form."""
    for key in ("workload", "discretion", "recommend_workplace", "comment"):
        before = item(session, version, key)
        hr.post(
            f"/surveys/{version.id}/items/{key}",
            shown(hr.get(f"/surveys/{version.id}/items/{key}")),
        )
        assert item(session, version, key) == before


def test_rewording_an_answer_keeps_its_key(session, hr, version):
    """Figures of a reworded option can still be compared."""
    hr.post(f"/surveys/{version.id}/items/new/single_choice", {**WORDS, **TYPED["single_choice"]})
    typed = shown(hr.get(f"/surveys/{version.id}/items/goals"))

    hr.post(f"/surveys/{version.id}/items/goals", {**typed, "options-0-text": "On site"})

    assert item(session, version, "goals")["options"] == [
        {"key": "site", "text": "On site"},
        {"key": "at_home", "text": "At home"},
    ]


@pytest.mark.parametrize(
    ("kind", "change", "sentence"),
    [
        ("scale", {"high": "1"}, "A scale has 2 to 11 points"),
        ("scale", {"high_label": ""}, "Say what the two ends of the scale mean"),
        ("scale", {"labels": "One\nTwo"}, "Give 7 labels"),
        ("scale", {"key": "energy"}, "appears twice"),
        ("scale", {"key": "Goals!"}, "must begin with a letter"),
        ("scale", {"key": "code"}, "the answer page uses that name"),
        ("recommendation", {"low_label": ""}, "Say what 0 and 10 mean"),
        ("single_choice", {"options-1-text": ""}, "at least two options"),
        ("comment", {"max_length": "0"}, "max_length is a number"),
    ],
)
def test_what_the_domain_refuses_the_form_says(session, hr, version, kind, change, sentence):
    """The sentence is the questionnaire's own, nothing is stored and nothing typed is lost."""
    typed = {**WORDS, **TYPED[kind], **change}

    page = hr.post(f"/surveys/{version.id}/items/new/{kind}", typed, status=200)

    assert sentence in page.select_one(".error-summary").text
    assert page.select_one("#text").text.strip() == "My goals are clear."
    assert len(asked(session, version)) == 11


def test_items_move_up_and_down_and_stop_at_the_ends(session, hr, version):
    """Each press moves an item by one place."""
    before = asked(session, version)

    hr.post(f"/surveys/{version.id}/items/{before[1]}/up")
    hr.post(f"/surveys/{version.id}/items/{before[1]}/up")
    hr.post(f"/surveys/{version.id}/items/{before[9]}/down")

    assert asked(session, version) == [
        before[1], before[0], *before[2:9], before[10], before[9]
    ]  # fmt: skip


def test_a_retired_item_is_kept_and_not_asked(session, hr, version):
    """Its wording stays for the history, the preview is without it, and it can come back."""
    hr.post(f"/surveys/{version.id}/items/tools/retire")
    preview = hr.get(f"/surveys/{version.id}/preview").main.text
    assert "Our tools and systems" not in preview
    assert item(session, version, "tools")["retired"]

    hr.post(f"/surveys/{version.id}/items/tools/restore")

    assert "Our tools and systems" in hr.get(f"/surveys/{version.id}/preview").main.text


def test_an_item_never_asked_can_be_removed_and_leaves_its_construct(session, hr, version):
    """A construct that loses its only item goes with it."""
    hr.post(f"/surveys/{version.id}/items/manager/remove")

    assert "manager" not in asked(session, version)
    assert "manager" not in {c["key"] for c in version.definition["constructs"]}


def test_an_item_that_was_asked_can_only_be_retired(session, version):
    """Its answers need its wording."""
    survey_versions.freeze(version, now=NOW)
    second = survey_versions.new_version(session, version, now=NOW)

    with pytest.raises(Conflict, match="Retire it"):
        survey_versions.remove_item(session, second, "tools")


def test_constructs_are_made_of_scales(session, hr, version):
    """Two items become a score; other types are not offered."""
    page = hr.get(f"/surveys/{version.id}/constructs/new")
    offered = {box["value"] for box in page.select("input[type=checkbox]")}
    assert "tools" in offered and not offered & {"comment", "recommend_workplace"}

    data = {"key": "backing", "title": "Backing", "items": ["manager", "tools"]}
    hr.post(f"/surveys/{version.id}/constructs/new", data)
    hr.post(f"/surveys/{version.id}/constructs/backing", {"title": "Support", "items": ["tools"]})

    session.refresh(version)
    assert survey_versions.construct_of(version, "backing") == {
        "key": "backing",
        "title": "Support",
        "items": ["tools"],
    }
    hr.post(f"/surveys/{version.id}/constructs/backing/remove")
    session.refresh(version)
    assert "backing" not in {c["key"] for c in version.definition["constructs"]}


def test_removing_a_construct_asks_first_and_says_how_to_have_it_again(session, hr, version):
    """The editor leads to a page that names what goes; only its button removes anything."""
    path = f"/surveys/{version.id}/constructs/engagement/remove"
    editor = hr.get(f"/surveys/{version.id}")
    assert editor.select(f'a[href="{path}"]') and not editor.select(f'form[action="{path}"]')

    asked_first = hr.get(path).main.text

    assert "energy, belonging" in asked_first
    assert "no engagement score" in asked_first
    assert "add a construct with the short name engagement" in asked_first
    session.refresh(version)
    assert survey_versions.construct_of(version, "engagement")

    assert "The construct was removed." in hr.follow(path).text
    session.refresh(version)
    assert "engagement" not in {c["key"] for c in version.definition["constructs"]}


def test_only_the_linked_construct_is_said_to_be_linked(hr, version):
    """Other constructs can go without a word on the link with customers."""
    page = hr.get(f"/surveys/{version.id}/constructs/manager/remove")

    assert "engagement" not in page.main.text


def test_a_construct_comes_back_into_its_form_unchanged(hr, version):
    """The boxes of its items are ticked, and no others."""
    page = hr.get(f"/surveys/{version.id}/constructs/engagement")

    ticked = {box["value"] for box in page.select("input[checked]")}
    assert ticked == {"energy", "belonging"}
    assert page.select_one("#title")["value"] == "Engagement"


def test_an_empty_construct_is_refused(hr, version):
    """The questionnaire's own sentence."""
    data = {"key": "nothing", "title": "Nothing"}

    page = hr.post(f"/surveys/{version.id}/constructs/new", data, status=200)

    assert "has no items" in page.select_one(".error-summary").text


@pytest.mark.parametrize("missing", ["source", "licence", "title"])
def test_source_and_licence_are_required(session, hr, version, missing):
    """Nobody can save a questionnaire without saying whose it is."""
    typed = {**shown(hr.get(f"/surveys/{version.id}/details")), missing: " "}

    page = hr.post(f"/surveys/{version.id}/details", typed, status=200)

    assert page.select_one(f"#{missing}-error")
    with pytest.raises(BadQuestionnaire, match=missing):
        survey_versions.describe(version, {missing: " "})


def test_title_and_introduction_are_saved(session, hr, version):
    """The list and the respondents read the new ones."""
    typed = shown(hr.get(f"/surveys/{version.id}/details"))
    hr.post(f"/surveys/{version.id}/details", {**typed, "title": "Our pulse", "intro": "Hello"})

    assert "Our pulse" in hr.get("/surveys/").main.text
    assert "Hello" in hr.get(f"/surveys/{version.id}/preview").main.text


@pytest.mark.parametrize("key", ["monthly_pulse", "customer_experience"])
def test_the_preview_asks_everything_and_sends_nothing(session, visitor, key):
    """Both audiences' questions are on the page; there is no form and the button is off."""
    made = survey_versions.copy_bundled(session, key, now=NOW)
    page = visitor.sign_in(make_staff(session, "administrator")).get(f"/surveys/{made.id}/preview")

    assert all(q.text in page.main.text for q in load(key).asked)
    assert not page.main.select("form")
    assert page.main.select_one("button").has_attr("disabled")


def test_a_frozen_version_shows_no_way_to_change_it(session, hr, version):
    """And refuses it too."""
    survey_versions.freeze(version, now=NOW)

    page = hr.get(f"/surveys/{version.id}")

    assert not page.main.select("[action*='items'], [href*='items'], [href*='details']")
    hr.post(f"/surveys/{version.id}/items/tools/retire", status=409)


def test_a_new_version_begins_word_for_word_and_only_once(session, hr, version):
    """While one version is being edited no other is begun; the old one stays as it was."""
    survey_versions.freeze(version, now=NOW)
    hr.follow(f"/surveys/{version.id}/version")
    hr.post(f"/surveys/{version.id}/version", status=409)

    first, second = session.scalars(select(SurveyVersion).order_by(SurveyVersion.version))
    assert (second.key, second.version, second.frozen_at) == (first.key, 2, None)
    assert second.definition["items"] == first.definition["items"]
    assert survey_versions.questionnaire_of(second).version == 2


def test_a_version_never_used_can_be_deleted_and_one_that_is_planned_cannot(session, hr, version):
    """A draft wave holds on to its questionnaire."""
    hr.post(f"/surveys/{version.id}/discard")
    planned = make_draft(session).survey_version

    hr.post(f"/surveys/{planned.id}/discard", status=409)

    assert session.scalars(select(SurveyVersion)).all() == [planned]


def test_a_retired_version_is_not_offered_for_a_wave(session, hr, version):
    """It stays in the list of questionnaires."""
    survey_versions.freeze(version, now=NOW)
    hr.post(f"/surveys/{version.id}/retire")
    assert "Copy the one" in hr.get("/waves/new").main.text

    hr.post(f"/surveys/{version.id}/restore")

    assert hr.get("/waves/new").select("select option")


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("hr", {"Monthly pulse"}),
        ("cx_manager", {"How was it?"}),
        ("administrator", {"Monthly pulse", "How was it?"}),
    ],
)
def test_each_role_sees_the_questionnaires_it_looks_after(session, visitor, role, sees):
    """HR employees', the CX manager customers', administrators both; the rest is not found."""
    made = {
        survey_versions.copy_bundled(session, key, now=NOW)
        for key in ("monthly_pulse", "customer_experience")
    }
    visitor.sign_in(make_staff(session, role))

    page = visitor.get("/surveys/")

    assert {row.select_one("a").contents[0] for row in page.select("tbody tr")} == sees
    for version in made:
        visitor.get(f"/surveys/{version.id}", status=200 if version.title in sees else 404)
        visitor.fetch(f"/surveys/{version.id}/details", 200 if version.title in sees else 404)


@pytest.mark.parametrize("role", ["employee", "manager", "executive"])
def test_nobody_else_sees_questionnaires(session, visitor, role):
    """Editing is for those who ask."""
    visitor.sign_in(make_staff(session, role)).get("/surveys/", status=403)
