"""One look for every chart, and the way from a specification to SVG that a page may hold."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import altair as alt
import vl_convert

# The hexes of static/css/tokens.css; components.css turns them over in the dark.
INK, INK_SOFT, LINE, LINE_STRONG = "#1b2327", "#4c585e", "#d9dcd8", "#7b868b"
SERIES_1, SERIES_2, BAND = "#0b6470", "#b45f14", "#e3f0f1"
FONT = "Liberation Sans, Arial, sans-serif"
FONT_SIZE = 14

_AXIS = {
    "aria": False,
    "tickCount": 6,
    "domainColor": LINE_STRONG,
    "gridColor": LINE,
    "tickColor": LINE_STRONG,
    "labelColor": INK_SOFT,
    "titleColor": INK_SOFT,
    "labelFont": FONT,
    "titleFont": FONT,
    "labelFontSize": FONT_SIZE,
    "titleFontSize": FONT_SIZE,
    "titleFontWeight": "normal",
    "titlePadding": 10,
    "labelPadding": 6,
}
CONFIG: dict[str, Any] = {
    "font": FONT,
    "axis": _AXIS,
    "view": {"stroke": None},
    "text": {"font": FONT, "fontSize": FONT_SIZE, "color": INK},
}
GEOMETRY = {"d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height"}
_SVG = "{http://www.w3.org/2000/svg}"


def draw(chart: alt.LayerChart | alt.FacetChart, *, description: str) -> str:
    """
    Draw a chart as SVG for the inside of a page.

    The drawing has presentation attributes only, no address, no script and no style; every
    mark that has a name carries it for ears (``aria-label``) and for a pointer (``title``).
    """
    return draw_specification(chart.configure(**CONFIG).to_dict(), description=description)


def draw_specification(specification: dict[str, Any], *, description: str) -> str:
    """Draw a chart that has been written as a specification already."""
    text = json.dumps({**specification, "background": None})
    svg = vl_convert.vegalite_to_svg(text, vl_version="6.4")
    return _for_pages(svg, description)


def _for_pages(svg: str, description: str) -> str:
    root = ElementTree.fromstring(svg)  # noqa: S314 - drawn a line ago by ourselves
    for parent in root.iter():
        for child in list(parent):
            if child.tag == f"{_SVG}style":
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        for name in [n for n in element.attrib if n == "style" or n.startswith("{")]:
            del element.attrib[name]
        if element.get("role") == "graphics-symbol" and element.get("aria-label"):
            title = ElementTree.SubElement(element, "title")
            title.text = element.get("aria-label")
        elif element is not root and element.get("role") == "graphics-object":
            # Groups of marks have no name of their own worth hearing.
            for name in ("role", "aria-roledescription", "aria-label"):
                element.attrib.pop(name, None)
    root.attrib.pop("class", None)
    root.set("role", "graphics-document")
    root.set("aria-label", description)
    root.set("font-family", FONT)
    for element in root.iter():
        for name in GEOMETRY & element.attrib.keys():
            element.set(name, re.sub(r"(\d\.\d\d)\d+", r"\1", element.attrib[name]))
    return ElementTree.tostring(root, encoding="unicode")
