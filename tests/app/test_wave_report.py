"""The report of a wave: every figure follows from the release, as computed by hand."""

import copy

import numpy as np
import pytest
from scipy import stats

from app.reporting.figures import shown_count
from app.reporting.trends import trend_lines
from app.reporting.waves import read_figures, wave_report
from surveys.hierarchy import Team as Node
from tests.app.released import MAIL, NODES, NORTH, PHONE, SOUTH_AND_WEST, make_release, renamed

ENGAGEMENT, ENPS = "construct-engagement", "score-recommend_workplace"


@pytest.fixture(scope="module")
def release():
    return make_release()


@pytest.fixture(scope="module")
def report(release):
    return wave_report(read_figures(release))


def cell(report, label):
    return next(cell for cell in report["cells"] if cell["label"] == label)


def means(pairs):
    return np.array([sum(pair) / 2 for pair in pairs])


# Figures of one cell.


def test_an_item_has_the_interval_of_its_counts(report):
    """Mean and t limits are those of the answers one by one."""
    answers = np.array([energy for energy, _ in NORTH])

    figure = cell(report, "North")["figures"]["item-energy"]

    low, high = stats.t.interval(0.95, 9, answers.mean(), stats.sem(answers))
    assert figure["value"] == pytest.approx(answers.mean())
    assert (figure["ci_low"], figure["ci_high"]) == pytest.approx((low, high))
    assert (figure["n"], figure["basis"], figure["text"]) == ("10", "histogram", "3.10")


def test_a_reversed_item_is_turned_round(report):
    """Workload was answered as six less energy; turned round it is energy again."""
    figures = cell(report, "North")["figures"]

    assert figures["item-workload"]["value"] == figures["item-energy"]["value"]
    assert figures["item-workload"]["ci_low"] == figures["item-energy"]["ci_low"]


def test_a_construct_rests_on_its_released_variance(report):
    """From ten answers on, the variance of person scores in the cell is released."""
    scores = means(NORTH)

    figure = cell(report, "North")["figures"][ENGAGEMENT]

    low, high = stats.t.interval(0.95, 9, scores.mean(), stats.sem(scores))
    assert (figure["value"], figure["basis"]) == (pytest.approx(scores.mean()), "pooled")
    assert (figure["ci_low"], figure["ci_high"]) == pytest.approx((low, high))


def test_without_a_variance_the_interval_is_conservative_and_says_so(report):
    """The mean deviation of the items bounds that of their mean, so the interval is wider."""
    items = np.array(SOUTH_AND_WEST, dtype=float)
    scores = items.mean(axis=1)

    figure = cell(report, "South + West")["figures"][ENGAGEMENT]

    half = stats.t.ppf(0.975, 8) * items.std(axis=0).mean() / np.sqrt(8)
    assert figure["value"] == pytest.approx(scores.mean())
    assert figure["ci_high"] - figure["value"] == pytest.approx(half)
    assert figure["basis"] == "conservative"
    assert half > stats.t.ppf(0.975, 8) * stats.sem(scores)


def test_the_pooled_variance_serves_where_it_is_released(release):
    """With a pooled variance a cell of nine has its interval from all cells together."""
    pooled = {"constructs": {"engagement": {"variance": 1.44, "n": 120, "n_cells": 11}}}

    report = wave_report(read_figures({**release, "pooled": pooled}))

    figure = cell(report, "South + West")["figures"][ENGAGEMENT]
    half = stats.t.ppf(0.975, 109) * 1.2 / 3
    assert figure["ci_high"] - figure["value"] == pytest.approx(half)
    assert figure["basis"] == "pooled"


def test_enps_has_the_adjusted_interval(release):
    """Promoters less detractors, in points, with three answers added for the interval."""
    changed = copy.deepcopy(release)
    item = changed["cells"][1]["items"]["recommend_workplace"]
    counts = {str(v): 0 for v in range(11)} | {"10": 3, "8": 3, "2": 4}
    item.clear()
    item.update({"status": "exact", "n": 10, "counts": counts, "sum": 62})

    figure = cell(wave_report(read_figures(changed)), "North")["figures"][ENPS]

    high, low = 3.75 / 13, 4.75 / 13
    half = 1.959964 * np.sqrt((high + low - (high - low) ** 2) / 13)
    assert figure["value"] == pytest.approx(-10)
    assert figure["ci_low"] == pytest.approx(100 * (high - low - half), abs=1e-4)
    assert figure["text"] == "−10"


# Bounds and hidden figures.


def test_a_bounded_figure_shows_its_bound_and_no_interval(report, release):
    """Eleven of twelve agreed: the mean is four and a half or more, and no more is said."""
    figure = cell(report, "=1+1")["figures"][ENGAGEMENT]

    assert (figure["text"], figure["interval"]) == ("4.50 or more", "")
    assert "ci_low" not in figure
    assert "agree" in report["reasons"][figure["why"]]
    assert means(PHONE).sum() / 12 > figure["value"]


