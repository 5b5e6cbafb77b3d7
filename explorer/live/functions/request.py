"""A request from a door: payload format 2.0 (HTTP API, function URL) or 1.0 (REST API)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import strict_json
from problems import Problem

ANYONE = "anyone"  # the owner where callers are not authenticated


@dataclass(frozen=True)
class Request:
    """A caller's request, independent of the door.

    `owner` is its signer, all sessions of a role being one, or the subject of its token. None without either.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # by lower-case name
    body: bytes
    owner: str | None

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Request:
        """Read an event of either format."""
        context = event.get("requestContext") or {}
        headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        if "http" in context:
            method, path = context["http"]["method"], event.get("rawPath") or "/"
            query = dict(parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True))
            authorizer = context.get("authorizer") or {}
            identity = authorizer.get("iam") or {}
            owner = owner_of(identity.get("callerId"), identity.get("userArn")) or _subject_of(authorizer)
        else:
            method, path = event.get("httpMethod") or "", event.get("path") or "/"
            query = dict(event.get("queryStringParameters") or {})
            identity = context.get("identity") or {}
            owner = owner_of(identity.get("caller"), identity.get("userArn"))
        return cls(
            method.upper(), _path_below_stage(path, context.get("stage")), query, headers, _body(event), owner
        )

    @property
    def media_type(self) -> str:
        """The media type of the body, without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The value of a body that is declared as JSON. Raises Problem."""
        if self.media_type != "application/json":
            raise Problem(415, "the body is not application/json")
        try:
            return strict_json.parse(self.body)
        except strict_json.NotJson as error:
            raise Problem(400, str(error)) from None


def owner_of(caller: str | None, arn: str | None) -> str | None:
    """The signer of a request, from the identity that a door gives: a role for all of its sessions."""
    return (caller or "").partition(":")[0] or arn or None


def _subject_of(authorizer: Mapping[str, Any]) -> str | None:
    """The subject of a token that the door has checked; without one, the application that it is for."""
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    return claims.get("sub") or claims.get("client_id") or None


def _path_below_stage(path: str, stage: str | None) -> str:
    """The path without the stage, which an HTTP API leaves in it."""
    if stage and stage != "$default" and (path + "/").startswith(f"/{stage}/"):
        return path[len(stage) + 1 :] or "/"
    return path


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        return base64.b64decode(body)
    return str(body).encode("utf-8", "surrogatepass")  # a lone surrogate is refused as JSON, not here
