"""`explorer recommend`: the design to build, why, what it costs, and what would change it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from explorer.cli.answer_tables import bill_table, findings_table
from explorer.cli.console import NO, STANDARD, Fields, Json, Region, WorkloadFile, load_workload, out
from explorer.cli.manners import manners
from explorer.cli.tables import Prose, Row, SideNote, indented_lines, table, title
from explorer.facts.key_value import format_pairs
from explorer.facts.units import format_share, format_signed_usd, format_time, format_usd_briefly
from explorer.facts.verdict import Verdict

if TYPE_CHECKING:
    from explorer.analysis.answer import Answer

BEST = 5  # designs shown on one screen
ALTERNATIVES = 50  # in the JSON, without --all


def recommend(
    workload: WorkloadFile,
    region: Region = None,
    fields: Fields = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="All of it: limits, bill, every design, what is ruled out, assumptions."),
    ] = False,
    as_json: Json = False,
) -> None:
    """The design to build: why, what it costs, and what would change the answer."""
    from explorer.analysis.recommendation import recommend as choose
    from explorer.analysis.summary import headed_paragraphs

    r = choose(load_workload(workload, region, fields))
    if as_json:
        out(r.to_dict(None if every else ALTERNATIVES), True)
    elif manners.quiet:
        print(format_pairs(r.design.ids, ",") if r.design else "", end="\n" if r.design else "")
    elif every:
        out(r, False, recommendation, r.to_dict(), headed_paragraphs(r.answer))
    else:
        out(r, False, screen, r.answer, headed_paragraphs(r.answer), str(workload))
    raise typer.Exit(0 if r.feasible else NO)


def screen(answer: Answer, paragraphs: Sequence[tuple[str, str]], workload: str) -> Iterator[RenderableType]:
    """An answer for one screen: the recommendation in words, the next best designs, and links to the rest."""
    for heading, text in paragraphs:
        yield Prose.assemble((heading, "bold"), f" {text}")
    yield ""
    if answer.design and (others := answer.distinct_alternatives(BEST).to_dicts()):
        columns = ("the next best, instead", ">USD", ">parts", ">p50", ">p95")
        yield table(columns, (_alternative(row, answer.design.ids) for row in others), ("p50",))
    yield from _more(answer, workload)


def _more(answer: Answer, workload: str) -> Iterator[RenderableType]:
    """Commands that show more."""
    file = shlex.quote(workload)
    yield SideNote(f"More: explorer recommend {file} --all  (limits, bill, every design, assumptions)")
    not_fitting = [finding.limit for finding in answer.findings if finding.verdict != Verdict.FITS]
    if not_fitting:
        yield SideNote(f"      explorer explain {not_fitting[0]}")
    name = "workload" if workload == STANDARD else Path(workload).stem
    yield SideNote(f"      explorer report {file} -o {shlex.quote(name)}.html")


def recommendation(answer: Row, paragraphs: Sequence[tuple[str, str]]) -> Iterator[RenderableType]:
    """The complete answer: in words, one paragraph per heading, then its assumptions and sources."""
    for i, (heading, text) in enumerate(paragraphs):
        yield title(heading if not i else heading.rstrip("."), first=not i)
        yield text
    yield from _parts(answer)
    yield from findings_table(answer["findings"])
    yield from bill_table(answer["bill"])
    yield from _alternatives(answer)
    yield from _rejections(answer["rejected"])
    if answer["break_evens"]:
        yield title("Where the answer changes")
        yield from indented_lines(turn["says"] for turn in answer["break_evens"])
    if answer["feasible"]:
        yield from _trade(answer)
    yield from _changes(answer["changes"])
    yield from _assumptions(answer["assumptions"])


def _parts(answer: Row) -> Iterator[RenderableType]:
    parts = answer["part_names"]
    yield title("Moving parts" + ("" if answer["feasible"] else " of the nearest miss"))
    yield from indented_lines(parts or ["none: nothing but the function itself"])


def _alternatives(answer: Row) -> Iterator[RenderableType]:
    others = answer["alternatives"]
    if others:
        yield title("Other designs that work")
        columns = ("instead", ">USD", ">parts", ">p50", ">p95")
        yield table(columns, (_alternative(row, answer["design"]) for row in others), ("p50",))


def _alternative(row: Row, design: Row) -> tuple[str, ...]:
    times = (format_time(row[at]) for at in ("latency_p50_s", "latency_p95_s"))
    return *_choice(row, design), *times


def _rejections(reasons: list[Row]) -> Iterator[RenderableType]:
    if reasons:
        yield title("Ruled out")
        columns = ("because", "why", "rules out", ">designs", ">least chance")
        yield table(columns, map(_reason, reasons), ("designs", "least chance"))


def _reason(row: Row) -> tuple[str, ...]:
    from explorer.analysis.phrases import option_ids

    options = ", ".join(option_ids(row["options"]))
    share = "" if row["breach_probability"] is None else format_share(row["breach_probability"])
    return row["because"], row["why"], options, str(row["designs"]), share


def _trade(answer: Row) -> Iterator[RenderableType]:
    yield title("What a part is worth")
    design, trade = answer["design"], answer["at_part_usd"]
    if all(choice["design"] == design for choice in trade.values()):
        yield f"  the same design at {', '.join(trade)} USD a part"
        return
    rows = ((usd, *_choice(choice, design)) for usd, choice in trade.items())
    yield table((">USD a part", "design", ">USD", ">parts"), rows)


def _choice(choice: Row, design: Row) -> tuple[str, ...]:
    from explorer.analysis.phrases import design_difference

    return (
        design_difference(choice["design"], design),
        format_usd_briefly(choice["monthly_usd"]),
        str(choice["parts"]),
    )


def _changes(changes: list[Row]) -> Iterator[RenderableType]:
    if changes:
        yield title("Against today's design")
        yield from indented_lines(f"{row['change']}: {row['what']}{_cost(row['usd'])}" for row in changes)


def _cost(usd: float | None) -> str:
    return "" if usd is None else f" {format_signed_usd(usd)}"


def _assumptions(assumptions: list[Row]) -> Iterator[RenderableType]:
    yield title("Assumptions", "those that decide first")
    ordered = sorted(assumptions, key=lambda row: not row["decides"])
    yield table(("what", "value", "why", "decides"), map(_assumption, ordered))


def _assumption(row: Row) -> tuple[str, ...]:
    return row["id"], row["value"], row["why"], "yes" if row["decides"] else ""
