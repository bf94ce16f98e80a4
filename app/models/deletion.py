"""Deletions whose traces in the files of the database are still to be overwritten."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class DeletedRows(Base):
    """
    A table of which rows were deleted for good and not overwritten yet.

    `token` is another one after each deletion, so that one which happens while the table
    is overwritten is not taken for done.
    """

    __tablename__ = "deleted_rows"

    table_name: Mapped[str] = mapped_column(String(63), primary_key=True)
    token: Mapped[str] = mapped_column(String(16))
