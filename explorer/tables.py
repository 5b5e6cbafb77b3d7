"""Answers as a person reads them: Rich tables in a terminal, the same as plain text in a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.text import Text

from explorer.facts.units import format_number, format_quantity, format_share, format_time, format_usd

from .screen import Row, Whole, doubt, listed, table, title

COLOURS = {"breach": "bold red", "raise": "yellow", "tight": "yellow", "fits": "green"}
FEW = 8  # rows of a table without --all


def recommendation(answer: Row, every: bool, paragraphs: Mapping[str, str]) -> Iterator[RenderableType]:
    """The answer of `recommend`: in words, a paragraph a title, then what it rests on."""
    for i, (heading, text) in enumerate(paragraphs.items()):
        yield title(heading, first=not i)
        yield text[:1].upper() + text[1:]
    yield from _parts(answer)
    yield from _findings(answer["findings"])
    yield from _bill(answer["bill"])
    yield from _alternatives(answer, every)
    yield from _rejected(answer["rejected"], every)
    if answer["break_evens"]:
        yield title("Where the answer changes")
        yield from listed(turn["says"] for turn in answer["break_evens"])
    if answer["feasible"]:
        yield from _trade(answer)
    yield from _changes(answer["changes"])
    yield from _assumptions(answer["assumptions"], every)


def assessment(answer: Row) -> Iterator[RenderableType]:
    """The answer of `assess`."""
    verdict = "can be built" if answer["feasible"] else "cannot serve this"
    yield f"For {answer['workload']}, {_choices(answer['design'])} {verdict}."
    if answer["excluded"]:
        yield title("What keeps it from that")
        yield from listed(f"{row['because']}: {row['why']}" for row in answer["excluded"])
    yield from _findings(answer["findings"])
    yield from _bill(answer["bill"])
    yield title("Latency")
    yield table(
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


def _parts(answer: Row) -> Iterator[RenderableType]:
    from explorer.engine.designs import Design

    parts = Design(**answer["nearest"]).parts
    yield title("Moving parts" + ("" if answer["feasible"] else " of the nearest miss"))
    yield from listed(parts or ["none: nothing but the function itself"])


def _findings(findings: list[Row]) -> Iterator[RenderableType]:
    yield title("Limits used")
    yield table(("limit", ">p50", ">p99", ">~of", ">chance", "verdict"), map(_finding, findings), ("p50",))
    if not all(row["verified"] for row in findings):
        yield "  * not verified: no page of AWS's says it"
    yield from listed(f"{row['limit']}: {row['consequence']}" for row in findings if row["verdict"] != "fits")


def _finding(row: Row) -> tuple[str | Text, ...]:
    unit, verdict = row["unit"], row["verdict"]
    limit = format_quantity(row["limit_value"], unit)
    used = [_used(row[at], unit, limit) for at in ("used_p50", "used_p99")]
    chance = format_share(row["breach_probability"])
    name = row["limit"] + ("" if row["verified"] else "*")
    return name, *used, limit, chance, Text(verdict, COLOURS[verdict])


def _used(value: float, unit: str, limit: str) -> str:
    """What is used of a limit; of a count the limit alone names the unit."""
    is_count = len(unit) > 2 and limit.endswith(f" {unit}")
    return format_number(value) if is_count else format_quantity(value, unit)


def _bill(bill: Row, note: str = "") -> Iterator[RenderableType]:
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
    unit = line["unit"].partition(" (")[0]
    return line["id"], f"{format_number(line['quantity'])} {unit}", format_usd(line["usd"]), doubt(line)


def _choices(design: Row, beside: Row | None = None) -> str:
    """The choices of a design, or those in which it differs from the one beside it."""
    beside = beside or {}
    differ = {concern: option for concern, option in design.items() if option != beside.get(concern)}
    return ", ".join(f"{concern}={option}" for concern, option in differ.items()) or "the same"


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
    options = ", ".join(option.partition("=")[2] for option in row["options"])
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
    return _choices(choice["design"], design), format_usd(choice["monthly_usd"]), str(choice["parts"])


def _changes(changes: list[Row]) -> Iterator[RenderableType]:
    if changes:
        yield title("Against today's design")
        yield from listed(f"{row['change']}: {row['what']}{_signed(row['usd'])}" for row in changes)


def _signed(usd: float | None) -> str:
    return "" if usd is None else f" {'+' if usd > 0 else '-'}{format_usd(abs(usd))}"


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


def forecast(answer: Row) -> Iterator[RenderableType]:
    """The answer of `forecast`: the first breach, the limits on the way, the changes of design."""
    first, last = answer["first_breach"], answer["months"][-1]["month"]
    yield f"Held against the limits: {_choices(answer['design'])}"
    if first is None:
        yield f"No limit breaks within {last} months."
    else:
        yield Text(f"In month {first['month']} {first['limit']} breaks.", "bold red")
    yield title("What fills up", "most used at the p99 in the last month")
    yield table(("limit", ">now", f">in month {last}", ">limit", "verdict"), _filling(answer["months"], last))
    yield title("What is recommended")
    yield table(
        ("month", "design", ">USD a month", "added", "removed"), map(_change, answer["design_changes"])
    )


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
    usd = row["monthly_usd"]
    told = "nothing is feasible" if row["design"] is None else str(row["design"])
    return (
        str(row["month"]),
        told,
        f"{usd:,.2f}" if usd == usd else "",
        *(", ".join(row[k]) for k in ("added", "removed")),
    )


def swept(answer: Row) -> Iterator[RenderableType]:
    """The answer of `sweep`: at how many points each design wins."""
    points = answer["points"]
    yield f"{points:,} points"
    rows = [
        (
            "nothing is feasible" if row["design"] is None else _choices(row["design"]),
            f"{row['points']:,}",
            format_share(row["points"] / points),
        )
        for row in answer["winners"]
    ]
    yield table(("recommended", ">points", ">share"), rows)
    if answer["file"]:
        yield Whole(f"Wrote {answer['file']}")
