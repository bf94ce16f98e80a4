"""
Code letters as a PDF.

Run as ``python -m app.formats.letters`` it reads the letters as JSON from standard input
and writes the PDF to standard output, so that codes stand in no file, argument or log and
the web process never loads the typesetter.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typst

TEMPLATE = Path(__file__).with_name("letters.typ")


def render(document: dict[str, Any]) -> bytes:
    """Set letters as `app.printing` describes them, one to a page."""
    pdf: bytes = typst.compile(
        TEMPLATE.read_bytes(),
        format="pdf",
        sys_inputs={"letters": json.dumps(document)},
        ignore_system_fonts=True,
    )
    return pdf


if __name__ == "__main__":
    sys.stdout.buffer.write(render(json.load(sys.stdin.buffer)))
