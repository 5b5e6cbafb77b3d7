"""How the environments of the function that does the work become ready."""

from __future__ import annotations

from .on_demand import OnDemand
from .provisioned_concurrency import ProvisionedConcurrency
from .snap_start import SnapStart

OPTIONS = (OnDemand(), ProvisionedConcurrency(), SnapStart())
