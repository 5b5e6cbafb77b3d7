"""What a run cost at AWS's prices, from what happened in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from explorer.analysis.calibration.prediction import RunConditions
from explorer.engine.cost import Bill
from explorer.engine.cost import bill as priced
from explorer.engine.cost import usage as usage_of
from explorer.engine.designs import Design
from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.request_path import Initialization
from explorer.workload.workload import Workload

from .logs import Invocation
from .row import Row


def expected_usd(w: Workload, design: Design, run: RunConditions, requests: int) -> float:
    """What `requests` would cost by the model, with what stands a month in its share [USD]."""
    return float(priced(_modelled(w, design, run, requests), w.region).total_usd)


def _modelled(w: Workload, design: Design, run: RunConditions, requests: int) -> dict[str, float]:
    load = Conditions(run.workload(w))
    usage = usage_of(load, design)
    ready = load.by_architecture("lambda.provisioned_concurrency")
    if ready in usage:  # as many as the stack has, whatever the rate of the run
        usage[ready] = usage_of(Conditions(w), design)[ready]
    share = requests / float(load.requests)
    return {price_id: quantity * share for price_id, quantity in usage.items()}


def bill(
    w: Workload,
    design: Design,
    run: RunConditions,
    rows: Sequence[Row],
    exchanges: int,
    invocations: Sequence[Invocation],
) -> Bill:
    """The bill of a run: counted where it was counted, by the model where it was not.

    Counted are requests through the door, what left it, status reads, results and their downloads, and
    of functions what their REPORT lines bill. What stands all month is in it with the run's share.
    """
    usage = _modelled(w, design, run, len(rows))
    usage |= {price_id: float(quantity) for price_id, quantity in _counted(design, rows, exchanges).items()
              if price_id in usage}  # fmt: skip
    if invocations:
        load = Conditions(w)
        usage[load.by_architecture("lambda.request")] = float(len(invocations))
        usage |= _billed_gb_s(load, design, invocations)
    return priced({price_id: quantity for price_id, quantity in usage.items() if quantity}, w.region)


def _billed_gb_s(load: Conditions, design: Design, invocations: Sequence[Invocation]) -> dict[str, float]:
    """What the functions' REPORT lines bill [GB s]; the work of provisioned environments has its own price.

    A line does not name its environment: of the work, those that met a cold start count as on demand.
    """
    is_ready = design.flow.initialization is Initialization.PROVISIONED
    billed = {load.by_architecture("lambda.duration"): 0.0}
    for one in invocations:
        in_ready = is_ready and one.part == "work" and one.init_s is None
        price = load.by_architecture("lambda.provisioned_duration" if in_ready else "lambda.duration")
        billed[price] = billed.get(price, 0.0) + one.billed_gb_s
    return billed


def _counted(design: Design, rows: Sequence[Row], exchanges: int) -> dict[str, float]:
    results = sum(row.bytes > 0 for row in rows)
    counted: dict[str, float] = {"transfer.internet_out": sum(row.received_bytes for row in rows) / GB}
    door: Any = design.option("door")
    if door.exchange:
        counted[door.exchange] = exchanges
    if design.flow.polls:
        counted["dynamodb.ondemand_rru"] = sum(row.polls for row in rows)
        counted["s3.standard_tier1_request"] = results
        counted["s3.standard_tier2_request"] = results
    return counted
