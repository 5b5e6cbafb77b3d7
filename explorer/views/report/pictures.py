"""The pictures of a document: each with the code that draws it again, and its numbers as a frame."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import asdict
from functools import cache, partial
from typing import Any

import numpy as np

from explorer.analysis.decision_map import map_decisions
from explorer.analysis.recommendation import Recommendation
from explorer.analysis.sensitivity.tornado import Sensitivity
from explorer.analysis.sweep.sweep import Sweep, sweep
from explorer.engine.designs import Design, table
from explorer.engine.latency import latency, steps
from explorer.engine.limits import binding_uses
from explorer.engine.sizing import sized_conditions
from explorer.facts.extras import missing_error
from explorer.facts.key_value import format_pairs
from explorer.options.base.conditions import Conditions
from explorer.workload.fields import SPREADS

from .document import ReportPicture
from .growth import GrowthForecast
from .measured import Measurement
from .workload import QUANTILES

PLAIN = re.compile(r"[ -#%-\[\]-~\u00a0-\u017f]{1,60}")
MOST_RATES = 3  # designs in the figure of cost over the rate
MAP = ("response", "runtime")


def report_pictures(
    r: Recommendation, forecast: GrowthForecast, moves: Sensitivity, run: Measurement | None = None
) -> dict[str, list[ReportPicture]]:
    """The pictures by key; none if the extra matplotlib is not installed."""
    try:
        from explorer.views import figures
    except ImportError:  # `missing_pictures` explains this in their places
        return {}
    pictures_by_key: dict[str, list[ReportPicture]] = {}
    for key, picture in _all_pictures(figures, with_plain_name(r), forecast, moves, run):
        pictures_by_key.setdefault(key, []).append(picture)
    return pictures_by_key


def missing_pictures() -> str:
    """Why there are no pictures, and the extra to install."""
    return str(missing_error("A picture here", ["matplotlib"]))


def _all_pictures(
    figures: Any, r: Recommendation, forecast: GrowthForecast, moves: Sensitivity, run: Measurement | None
) -> Iterator[tuple[str, ReportPicture]]:
    w = r.workload
    for name in _binding_distributions(r):
        draw = partial(figures.distribution, w, name, design=r.nearest)
        expression = f'figures.distribution(w, "{name}", design=r.nearest)'
        yield "context", ReportPicture(name, draw, expression, partial(_quantile_rows, r, name))
    for key, name, rows in (
        ("resources", "resources", _part_rows),
        ("design", "sequence", _step_rows),
        ("limits", "limits_used", _finding_rows),
        ("cost", "costs", _bill_line_rows),
        ("latency", "latency", _phase_rows),
    ):
        draw = partial(getattr(figures, name), r)
        yield key, ReportPicture(name.replace("_", "-"), draw, f"figures.{name}(r)", partial(rows, r))
    yield "rates", _cost_by_rate_picture(figures, r)
    yield "map", _decision_map_picture(figures, r)
    moves = moves.with_name_of(w)
    yield (
        "sensitivity",
        ReportPicture(
            "sensitivity", partial(figures.tornado, moves), "figures.tornado(moves)", lambda: moves.frame
        ),
    )
    if limits := forecast.limits_that_matter():
        draw = partial(figures.growth, forecast.frame, limits, w.name)
        expression = f"figures.growth(forecast, {json.dumps(limits)}, w.name)"
        yield "growth", ReportPicture("growth", draw, expression, lambda: forecast.frame)
    if run is not None:
        draw = partial(figures.predictions, run)
        yield "measured", ReportPicture("measured", draw, "figures.predictions(run)", lambda: run.off)
        draw = partial(figures.latencies, run)
        yield "measured", ReportPicture("latencies", draw, "figures.latencies(run)", lambda: run.frame)


def with_plain_name(r: Recommendation) -> Recommendation:
    """The same answer with a name that can be drawn: matplotlib reads $ as a formula."""
    if PLAIN.fullmatch(r.workload.name):
        return r
    plain = copy(r)
    plain.answer = copy(r.answer)
    plain.answer.workload = r.workload.model_copy(update={"name": "this workload"})
    return plain


def _cost_by_rate_picture(figures: Any, r: Recommendation) -> ReportPicture:
    designs = _designs_over_rates(r)
    design_lines = ",\n    ".join(f'"{format_pairs(design.ids, ",")}"' for design in designs)
    expression = f"designs = [\n    {design_lines},\n]\nfigures.cost_by_rate(w, designs)"
    draw = partial(figures.cost_by_rate, r.workload, designs)
    return ReportPicture("cost-by-rate", draw, expression, partial(_rate_rows, r, designs))


def _decision_map_picture(figures: Any, r: Recommendation) -> ReportPicture:
    x, y = MAP
    decisions = cache(partial(map_decisions, r.workload, x, y))

    def draw() -> Any:
        return figures.decision_map(r.workload, x, y, swept=decisions().sweep)

    expression = f'figures.decision_map(w, "{x}", "{y}")'
    return ReportPicture("decision-map", draw, expression, lambda: _winner_rows(decisions().sweep))


def _binding_distributions(r: Recommendation) -> list[str]:
    """The distributions whose limits exclude some design; the response's if there are none."""
    load = Conditions(r.workload)
    placements = (r.answer.candidates if r.answer.candidates.designs else table()).placements
    drivers = {use.limit: use.driver for each in placements for use in binding_uses(each, load)}
    because = {drivers.get(reason.because) for reason in r.answer.rejections}
    return [name for name in SPREADS if name in because] or ["response"]


