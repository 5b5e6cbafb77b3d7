"""The endpoint that is put under load, and the body of each request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from explorer.engine.designs import Design
from explorer.workload.workload import Workload

Sign = Callable[[str, str, Mapping[str, str], bytes], Mapping[str, str]]
SignSocket = Callable[[str], Mapping[str, str]]
Body = bytes | Callable[[int], bytes]  # the same for each request, or made from its number


def seed_of(number: int) -> int:
    """The seed of the sample work in the request with this number."""
    return number + 1


@dataclass(frozen=True)
class Endpoint:
    """One endpoint as the benchmark sees it.

    Parameters
    ----------
    url : of the endpoint, without a path of a route
    stored : whether it answers with a job to poll; otherwise POST /run answers
    sign : (method, url, headers, body) -> the headers to send; None: they are sent as they are
    sign_socket : url of a WebSocket -> the headers that open it; None: none
    stack, target : name of the stack, and local or aws
    design, workload : what was deployed, and for what; without them nothing is predicted or priced
    session : a boto3 session that may read the functions' logs; None: no logs are read
    functions : their names by part, such as {"submit": "demo-submit", "work": "demo-work"}
    """

    url: str
    stored: bool = True
    sign: Sign | None = field(default=None, repr=False)
    sign_socket: SignSocket | None = field(default=None, repr=False)
    stack: str = ""
    target: str = "local"
    design: Design | None = None
    workload: Workload | None = None
    session: Any = field(default=None, repr=False)
    functions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """What each request asks for.

    Parameters
    ----------
    body : JSON, or a function from the request's number to JSON
    runtime_s, response_bytes : what it asks of the sample work [s], [B]; None for the user's own work
    digest : SHA-256 of the result by the request's number, None if unknown
    """

    body: Body
    runtime_s: float | None = None
    response_bytes: int | None = None
    digest: Callable[[int], str] | None = field(default=None, repr=False)

    @classmethod
    def sample(cls, runtime_s: float = 0.0, response_bytes: int = 1000, **more: Any) -> Work:
        """The sample work: `runtime_s` [s] of it for `response_bytes` [B], with another seed each time."""
        parameters = {"runtime_s": runtime_s, "response_bytes": response_bytes, "steps": 1, **more}

        def body(number: int) -> bytes:
            return json.dumps({"seed": seed_of(number), **parameters}).encode()

        return cls(body, runtime_s, response_bytes)

    def body_of(self, number: int) -> bytes:
        """The body of the request with this number."""
        return self.body(number) if callable(self.body) else self.body
