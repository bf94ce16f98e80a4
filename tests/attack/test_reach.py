"""Raw answers of employees are within reach of the close and of nothing else."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.attack

ROOT = Path(__file__).parents[2]
# What opens a sealed answer or makes a release; `answered` is how the store hands answers out.
TELLING = {"unseal", "unpad_fields", "build_release"}
# The close, which must; and the guardian, who unseals numbers of answers with a key of their own.
ALLOWED = {
    "collector/closing.py": {"unseal", "answered", "build_release", "unpad_fields"},
    "app/guardian/counts.py": {"unseal"},
}


def called(source: str) -> Iterator[str]:
    """List the telling functions that a source calls or hands on, by any way of naming them."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr="answered")):
                yield "answered"
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                yield from TELLING & {name}
            case ast.Constant(value=str(text)):
                yield from TELLING & {text}


def test_only_the_close_touches_answers():
    """In both programs, everything that can read an answer is called in one module."""
    found = {
        str(path.relative_to(ROOT)): names
        for folder in ("app", "collector")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (names := set(called(path.read_text())))
    }

    assert found == ALLOWED


@pytest.mark.parametrize(
    "planted",
    [
        "from surveys.sealing import unseal as open_it",
        "from surveys import sealing\nsealing.unseal(key, sealed, bound_to=receipt)",
        "rows = intake.answered(group)",
        "import surveys.release\nmake = getattr(surveys.release, 'build_release')",
    ],
)
def test_the_look_at_calls_finds_planted_ones(planted):
    """Under another name, through the module, on an object, and by a text."""
    assert set(called(planted))


def test_contracts_on_imports_keep_the_release_to_the_close():
    """Only the close may import what makes a release; what shows results opens no seal."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    by_name = {contract["name"]: contract for contract in contracts["contracts"]}

    close = by_name["answers of employees are counted by the close alone"]
    shown = by_name["what shows results opens no seal and judges no answer"]

    assert {"app", "collector.*"} == set(close["source_modules"])
    assert {"surveys.release", "surveys.moments"} == set(close["forbidden_modules"])
    assert close["ignore_imports"] == ["collector.closing -> surveys.release"]
    assert {"app.report", "app.reporting", "app.queries"} <= set(shown["source_modules"])
    assert {"surveys.sealing", "surveys.answers"} == set(shown["forbidden_modules"])
