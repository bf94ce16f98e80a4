"""Reading nginx configuration, as far as `headwater doctor` must understand it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.formats.errors import BadInput

DEEPEST = 8  # includes within includes, and blocks within blocks

_TOKEN = re.compile(
    r"""
      (?P<comment>\#[^\n]*)
    | (?P<mark>[{};])
    | (?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    | (?P<word>(?:\\.|\$\{[^}\s]*\}|[^\s{};"'\\])(?:\\.|\$\{[^}\s]*\}|[^\s{};\\])*)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: its name, what follows it, and what stands in its braces."""

    name: str
    words: tuple[str, ...]
    block: tuple[Directive, ...] = ()
    has_block: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """A block with all blocks around it, the outermost first."""

    blocks: tuple[tuple[Directive, ...], ...] = field(default=())

    def inside(self, block: tuple[Directive, ...]) -> Context:
        """Give the context of a block within this one."""
        return Context((*self.blocks, block))

    def nearest(self, name: str) -> list[tuple[str, ...]]:
        """Give a directive's words where they count: in the innermost block that has it."""
        for block in reversed(self.blocks):
            found = [d.words for d in block if d.name == name]
            if found:
                return found
        return []

    def within(self, name: str) -> Iterator[tuple[Directive, Context]]:
        """Find all blocks of a name in this one, however deep, each with its context."""
        for directive in self.blocks[-1]:
            if directive.has_block:
                inner = self.inside(directive.block)
                if directive.name == name:
                    yield directive, inner
                yield from inner.within(name)

    def uses(self, name: str) -> bool:
        """Tell whether this very block has a directive."""
        return any(directive.name == name for directive in self.blocks[-1])


def read_nginx(path: Path) -> Context:
    """Read a configuration with the files it includes, or raise `BadInput`."""
    return Context((_read(path, depth=0),))


def _read(path: Path, *, depth: int) -> tuple[Directive, ...]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}).") from error
    tokens = list(_tokens(text, path))
    directives = list(_directives(iter(tokens), path, depth=0, is_inside=False))
    return _with_includes(directives, path, depth=depth)


def _tokens(text: str, path: Path) -> Iterator[tuple[str, bool]]:
    """Cut a text into words and marks; the second part tells the marks."""
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        found = _TOKEN.match(text, at)
        if found is None:
            line = text.count("\n", 0, at) + 1
            raise BadInput(f"{path}, line {line}: a quotation mark is not closed.")
        at = found.end()
        if found["mark"]:
            yield found["mark"], True
        elif found["quoted"]:
            yield re.sub(r"\\(.)", r"\1", found["quoted"][1:-1]), False
        elif found["word"]:
            yield found["word"], False


def _directives(
    tokens: Iterator[tuple[str, bool]], path: Path, *, depth: int, is_inside: bool
) -> Iterator[Directive]:
    words: list[str] = []
    if depth > DEEPEST:
        raise BadInput(f"{path} has too many blocks within blocks.")
    for part, is_mark in tokens:
        if not is_mark:
            words.append(part)
        elif part == ";":
            if words:
                yield Directive(words[0], tuple(words[1:]))
            words = []
        elif part == "{" and words:
            inner = tuple(_directives(tokens, path, depth=depth + 1, is_inside=True))
            yield Directive(words[0], tuple(words[1:]), inner, has_block=True)
            words = []
        elif part == "}" and is_inside and not words:
            return
        else:
            raise BadInput(f"{path}: the braces do not match.")
    if is_inside or words:
        raise BadInput(f"{path} ends in the middle of a block or a directive.")


def _with_includes(
    directives: list[Directive], path: Path, *, depth: int
) -> tuple[Directive, ...]:
    """Put included files where they are included; one that is not there stays as it is."""
    found: list[Directive] = []
    for directive in directives:
        if directive.has_block:
            block = _with_includes(list(directive.block), path, depth=depth)
            found.append(Directive(directive.name, directive.words, block, has_block=True))
        elif directive.name == "include" and directive.words:
            found += _included(directive, path, depth=depth)
        else:
            found.append(directive)
    return tuple(found)


def _included(include: Directive, path: Path, *, depth: int) -> list[Directive]:
    if depth >= DEEPEST:
        raise BadInput(f"{path} includes itself.")
    # nginx counts from its own folder; a site's file often lies one below that.
    for folder in (path.parent, path.parent.parent):
        pattern = folder.joinpath(include.words[0])
        files = sorted(Path(pattern.anchor or ".").glob(str(pattern.relative_to(pattern.anchor))))
        if files:
            return [d for file in files for d in _read(file, depth=depth + 1)]
    return [include]
