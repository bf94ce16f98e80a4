"""Alembic's entry: migrate the database of the running settings."""

from alembic import context

from app.config import Settings
from app.database import make_engine
from app.models import Base
from app.models.base import Instant


def render_item(kind, item, autogenerate_context):
    """Write instants as plain database types: migrations must not import the application."""
    return "sa.DateTime(timezone=True)" if isinstance(item, Instant) else False


url = context.config.attributes.get("url") or Settings.from_env().database_url
engine = make_engine(url)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
