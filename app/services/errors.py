"""
Everything the services refuse beside what the survey domain does.

* Refusal
  - NotFound
  - NotAllowed
  - Conflict
    - LastAdministrator
    - AlreadyIssued
  - Unusable
  - SpentLink
  - Throttled
"""

from __future__ import annotations


class Refusal(Exception):
    """Base of every refusal; its message may be shown to the person concerned."""


class NotFound(Refusal):
    """There is no such thing, or it is none of this person's business."""


class NotAllowed(Refusal):
    """A deed this person has no right to."""


class Conflict(Refusal):
    """The deed does not fit what is so at present."""


class LastAdministrator(Conflict):
    """Without this person nobody could administer the installation."""


class AlreadyIssued(Conflict):
    """The person's ballot was signed before, for another blinded value."""


class Unusable(Refusal):
    """What was typed or handed over cannot be used."""


class SpentLink(Refusal):
    """A link that was used, is too old or never was."""


class Throttled(Refusal):
    """Too many tries in too short a time."""
