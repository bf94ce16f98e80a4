"""Drawings of a stored report, as templates may print them."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

# What a drawing of ours never holds: anything that runs, styles or fetches.
_FORBIDDEN = re.compile(r"<script|<style|<foreignobject|\son\w+\s*=|\sstyle\s*=|href\s*=", re.I)


def with_drawings(document: Any) -> Any:  # noqa: ANN401 - a JSON document of any shape
    """Copy a report document with every text under the key ``svg`` marked as a drawing."""
    if isinstance(document, dict):
        return {
            key: _drawing(value)
            if key == "svg" and isinstance(value, str)
            else with_drawings(value)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [with_drawings(value) for value in document]
    return document


def _drawing(svg: str) -> Markup:
    # Names inside a drawing are escaped where it is drawn; a ">" in a name is not.
    tags = " ".join(re.findall(r"<[^>]*>", svg))
    if not svg.startswith("<svg ") or not svg.endswith("</svg>") or _FORBIDDEN.search(_bare(tags)):
        raise ValueError("A stored drawing holds more than a drawing.")
    return Markup(svg)  # noqa: S704 - drawn by app.charts and checked above


def _bare(tags: str) -> str:
    """Blank the attribute values, where team names stand."""
    return re.sub(r'"[^"]*"', '""', tags)
