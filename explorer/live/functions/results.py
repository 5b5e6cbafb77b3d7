"""What goes through S3: results, and bodies and states that are too large to be handed over."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import log
import strict_json
from clients import client, code
from jobs import Claim
from settings import SETTINGS, variable

Place = Mapping[str, str]  # bucket ("RESULTS" or "UPLOADS"), key, and etag if it must not have changed


AROUND = 512  # room for what an event has beside body and state
GZIP_LEVEL = 6


class Unreadable(Exception):
    """A body cannot be read: what is wrong with it stays so."""


class TooLarge(Exception):
    """A body is larger than it may be here."""


@dataclass(frozen=True)
class Result:
    """What a handler answered, as bytes of a media type."""

    content: bytes
    content_type: str
    encoding: str = ""  # gzip, or nothing

    @classmethod
    def of(cls, value: Any) -> Result:
        """Take what `handle` may return. Raises TypeError or ValueError for what is not JSON."""
        if isinstance(value, Result):
            return value
        if isinstance(value, bytes | bytearray):
            return cls(bytes(value), "application/octet-stream")
        if isinstance(value, str):
            return cls(value.encode("utf-8", "replace"), "text/plain; charset=utf-8")
        if isinstance(value, dict | list):
            return cls(_compact(value), "application/json")
        raise TypeError(f"handle returned {type(value).__name__}: expected dict, list, str or bytes")

    @property
    def is_text(self) -> bool:
        """Whether a door may carry it as it is, rather than as base64."""
        kind = self.content_type
        return not self.encoding and (kind.startswith("text/") or kind == "application/json")


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def compressed(result: Result) -> Result:
    """The result as it is sent or stored: gzipped where the stack was made so."""
    if not SETTINGS.gzip or result.encoding:
        return result
    with log.timed("gzip_s"):
        packed = gzip.compress(result.content, GZIP_LEVEL, mtime=0)
    return replace(result, content=packed, encoding="gzip")


def store(claim: Claim, result: Result) -> Mapping[str, Any]:
    """Put a result where no other attempt writes; where it lies.

    Size and checksum are of what is downloaded, which is compressed if the result is.
    """
    key = f"results/{claim.id}-{claim.token[:8]}"
    encoded = {"ContentEncoding": result.encoding} if result.encoding else {}
    client("s3").put_object(
        Bucket=variable("RESULTS"), Key=key, Body=result.content, ContentType=result.content_type, **encoded
    )
    return {
        "key": key,
        "bytes": len(result.content),
        "sha256": hashlib.sha256(result.content).hexdigest(),
        "content_type": result.content_type,
        **({"content_encoding": result.encoding} if result.encoding else {}),
    }


def put_body(id: str, raw: bytes) -> Place:
    """Store a body that is too large to be handed over."""
    key = f"bodies/{id}"
    stored = {"Bucket": variable("RESULTS"), "Key": key, "Body": raw, "ContentType": "application/json"}
    client("s3").put_object(**stored)
    return {"bucket": "RESULTS", "key": key}


def body_of(event: Mapping[str, Any], claim: Claim) -> Any:
    """The caller's body, out of the event or from where it lies. Raises Unreadable."""
    return event["body"] if "body" in event else read_body(event["body_at"], claim.row["attempts"] > 1)


def read_body(place: Place, denied_is_gone: bool = True, most_bytes: int | None = None) -> Any:
    """A body that lies in S3: a JSON value, or bytes if it is of another type.

    To a role that may not list, S3 answers AccessDenied for a missing object, and for any object while
    the role is new. If `denied_is_gone`, the body is taken for missing then. Raises Unreadable, and
    TooLarge for one of more than `most_bytes` [B], of which nothing is read then.
    """
    try:
        match = {"IfMatch": place["etag"]} if place.get("etag") else {}
        body_object = client("s3").get_object(Bucket=variable(place["bucket"]), Key=place["key"], **match)
    except Exception as error:
        if code(error) in {"PreconditionFailed", "412"}:
            raise Unreadable("the upload was changed after it had been accepted") from None
        if code(error) in {"NoSuchKey", "404"} or (denied_is_gone and code(error) == "AccessDenied"):
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
    """Body and state as the next hop finds them: in its event as far as they fit, else in S3."""
    body = {name: event[name] for name in ("body", "body_at") if name in event}
    room = SETTINGS.hand_bytes - AROUND
    if "body" in body and len(raw := _compact(body["body"])) > room:  # its escapes have made it longer
        body = {"body_at": {"bucket": "RESULTS", "key": _put_state(f"{claim.id}/body", raw)}}
    if "body" in body:
        room -= len(_compact(body["body"]))
    raw = _compact(state)
    if len(raw) <= min(room, SETTINGS.state_bytes - AROUND):
        return {**body, "state": state}
    return {**body, "state_key": _put_state(f"{claim.id}/{claim.hop + 1}-{claim.token[:8]}", raw)}


def _put_state(name: str, raw: bytes) -> str:
    stored = {"Key": f"state/{name}", "Body": raw, "ContentType": "application/json"}
    client("s3").put_object(Bucket=variable("RESULTS"), **stored)
    return str(stored["Key"])


def state_of(event: Mapping[str, Any]) -> Any:
    """The state that the hop before has left, None at the first."""
    if "state_key" not in event:
        return event.get("state")
    state_object = client("s3").get_object(Bucket=variable("RESULTS"), Key=event["state_key"])
    return json.loads(state_object["Body"].read())
