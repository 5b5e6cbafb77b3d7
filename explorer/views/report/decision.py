"""The recommended design in a document: its choices, limits, bill, seconds and changes."""

from __future__ import annotations

from decimal import Decimal

from explorer.analysis.phrases import (
    broken_a_month,
    describe_design,
    latency_in_words,
    sentence,
    used_share,
)
from explorer.analysis.recommendation import Recommendation
from explorer.engine.cost import BillLine
from explorer.engine.designs import table as every_design
from explorer.engine.latency import latency, steps
from explorer.engine.limits import Finding
from explorer.facts import catalogue
from explorer.facts.units import (
    format_billed_quantity,
    format_cents,
    format_percent,
    format_quantity_at_length,
    format_rough_share,
    format_share,
    format_signed_cents,
    format_time,
    format_usd,
    split_unit,
)
from explorer.options.base.limit_uses import Driver

from .blocks import Cell, Sources, Table, table

MOST_POINTS = 3
LOAD = {*Driver} - {Driver.AMOUNT}  # drivers of limits that more load fills
BILL_MARKS = {
    "assumed": "Assumed: no price is known in this region; a related one, or that of us-east-1, stands in.",
    "stale": "Stale: the price was not seen since 2026 began.",
}


def bill_marks(r: Recommendation) -> str:
    """What the marks in the bill mean; "" if it has none."""
    return " ".join(
        text for mark, text in BILL_MARKS.items() if any(getattr(line, mark) for line in r.bill.lines)
    )


def candidate_counts(r: Recommendation) -> str:
    """The number of candidate designs, and how they arise."""
    every = f"{len(every_design().designs):,} designs that can be built"
    if not r.feasible:
        return f"None of the {every} is feasible. This is the one that misses by least."
    feasible = len(r.answer.alternatives) + 1
    most = f"the least cost, each part counted as {format_usd(r.part_usd)} a month"
    return f"Of {every}, {feasible:,} {'is' if feasible == 1 else 'are'} feasible; this one has {most}."


# Tables -------------------------------------------------------------------------------------------


def choices_table(r: Recommendation) -> Table:
    """The choices of the design."""
    parts = r.nearest.parts_by_option(r.answer.load)
    rows = [
        (option.concern, Cell(option.summary, f"`{option.id}`"), ", ".join(parts[option]) or "none")
        for option in r.nearest.options
    ]
    return table("The choices of the design", "Concern | Choice | Parts", rows)


def limits_table(r: Recommendation, sources: Sources) -> Table:
    """Every limit that applies to the design."""
    head = "Limit | >Allowed | >Used, p50 | >Used, p99 | >Requests that break it | Verdict"
    rows = [_limit_table_row(finding, sources) for finding in r.answer.findings]
    return table("Limits, worst first", f"{head} | What the caller sees | Source", rows, look="wide")


def _limit_table_row(finding: Finding, sources: Sources) -> list[Cell | str]:
    row, share = catalogue.limit(finding.limit), used_share(finding)
    return [
        Cell(row.title, f"`{row.id}`"),
        Cell(
            format_quantity_at_length(finding.limit_value, finding.unit),
            "" if finding.verified else "not verified",
        ),
        format_quantity_at_length(finding.used_p50, finding.unit),
        Cell(
            format_quantity_at_length(finding.used_p99, finding.unit),
            format_rough_share(share),
            share=min(share, 1.0),
        ),
        Cell(format_share(finding.breach_probability), broken_a_month(finding)),
        Cell(finding.verdict, kind=finding.verdict),
        Cell(sentence(finding.consequence, ""), kind="prose"),
        sources.cite(finding.source_url, row.as_of, row.id),
    ]


def report_bill_table(r: Recommendation, sources: Sources) -> Table:
    """The bill, most expensive line first."""
    lines = sorted(r.bill.lines, key=lambda line: line.usd, reverse=True)
    rows = [_bill_line_row(line, r.bill.total_usd, r.bill.region, sources) for line in lines]
    discount = r.workload.preferences.discount
    less = f", less {format_percent(discount)}" if discount else ""
    caption = f"A month in {r.bill.region}: quantity × price{less} = USD"
    head = "Billed | >Quantity | Unit | >× price, USD | >= USD a month | Marks | Source"
    total = ("Total", "", "", "", format_cents(r.bill.total_usd), "", "")
    return table(caption, head, rows, total, look="bill")


