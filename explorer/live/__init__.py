"""The endpoint alive: an embedded local cloud, its limits, and what it mends.

`cloud` starts and stops it; `serve` is its process; `enforce`, `refuse` and `states` hold AWS's limits;
`shut` lets only known keys in; `mend` and `events` repair what the emulator does otherwise than AWS;
`dropped` sets what its CloudFormation leaves out; `vouch` says what all this can show and what not.
"""

from __future__ import annotations

from ..errors import CloudError as CloudError
