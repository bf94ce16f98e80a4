"""collector.program: what respondents see, what the application may ask, what nobody gets."""

import json
from datetime import date

import pytest

from collector import errors, pages
from collector.program import create_collector
from collector.store import Store
from surveys import codes, questionnaires
from tests.collector.conftest import (
    ANSWERS,
    BALLOTS,
    BOTH,
    LETTERS,
    Visitor,
    open_wave,
    settings_in,
)

FORM = {key: value for key, (value,) in ANSWERS.items()}


@pytest.fixture
def wave(settings):
    """An open wave answered by letter, and its codes, all in one list."""
    opened = open_wave(Store.of(settings), rights=LETTERS)
    return opened.key, [code for group in opened.codes.values() for code in group]


def test_open_surveys_are_listed(visitor, wave):
    """The first page leads to each open survey and counts nothing."""
    page = visitor.get("/")

    assert [a["href"] for a in page.select("main a")] == [f"/w/{wave[0]}", "/threads"]


def test_no_survey_open_is_said(visitor):
    """Without a wave the first page says so."""
    assert "No survey is open" in visitor.get("/").h1.text


def test_answering_leads_to_thanks(visitor, wave):
    """A form sent with a code is stored and answered with its receipt, in no address."""
    visitor.get(f"/w/{wave[0]}")
    form = FORM | {"code": f" {wave[1][0].lower()} "}
    thanks = visitor.post(f"/w/{wave[0]}", form)

    assert "Your answers are in" in thanks.text
    assert thanks.response.headers["Clear-Site-Data"] == '"cache"'
    assert visitor.post(f"/w/{wave[0]}", form).text == thanks.text
    visitor.post(f"/w/{wave[0]}", FORM | {"code": wave[1][0], "tools": "1"}, status=409)


def test_the_receipt_on_the_thanks_page_stands_in_the_closed_list(visitor, wave, settings):
    """Who answered by letter can look it up after the close."""
    receipt = visitor.post(f"/w/{wave[0]}", FORM | {"code": wave[1][0]}).select_one(".ballot-code")
    store = Store.of(settings)
    store.close(wave[0], on=date(2026, 4, 1), issued={"g00": 8, "g01": 12})

    assert receipt.text in json.loads(store.closed_list(wave[0]))["receipts"]


@pytest.mark.parametrize(
    ("rights", "has_form", "has_ballots"),
    [(LETTERS, True, False), (BALLOTS, False, True), (BOTH, True, True)],
)
def test_the_landing_page_offers_the_ways_to_answer(
    visitor, settings, rights, has_form, has_ballots
):
    """A form for letters, a link for ballots, and neither where nobody answers that way."""
    opened = open_wave(Store.of(settings), rights=rights)

    page = visitor.get(f"/w/{opened.key}")

    href = f"/c/{opened.manifest['client_sha256']}/index.html"
    assert bool(page.select("form [name=code]")) == has_form
    assert bool(page.select(f"main a[href='{href}']")) == has_ballots


def test_a_code_without_letters_is_unknown(visitor, settings):
    """Where everybody answers by ballot no form is taken, whoever sends one."""
    opened = open_wave(Store.of(settings))

    visitor.post(f"/w/{opened.key}", FORM | {"code": codes.new_code()}, status=403)


def test_every_item_asked_has_a_field(visitor, wave):
    """The form carries the code and each item under its key."""
    page = visitor.get(f"/w/{wave[0]}")

    names = {control["name"] for control in page.select("form [name]")}
    assert names == {
        "code",
        "comment",
        *(q.key for q in questionnaires.load("monthly_pulse").asked),
    }


def test_the_page_is_the_same_for_everybody(visitor, wave):
    """Two people get the same bytes, so the page can name nobody."""
    first = visitor.get(f"/w/{wave[0]}").response.data
    visitor.post(f"/w/{wave[0]}", FORM | {"code": wave[1][0]})

    assert visitor.get(f"/w/{wave[0]}").response.data == first


def test_a_new_closing_day_reaches_the_page(visitor, wave, settings):
    """The page kept ready is made anew when the wave is extended."""
    visitor.get(f"/w/{wave[0]}")
    Store.of(settings).extend(wave[0], date(2026, 4, 23))

    assert "23 April 2026" in visitor.get(f"/w/{wave[0]}").text


@pytest.mark.parametrize(
    ("code", "status"),
    [("", 422), ("ABCD-EFGH", 422), (codes.new_code(), 403)],
    ids=["missing", "mistyped", "never given out"],
)
def test_a_refused_code_loses_nothing_typed(visitor, wave, code, status):
    """The page comes back with code, choices and comment as they were."""
    typed = FORM | {"code": code, "comment": "Ein langer <Text> & mehr"}

    page = visitor.post(f"/w/{wave[0]}", typed, status=status)

    assert page.select_one("#code")["value"] == code
    assert page.select_one("textarea[name=comment]").text.strip() == typed["comment"]
    checked = {c["name"]: c["value"] for c in page.select("input[checked]")}
    assert checked == FORM
    assert page.select_one("#code-error").text


def test_a_wrong_answer_loses_nothing_typed(visitor, wave):
    """An 11 on a 0-10 item is refused beside the item, and the code is still good."""
    typed = FORM | {"code": wave[1][0], "recommend_workplace": "11"}

    page = visitor.post(f"/w/{wave[0]}", typed, status=422)

    assert "Choose a number from 0 to 10." in page.select_one(".error-summary").text
    assert page.select_one("#code")["value"] == wave[1][0]
    visitor.post(f"/w/{wave[0]}", FORM | {"code": wave[1][0]})


