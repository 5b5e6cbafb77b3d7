"""Results in S3, and bodies and states that are too large for an event."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import log
import strict_json
from clients import client, error_code
from jobs import Claim
from settings import SETTINGS, variable

Place = Mapping[str, str]  # bucket ("RESULTS" or "UPLOADS"), key, and etag if it must be unchanged


EVENT_OVERHEAD_BYTES = 512  # an event without body and state
GZIP_LEVEL = 6


class Unreadable(Exception):
    """A body cannot be read, now or later."""


class TooLarge(Exception):
    """A body is larger than allowed here."""


@dataclass(frozen=True)
class Result:
    """A handler's answer, as bytes of a media type."""

    content: bytes
    content_type: str
    encoding: str = ""  # gzip, or empty

    @classmethod
    def of(cls, value: Any) -> Result:
        """Convert a return value of `handle`. Raises TypeError or ValueError for one that is not JSON."""
        if isinstance(value, Result):
            return value
        if isinstance(value, bytes | bytearray):
            return cls(bytes(value), "application/octet-stream")
        if isinstance(value, str):
            return cls(value.encode("utf-8", "replace"), "text/plain; charset=utf-8")
        if isinstance(value, dict | list):
            return cls(_compact_json(value), "application/json")
        raise TypeError(f"handle returned {type(value).__name__}: expected dict, list, str or bytes")

    @property
    def is_text(self) -> bool:
        """Whether a door can carry it unchanged, rather than as base64."""
        kind = self.content_type
        return not self.encoding and (kind.startswith("text/") or kind == "application/json")


def _compact_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def compress(result: Result) -> Result:
    """The result as it is sent or stored: gzipped if the stack's settings say so."""
    if not SETTINGS.gzip or result.encoding:
        return result
    with log.timer("gzip_s"):
        content = gzip.compress(result.content, GZIP_LEVEL, mtime=0)
    return replace(result, content=content, encoding="gzip")


def store(claim: Claim, result: Result) -> Mapping[str, Any]:
    """Store a result under a key that no other attempt uses; its location.

    Size and checksum are those of the download, which is compressed if the result is.
    """
    key = f"results/{claim.id}-{claim.token[:8]}"
    encoding = {"ContentEncoding": result.encoding} if result.encoding else {}
    client("s3").put_object(
        Bucket=variable("RESULTS"), Key=key, Body=result.content, ContentType=result.content_type, **encoding
    )
    return {
        "key": key,
        "bytes": len(result.content),
        "sha256": hashlib.sha256(result.content).hexdigest(),
        "content_type": result.content_type,
        **({"content_encoding": result.encoding} if result.encoding else {}),
    }


def put_body(id: str, raw: bytes) -> Place:
    """Store a body that is too large for an event."""
    key = f"bodies/{id}"
    arguments = {"Bucket": variable("RESULTS"), "Key": key, "Body": raw, "ContentType": "application/json"}
    client("s3").put_object(**arguments)
    return {"bucket": "RESULTS", "key": key}


def body_of(event: Mapping[str, Any], claim: Claim) -> Any:
    """The caller's body, from the event or its location. Raises Unreadable."""
    return event["body"] if "body" in event else read_body(event["body_at"], claim.row["attempts"] > 1)


def read_body(place: Place, denied_is_gone: bool = True, most_bytes: int | None = None) -> Any:
    """A body in S3: a JSON value, or bytes if it has another type.

    Without permission to list, S3 answers AccessDenied for a missing object, and for any object while the
    role is new. With `denied_is_gone`, the body then counts as missing. Raises Unreadable, and TooLarge for
    one of more than `most_bytes` [B], before it is read.
    """
    try:
        match = {"IfMatch": place["etag"]} if place.get("etag") else {}
        body_object = client("s3").get_object(Bucket=variable(place["bucket"]), Key=place["key"], **match)
    except Exception as error:
        if error_code(error) in {"PreconditionFailed", "412"}:
            raise Unreadable("the upload was changed after it had been accepted") from None
        if error_code(error) in {"NoSuchKey", "404"} or (
            denied_is_gone and error_code(error) == "AccessDenied"
        ):
            raise Unreadable("the upload is no longer kept") from None
        raise
    if most_bytes is not None and body_object["ContentLength"] > most_bytes:
        body_object["Body"].close()
        raise TooLarge
    raw = body_object["Body"].read()
    if body_object.get("ContentType", "").partition(";")[0].strip().lower() != "application/json":
        return raw
    try:
        return strict_json.parse(raw)
    except strict_json.NotJson as error:
        raise Unreadable(str(error)) from None


def hop_payload(claim: Claim, event: Mapping[str, Any], state: Any) -> dict[str, Any]:
    """Body and state for the next hop: in its event if they fit, otherwise in S3."""
    body = {name: event[name] for name in ("body", "body_at") if name in event}
    room = SETTINGS.hand_bytes - EVENT_OVERHEAD_BYTES
    if "body" in body and len(raw := _compact_json(body["body"])) > room:  # escapes have made it longer
        body = {"body_at": {"bucket": "RESULTS", "key": _put_state(f"{claim.id}/body", raw)}}
    if "body" in body:
        room -= len(_compact_json(body["body"]))
    raw = _compact_json(state)
    if len(raw) <= min(room, SETTINGS.state_bytes - EVENT_OVERHEAD_BYTES):
        return {**body, "state": state}
    return {**body, "state_key": _put_state(f"{claim.id}/{claim.hop + 1}-{claim.token[:8]}", raw)}


def _put_state(name: str, raw: bytes) -> str:
    arguments = {"Key": f"state/{name}", "Body": raw, "ContentType": "application/json"}
    client("s3").put_object(Bucket=variable("RESULTS"), **arguments)
    return str(arguments["Key"])


def state_of(event: Mapping[str, Any]) -> Any:
    """The state that the hop before has left, None at the first."""
    if "state_key" not in event:
        return event.get("state")
    state_object = client("s3").get_object(Bucket=variable("RESULTS"), Key=event["state_key"])
    return json.loads(state_object["Body"].read())
