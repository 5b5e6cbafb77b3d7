"""The pictures of a document: each with the expression that draws it again, and its numbers as a frame."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import asdict, replace
from functools import cache, partial
from typing import Any

import numpy as np

from explorer.analysis.decision_map import atlas
from explorer.analysis.recommendation import Recommendation
from explorer.analysis.sensitivity.tornado import Sensitivity
from explorer.analysis.sweep.sweep import Sweep, sweep
from explorer.engine.designs import Design, table
from explorer.engine.latency import latency, steps
from explorer.engine.limits import binding_uses
from explorer.facts.key_value import format_pairs
from explorer.options.base.conditions import Conditions

from .document import Drawn
from .growth import Ahead
from .measured import Measurement
from .workload import QUANTILES, SPREADS

PLAIN = re.compile(r"[ -#%-\[\]-~\u00a0-\u017f]{1,60}")
MOST_RATES = 3  # designs whose cost is drawn over the rate
MAP = ("response", "runtime")


def pictures(
    r: Recommendation, ahead: Ahead, moves: Sensitivity, run: Measurement | None = None
) -> dict[str, list[Drawn]]:
    """The pictures by the key of their place; none where matplotlib, an extra, is not installed."""
    try:
        from explorer.views import figures
    except ImportError:
        return {}
    found: dict[str, list[Drawn]] = {}
    for key, drawn in _every(figures, named_plainly(r), ahead, moves, run):
        found.setdefault(key, []).append(drawn)
    return found


def _every(
    figures: Any, r: Recommendation, ahead: Ahead, moves: Sensitivity, run: Measurement | None
) -> Iterator[tuple[str, Drawn]]:
    w = r.workload
    for name in _binding(r):
        draw = partial(figures.distribution, w, name)
        yield "context", Drawn(name, draw, f'figures.distribution(w, "{name}")', partial(_quantiles, r, name))
    for key, name, rows in (
        ("resources", "resources", _parts),
        ("design", "sequence", _steps),
        ("limits", "limits_used", _findings),
        ("cost", "costs", _lines),
        ("latency", "latency", _phases),
    ):
        draw = partial(getattr(figures, name), r)
        yield key, Drawn(name.replace("_", "-"), draw, f"figures.{name}(r)", partial(rows, r))
    yield "rates", _cost_by_rate(figures, r)
    yield "map", _map(figures, r)
    moves = replace(moves, workload=w)
    yield (
        "sensitivity",
        Drawn("sensitivity", partial(figures.tornado, moves), "figures.tornado(moves)", lambda: moves.frame),
    )
    if limits := ahead.limits():
        draw = partial(figures.growth, ahead.frame, limits, w.name)
        expression = f"figures.growth(ahead, {json.dumps(limits)}, w.name)"
        yield "growth", Drawn("growth", draw, expression, lambda: ahead.frame)
    if run is not None:
        draw = partial(figures.predictions, run)
        yield "measured", Drawn("measured", draw, "figures.predictions(run)", lambda: run.off)
        draw = partial(figures.latencies, run)
        yield "measured", Drawn("latencies", draw, "figures.latencies(run)", lambda: run.frame)


def named_plainly(r: Recommendation) -> Recommendation:
    """The same answer under a name that can be drawn: matplotlib reads $ as mathematics."""
    if PLAIN.fullmatch(r.workload.name):
        return r
    named = copy(r)
    named.workload = r.workload.model_copy(update={"name": "this workload"})
    return named


def _cost_by_rate(figures: Any, r: Recommendation) -> Drawn:
    designs = _over_rates(r)
    listed = ",\n    ".join(f'"{format_pairs(design.ids, ",")}"' for design in designs)
    expression = f"designs = [\n    {listed},\n]\nfigures.cost_by_rate(w, designs)"
    draw = partial(figures.cost_by_rate, r.workload, designs)
    return Drawn("cost-by-rate", draw, expression, partial(_rates, r, designs))


def _map(figures: Any, r: Recommendation) -> Drawn:
    x, y = MAP
    found = cache(partial(atlas, r.workload, x, y))

    def draw() -> Any:
        return figures.decision_map(r.workload, x, y, swept=found().swept)

    expression = f'figures.decision_map(w, "{x}", "{y}")'
    return Drawn("decision-map", draw, expression, lambda: _winners(found().swept))


def _binding(r: Recommendation) -> list[str]:
    """The distributions whose limits rule some design out; the response's if none does."""
    load = Conditions(r.workload)
    placements = (r.candidates if r.candidates.designs else table()).placements
    drivers = {use.limit: use.driver for each in placements for use in binding_uses(each, load)}
    because = {drivers.get(reason.because) for reason in r.reasons}
    return [name for name in SPREADS if name in because] or ["response"]


def _over_rates(r: Recommendation) -> list[Design]:
    """The design, and those that the nearest rates would change it to, or the best alternatives."""
    turned = [turn.design for turn in r.turns if turn.axis == "requests_per_month" and turn.design]
    others = [other.design for other in r.others]
    designs = [r.nearest, *(Design(**ids) for ids in (*turned, *others))]
    return list(dict.fromkeys(designs))[:MOST_RATES]


# The numbers of a picture ------------------------------------------------------------------------


def _winners(swept: Sweep) -> Any:
    """A row a point of the map; the five options say which design it is."""
    return swept.to_frame().drop(columns=["winner", "runner_up"])


def _quantiles(r: Recommendation, name: str) -> Any:
    import pandas as pd

    levels = np.unique([*np.linspace(0.01, 0.99, 99), *QUANTILES])
    values = [float(getattr(r.workload, name).spread.quantile(level)) for level in levels]
    unit = "s" if name == "runtime" else "bytes"
    return pd.DataFrame({"quantile": np.round(levels, 4), f"{name}_{unit}": values})


def _findings(r: Recommendation) -> Any:
    return r.findings


def _parts(r: Recommendation) -> Any:
    import pandas as pd

    rows = [(o.concern, o.id, o.summary, part) for o in r.nearest.options for part in o.parts or ("",)]
    return pd.DataFrame(rows, columns=["concern", "option", "summary", "part"])


def _steps(r: Recommendation) -> Any:
    import pandas as pd

    rows = []
    for step in steps(Conditions(r.workload), r.nearest):
        seconds = np.broadcast_to(step.seconds, (3,)).tolist()
        rows.append((step.phase, step.title, *step.actors, *seconds))
    return pd.DataFrame(rows, columns=["phase", "step", "from", "to", "p50_s", "p95_s", "p99_s"])


def _lines(r: Recommendation) -> Any:
    import pandas as pd

    return pd.DataFrame([asdict(line) for line in r.bill.lines])


def _phases(r: Recommendation) -> Any:
    import pandas as pd

    seconds = latency(r.workload, r.nearest)
    return pd.DataFrame(
        [{"phase": phase, **{f"{p}_s": s for p, s in at.items()}} for phase, at in seconds.items()]
    )


def _rates(r: Recommendation, designs: list[Design]) -> Any:
    import pandas as pd

    w = r.workload
    rates = np.geomspace(max(w.requests_per_month / 1000, 1), w.requests_per_month * 1000, 61)
    frames = [sweep(w, {"requests_per_month": rates}, designs=[one]).to_frame() for one in designs]
    return pd.concat(frames, ignore_index=True)
