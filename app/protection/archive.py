"""The pack as one file: three papers, the promise, the manifest and its signature."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.protection.assessment import impact_assessment
from app.protection.council import works_council_sheet
from app.protection.facts import Facts
from app.protection.papers import Paper
from app.protection.record import record_of_processing
from surveys.documents import canonical

ROOT = Path(__file__).parent.parent.parent
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest day that the format knows
UNIX, READABLE = 3, 0o644 << 16
PAPERS = (record_of_processing, works_council_sheet, impact_assessment)


def pack_of(facts: Facts) -> bytes:
    """Pack what is to be handed out about a wave; the same facts give the same bytes."""
    papers = [write(facts) for write in PAPERS]
    files = {f"{paper.name}.html": page_of(paper, facts) for paper in papers}
    files["read-me.txt"] = _read_me(facts, papers)
    files["promise.json"] = canonical(facts.promise.to_dict()).decode()
    if facts.manifest:
        files["manifest.json"] = facts.manifest
    if facts.signature:
        signed = {"manifest": facts.manifest, "signature": facts.signature}
        files["signed.json"] = canonical(signed).decode()
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        for name in sorted(files):
            entry = ZipInfo(f"data-protection-{facts.key}/{name}", date_time=EPOCH)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, READABLE
            entry.create_system = UNIX
            archive.writestr(entry, files[name].encode())
    return content.getvalue()


def page_of(paper: Paper, facts: Facts) -> str:
    """Write a paper as one page that needs nothing else."""
    styles = (ROOT / "static" / "css" / "paper.css").read_text(encoding="utf-8")
    return (
        _templates()
        .get_template("protection/paper.html")
        .render(
            paper=paper,
            facts=facts,
            styles=Markup(styles),  # noqa: S704 - our own file, no user's words
        )
    )


def _read_me(facts: Facts, papers: list[Paper]) -> str:
    listed = "".join(f"{paper.name}.html  {paper.title}\n" for paper in papers)
    manifest = "manifest.json  what the survey promises, word for word\n" if facts.manifest else ""
    signed = (
        f"signed.json  the manifest with the signature of {facts.guardian}\n"
        if facts.signature
        else ""
    )
    return (
        f"Data-protection pack of the employee survey “{facts.title}”, {facts.organisation}\n\n"
        f"{listed}promise.json  the promise by itself\n{manifest}{signed}\n"
        "The papers are pages: any browser opens and prints them, word processors open them to\n"
        "fill in what is marked “To fill in”, which only the organisation knows. The rest was\n"
        "filled in from what is set in the program. They are no legal advice.\n"
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
