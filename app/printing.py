"""Letters on paper: their pictures and their PDF; a code passes through memory only."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import segno

from app.services.letters import GroupLetters, Letters, paragraphs
from surveys import codes

SECONDS = 120
ROOT = Path(__file__).parent.parent


class PrintingFailed(Exception):
    """The typesetter failed; what it said is left out, because it might hold a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedLetter:
    """One letter as a page shows it."""

    label: str
    counted: str
    code: str = field(repr=False)
    address: str = field(repr=False)
    paragraphs: tuple[tuple[str, str], ...]

    @property
    def picture(self) -> str:
        """The address with the code in it, as a data address that an image can show."""
        return str(_qr(self.address).svg_data_uri(border=0, scale=3))

    @property
    def drawing(self) -> str:
        """The same as an SVG document."""
        out = BytesIO()
        _qr(self.address).save(out, kind="svg", border=0)
        return out.getvalue().decode()


def printed(letters: Letters) -> list[PrintedLetter]:
    """Lay out every letter, group by group."""
    return [
        PrintedLetter(
            label=group.label,
            counted=counted(group),
            code=codes.printed(code),
            # What stands behind "#" stays in the browser: no server ever sees it in an address.
            address=f"{letters.address}#code={codes.printed(code)}",
            paragraphs=paragraphs(letters, group),
        )
        for group in letters.groups
        for code in group.codes
    ]


def counted(group: GroupLetters) -> str:
    """Say with how many people the answers of a group are counted."""
    return f"For the group “{group.label}”: {group.n_eligible} people are counted together."


def pdf_of(letters: Letters) -> bytes:
    """Have the letters typeset in a process of its own, which ends and forgets them."""
    run = subprocess.run(
        [sys.executable, "-m", "app.formats.letters"],
        input=json.dumps(_document(letters)).encode(),
        capture_output=True,
        cwd=ROOT,
        timeout=SECONDS,
        check=False,
    )
    if run.returncode != 0:
        raise PrintingFailed("The letters could not be typeset. Print the page instead.")
    return run.stdout


def _document(letters: Letters) -> dict[str, Any]:
    return {
        "title": letters.title,
        "organisation": letters.organisation,
        "language": "en",
        "address": letters.address,
        "foot": "All letters of a group are alike but for the code. Keep yours to yourself.",
        "letters": [
            {
                "counted": letter.counted,
                "code": letter.code,
                "qr": letter.drawing,
                "paragraphs": letter.paragraphs,
            }
            for letter in printed(letters)
        ],
    }


def _qr(address: str) -> segno.QRCode:
    # Any mask can be read; trying all eight for the prettiest takes ten times as long.
    return segno.make_qr(address, error="m", mask=3)
