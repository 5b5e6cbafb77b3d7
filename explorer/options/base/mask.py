"""A yes or no for each request path."""

from __future__ import annotations

import numpy as np

Mask = np.ndarray | np.bool_  # to broadcast against the workload's quantities; of one path a single one
EVERYWHERE: Mask = np.True_
