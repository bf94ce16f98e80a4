"""E-mail addresses: which ones can be written to, and how they are kept."""

from __future__ import annotations

import re

from app.services.errors import Unusable

LONGEST = 254
# Stricter than the standard: no quoting, no comments, nothing that could break a header.
_ADDRESS = re.compile(
    r"[a-z0-9][a-z0-9.!#$%&'*/=?^_`{|}~+-]{0,63}"
    r"@(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)


def read_address(text: str) -> str:
    """Read a typed address into the form it is kept in, or refuse it."""
    address = text.strip().casefold()
    if len(address) > LONGEST or not _ADDRESS.fullmatch(address):
        raise Unusable("Write the address like name@example.org.")
    return address