def test_a_recommendation_bound_is_the_far_end_of_what_is_possible(report):
    """Promoters at least ten of twelve, detractors at most two: 67 or more."""
    assert cell(report, "=1+1")["figures"][ENPS]["text"] == "67 or more"
    assert cell(report, "=1+1")["figures"][ENPS]["value"] == pytest.approx(100 * 8 / 12)


def test_a_reversed_bound_turns_its_side(report):
    """Nearly nobody had too much work, so turned round nearly all are well off."""
    assert cell(report, "=1+1")["figures"]["item-workload"]["bound"] == "at_least"


def test_a_mean_that_is_known_without_counts_has_no_interval(release):
    """Where only the share is bounded the mean stands, without limits, and says why."""
    changed = copy.deepcopy(release)
    changed["cells"][1]["items"]["manager"] = {
        "status": "clamped", "n": 10, "favourable": {"at_most": 2}, "point_favourable": 1.5,
        "sum": 28, "sum_is": "exact", "point_sum": 28.0,
    }  # fmt: skip

    changed["cells"][1]["constructs"]["manager"] = {
        "status": "clamped", "n": 10, "sum": 28.0, "sum_is": "exact", "point_sum": 28.0,
        "variance": None,
    }  # fmt: skip

    report = wave_report(read_figures(changed))

    figure = cell(report, "North")["figures"]["item-manager"]
    assert (figure["status"], figure["text"], figure["interval"]) == ("bound", "2.80", "")
    assert "only the mean" in report["reasons"][figure["why"]]


def test_a_hidden_figure_says_why(release):
    """An item that too few answered has no figure, no n and a reason."""
    changed = copy.deepcopy(release)
    hidden = {"status": "hidden", "reason": "too_few_answers"}
    changed["cells"][0]["items"]["tools"] = hidden
    changed["cells"][0]["constructs"]["internal_service_quality"] = hidden

    report = wave_report(read_figures(changed))

    figure = cell(report, "South + West")["figures"]["item-tools"]
    assert (figure["status"], figure["text"], figure["n"]) == ("hidden", "hidden", "")
    assert "too few people answered" in report["reasons"][figure["why"]]
    assert "value" not in figure


# Totals and counts.


def test_totals_are_made_of_released_cells_with_bounds_one_quarter_in(report):
    """The bounded team enters with 55.5 points: one quarter from 54 towards 60."""
    sums = [means(pairs).sum() for pairs in (SOUTH_AND_WEST, NORTH, MAIL)]

    company = report["nodes"]["all"]["figures"][ENGAGEMENT]
    care = report["nodes"]["care"]["figures"][ENGAGEMENT]

    assert company["value"] == pytest.approx((sum(sums) + 55.5) / 37)
    assert care["value"] == pytest.approx((sums[2] + 55.5) / 18)
    assert company["basis"] == "conservative"


def test_a_total_of_one_bounded_cell_stays_a_bound(release):
    """A department of one team shows what the team shows, and no value behind its bound."""
    changed = copy.deepcopy(release)
    changed["cells"] = [c for c in changed["cells"] if c["label"] != "Mail"]

    report = wave_report(read_figures(changed))

    assert report["nodes"]["care"]["figures"][ENGAGEMENT]["text"] == "4.50 or more"


@pytest.mark.parametrize(
    ("n", "n_eligible", "text"),
    [
        (12, 12, "10 or more"),
        (11, 12, "10 or more"),
        (10, 12, "10"),
        (5, 40, "5"),
        (5, 5, "3 or more"),
    ],
)
def test_counts_near_the_whole_are_bounds(n, n_eligible, text):
    """Everybody and everybody but one look alike, so that nobody is known to have answered."""
    assert str(shown_count(n, n_eligible=n_eligible)) == text


def test_response_rates_near_the_whole_are_bounds_in_totals_too(report):
    """A total with an exact count would give the bounded team's away by subtraction."""
    phone, mail = cell(report, "=1+1"), cell(report, "Mail")

    assert (phone["n"], phone["response"]) == ("10 or more", "83% or more")
    assert (mail["n"], mail["response"]) == ("6", "38%")
    assert report["nodes"]["care"]["n"] == "16 or more"
    assert report["nodes"]["all"]["response"] == "63% or more"
    assert report["nodes"]["sales"]["response"] == "70%"


def test_a_cell_is_compared_with_all_others_together(report):
    """The difference of two groups without common people, with added variances."""
    north = cell(report, "North")

    gap = north["against_rest"][ENGAGEMENT]

    rest = (means(SOUTH_AND_WEST).sum() + means(MAIL).sum() + 55.5) / 27
    assert gap["value"] == pytest.approx(means(NORTH).mean() - rest)
    assert gap["ci_low"] < gap["value"] < gap["ci_high"]
    assert gap["side"] == ""
    assert cell(report, "=1+1")["against_rest"][ENGAGEMENT] is None


