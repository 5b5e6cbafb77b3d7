"""Requests signed as AWS asks for (Signature Version 4), for the doors of an endpoint.

Not botocore's signer: this one takes a quarter of its time, and needs no import of 0.1 s where the
credentials are given. The tests hold it against botocore's.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from ...errors import CloudError, ExplorerError

HOME_REGION = "us-east-1"  # of an address on this machine, which names none, unless the caller does
AT_AWS = (  # service, address of a door of it
    ("execute-api", re.compile(r"\.execute-api\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$")),
    ("lambda", re.compile(r"\.lambda-url\.([a-z0-9-]+)\.on\.aws$")),
)
AT_HOME = (("execute-api", "/_aws/execute-api/"), ("lambda", "/_aws/lambda-url/"))
UNRESERVED = "-_.~"


@dataclass(frozen=True)
class Credentials:
    """What a caller signs with; shown nowhere."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, mapping: Mapping[str, Any]) -> Credentials:
        """From a mapping such as `explorer deploy` prints; a value is never repeated in an error."""
        if not isinstance(mapping, Mapping):
            raise ExplorerError(
                f"credentials is of type {type(mapping).__name__}: expected a mapping with access_key_id "
                "and secret_access_key, None for the usual chain of boto3, or False for none"
            )
        for name in ("access_key_id", "secret_access_key"):
            if not isinstance(mapping.get(name), str) or not mapping[name]:
                raise ExplorerError(f"credentials.{name} is missing or empty: expected text")
        token = mapping.get("session_token")
        if token is not None and not isinstance(token, str):
            raise ExplorerError("credentials.session_token is not text: leave it out if there is none")
        return cls(mapping["access_key_id"], mapping["secret_access_key"], token or None)


def at_home(url: str) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Scope:
    """The service and region that a signature is for."""

    service: str
    region: str
    assumed: bool = field(default=False, compare=False)  # the region: neither address nor caller names it

    @classmethod
    def of(cls, url: str, service: str | None, region: str | None) -> Scope:
        """From an address where it names them; what the caller states goes before.

        The region of an address that names none, as of a custom domain, is that of the environment or
        the profile. Raises ExplorerError if nothing names it, CloudError for a profile that does not exist.
        """
        url_service, url_region = _service_and_region(url)
        service, stated_region = service or url_service, region or url_region
        region = stated_region or (HOME_REGION if at_home(url) else _usual_region())
        if not service:
            raise ExplorerError(
                f"{urlsplit(url).hostname} is no address that AWS gave to an API or a function: "
                'expected service="execute-api" for an API, service="lambda" for a function URL'
            )
        if not region:
            raise ExplorerError(f"{urlsplit(url).hostname} names no region: expected region=...")
        return cls(service, region, assumed=not stated_region)


def _service_and_region(url: str) -> tuple[str | None, str | None]:
    parts = urlsplit(url)
    for service, pattern in AT_AWS:
        if match := pattern.search(parts.hostname or ""):
            return service, match[1]
    ways = AT_HOME if at_home(url) else ()
    return next((name for name, path in ways if parts.path.startswith(path)), None), None


def _usual_region() -> str | None:
    """The region that the environment or the profile names. Raises CloudError if the profile is none."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):  # boto3 itself reads the second alone
        if os.environ.get(name):
            return os.environ[name]
    try:
        import botocore.session
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return None
    try:
        region: str | None = botocore.session.Session().get_config_variable("region")
    except BotoCoreError as error:
        raise CloudError(f"the AWS region cannot be read: {error}: expected region=...") from None
    return region


def usual_chain() -> Callable[[], Credentials]:
    """The credentials that boto3 would take, read anew at each call, since they may be renewed.

    Raises CloudError, at the call, if there are none.
    """
    cache: list[Any] = []

    def read() -> Credentials:
        from botocore.exceptions import BotoCoreError

        try:
            frozen = _found_once(cache)
        except BotoCoreError as error:
            raise CloudError(f"the AWS credentials cannot be read: {type(error).__name__}") from None
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    return read


def _found_once(cache: list[Any]) -> Any:
    import botocore.session

    if not cache:
        cache.append(botocore.session.Session().get_credentials())
    if cache[0] is None:
        cache.clear()
        raise CloudError("no AWS credentials found: give credentials=..., or set up a profile as for boto3")
    return cache[0].get_frozen_credentials()


class Signer:
    """Adds to a request's headers what proves who sent it."""

    def __init__(self, scope: Scope, credentials: Callable[[], Credentials]) -> None:
        self.scope, self.credentials = scope, credentials
        self._key: tuple[tuple[str, str], bytes] | None = None

    def sign(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        now: datetime | None = None,
    ) -> dict[str, str]:
        """`headers` with those of the signature, which covers them all.

        Parameters
        ----------
        url : as it is sent, its path and query percent-encoded
        now : the time of the signature (default: the time)
        """
        credentials = self.credentials()
        stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        signed_headers = {name.lower(): value for name, value in headers.items()}
        signed_headers |= {"host": _host(url), "x-amz-date": stamp}
        if credentials.session_token:
            signed_headers["x-amz-security-token"] = credentials.session_token
        names = ";".join(sorted(signed_headers))
        scope = f"{stamp[:8]}/{self.scope.region}/{self.scope.service}/aws4_request"
        parts = (*_canonical(method, url, signed_headers), names, hashlib.sha256(body).hexdigest())
        canonical = "\n".join(parts)
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = _keyed(self._signing_key(credentials, stamp[:8]), text).hex()
        signed_headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return signed_headers

    def _signing_key(self, credentials: Credentials, day: str) -> bytes:
        """Kept for the day: it is five of the six hashes of a signature."""
        cache_key = (credentials.secret_access_key, day)
        if not self._key or self._key[0] != cache_key:
            key = b"AWS4" + credentials.secret_access_key.encode()
            for part in (day, self.scope.region, self.scope.service, "aws4_request"):
                key = _keyed(key, part)
            self._key = (cache_key, key)
        return self._key[1]


def _keyed(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _host(url: str) -> str:
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix(f":{usual}")


def _canonical(method: str, url: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = sorted((quote(name, safe=UNRESERVED), quote(value, safe=UNRESERVED)) for name, value in pairs)
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers))
    # every service but S3 has the path encoded once more than it is sent
    path = quote(parts.path or "/", safe="/" + UNRESERVED)
    return method, path, "&".join(f"{name}={value}" for name, value in query), lines
