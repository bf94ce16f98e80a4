"""The documentation holds together: links, images, paths and the two commands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ADDRESS = re.compile(r"\b(?:https?|ftp)://([^\s/:)`\"'*|]+)")
OWN_FOLDERS = "app|analysis|collector|surveys|tests|docs|templates|static|benchmarks|migrations"
OWN_PATH = re.compile(rf"`((?:{OWN_FOLDERS}|requirements)/[\w./-]*)`")
LARGEST_IMAGE = 250_000
LOCAL_HOSTS = {"127.0.0.1", "localhost"}
# Put together from parts, so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w.~])/" + "(?:work|root|home)" + "/")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def links_of(text: str) -> list[str]:
    """List what a page points at, leaving examples in code blocks alone."""
    return [target or other for target, other in LINK.findall(FENCE.sub("", text))]


def anchors_of(text: str) -> set[str]:
    """List the anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    """Relative links and images exist, and so does the heading that a link names."""
    dead = []
    for link in links_of(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.is_relative_to(ROOT) or not target.exists():
            dead.append(link)
        elif anchor and anchor not in anchors_of(target.read_text(encoding="utf-8")):
            dead.append(link)

    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_of_ours_that_a_page_names_exists(page):
    """A module, test or folder that is named can be opened."""
    named = OWN_PATH.findall(page.read_text(encoding="utf-8"))

    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_send_nobody_to_another_host(page):
    """Addresses are those of the reader's own machine, or examples that nobody owns."""
    hosts = set(ADDRESS.findall(page.read_text(encoding="utf-8")))
    example = re.compile(r"(?:^|\.)example(?:\.org)?$")

    assert {h for h in hosts - LOCAL_HOSTS if not example.search(h)} == set()


def test_every_page_of_the_documentation_can_be_reached():
    """Whoever starts at the README and follows links comes to every page under docs/."""
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in links_of(page.read_text(encoding="utf-8")):
            target = (page.parent / link.partition("#")[0]).resolve()
            waiting += sorted(target.glob("*.md")) if target.is_dir() else [target]
        waiting = [p for p in waiting if p.suffix == ".md"]

    assert [name_of(p) for p in PAGES if "docs" in p.parts and p not in reached] == []


def test_every_image_is_shown_and_small():
    """No image lies about unused, and none is a burden to load."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    images = sorted((ROOT / "docs" / "images").iterdir())

    assert images
    assert [i.name for i in images if f"images/{i.name}" not in text] == []
    assert [i.name for i in images if i.stat().st_size > LARGEST_IMAGE] == []


def test_the_readme_names_two_commands():
    """Setting up is `make demo` and `make test`; a third command would be one too many."""
    blocks = FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    commands = [line.partition("#")[0].strip() for b in blocks for line in b.splitlines()[1:-1]]

    assert [command for command in commands if command] == ["make demo", "make test"]


def test_decisions_are_numbered_without_gaps():
    """0001 onwards, each number once, each page headed by its own number."""
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))

    assert [p.name[:4] for p in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    assert [p.name for p in pages if not p.read_text("utf-8").startswith(f"# {p.name[:4]} ")] == []


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").iterdir()), ids=name_of)
def test_locks_hold_no_address(lock):
    """A lock file pins versions and hashes and leaves the registry to whoever installs."""
    assert "://" not in lock.read_text(encoding="utf-8")


def test_no_file_names_a_place_on_a_machine():
    """Paths are relative to the project, so that it runs wherever it is put."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listing.returncode:
        pytest.skip("This is no git checkout, so there is no list of the project's own files.")
    found = []
    for name in filter(None, listing.stdout.decode().split("\0")):
        path = ROOT / name
        if path.suffix in {".png", ".ttf", ".otf"} or not path.is_file():
            continue
        if MACHINE_PATH.search(path.read_text(encoding="utf-8")):
            found.append(name)

    assert found == []


def test_the_searches_find_what_they_are_for():
    """Each pattern catches an example; without this the tests above could pass on nothing."""
    assert links_of('[a](b.md) <img src="c.png">') == ["b.md", "c.png"]
    assert anchors_of("## What remains trusted\n### R1: a, b") == {
        "what-remains-trusted", "r1-a-b",
    }  # fmt: skip
    assert OWN_PATH.findall("see `app/config.py`") == ["app/config.py"]
    assert ADDRESS.findall("(https://pypi.example.com/simple)") == ["pypi.example.com"]
    assert MACHINE_PATH.search(f"see /{'home'}/me/file")
    assert len(PAGES) > 20
