"""Reads and writes `key=value`: the choices of a design, growth by field, ranges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from explorer.errors import ExplorerError


def format_pair(key: str, value: object) -> str:
    """One key with its value.

    >>> format_pair("door", "http-api")
    'door=http-api'
    """
    return f"{key}={value}"


def format_pairs(values: Mapping[str, object], separator: str = ", ") -> str:
    """Every key with its value.

    >>> format_pairs({"door": "http-api", "response": "stored"})
    'door=http-api, response=stored'
    >>> format_pairs({"door": "http-api", "response": "stored"}, ",")
    'door=http-api,response=stored'
    """
    return separator.join(format_pair(key, value) for key, value in values.items())


def parse_pair(text: str) -> tuple[str, str | None]:
    """The key and the value of `text`, without surrounding spaces; the value is None if there is no `=`.

    >>> parse_pair(" response = 3%/month")
    ('response', '3%/month')
    >>> parse_pair("response")
    ('response', None)
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    return key, value if equals else None


def parse_pairs(
    texts: Iterable[str],
    name: str,
    accepted: str,
    verb: str = "is",
    error: type[ExplorerError] = ExplorerError,
) -> dict[str, str]:
    """The values by key; each key may occur once.

    Parameters
    ----------
    texts
        The pairs, such as ["response=3%/month"].
    name
        Their name in messages, such as "growth".
    accepted
        What is accepted, for messages, such as "FIELD=RATE, such as response=3%/month".
    verb
        The verb between the name and a text that is not a pair.
    error
        The class of the error.

    Raises
    ------
    ExplorerError
        Of the class `error`, for a text without `=`, or a repeated key.

    Examples
    --------
    >>> parse_pairs(["response=3 %", "runtime = 1 %"], "growth", "FIELD=RATE")
    {'response': '3 %', 'runtime': '1 %'}
    """
    values: dict[str, str] = {}
    for text in texts:
        key, value = parse_pair(text)
        if value is None:
            raise error(f'{name} {verb} "{text}": expected {accepted}')
        if key in values:
            raise error(f'{name} names {key} twice, the second time as "{value}"')
        values[key] = value
    return values
