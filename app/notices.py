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
    "account-closed": "The account is closed and signed out everywhere.",
    "account-opened": "The account is open again.",
    "mail-due": "The mail is due again; the next tick tries to send it.",
    "roles-changed": "The roles were changed.",
    "people-imported": "The file was imported.",
    "team-added": "The team was added.",
    "team-renamed": "The team was renamed.",
    "team-moved": "The team was moved.",
    "team-closed": "The team was closed.",
    "touchpoint-added": "The touchpoint was added. Now give it an address.",
    "touchpoint-changed": "The touchpoint was changed.",
    "touchpoint-retired": "The touchpoint was retired.",
    "touchpoint-restored": "The touchpoint is back.",
    "link-added": "The address was added.",
    "link-retired": "The address takes no more answers.",
    "link-restored": "The address takes answers again.",
    "link-updated": "The address asks the newest version from now on.",
    "action-added": "The action is written down. Everybody concerned can read it now.",
    "action-changed": "The changes were saved.",
    "action-moved": "The new status is noted, with the day and your name.",
    "wave-planned": "The wave is planned.",
    "wave-changed": "The plan was saved.",
    "promise-written": "The promise is written. It is fixed once the wave is prepared.",
    "wave-prepared": "The wave is prepared. Now its guardian signs the manifest.",
    "wave-replanned": "What was prepared is void. The plan can be changed again.",
    "wave-opened": "The wave is open. Print the notice for the board and hang it up.",
    "wave-waits": "No more answers are taken. The wave waits for the guardian’s count key.",
    "wave-extended": "The last day was put off, at the collector too.",
    "wave-released": "The wave is closed and its figures are released.",
    "wave-cancelled": "The wave was cancelled.",
    "survey-copied": "The questionnaire was copied. Change it as you like until a wave uses it.",
    "survey-saved": "The questionnaire was saved.",
    "construct-removed": "The construct was removed. Its items stay and are asked as before.",
    "survey-version": "A new version was begun, word for word like the last.",
    "survey-discarded": "The version was deleted.",
    "survey-retired": "The version is no longer offered.",
    "survey-restored": "The version is offered again.",
}
