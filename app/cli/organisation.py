"""``headwater organisation``: teams and people from other systems' files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli.running import work
from app.formats.errors import BadFile
from app.formats.rosters import read_roster
from app.services import organisation_import
from app.services.organisation_import import Plan


@click.group()
def organisation() -> None:
    """Bring in teams and people."""


@organisation.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do it without asking.")
def import_roster(file: Path, yes: bool) -> None:
    """Import the roster FILE (CSV or XLSX): who joins, moves and leaves; all of it or nothing."""
    with work() as (session, _):
        roster = read_roster(file)
        plan = organisation_import.plan_import(session, roster.rows)
        errors = (*roster.errors, *plan.errors)
        if errors:
            for sentence in errors:
                click.echo(sentence, err=True)
            raise BadFile(f"Nothing was written: correct {file.name} and import it again.")
        _show(plan)
        if plan.is_empty:
            return
        if not yes:
            click.confirm("Do all of this?", abort=True)
        organisation_import.carry_out(session, plan, on=datetime.now(UTC).date())
        session.commit()
        click.echo("Imported.")


def _show(plan: Plan) -> None:
    """Say what a plan would do, one line per person and team."""
    for path in plan.new_teams:
        click.echo(f"new team  {path}")
    for joining in plan.joining:
        word = "back    " if joining.comes_back else "joins   "
        click.echo(f"{word}  {joining.row.name} <{joining.row.email}>, {joining.row.path}")
    for moving in plan.moving:
        before = moving.team_before or "no team"
        click.echo(
            f"moves     {moving.row.name} <{moving.row.email}>, {before} to {moving.row.path}"
        )
    for row in plan.changing:
        click.echo(f"changes   {row.name} <{row.email}>")
    for leaving in plan.leaving:
        click.echo(f"leaves    {leaving.name} <{leaving.email}>, {leaving.team}")
    click.echo(
        f"{len(plan.new_teams)} new teams, {len(plan.joining)} join, {len(plan.moving)} move,"
        f" {len(plan.leaving)} leave, {len(plan.changing)} change, {plan.n_unchanged} stay as"
        " they are."
    )
