"""A door's answer from a function's result: forwarded, completed, or refused as malformed.

A REST API accepts only the full proxy format. HTTP APIs and function URLs use a result without a status code,
which may be any JSON, as the body.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

FIELDS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
LEAST_STATUS, MOST_STATUS = 100, 599


class MalformedError(Exception):
    """A function's result that its door does not accept."""


def answer_of(result: Any, one_form: bool) -> dict[str, Any]:
    """The answer that a door makes from a function's result.

    Parameters
    ----------
    result : of the function, as parsed JSON
    one_form : the door is a REST API, which accepts only the full format

    Returns
    -------
    The answer: `statusCode` (int), `headers` (texts by name), `body` (text), other fields unchanged.

    Raises MalformedError for a result that AWS answers with an error of its own.

    Examples
    --------
    >>> answer_of(["hello", 3], one_form=False)["body"]
    '["hello",3]'
    """
    if one_form:
        return _rest_answer(result)
    if isinstance(result, dict) and "statusCode" in result:
        return _full_answer(result)
    body = result if isinstance(result, str) else _json(result)
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body}


def _rest_answer(result: Any) -> dict[str, Any]:
    if not isinstance(result, dict) or not result or set(result) - FIELDS:
        raise MalformedError
    multi_value = result.get("multiValueHeaders")
    if multi_value is not None:
        if not isinstance(multi_value, dict) or not all(
            isinstance(value, list) for value in multi_value.values()
        ):
            raise MalformedError
        multi_value = {name: [_text(value) for value in values] for name, values in multi_value.items()}
    return {
        **_full_answer({"statusCode": 200, **result}),
        **({"multiValueHeaders": multi_value} if multi_value else {}),
    }


def _full_answer(result: Mapping[str, Any]) -> dict[str, Any]:
    """The answer from a result in the full format, each part converted to its type."""
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
    """A value as text for a header or a body: strings as they are, others as JSON."""
    if isinstance(value, dict | list):
        raise MalformedError
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
