"""The customers' door: what is asked, what is recorded, and what is not."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.models import CustomerResponse
from app.services import survey_versions, touchpoints
from tests.app.customers import NOW, count_answers, make_link, make_version
from tests.factories import make_staff, make_team

pytestmark = [pytest.mark.database, pytest.mark.forms]

ANSWERS = {
    "recommend": "9",
    "satisfaction": "4",
    "effort": "2",
    "repeated": "no",
    "comment": " Quick and kind. ",
}


@pytest.fixture
def link(session):
    """An address of a team."""
    link = make_link(session, team=make_team(session))
    session.commit()
    return link


@pytest.fixture
def path(link):
    """The address as customers know it."""
    return f"/s/{link.token}"


def submission_of(page) -> str:
    return page.select_one("input[name=submission]")["value"]


def test_an_answer_is_kept_with_link_team_and_day(visitor, session, link, path):
    """What a customer sent is stored as read, under the team of the link, and nothing else."""
    submission = submission_of(visitor.get(path))

    visitor.post(path, ANSWERS | {"submission": submission})

    response = session.scalars(select(CustomerResponse)).one()
    assert response.answers == {
        "recommend": 9,
        "satisfaction": 4,
        "effort": 2,
        "repeated": 0,
        "comment": "Quick and kind.",
    }
    assert (response.link_id, response.team_id) == (link.id, link.team_id)
    assert response.answered_on == datetime.now(UTC).date()
    assert response.submission == submission
    assert not response.is_rolled_up


@pytest.mark.parametrize("query", ["", "?score=9", "?recommend=3", "?score=9&comment=x"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_records_nothing(visitor, session, path, query, method):
    """Mail scanners open links and follow them; that is not an answer."""
    response = getattr(visitor.client, method)(path + query)

    assert response.status_code == 200
    assert count_answers(session) == 0


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ("score=9", ["q-recommend-9"]),
        ("recommend=0", ["q-recommend-0"]),
        ("recommend=4&score=9", ["q-recommend-4"]),
        ("satisfaction=5", ["q-satisfaction-5"]),
        ("score=11", []),
        ("score=9&score=8", []),
        ("score=%3Cscript%3E", []),
        ("submission=known-to-somebody-else", []),
    ],
)
def test_an_address_may_choose_a_score_beforehand(visitor, path, query, chosen):
    """What fits the question is ticked on the page, the rest is dropped without a word."""
    page = visitor.get(f"{path}?{query}")

    assert [box["id"] for box in page.select("input[checked]")] == chosen
    assert not page.select(".error-summary")
    assert submission_of(page) != "known-to-somebody-else"


def test_every_visit_has_a_submission_value_of_its_own(visitor, path):
    """The prepared page is shared, the value that tells two customers apart is not."""
    values = {submission_of(visitor.get(path)) for _ in range(5)}

    assert len(values) == 5
    assert all(len(value) >= 22 for value in values)


def test_a_form_sent_twice_is_one_answer(visitor, session, path):
    """The second click leads to the same thanks and adds no row."""
    form = ANSWERS | {"submission": submission_of(visitor.get(path))}

    places = [visitor.send(path, form).location for _ in range(2)]

    assert places == [f"{path}/thanks/high"] * 2
    assert count_answers(session) == 1


def test_two_customers_are_two_answers(visitor, session, path):
    """Equal answers from two visits both count."""
    for _ in range(2):
        visitor.post(path, ANSWERS | {"submission": submission_of(visitor.get(path))})

    assert count_answers(session) == 2


@pytest.mark.parametrize("submission", [None, "", "short", "x" * 33, "blank " * 4])
def test_a_form_without_a_usable_submission_value_still_counts(visitor, session, path, submission):
    """Nobody's answer is lost because a browser or a proxy dropped a hidden field."""
    visitor.post(path, ANSWERS if submission is None else ANSWERS | {"submission": submission})

    assert count_answers(session) == 1


