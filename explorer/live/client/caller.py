"""The common part of both clients: address, identity, and the translation from and to httpx2."""

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
from .exchange import Answer, Backoff, EndpointError, NoAnswer, Request
from .inline import largest_inline
from .listening import signed_headers
from .protocol import Answers, Payload, Protocol
from .signing import Bearer, Credentials, Scope, Signer, boto3_chain, digest_header, is_local

CONNECT_S = 10.0
KEPT_OPEN = 100  # idle connections
SERVICES = ("execute-api", "lambda")


class Caller:
    """A client of one endpoint with one identity; `Client` and `AsyncClient` take the same arguments.

    Parameters
    ----------
    url : of the endpoint, as `explorer deploy` prints it
    credentials : a mapping of access_key_id, secret_access_key, and optionally session_token and region; or
        of token, the token of an issuer or a function that returns a fresh one; None for the usual chain of
        boto3; False to sign nothing
    region : of the endpoint (default: the one in its address, or in `credentials`)
    service : execute-api or lambda; for a custom domain, whose address contains neither
    inline_bytes : the largest body that is sent in the request; a larger one is uploaded first [B]
        (default: a size that every endpoint accepts)
    answers : job or run, if known; otherwise `run` finds out
    backoff : how long to wait before a retry, and how often to retry

    Raises ExplorerError for an argument that cannot be used.
    """

    _http_class: Callable[..., Any]
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
        base = _base_url(url)
        if answers not in (None, "job", "run"):
            raise ExplorerError(f"answers is {answers!r}: expected job, run or None")
        if service not in (None, *SERVICES):
            raise ExplorerError(f"service is {service!r}: expected {' or '.join(SERVICES)}")
        self._signer = _make_signer(base, credentials, region, service)
        # the chain reads files, uses the network and starts other programs
        self._may_block = credentials is None
        limit = largest_inline() if inline_bytes is None else inline_bytes
        self._protocol = Protocol(base, limit, backoff or Backoff(), answers)
        self._http = self._http_class(
            verify=ssl_context(),
            trust_env=not is_local(base),  # no proxy to this machine
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=KEPT_OPEN),
            headers={"user-agent": "explorer", "accept-encoding": "gzip"},
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({urlsplit(self._protocol.base).hostname!r})"

    def _add_region_hint(self, error: EndpointError) -> EndpointError:
        """The error with a possible cause: an address that is not AWS's own contains no region."""
        scope = self._signer.scope if isinstance(self._signer, Signer) else None
        if error.status == 403 and scope and scope.region_is_assumed:
            line = f"{error}; signed for {scope.region}, since no region was given: expected region=..."
            return EndpointError(line, error.status, error.title, error.detail)
        return error

    def _arguments(self, request: Request) -> dict[str, Any]:
        """The arguments of httpx2 for a request, without its body. It is signed now: a signature expires."""
        headers = dict(request.headers)
        if request.signed and self._signer:
            body = request.body.read() if request.body else b""
            headers = self._signer.sign(request.method, request.url, headers, body)
        elif request.body:
            headers["content-length"] = str(request.body.size_bytes)
            headers |= digest_header(request.body.read()) if request.signed else {}
        timeout = httpx2.Timeout(request.timeout_s, connect=CONNECT_S, pool=None)
        return {"method": request.method, "url": request.url, "headers": headers, "timeout": timeout}

    def _handshake(self, url: str) -> dict[str, str]:
        """The headers with which a WebSocket is opened."""
        return signed_headers(url, self._signer)


def make_payload(body: Any, content_type: str | None, on_sent: Any, key: str | None) -> Payload:
    """A body to send. Raises ExplorerError if the body or the idempotency key is not valid."""
    if key is not None and not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        raise ExplorerError("idempotency_key: expected 1 to 255 printable characters of ASCII, no spaces")
    return Payload(Body(body, content_type), on_sent)


def answer_of(response: httpx2.Response, content: bytes = b"") -> Answer:
    """An answer of httpx2 as the protocol reads it."""
    return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, content)


def failure_of(request: Request, error: httpx2.RequestError) -> NoAnswer:
    """A failure without an answer. Raises the error itself where a retry cannot help."""
    if isinstance(error, httpx2.DecodingError):
        raise EndpointError(f"{request.name}: the body of its answer cannot be decompressed")
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
        raise ExplorerError(f"{request.name}: cannot be sent: {type(error).__name__}")
    if isinstance(error, httpx2.ConnectTimeout):
        return NoAnswer(f"no connection within {CONNECT_S:g} s", may_have_arrived=False)
    if isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        return NoAnswer(f"no connection: {error}", may_have_arrived=False)
    if isinstance(error, httpx2.TimeoutException):
        return NoAnswer(f"no answer within {request.timeout_s:g} s")
    return NoAnswer("the connection was lost")


@cache
def ssl_context() -> ssl.SSLContext:
    """The trusted certificates. Reading them takes 35 ms, so it is done once and not for each client."""
    return httpx2.create_ssl_context()


def _base_url(url: str) -> str:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:  # a bracket too few
        parts = None
    if not parts or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ExplorerError(
            "url: expected an address such as https://abc.execute-api.eu-west-1.amazonaws.com"
        )
    if parts.query or parts.fragment or parts.username is not None:
        raise ExplorerError(f"url: {parts.hostname} with a query, a fragment or a user: expected none")
    if parts.scheme == "http" and not is_local(url):
        raise ExplorerError(f"url: http to {parts.hostname}: expected https (http only on this machine)")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _make_signer(
    base: str, credentials: Any, region: str | None, service: str | None
) -> Signer | Bearer | None:
    if credentials is False:
        return None
    if credentials is None:
        return Signer(Scope.of(base, service, region), boto3_chain())
    if isinstance(credentials, Mapping) and "token" in credentials:
        return Bearer.of(credentials["token"])
    static_credentials = Credentials.of(credentials)
    scope = Scope.of(base, service, region or credentials.get("region"))
    return Signer(scope, lambda: static_credentials)
