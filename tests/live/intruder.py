"""Requests that no honest client sends: signed or not, byte for byte as they are given."""

import http.client
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

from explorer.live.client.signing import Credentials, Scope, Signer

JSON = "application/json"
PROBLEM = "application/problem+json"
HEARD: list[bytes] = []  # every answer that was given to anybody


def send(method: str, url: str, body: bytes = b"", **headers: str) -> SimpleNamespace:
    """The answer to a request, its path and headers as they are written here."""
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.netloc, timeout=30)
    line._validate_path = lambda path: None
    try:
        line.putrequest(method, parts.path + (f"?{parts.query}" if parts.query else ""), skip_host=True)
        sent = {"host": parts.netloc, "content-length": str(len(body)), **headers}
        for name, value in sent.items():
            line.putheader(name, value)
        line.endheaders(body)
        answer = line.getresponse()
        told = SimpleNamespace(
            status=answer.status, kind=answer.headers.get_content_type(), body=answer.read()
        )
        told.headers = {name.lower(): value for name, value in answer.getheaders()}
    finally:
        line.close()
    HEARD.append(repr(told.headers).encode() + told.body)
    return told


@dataclass
class Caller:
    """Someone with a key, or with none, at the door of one stack."""

    url: str
    key: dict = field(repr=False)
    standing: object = None

    def ask(self, method: str, path: str, body=b"", *, now=None, **headers: str) -> SimpleNamespace:
        """Signed, for exactly this path and this body. `body` is bytes, or what JSON can say."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": JSON} | {n.replace("_", "-"): v for n, v in headers.items()}
        return send(method, self.url + path, raw, **self.signed(method, path, raw, headers, now))

    def signed(self, method: str, path: str, raw: bytes, headers: dict, now=None) -> dict:
        """The headers with their signature."""
        scope = Scope.of(self.url, self.key.get("service"), self.key.get("region"))
        return Signer(scope, lambda: Credentials.of(self.key)).sign(
            method, self.url + path, headers, raw, now or datetime.now(UTC)
        )


def problem(answer: SimpleNamespace) -> dict:
    """What a refusal says, which is nothing but its four members."""
    assert answer.kind == PROBLEM, (answer.status, answer.kind, answer.body[:200])
    told = json.loads(answer.body)
    assert set(told) == {"type", "title", "status", "detail"} and told["status"] == answer.status
    return told
