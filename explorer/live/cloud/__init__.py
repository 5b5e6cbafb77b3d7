"""The local cloud: an emulator whose limits are the real ones, in a process of its own on this machine.

`running` starts, finds and ends it; `serve` is its process. `enforce`, `refuse` and `states` hold AWS's
limits; `shut`, `grants` and `actions` let in only who may; `mend`, `events`, `queues`, `doors` and `durable`
repair what the emulator does otherwise than AWS; `complete` does what its CloudFormation leaves out;
`vouch` says what all this can show and what not.
"""

from __future__ import annotations

from .running import Cloud as Cloud
from .running import start as start
from .running import status as status
from .running import stop as stop
