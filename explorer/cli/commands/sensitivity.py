"""`explorer sensitivity`: inputs that move the answer, regret of choosing now, value of measuring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.console import Fields, Json, Region, WorkloadFile, designs, load_workload, out
from explorer.facts.key_value import parse_pairs

SELDOM = 0.005  # share of scenarios; designs that win less often get no row

if TYPE_CHECKING:
    from rich.console import RenderableType

    from explorer.analysis.sensitivity.ranges import Range
    from explorer.analysis.sensitivity.regret import Regret
    from explorer.analysis.sensitivity.tornado import Sensitivity
    from explorer.workload.workload import Workload


def sensitivity(
    workload: WorkloadFile,
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            metavar="FIELD=LOW..HIGH",
            help="Such as response=400KB..2MB, runtime=0.5x..3x or runtime.p99=2x; may be given again. "
            "Without any, twice either way for each.",
        ),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(
            metavar="CONCERN=OPTION,...", help="Instead of the recommended.", autocompletion=designs
        ),
    ] = None,
    samples: Annotated[int, typer.Option(help="Scenarios that are drawn.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed, the same scenarios.")] = 0,
    risk: Annotated[
        float, typer.Option(help="Share of scenarios in which the choice may fail beyond the safest design.")
    ] = 0.05,
    region: Region = None,
    fields: Fields = None,
    as_json: Json = False,
) -> None:
    """Which input changes the answer, the regret of choosing now, and what measuring first is worth."""
    from explorer.analysis.sensitivity.regret import regret
    from explorer.analysis.sensitivity.tornado import sensitivity as swings

    base, field_ranges = load_workload(workload, region, fields), parse_ranges(ranges or []) or None
    others = [] if design is None else [design]
    one, many = swings(base, field_ranges, design), regret(base, field_ranges, samples, seed, risk, others)
    if as_json:
        out({**one.to_dict(), "regret": many.to_dict()}, True)
    else:
        from explorer.cli import tables

        tables.show([*_infeasible(base), *_swings(one), *_design_rows(many), *_input_rows(many)])


def parse_ranges(texts: list[str]) -> dict[str, str]:
    """Parse ranges such as "response=400KB..2MB", by field. Raises ExplorerError for any other text."""
    return parse_pairs(texts, "range", "FIELD=LOW..HIGH, such as response=400KB..2MB")


def _infeasible(workload: Workload) -> Iterator[str]:
    """Before all else, in one line: that nothing is feasible, and what would make a design feasible."""
    from explorer.analysis.answer import Answer
    from explorer.analysis.summary import infeasible_sentence

    answer = Answer(workload)
    if not answer.feasible:
        yield infeasible_sentence(answer)


def _swings(s: Sensitivity) -> Iterator[RenderableType]:
    """One row per input: its range, the cost at both ends, and where the design stays feasible and best."""
    from explorer.analysis.break_evens import RATE, what_moves_along
    from explorer.analysis.phrases import cause_in_words, describe_design, sentence
    from explorer.cli.tables import table, title
    from explorer.facts.units import format_usd, format_usd_a_month

    design = sentence(describe_design(s.design), "")
    yield title(design, format_usd_a_month(s.monthly_usd), first=True)
    yield s.summary
    rows = []
    for field_range, swing in zip(s.ranges, s.swings, strict=True):
        feasible = (
            "everywhere" if swing.feasible else _part(field_range, swing.feasible_from, swing.feasible_to)
        )
        best = _part(field_range, swing.best_from, swing.best_to)
        whole = (swing.best_from, swing.best_to) == (swing.low, swing.high)
        rows.append(
            (
                field_range.label,
                field_range.format_value(field_range.low),
                field_range.format_value(field_range.now),
                field_range.format_value(field_range.high),
                format_usd(swing.usd_low),
                format_usd(swing.usd_high),
                feasible + (f" ({cause_in_words(swing.because)})" if swing.because else ""),
                "everywhere" if whole else best,
            )
        )
    yield title("Each input alone", "sorted by how far it moves the monthly cost")
    columns = ("input", ">from", ">today", ">to", ">USD from", ">USD to", "feasible", "the best")
    yield table(columns, rows, ("the best", "today"))
    if moves := what_moves_along(s.workload, (each.field for each in s.ranges if each.field != RATE)):
        yield moves


def _part(field_range: Range, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "nowhere"
    return f"{field_range.format_value(low)} to {field_range.format_value(high)}"


def _design_rows(r: Regret) -> Iterator[RenderableType]:
    """One row per design: its outcomes in the scenarios."""
    from explorer.analysis.phrases import name_design, sentence
    from explorer.cli.tables import table, title
    from explorer.engine.designs import choices
    from explorer.facts.units import format_part, format_usd

    yield title(
        "Choosing now", f"{r.samples:,} scenarios, inputs drawn independently, log-uniform; seed {r.seed}"
    )
    yield r.summary
    rows = []
    notable = [row for row in r.designs if row.choice or row.recommended or row.best >= SELDOM]
    for row in notable:
        marks = [mark for mark, holds in (("choice", row.choice), ("today's", row.recommended)) if holds]
        fails = (format_part(row.breaks), format_part(row.late))
        money = [format_usd(usd) if usd == usd else "" for usd in (row.mean_regret_usd, row.p95_regret_usd)]
        rows.append(
            (
                sentence(name_design(choices(row.design)), ""),
                ", ".join(marks),
                format_part(row.best),
                format_part(row.dearer),
                *fails,
                *money,
            )
        )
    columns = ("design", "", ">best", ">not best", ">breaks", ">late", ">mean regret", ">p95")
    if rows:
        yield table(columns, rows, ("p95", "not best"))
    if few := len(r.designs) - len(notable):
        yield f"{few} more {'is' if few == 1 else 'are'} the best in less than {format_part(SELDOM)} each"


def _input_rows(r: Regret) -> Iterator[RenderableType]:
    """One row per input that is worth measuring, or not."""
    from explorer.analysis.sensitivity.ranges import noun_of
    from explorer.cli.tables import table, title
    from explorer.facts.units import format_share, format_usd

    significant = [row for row in r.measurements if row.significant]
    if not significant:
        return
    yield title("Measuring first", "beside the choice; what noise could explain is left out")
    rows = [
        (
            noun_of(row.input),
            f"{format_usd(row.saves_usd)} ± {format_usd(row.saves_se)}",
            f"{0.0 - 100 * row.averts:+.2f} % ± {100 * row.averts_se:.2f}",
            format_share(row.changes),
        )
        for row in significant
    ]
    yield table(("input", ">saves a month", ">failures", ">another design"), rows)
