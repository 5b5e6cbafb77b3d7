"""Environments by running every request: arrivals, keep-alive, limits, waiting, retries. Knows no AWS.

`simulate` reads the arguments; `arrivals` and `services` make the times, in blocks; `run` feeds them to
`kernel`, which runs `compiled` where Numba is installed; `answer` says what was found.
"""

from .answer import Simulation as Simulation
from .arrivals import Bursts as Bursts
from .arrivals import Periodic as Periodic
from .provisioned import Provisioned as Provisioned
from .provisioned import provisioned_for as provisioned_for
from .simulated import simulate as simulate
