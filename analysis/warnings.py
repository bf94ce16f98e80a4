"""Warnings that a linkage report raises by itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkageWarning:
    """
    Something a reader must know before believing a figure.

    Attributes
    ----------
    code : str
        Stable, for programs.
    text : str
        Plain sentences, for people.
    """

    code: str
    text: str
