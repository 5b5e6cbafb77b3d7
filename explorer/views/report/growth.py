"""Growth in a document: how long the design lasts, and what replaces it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from explorer.analysis.forecast import change_rule
from explorer.analysis.forecast import forecast as forecast_growth
from explorer.analysis.phrases import change_in_words, limit_at_length, limit_name, sentence
from explorer.analysis.recommendation import Recommendation
from explorer.engine.designs import Design, choices
from explorer.facts import catalogue
from explorer.facts.suggestions import both
from explorer.facts.units import format_quantity_at_length, format_rough_share, format_usd
from explorer.facts.verdict import Verdict
from explorer.workload.fields import by_path

from .blocks import Cell, Table, table

DEFAULT = {"requests_per_month": "3 %", "response": "1 %"}  # per month, if the user gave none
MONTHS = 36
MOST = 8  # limits in the table and the picture
LEAST_SHARE = 0.01  # of a limit at the end; limits with a lower use have no row


@dataclass(frozen=True, eq=False)
class GrowthForecast:
    """A forecast of the recommended design, or of the nearest miss.

    Parameters
    ----------
    growth : rates a month by field; None: `DEFAULT`, marked as an assumption
    """

    r: Recommendation
    growth: Mapping[str, str] | None = None
    months: int = MONTHS

    @property
    def rates(self) -> Mapping[str, str]:
        """The growth rates used."""
        return DEFAULT if self.growth is None else self.growth

    @property
    def rates_text(self) -> str:
        """The rates in words, and whether they are assumed."""
        rates = ", ".join(f"{_label(field)} {_a_month(str(rate))}" for field, rate in self.rates.items())
        whose = "assumed, because no growth was given" if self.growth is None else "as given"
        return f"{rates}: {whose}."

    @cached_property
    def frame(self) -> Any:
        """The result of `explorer.forecast` for the document's design."""
        return forecast_growth(self.r.workload, self.rates, self.months, self.r.nearest)

    @property
    def first(self) -> str:
        """When the design first breaks a limit, in one sentence."""
        if self.frame.first_breach is None:
            to_raise = self.limits_to_raise()
            names = both([limit_name(limit) for limit in to_raise]) if to_raise else ""
            once = (
                f", once {names} {'is' if len(to_raise) == 1 and not names.endswith('s') else 'are'} raised"
            )
            within = f"within {self.months} months{once if names else ''}"
            return f"No limit of this design breaks for more requests than may fail {within}."
        month, limit = self.frame.first_breach
        when = f"In month {month}" if month else "Today already"
        value = float(self.frame.loc[self.frame["limit"] == limit, "limit_value"].iloc[0])
        return f"{when} this design breaks the {limit_at_length(limit, value)}."

    def limits_to_raise(self) -> list[str]:
        """The quotas that must be raised at some point."""
        return list(dict.fromkeys(self.frame.loc[self.frame["verdict"] == Verdict.RAISE, "limit"]))

    def limits_that_matter(self) -> list[str]:
        """The limits that matter in the period, highest use first."""
        frame = self.frame.assign(share=limit_shares(self.frame))
        last = frame[frame["month"] == self.months].sort_values("share", ascending=False, kind="stable")
        grows = frame.groupby("limit")["share"].agg(lambda s: s.iloc[-1] - s.iloc[0])
        limit_ids = [x for x, s in zip(last["limit"], last["share"]) if grows[x] > 1e-9 and s >= LEAST_SHARE]
        return limit_ids[:MOST]


def limit_shares(frame: Any) -> Any:
    """The share of each limit that the p99 uses, one row per month and limit."""
    return frame["used"] / frame["limit_value"].where(frame["limit_value"] > 0)


def _label(field: str) -> str:
    """The name of a field inside a sentence."""
    label = by_path()[field].label if field in by_path() else ""
    return label[:1].lower() + label[1:] if label else f"`{field}`"


def _a_month(rate: str) -> str:
    rate_text = rate.strip()
    return (
        f"+{rate_text} a month"
        if rate_text.endswith("%")
        else rate_text.replace("/", " a ").replace("per ", "a ")
    )


def limit_growth_table(forecast: GrowthForecast) -> Table | None:
    """The use of each limit, year by year, and when it breaks."""
    months_in_table = sorted({0, *range(12, forecast.months + 1, 12), forecast.months})[:6]
    rows = [
        _limit_growth_row(forecast.frame[forecast.frame["limit"] == limit], months_in_table)
        for limit in forecast.limits_that_matter()
    ]
    months = " | ".join(">today" if not month else f">month {month}" for month in months_in_table)
    caption = "Limits that growth fills: the share that the p99 uses"
    return table(caption, f"Limit | >Allowed | {months} | Breaks", rows) if rows else None


def _limit_growth_row(frame: Any, months: Sequence[int]) -> list[Cell | str]:
    limit = catalogue.limit(frame["limit"].iloc[0])
    share = dict(zip(frame["month"], limit_shares(frame)))
    return [
        Cell(limit.title, f"`{limit.id}`"),
        format_quantity_at_length(float(frame["limit_value"].iloc[0]), limit.unit),
        *(format_rough_share(float(share[month])) for month in months),
        _when_it_breaks(frame),
    ]


def _when_it_breaks(frame: Any) -> str:
    """The month in which a limit breaks, or must be raised."""
    months = {
        verdict: frame.loc[frame["verdict"] == verdict, "month"]
        for verdict in (Verdict.RAISE, Verdict.BREACH)
    }
    raise_it, breaks = months[Verdict.RAISE], months[Verdict.BREACH]
    texts = []
    if len(raise_it):
        texts.append(f"raise it by month {raise_it.iloc[0]}" if raise_it.iloc[0] else "raise it first")
    if len(breaks):
        texts.append(f"breaks in month {breaks.iloc[0]}" if breaks.iloc[0] else "broken today")
    return "; ".join(texts) or "not in sight"


def design_changes_table(forecast: GrowthForecast) -> Table | None:
    """The recommended design after each change."""
    rows = [_design_change_row(forecast, row) for row in forecast.frame.design_changes.to_dict("records")]
    head = ">Month | Recommended then | >USD a month | Parts added | Parts removed"
    caption = f"What would be recommended as it grows. {change_rule().rstrip('.')}"
    return table(caption, head, rows) if rows else None


def _design_change_row(forecast: GrowthForecast, row: Mapping[str, Any]) -> list[Cell | str]:
    design = row["design"] and Design(**choices(row["design"]))
    same = "the same design"
    then = (change_in_words(design, forecast.r.nearest) or same) if design else "nothing is feasible"
    usd = format_usd(row["monthly_usd"]) if design else ""
    parts = (", ".join(row[key]) or "none" for key in ("added", "removed"))
    return [str(row["month"]), sentence(then, ""), usd, *parts]
