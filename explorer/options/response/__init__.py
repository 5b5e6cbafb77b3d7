"""How a response's body goes out."""

from __future__ import annotations

from .buffered import Buffered
from .callback import Callback
from .compressed import Compressed
from .paged import PagedResponse
from .stored import Stored
from .streamed import Streamed

OPTIONS = (Buffered(), Compressed(), Streamed(), PagedResponse(), Stored(), Callback())
