"""Allowed values of properties: minimum, whole numbers, patterns, lists of values, and lengths.

The ranges are rows of `data/ranges.csv`; most come from the service models of the AWS SDK.
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
from .stack import Resource, Stack, TemplateValue, each

EACH = "[]"
NAME = "lambda.env.name"
NAME_OF_VARIABLE = re.compile("[a-zA-Z][a-zA-Z0-9_]+")  # EnvironmentVariableName of Lambda's service model


def ranges(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """Every property with a range against that range."""
    mappings = list(event_sources(stack))
    for about in catalogue.ranges():
        resources = mappings if MAPPING in about.types else stack.of_type(*about.types)
        for resource in resources:
            if about.path[0] in resource.properties:
                for setting in _values(resource, about):
                    yield from _check_range(judge, resource, about, setting)


def without_fits(outcomes: Iterable[Outcome], breaches: list[Finding]) -> Iterator[Outcome]:
    """The outcomes, without "fits" for a setting that is in `breaches` for another part of its range."""
    places = {(one.resource, one.line, one.limit.removesuffix(".min")) for one in breaches}
    for one in outcomes:
        if isinstance(one, Finding) and one.verdict == FITS:
            if (one.resource, one.line, one.limit) not in places:
                yield one
        else:
            yield one


def _values(resource: Resource, about: Range) -> Iterator[TemplateValue]:
    """The values of a property of a resource, one for each entry of a list on its path."""
    if EACH not in about.path:
        yield _measure(resource, resource.get(*about.path), resource.raw(*about.path), about)
        return
    at = about.path.index(EACH)
    whole, inner = resource.get(*about.path[:at]), about.path[at + 1 :]
    for entry in each(whole.value, resource.scope):
        if isinstance(entry, Map):
            one = Resource(resource.id, resource.type, entry, entry.line, Map(), resource.scope)
            yield _measure(one, one.get(*inner), one.raw(*inner), about)


def _measure(resource: Resource, setting: TemplateValue, raw: object, about: Range) -> TemplateValue:
    """The value in the limit's unit: a number, the number of entries, or a text as written."""
    if setting.value is None or isinstance(setting.value, Unknown):
        return setting
    if about.kind == COUNT:
        return TemplateValue(len(each(raw, resource.scope)), setting.line, setting.assumed)
    if about.kind == LENGTH:
        return TemplateValue(resource.scope.text(raw), setting.line, setting.assumed)
    if setting.number is None or about.factor == 1:
        return setting
    return TemplateValue(setting.number * about.factor, setting.line, setting.assumed)


def _check_range(judge: Judge, resource: Resource, about: Range, setting: TemplateValue) -> Iterator[Finding]:
    if setting.value is None:
        return
    row = catalogue.limit(about.limit)
    if about.kind == LENGTH:
        yield from _text(judge, resource, about, setting)
        return
    number, breaches = setting.number, list(_least(judge, resource, about, setting))
    if breaches:
        yield from breaches
    elif about.values and number is not None and f"{number:g}" not in about.values:
        message = f"{about.what} of {amount(number, row.unit)} is none that AWS takes: expected one of"
        message = f"{message} {', '.join(about.values)}"
        yield judge.make(about.limit, resource, setting.line, number, row.value, BREACH, message)
    elif about.has_upper:
        yield upper(judge, about.limit, resource, setting, about.what)


def upper(judge: Judge, limit_id: str, resource: Resource, setting: TemplateValue, what: str) -> Finding:
    """The maximum of a setting: equal to it fits; above a quota that can be raised is tight."""
    row = catalogue.limit(limit_id)
    if setting.number is not None and setting.number == row.value:
        return judge.hold(limit_id, resource, setting, what, verdict=FITS)
    over = setting.number is not None and row.value is not None and setting.number > row.value
    if over and row.raisable and (setting.number or 0) <= (row.raised_to or setting.number or 0):
        return judge.hold(limit_id, resource, setting, what, verdict=TIGHT, over="It takes a raised quota")
    return judge.hold(limit_id, resource, setting, what)


def _least(judge: Judge, resource: Resource, about: Range, setting: TemplateValue) -> Iterator[Finding]:
    """The minimum of a number, and whether it must be whole."""
    own = about.least is None and about.lower != about.limit
    least = catalogue.limit(about.lower).value if own else about.least
    unit, greatest = catalogue.limit(about.limit).unit, setting.greatest
    if greatest is not None and least is not None and greatest < least:
        qualifier = "at most " if isinstance(setting.value, Unknown) else ""
        message = f"{about.what} of {qualifier}{amount(greatest, unit)}{_by(setting)} is under"
        message = f"{message} {amount(least, unit)}, the least that AWS takes"
        yield judge.make(about.lower, resource, setting.line, greatest, least, BREACH, message)
    elif setting.number is not None and about.factor == 1 and not float(setting.number).is_integer():
        message = f"{about.what} of {amount(setting.number, unit)}{_by(setting)} is no whole number:"
        message = f"{message} AWS takes no other"
        most = catalogue.limit(about.limit).value
        yield judge.make(about.limit, resource, setting.line, setting.number, most, BREACH, message)


def _by(setting: TemplateValue) -> str:
    return f" ({setting.assumed})" if setting.assumed else ""


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def _text(judge: Judge, resource: Resource, about: Range, setting: TemplateValue) -> Iterator[Finding]:
    """The length and the pattern of a text, which the message does not show."""
    row, content = catalogue.limit(about.limit), text(setting.value)
    known_text = setting.value.known_text if isinstance(setting.value, Unknown) else content
    if known_text is None:
        return
    size = len(known_text.encode("utf-8", "surrogatepass")) if row.unit == "bytes" else len(known_text)
    if content is not None and about.least is not None and size < about.least:
        message = (
            f"{about.what} has {amount(size, row.unit)}, under the least of {amount(about.least, row.unit)}"
        )
        yield judge.make(about.limit, resource, setting.line, size, row.value, BREACH, message)
    elif content is not None and about.pattern and not _compile(about.pattern).fullmatch(content):
        message = (
            f"{about.what}{_by(setting)} is none that AWS takes: expected {_describe_pattern(about.pattern)}"
        )
        yield judge.make(about.limit, resource, setting.line, None, row.value, BREACH, message)
    if about.has_upper:
        why = setting.why_unknown
        length = TemplateValue(size, setting.line, setting.assumed)
        what = f"The length of {about.what.replace('The ', 'the ', 1)}"
        yield judge.hold(about.limit, resource, length, what, why=why)


def _describe_pattern(pattern: str) -> str:
    """A pattern for people, without the form of an ARN."""
    plain = pattern if len(pattern) <= 60 else "letters, digits, - and _"
    return {r"[^\s]+": "no white space"}.get(pattern, plain)


def variables(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """Names of environment variables: at least two characters, and none that Lambda reserves."""
    environment = function.get("Environment", "Variables")
    rule = catalogue.rule("template", "reserved names")
    reserved = set(rule.values) if rule else set()
    for name in mapping(environment.value):
        line = mapping(environment.value).at(name)
        if name in reserved:
            message = f"The environment sets {name}, which Lambda reserves: the function is refused"
            yield judge.make(NAME, function, line, None, None, BREACH, message)
        elif not NAME_OF_VARIABLE.fullmatch(name):
            message = (
                "A variable of the environment has a name that Lambda's service model does not take: a letter"
            )
            message = f"{message} is expected, then letters, digits and _, two characters at least"
            verdict = TIGHT if len(name) == 1 else BREACH
            yield judge.make(NAME, function, line, len(name), None, verdict, message)
