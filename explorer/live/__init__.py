"""The endpoint alive: an embedded local cloud, its limits, and what it mends.

`cloud` starts and stops it; `serve` is its process; `enforce` and `refuse` hold AWS's limits; `mend`
repairs what its emulator does otherwise than AWS; `dropped` sets what its CloudFormation leaves out.
"""

from __future__ import annotations

from ..errors import ExplorerError


class CloudError(ExplorerError):
    """The cloud cannot be started, or refused, or is not what was expected."""
