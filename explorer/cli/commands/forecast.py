"""`explorer forecast`: the month in which a limit breaks, and the design changes up to then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from explorer.cli.answer_tables import FEW
from explorer.cli.console import Fields, Json, Region, WorkloadFile, designs, load_workload, out
from explorer.cli.tables import Row, SideNote, table, title
from explorer.facts.units import format_quantity


def forecast(
    workload: WorkloadFile,
    growth: Annotated[
        list[str],
        typer.Option(metavar="FIELD=RATE", help="Such as response=3%/month; may be given again."),
    ],
    months: Annotated[int, typer.Option(min=1, max=600, metavar="MONTHS", help="How far to look.")] = 36,
    design: Annotated[
        str | None,
        typer.Option(
            metavar="CONCERN=OPTION,...",
            autocompletion=designs,
            help="The design to follow; the recommended one if not given.",
        ),
    ] = None,
    region: Region = None,
    fields: Fields = None,
    as_json: Json = False,
) -> None:
    """The month in which growth breaks a limit, and how the recommended design changes by then."""
    from explorer.analysis.forecast import forecast as look_ahead
    from explorer.analysis.forecast import parse_growth

    answer = forecast_to_dict(
        look_ahead(load_workload(workload, region, fields), parse_growth(growth), months, design)
    )
    out(answer, as_json, forecast_table, answer)


def forecast_to_dict(frame: Any) -> dict[str, Any]:
    """A forecast as a dict for JSON; `frame` is the result of `explorer.forecast`."""
    first = frame.first_breach
    return {
        "design": frame.design.ids,
        "first_breach": {"month": first[0], "limit": first[1]} if first else None,
        "months": frame.to_dict("records"),
        "design_changes": frame.design_changes.to_dict("records"),
    }


def forecast_table(answer: Row) -> Iterator[RenderableType]:
    """The answer of `forecast`: the first breach, limits that come near, and design changes."""
    from explorer.analysis.forecast import change_rule
    from explorer.analysis.phrases import name_design

    first, last = answer["first_breach"], answer["months"][-1]["month"]
    yield f"Held against the limits: {name_design(answer['design'])}"
    if first is None:
        yield f"No limit breaks for more requests than may fail within {last} months."
    else:
        yield Text(f"In month {first['month']} {first['limit']} breaks.", "bold red")
    yield title("What fills up", "most used at the p99 in the last month")
    yield table(("limit", ">now", f">in month {last}", ">limit", "verdict"), _filling(answer["months"], last))
    yield title("What is recommended")
    yield table(
        ("month", "design", ">USD a month", "added", "removed"), map(_change, answer["design_changes"])
    )
    yield SideNote(f"  {change_rule()}")


def _filling(rows: list[Row], last: int) -> Iterator[tuple[str, ...]]:
    now = {row["limit"]: row for row in rows if row["month"] == 0}
    then = sorted(
        (row for row in rows if row["month"] == last), key=lambda row: -row["used"] / row["limit_value"]
    )
    for row in then[:FEW]:
        begin, unit = now.get(row["limit"], row)["used"], row["unit"]
        values = (format_quantity(value, unit) for value in (begin, row["used"], row["limit_value"]))
        yield row["limit"], *values, row["verdict"]


def _change(row: Row) -> tuple[str, ...]:
    from explorer.analysis.phrases import name_design
    from explorer.engine.designs import choices

    usd = row["monthly_usd"]
    design = "nothing is feasible" if row["design"] is None else name_design(choices(row["design"]))
    return (
        str(row["month"]),
        design,
        f"{usd:,.2f}" if usd == usd else "",
        *(", ".join(row[k]) for k in ("added", "removed")),
    )
