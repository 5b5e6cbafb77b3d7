"""Pictures of an answer, and of a benchmark: the only place that draws. Numbers in, a matplotlib figure out.

Each picture shows itself in a notebook, says in words what it shows (`alt`), and saved twice has
the same bytes (`svg()`, `png()`, `savefig`).
"""

from .bars import latency, limits_used
from .decisions import decision_map
from .look import Picture
from .measured import latencies, served
from .money import costs
from .predicted import predictions
from .rates import cost_by_rate
from .spread import distribution
from .steps import sequence

__all__ = [
    "Picture",
    "limits_used",
    "costs",
    "decision_map",
    "latency",
    "distribution",
    "cost_by_rate",
    "sequence",
    "latencies",
    "predictions",
    "served",
]
