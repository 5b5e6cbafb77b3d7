"""The sections of a document, in order."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from explorer.analysis.phrases import lacks, sentence, tight_limit_at_length
from explorer.analysis.recommendation import Recommendation
from explorer.analysis.sensitivity.tornado import Sensitivity
from explorer.facts.key_value import format_pair
from explorer.facts.version import __version__

from . import alternatives, decision, sensitivity, workload
from . import growth as growing
from . import measured as benchmark
from .blocks import Sources
from .document import Beside, Block, Code, Document, Folded, Heading, Listed, Prose, Section, Shown
from .growth import Ahead
from .measured import Measurement
from .pictures import named_plainly, pictures
from .typography import one_line


@dataclass(frozen=True)
class Asked:
    """What the reader of a document wants beside the answer.

    Parameters
    ----------
    growth : rates a month by field, such as {"response": "3 %"}; None: those of `ahead.DEFAULT`
    months : how far to look
    measured : the Parquet file of a benchmark
    """

    growth: Mapping[str, str] | None = None
    months: int = growing.MONTHS
    measured: Path | None = None


def document(r: Recommendation, name: str, asked: Asked = Asked()) -> Document:
    """The document for an answer, to be written as `name`; sources are numbered as they are cited."""
    sources, ahead = Sources(), Ahead(r, asked.growth, asked.months)
    swung = sensitivity.swung(r)
    run = Measurement(asked.measured, r.workload) if asked.measured else None
    sections = [
        _context(r),
        _decision(r),
        _limits(r, sources),
        _cost(r, sources),
        Section("latency", "Latency", [Shown("latency"), decision.phases(r)]),
        *([Section("measured", "Measured", [*benchmark.blocks(run), Shown("measured")])] if run else ()),
        _consequences(r),
        _rejected(r, sources),
        Section(
            "alternatives",
            "Next best",
            [alternatives.alternatives(r) or Prose("No other design is feasible.")],
        ),
        _turns(r, swung),
        _growth(ahead),
        _assumptions(r, ahead, sources),
    ]
    alternatives.cite_rest(r, sources)
    sections += [Section("sources", "Sources", []), _again(r, name, asked)]
    return Document(
        title=one_line(r.workload.name) or "Workload",
        feasible=r.feasible,
        status="proposed" if r.feasible else "nothing to propose: no design is feasible",
        newest=sources.newest,
        version=__version__,
        summary=one_line(r.summary),
        lead=decision.lead(r),
        tiles=decision.tiles(r),
        points=[Listed(heading, sentences) for heading, sentences in decision.points(r)],
        sections=sections,
        sources=list(sources),
        pictures=pictures(r, ahead, swung, run),
        names={"r": r, "w": named_plainly(r).workload, "ahead": ahead, "moves": swung, "run": run},
    )


def renamed(doc: Document, r: Recommendation, name: str, asked: Asked) -> Document:
    """The same document, to be written as `name`: its pictures are not drawn again."""
    return replace(doc, sections=[*doc.sections[:-1], _again(r, name, asked)])


def _some(*blocks: Block | None) -> list[Block]:
    return [block for block in blocks if block is not None]


def _context(r: Recommendation) -> Section:
    w = r.workload
    return Section("context", "Context", [workload.sizes(w), Shown("context"), Beside(workload.asked(w))])


def _decision(r: Recommendation) -> Section:
    among = Prose(decision.chosen_among(r))
    blocks: list[Block] = [among, decision.choices(r), Shown("resources"), Shown("design")]
    return Section("decision", "Decision", blocks)


def _limits(r: Recommendation, sources: Sources) -> Section:
    return Section("limits", "Limits", [Shown("limits"), decision.limits(r, sources)])


def _cost(r: Recommendation, sources: Sources) -> Section:
    blocks: list[Block] = [decision.bill(r, sources), Prose(decision.BILL_MARKS, small=True), Shown("cost")]
    return Section("cost", "Cost", blocks)


def _consequences(r: Recommendation) -> Section:
    quotas = [sentence(found.consequence) for found in decision.having(r, "raise")]
    watched = [tight_limit_at_length(found) for found in decision.having(r, "tight")]
    lacking = list(filter(None, [lacks(r.nearest.options[0])]))
    lists = [
        Listed("To operate", r.nearest.parts_for(r.load), "No moving part: nothing but the function itself."),
        Listed("To ask for", quotas, "No quota has to be raised."),
        Listed("To watch", watched, "No limit is near."),
        Listed("To do without", lacking, "The door offers all that a client may need."),
    ]
    change = decision.changes(r) or Prose(decision.no_changes(r))
    blocks: list[Block] = [Beside(lists), Heading("To change"), change]
    return Section("consequences", "Consequences", blocks)


def _rejected(r: Recommendation, sources: Sources) -> Section:
    rules = alternatives.combinations(r)
    says = f"{rules.caption}, whatever the workload ({len(rules.rows)} rules)"
    return Section(
        "rejected", "Rejected alternatives", [alternatives.rejected(r, sources), Folded(says, rules)]
    )


def _turns(r: Recommendation, swung: Sensitivity) -> Section:
    trade = alternatives.trade(r) or Prose(alternatives.no_turns(r))
    moves = sensitivity.swings(swung)
    blocks = _some(
        alternatives.turns(r),
        Shown("map"),
        Heading("What is not known for sure") if moves else None,
        Prose(one_line(swung.summary)) if moves else None,
        Shown("sensitivity") if moves else None,
        moves,
        Heading("What a part is worth"),
        trade,
        Shown("rates"),
    )
    return Section("turns", "What would change it", blocks)


def _growth(ahead: Ahead) -> Section:
    blocks = _some(
        Prose(f"{ahead.first} Growth over {ahead.months} months: {ahead.said}"),
        Shown("growth"),
        growing.used(ahead),
        growing.changes(ahead),
    )
    return Section("growth", "Growth", blocks)


def _assumptions(r: Recommendation, ahead: Ahead, sources: Sources) -> Section:
    every = alternatives.assumptions(r, sources)
    blocks: list[Block] = [
        Prose(alternatives.deciding(r)),
        Folded(f"All {len(every.rows)} assumptions", every),
    ]
    if ahead.growth is None:
        blocks.append(Prose(f"Growth is an assumption too: {ahead.said}"))
    return Section("assumptions", "Assumptions", blocks)


def _again(r: Recommendation, name: str, asked: Asked) -> Section:
    """The version, the workload's file, and the command that makes the document again."""
    source = r.workload.source
    file = one_line(source if source.endswith(".toml") else "workload.toml")
    command = ["explorer", "report", file, "-o", one_line(name), *_options(asked)]
    words = f"with explorer {__version__} and this file as `{file}`:"
    toml = Code(workload.file_text(r.workload), "toml")
    return Section("again", "Make it again", [Code(shlex.join(command), "sh"), Prose(words), toml])


def _options(asked: Asked) -> Iterable[str]:
    for field, rate in (asked.growth or {}).items():
        yield from ("--growth", format_pair(field, rate))
    if asked.months != growing.MONTHS:
        yield from ("--months", str(asked.months))
    if asked.measured:
        yield from ("--measured", asked.measured.name)
