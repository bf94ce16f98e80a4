"""Two files in, one linkage report out: as text, as a page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from analysis import AnalysisError, LinkageResult, ServiceProfitChain, link
from analysis.summary import count
from app.formats.crosswalks import InputFile
from app.formats.errors import BadFile
from app.formats.linkage_input import read_linkage
from app.formats.linkage_options import LinkageOptions, SideOptions
from app.formats.outcomes import read_outcomes, unmatched
from app.reporting.stations import chain_of
from app.version import VERSION

SCHEMA = "headwater.linkage/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkageRun:
    """The three skins of one result; the page only where it was asked for."""

    text: str
    json: str
    html: str | None


def link_files(
    options: LinkageOptions,
    *,
    seed: int,
    wants_page: bool,
    progress: Callable[[str, float], None] | None = None,
) -> LinkageRun:
    """Read both files, link their teams and write the report, or raise `BadInput`."""
    tell = progress or (lambda stage, share: None)
    read = read_linkage(options, progress=progress)
    inputs, warnings, outcomes = read.inputs, read.warnings, None
    if options.outcomes is not None:
        customer = options.customer
        outcomes = read_outcomes(
            options.outcomes, team=customer.team, period=customer.period, progress=progress
        )
        inputs = (*inputs, outcomes.input)
        linked = {
            str(name) for side in (read.employee, read.customer) for name in side.scores["team"]
        }
        warnings = (*warnings, *unmatched(outcomes, linked=linked))
    tell("Computing the link", 0.0)
    try:
        result = link(
            read.employee, read.customer, seed=seed, dropped=read.dropped, warnings=warnings
        )
        chain = None if outcomes is None else chain_of(result, outcomes)
    except AnalysisError as error:
        raise BadFile(f"The scores cannot be linked: {error}") from error
    page = None
    if wants_page:
        tell("Drawing the page", 0.0)
        # Late on purpose: drawing takes a second to load, which JSON alone need not wait for.
        pages = import_module("app.reporting.linkage_page")
        sources = sources_table(inputs, options, result)
        page = pages.linkage_page(result, sources=sources, chain=chain)
    said = [*result.summaries()[:-1], *(chain.summaries() if chain else ()), result.summary()]
    return LinkageRun(
        text="\n\n".join(str(summary) for summary in said),
        json=linkage_json(result, inputs=inputs, chain=chain),
        html=page,
    )


def linkage_json(
    result: LinkageResult,
    *,
    inputs: tuple[InputFile, ...],
    chain: ServiceProfitChain | None = None,
) -> str:
    """Write the documented JSON shape; numbers unrounded, no NaN."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "version": VERSION,
        "seed": result.seed,
        "inputs": [
            {
                "path": str(file.path),
                "sha256": file.sha256,
                "n_rows": file.n_rows,
                "n_used": file.n_used,
                "left_out": [{"reason": r, "n_rows": n} for r, n in file.left_out.items()],
            }
            for file in inputs
        ],
    }
    document |= result.to_dict()
    document["chain"] = None if chain is None else chain.to_dict()
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def sources_table(
    inputs: tuple[InputFile, ...], options: LinkageOptions, result: LinkageResult
) -> dict[str, Any]:
    """Tell on the page which files and columns the figures come from."""
    columns = [_columns(options.employee), _columns(options.customer)]
    columns += ["the pairs of teams"] if options.crosswalk is not None else []
    columns += ["outcomes of teams"] if options.outcomes is not None else []
    rows = [
        [file.path.name, read, count(file.n_rows), count(file.n_used), _left_out(file)]
        for file, read in zip(inputs, columns, strict=False)
    ]
    notes = [f"SHA-256 of {file.path.name}: {_grouped(file.sha256)}" for file in inputs]
    notes.append(f"Headwater {VERSION}, seed {result.seed}.")
    return {
        "id": "sources-read",
        "caption": "The files behind these figures",
        "columns": ["File", "Read", "Rows", "Used", "Left out"],
        "rows": rows,
        "notes": notes,
    }


def _columns(side: SideOptions) -> str:
    names = ", ".join(f"{i.column} (reversed)" if i.is_reversed else i.column for i in side.items)
    return f"{names} by {side.team}" + (f" and {side.period}" if side.period else "")


def _grouped(digest: str) -> str:
    """Write a digest so that a phone can break it."""
    return " ".join(digest[i : i + 8] for i in range(0, len(digest), 8))


def _left_out(file: InputFile) -> str:
    return "; ".join(f"{count(n)}: {reason}" for reason, n in file.left_out.items()) or "none"
