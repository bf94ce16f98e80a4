"""`headwater link` from the command to the files it leaves: text, page and JSON."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib

import openpyxl
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from app.cli import main, outputs
from app.reporting import linkage_run
from tests.app.link_runs import SHARED, respondents, run, shared, write_csv
from tests.conftest import ROOT

PLAIN = ["--team", "team", "--engagement", "e1,e2,-e3", "--employee-scale", "1:5"]
RATING = ["--satisfaction", "rating", "--customer-scale", "0:10"]
ESTIMATE = {
    "estimate", "std_error", "ci_low", "ci_high", "pvalue", "df", "plain_std_error", "errors",
    "reliability", "nobs", "n_teams",
}  # fmt: skip
R = {"r", "ci_low", "ci_high", "pvalue"}
MODELS = {
    "pooled", "pooled_period", "between", "within_two_way",
    "first_difference", "lag_forward", "lag_reverse", "lead_placebo", "adl_forward",
    "adl_reverse", "within_corrected", "lag_corrected",
}  # fmt: skip
NHS = "data/nhs_ebmgt/data.NHS.2012_2019.csv"
NYC = "data/nyc_sqr/nyc_sqr_2015_linkage_complete.csv"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """One run on respondents, with a page."""
    tmp_path = tmp_path_factory.mktemp("good")
    return run(tmp_path, *respondents(tmp_path), *PLAIN, *RATING, page=True)


def test_the_json_has_every_documented_key(good):
    """The keys of the issue stand, each in its place, under one schema name."""
    document = good.document

    assert document["schema"] == "headwater.linkage/1"
    assert list(document)[:4] == ["schema", "version", "seed", "inputs"]
    assert {"coverage", "employee", "customer", "link", "panel", "verdict"} < set(document)
    assert {"path", "sha256", "n_rows", "n_used"} <= set(document["inputs"][0])
    assert set(document["coverage"]) == {
        "n_employee_teams", "n_customer_teams", "n_teams", "n_employees", "n_customers", "dropped",
    }  # fmt: skip
    sides = {"alpha", "icc1", "icc1_ci", "icc2", "reliability", "mean", "sd_teams"}
    assert set(document["employee"]) == set(document["customer"]) == sides
    link = document["link"]
    assert set(link["pearson"]) == set(link["spearman"]) == R
    assert set(link["corrected"]) == {"r", "ci_low", "ci_high"}
    assert set(link["weighted"]) == {"r"}
    assert set(link["leave_one_out"]) == {"low", "high"}
    assert set(link["slope"]) == {"estimate", "std_error", "ci_low", "ci_high", "pvalue"}
    assert set(link["quartile_gap"]) == {"estimate", "ci_low", "ci_high"}
    assert set(link) == {
        "n_teams", "pearson", "spearman", "permutation_pvalue", "corrected", "weighted",
        "leave_one_out", "slope", "quartile_gap", "minimum_detectable_r",
    }  # fmt: skip
    assert document["panel"] is None
    assert set(document["verdict"]) == {"code", "direction", "text"}
    assert all(set(w) == {"code", "text"} for w in document["warnings"])


def test_the_summary_is_printed_and_the_files_are_named(good):
    """A person reads the verdict in the terminal and where the files are."""
    assert good.document["verdict"]["text"] in good.output
    assert "Wrote " in good.output
    assert good.errors == ""


def test_a_workbook_gives_the_figures_of_its_csv(tmp_path):
    """XLSX and CSV of the same rows differ in their hash only."""
    staff, guests = respondents(tmp_path)
    book = openpyxl.Workbook()
    for line in guests.read_text("utf-8").splitlines():
        team, rating = line.split(",")
        book.active.append([team, rating if rating == "rating" else int(rating)])
    book.save(tmp_path / "guests.xlsx")

    one = run(tmp_path, staff, guests, *PLAIN, *RATING).document
    other = run(tmp_path, staff, tmp_path / "guests.xlsx", *PLAIN, *RATING).document

    assert one.pop("inputs")[0] == other.pop("inputs")[0]
    assert one == other


def test_a_seed_reproduces_and_another_seed_moves_only_the_permutations(tmp_path):
    """The seed has a default, and it steers nothing but the random orders."""
    rows = [[f"T{i}", i, (i * 7) % 12] for i in range(12)]
    path = write_csv(tmp_path / "teams.csv", ["team", "a", "b"], rows)
    arguments = [path, path, "--team", "team", "--engagement", "a", "--satisfaction", "b"]

    first = run(tmp_path, *arguments, "--team-level").document
    again = run(tmp_path, *arguments, "--team-level").document
    other = run(tmp_path, *arguments, "--team-level", "--seed", "8").document

    assert first == again
    assert first["seed"] == 1
    assert first["link"].pop("permutation_pvalue") != other["link"].pop("permutation_pvalue")
    assert first["link"] == other["link"]


def test_the_page_needs_nothing_else(good):
    """No address, no script, no inline style attribute; one heading, named drawings, tables."""
    page = BeautifulSoup(good.page, "html5lib")

    assert not re.search(r"https?:|//[a-z]|url\(|@import", good.page)
    assert page.find_all(["script", "link", "img", "iframe", "object"]) == []
    assert [t.name for t in page.find_all(style=True)] == []
    assert len(page.find_all("h1")) == 1
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    chart = page.find("figure", class_="chart")
    marks = chart.svg.find_all(attrs={"role": "graphics-symbol"})
    assert len(marks) == 12
    assert all(mark["aria-label"] == mark.title.string for mark in marks)
    assert len(chart.find("tbody").find_all("tr")) == 12


def test_the_parts_of_the_page_stand_in_their_order(good):
    """The verdict first, then what it rests on, then what it does not show."""
    headings = [h["id"] for h in BeautifulSoup(good.page, "html5lib").find_all("h2")]

    assert headings == [
        "verdict", "coverage", "reliability", "link", "power", "warnings", "limits", "sources",
    ]  # fmt: skip


def test_names_of_teams_cannot_become_markup(tmp_path):
    """A team may be called anything; the page shows it as text."""
    evil = '<script>alert("x")</script> & "Sons"'
    rows = [[evil if i == 3 else f"T{i}", i, (i * 7) % 12] for i in range(12)]
    path = write_csv(tmp_path / "teams.csv", ["team", "a", "b"], rows)
    arguments = ["--team", "team", "--engagement", "a", "--satisfaction", "b", "--team-level"]

    page = run(tmp_path, path, path, *arguments, page=True).page

    parsed = BeautifulSoup(page, "html5lib")
    assert parsed.find("script") is None
    assert evil in [cell.get_text() for cell in parsed.find_all("th")]


def test_nothing_half_written_stays_behind(tmp_path, monkeypatch):
    """If putting files in place fails, older files stand and no draft is left."""
    staff, guests = respondents(tmp_path)
    (tmp_path / "out.json").write_text("{}")

    def fail(draft, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outputs.os, "replace", fail)
    outcome = run(tmp_path, staff, guests, *PLAIN, *RATING, page=True)

    assert outcome.exit_code == 2
    assert "No space left on device" in outcome.errors
    assert outcome.document == {}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["guests.csv", "out.json", "staff.csv"]


def test_an_interrupt_leaves_nothing_behind(tmp_path, monkeypatch):
    """Ctrl-C in the middle of the work writes nothing."""
    staff, guests = respondents(tmp_path)

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(linkage_run, "link", interrupt)
    outcome = run(tmp_path, staff, guests, *PLAIN, *RATING, page=True)

    assert outcome.exit_code == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["guests.csv", "staff.csv"]


def test_help_names_every_option_of_the_command():
    """``headwater link --help`` is where a person starts."""
    text = CliRunner().invoke(main, ["link", "--help"]).stdout

    for option in (
        "EMPLOYEES CUSTOMERS", "--team COL", "--employee-team COL", "--customer-team COL",
        "--crosswalk FILE", "--period COL", "--engagement COL[,COL...]",
        "--satisfaction COL[,COL...]", "--employee-scale LOW:HIGH", "--customer-scale LOW:HIGH",
        "--customer-metric [mean|nps|top2]", "--team-level", "--employee-n COL",
        "--customer-n COL", "--on-duplicate [refuse|first]", "--min-employees", "--min-customers",
        "--seed", "--html FILE", "--json FILE",
    ):  # fmt: skip
        assert option in text


def test_linking_files_never_loads_the_web_or_the_database():
    """The command and all of its parts import neither Flask nor SQLAlchemy."""
    code = (
        "import sys, app.cli.link, app.reporting.linkage_run, app.reporting.linkage_page;"
        "print([m for m in ('flask', 'sqlalchemy', 'wtforms') if m in sys.modules])"
    )

    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert result.stdout.strip() == "[]", result.stderr


def test_the_version_is_the_packages():
    """The JSON names the version that pyproject.toml declares."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert declared == linkage_run.VERSION


