"""Error messages of AWS services for invalid JSON, in the words of their parser, with line and column."""

from __future__ import annotations

import json
import re

VALUE = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
TOKEN = re.compile(r"[\w$]+")
EXPECTATIONS = {  # the messages of Python's parser, and what the AWS parser says was expected
    "Expecting property name enclosed in double quotes": "was expecting double-quote to start field name",
    "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
    "Expecting ',' delimiter": "was expecting comma to separate entries",
    "Extra data": f"expected a valid value {VALUE}",
    "Illegal trailing comma before end of object": "was expecting double-quote to start field name",
    "Illegal trailing comma before end of array": f"expected a valid value {VALUE}",
}


def json_problem(text: str) -> tuple[str, int, int] | None:
    """The first syntax error of a text as JSON.

    Parameters
    ----------
    text
        The text to parse as JSON.

    Returns
    -------
    The message, the line and the column, both from 1; None if the text is JSON.

    Examples
    --------
    >>> json_problem("{'a': 1}")
    ("Unexpected character (''' (code 39)): was expecting double-quote to start field name", 1, 2)
    >>> json_problem("[1]") is None
    True
    """
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return _message(text, error)
    except RecursionError:
        return "Document nesting depth exceeds the maximum allowed", 1, 1
    return None


def _message(text: str, error: json.JSONDecodeError) -> tuple[str, int, int]:
    line, column = error.lineno, error.colno
    rest = text[error.pos :]
    if not rest.strip() or error.msg.startswith("Unterminated"):
        return "Unexpected end-of-input", line, column
    if error.msg.startswith("Invalid"):  # a control character or an escape
        return f"{error.msg.removesuffix(' at')}: {_describe_character(rest[0])}", line, column
    token = TOKEN.match(rest) if error.msg == "Expecting value" else None
    if token:
        return f"Unrecognized token '{token[0]}': was expecting {VALUE}", line, column + len(token[0])
    expectation = EXPECTATIONS.get(error.msg, f"expected a valid value {VALUE}")
    return f"Unexpected character ({_describe_character(rest[0])}): {expectation}", line, column


def _describe_character(character: str) -> str:
    code = ord(character)
    label = "CTRL-CHAR," if not character.isprintable() else f"'{character}'"
    return f"({label} code {code})" if label == "CTRL-CHAR," else f"{label} (code {code})"