def test_teams_counted_with_outsiders_are_left_out_of_the_subtrees_figure():
    """A department whose only small team is merged across it says how many are elsewhere."""
    nodes = [
        Node(key="all", name="Company", parent=None),
        Node(key="sales", name="Sales", parent="all"),
        Node(key="north", name="North", parent="sales"),
        Node(key="care", name="Care", parent="all"),
        Node(key="phone", name="Phone", parent="care"),
        Node(key="lab", name="Lab", parent="all"),
    ]
    eligible = {"north": 14, "phone": 4, "lab": 9}
    answers = {"north": NORTH, "phone": MAIL[:3], "lab": MAIL}

    report = wave_report(
        read_figures(make_release(nodes=nodes, eligible=eligible, answers=answers))
    )

    care = report["nodes"]["care"]
    (mixed,) = (c for c in report["cells"] if "phone" in c["teams"])
    assert set(mixed["teams"]) > {"phone"}
    assert (care["cells"], care["touching"]) == ([], [mixed["cell"]])
    assert care["n_counted_with_others"] == 1
    assert care["figures"][ENGAGEMENT]["status"] == "hidden"


def test_an_organisation_of_one_team_has_a_total():
    """Without departments the whole is the one cell."""
    nodes = [Node(key="all", name="Company", parent=None)]

    report = wave_report(
        read_figures(make_release(nodes=nodes, eligible={"all": 14}, answers={"all": NORTH}))
    )

    assert report["nodes"]["all"]["figures"][ENGAGEMENT]["value"] == pytest.approx(3.15)


def test_nothing_but_the_release_is_read(release):
    """The same release gives the same document, and the release stays as it was."""
    before = copy.deepcopy(release)

    first, second = (wave_report(read_figures(release)) for _ in range(2))

    assert first == second
    assert release == before


# Trends.


def history(*releases):
    return trend_lines([read_figures(release) for release in releases])


def second(**changes):
    return make_release(wave="pulse-2", title="April", opens_on="2026-04-01", **changes)


def test_a_renamed_team_keeps_its_line(release):
    """Teams are known by their keys; a new name breaks nothing."""
    lines = history(release, second(nodes=renamed(NODES, north="Far North")))

    assert [point["break"] for point in lines["all"][ENGAGEMENT]] == ["", ""]
    assert len(lines["c02"][ENGAGEMENT]) == 2


def test_a_line_breaks_where_other_teams_are_counted(release):
    """With Mail too small to be counted, the company is made of other teams than before."""
    nodes = [node for node in NODES if node.key != "mail"]
    eligible = {"north": 14, "south": 4, "west": 9, "phone": 12}

    lines = history(release, second(nodes=nodes, eligible=eligible))

    assert [point["break"] for point in lines["all"][ENGAGEMENT]] == ["", "teams"]
    assert [point["break"] for point in lines["sales"][ENGAGEMENT]] == ["", ""]


def test_a_cell_has_points_only_where_exactly_its_teams_were_counted(release):
    """South grew and is counted alone: the merged cell's past is not its past."""
    grown = second(eligible={"north": 14, "south": 9, "west": 9, "phone": 12, "mail": 16},
                   answers={"north": NORTH, "south": MAIL, "west": MAIL, "phone": PHONE,
                            "mail": MAIL})  # fmt: skip
    keys = {tuple(c["teams"]): c["cell"] for c in grown["cells"]}

    lines = history(release, grown)

    assert [point["wave"] for point in lines[keys[("south",)]][ENGAGEMENT]] == [1]
    assert [point["wave"] for point in lines[keys[("north",)]][ENGAGEMENT]] == [0, 1]
    assert [point["break"] for point in lines["sales"][ENGAGEMENT]] == ["", ""]


def test_a_wave_without_the_cell_breaks_its_line(release):
    """Counted alone, then merged, then alone again: the two ends are not joined."""
    small = second(eligible={"north": 14, "south": 4, "west": 9, "phone": 12, "mail": 4},
                   answers={"north": NORTH, "west": MAIL, "phone": PHONE, "mail": []})  # fmt: skip
    third = make_release(wave="pulse-3", title="May", opens_on="2026-05-01")
    mail = next(c["cell"] for c in third["cells"] if c["teams"] == ["mail"])

    line = history(release, small, third)[mail][ENGAGEMENT]

    assert [(point["wave"], point["break"]) for point in line] == [(0, ""), (2, "gap")]


def test_another_wording_breaks_the_line(release):
    """An item asked in other words is another item under the same key."""
    changed = second()
    for item in changed["questionnaire"]["items"]:
        if item["key"] == "energy":
            item["text"] = "I like it here."

    lines = history(release, changed)

    assert [point["break"] for point in lines["all"][ENGAGEMENT]] == ["", "asked"]
    assert [point["break"] for point in lines["all"]["construct-manager"]] == ["", ""]