def _designs_over_rates(r: Recommendation) -> list[Design]:
    """The design, and the designs at the nearest rates where the choice changes, or the best alternatives."""
    designs_beyond = [
        turn.design for turn in r.answer.break_evens if turn.axis == "requests_per_month" and turn.design
    ]
    others = [other.design for other in r.answer.alternatives]
    designs = [r.nearest, *(Design(**ids) for ids in (*designs_beyond, *others))]
    return list(dict.fromkeys(designs))[:MOST_RATES]


# The numbers of a picture ------------------------------------------------------------------------


def _winner_rows(grid: Sweep) -> Any:
    """One row per point of the map; the eight options identify the design."""
    return grid.to_frame().drop(columns=["winner", "runner_up"])


def _quantile_rows(r: Recommendation, name: str) -> Any:
    import pandas as pd

    levels = np.unique([*np.linspace(0.01, 0.99, 99), *QUANTILES])
    values = [float(getattr(r.workload, name).spread.quantile(level)) for level in levels]
    unit = "s" if name == "runtime" else "bytes"
    return pd.DataFrame({"quantile": np.round(levels, 4), f"{name}_{unit}": values})


def _finding_rows(r: Recommendation) -> Any:
    return r.findings


def _part_rows(r: Recommendation) -> Any:
    import pandas as pd

    by_option = r.nearest.parts_by_option(r.answer.load)
    rows = [(o.concern, o.id, o.summary, part) for o, parts in by_option.items() for part in parts or ("",)]
    return pd.DataFrame(rows, columns=["concern", "option", "summary", "part"])


def _step_rows(r: Recommendation) -> Any:
    import pandas as pd

    rows = []
    for step in steps(sized_conditions(r.workload, r.nearest), r.nearest):
        seconds = np.broadcast_to(step.seconds, (3,)).tolist()
        rows.append((step.phase, step.title, *step.actors, *seconds))
    return pd.DataFrame(rows, columns=["phase", "step", "from", "to", "p50_s", "p95_s", "p99_s"])


def _bill_line_rows(r: Recommendation) -> Any:
    import pandas as pd

    return pd.DataFrame([asdict(line) for line in r.bill.lines])


def _phase_rows(r: Recommendation) -> Any:
    import pandas as pd

    seconds = latency(r.workload, r.nearest, r.answer.sized_load)
    return pd.DataFrame(
        [{"phase": phase, **{f"{p}_s": s for p, s in at.items()}} for phase, at in seconds.items()]
    )


def _rate_rows(r: Recommendation, designs: list[Design]) -> Any:
    import pandas as pd

    w = r.workload
    rates = np.geomspace(max(w.requests_per_month / 1000, 1), w.requests_per_month * 1000, 61)
    frames = [sweep(w, {"requests_per_month": rates}, designs=[one]).to_frame() for one in designs]
    return pd.concat(frames, ignore_index=True)
