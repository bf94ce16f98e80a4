"""
Everything that can be wrong with what a person handed over.

* BadInput
  - BadFile
  - BadOption
"""

from __future__ import annotations


class BadInput(Exception):
    """Base of every refusal; its message is one sentence that says what to do."""


class BadFile(BadInput):
    """A file cannot be read, or holds something that cannot be used."""


class BadOption(BadInput):
    """What was asked for does not fit together."""