@pytest.mark.parametrize(
    ("answers", "mood", "words"),
    [
        ({"recommend": "10"}, "/high", "good to hear"),
        ({"recommend": "7"}, "/middle", "made it better"),
        ({"recommend": "0"}, "/low", "sorry"),
        ({"satisfaction": "1"}, "", "answers are in"),
    ],
)
def test_thanks_fit_the_score(visitor, path, answers, mood, words):
    """Promoters, passives and detractors read different thanks; without a score, plain ones."""
    response = visitor.send(path, answers)

    assert response.location == f"{path}/thanks{mood}"
    assert words in visitor.get(response.location).main.text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"recommend": "11"}, "Choose a number from 0 to 10."),
        ({"recommend": "nine"}, "Choose a number from 0 to 10."),
        ({"satisfaction": "0"}, "Choose a number from 1 to 5."),
        ({"effort": "-1"}, "Choose a number from 1 to 7."),
        ({"repeated": "maybe"}, "Choose one of the two answers."),
        ({"comment": "x" * 1001}, "Shorten the text to 1,000 characters"),
        ({"recommend": ["1", "2"]}, "Choose a number from 0 to 10."),
    ],
)
def test_wrong_values_come_back_with_what_was_typed(visitor, session, path, wrong, sentence):
    """An error costs nobody their other answers, and nothing is recorded."""
    submission = submission_of(visitor.get(path))
    typed = {"satisfaction": "2", "comment": "Kept <b>as typed</b>", "submission": submission}

    page = visitor.post(path, typed | wrong, status=422)

    assert sentence in page.select_one(".error-summary").text
    assert submission_of(page) == submission
    if "comment" not in wrong:
        assert page.select_one("textarea").text.strip() == "Kept <b>as typed</b>"
    if "satisfaction" not in wrong:
        assert page.select_one("#q-satisfaction-2").has_attr("checked")
    assert count_answers(session) == 0


@pytest.mark.parametrize("form", [{}, {"recommend": "", "comment": "  "}, {"unknown": "1"}])
def test_an_empty_form_is_asked_for_one_answer(visitor, session, path, form):
    """Leaving out every question is no answer, and the page says so kindly."""
    page = visitor.post(path, form, status=422)

    assert "Answer at least one question" in page.select_one(".error-summary").text
    assert count_answers(session) == 0


@pytest.mark.parametrize(
    "body",
    [b"recommend=%FF%FE&comment=%00%01", b"\xff\xfe\x00", b"&".join([b"a=1"] * 600), b"=&&=;"],
)
def test_garbage_is_refused_with_a_page(visitor, session, path, body):
    """Bytes that no form of ours sends are a 4xx page and never a row."""
    response = visitor.client.post(
        path, data=body, content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code in {400, 422}
    assert count_answers(session) == 0


def test_a_huge_form_is_refused(visitor, session, path):
    """The door takes no more than a long answer needs."""
    visitor.post(path, {"comment": "x" * 200_000}, status=413)

    assert count_answers(session) == 0


@pytest.mark.parametrize("what", ["link", "touchpoint"])
def test_a_retired_address_is_gone_at_once(visitor, session, link, path, what):
    """From the moment it is retired an address neither asks nor records."""
    form = ANSWERS | {"submission": submission_of(visitor.get(path))}
    if what == "link":
        touchpoints.retire_link(link)
    else:
        touchpoints.retire_touchpoint(link.touchpoint)

    assert "takes no more answers" in visitor.get(path, status=410).h1.text
    visitor.post(path, form, status=410)
    assert count_answers(session) == 0


def test_an_unknown_address_says_so(visitor, session, path):
    """A mistyped address is not found, whatever is sent to it."""
    assert "leads nowhere" in visitor.get(path + "x", status=404).h1.text
    visitor.post(path + "x", ANSWERS, status=404)
    visitor.get(path + "x/thanks", status=404)
    assert count_answers(session) == 0


def test_a_newer_version_is_asked_at_once(visitor, session, link, path):
    """An address whose questionnaire was renewed shows the new words with the next visit."""
    visitor.get(path)
    newer = survey_versions.new_version(session, make_version(session), now=NOW)
    survey_versions.describe(newer, {"title": "How did we do?"})

    touchpoints.ask(link, newer, now=NOW)

    assert visitor.get(path).h1.text == "How did we do?"


def test_no_page_of_the_door_sets_a_cookie(visitor, session, path):
    """Asking, refusing, thanking: no response carries Set-Cookie, and none may be kept."""
    responses = [
        visitor.fetch(path),
        visitor.fetch(f"{path}?score=9"),
        visitor.send(path, ANSWERS),
        visitor.send(path, {"recommend": "11"}, status=422),
        visitor.fetch(f"{path}/thanks/low"),
        visitor.fetch(f"{path}x", status=404),
    ]

    for response in responses:
        assert "Set-Cookie" not in response.headers
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_is_the_same_whoever_looks(new_visitor, session, path):
    """A signed-in person sees what customers see; no name gets into the prepared page."""
    person = make_staff(session, "cx_manager", name="Carla Curious")
    first = new_visitor().sign_in(person).get(path)

    second = new_visitor().get(path)

    assert "Carla" not in first.text
    assert first.main.text == second.main.text


def test_other_sites_cannot_answer_through_a_browser(visitor, session, path):
    """A form on another site is turned away by what browsers say about themselves."""
    response = visitor.client.post(path, data=ANSWERS, headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 403
    assert count_answers(session) == 0
