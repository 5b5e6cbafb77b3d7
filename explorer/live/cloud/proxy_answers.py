"""What a door makes of a function's answer: passed on, given a form, or refused as malformed.

A REST API takes one form and nothing else. HTTP APIs and function URLs take any JSON as the body where no
status code says that it is a whole answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

FIELDS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
LEAST_STATUS, MOST_STATUS = 100, 599


class MalformedError(Exception):
    """An answer of a function that its door does not pass on."""


def answer_of(result: Any, one_form: bool) -> dict[str, Any]:
    """The answer as the door sends it.

    Parameters
    ----------
    result : what the function returned
    one_form : the door is a REST API, which takes whole answers alone

    Returns
    -------
    An answer with `statusCode`, `headers` and `body`, all of the right types.

    Raises MalformedError for one that AWS answers with its own error.

    Examples
    --------
    >>> answer_of(["hello", 3], one_form=False)["body"]
    '["hello",3]'
    """
    if one_form:
        return _rest(result)
    if isinstance(result, dict) and "statusCode" in result:
        return _whole(result)
    body = result if isinstance(result, str) else _json(result)
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body}


def _rest(result: Any) -> dict[str, Any]:
    if not isinstance(result, dict) or not result or set(result) - FIELDS:
        raise MalformedError
    several = result.get("multiValueHeaders")
    if several is not None:
        if not isinstance(several, dict) or not all(isinstance(value, list) for value in several.values()):
            raise MalformedError
        several = {name: [_text(value) for value in values] for name, values in several.items()}
    return {**_whole({"statusCode": 200, **result}), **({"multiValueHeaders": several} if several else {})}


def _whole(result: Mapping[str, Any]) -> dict[str, Any]:
    """An answer that says its own status, each part of its type."""
    body, headers = result.get("body"), result.get("headers")
    if isinstance(body, dict | list) or not isinstance(headers, dict | None):
        raise MalformedError
    header_texts = {name: _text(value) for name, value in (headers or {}).items() if value is not None}
    rest = {name: result[name] for name in ("cookies", "isBase64Encoded") if name in result}
    text = "" if body is None else _text(body)
    return {"statusCode": _status(result.get("statusCode")), "headers": header_texts, "body": text, **rest}


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError):
        raise MalformedError from None
    if isinstance(value, bool) or not LEAST_STATUS <= status <= MOST_STATUS:
        raise MalformedError
    return status


def _text(value: Any) -> str:
    """A value as a header or a body has it: true, not True."""
    if isinstance(value, dict | list):
        raise MalformedError
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
