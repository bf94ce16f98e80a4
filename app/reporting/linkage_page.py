"""The linkage report of two files as one page that needs nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis import LinkageResult, ServiceProfitChain
from app.reporting.drawings import with_drawings
from app.reporting.linkage import linkage_document
from app.reporting.stations import stations_part

ROOT = Path(__file__).parent.parent.parent
SCREEN = ("tokens.css", "base.css", "components.css")


def linkage_page(
    result: LinkageResult, *, sources: dict[str, Any], chain: ServiceProfitChain | None = None
) -> str:
    """Write the page: style and drawings inside, no script and no address."""
    document = with_drawings(linkage_document(result, sources=sources))
    if chain is not None:
        document["stations"] = stations_part(chain)
    return (
        _templates()
        .get_template("linkage/page.html")
        .render(report=document, styles=_styles(*SCREEN), print_styles=_styles("print.css"))
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _styles(*names: str) -> Markup:
    """Take the project's own style sheets into the page."""
    text = "\n".join((ROOT / "static" / "css" / name).read_text("utf-8") for name in names)
    return Markup(text)  # noqa: S704 - our own files, no user's words