def _bill_line_row(line: BillLine, total: Decimal, region: str, sources: Sources) -> list[Cell | str]:
    marks = {"assumed": line.assumed, "stale": line.stale}
    unit, counting = split_unit(line.unit)
    prices, terms = _unit_price_text(line, region)
    return [
        Cell(catalogue.price_title(line.id), f"`{line.id}`"),
        Cell(
            format_billed_quantity(line.quantity),
            f"{format_billed_quantity(line.free)} free" if line.free else "",
        ),
        Cell(unit, counting),
        Cell(prices, terms),
        Cell(format_cents(line.usd), share=float(line.usd / total) if total else None),
        ", ".join(mark for mark, stands in marks.items() if stands),
        sources.cite(line.source, line.as_of, line.id),
    ]


def price_pages_table(r: Recommendation, sources: Sources) -> Table | None:
    """AWS's price page for each service of the bill, beside the source of the figures.

    The page comes first, because AWS publishes the price there; it has no date of its own, so the date stays
    with the source.
    """
    services = catalogue.services()
    lines_by_service: dict[str, list[BillLine]] = {}
    for line in sorted(r.bill.lines, key=lambda line: -line.usd):
        lines_by_service.setdefault(line.id.partition(".")[0], []).append(line)
    rows = []
    for name, lines in lines_by_service.items():
        if name in services:
            page = services[name].prices_page
            read = {sources.cite(line.source, line.as_of, line.id).text: line.as_of for line in lines}
            rows.append(
                (
                    sentence(services[name].name, ""),
                    Cell(page.removeprefix("https://").rstrip("/"), url=page),
                    ", ".join(f"{number} of {as_of}" for number, as_of in read.items()),
                )
            )
    caption = "Where AWS publishes these prices today, and which dated copy each was read from"
    return table(caption, "Service | AWS's own page | Read in", rows) if rows else None


def _unit_price_text(line: BillLine, region: str) -> tuple[str, str]:
    """The unit price; for tiers, the first and the last price, and the quantity in each."""
    billed = line.quantity - line.free
    tiers_in_use = [
        tier for tier in catalogue.tariff(line.id, region).tiers if billed > tier.start or not tier.start
    ]
    prices = [f"{tier.usd.normalize():f}" for tier in tiers_in_use]
    if len(tiers_in_use) == 1:
        return prices[0], ""
    widths = [(billed if tier.end is None else min(billed, tier.end)) - tier.start for tier in tiers_in_use]
    terms = (
        f"{format_billed_quantity(width)} × {price}" for width, price in zip(widths, prices, strict=True)
    )
    return f"{prices[0]} to {prices[-1]}", " + ".join(terms)


def phases_table(r: Recommendation) -> Table:
    """The phases of one request."""
    happens: dict[str, list[str]] = {}
    for step in steps(r.answer.sized_load, r.nearest):
        happens.setdefault(step.phase, []).append(step.title)
    seconds = latency(r.workload, r.nearest, r.answer.sized_load)
    total = ("In all", "", *_times(seconds.pop("total")))
    rows = [(name, "; ".join(happens[name]), *_times(s)) for name, s in seconds.items()]
    caption = f"{sentence(latency_in_words(r.nearest), '')}, as if all steps were slow together"
    return table(caption, "Phase | What happens | >p50 | >p95 | >p99", rows, total)


def _times(seconds: dict[str, float]) -> list[str]:
    return [format_time(s) for s in seconds.values()]


def changes_table(r: Recommendation) -> Table | None:
    """The changes from today's design."""
    rows = [(c.change, c.what, "" if c.usd is None else format_signed_cents(c.usd)) for c in r.answer.changes]
    caption = f"Against today's design: {describe_design(r.current)}" if r.current else ""
    return table(caption, "Change | What | >USD a month", rows) if rows else None


def why_no_changes(r: Recommendation) -> str:
    """Why there is no table of changes."""
    if r.current is None:
        return "The workload does not say what runs today."
    return "What runs today was not compared: there is no design to change to."
