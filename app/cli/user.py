"""``headwater user``: accounts from the command line, the first one above all."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from sqlalchemy.orm import Session

from app.cli.running import work
from app.config import Settings
from app.models import Person
from app.services import accounts, people, roles
from app.services.accounts import Door
from app.services.errors import NotFound


@click.group()
def user() -> None:
    """Make and help accounts."""


@user.command("create-admin")
@click.argument("email")
@click.option("--name", prompt=True, help="Name of the administrator.")
@click.option("--link", is_flag=True, help="Print a link to set the password; do not ask for one.")
def create_admin(email: str, name: str, link: bool) -> None:
    """Make EMAIL an administrator, with an account if there is none yet."""
    password = "" if link else _ask_for_password()
    with work() as (session, settings):
        person = people.find_by_email(session, email)
        if person is None:
            today = datetime.now(UTC).date()
            person = people.add_person(session, name=name, email=email, team=None, on=today)
        roles.grant(session, person, "administrator")
        roles.open_account(person)
        if not link:
            accounts.set_first_password(session, person, password)
        url = _link(session, person, settings) if link else settings.public_url
        session.commit()
        click.echo(f"{person.name} is an administrator.")
        click.echo(f"Set the password within 30 minutes: {url}" if link else f"Sign in at {url}.")


@user.command("link")
@click.argument("email")
def print_link(email: str) -> None:
    """Print a link with which EMAIL can set a new password, once, within 30 minutes."""
    with work() as (session, settings):
        person = people.find_by_email(session, email)
        if person is None:
            raise NotFound(f"Nobody has the address {email}.")
        url = _link(session, person, settings)
        session.commit()
        click.echo(url)


def _ask_for_password() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _link(session: Session, person: Person, settings: Settings) -> str:
    door = Door(
        secret=settings.secret_key,
        public_url=settings.public_url,
        organisation=settings.organisation,
    )
    return accounts.new_password_link(session, person, door=door, now=datetime.now(UTC))
