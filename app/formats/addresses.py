"""E-mail addresses: which ones can be written to, and how they are kept."""

from __future__ import annotations

import re

LONGEST = 254
# Stricter than the standard: no quoting, no comments, nothing that could break a header or
# be taken for a formula by a spreadsheet program.
_ADDRESS = re.compile(
    r"[a-z0-9_][a-z0-9.!#$%&'*/=?^_`{|}~+-]{0,63}"
    r"@(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)


def normal_address(text: str) -> str | None:
    """Give an address in the form it is kept in, or None if it is not one."""
    address = text.strip().casefold()
    if len(address) > LONGEST or not _ADDRESS.fullmatch(address):
        return None
    return address
