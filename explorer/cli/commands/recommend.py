"""`explorer recommend`: the design to build, why, what it costs, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import typer
from rich.console import RenderableType

from explorer.cli.answer_tables import FEW, bill_table, findings_table
from explorer.cli.console import NO, Json, Region, WorkloadFile, loaded, out
from explorer.cli.tables import Row, listed, table, title
from explorer.facts.units import format_share, format_signed_usd, format_time, format_usd


def recommend(
    workload: WorkloadFile,
    region: Region = None,
    every: Annotated[bool, typer.Option("--all", help="Every row of every table.")] = False,
    as_json: Json = False,
) -> None:
    """The design to build, why, what it costs, and what would change it."""
    from explorer.analysis.recommendation import recommend as choose
    from explorer.analysis.summary import summary_paragraphs

    r = choose(loaded(workload, region))
    answer = r.to_dict()
    out(answer, as_json, recommendation, answer, every, {} if as_json else summary_paragraphs(r.answer))
    raise typer.Exit(0 if answer["feasible"] else NO)


def recommendation(answer: Row, every: bool, paragraphs: Mapping[str, str]) -> Iterator[RenderableType]:
    """The answer of `recommend`: in words, a paragraph a title, then what it rests on."""
    from explorer.analysis.phrases import sentence

    for i, (heading, text) in enumerate(paragraphs.items()):
        yield title(heading, first=not i)
        yield sentence(text, "")
    yield from _parts(answer)
    yield from findings_table(answer["findings"])
    yield from bill_table(answer["bill"])
    yield from _alternatives(answer, every)
    yield from _rejected(answer["rejected"], every)
    if answer["break_evens"]:
        yield title("Where the answer changes")
        yield from listed(turn["says"] for turn in answer["break_evens"])
    if answer["feasible"]:
        yield from _trade(answer)
    yield from _changes(answer["changes"])
    yield from _assumptions(answer["assumptions"], every)


def _parts(answer: Row) -> Iterator[RenderableType]:
    parts = answer["part_names"]
    yield title("Moving parts" + ("" if answer["feasible"] else " of the nearest miss"))
    yield from listed(parts or ["none: nothing but the function itself"])


def _alternatives(answer: Row, every: bool) -> Iterator[RenderableType]:
    others = answer["alternatives"]
    if not others:
        return
    shown = others if every else _unlike(answer["design"], others)
    told = f"{len(shown)} of {len(others)}, each with an option that none above has; all with --all"
    yield title("Other designs that work", "" if len(shown) == len(others) else told)
    columns = ("instead", ">USD", ">parts", ">p50", ">p95")
    yield table(columns, (_alternative(row, answer["design"]) for row in shown), ("p50",))


def _unlike(design: Row, others: list[Row]) -> list[Row]:
    """The best that each bring an option none above has: another response or execution first."""
    seen: set[tuple[str, str]] = set(design.items())
    kept: set[int] = set()
    for concerns in (("response", "execution"), tuple(design)):
        for i, row in enumerate(others):
            brought = {(concern, row["design"][concern]) for concern in concerns}
            if len(kept) < FEW and not seen.issuperset(brought):
                seen.update(row["design"].items())
                kept.add(i)
    return [others[i] for i in sorted(kept)]


def _alternative(row: Row, design: Row) -> tuple[str, ...]:
    times = (format_time(row[at]) for at in ("latency_p50_s", "latency_p95_s"))
    return *_choice(row, design), *times


def _rejected(reasons: list[Row], every: bool) -> Iterator[RenderableType]:
    combinations = [row for row in reasons if row["kind"] == "combination"]
    shown = reasons if every else [row for row in reasons if row["kind"] != "combination"]
    if shown:
        yield title("Ruled out")
        columns = ("because", "why", "rules out", ">designs", ">least chance")
        yield table(columns, map(_reason, shown), ("designs", "least chance"))
    if combinations and not every:
        count = len(combinations)
        yield f"  and {count} kinds of combinations that no workload can use: --all lists them"


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
        format_usd(choice["monthly_usd"]),
        str(choice["parts"]),
    )


def _changes(changes: list[Row]) -> Iterator[RenderableType]:
    if changes:
        yield title("Against today's design")
        yield from listed(f"{row['change']}: {row['what']}{_cost(row['usd'])}" for row in changes)


def _cost(usd: float | None) -> str:
    return "" if usd is None else f" {format_signed_usd(usd)}"


def _assumptions(assumptions: list[Row], every: bool) -> Iterator[RenderableType]:
    shown = [row for row in assumptions if every or row["decides"]]
    yield title("Assumptions" if every else "Assumptions that decide")
    if shown:
        columns = ("what", "value", "why") + (("decides",) if every else ())
        yield table(columns, (_assumption(row, every) for row in shown))
    others = len(assumptions) - len(shown)
    if others:
        yield f"  {'and ' if shown else 'none; '}{others} that do not: --all lists them"


def _assumption(row: Row, every: bool) -> tuple[str, ...]:
    decides = ("yes" if row["decides"] else "",) if every else ()
    return row["id"], row["value"], row["why"], *decides
