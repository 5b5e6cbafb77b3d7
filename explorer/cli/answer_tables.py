"""Tables shared by several answers: limits used, a bill, the choices of a design."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from explorer.facts.units import format_number, format_quantity, format_share, format_usd, split_unit

from .tables import Row, SideNote, indented_lines, price_marks, table, title

COLOURS = {"breach": "bold red", "raise": "yellow", "tight": "yellow", "fits": "green"}
FEW = 8  # rows of a table without --all


def findings_table(findings: list[Row]) -> Iterator[RenderableType]:
    """The limits that a design uses, and what happens when one breaks."""
    rows = [row for row in findings if row["verdict"] != "excluded"]
    yield title("Limits used")
    yield table(("limit", ">p50", ">p99", ">~of", ">chance", "verdict"), map(_finding, rows), ("p50",))
    if not all(row["verified"] for row in rows):
        yield "  * not verified: no page of AWS's says it"
    notable = [row for row in rows if row["verdict"] != "fits" or _is_full_and_never_breaks(row)]
    yield from indented_lines(f"{row['limit']}: {row['consequence']}" for row in notable)
    if rows:
        yield SideNote(f"  More on a limit: explorer explain {(notable or rows)[0]['limit']}")


def _is_full_and_never_breaks(row: Row) -> bool:
    """Whether a limit is nearly used up and fits all the same, because what exceeds it goes another way."""
    from explorer.engine.limits import NEVER_BREAKS, TIGHT

    is_full = row["used_p99"] >= TIGHT * row["limit_value"]
    return bool(is_full and row["consequence"].startswith(NEVER_BREAKS))


def _finding(row: Row) -> tuple[str | Text, ...]:
    unit, verdict = row["unit"], row["verdict"]
    limit = format_quantity(row["limit_value"], unit)
    quantities = [_format_use(row[at], unit, limit) for at in ("used_p50", "used_p99")]
    chance = format_share(row["breach_probability"])
    name = row["limit"] + ("" if row["verified"] else "*")
    return name, *quantities, limit, chance, Text(verdict, COLOURS[verdict])


def _format_use(value: float, unit: str, limit: str) -> str:
    """The use of a limit; for a count, only the limit shows the unit."""
    is_count = len(unit) > 2 and limit.endswith(f" {unit}")
    return format_number(value) if is_count else format_quantity(value, unit)


def bill_table(bill: Row, note: str = "") -> Iterator[RenderableType]:
    """The lines of a bill, the largest first."""
    yield title("Bill, a month", note)
    lines = sorted(bill["lines"], key=lambda line: -line["usd"])
    total = Text(format_usd(float(bill["total_usd"])), "bold")
    rows: list[tuple[str | Text, ...]] = [_line(line) for line in lines]
    yield table(("line", ">~quantity", ">USD", "price"), [*rows, (Text("total", "bold"), "", total, "")])
    if any(line["stale"] for line in lines):
        yield "  stale: not seen since 2026 began"
    if any(line["assumed"] for line in lines):
        yield "  assumed: none is known in the region; us-east-1's is used"


def _line(line: Row) -> tuple[str | Text, ...]:
    unit, _ = split_unit(line["unit"])
    return line["id"], f"{format_number(line['quantity'])} {unit}", format_usd(line["usd"]), price_marks(line)
