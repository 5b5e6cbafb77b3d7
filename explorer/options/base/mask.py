"""A boolean for each request path."""

from __future__ import annotations

import numpy as np

Mask = np.ndarray | np.bool_  # broadcasts against the workload's quantities; a scalar for one path
EVERYWHERE: Mask = np.True_
