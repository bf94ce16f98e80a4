"""A works council with keys of its own, for tests of what a guardian does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from app.cli import main
from app.guardian import keys
from surveys.manifests import make_manifest
from tests.surveys.waves import make_plan, make_preparation


def headwater(*words: Any, typed: str | None = None, exit_code: int = 0) -> str:
    """Run a command as somebody at a terminal does; give what was printed."""
    result = CliRunner().invoke(main, [str(word) for word in words], input=typed)
    assert result.exit_code == exit_code, result.output
    return result.output


def make_council(parent: Path, *options: str, name: str = "Works council") -> Path:
    """Make the keys of a guardian, without a passphrase; give their folder."""
    folder = parent / name.lower().replace(" ", "-")
    headwater("guardian", "init", "--name", name, "--no-passphrase", "--out", folder, *options)
    return folder


def secret_of(folder: Path) -> Path:
    """Give the path of the secret file."""
    return folder / "guardian-secret.json"


def own(folder: Path) -> keys.Guardian:
    """Give the guardian whose keys lie in a folder."""
    return keys.unlock(secret_of(folder).read_bytes(), passphrase=None)


def public_of(folder: Path) -> dict[str, Any]:
    """Give what everybody may know of the guardian."""
    return keys.read_public(folder / "guardian.json")


def draw_up(guardian: dict[str, Any] | None, **fields: Any) -> str:
    """Draw up a manifest of two ballot groups and two letter groups; its wave is not over."""
    today = datetime.now(UTC).date()
    plan = {
        **make_plan(rights=("ballot", "ballot"), guardian=guardian),
        "opens_on": today.isoformat(),
        "closes_on": (today + timedelta(days=7)).isoformat(),
        **fields,
    }
    return make_manifest(plan, make_preparation(plan))
