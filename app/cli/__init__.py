"""``headwater NOUN VERB``: each noun is loaded only when it is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from app.durable_files import forbid_core_dumps
from app.version import VERSION

# One line per noun: where its command stands.
COMMANDS: dict[str, str] = {
    "demo": "app.cli.demo:demo",
    "doctor": "app.cli.doctor:doctor",
    "guardian": "app.cli.guardian:guardian",
    "link": "app.cli.link:link",
    "migrate": "app.cli.migrate:migrate",
    "organisation": "app.cli.organisation:organisation",
    "report": "app.cli.report:report",
    "retention": "app.cli.retention:retention_group",
    "serve": "app.cli.serve:serve",
    "tick": "app.cli.tick:tick",
    "user": "app.cli.user:user",
    "verify": "app.cli.verify:verify",
    "wave": "app.cli.wave:wave",
    "worker": "app.cli.tick:worker",
}


class NounGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the nouns."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one noun's command."""
        if cmd_name not in COMMANDS:
            return None
        # Late on purpose: linking two files must not load the web, nor the web the statistics.
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=NounGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=None, version=VERSION, prog_name="headwater")
def main() -> None:
    """Ask employees and customers, and see how the two go together."""
    forbid_core_dumps()  # keys that sign ballots, and a guardian's, pass through here
