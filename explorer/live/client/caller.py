"""What both clients have in common: where they call, as whom, and how they read what httpx2 brings."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx2

from ...errors import ExplorerError
from .bodies import Body
from .exchange import Answer, Backoff, EndpointError, Lost, Request
from .inline import largest_inline
from .protocol import Answers, Protocol, Sending
from .signing import Credentials, Scope, Signer, at_home, usual_chain

CONNECT_S = 10.0
KEPT_OPEN = 100  # idle connections
SERVICES = ("execute-api", "lambda")


class Caller:
    """One endpoint and one identity; `Client` and `AsyncClient` are made alike.

    Parameters
    ----------
    url : of the endpoint, as `explorer deploy` prints it
    credentials : a mapping of access_key_id, secret_access_key, session_token if any, and region if it
        is to be stated there; None for the usual chain of boto3; False to sign nothing
    region : that the endpoint is in (default: the one in its address, or in `credentials`)
    service : execute-api or lambda; for a custom domain, whose address names neither
    inline_bytes : the largest body that is not uploaded first [B] (default: what fits whatever it is)
    answers : job or run, if known; else `run` finds out
    backoff : how long to wait before trying again, and how often

    Raises ExplorerError for what cannot be used.
    """

    _library: Callable[..., Any]
    _http: Any

    def __init__(
        self,
        url: str,
        credentials: Mapping[str, Any] | bool | None = None,
        *,
        region: str | None = None,
        service: str | None = None,
        inline_bytes: int | None = None,
        answers: Answers | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        base = _base(url)
        if answers not in (None, "job", "run"):
            raise ExplorerError(f"answers is {answers!r}: expected job, run or None")
        if service not in (None, *SERVICES):
            raise ExplorerError(f"service is {service!r}: expected {' or '.join(SERVICES)}")
        self._signer = _signer(base, credentials, region, service)
        self._may_block = credentials is None  # the chain asks files, the network, other programs
        limit = largest_inline() if inline_bytes is None else inline_bytes
        self._protocol = Protocol(base, limit, backoff or Backoff(), answers)
        self._http = self._library(
            verify=_trusted(),
            trust_env=not at_home(base),  # no proxy on the way to this machine
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=KEPT_OPEN),
            headers={"user-agent": "explorer", "accept-encoding": "gzip"},
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({urlsplit(self._protocol.base).hostname!r})"

    def _explained(self, error: EndpointError) -> EndpointError:
        """With what may be behind a refusal: no address but AWS's own names its region."""
        scope = self._signer.scope if self._signer else None
        if error.status == 403 and scope and scope.assumed:
            line = f"{error}; signed for {scope.region}, as no region was named: region=... if it is another"
            return EndpointError(line, error.status, error.title, error.detail)
        return error

    def _arguments(self, request: Request) -> dict[str, Any]:
        """The request as httpx2 takes it, its body aside; signed now, since a signature ages."""
        headers = dict(request.headers)
        if request.signed and self._signer:
            body = request.body.read() if request.body else b""
            headers = self._signer.sign(request.method, request.url, headers, body)
        elif request.body:
            headers["content-length"] = str(request.body.size_bytes)
        timeout = httpx2.Timeout(request.patience_s, connect=CONNECT_S, pool=None)
        return {"method": request.method, "url": request.url, "headers": headers, "timeout": timeout}


def sending(body: Any, content_type: str | None, on_sent: Any, key: str | None) -> Sending:
    """A body and its key, checked before anything is sent."""
    if key is not None and not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        raise ExplorerError("idempotency_key: expected 1 to 255 printable characters of ASCII, no spaces")
    return Sending(Body(body, content_type), on_sent)


def answer_of(response: httpx2.Response, content: bytes = b"") -> Answer:
    """An answer of httpx2 as the protocol takes it."""
    return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, content)


def lost(request: Request, error: httpx2.RequestError) -> Lost:
    """A failure on the way. Raises for those that no second try can help."""
    if isinstance(error, httpx2.DecodingError):
        raise EndpointError(f"{request.name}: the body of its answer cannot be decompressed")
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
        raise ExplorerError(f"{request.name}: cannot be sent: {type(error).__name__}")
    if isinstance(error, httpx2.ConnectTimeout):
        return Lost(f"no connection within {CONNECT_S:g} s", may_have_arrived=False)
    if isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        return Lost(f"no connection: {error}", may_have_arrived=False)
    if isinstance(error, httpx2.TimeoutException):
        return Lost(f"no answer within {request.patience_s:g} s")
    return Lost("the connection was lost")


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates count, read once: 35 ms, otherwise for each client."""
    return httpx2.create_ssl_context()


def _base(url: str) -> str:
    parts = urlsplit(url) if isinstance(url, str) else None
    if not parts or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ExplorerError(
            "url: expected an address such as https://abc.execute-api.eu-west-1.amazonaws.com"
        )
    if parts.query or parts.fragment or parts.username is not None:
        raise ExplorerError(f"url: {parts.hostname} with a query, a fragment or a user: expected none")
    if parts.scheme == "http" and not at_home(url):
        raise ExplorerError(f"url: http to {parts.hostname}: expected https, but on this machine")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _signer(base: str, credentials: Any, region: str | None, service: str | None) -> Signer | None:
    if credentials is False:
        return None
    if credentials is None:
        return Signer(Scope.of(base, service, region), usual_chain())
    static_credentials = Credentials.of(credentials)
    scope = Scope.of(base, service, region or credentials.get("region"))
    return Signer(scope, lambda: static_credentials)
