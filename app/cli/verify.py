"""``headwater verify``: check a wave from outside; `app/verify.py` is the whole tool."""

from __future__ import annotations

import click

from app import verify as verifying


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="ADDRESS [OPTIONS]")
@click.pass_context
def verify(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Check a wave from outside, as anybody can; --help shows the options."""
    context.exit(verifying.main(arguments, name=context.command_path))
