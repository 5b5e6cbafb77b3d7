"""A boolean for each request path."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

# broadcasts against the workload's quantities; a scalar for one path
Mask: TypeAlias = np.ndarray | np.bool_
EVERYWHERE: Mask = np.True_
