"""The size of one body at one door [B], as Lambda counts it."""

from __future__ import annotations

import numpy as np

from explorer.errors import ExplorerError
from explorer.facts import catalogue
from explorer.facts.content_types import arrives_as_base64
from explorer.facts.encoding import Codec, escaped_bytes, escapes_non_ascii
from explorer.facts.suggestions import expected_one_of

from .designs import OPTIONS

DIRECTIONS = ("request", "response")


def encoded_size(
    body: int | float | str | bytes,
    binary: bool = False,
    door: str = "http-api",
    direction: str = "request",
    language: str = "python3.13",
    content_type: str | None = None,
) -> int:
    """The bytes of a body as Lambda counts them: base64 or escaped JSON, and the fixed envelope of the door.

    Source: API Gateway payload formats 1.0 and 2.0; envelopes measured (`data/constants.csv`).

    Parameters
    ----------
    body
        `bytes` or `str`, counted exactly; or a number of bytes [B], to which the mean growth by JSON escapes
        is applied if it is text, as measured on real documents.
    binary
        Whether the body travels as base64 (always for `bytes`, unless `content_type` decides).
    door
        A door's id, such as function-url, http-api, rest-api or alb.
    direction
        "request" or "response".
    language
        The runtime of the function: Python up to 3.11 escapes non-ASCII text in a response.
    content_type
        The content type of a request, from which the door decides whether the body travels as base64. A REST
        API decides by its own list of media types, so there `binary` still decides.

    Raises
    ------
    ExplorerError
        For an unknown door or direction, a negative size, or the content type of a response.

    Examples
    --------
    >>> ex.encoded_size(bytes(3_000_000))
    4002150
    >>> ex.encoded_size(1_000, direction="response")
    1182
    """
    doors = OPTIONS["door"]
    if not isinstance(door, str) or door not in doors:
        raise ExplorerError(f'door is "{door}": {expected_one_of(doors)}')
    if direction not in DIRECTIONS:
        raise ExplorerError(f'direction is "{direction}": expected request or response')
    as_base64 = _as_base64(body, binary, door, direction, content_type)
    envelope = catalogue.constant(doors[door].provides[f"{direction}_envelope"]).value
    if isinstance(body, bytes) and not as_base64:
        body = body.decode("utf-8", "replace")
    if isinstance(body, str) and not as_base64:
        return escaped_bytes(body, direction == "response" and escapes_non_ascii(language)) + int(envelope)
    size = _byte_count(body)
    if as_base64:
        return int(Codec(True, 1.0, envelope).size(size))
    return int(Codec(False, catalogue.constant("encoding.json_escape").value, envelope).size(size))


def _as_base64(body: object, binary: bool, door: str, direction: str, content_type: str | None) -> bool:
    """Whether the body travels as base64: as the door decides by content type, else as the caller states."""
    if content_type is None:
        return binary or isinstance(body, bytes)
    if direction == "response":
        text = "expected none for a response, which says itself whether it is base64"
        raise ExplorerError(f'content_type is "{content_type}": {text}')
    by_type = arrives_as_base64(door, content_type, media_types=["*/*"] if binary else [])
    return binary or isinstance(body, bytes) if by_type is None else by_type


def _byte_count(body: int | float | str | bytes) -> float:
    if isinstance(body, str):
        return len(body.encode())
    if isinstance(body, bytes):
        return len(body)
    if not isinstance(body, int | float | np.number) or not np.isfinite(body) or body < 0:
        raise ExplorerError(f"body is {body}: expected bytes, text or a number of bytes of 0 or more")
    return body
