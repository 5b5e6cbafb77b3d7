"""The client of the endpoint: submit, wait, fetch, with every step that a body needs.

`client` and `async_client` send; `caller` is what they share; `protocol` says what to send next, and reads
what came back by `reading`, `fetch` and `exchange`; `bodies` go up and come down; `signing` signs.
"""

from __future__ import annotations

from .async_client import AsyncClient as AsyncClient
from .client import Client as Client
from .exchange import DownloadError as DownloadError
from .exchange import EndpointError as EndpointError
from .exchange import Job as Job
from .exchange import JobFailedError as JobFailedError
from .exchange import UnreachableError as UnreachableError
from .exchange import WaitTimeoutError as WaitTimeoutError
