"""The pictures of a document, each as an address that holds it whole."""

from __future__ import annotations

import re
from base64 import b64encode
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..design import Design, table
from ..load import Load
from ..recommend import Recommendation
from .given import SPREADS

if TYPE_CHECKING:
    from ..figures import Picture

PLAIN = re.compile(r"[ -#%-\[\]-~\u00a0-\u017f]{1,60}")
MOST_RATES = 3  # designs whose cost is drawn over the rate


@dataclass(frozen=True)
class Drawn:
    """A picture and what it shows in words."""

    address: str
    alt: str


def pictures(r: Recommendation) -> dict[str, list[Drawn]]:
    """The pictures by section; none where matplotlib, an extra, is not installed."""
    try:
        from .. import figures
    except ImportError:
        return {}
    r = _named_plainly(r)
    drawn = {
        "context": [figures.distribution(r.workload, name) for name in _binding(r)],
        "design": [figures.sequence(r)],
        "limits": [figures.limits_used(r)],
        "cost": [figures.costs(r)],
        "latency": [figures.latency(r)],
        "rates": [figures.cost_by_rate(r.workload, _over_rates(r))],
    }
    return {section: [_drawn(picture) for picture in some] for section, some in drawn.items()}


def _named_plainly(r: Recommendation) -> Recommendation:
    """The same answer under a name that can be drawn: matplotlib reads $ as mathematics."""
    if PLAIN.fullmatch(r.workload.name):
        return r
    named = copy(r)
    named.workload = r.workload.model_copy(update={"name": "this workload"})
    return named


def _drawn(picture: Picture) -> Drawn:
    address = "data:image/svg+xml;base64," + b64encode(picture.svg().encode()).decode()
    return Drawn(address, picture.alt)


def _binding(r: Recommendation) -> list[str]:
    """The distributions whose limits rule some design out; the response's if none does."""
    load = Load(r.workload)
    contexts = (r.candidates if r.candidates.designs else table()).contexts
    uses = (use for c in contexts for use in c.option.limits(load.under(c.flow)))
    drivers = {use.limit: use.driver for use in uses}
    because = {drivers.get(reason.because) for reason in r.reasons}
    return [name for name in SPREADS if name in because] or ["response"]


def _over_rates(r: Recommendation) -> list[Design]:
    """The design, and those that the nearest rates would change it to, or the best alternatives."""
    turned = [turn.design for turn in r.turns if turn.axis == "requests_per_month" and turn.design]
    others = [other.design for other in r.others]
    designs = [r.nearest, *(Design(**ids) for ids in (*turned, *others))]
    return list(dict.fromkeys(designs))[:MOST_RATES]
