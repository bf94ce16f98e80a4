"""What commands share: settings, a session, and refusals as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session, sessionmaker

from app.config import Settings
from app.database import make_engine
from app.formats.errors import BadInput
from app.migrating import is_migrated
from app.services.errors import Refusal
from surveys.errors import SurveyError


class Unusable(click.ClickException):
    """What was handed over cannot be used."""

    exit_code = 2


@contextmanager
def database(settings: Settings) -> Iterator[sessionmaker[Session]]:
    """Give a maker of sessions; refusals become one sentence, with exit code 1 (2 for input)."""
    engine = make_engine(settings.database_url)
    try:
        yield sessionmaker(engine)
    except BadInput as error:
        raise Unusable(str(error)) from error
    except (Refusal, SurveyError) as error:
        raise click.ClickException(str(error)) from error
    except (OperationalError, ProgrammingError) as error:
        reason = str(error.orig).partition("\n")[0]
        raise click.ClickException(
            f"The database cannot be used ({reason}). Is HEADWATER_DATABASE_URL right, and"
            " was `headwater migrate` run?"
        ) from error
    finally:
        engine.dispose()


@contextmanager
def work() -> Iterator[tuple[Session, Settings]]:
    """Give a session and the settings of the environment."""
    settings = Settings.from_env()
    with database(settings) as sessions, sessions() as session:
        yield session, settings


def check_schema(sessions: sessionmaker[Session]) -> None:
    """Stop with one sentence where the database has not the newest schema."""
    with sessions() as session:
        if not is_migrated(session):
            raise click.ClickException("The database is not up to date: run `headwater migrate`.")
