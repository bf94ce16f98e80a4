"""The rules of the house that a machine can check."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import import_module
from inspect import isfunction
from pathlib import Path

import click
import pytest

from app.cli import main
from app.config import Settings, env_name
from collector.cli import commands as collector_commands
from tests.conftest import ROOT

PACKAGES = ("app", "collector", "surveys", "analysis", "tests", "benchmarks")
MODULES = sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CEILING = 400
# The page that `headwater link` writes and the papers of the data-protection pack are files that
# must carry their styles; they are no pages of the application and never shown by it.
CARRY_THEIR_STYLES = {
    ROOT / "templates" / "linkage" / "page.html",
    ROOT / "templates" / "protection" / "paper.html",
}
UNLAWFUL = {
    "a filter that switches escaping off": r"\|\s*safe\b|autoescape\s+false",
    "an inline style": r"<style|\sstyle\s*=",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "an inline handler": r"<[^>{}]*\son[a-z]+\s*=",
    "a script address": r"javascript:",
    "another host": r"(?:src|href)\s*=\s*[\"'](?:https?:)?//",
    "an import with context": r"import[^%]*with context",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_stay_short(path):
    """No module is longer than 400 lines: what outgrows that is two things."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= CEILING


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_templates_hold_nothing_inline(path):
    """Templates escape everything, carry no style or script, and fetch from nowhere else."""
    text = path.read_text(encoding="utf-8")

    found = {what for what, pattern in UNLAWFUL.items() if re.search(pattern, text, re.IGNORECASE)}

    assert found == ({"an inline style"} if path in CARRY_THEIR_STYLES else set())


def test_the_search_for_inline_things_finds_them():
    """Each pattern catches what it is for; without this the test above could pass on nothing."""
    examples = (
        "{{ x|safe }}", '<p style="x">', "<script>x</script>", '<a onclick="x">',
        '<a href="javascript:x">', '<img src="//x.example/y">',
        '{% from "x" import y with context %}',
    )  # fmt: skip

    for (what, pattern), example in zip(UNLAWFUL.items(), examples, strict=True):
        assert re.search(pattern, example, re.IGNORECASE), what


def test_every_setting_is_documented():
    """docs/configuration.md has a line for each setting of both programs, and no others."""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(HEADWATER_[A-Z_]+)`", text, re.MULTILINE))
    collector = import_module("collector.config").Settings

    settings = {env_name(field) for field in fields(Settings)}
    settings |= {f"HEADWATER_{field.name.upper()}" for field in fields(collector)}

    assert documented == settings


def commands_of(command: click.Command, path: str) -> list[str]:
    """List the commands below one, as they are typed."""
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    below = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [line for name, found in below for line in commands_of(found, f"{path} {name}")]


def test_every_command_is_documented():
    """docs/commands.md has a line for each command of both programs, and no others."""
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(headwater(?:-collector)? [a-z -]+)", text, re.MULTILINE))

    existing = {
        *commands_of(main, "headwater"),
        *commands_of(collector_commands, "headwater-collector"),
    }

    assert {line.strip() for line in documented} == existing


def functions_of(module) -> list[str]:
    return [name for name in module.__all__ if isfunction(getattr(module, name))]


@pytest.mark.parametrize("name", functions_of(import_module("analysis")))
def test_every_public_function_of_the_analysis_is_on_a_methods_page(name):
    """Who finds a function can read what it assumes."""
    pages = (ROOT / "docs" / "methods").glob("*.md")
    mention = re.compile(rf"`(?:analysis\.)?{name}(?:\([^`]*\))?`")

    assert any(mention.search(page.read_text(encoding="utf-8")) for page in pages)
