"""The client of an endpoint: submit a job, wait for it and fetch its result.

`client` and `async_client` send requests, and `caller` holds what they share. `protocol` decides which
request is next; `reading`, `fetch` and `exchange` read the answers. `bodies` reads and writes bodies,
`listening` waits at a WebSocket, `signing` signs.
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
