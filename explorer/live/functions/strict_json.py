"""JSON from outside: invalid, too deep or infinite values are refused with one sentence."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any

DEEPEST = 100
# Text outside of strings, and a string after it, without backtracking: otherwise one string of 6 MB
# took 700 MB, and 100 KB of quotes without an end took minutes.
OUTSIDE = re.compile(rb'([^"]*+)(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"?)?', re.DOTALL)
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class NotJson(ValueError):
    """The input is not acceptable JSON."""


def parse(raw: bytes) -> Any:
    """The value of a JSON text. Raises NotJson."""
    if _depth(raw) > DEEPEST:
        raise NotJson(f"the JSON is nested deeper than {DEEPEST} levels")
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant, parse_float=_parse_finite)
    except UnicodeDecodeError:
        raise NotJson("the body is not UTF-8") from None
    except NotJson:
        raise
    except (ValueError, RecursionError) as error:
        reason = f": {error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise NotJson(f"the body is not JSON{reason}") from None


def _depth(raw: bytes) -> int:
    """The depth of brackets, without those in strings."""
    brackets = b"".join(match[1].translate(None, NO_BRACKETS) for match in OUTSIDE.finditer(raw))
    return max(accumulate(1 if bracket in b"[{" else -1 for bracket in brackets), default=0)


def _refuse_constant(constant: str) -> None:
    raise NotJson(f"{constant} is not JSON")


def _parse_finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NotJson("a number is too large")
    return number
