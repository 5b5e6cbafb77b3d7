"""Pictures of an answer, and of a benchmark: the only place that draws. Numbers in, a matplotlib figure out.

Each picture shows itself in a notebook, says in words what it shows (`alt`), and saved twice has
the same bytes (`svg()`, `png()`, `savefig`).
"""

from .bars import latency, limits_used
from .decisions import decision_map
from .growth import growth
from .look import Picture
from .measured import latencies, served
from .money import costs
from .predicted import predictions
from .rates import cost_by_rate
from .regret import regrets
from .resources import resources
from .sensitivity import tornado
from .spread import distribution
from .steps import sequence
from .wrong import price_of_being_wrong

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
