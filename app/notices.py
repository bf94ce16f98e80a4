"""
Sentences that a page may open with after a deed, by code.

A view that has done something redirects with ``notice=code``; the sentence is looked up
here, so that nobody can put words into a page through its address, and no cookie is needed.
"""

from __future__ import annotations

NOTICES = {
    "signed-out": "You are signed out.",
    "signed-out-everywhere": "You are signed out on every device.",
    "sign-in-ended": "That device is signed out.",
    "password-changed": "Your password is changed. Other devices are signed out.",
    "password-set": "Your password is set. Sign in with it.",
    "person-added": "The person was added.",
    "person-changed": "The changes were saved.",
    "person-ended": "The person has left; their account is closed.",
    "person-moved": "The person was moved.",
    "invitation-sent": "The invitation is in the outbox.",
    "roles-changed": "The roles were changed.",
    "people-imported": "The file was imported.",
    "team-added": "The team was added.",
    "team-renamed": "The team was renamed.",
    "team-moved": "The team was moved.",
    "team-closed": "The team was closed.",
}
