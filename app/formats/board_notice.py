"""The notice for the board as a PDF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typst

TEMPLATE = Path(__file__).with_name("board_notice.typ")


def render(notice: dict[str, Any]) -> bytes:
    """Set a notice as `app.services.board_notices` describes it: one sheet, or two."""
    pdf: bytes = typst.compile(
        TEMPLATE.read_bytes(),
        format="pdf",
        sys_inputs={"notice": json.dumps(notice)},
        ignore_system_fonts=True,
    )
    return pdf
