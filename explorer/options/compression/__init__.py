"""Whether the worker compresses the response."""

from __future__ import annotations

from .gzip import Gzip
from .uncompressed import Uncompressed

OPTIONS = (Uncompressed(), Gzip())
