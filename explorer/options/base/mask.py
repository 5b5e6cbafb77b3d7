"""A yes or no for each request path."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

# to broadcast against the workload's quantities; of one path a single one
Mask: TypeAlias = np.ndarray | np.bool_
EVERYWHERE: Mask = np.True_