def test_an_empty_form_spends_no_code(visitor, wave):
    """Sending by accident is caught before it uses up the right to answer."""
    page = visitor.post(f"/w/{wave[0]}", {"code": wave[1][0]}, status=422)

    assert pages.NOTHING_ANSWERED in page.select_one(".error-summary").text
    assert not page.select("#code-error")
    visitor.post(f"/w/{wave[0]}", FORM | {"code": wave[1][0]})


def test_a_closed_wave_says_so(visitor, wave, settings):
    """Late answers get 410 and are told that nothing was stored."""
    Store.of(settings).close(wave[0], on=date(2026, 4, 1), issued={"g00": 8, "g01": 12})

    visitor.get(f"/w/{wave[0]}", status=410)
    page = visitor.post(f"/w/{wave[0]}", FORM | {"code": wave[1][0]}, status=410)

    assert "Nothing you typed was stored." in page.main.text


LATER = {"opens_on": "2999-01-01", "closes_on": "2999-01-31"}


def test_letters_wait_for_the_first_day(visitor, settings):
    """Before its first day a wave for letters is neither listed nor answered."""
    opened = open_wave(Store.of(settings), "later", rights=LETTERS, **LATER)

    visitor.get("/w/later", status=409)
    visitor.post("/w/later", FORM | {"code": opened.codes["g00"][0]}, status=409)
    assert "No survey is open" in visitor.get("/").h1.text


def test_ballots_can_be_taken_early(visitor, settings):
    """A wave for ballots shows its pages at once; its form for letters comes with the day."""
    opened = open_wave(Store.of(settings), "later", rights=BOTH, **LATER)

    assert [a["href"] for a in visitor.get("/").select("main a")] == ["/w/later", "/threads"]
    page = visitor.get("/w/later")
    assert page.select("main a[href^='/c/']")
    assert not page.select("form")
    visitor.post("/w/later", FORM | {"code": opened.codes["g01"][0]}, status=409)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/w/unknown", 404),
        ("GET", "/w/..%2f..", 404),
        ("DELETE", "/", 405),
        ("OPTIONS", "/", 405),
        ("PUT", "/w/2026-03", 405),
        ("GET", "/static/js/chart.js", 404),
        ("GET", "/static/css/..%2ficon.svg", 404),
        ("GET", "/exchange/waves/2026-03/close", 405),
    ],
)
def test_wrong_requests_get_a_page(visitor, wave, method, path, status):
    """Unknown paths and wrong methods are pages of the house with all its headers."""
    visitor.look(visitor.client.open(path, method=method), status)


def test_what_is_no_form_is_refused(visitor, wave):
    """JSON and uploads are turned away before they are read."""
    visitor.post(f"/w/{wave[0]}", None, status=415, json=FORM | {"code": wave[1][0]})
    visitor.post(f"/w/{wave[0]}", FORM, status=415, content_type="multipart/form-data")


def test_an_overlong_body_is_refused(visitor, wave):
    """A body beyond any honest form is not read."""
    visitor.post(f"/w/{wave[0]}", FORM | {"comment": "x" * 300_000}, status=413)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
    ],
)
def test_forms_of_other_sites_are_refused(visitor, wave, headers):
    """Another site cannot answer for somebody, nor can a neighbouring host name."""
    visitor.post(f"/w/{wave[0]}", FORM | {"code": wave[1][0]}, status=403, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8001"},
        {},
    ],
)
def test_own_forms_are_taken(visitor, wave, headers):
    """Our pages forbid browsers to name them, so an origin of null is our own."""
    visitor.post(f"/w/{wave[0]}", FORM | {"code": wave[1][0]}, headers=headers)


def test_style_and_icon_are_served(visitor):
    """What the pages link to is there, without tags that would work like cookies."""
    page = visitor.get("/")
    for link in page.select('link[href^="/"]'):
        response = visitor.get(link["href"]).response
        assert "ETag" not in response.headers
        assert "Last-Modified" not in response.headers


def test_health_needs_nothing_and_hides_the_last_write(visitor, wave, settings):
    """The health page moves the change time of the store, which nothing else can reset."""
    intake = settings.collector_store / wave[0] / "answers.sqlite"
    before = intake.stat().st_ctime_ns

    assert visitor.get("/healthz").response.json == {"status": "ok"}

    assert intake.stat().st_ctime_ns > before
    assert intake.stat().st_mtime == 946_684_800


def test_a_store_that_fails_acknowledges_nothing(visitor, wave, monkeypatch, capsys):
    """A full disk is a 503 page; kind and place are printed once, and never the message."""
    monkeypatch.setattr(errors, "_reported", set())

    def fail(self, within, receipt, body):
        raise OSError(28, "No space left on device for secret-marker")

    monkeypatch.setattr("collector.intake.Intake.put", fail)

    for _ in range(3):
        visitor.post(f"/w/{wave[0]}", FORM | {"code": wave[1][0]}, status=503)

    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "OSError at" in printed
    assert "secret-marker" not in printed


def test_a_fault_is_a_page_too(visitor, wave, monkeypatch, capsys):
    """An unforeseen error shows a page with all headers and prints no more than its place."""
    monkeypatch.setattr("collector.pages.read_answers", None)

    visitor.post(f"/w/{wave[0]}", FORM | {"code": "secret-marker"}, status=500)

    assert "secret-marker" not in "".join(capsys.readouterr())


def test_https_is_remembered(tmp_path):
    """An installation under https tells browsers to stay there."""
    visitor = Visitor(
        create_collector(settings_in(tmp_path, collector_url="https://pulse.example.org"))
    )

    assert "Strict-Transport-Security" in visitor.get("/").response.headers
