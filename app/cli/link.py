"""``headwater link``: the linkage for people who only have two files."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from app.cli.outputs import Outputs
from app.cli.progress import Progress
from app.formats.errors import BadInput, BadOption
from app.formats.linkage_options import (
    LinkageOptions,
    SideOptions,
    check_side,
    read_items,
    read_scale,
)

FILE = click.Path(path_type=Path)
EPILOG = """\b
Example, one row per respondent in both files:
  headwater link staff.csv guests.csv --team branch \\
      --engagement energy,proud,-leaving --employee-scale 1:5 \\
      --satisfaction recommend --customer-scale 0:10 --html link.html
\b
Example, one row per team and year, how many answered in the column Responses:
  headwater link trusts.csv trusts.csv --team Code --period Year --team-level \\
      --engagement Engagement --employee-n Responses --satisfaction Mortality
"""


class Refused(click.ClickException):
    """Bad input: one sentence on the error stream, exit code 2, nothing written."""

    exit_code = 2


@click.command("link", epilog=EPILOG)
@click.argument("employees", type=FILE)
@click.argument("customers", type=FILE)
@click.option("--team", metavar="COL", help="Team column, where both files call it the same.")
@click.option("--employee-team", metavar="COL", help="Team column of EMPLOYEES.")
@click.option("--customer-team", metavar="COL", help="Team column of CUSTOMERS.")
@click.option(
    "--crosswalk",
    type=FILE,
    metavar="FILE",
    help="Which employee teams serve which customer teams: columns employee_team, customer_team.",
)
@click.option(
    "--outcomes",
    type=FILE,
    metavar="FILE",
    help="Figures of the linked teams: columns named retention, productivity, revenue, profit, "
    "internal_service_quality, service_value, loyalty.",
)
@click.option(
    "--period",
    metavar="COL",
    help="Period column of both files: whole numbers, 2024-05-31, 2024-05 or 2024-Q2.",
)
@click.option(
    "--engagement",
    required=True,
    metavar="COL[,COL...]",
    help="Items of EMPLOYEES; a leading - reverses one.",
)
@click.option(
    "--satisfaction",
    required=True,
    metavar="COL[,COL...]",
    help="Items of CUSTOMERS; a leading - reverses one.",
)
@click.option("--employee-scale", metavar="LOW:HIGH", help="Scale of the employee items, as 1:5.")
@click.option("--customer-scale", metavar="LOW:HIGH", help="Scale of the customer items, as 0:10.")
@click.option(
    "--customer-metric",
    type=click.Choice(["mean", "nps", "top2"]),
    default="mean",
    show_default=True,
    help="mean; nps: 9-10 counts +100, 0-6 counts -100; top2: share of the two highest points.",
)
@click.option("--team-level", is_flag=True, help="Rows are teams (and periods), not respondents.")
@click.option("--employee-n", metavar="COL", help="With --team-level: employees behind each row.")
@click.option("--customer-n", metavar="COL", help="With --team-level: customers behind each row.")
@click.option(
    "--on-duplicate",
    type=click.Choice(["refuse", "first"]),
    default="refuse",
    show_default=True,
    help="With --team-level: what to do with a team whose rows differ.",
)
@click.option(
    "--min-employees",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Smallest number of employees behind a team (and period).",
)
@click.option(
    "--min-customers",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Smallest number of customers behind a team (and period).",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Start of the random permutations; the same seed gives the same figures.",
)
@click.option("--html", type=FILE, metavar="FILE", help="Write the report as one page.")
@click.option("--json", type=FILE, metavar="FILE", help="Write every figure, unrounded.")
def link(employees: Path, customers: Path, **given: Any) -> None:  # noqa: ANN401 - click's options
    """
    See how the engagement of teams goes together with what their customers say.

    EMPLOYEES and CUSTOMERS are CSV or XLSX files with one row per respondent, or, with
    --team-level, one row per team.  Only team scores are compared; the two files are never
    joined row by row.
    """
    inputs = [
        path
        for path in (employees, customers, given["crosswalk"], given["outcomes"])
        if path is not None
    ]
    progress = Progress()
    try:
        with Outputs(inputs, html=given["html"], json=given["json"]) as outputs:
            options = _options(employees, customers, given)
            # Late on purpose: --help and a wrong option need not wait for the statistics.
            runner = import_module("app.reporting.linkage_run")
            run = runner.link_files(
                options,
                seed=given["seed"],
                wants_page=given["html"] is not None,
                progress=progress,
            )
            progress.clear()
            outputs.write(html=run.html, json=run.json)
    except BadInput as error:
        raise Refused(str(error)) from error
    finally:
        progress.clear()
    click.echo(run.text)
    for path in outputs.written:
        click.echo(f"Wrote {path}.")


def _options(employees: Path, customers: Path, given: dict[str, Any]) -> LinkageOptions:
    """Put the options together, side by side."""
    employee_team, customer_team = _teams(given)
    shared = {
        "period": given["period"],
        "is_team_level": given["team_level"],
        "on_duplicate": given["on_duplicate"],
    }
    employee = SideOptions(
        path=employees,
        team=employee_team,
        items=read_items(given["engagement"], path=employees, option="--engagement"),
        scale=read_scale(given["employee_scale"], option="--employee-scale"),
        n=given["employee_n"],
        minimum=given["min_employees"],
        **shared,
    )
    customer = SideOptions(
        path=customers,
        team=customer_team,
        items=read_items(given["satisfaction"], path=customers, option="--satisfaction"),
        scale=read_scale(given["customer_scale"], option="--customer-scale"),
        metric=given["customer_metric"],
        n=given["customer_n"],
        minimum=given["min_customers"],
        **shared,
    )
    return LinkageOptions(
        employee=check_side(employee, who="employee"),
        customer=check_side(customer, who="customer"),
        crosswalk=given["crosswalk"],
        outcomes=given["outcomes"],
    )


def _teams(given: dict[str, Any]) -> tuple[str, str]:
    """Find the team column of each file."""
    both, one, other = given["team"], given["employee_team"], given["customer_team"]
    if both is not None and one is None and other is None:
        return both, both
    if both is None and one is not None and other is not None:
        return one, other
    raise BadOption(
        "Name the team column: --team COL, or --employee-team COL --customer-team COL."
    )
