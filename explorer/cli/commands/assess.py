"""`explorer assess`: limits, bill and latency of one design."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import RenderableType

from explorer.cli.answer_tables import bill_table, findings_table
from explorer.cli.console import NO, Fields, Json, Region, WorkloadFile, designs, load_workload, out
from explorer.cli.tables import Row, indented_lines, table, title
from explorer.facts.key_value import format_pairs
from explorer.facts.units import format_time


def assess(
    workload: WorkloadFile,
    design: Annotated[
        str,
        typer.Option(
            metavar="CONCERN=OPTION,...",
            help="Such as door=http-api,response=stored; what is left out is filled by the best.",
            autocompletion=designs,
        ),
    ],
    region: Region = None,
    fields: Fields = None,
    as_json: Json = False,
) -> None:
    """Limits, bill and latency of one design, and whether it is feasible."""
    from explorer.analysis.one_design import design_assessment

    answer = design_assessment(load_workload(workload, region, fields), design)
    out(answer, as_json, assessment, answer)
    raise typer.Exit(0 if answer["feasible"] else NO)


def assessment(answer: Row) -> Iterator[RenderableType]:
    """The answer of `assess`."""
    verdict = "can be built" if answer["feasible"] else "cannot serve this"
    yield f"For {answer['workload']}, {format_pairs(answer['design'])} {verdict}."
    if answer["excluded"]:
        yield title("What keeps it from that")
        yield from indented_lines(f"{row['because']}: {row['why']}" for row in answer["excluded"])
    yield from findings_table(answer["findings"])
    yield from bill_table(answer["bill"])
    if answer["flat_rate"]:
        yield from indented_lines([answer["flat_rate"]])
    yield title("Latency")
    yield table(
        ("phase", ">p50", ">p95", ">p99"),
        (
            (phase, *(format_time(seconds[p]) for p in ("p50", "p95", "p99")))
            for phase, seconds in answer["latency_s"].items()
        ),
    )
