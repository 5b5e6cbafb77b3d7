"""The sections of a document, in order."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from explorer.analysis.phrases import door_lacks, sentence, tight_limit_at_length
from explorer.analysis.recommendation import Recommendation
from explorer.analysis.sensitivity.tornado import Sensitivity
from explorer.analysis.summary import part_price_sentence
from explorer.facts.key_value import format_pair
from explorer.facts.verdict import Verdict
from explorer.facts.version import __version__

from . import alternatives, decision, front_page, sensitivity, workload
from . import growth as growing
from . import measured as benchmark
from .blocks import Sources
from .document import (
    Beside,
    Block,
    Code,
    Document,
    Folded,
    Heading,
    PictureBlock,
    Prose,
    Section,
    SentenceList,
)
from .growth import GrowthForecast
from .measured import Measurement
from .pictures import missing_pictures, report_pictures, with_plain_name
from .typography import one_line


@dataclass(frozen=True)
class ReportRequest:
    """Requests of the reader besides the answer.

    Parameters
    ----------
    growth : rates a month by field, such as {"response": "3 %"}; None: those of `growth.DEFAULT`
    months : months of growth
    measured : the Parquet file of a benchmark
    """

    growth: Mapping[str, str] | None = None
    months: int = growing.MONTHS
    measured: Path | None = None


def report_document(r: Recommendation, name: str, request: ReportRequest = ReportRequest()) -> Document:
    """The document for an answer, to be written as `name`; sources are numbered in order of citation."""
    forecast = GrowthForecast(r, request.growth, request.months)
    swung = sensitivity.report_sensitivity(r)
    run = Measurement(request.measured, r.workload) if request.measured else None
    cited = Sources()
    _sections(r, cited, forecast, swung, run)
    sources = Sources(cited)  # build again with AWS's sources numbered first
    sections = [
        *_sections(r, sources, forecast, swung, run),
        Section("sources", "Sources", [block for block in [decision.price_pages_table(r, sources)] if block]),
        _reproduction_section(r, name, request),
    ]
    pictures = report_pictures(r, forecast, swung, run)
    return Document(
        title=front_page.record_title(r),
        status=front_page.record_status(r),
        record=front_page.record_lines(r),
        newest=sources.newest,
        version=__version__,
        summary=one_line(r.summary),
        lead=front_page.lead_sentence(r),
        tiles=front_page.key_number_tiles(r),
        points=front_page.decision_points(r, forecast),
        money=front_page.money_blocks(r, forecast),
        sections=sections,
        sources=list(sources),
        pictures=pictures,
        no_pictures="" if pictures else missing_pictures(),
        names={"r": r, "w": with_plain_name(r).workload, "forecast": forecast, "moves": swung, "run": run},
    )


def _sections(
    r: Recommendation, sources: Sources, forecast: GrowthForecast, swung: Sensitivity, run: Measurement | None
) -> list[Section]:
    """All sections after the first page, except the sources."""
    sections = [
        _context_section(r),
        _decision_section(r),
        _limits_section(r, sources),
        _cost_section(r, sources),
        Section("latency", "Latency", [PictureBlock("latency"), decision.phases_table(r)]),
        *(
            [Section("measured", "Measured", [*benchmark.measurement_blocks(run), PictureBlock("measured")])]
            if run
            else ()
        ),
        _consequences_section(r),
        _rejections_section(r, sources),
        Section(
            "alternatives",
            "Next best",
            [alternatives.alternatives_table(r) or Prose("No other design is feasible.")],
        ),
        _break_evens_section(r, swung),
        _growth_section(forecast),
        _assumptions_section(r, forecast, sources),
    ]
    alternatives.cite_facts_without_table(r, sources)
    return sections


def document_under_name(doc: Document, r: Recommendation, name: str, request: ReportRequest) -> Document:
    """The same document, to be written as `name`, without drawing its pictures again."""
    return replace(doc, sections=[*doc.sections[:-1], _reproduction_section(r, name, request)])


def _one_document_or_more(*blocks: Block | None) -> list[Block]:
    return [block for block in blocks if block is not None]


def _context_section(r: Recommendation) -> Section:
    w = r.workload
    return Section(
        "context",
        "Context",
        [workload.sizes_table(w), PictureBlock("context"), Beside(workload.workload_tables(w))],
    )


def _decision_section(r: Recommendation) -> Section:
    among = Prose(decision.candidate_counts(r))
    blocks: list[Block] = [
        among,
        decision.choices_table(r),
        PictureBlock("resources"),
        PictureBlock("design"),
    ]
    return Section("decision", "Decision", blocks)


def _limits_section(r: Recommendation, sources: Sources) -> Section:
    return Section("limits", "Limits", [PictureBlock("limits"), decision.limits_table(r, sources)])


def _cost_section(r: Recommendation, sources: Sources) -> Section:
    marks = decision.bill_marks(r)
    blocks: list[Block] = [
        decision.report_bill_table(r, sources),
        *([Prose(marks, small=True)] if marks else []),
        PictureBlock("cost"),
    ]
    return Section("cost", "Cost", blocks)


def _consequences_section(r: Recommendation) -> Section:
    quotas = [sentence(finding.consequence) for finding in front_page.findings_with_verdict(r, Verdict.RAISE)]
    missed = list(map(sentence, front_page.miss_sentences(r)))
    tight = [tight_limit_at_length(finding) for finding in front_page.findings_with_verdict(r, Verdict.TIGHT)]
    lacking = list(filter(None, [door_lacks(r.nearest.option("door"))]))
    lists = [
        SentenceList(
            "To operate",
            r.nearest.parts_for(r.answer.load),
            "No moving part: nothing but the function itself.",
        ),
        SentenceList("To ask for", quotas, "No quota has to be raised."),
        SentenceList("To watch", [*missed, *tight], f"No {'other ' if quotas else ''}limit is near."),
        SentenceList("To do without", lacking, "The door offers all that a client may need."),
    ]
    change = decision.changes_table(r) or Prose(decision.why_no_changes(r))
    blocks: list[Block] = [Beside(lists), Heading("To change"), change]
    return Section("consequences", "Consequences", blocks)


def _rejections_section(r: Recommendation, sources: Sources) -> Section:
    rules = alternatives.combinations_table(r)
    says = f"{rules.caption}, whatever the workload ({len(rules.rows)} rules)"
    return Section(
        "rejected", "Rejected alternatives", [alternatives.rejections_table(r, sources), Folded(says, rules)]
    )


def _break_evens_section(r: Recommendation, swung: Sensitivity) -> Section:
    trade = alternatives.part_price_table(r) or Prose(alternatives.no_break_evens(r))
    worth = part_price_sentence(r.answer) if r.feasible else ""
    moves = sensitivity.swings_table(swung)
    blocks = _one_document_or_more(
        alternatives.break_evens_table(r),
        PictureBlock("map"),
        Heading("What is not known for sure") if moves else None,
        Prose(one_line(swung.summary)) if moves else None,
        PictureBlock("sensitivity") if moves else None,
        moves,
        Heading("What a part is worth"),
        Prose(worth) if worth else None,
        trade,
        PictureBlock("rates"),
    )
    return Section("turns", "What would change it", blocks)


def _growth_section(forecast: GrowthForecast) -> Section:
    blocks = _one_document_or_more(
        Prose(f"{forecast.first} Growth over {forecast.months} months: {forecast.rates_text}"),
        PictureBlock("growth"),
        growing.limit_growth_table(forecast),
        growing.design_changes_table(forecast),
    )
    return Section("growth", "Growth", blocks)


def _assumptions_section(r: Recommendation, forecast: GrowthForecast, sources: Sources) -> Section:
    every = alternatives.assumptions_table(r, sources)
    blocks: list[Block] = [
        Prose(alternatives.deciding_assumptions(r)),
        Folded(f"All {len(every.rows)} assumptions", every),
    ]
    if forecast.growth is None:
        blocks.append(Prose(f"Growth is an assumption too: {forecast.rates_text}"))
    return Section("assumptions", "Assumptions", blocks)


def _reproduction_section(r: Recommendation, name: str, request: ReportRequest) -> Section:
    """The version, the workload's file, and the command that recreates the document."""
    source = r.workload.source
    file = one_line(source if source.endswith(".toml") else "workload.toml")
    command = ["explorer", "report", file, "-o", one_line(name), *_command_options(request)]
    words = f"with explorer {__version__} and this file as `{file}`:"
    toml = Code(workload.file_text(r.workload), "toml")
    return Section("again", "Make it again", [Code(shlex.join(command), "sh"), Prose(words), toml])


def _command_options(request: ReportRequest) -> Iterable[str]:
    for field, rate in (request.growth or {}).items():
        yield from ("--growth", format_pair(field, rate))
    if request.months != growing.MONTHS:
        yield from ("--months", str(request.months))
    if request.measured:
        yield from ("--measured", request.measured.name)
