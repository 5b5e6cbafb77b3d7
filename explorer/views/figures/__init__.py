"""Figures of an answer and of a benchmark: the only place that draws. Numbers in, a matplotlib figure out.

Each picture displays itself in a notebook, has a text description (`alt`), and gives the same bytes each
time it is saved (`svg()`, `png()`, `savefig`).
"""

from .bars import latency, limits_used
from .bills import costs
from .decisions import decision_map
from .distribution import distribution
from .growth import growth
from .measured import latencies, served
from .predicted import predictions
from .price_of_being_wrong import price_of_being_wrong
from .rates import cost_by_rate
from .regret import regrets
from .resources import resources
from .sensitivity import tornado
from .sequence import sequence
from .style import Picture

__all__ = [
    "Picture",
    "limits_used",
    "costs",
    "decision_map",
    "price_of_being_wrong",
    "latency",
    "distribution",
    "cost_by_rate",
    "sequence",
    "resources",
    "growth",
    "tornado",
    "regrets",
    "latencies",
    "predictions",
    "served",
]
