"""What a command needs to work on the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.orm import Session

from app.config import Settings
from app.database import make_engine
from app.printing import PrintingFailed
from app.services.errors import Refusal
from surveys.errors import SurveyError


@contextmanager
def work() -> Iterator[tuple[Session, Settings]]:
    """Give a session and the settings; a refusal becomes one sentence and exit code 1."""
    settings = Settings.from_env()
    engine = make_engine(settings.database_url)
    try:
        with Session(engine) as session:
            yield session, settings
    except (Refusal, SurveyError, PrintingFailed) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    finally:
        engine.dispose()
