"""One shape for every printed result, and the only place where numbers become text."""

from __future__ import annotations

from dataclasses import dataclass

NOT_ESTIMABLE = "not estimable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """
    A titled table of text cells with notes, ready for a page or a terminal.

    Attributes
    ----------
    title : str
    columns : tuple of str
        Column headings; the first column holds the row headings.
    rows : tuple of tuple of str
        Cells, one tuple per row, as long as `columns`.
    notes : tuple of str
        How the figures were made and how they may be read.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        table = [self.columns, *self.rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        head, *body = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)
        rule = "-" * max(map(len, [self.title, head, *body]))
        return "\n".join([self.title, rule, head, *body, rule, *self.notes])


def fixed(value: float, digits: int = 2) -> str:
    """
    Write a figure with a fixed number of decimals and a true minus sign.

    Examples
    --------
    >>> fixed(-0.236), fixed(-0.001), fixed(12.5, 0)
    ('−0.24', '0.00', '12')
    """
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def significant(value: float, digits: int = 3) -> str:
    """
    Write a figure with so many significant digits, whatever its size.

    Examples
    --------
    >>> significant(0.0047221), significant(-1234.5), significant(0.0)
    ('0.00472', '−1234', '0')
    """
    if value == 0:
        return "0"
    places = digits - 1 - int(f"{value:.{digits - 1}e}".split("e")[1])
    return fixed(value, max(places, 0))


def interval(low: float, high: float, digits: int = 2) -> str:
    """
    Write an interval as ``low to high``.

    Examples
    --------
    >>> interval(-0.1, 0.25)
    '−0.10 to 0.25'
    """
    return f"{fixed(low, digits)} to {fixed(high, digits)}"


def p_value(p: float) -> str:
    """
    Write a p-value, never as zero.

    Examples
    --------
    >>> p_value(0.0000004), p_value(0.0493)
    ('< 0.001', '0.049')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_equals(p: float) -> str:
    """
    Write a p-value for the middle of a sentence.

    Examples
    --------
    >>> p_equals(0.0000004), p_equals(0.0493)
    ('< 0.001', '= 0.049')
    """
    text = p_value(p)
    return text if text.startswith("<") else f"= {text}"


def percent(share: float, digits: int = 0) -> str:
    """
    Write a share in [0, 1] as a percentage.

    Examples
    --------
    >>> percent(0.615), percent(0.0234, 1)
    ('62%', '2.3%')
    """
    return f"{fixed(100 * share, digits)}%"


def count(number: float) -> str:
    """
    Write a whole number with a comma between thousands.

    Examples
    --------
    >>> count(12345)
    '12,345'
    """
    return f"{round(number):,}"


def joined(words: list[str] | tuple[str, ...]) -> str:
    """
    Write a list as people do.

    Examples
    --------
    >>> joined(["a", "b", "c"]), joined(["a"])
    ('a, b and c', 'a')
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
