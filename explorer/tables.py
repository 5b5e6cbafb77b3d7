"""Answers as a person reads them: Rich tables in a terminal, the same as plain text in a pipe."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .units import format_number, format_quantity, format_share, format_time, format_usd

if TYPE_CHECKING:
    from .lab import Server

T = TypeVar("T")
Row = dict[str, Any]

COLOURS = {"breach": "bold red", "raise": "yellow", "tight": "yellow", "fits": "green"}
FEW = 8  # rows of a table without --all
PROSE = 100  # columns at most
PIPED = 10_000  # columns: no row is broken where no one looks


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def show(shown: Iterable[RenderableType]) -> None:
    """Print to standard output."""
    screen = _Screen(markup=False, highlight=False, emoji=False)
    if not screen.is_terminal:
        screen.width = PIPED
    for part in shown:
        if isinstance(part, _Whole):
            screen.print(part, soft_wrap=True)
        else:
            prose = isinstance(part, str | Padding)
            screen.print(part, width=min(PROSE, screen.width) if prose else None)


class _Whole(Text):
    """A line that is not broken, so that it can be copied."""


def _title(text: str, note: str = "") -> Text:
    return Text.assemble("\n", (text, "bold"), f"  {note}" if note else "")


def _table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """A table; columns named with a leading ">" stand to the right, the first is never broken."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for name in columns:
        first, justify = name is columns[0], "right" if name.startswith(">") else "left"
        table.add_column(name.lstrip(">"), justify=justify, no_wrap=first, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*row)
    return table


def _list(lines: Iterable[str]) -> Iterator[RenderableType]:
    for line in lines:
        yield Padding(Text(line), (0, 0, 0, 2), expand=False)


def recommendation(answer: Row, every: bool) -> Iterator[RenderableType]:
    """The answer of `recommend`: in words, then what it rests on."""
    yield answer["summary"]
    yield from _findings(answer["findings"])
    yield from _bill(answer["bill"])
    yield from _alternatives(answer, every)
    yield from _rejected(answer["rejected"], every)
    if answer["break_evens"]:
        yield _title("Where the answer changes")
        yield from _list(turn["says"] for turn in answer["break_evens"])
    if answer["feasible"]:
        yield from _trade(answer)
    yield from _changes(answer["changes"])
    yield from _assumptions(answer["assumptions"], every)


def assessment(answer: Row) -> Iterator[RenderableType]:
    """The answer of `assess`."""
    verdict = "can be built" if answer["feasible"] else "cannot serve this"
    yield f"For {answer['workload']}, {_choices(answer['design'])} {verdict}."
    if answer["excluded"]:
        yield _title("What keeps it from that")
        yield from _list(f"{row['because']}: {row['why']}" for row in answer["excluded"])
    yield from _findings(answer["findings"])
    yield from _bill(answer["bill"])
    yield _title("Latency")
    yield _table(
        ("phase", ">p50", ">p95", ">p99"),
        (
            (phase, *(format_time(seconds[p]) for p in ("p50", "p95", "p99")))
            for phase, seconds in answer["latency_s"].items()
        ),
    )


def priced(answer: Row) -> Iterator[RenderableType]:
    """The answer of `bill`."""
    free = "free tier taken off" if answer["free_tier"] else "no free tier"
    yield from _bill(answer, f"{answer['region']}, {free}")


def _findings(findings: list[Row]) -> Iterator[RenderableType]:
    yield _title("Limits used")
    yield _table(("limit", ">p50", ">p99", ">of", ">chance", "verdict"), map(_finding, findings))
    if not all(row["verified"] for row in findings):
        yield "  * not verified: no page of AWS's says it"
    yield from _list(f"{row['limit']}: {row['consequence']}" for row in findings if row["verdict"] != "fits")


def _finding(row: Row) -> tuple[str | Text, ...]:
    unit, verdict = row["unit"], row["verdict"]
    used = [format_quantity(row[at], unit) for at in ("used_p50", "used_p99", "limit_value")]
    chance = format_share(row["breach_probability"])
    name = row["limit"] + ("" if row["verified"] else "*")
    return name, *used, chance, Text(verdict, COLOURS[verdict])


def _bill(bill: Row, note: str = "") -> Iterator[RenderableType]:
    yield _title("Bill, a month", note)
    lines = sorted(bill["lines"], key=lambda line: -line["usd"])
    total = Text(format_usd(float(bill["total_usd"])), "bold")
    rows: list[tuple[str | Text, ...]] = [_line(line) for line in lines]
    yield _table(("line", ">quantity", ">USD", "price"), [*rows, (Text("total", "bold"), "", total, "")])
    if any(line["stale"] for line in lines):
        yield "  stale: not seen since 2026 began"
    if any(line["assumed"] for line in lines):
        yield "  assumed: none is known in the region; us-east-1's is used"


def _line(line: Row) -> tuple[str | Text, ...]:
    unit = line["unit"].partition(" (")[0]
    return line["id"], f"{format_number(line['quantity'])} {unit}", format_usd(line["usd"]), _doubt(line)


def _doubt(row: Row) -> Text:
    """What a price leaves to be desired."""
    return Text(", ".join(mark for mark in ("assumed", "stale") if row.get(mark)), "yellow")


def _choices(design: Row, beside: Row | None = None) -> str:
    """The choices of a design, or those in which it differs from the one beside it."""
    beside = beside or {}
    differ = {concern: option for concern, option in design.items() if option != beside.get(concern)}
    return ", ".join(f"{concern}={option}" for concern, option in differ.items()) or "the same"


