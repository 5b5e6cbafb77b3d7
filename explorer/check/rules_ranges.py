"""What a property may be at all: lower ends, whole numbers, patterns, lists of values, and lengths.

The ranges are rows of `data/ranges.csv`, most of them from the AWS SDK's own service models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from explorer.facts import catalogue
from explorer.facts.ranges import COUNT, LENGTH, Range

from .event_sources import MAPPING, event_sources
from .findings import BREACH, FITS, TIGHT, Finding, Judge, Outcome, amount
from .nodes import Map, Unknown, mapping, text
from .stack import Given, Resource, Stack, each

EACH = "[]"
NAME = "lambda.env.name"
NAME_OF_VARIABLE = re.compile("[a-zA-Z][a-zA-Z0-9_]+")  # EnvironmentVariableName of Lambda's service model


def ranges(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """Every property that has a range against it."""
    mappings = list(event_sources(stack))
    for about in catalogue.ranges():
        resources = mappings if MAPPING in about.types else stack.of_type(*about.types)
        for resource in resources:
            if about.path[0] in resource.properties:
                for given in _values(resource, about):
                    yield from _held(judge, resource, about, given)


def without_fits(outcomes: Iterable[Outcome], broken: list[Finding]) -> Iterator[Outcome]:
    """What was found, but for a setting that fits below its upper end and breaks a range."""
    places = {(one.resource, one.line, one.limit.removesuffix(".min")) for one in broken}
    for one in outcomes:
        if isinstance(one, Finding) and one.verdict == FITS:
            if (one.resource, one.line, one.limit) not in places:
                yield one
        else:
            yield one


def _values(resource: Resource, about: Range) -> Iterator[Given]:
    """What a resource says of a property, once for each entry of a list on the way."""
    if EACH not in about.path:
        yield _measured(resource, resource.get(*about.path), resource.raw(*about.path), about)
        return
    at = about.path.index(EACH)
    whole, inner = resource.get(*about.path[:at]), about.path[at + 1 :]
    for entry in each(whole.value, resource.scope):
        if isinstance(entry, Map):
            one = Resource(resource.id, resource.type, entry, entry.line, Map(), resource.scope)
            yield _measured(one, one.get(*inner), one.raw(*inner), about)


def _measured(resource: Resource, given: Given, raw: object, about: Range) -> Given:
    """A number in the limit's unit, the entries of a list, or a text as it is written."""
    if given.value is None or isinstance(given.value, Unknown):
        return given
    if about.kind == COUNT:
        return Given(len(each(raw, resource.scope)), given.line, given.assumed)
    if about.kind == LENGTH:
        return Given(resource.scope.text(raw), given.line, given.assumed)
    if given.number is None or about.factor == 1:
        return given
    return Given(given.number * about.factor, given.line, given.assumed)


def _held(judge: Judge, resource: Resource, about: Range, given: Given) -> Iterator[Finding]:
    if given.value is None:
        return
    row = catalogue.limit(about.limit)
    if about.kind == LENGTH:
        yield from _text(judge, resource, about, given)
        return
    number, broken = given.number, list(_least(judge, resource, about, given))
    if broken:
        yield from broken
    elif about.values and number is not None and f"{number:g}" not in about.values:
        said = f"{about.what} of {amount(number, row.unit)} is none that AWS takes: expected one of"
        said = f"{said} {', '.join(about.values)}"
        yield judge.make(about.limit, resource, given.line, number, row.value, BREACH, said)
    elif about.has_upper:
        yield upper(judge, about.limit, resource, given, about.what)


def upper(judge: Judge, limit_id: str, resource: Resource, given: Given, what: str) -> Finding:
    """The upper end of a setting: at it, it fits; beyond a quota that can be raised it is tight."""
    row = catalogue.limit(limit_id)
    if given.number is not None and given.number == row.value:
        return judge.hold(limit_id, resource, given, what, verdict=FITS)
    over = given.number is not None and row.value is not None and given.number > row.value
    if over and row.raisable and (given.number or 0) <= (row.raised_to or given.number or 0):
        return judge.hold(limit_id, resource, given, what, verdict=TIGHT, over="It takes a raised quota")
    return judge.hold(limit_id, resource, given, what)


def _least(judge: Judge, resource: Resource, about: Range, given: Given) -> Iterator[Finding]:
    """The lower end, and that it is a whole number."""
    own = about.least is None and about.lower != about.limit
    least = catalogue.limit(about.lower).value if own else about.least
    unit, greatest = catalogue.limit(about.limit).unit, given.greatest
    if greatest is not None and least is not None and greatest < least:
        bound = "at most " if isinstance(given.value, Unknown) else ""
        said = f"{about.what} of {bound}{amount(greatest, unit)}{_by(given)} is under {amount(least, unit)}"
        said = f"{said}, the least that AWS takes"
        yield judge.make(about.lower, resource, given.line, greatest, least, BREACH, said)
    elif given.number is not None and about.factor == 1 and not float(given.number).is_integer():
        said = (
            f"{about.what} of {amount(given.number, unit)}{_by(given)} is no whole number: AWS takes no other"
        )
        most = catalogue.limit(about.limit).value
        yield judge.make(about.limit, resource, given.line, given.number, most, BREACH, said)


def _by(given: Given) -> str:
    return f" ({given.assumed})" if given.assumed else ""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def _text(judge: Judge, resource: Resource, about: Range, given: Given) -> Iterator[Finding]:
    """A text's length and pattern; it is never shown."""
    row, said = catalogue.limit(about.limit), text(given.value)
    known = given.value.known if isinstance(given.value, Unknown) else said
    if known is None:
        return
    size = len(known.encode("utf-8", "surrogatepass")) if row.unit == "bytes" else len(known)
    if said is not None and about.least is not None and size < about.least:
        message = (
            f"{about.what} has {amount(size, row.unit)}, under the least of {amount(about.least, row.unit)}"
        )
        yield judge.make(about.limit, resource, given.line, size, row.value, BREACH, message)
    elif said is not None and about.pattern and not _compiled(about.pattern).fullmatch(said):
        message = f"{about.what}{_by(given)} is none that AWS takes: expected {_shown(about.pattern)}"
        yield judge.make(about.limit, resource, given.line, None, row.value, BREACH, message)
    if about.has_upper:
        why = given.why_unknown
        length = Given(size, given.line, given.assumed)
        yield judge.hold(about.limit, resource, length, f"{about.what}: a length", why=why)


def _shown(pattern: str) -> str:
    """A pattern for people, the form of an ARN left out."""
    plain = pattern if len(pattern) <= 60 else "letters, digits, - and _"
    return {r"[^\s]+": "no white space"}.get(pattern, plain)


def variables(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """The names of environment variables: two characters and more, and none that Lambda sets itself."""
    given = function.get("Environment", "Variables")
    rule = catalogue.rule("template", "reserved names")
    reserved = set(rule.values) if rule else set()
    for name in mapping(given.value):
        line = mapping(given.value).at(name)
        if name in reserved:
            said = f"The environment sets {name}, which Lambda reserves: the function is refused"
            yield judge.make(NAME, function, line, None, None, BREACH, said)
        elif not NAME_OF_VARIABLE.fullmatch(name):
            said = (
                "A variable of the environment has a name that Lambda's service model does not take: a letter"
            )
            said = f"{said} is expected, then letters, digits and _, two characters at least"
            verdict = TIGHT if len(name) == 1 else BREACH
            yield judge.make(NAME, function, line, len(name), None, verdict, said)
