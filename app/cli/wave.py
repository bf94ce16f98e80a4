"""``headwater wave``: the rounds of a pulse, with the collector over HTTP or by file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import click
from sqlalchemy.orm import Session

from app import exchange, handover, printing
from app.cli.promise import pack, promise
from app.cli.work import work
from app.config import Settings
from app.installation import Installation
from app.key_folder import KeyFolder
from app.models import Wave
from app.queries import waves as wave_queries
from app.services import rosters, spare_keys, survey_versions, waves
from app.services.board_notices import board_notice
from app.services.errors import Conflict
from app.services.letters import Letters
from surveys.documents import canonical
from surveys.lifecycle import State

FILE = click.Path(dir_okay=False, path_type=Path)
GIVEN = click.Path(exists=True, dir_okay=False, path_type=Path)
DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def wave() -> None:
    """Plan, prepare, open, extend, close and cancel the waves of a pulse."""


wave.add_command(promise)
wave.add_command(pack)


@wave.command("list")
def list_waves() -> None:
    """List the waves, the latest first."""
    with work() as (session, _):
        for line in wave_queries.list_waves(session):
            click.echo(
                f"{line.id:>4}  {line.state:<9}  {line.opens_on} to {line.closes_on}  {line.title}"
            )


@wave.command()
@click.option("--title", required=True, help="What employees read above the questions.")
@click.option("--survey", type=int, required=True, help="Id of the questionnaire's version.")
@click.option("--opens", type=DAY, help="First day for answers; default today.")
@click.option("--closes", type=DAY, help="Last day for answers; default a week later.")
@click.option("--letters", "rights", flag_value="letters", help="Everybody answers by letter.")
@click.option("--ballots", "rights", flag_value="ballots", default=True, hidden=True)
@click.option("--strict", "profile", flag_value="strict", help="Figures from 8 answers.")
@click.option("--default", "profile", flag_value="default", default=True, hidden=True)
def create(
    title: str,
    survey: int,
    opens: datetime | None,
    closes: datetime | None,
    rights: str,
    profile: str,
) -> None:
    """Plan a wave."""
    with work() as (session, _):
        opens_on = opens.date() if opens else _now().date()
        version = survey_versions.find(session, survey, audiences=frozenset({"employees"}))
        made = waves.create(
            session,
            title=title,
            survey_version=version,
            opens_on=opens_on,
            closes_on=closes.date() if closes else opens_on + timedelta(days=7),
            profile=profile,
            rights=rights,
            now=_now(),
        )
        session.commit()
        click.echo(f"Wave {made.id} is planned: {made.title}.")
        click.echo(f'Then: headwater wave promise {made.id} --contact "WHOM TO ASK"')


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
def groups(wave_id: int) -> None:
    """Show who is counted with whom and how they answer, or would for a draft."""
    with work() as (session, _):
        found = waves.find(session, wave_id)
        lines: Sequence[rosters.PreviewedGroup | wave_queries.GroupLine]
        if found.state is State.DRAFT:
            preview = rosters.preview(
                session, on=_now().date(), k_group=found.k_group, rights=found.rights
            )
            if preview.refusal:
                raise click.ClickException(preview.refusal)
            lines = preview.groups
        else:
            lines = wave_queries.groups_of(found)
        for group in lines:
            teams = f" ({', '.join(group.teams)})" if len(group.teams) > 1 else ""
            click.echo(f"{group.n_eligible:>6}  {group.right:<6}  {group.label}{teams}")


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option("--out", type=FILE, help="Write the plan here instead of sending it.")
def prepare(wave_id: int, out: Path | None) -> None:
    """Freeze groups, rights and keys of a wave, so that its manifest can be signed."""
    with work() as (session, settings), ExitStack() as files:
        plan = files.enter_context(exchange.private_file(out)) if out else None
        earlier = waves.find(session, wave_id).key
        found = _prepare(session, settings, wave_id, out=plan)
        guardian = _guardian_of(found)
    click.echo(f"Wave {wave_id} is prepared.")
    if out is not None:
        if not waves.is_untold(earlier):
            click.echo(f"If the collector has the earlier plan, cancel {earlier} there.")
        click.echo(f"At the collector: headwater-collector prepare {out.name} --out keys.json")
        click.echo(f"Then: headwater wave manifest {wave_id} --keys keys.json --out manifest.json")
    elif guardian:
        click.echo(f"Then: headwater wave manifest {wave_id} --out manifest.json")
    else:
        click.echo(f"Then: headwater wave open {wave_id}{_letters_option(found)}")


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option("--keys", type=GIVEN, help="The collector's reply to a plan that went by file.")
@click.option("--out", type=FILE, required=True, help="Where the manifest goes; new file.")
def manifest(wave_id: int, keys: Path | None, out: Path) -> None:
    """Write the manifest of a prepared wave, for its guardian to sign or anybody to read."""
    with work() as (session, settings), exchange.private_file(out) as file:
        found = waves.find(session, wave_id)
        if keys is not None:
            handover.keep_preparation(
                session, wave_id, keys.read_bytes(), installation=Installation.of(settings)
            )
        if found.manifest is None:
            raise Conflict(
                "This wave has no manifest yet: prepare it first, and where the collector is "
                "reached by file, give its reply with --keys keys.json."
            )
        file.write(found.manifest.encode())
        guardian, by_file = _guardian_of(found), " --out opening.json" if keys else ""
        letters = _letters_option(found)
    click.echo(f"The manifest of wave {wave_id} is in {out}.")
    if guardian:
        click.echo(
            f"{guardian['name']}: headwater guardian sign {out.name} --key guardian-secret.json"
            " --out signed.json"
        )
        click.echo(f"Then: headwater wave open {wave_id} --signed signed.json{letters}{by_file}")
    else:
        click.echo(f"Then: headwater wave open {wave_id}{letters}{by_file}")


@wave.command("open")
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option("--signed", type=GIVEN, help="The manifest as its guardian signed it.")
@click.option("--letters", type=FILE, help="PDF of the code letters, if there are any; new file.")
@click.option("--out", type=FILE, help="Write the opening here instead of sending it.")
def open_wave(wave_id: int, signed: Path | None, letters: Path | None, out: Path | None) -> None:
    """Open a wave; code letters are written once and kept nowhere else."""
    with work() as (session, settings), ExitStack() as files:
        pdf = files.enter_context(exchange.private_file(letters)) if letters else None
        opening = files.enter_context(exchange.private_file(out)) if out else None
        found = waves.find(session, wave_id)
        if signed is not None:
            handover.sign_wave(session, wave_id, signed.read_bytes())
        if out is None and not _waits_for_guardian(found, settings):
            # Nobody has signed anything, so an attempt that broke off is simply made again.
            _prepare(session, settings, wave_id)
        drawn = handover.open_wave(
            session,
            wave_id,
            collector=_collector(settings, by_file=out is not None, out=opening),
            installation=Installation.of(settings),
            now=_now(),
            lay_out=lambda drawn: _write_letters(drawn, pdf),
        )
        if pdf is not None and not drawn.n and letters is not None:
            letters.unlink()
    click.echo(f"Wave {wave_id} is open.")
    if drawn.n:
        click.echo(f"Print {drawn.n} letters from {letters}, then delete it.")
    if out is not None:
        click.echo("Nobody has been told yet. Load the opening at once:")
        click.echo(f"At the collector: headwater-collector load {out.name}")
        click.echo(f"Once it is loaded: headwater wave invite {wave_id}")
    click.echo(f"For the board: headwater wave notice {wave_id} --out notice.pdf")


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
def invite(wave_id: int) -> None:
    """Tell people of a wave that opened by file, once the collector has loaded its opening."""
    with work() as (session, settings):
        n = handover.tell_of_wave(
            session, wave_id, installation=Installation.of(settings), now=_now()
        )
    click.echo(f"Wrote {n} {'mail' if n == 1 else 'mails'}; the worker sends them.")


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option("--out", type=FILE, required=True, help="Where the PDF goes; new file.")
def notice(wave_id: int, out: Path) -> None:
    """Write the notice for the board, with the fingerprint that everybody can compare."""
    # Late on purpose: the typesetter is not needed to open or close a wave.
    render = import_module("app.formats.board_notice").render
    with work() as (session, settings), exchange.private_file(out) as file:
        found = waves.find(session, wave_id)
        written = board_notice(session, found, installation=Installation.of(settings))
        file.write(render(asdict(written)))
    click.echo(f"Print {out} and hang it where everybody passes.")


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.argument("closes", metavar="DAY", type=DAY)
@click.option("--by-file", is_flag=True, help="You tell the collector yourself.")
def extend(wave_id: int, closes: datetime, by_file: bool) -> None:
    """Put off the last day of an open wave."""
    with work() as (session, settings):
        found = handover.extend_wave(
            session,
            wave_id,
            closes_on=closes.date(),
            collector=_collector(settings, by_file=by_file),
            today=_now().date(),
        )
        click.echo(f"Wave {wave_id} takes answers until {found.closes_on}.")
        if by_file:
            click.echo(
                f"At the collector: headwater-collector extend {found.key} {found.closes_on}"
            )


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option("--by-file", is_flag=True, help="End issuing, and write how much was issued.")
@click.option(
    "--out", type=FILE, default="issued.json", show_default=True, help="Where it goes; new file."
)
@click.option(
    "--result", type=GIVEN, help="Release that the collector wrote; without it it is asked."
)
def close(wave_id: int, by_file: bool, out: Path, result: Path | None) -> None:
    """Close a wave and keep its release; can be run again after any interruption."""
    with work() as (session, settings):
        keys = _keys(settings)
        if result is not None:
            digest = handover.take_release(
                session, wave_id, result.read_bytes(), keys=keys, now=_now()
            )
            key = waves.find(session, wave_id).key
            click.echo(f"Wave {wave_id} is released.")
            click.echo(f"At the collector: headwater-collector acknowledge {key} {digest}")
        elif by_file:
            with exchange.private_file(out) as file:
                found = handover.end_issuing(session, wave_id, keys=keys, now=_now())
                file.write(canonical({"issued": waves.issued_of(found)}))
            click.echo(f"Wave {wave_id} gives out no more ballots.")
            if (guardian := _guardian_of(found)) and guardian["holds_count_key"]:
                click.echo(
                    f"{guardian['name']}: headwater guardian open signed.json"
                    " --key guardian-secret.json --out count-key"
                )
            click.echo(
                f"At the collector: headwater-collector close {found.key} --issued {out.name}"
                f"{_count_key_option(found)} --out release.json"
            )
            click.echo(f"Then: headwater wave close {wave_id} --result release.json")
        else:
            collector = exchange.for_settings(settings)
            handover.close_wave(session, wave_id, collector=collector, keys=keys, now=_now())
            click.echo(f"Wave {wave_id} is closed and its figures are released.")


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option("--by-file", is_flag=True, help="You tell the collector yourself.")
def replan(wave_id: int, by_file: bool) -> None:
    """Take a prepared wave back to its plan; what was prepared is void."""
    with work() as (session, settings):
        key = waves.find(session, wave_id).key
        collector = _collector(settings, by_file=by_file)
        handover.replan_wave(session, wave_id, collector=collector, keys=_keys(settings))
        click.echo(f"Wave {wave_id} is a draft again.")
        if by_file:
            click.echo(f"At the collector: headwater-collector cancel {key}")


@wave.command()
@click.argument("wave_id", metavar="WAVE", type=int)
@click.option("--by-file", is_flag=True, help="You tell the collector yourself.")
@click.confirmation_option(prompt="All answers will be destroyed unread. Go on?")
def cancel(wave_id: int, by_file: bool) -> None:
    """Cancel a wave; its answers are destroyed unread."""
    with work() as (session, settings):
        collector = _collector(settings, by_file=by_file)
        found = handover.cancel_wave(
            session, wave_id, collector=collector, keys=_keys(settings), now=_now()
        )
        click.echo(f"Wave {wave_id} is cancelled.")
        if by_file:
            click.echo(f"At the collector: headwater-collector cancel {found.key}")


def _prepare(
    session: Session, settings: Settings, wave_id: int, *, out: BinaryIO | None = None
) -> Wave:
    keys = _keys(settings)
    _stock_up(session, waves.find(session, wave_id), keys)
    return handover.prepare_wave(
        session,
        wave_id,
        collector=_collector(settings, by_file=out is not None, out=out),
        installation=Installation.of(settings),
        keys=keys,
        now=_now(),
    )


def _stock_up(session: Session, wave: Wave, keys: KeyFolder) -> None:
    """Make the keys of a large wave first, in sight; those made stay if this is broken off."""
    stock = spare_keys.stock_of(session, wave, keys=keys, today=_now().date())
    session.rollback()  # making them takes a while
    if not stock.is_enough:
        n_missing = stock.n_needed - stock.n_made
        with click.progressbar(range(n_missing), label="Making keys", file=sys.stderr) as bar:
            for _ in bar:
                keys.make_spare()


def _write_letters(drawn: Letters, pdf: BinaryIO | None) -> None:
    """Write the letters before anything is final; without a file for them nothing is."""
    if not drawn.n:
        return
    if pdf is None:
        raise Conflict(
            f"This wave has {drawn.n} letters to print: say where, with --letters letters.pdf."
        )
    pdf.write(printing.pdf_of(drawn))


def _waits_for_guardian(wave: Wave, settings: Settings) -> bool:
    """Tell whether a guardian signs this wave, by its plan or, before it has one, by settings."""
    if wave.state is State.PREPARED:
        return _guardian_of(wave) is not None
    return bool(settings.guardian_file)


def _guardian_of(wave: Wave) -> dict[str, Any] | None:
    guardian: dict[str, Any] | None = (wave.opening or {}).get("guardian")
    return guardian


def _letters_option(wave: Wave) -> str:
    has_letters = any(group.right == "letter" for group in wave.groups)
    return " --letters letters.pdf" if has_letters else ""


def _count_key_option(wave: Wave) -> str:
    guardian = _guardian_of(wave)
    return " --count-key count-key" if guardian and guardian["holds_count_key"] else ""


def _keys(settings: Settings) -> KeyFolder:
    return KeyFolder(Path(settings.key_folder))


def _collector(
    settings: Settings, *, by_file: bool, out: BinaryIO | None = None
) -> exchange.CollectorClient:
    return exchange.ByFile(out=out) if by_file else exchange.for_settings(settings)


def _now() -> datetime:
    return datetime.now(UTC)
