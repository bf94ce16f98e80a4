"""The benchmarks run; their figures are for people, and no test looks at the clock."""

import pytest

from benchmarks import __main__ as table
from benchmarks import (
    client,
    closing,
    collector_load,
    components,
    customer_load,
    link,
    linkage,
    memory,
    organisation,
    pages,
    releases,
    roll_up,
    signing,
    utility,
)

LOAD = customer_load.Load(
    clients=16,
    submits_per_second=601.4,
    cpu_per_submit=0.0018,
    post_p50=0.01,
    post_p99=0.0904,
    get_p50=0.005,
    lost=0,
)


COST = utility.Cost(
    teams=0.6,
    people=0.8,
    covered=1.0,
    item_error=0.0139,
    construct_error=0.03,
    bias=0.001,
    r_exact=0.423,
    r_released=0.422,
)


def test_small_sizes_run():
    """A small wave is released, and few answers are added up."""
    seconds, size = releases.measure(200)
    assert seconds > 0
    assert size > 10_000

    longest, elapsed, n_rows = roll_up.measure(50)
    assert 0 < longest <= elapsed
    assert n_rows > 0


def test_a_small_linkage_is_reported_and_drawn():
    """A report over 24 periods and the draws of its teams are made and timed."""
    assert linkage.report(15) > 0
    assert linkage.draws(15) > 0


def test_answers_become_moments_and_components():
    """What is timed succeeds, with as many answers in as many teams as the figure says."""
    counted, fitted, shrunk = components.measure(1)

    assert min(counted, fitted, shrunk) > 0


def test_ballots_are_signed_issued_and_verified():
    """What is timed succeeds: every request to the application brings a signature."""
    signed, verified = signing.measure(0.05)

    assert min(signed, verified, signing.issued(9)) > 0


@pytest.mark.long
def test_a_small_load_of_ballots_loses_nothing():
    """Every answer that a real collector acknowledged is found in its file."""
    (run,) = collector_load.measure([2], seconds=0.2, stored=40)

    assert run.submits_per_second > 0
    assert run.lost == 0


def test_a_small_wave_of_ballots_is_closed():
    """All answers that were laid in are opened and counted."""
    seconds, size = closing.measure(200)

    assert seconds > 0
    assert size > 10_000


def test_the_client_is_weighed(tmp_path):
    """The code to trust is a part of all scripts, and those are a part of the page."""
    own = organisation.found(tmp_path, people=9)

    weight = client.weigh(own)

    assert 0 < weight.core < weight.scripts < weight.bundle


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.long  # tests/browser/ goes the same way, in every run
def test_the_way_through_a_browser_ends_with_a_receipt(chromium, tmp_path):
    """What is timed succeeds: a real browser takes a ballot and hands answers in."""
    own = organisation.found(tmp_path, people=9)

    assert client.milliseconds(chromium, own, times=1) > 0


def test_released_figures_lie_near_the_exact_ones():
    """In three organisations everybody is counted, and what is shown is what was answered."""
    cost = utility.measure(3)["default"]

    assert cost.covered == 1
    assert 0 < cost.item_error < 0.03
    assert abs(cost.bias) < 0.02
    assert cost.r_released != cost.r_exact
    assert abs(cost.r_released - cost.r_exact) < 0.05


def test_a_release_is_measured_in_a_process_of_its_own():
    """Its peak of memory is that of the release and of nothing that ran before."""
    seconds, size, peak = releases.measured_apart(200)

    assert seconds > 0
    assert size > 10_000
    assert 10 < peak < 500


def test_one_table_sets_each_figure_beside_its_aim(monkeypatch, capsys):
    """The table names what was measured, the figure and the aim, one line each."""
    page = {"page": "HR: a wave", "median": 40.0, "p95": 60.0}
    monkeypatch.setattr(link, "measure", lambda times: (2.4, "the NHS file"))
    monkeypatch.setattr(linkage, "measured_apart", lambda n_teams: (3.31, 212.0))
    monkeypatch.setattr(linkage, "draws", lambda n_teams: 0.204)
    monkeypatch.setattr(components, "measure", lambda times: (0.214, 0.0304, 0.04))
    monkeypatch.setattr(releases, "measured_apart", lambda n: (1.5, 1, 165.0))
    monkeypatch.setattr(utility, "measure", lambda n: {"default": COST})
    monkeypatch.setattr(roll_up, "measure", lambda n: (0.1, 9.0, 1))
    monkeypatch.setattr(pages, "measured_apart", lambda url, times: [page])
    monkeypatch.setattr(memory, "measure", lambda url: (96.0, 74.0))
    monkeypatch.setattr(signing, "measure", lambda seconds: (140.2, 5200.0))
    monkeypatch.setattr(signing, "issued", lambda people: 61.7)
    weight = client.Sizes(core=7_887, scripts=45_757, bundle=122_344)
    monkeypatch.setattr(client, "measure", lambda times: (weight, 812.3))
    monkeypatch.setattr(closing, "measure", lambda n: (6.54, 1))
    for door in (customer_load, collector_load):
        monkeypatch.setattr(door, "measure", lambda clients, **options: [LOAD])

    table.main(["--url", "sqlite://"])

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "what figure aim"
    assert "headwater link on the NHS file 2.40 s 3 s" in lines
    assert "linkage of 2,000 teams, 24 periods 3.31 s, 212 MB 5 s, 500 MB" in lines
    assert "2,000 teams drawn 2,000 times 0.20 s 1 s" in lines
    assert "variance components (REML) from these 30 ms 50 ms" in lines
    assert "release of a wave, 100,000 answers 1.50 s, 165 MB 15 s, 500 MB" in lines
    assert "default: mean error of a team's item 0.0139 0.02 by default" in lines
    assert "page of HR: a wave, median / 95th percentile 40.0 / 60.0 ms 150 ms" in lines
    assert "memory of one web worker, RSS / PSS 96 / 74 MB 100 MB" in lines
    assert "customer link, 16 clients: server CPU per submit 1.80 ms 2 ms" in lines
    assert "ballots issued by the application, one core 62/s 60/s on two" in lines
    assert "ballots verified, one core 5200/s" in lines
    assert "ballot.js 7,887 bytes under 8,192 bytes" in lines
    assert "in Chromium, from page to receipt 812 ms" in lines
    assert "collector with 10,000 answers, 16 clients: submits 601/s 300/s" in lines
    assert "close of 10,000 ballots 6.54 s 10 s" in lines


def test_the_generated_file_has_the_shape_of_the_real_one(tmp_path):
    """Where the NHS file is not at hand, one of as many teams and years stands in."""
    link.generate(tmp_path / "made.csv")

    head, *rows = (tmp_path / "made.csv").read_text().splitlines()
    assert head == "Code,Year.Index,SHMI.Index,Engagement.Index"
    assert len(rows) == link.TEAMS * len(link.YEARS)
