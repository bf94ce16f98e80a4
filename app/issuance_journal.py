"""
The issuance journal: who has taken a ballot, kept beside the key and not in the database.

A database may be restored from a backup that does not know of the latest ballots.  The
journal lies with the keys, which are in no backup, so it knows as long as anybody can
sign at all.  It holds no time, and its lines are sorted, so it tells no order either; each
new version is written elsewhere, and the bytes of the one before are overwritten.
"""

from __future__ import annotations

from pathlib import Path

from app import durable_files


class IssuanceJournal:
    """The journal of one counting group: each person's hash of the blinded value signed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[int, str]:
        """List who has taken a ballot, with the SHA-256 of the blinded value."""
        try:
            lines = self._path.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return {}
        return {int(person): digest for person, digest in map(str.split, lines)}

    def note(self, person_id: int, blinded_sha256: str) -> str:
        """
        Note a person's blinded value and return the one that counts: the first noted.

        What is returned is on the disk.
        """
        with durable_files.locked(self._path.parent):
            noted = self.read()
            if person_id in noted:
                return noted[person_id]
            noted[person_id] = blinded_sha256
            lines = (f"{person} {digest}\n" for person, digest in sorted(noted.items()))
            durable_files.supersede(self._path, "".join(lines).encode("ascii"))
            return blinded_sha256
