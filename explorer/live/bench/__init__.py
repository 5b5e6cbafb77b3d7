"""The benchmark of an endpoint: when requests are sent, what became of them, what that says.

`schedule` says when; `load` sends, whatever became of those before; `exchange` is one HTTP request;
`jobs` is one job from submission to result; `split` finds its phases; `logs` reads what the functions
reported; `percentiles` and `knee` sum up; `charge` prices; `result` holds it all; `run` is the entry.
"""

from __future__ import annotations

from .endpoint import Endpoint as Endpoint
from .result import Result as Result
from .run import bench as bench
from .schedule import Closed as Closed
from .schedule import Schedule as Schedule
from .schedule import constant as constant
from .schedule import poisson as poisson
from .schedule import stepped as stepped