@pytest.mark.parametrize("outcome", ["ptrust", "outp", "pprin", "strust", "ssafe", "ssup", "att"])
def test_agrees_with_the_oracle_on_schools(tmp_path, nyc_oracle, outcome):
    """r, interval, p and Spearman are those of oracles/nyc_2015.json (R 4.2.2)."""
    file = shared(NYC)
    arguments = ["--team", "dbn", "--team-level", "--engagement", "eng", "--satisfaction", outcome]

    document = run(tmp_path, file, file, *arguments).document

    expected, link = nyc_oracle["engagement_vs_customer"][outcome], document["link"]
    assert link["n_teams"] == nyc_oracle["n"]
    assert link["pearson"]["r"] == pytest.approx(expected["r"], rel=1e-8)
    limits = [link["pearson"]["ci_low"], link["pearson"]["ci_high"]]
    assert limits == pytest.approx(expected["ci95"], rel=1e-8)
    assert link["pearson"]["pvalue"] == pytest.approx(expected["p"], rel=1e-8)
    assert link["spearman"]["r"] == pytest.approx(expected["spearman"], rel=1e-8)
    assert document["inputs"][0]["n_used"] == document["inputs"][0]["n_rows"] == 486
    assert document["employee"]["reliability"] is None
    assert "not_estimable" in {w["code"] for w in document["warnings"]}


