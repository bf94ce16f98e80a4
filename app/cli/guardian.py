"""``headwater guardian``: for the works council or data protection officer, on their machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import click

from app.guardian import checks, counts, keys, signing
from app.guardian.checks import Finding, Known
from app.guardian.keys import Guardian
from app.verify import Collector, NoAnswer, read_address
from surveys.documents import canonical
from surveys.errors import SurveyError
from surveys.manifests import manifest_sha256, words
from surveys.openings import parsed

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
KEY = click.option("--key", "key_file", type=FILE, required=True, help="Your secret file.")
PREVIOUS = click.option("--previous", type=FILE, help="Manifest of the wave before, as a file.")
ROSTER = click.option("--roster", type=int, metavar="N", help="How many people work here.")


@click.group()
def guardian() -> None:
    """Sign what a wave promises, and count at its end; needs no access to Headwater."""


@guardian.command()
@click.option("--name", required=True, help='As people know you: "Works council".')
@click.option("--hold-count-key", is_flag=True, help="Nobody reads answers before you allow it.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True,
    help="Folder for the two files, on a disk of your own.",
)  # fmt: skip
@click.option("--no-passphrase", is_flag=True, help="Leave the secret file readable.")
def init(name: str, hold_count_key: bool, out: Path, no_passphrase: bool) -> None:
    """Make your keys: a secret file for you, a public one for the administrator."""
    with _one_sentence():
        taken = [out / n for n in (keys.SECRET_FILE, keys.PUBLIC_FILE) if (out / n).exists()]
        if taken:
            raise click.ClickException(f"{taken[0]} is there already; choose another folder.")
        passphrase = None if no_passphrase else _new_passphrase()
        own = keys.new_guardian(name, holds_count_key=hold_count_key)
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = keys.lock(own, passphrase=passphrase)
        keys.write_new(out / keys.SECRET_FILE, secret, mode=0o600)
        keys.write_new(out / keys.PUBLIC_FILE, canonical(own.public()), mode=0o644)
    if no_passphrase:
        click.echo("Warning: whoever gets at the secret file can sign in your name.", err=True)
    click.echo(f"Keep to yourself, twice, apart:   {out / keys.SECRET_FILE}")
    click.echo(f"Give to the administrator:        {out / keys.PUBLIC_FILE}")
    click.echo(f"Your key in words, for everybody: {keys.words_of(own.public())}")


@guardian.command()
@click.argument("manifest", type=FILE)
@click.option("--public", type=FILE, help="Your public file, guardian.json.")
@PREVIOUS
@ROSTER
def check(manifest: Path, public: Path | None, previous: Path | None, roster: int | None) -> None:
    """Look at a manifest as you should before you sign it."""
    with _one_sentence():
        text, _ = signing.text_of(manifest.read_bytes())
        own = keys.read_public(public) if public else None
        signed = signing.read_signed(public.parent) if public else []
        known = _known(own, signed=signed, previous=previous, roster=roster)
        found = checks.check(text, known)
    _show(found, text)
    _stop_at_problems(found, "Clear this up before anybody signs it.")


@guardian.command()
@click.argument("manifest", type=FILE)
@KEY
@click.option("--out", type=NEW_FILE, required=True, help="New file for the administrator.")
@PREVIOUS
@ROSTER
@click.option("--yes", is_flag=True, help="Sign without asking, if nothing stands against it.")
def sign(
    manifest: Path, key_file: Path, out: Path, previous: Path | None, roster: int | None, yes: bool
) -> None:
    """Check a manifest, show it, and sign it."""
    with _one_sentence():
        if out.exists():
            raise click.ClickException(f"{out} is there already; name a new file.")
        own = _unlock(key_file)
        text, _ = signing.text_of(manifest.read_bytes())
        signed = signing.read_signed(key_file.parent)
        known = _known(own.public(), signed=signed, previous=previous, roster=roster)
        found = checks.check(text, known)
        if not checks.has_problem(found):
            text = signing.fill_count_key(text, own)
            found = checks.check(text, known)
        _show(found, text)
        _stop_at_problems(found, "Nothing was signed.")
        if signing.signed_otherwise(text, signed):
            click.echo("You have signed ANOTHER manifest of this wave before.", err=True)
            # Two manifests of one wave are how somebody would be singled out, so no --yes here.
            click.confirm("Do you know why there is a second one, and sign it too?", abort=True)
        elif not yes:
            click.confirm("Sign?", abort=True)
        signing.note_signed(key_file.parent, text)
        keys.write_new(out, signing.signed_document(text, own), mode=0o644)
    click.echo(f"Signed. Give {out} to the administrator, and post its words where all see them:")
    click.echo(" ".join(words(manifest_sha256(text))))


@guardian.command("open")
@click.argument("wave", metavar="ADDRESS|SIGNED")
@KEY
@click.option("--out", type=NEW_FILE, help="Write the count key here instead of sending it.")
@click.option("--closed", type=FILE, help="Closed list as a file, where nothing is fetched.")
@click.option("--yes", is_flag=True, help="Send the count key without asking, once it is time.")
def open_wave(wave: str, key_file: Path, out: Path | None, closed: Path | None, yes: bool) -> None:
    """
    At the end of a wave: hand over the count key, then check the counts.

    ADDRESS is that of the wave at the collector, https://…/w/WAVE; SIGNED is the file you
    gave the administrator, where documents travel by file.
    """
    with _one_sentence():
        own = _unlock(key_file)
        collector = None
        if "://" in wave:
            origin, name, _ = read_address(wave)
            if not name:
                raise click.ClickException("Give the address that ends like /w/WAVE.")
            collector = Collector(origin)
            content = counts.fetch_manifest(collector, name)
        else:
            name, content = "", Path(wave).read_bytes()
        text, signature = signing.text_of(content)
        counts.require_own(text, signature, own, wave=name)
        if closed is not None:
            _show_counts(parsed(closed.read_bytes()), text, own)
        elif collector is None:
            _write_key(text, own, out=out, yes=yes)
        else:
            _go_on(collector, name, text, own, out=out, yes=yes)


def _go_on(
    collector: Collector, wave: str, text: str, own: Guardian, *, out: Path | None, yes: bool
) -> None:
    """Do what the stage of a wave asks for."""
    stage = counts.stage_of(collector, wave)
    if stage.name == "running":
        click.echo(f"The wave is not over, so nothing was sent. {stage.reason}".strip())
        return
    if stage.name == "waiting":
        click.echo("The collector takes no more answers and waits for your count key.")
        if out is not None:
            _write_key(text, own, out=out, yes=yes)
            return
        key = counts.count_key(text, own)
        _ask_for_key(text, yes=yes)
        counts.send_count_key(collector, wave, key)
        click.echo("The collector has the key.")
        stage = counts.stage_of(collector, wave)
    if stage.closed is None:
        click.echo("It has not counted yet; ask again in a while.")
    else:
        _show_counts(stage.closed, text, own)


def _write_key(text: str, own: Guardian, *, out: Path | None, yes: bool) -> None:
    key = counts.count_key(text, own)
    if out is None:
        raise click.ClickException("Say where the count key goes, with --out, or give --closed.")
    _ask_for_key(text, yes=yes)
    keys.write_new(out, f"{key}\n".encode(), mode=0o600)
    wave = json.loads(text)["wave"]
    click.echo(f"At the collector: headwater-collector close {wave} --count-key {out.name} …")


def _ask_for_key(text: str, *, yes: bool) -> None:
    closes_on = date.fromisoformat(json.loads(text)["closes_on"])
    if _today() <= closes_on:
        click.echo(f"Its last day was to be {closes_on}, which is not over.", err=True)
        # An early key lets answers be read while they come, so no --yes here.
        click.confirm("Was the wave closed early, and do you know why?", abort=True)
    elif not yes:
        click.confirm("With the key the answers can be read. Hand it over?", abort=True)


def _show_counts(closed: dict[str, object], text: str, own: Guardian) -> None:
    groups = counts.read_counts(closed, text, own)
    click.echo("The closed list is signed and belongs to the manifest you signed.")
    found = counts.judge_counts(groups, text)
    _echo(found)
    _stop_at_problems(found, "The counts cannot be; ask how they came about.")
    click.echo("Keep these counts to yourself: in a small group they tell who answered.")


def _known(
    public: dict[str, object] | None, *, signed: Sequence[dict[str, str]], previous: Path | None,
    roster: int | None,
) -> Known:  # fmt: skip
    before = signing.text_of(previous.read_bytes())[0] if previous else None
    return Known(
        today=_today(), public=public, previous=before, n_people=roster, signed=tuple(signed)
    )


def _show(found: Sequence[Finding], text: str) -> None:
    _echo(found)
    if not checks.has_problem(found):
        click.echo("\nThe counting groups:")
        for label, n, right in checks.groups_of(text):
            click.echo(f"{n:>6}  {right:<6}  {_plain(label)}")


def _echo(found: Sequence[Finding]) -> None:
    for finding in found:
        click.echo(f"{finding.mark:<8} {_plain(finding.text)}")


def _stop_at_problems(found: Sequence[Finding], sentence: str) -> None:
    if checks.has_problem(found):
        raise click.ClickException(sentence)


def _unlock(key_file: Path) -> Guardian:
    content = key_file.read_bytes()
    passphrase = None
    if keys.needs_passphrase(content):
        passphrase = click.prompt("Passphrase", hide_input=True, err=True)
    return keys.unlock(content, passphrase=passphrase)


def _new_passphrase() -> str:
    passphrase: str = click.prompt(
        f"Passphrase, {keys.LEAST_PASSPHRASE} characters or more",
        hide_input=True, confirmation_prompt="The same again", err=True,
    )  # fmt: skip
    if len(passphrase) < keys.LEAST_PASSPHRASE:
        raise click.ClickException(
            f"Choose a passphrase of {keys.LEAST_PASSPHRASE} characters or more."
        )
    return passphrase


def _plain(text: str) -> str:
    """Leave out control characters, which a document could bring along."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _today() -> date:
    return datetime.now(UTC).date()


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Turn whatever is refused into one sentence and exit code 1."""
    try:
        yield
    except (SurveyError, NoAnswer, keys.Locked) as refusal:
        raise click.ClickException(_plain(str(refusal))) from refusal
    except OSError as error:
        reason = error.strerror or "the disk refused"
        raise click.ClickException(f"{error.filename} cannot be used ({reason}).") from error
