"""How the body of a response leaves."""

from __future__ import annotations

from .accepted import Accepted
from .buffered import Buffered
from .callback import Callback
from .paged import PagedResponse
from .pushed import Pushed
from .stored import Stored
from .streamed import Streamed

OPTIONS = (Buffered(), Streamed(), PagedResponse(), Stored(), Callback(), Pushed(), Accepted())
