"""One design of the user's choice: findings, bill and latency; or several designs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from explorer.engine.cost import Bill, bill_to_dict
from explorer.engine.cost import cost as bill_of
from explorer.engine.designs import Design, table
from explorer.engine.latency import first_byte_s, seconds_by_step
from explorer.engine.latency import latency as seconds_of
from explorer.engine.limits import Finding, findings
from explorer.engine.sizing import sized_conditions
from explorer.errors import ExplorerError
from explorer.facts.units import quote_value
from explorer.facts.verdict import Verdict
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload

from .answer_rows import Rows
from .choice import complete_design

if TYPE_CHECKING:
    import pandas as pd


DesignArgument = str | Mapping[str, str | None] | Design  # "door=http-api,...", a mapping, or a Design


def assess(workload: Workload, design: DesignArgument) -> pd.DataFrame:
    """Findings of one design, feasible or not: one row per limit, worst first.

    Columns: limit, limit_value, unit, used_p50, used_p99 [unit], breach_probability [share of
    requests], broken_per_month [requests], verdict (excluded, breach, raise, tight or fits), consequence
    (what the caller sees), source_url, verified.

    Exclusions by this workload come first, one row per field: `limit` is the field, `consequence` the reason,
    and the numbers are empty.

    Parameters
    ----------
    workload
        The workload.
    design
        Its choices: a `Design`, "concern=option, ..." or a mapping; concerns left out get the best option.

    Raises
    ------
    DesignError
        For a design that cannot be built.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> findings = ex.assess(w, "door=http-api, response=buffered, execution=single")
    >>> findings.loc[0, ["limit", "verdict"]].tolist()
    ['lambda.sync.response', 'breach']
    """
    import pandas as pd

    complete = complete_design(workload, design)
    rows = _finding_rows(workload, complete, sized_conditions(workload, complete))
    return pd.DataFrame(rows, columns=[field.name for field in fields(Finding)])


def _finding_rows(workload: Workload, design: Design, load: Conditions) -> list[dict[str, Any]]:
    """The exclusions of the design, then every limit that binds it, worst first."""
    rows = [_excluded_finding(*each) for each in exclusions(workload, design).items()]
    return [*rows, *Rows(tuple(findings(workload, design, load)), Finding).to_dicts()]


def exclusions(workload: Workload, design: Design) -> dict[str, str]:
    """The reasons why the workload excludes the design, by field; empty if it does not."""
    by_placement = table().where(design.ids).exclusions(Conditions(workload))
    return {each.because: each.why for row in sorted(by_placement) for each in by_placement[row]}


def _excluded_finding(because: str, why: str) -> dict[str, Any]:
    """An exclusion as a finding without numbers."""
    blank = dict.fromkeys(field.name for field in fields(Finding))
    return {**blank, "limit": because, "verdict": "excluded", "consequence": why}


def cost(workload: Workload, design: DesignArgument) -> Bill:
    """The monthly bill of one design; concerns left out are filled by the best option.

    Parameters
    ----------
    workload
        The workload.
    design
        As `assess` takes it.

    Raises
    ------
    DesignError
        For a design that cannot be built.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> round(float(ex.cost(w, "response=stored, execution=single").total_usd))
    661
    """
    complete = complete_design(workload, design)
    return bill_of(workload, complete, sized_conditions(workload, complete))


def latency(workload: Workload, design: DesignArgument) -> pd.DataFrame:
    """The seconds of one design step by step; concerns left out are filled by the best option.

    Index: the steps in the order in which they happen, then first_byte (from submitting to the first byte
    of the result) and total. Columns: p50, p95, p99 [s]; quantiles of a sum are sums of quantiles.

    Parameters
    ----------
    workload
        The workload.
    design
        As `assess` takes it.

    Raises
    ------
    DesignError
        For a design that cannot be built.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> ex.latency(w, "response=stored, execution=single").index[-2:].tolist()
    ['first_byte', 'total']
    """
    import pandas as pd

    complete = complete_design(workload, design)
    return pd.DataFrame(seconds_by_step(sized_conditions(workload, complete), complete)).T


def compare(workload: Workload, designs: Mapping[str, DesignArgument]) -> pd.DataFrame:
    """Designs side by side, feasible or not, one row per name; concerns left out get the best option.

    Columns: monthly_usd [USD a month], parts, latency_p50_s, latency_p95_s [s], verdict and limit of
    the worst finding, broken_per_month [requests].

    Parameters
    ----------
    workload
        The workload.
    designs
        Designs by name, each as `assess` takes it.

    Raises
    ------
    DesignError
        For a design that cannot be built.
    ExplorerError
        For designs without names.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> frame = ex.compare(w, {"at once": "response=buffered", "later": "response=stored"})
    >>> frame["verdict"].to_dict()
    {'at once': 'breach', 'later': 'tight'}
    """
    import pandas as pd

    if not isinstance(designs, Mapping):
        raise ExplorerError(
            f"designs is {quote_value(designs)}: expected designs by name, such as"
            ' {"at once": "response=buffered"}'
        )
    rows = {}
    for name, argument in designs.items():
        design = complete_design(workload, argument)
        load = sized_conditions(workload, design)
        worst = findings(workload, design, load)[0]
        seconds = seconds_of(workload, design, load)["total"]
        rows[name] = {
            "monthly_usd": float(bill_of(workload, design, load).total_usd),
            "parts": len(design.parts_for(load)),
            "latency_p50_s": seconds["p50"],
            "latency_p95_s": seconds["p95"],
            "verdict": worst.verdict.value,
            "limit": worst.limit,
            "broken_per_month": worst.broken_per_month,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def design_assessment(workload: Workload, design_text: str) -> dict[str, Any]:
    """One design for one workload: findings, bill, latency, and the reasons why it is not feasible."""
    if not design_text.strip(" ,"):
        raise ExplorerError(f'design is "{design_text}": expected concern=option, such as door=http-api')
    design = complete_design(workload, design_text)
    load = sized_conditions(workload, design)
    feasible, reasons = why_infeasible(load, design, findings(workload, design, load))
    from .flat_rates import cheaper_flat_rate

    bill, seconds = bill_of(workload, design, load), seconds_of(workload, design, load)
    part_usd, parts = workload.preferences.part_usd, design.parts_for(load)
    return {
        "workload": workload.name,
        "region": workload.region,
        "design": design.ids,
        "feasible": feasible,
        "excluded": reasons,
        "findings": _finding_rows(workload, design, load),
        "bill": bill_to_dict(bill),
        "flat_rate": cheaper_flat_rate(bill, design),
        "latency_s": seconds,
        "monthly_usd": float(bill.total_usd),
        "parts": len(parts),
        "part_names": list(parts),
        "part_usd": part_usd,
        "score_usd": float(bill.total_usd) + part_usd * len(parts),
        "latency_p50_s": seconds["total"]["p50"],
        "latency_p95_s": seconds["total"]["p95"],
        "first_byte_p95_s": float(first_byte_s(load, design)[1]),
    }


def why_infeasible(
    load: Conditions, design: Design, findings: list[Finding]
) -> tuple[bool, list[dict[str, str]]]:
    """Whether a design is feasible, and the reasons why not: broken limits first."""
    from explorer.engine.evaluation import Evaluation

    from .phrases import FIRST_BYTE_P95, breach, late_answers_as_reason, late_p95_as_reason

    one, reasons = Evaluation(load, table().where(design.ids)), exclusions(load.workload, design)
    feasible = not reasons and bool(one.feasible[0])
    breaches = [finding for finding in findings if finding.verdict == Verdict.BREACH and not feasible]
    whys = {finding.limit: breach(finding) for finding in breaches} | reasons
    if not feasible and one.late[0] > load.tolerance:
        whys["client.waits"] = late_answers_as_reason(float(one.late[0]), float(load.waits), design)
    if load.latency_p95 is not None and not one.in_time[0]:
        p95_s = float(one.latency_s[0, 1])
        whys["targets.latency_p95"] = late_p95_as_reason(p95_s, float(load.latency_p95))
    if load.first_byte_p95 is not None and not one.begins_in_time[0]:
        begun_s = float(one.first_byte_p95_s[0])
        whys["targets.first_byte_p95"] = late_p95_as_reason(
            begun_s, float(load.first_byte_p95), FIRST_BYTE_P95
        )
    return feasible, [{"because": because, "why": why} for because, why in whys.items()]
