"""Whether the response is compressed where the work is done."""

from __future__ import annotations

from .gzip import Gzip
from .uncompressed import Uncompressed

OPTIONS = (Uncompressed(), Gzip())
