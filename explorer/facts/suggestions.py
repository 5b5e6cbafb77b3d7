"""Suggestions in error messages: what would be accepted instead, in one wording."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping

MOST_IDS = 5  # number of ids from a long table


def expected_one_of(accepted: Iterable[str]) -> str:
    """The list of everything that would be accepted.

    >>> expected_one_of(["local", "aws"])
    'expected one of local, aws'
    """
    return f"expected one of {', '.join(accepted)}"


def did_you_mean(text: object, accepted: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str:
    """The name that was probably meant; "" if none is similar.

    `synonyms` are other words for names, separated by commas: they decide before a similar spelling does.

    >>> did_you_mean("htp-api", ["rest-api", "http-api"])
    ' (did you mean "http-api"?)'
    >>> did_you_mean("load", ["rate", "road"], {"rate": "traffic, load"})
    ' (did you mean "rate"?)'
    >>> did_you_mean("queue", ["rest-api", "http-api"])
    ''
    """
    near = _names_with_word(str(text), synonyms or {}) or difflib.get_close_matches(
        str(text), list(accepted), n=1
    )
    return f' (did you mean "{near[0]}"?)' if near else ""


def _names_with_word(text: str, synonyms: Mapping[str, str]) -> list[str]:
    """The names that have `text` as one of their other words."""
    word = text.replace("_", " ").casefold()
    return [name for name, words in synonyms.items() if word in map(str.strip, words.casefold().split(","))]


def suggest(text: object, accepted: Collection[str], synonyms: Mapping[str, str] | None = None) -> str:
    """The end of a message about an unknown name: the probable name, and all accepted names.

    >>> "door is htp-api" + suggest("htp-api", ["rest-api", "http-api"])
    'door is htp-api (did you mean "http-api"?): expected one of rest-api, http-api'
    >>> "rate" + suggest("rate", ["name", "rps"], {"rps": "rate, load"})
    'rate (did you mean "rps"?): expected one of name, rps'
    """
    return f"{did_you_mean(text, accepted, synonyms)}: {expected_one_of(accepted)}"


def expected_id(text: object, accepted: Iterable[str] | Mapping[str, str]) -> str:
    """Some accepted ids from a long table: similar ones, else the first ones.

    Ids of the same service with the same word in their name come before ids with a similar spelling.

    >>> expected_id("lambda.timeot", ["lambda.timeout", "lambda.memory", "s3.put"])
    'expected an id such as lambda.timeout, lambda.memory'
    >>> expected_id("queue", ["s3.put", "s3.get"])
    'expected an id such as s3.get, s3.put'
    >>> expected_id("sqs.size", {"sqs.seize": "Seizures", "sqs.message": "Message size"})
    'expected an id such as sqs.message, sqs.seize'
    """
    names = accepted if isinstance(accepted, Mapping) else dict.fromkeys(accepted, "")
    service, _, rest = str(text).lower().partition(".")
    word = rest.rpartition(".")[2]
    alike = difflib.get_close_matches(str(text), list(names), MOST_IDS, 0.5)
    called = [id for id, name in names.items() if _is_called(id, name, service, word)]
    near = list(dict.fromkeys([*called, *alike])) or sorted(names)
    return f"expected an id such as {', '.join(near[:MOST_IDS])}"


def _is_called(id: str, name: str, service: str, word: str) -> bool:
    """Whether an id is of this service and has this word in the id or its name."""
    own_service, _, rest = id.partition(".")
    return own_service == service and word in {*rest.split("."), *re.findall(r"\w+", name.lower())}


def nearest_names(text: str, accepted: Iterable[str], most: int, likeness: float) -> list[str]:
    """At most `most` similar names with at least this `likeness` (0 to 1), the most similar first.

    >>> nearest_names("eu-wset-1", ["us-east-1", "eu-west-1"], 1, 0.8)
    ['eu-west-1']
    """
    return difflib.get_close_matches(text, list(accepted), most, likeness)


def both(names: Iterable[str]) -> str:
    """A list of names joined by "and".

    >>> both(["uploads to S3 first", "gzipped results", "SnapStart"])
    'uploads to S3 first, gzipped results and SnapStart'
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def either(names: Iterable[str]) -> str:
    """A list of names joined by "or".

    >>> either([".html", ".pdf", ".md"])
    '.html, .pdf or .md'
    >>> either(["WAF"])
    'WAF'
    """
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