def _alternatives(answer: Row, every: bool) -> Iterator[RenderableType]:
    others = answer["alternatives"]
    if not others:
        return
    shown = others if every else others[:FEW]
    yield _title("Other designs that work", _more(others, shown))
    columns = ("instead", ">USD", ">parts", ">p50", ">p95")
    yield _table(columns, (_alternative(row, answer["design"]) for row in shown))


def _alternative(row: Row, design: Row) -> tuple[str, ...]:
    times = (format_time(row[at]) for at in ("latency_p50_s", "latency_p95_s"))
    return *_choice(row, design), *times


def _more(rows: Sequence[object], shown: Sequence[object]) -> str:
    return "" if len(rows) == len(shown) else f"{len(shown)} of {len(rows)}; all with --all"


def _rejected(reasons: list[Row], every: bool) -> Iterator[RenderableType]:
    combinations = [row for row in reasons if row["kind"] == "combination"]
    shown = reasons if every else [row for row in reasons if row["kind"] != "combination"]
    if shown:
        yield _title("Ruled out")
        yield _table(("because", "why", "rules out", ">designs", ">least chance"), map(_reason, shown))
    if combinations and not every:
        count = len(combinations)
        yield f"  and {count} kinds of combinations that no workload can use: --all lists them"


def _reason(row: Row) -> tuple[str, ...]:
    options = ", ".join(option.partition("=")[2] for option in row["options"])
    share = "" if row["breach_probability"] is None else format_share(row["breach_probability"])
    return row["because"], row["why"], options, str(row["designs"]), share


def _trade(answer: Row) -> Iterator[RenderableType]:
    yield _title("What a part is worth")
    design, trade = answer["design"], answer["at_part_usd"]
    if all(choice["design"] == design for choice in trade.values()):
        yield f"  the same design at {', '.join(trade)} USD a part"
        return
    rows = ((usd, *_choice(choice, design)) for usd, choice in trade.items())
    yield _table((">USD a part", "design", ">USD", ">parts"), rows)


def _choice(choice: Row, design: Row) -> tuple[str, ...]:
    return _choices(choice["design"], design), format_usd(choice["monthly_usd"]), str(choice["parts"])


def _changes(changes: list[Row]) -> Iterator[RenderableType]:
    if changes:
        yield _title("Against today's design")
        yield from _list(f"{row['change']}: {row['what']}{_signed(row['usd'])}" for row in changes)


def _signed(usd: float | None) -> str:
    return "" if usd is None else f" {'+' if usd > 0 else '-'}{format_usd(abs(usd))}"


def _assumptions(assumptions: list[Row], every: bool) -> Iterator[RenderableType]:
    shown = [row for row in assumptions if every or row["decides"]]
    yield _title("Assumptions" if every else "Assumptions that decide")
    if shown:
        columns = ("what", "value", "why") + (("decides",) if every else ())
        yield _table(columns, (_assumption(row, every) for row in shown))
    others = len(assumptions) - len(shown)
    if others:
        yield f"  {'and ' if shown else 'none; '}{others} that do not: --all lists them"


def _assumption(row: Row, every: bool) -> tuple[str, ...]:
    decides = ("yes" if row["decides"] else "",) if every else ()
    return row["id"], row["value"], row["why"], *decides


def limits(rows: list[Row]) -> Iterator[RenderableType]:
    """The answer of `limits`."""
    columns = ("limit", "name", ">value", ">age", "verified", "source")
    yield _table(columns, map(_limit, rows)) if rows else "no limit says that"


def _limit(row: Row) -> tuple[str | Text, ...]:
    value = "no number" if row["value"] is None else format_quantity(row["value"], row["unit"])
    verified = Text("yes") if row["verified"] else Text("no", "yellow")
    return row["id"], row["name"], value, f"{row['age_days']} days", verified, _source(row["source_url"])


def _source(url: str) -> Text:
    """A link that names its site in a terminal, the whole address in a pipe."""
    if sys.stdout.isatty() and url.startswith("https://"):
        return Text(url.split("/")[2], f"link {url}")
    return Text(url)


def prices(rows: list[Row]) -> Iterator[RenderableType]:
    """The answer of `prices`."""
    columns = ("line", "region", "unit", ">from", ">to", ">USD", ">age", "price", "source")
    yield _table(columns, map(_price, rows)) if rows else "no price says that"


def _price(row: Row) -> tuple[str | Text, ...]:
    end = "" if row["tier_to"] is None else f"{row['tier_to']:,.10g}"
    tier = (f"{row['tier_from']:,.10g}", end, f"{row['price_usd']:.12f}".rstrip("0").rstrip("."))
    return (
        row["id"],
        row["region"],
        row["unit"],
        *tier,
        f"{row['age_days']} days",
        _doubt(row),
        _source(row["source"]),
    )


def watched(jobs: Sequence[T]) -> Iterable[T]:
    """The jobs one by one, with their progress on standard error when a person looks."""
    if len(jobs) == 1 or not sys.stderr.isatty():
        return jobs
    from rich.progress import track

    return track(jobs, "Writing", console=Console(stderr=True), transient=True)


def written(*paths: Path) -> Iterator[RenderableType]:
    """The files that were written."""
    return (_Whole(f"Wrote {path}") for path in paths)


def begun(path: Path) -> Iterator[RenderableType]:
    """The workload that was written, and what to do with it."""
    yield _Whole(f"Wrote {path}. Next: explorer recommend {shlex.quote(str(path))}")


def address(server: Server) -> Iterator[RenderableType]:
    """Where JupyterLab is."""
    if server.copied:
        yield f"Copied into {server.folder}: {server.copied} notebooks, none overwritten"
    if server.app.port != server.asked_port:
        yield f"Port {server.asked_port} is taken: {server.app.port} it is"
    yield f"JupyterLab on {server.folder}, for this machine only; Ctrl-C ends it:"
    yield _Whole(server.url)
