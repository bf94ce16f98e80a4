"""E-mail addresses as people type them."""

from __future__ import annotations

from app.formats.addresses import normal_address
from app.services.errors import Unusable


def read_address(text: str) -> str:
    """Read a typed address into the form it is kept in, or refuse it."""
    address = normal_address(text)
    if address is None:
        raise Unusable("Write the address like name@example.org.")
    return address
