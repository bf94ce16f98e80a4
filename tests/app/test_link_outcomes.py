"""`headwater link --outcomes`: figures of teams beside the two surveys."""

from __future__ import annotations

import random

import numpy as np
import pytest
from bs4 import BeautifulSoup

from tests.app.link_runs import respondents, run, write_csv

ASKED = [
    "--team", "team", "--engagement", "e1,e2,-e3", "--employee-scale", "1:5",
    "--satisfaction", "rating",
]  # fmt: skip


@pytest.fixture(scope="module")
def surveys(tmp_path_factory):
    """Thirty teams of employees and customers."""
    folder = tmp_path_factory.mktemp("surveys")
    return folder, *respondents(folder, n_teams=30)


def outcomes(folder, *, heading=("team", "retention", "profit", "colour"), name="Team {:02d}"):
    """Retention of every team, profit of a few, a column that nobody asks for, one more team."""
    rng = random.Random(2)
    rows = [
        [
            name.format(i),
            f"{0.8 + rng.random() / 10:.3f}",
            rng.randint(5, 15) if i < 9 else "",
            "x",
        ]
        for i in range(31)
    ]
    return write_csv(folder / "outcomes.csv", list(heading), rows)


def test_outcomes_become_stations_of_the_chain(surveys, tmp_path):
    """Text, JSON and page show each link with its grade; what is unmatched is said."""
    _, staff, guests = surveys

    done = run(tmp_path, staff, guests, *ASKED, "--outcomes", outcomes(tmp_path), page=True)

    chain = done.document["chain"]
    grades = {(link["start"], link["end"]): link for link in chain["links"]}
    measured = grades["engagement", "customer_satisfaction"]["coefficient"]
    assert chain["stations"] == ["engagement", "retention", "customer_satisfaction", "profit"]
    assert grades["engagement", "retention"]["grade"] == "measured"
    assert grades["loyalty", "profit"]["grade"] == "not_measured"
    few = grades["engagement", "profit"]
    assert (few["grade"], few["reason"]) == (
        "cited",
        "9 teams have all figures; 15 are needed for 3 predictors.",
    )
    assert measured["n_teams"] == 30
    assert chain["indirect"][0]["path"] == ["engagement", "retention", "customer_satisfaction"]
    assert done.document["inputs"][2]["n_used"] == 31
    codes = {one["code"]: one["text"] for one in done.document["warnings"]}
    said = codes["outcomes_unknown_team"]
    assert said == "outcomes.csv names 1 team that is not linked: Team 30."
    assert "Engagement → retention                 measured here" in done.output
    page = BeautifulSoup(done.page, "html5lib")
    section = page.find("section", attrs={"aria-labelledby": "stations"})
    captions = [caption.get_text() for caption in section.find_all("caption")]
    assert captions == [
        "The service-profit chain, link by link",
        "What passes along the measured links",
    ]
    cited = section.find("details").get_text()
    assert "Engagement → retention: −0.30, turnover" in cited
    assert "Harter, Schmidt and Hayes (2002), Journal of Applied Psychology 87(2)" in cited
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert "outcomes of teams" in page.find("section", attrs={"aria-labelledby": "sources"}).text


def test_the_slope_is_that_of_the_team_scores(surveys, tmp_path):
    """The link from engagement to an outcome is a regression of it on the teams' scores."""
    _, staff, guests = surveys
    path = outcomes(tmp_path)
    figures = [line.split(",") for line in path.read_text("utf-8").splitlines()[1:31]]
    kept = [float(figure[1]) for figure in figures]

    done = run(tmp_path, staff, guests, *ASKED, "--outcomes", path)

    rows = [line.split(",") for line in staff.read_text("utf-8").splitlines()[1:]]
    points = [(int(a) + int(b) - int(c)) / 3 for _, a, b, c in rows]
    means = np.reshape(points, (30, 8)).mean(axis=1)
    link = next(one for one in done.document["chain"]["links"] if one["end"] == "retention")
    assert link["coefficient"]["estimate"] == pytest.approx(np.polyfit(means, kept, 1)[0])


def test_periods_of_outcomes_are_averaged(surveys, tmp_path):
    """With periods a team stands once in each, and its figure is the mean of them."""
    folder, staff, guests = surveys
    for path in (staff, guests):
        lines = path.read_text("utf-8").splitlines()
        dated = [f"{line},{i % 2 + 1}" for i, line in enumerate(lines[1:])]
        (tmp_path / path.name).write_text("\n".join([f"{lines[0]},month", *dated]), "utf-8")
    rows = [[f"Team {i:02d}", month, i + month % 3] for i in range(30) for month in (1, 2, 4)]
    figures = write_csv(tmp_path / "sales.csv", ["team", "month", "revenue"], rows)
    plain = [[f"Team {i:02d}", i + 4 / 3] for i in range(30)]
    asked = [tmp_path / staff.name, tmp_path / guests.name, *ASKED, "--period", "month"]
    asked += ["--min-customers", "5", "--min-employees", "1"]

    dated = run(tmp_path, *asked, "--outcomes", figures).document["chain"]
    once = write_csv(tmp_path / "once.csv", ["team", "revenue"], plain)
    means = run(tmp_path, *asked, "--outcomes", once).document["chain"]

    one, other = (
        next(
            x["coefficient"]["estimate"]
            for x in chain["links"]
            if (x["start"], x["end"]) == ("customer_satisfaction", "revenue")
        )
        for chain in (dated, means)
    )
    assert one == pytest.approx(other)


@pytest.mark.parametrize(
    ("heading", "name", "refusal"),
    [
        (["team", "a", "b", "c"], "Team {:02d}", "no outcome column; name one or more inter"),
        (["team", "retention", "b", "c"], "Shop {:02d}", 'such as "Shop 00") is linked'),
        (["team", "retention", "b", "profit"], "Team {:02d}", '"x" is not a number'),
        (["team", "retention", "b", "c"], "Team 01", "stands in rows 2 and 3; correct the file"),
        (["shop", "retention", "b", "c"], "Team {:02d}", 'no column "team"'),
    ],
)  # fmt: skip
def test_outcomes_that_cannot_be_used_are_refused(surveys, tmp_path, heading, name, refusal):
    """One sentence says what to do; nothing is written."""
    _, staff, guests = surveys
    path = outcomes(tmp_path, heading=heading, name=name)

    done = run(tmp_path, staff, guests, *ASKED, "--outcomes", path)

    assert (done.exit_code, done.document) == (2, None)
    assert refusal in done.errors
