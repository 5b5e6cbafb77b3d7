"""Which bodies reach a function as base64, by content type and door."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from . import catalogue

SUBJECT = "base64"  # subject of a door's row in rules.csv, whose values are the types that arrive as text
BY_SETTING = "binaryMediaTypes"  # instead of types: the API lists those that arrive as base64
ENCODED_IS_BINARY = "Content-Encoding"  # in the rule's sentence: encoded bodies arrive as base64


def arrives_as_base64(
    door: str, content_type: str, content_encoding: str = "", media_types: Sequence[str] = ()
) -> bool | None:
    """Whether the body of a request reaches a function as base64; None if no row of rules.csv says.

    Parameters
    ----------
    door
        A door's id.
    content_type
        Content type of the request, such as "application/json; charset=utf-8"; "" for none.
    content_encoding
        Content encoding of the request, such as "gzip"; "" for none.
    media_types
        For a door that lists binary types, its list: the binaryMediaTypes of a REST API.
    """
    rule = catalogue.rule(door, SUBJECT)
    if rule is None:
        return None
    media_type = content_type.split(";")[0].strip().lower()
    if rule.values == (BY_SETTING,):
        return any(_fits(media_type, pattern.lower()) for pattern in media_types)
    if content_encoding.strip().lower() not in ("", "identity") and ENCODED_IS_BINARY in rule.rule:
        return True
    return not any(_fits(media_type, pattern) for pattern in rule.values)


def _fits(content_type: str, pattern: str) -> bool:
    """Whether a content type matches a pattern such as "text/*"; no type matches only "*/*"."""
    return pattern == "*/*" or (bool(content_type) and fnmatchcase(content_type, pattern))