@pytest.fixture(scope="module")
def nyc_oracle():
    return _oracle("nyc_2015")


@pytest.fixture(scope="module")
def nhs_oracle():
    return _oracle("nhs")


def _oracle(name):
    return json.loads(shared(f"oracles/{name}.json").read_text("utf-8"))["results"]


@pytest.fixture(scope="module")
def nhs(tmp_path_factory):
    """One run on the hospital trusts, eight years, complete cases as in the oracle."""
    file = shared(NHS)
    return run(
        tmp_path_factory.mktemp("nhs"), file, file, "--team", "Code", "--period", "Year.Index",
        "--team-level", "--engagement", "Engagement.Index", "--satisfaction", "SHMI.Index",
        "--employee-n", "Responses", "--on-duplicate", "first", page=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "theirs", "term"),
    [
        ("pooled_period", "pooled", "eng"),
        ("within_two_way", "twfe", "eng"),
        ("lag_forward", "lag_twfe", "eng_l1"),
        ("lag_reverse", "rev_lag_twfe", "shmi_l1"),
        ("adl_forward", "adl", "eng_l1"),
        ("adl_reverse", "rev_adl", "shmi_l1"),
    ],
)
def test_agrees_with_the_oracle_on_hospitals(nhs, nhs_oracle, ours, theirs, term):
    """Slope, plain clustered error and rows are those of R fixest in oracles/nhs.json."""
    fit, expected = nhs.document["panel"][ours], nhs_oracle["models"][theirs]

    assert set(fit) == ESTIMATE
    assert fit["estimate"] == pytest.approx(expected["coef"][term], rel=1e-8)
    assert fit["plain_std_error"] == pytest.approx(expected["se_cluster"][term], rel=1e-8)
    assert fit["pvalue"] == pytest.approx(expected["p"][term], rel=0.4)
    assert fit["nobs"] == expected["nobs"]


def test_agrees_with_the_oracle_between_hospitals(nhs, nhs_oracle):
    """The regression on team means is that of R plm."""
    fit = nhs.document["panel"]["between"]

    assert fit["estimate"] == pytest.approx(nhs_oracle["plm_between"]["coef"]["eng"], rel=1e-8)
    assert fit["std_error"] == pytest.approx(nhs_oracle["plm_between"]["se"]["eng"], rel=1e-8)
    assert set(nhs.document["panel"]) == {"n_teams", "n_periods", "within_reliability", *MODELS}
    assert (nhs.document["panel"]["n_teams"], nhs.document["panel"]["n_periods"]) == (144, 8)


def test_the_hospitals_are_counted(nhs):
    """Incomplete rows are left out and counted; respondents are summed."""
    employees, customers = nhs.document["inputs"]

    assert (employees["n_rows"], employees["n_used"]) == (1084, 1073)
    assert customers["n_used"] == 1084
    assert nhs.document["coverage"]["n_employees"] == 1743103
    assert nhs.document["coverage"]["n_customers"] is None


def test_the_page_of_a_panel_draws_both_directions(nhs):
    """Change over time stands between the verdict and the warnings, with two forests."""
    page = BeautifulSoup(nhs.page, "html5lib")

    figures = page.select("section[aria-labelledby=panel] figure")
    assert [len(f.svg.find_all(attrs={"role": "graphics-symbol"})) for f in figures] == [6, 2]
    assert "not the reverse" in page.select_one("section[aria-labelledby=panel]").get_text()


def test_the_reference_data_are_looked_for_beside_the_project():
    """The skips above name one folder."""
    assert SHARED.name == "shared"


def test_noise_is_blamed_only_where_it_is_known(nhs):
    """Without the spread within teams nobody knows whether their distances are noise."""
    assert "mostly survey noise" not in nhs.page
    assert "It is no ranking" in nhs.page
    assert not any("two with answers" in warning["text"] for warning in nhs.document["warnings"])
