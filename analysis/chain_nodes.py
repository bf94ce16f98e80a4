"""The service-profit chain as declared: stations, links, and what others published on them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from analysis.summary import fixed

EMPLOYEES, CUSTOMERS, RECORDS = "employees", "customers", "records"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainNode:
    """
    One station of the chain.

    Attributes
    ----------
    name : str
        Stable, for programs.
    label : str
        For people.
    source : str
        Whose answers it usually is: ``employees``, ``customers``, or ``records``.
    """

    name: str
    label: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFigure:
    """
    A figure of other organisations; it is shown beside a link and enters no product.

    Attributes
    ----------
    start, end : str
        Nodes of the link.
    cite : str
    words : str
        What was related to what, and how the figure was made.
    value : float
    grade : str
        ``P`` read in the work itself, ``S`` read in another document that cites it.
    """

    start: str
    end: str
    cite: str
    words: str
    value: float
    grade: str

    @property
    def source(self) -> str:
        """Authors and year."""
        return self.cite.partition(")")[0] + ")"

    @property
    def figure(self) -> str:
        """The figure with as many decimals as it was published with, two or more."""
        return fixed(self.value, max(2, len(str(self.value).partition(".")[2])))


NODES = (
    ChainNode(name="internal_service_quality", label="Internal service quality", source=EMPLOYEES),
    ChainNode(name="engagement", label="Engagement", source=EMPLOYEES),
    ChainNode(name="retention", label="Retention", source=RECORDS),
    ChainNode(name="productivity", label="Productivity", source=RECORDS),
    ChainNode(name="service_value", label="Service value", source=CUSTOMERS),
    ChainNode(name="customer_satisfaction", label="Customer satisfaction", source=CUSTOMERS),
    ChainNode(name="loyalty", label="Loyalty", source=CUSTOMERS),
    ChainNode(name="revenue", label="Revenue", source=RECORDS),
    ChainNode(name="profit", label="Profit", source=RECORDS),
)
LABELS = {node.name: node.label for node in NODES}

LINKS = (
    ("internal_service_quality", "engagement"),
    ("engagement", "retention"),
    ("engagement", "productivity"),
    ("retention", "service_value"),
    ("productivity", "service_value"),
    ("service_value", "customer_satisfaction"),
    ("customer_satisfaction", "loyalty"),
    ("loyalty", "revenue"),
    ("loyalty", "profit"),
)
"""The chain of Heskett and others (1994), link by link."""

SHORTCUTS = (
    ("engagement", "service_value"),
    ("engagement", "customer_satisfaction"),
    ("engagement", "loyalty"),
    ("engagement", "revenue"),
    ("engagement", "profit"),
    ("retention", "customer_satisfaction"),
    ("productivity", "customer_satisfaction"),
    ("customer_satisfaction", "revenue"),
    ("customer_satisfaction", "profit"),
)
"""Links that pass stations over, for organisations that have no figures of these."""

HARTER = "Harter, Schmidt and Hayes (2002), Journal of Applied Psychology 87(2), 268–279"
KREKEL = "Krekel, Ward and De Neve (2019), CEP Discussion Paper 1605"
CORRECTED = "r of business units, corrected for error"
AVERAGED = "adjusted mean r of business units"

PUBLISHED = (
    PublishedFigure(
        start="engagement",
        end="customer_satisfaction",
        cite=HARTER,
        words="customer satisfaction and loyalty, observed r of business units",
        value=0.16,
        grade="S",
    ),
    PublishedFigure(
        start="engagement",
        end="customer_satisfaction",
        cite=HARTER,
        words=f"customer satisfaction and loyalty, {CORRECTED}",
        value=0.33,
        grade="S",
    ),
    PublishedFigure(
        start="engagement",
        end="retention",
        cite=HARTER,
        words=f"turnover, {CORRECTED}",
        value=-0.30,
        grade="S",
    ),
    PublishedFigure(
        start="engagement",
        end="retention",
        cite=KREKEL,
        words=f"turnover, with employee satisfaction, {AVERAGED}",
        value=-0.25,
        grade="S",
    ),
    PublishedFigure(
        start="engagement",
        end="productivity",
        cite=HARTER,
        words=f"productivity, {CORRECTED}",
        value=0.25,
        grade="S",
    ),
    PublishedFigure(
        start="engagement",
        end="productivity",
        cite=KREKEL,
        words=f"productivity, with employee satisfaction, {AVERAGED}",
        value=0.20,
        grade="S",
    ),
    PublishedFigure(
        start="engagement",
        end="profit",
        cite=HARTER,
        words=f"profit, {CORRECTED}",
        value=0.17,
        grade="S",
    ),
    PublishedFigure(
        start="engagement",
        end="profit",
        cite=KREKEL,
        words=f"profit, with employee satisfaction, {AVERAGED}",
        value=0.16,
        grade="S",
    ),
    PublishedFigure(
        start="engagement",
        end="loyalty",
        cite=KREKEL,
        words=f"customer loyalty, with employee satisfaction, {AVERAGED}",
        value=0.31,
        grade="S",
    ),
    PublishedFigure(
        start="engagement",
        end="loyalty",
        cite="Hogreve, Iseke, Derfuss and Eller (2017), Journal of Marketing 81(3), 41–61",
        words="customer loyalty, with employee satisfaction, direct path beside the chain",
        value=-0.12,
        grade="S",
    ),
    PublishedFigure(
        start="engagement",
        end="service_value",
        cite="Yee, Yeung and Cheng (2008), Journal of Operations Management 26(5), 651–668",
        words="service quality, with employee satisfaction, path in 206 shops",
        value=0.423,
        grade="S",
    ),
    PublishedFigure(
        start="service_value",
        end="customer_satisfaction",
        cite="Hong, Liao, Hu and Jiang (2013), Journal of Applied Psychology 98(2), 237–267",
        words="customer satisfaction, with service performance, corrected r",
        value=0.53,
        grade="S",
    ),
    PublishedFigure(
        start="customer_satisfaction",
        end="profit",
        cite="Otto, Szymanski and Varadarajan (2020), Journal of the Academy of Marketing "
        "Science 48, 543–564",
        words="firm performance, of which profit is a part, mean of 251 r",
        value=0.101,
        grade="P",
    ),
)


def published_on(start: str, end: str) -> tuple[PublishedFigure, ...]:
    """List what others published on one link."""
    return tuple(figure for figure in PUBLISHED if (figure.start, figure.end) == (start, end))


def ancestors(name: str) -> frozenset[str]:
    """Name all nodes from which declared links lead to a node, however long the way."""
    before = {start for start, end in (*LINKS, *SHORTCUTS) if end == name}
    return frozenset(before.union(*(ancestors(start) for start in before)))


def measured_before(name: str, measured: Collection[str]) -> tuple[str, ...]:
    """Name the measured nodes that come before a node, in the order of the chain."""
    earlier = ancestors(name)
    return tuple(node.name for node in NODES if node.name in earlier and node.name in measured)


def next_steps(links: Collection[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Keep those links that no way of several links makes a shortcut."""

    def leads(start: str, end: str) -> bool:
        ahead = [last for first, last in links if first == start]
        return end in ahead or any(leads(one, end) for one in ahead)

    return tuple(
        (start, end)
        for start, end in links
        if not any(leads(last, end) for first, last in links if first == start and last != end)
    )


def ways(steps: Collection[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """List every way of two steps or more, in the order of the chain."""
    found = list(steps)
    at = 0
    grown: list[tuple[str, ...]] = [tuple(step) for step in found]
    while at < len(grown):
        way = grown[at]
        grown += [(*way, end) for start, end in steps if start == way[-1]]
        at += 1
    order = [node.name for node in NODES]
    return tuple(
        sorted(
            (way for way in grown if len(way) > 2),
            key=lambda way: [order.index(name) for name in way],
        )
    )
