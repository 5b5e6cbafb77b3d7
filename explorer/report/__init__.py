"""One answer as a document to hand on: an architecture decision record, as HTML or as Markdown.

What it says is worked out once, as tables and sentences; the two templates only lay it out. Same
workload, same bytes: what is dated are the facts, not the moment of printing.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import ReportError
from ..recommend import Recommendation, recommend
from ..workload import Workload
from . import chosen, given, others
from .cells import Sources
from .layout import TEMPLATES, laid_out
from .pictures import pictures
from .said import lacks, one_line, sentence


def report(workload: Workload, path: str | Path) -> Path:
    """Write what to build for a workload, and why, as a document; its form goes by the ending.

    Parameters
    ----------
    workload : what the API has to carry
    path : a .html file (self-contained, with pictures) or a .md file; one folder is made if need be

    Returns
    -------
    The path that was written. The same workload and name give the same bytes.

    Raises
    ------
    ReportError for another ending, or a path that cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in TEMPLATES:
        accepted = " or ".join(TEMPLATES)
        raise ReportError(f'report is "{path}": expected a name that ends in {accepted}')
    _check_folder(path)
    text = rendered(recommend(workload), path.name)
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ReportError(
            f"{path}: cannot be written ({reason}): expected a file in a folder that can be written to"
        ) from None
    return path


def _check_folder(path: Path) -> None:
    """One folder at most is made, and none at the root of the file system."""
    above = path.absolute().parent.parent
    if not os.path.exists(path.parent) and (above == Path(above.anchor) or not above.is_dir()):
        raise ReportError(f"{path}: no folder {path.parent}: expected one that is there")


def rendered(r: Recommendation, name: str) -> str:
    """The document for an answer, in the form that the ending of its `name` asks for."""
    ending = Path(name).suffix.lower()
    drawn = pictures(r) if ending == ".html" else {}
    return laid_out(ending, r=r, pictures=drawn, **_contents(r), **_made_by(r.workload, name))


def _contents(r: Recommendation) -> dict[str, Any]:
    """What the templates show; sources are numbered in the order of the document."""
    sources = Sources()
    shown = {
        "title": one_line(r.workload.name) or "Workload",
        "status": "proposed" if r.feasible else "nothing to propose: no design is feasible",
        "summary": one_line(r.summary),
        "lead": chosen.lead(r),
        "tiles": chosen.tiles(r),
        "points": chosen.points(r),
        "sizes": given.sizes(r.workload),
        "asked": given.asked(r.workload),
        "parts": r.nearest.parts,
        "chosen_among": chosen.chosen_among(r),
        "choices": chosen.choices(r),
        "limits": chosen.limits(r, sources),
        "bill": chosen.bill(r, sources),
        "bill_marks": chosen.BILL_MARKS,
        "phases": chosen.phases(r),
        "quotas": [sentence(found.consequence) for found in chosen.having(r, "raise")],
        "watched": [chosen.watched(found) for found in chosen.having(r, "tight")],
        "lacks": lacks(r.nearest.options[0]),
        "changes": chosen.changes(r),
        "no_changes": chosen.no_changes(r),
        "rejected": others.rejected(r, sources),
        "combinations": others.combinations(r),
        "alternatives": others.alternatives(r),
        "turns": others.turns(r),
        "no_turns": others.no_turns(r),
        "trade": others.trade(r),
        "assumptions": others.assumptions(r, sources),
        "deciding": others.deciding(r),
    }
    others.cite_rest(r, sources)
    return {**shown, "sources": list(sources), "newest": sources.newest}


def _made_by(workload: Workload, name: str) -> dict[str, str]:
    """The version, the workload's file, and the command that makes the document again."""
    file = workload.source if workload.source.endswith(".toml") else "workload.toml"
    command = shlex.join(["explorer", "report", one_line(file), "-o", one_line(name)])
    text = given.file_text(workload)
    return {"version": __version__, "file": one_line(file), "command": command, "toml": text}
