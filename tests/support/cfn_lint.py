"""What cfn-lint has to say of a template, and few templates that hold all that many do."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from cfnlint.api import lint
from cfnlint.config import ManualArgs


def complaints(template: Mapping) -> tuple[str, ...]:
    """The findings on a template, one line each."""
    return _complaints(json.dumps(template))


@cache
def _complaints(text: str) -> tuple[str, ...]:
    return tuple(str(match) for match in lint(text, config=ManualArgs(regions=["us-east-1"])))


def covering(templates: Sequence[Mapping]) -> list[int]:
    """The indices of few templates that hold every property of every type of resource."""
    properties = [set(_properties(template)) for template in templates]
    missing, selection = set().union(*properties), []
    while missing:
        selection.append(max(range(len(templates)), key=lambda number: len(properties[number] & missing)))
        missing -= properties[selection[-1]]
    return selection


def _properties(template: Mapping) -> Iterator[tuple[str, ...]]:
    """The path of every key below a resource, behind the resource's type."""

    def below(value, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield path
        if isinstance(value, dict):
            for name, each in value.items():
                yield from below(each, (*path, name))
        elif isinstance(value, list):
            for each in value:
                yield from below(each, path)

    for resource in template["Resources"].values():
        yield from below(resource, (resource["Type"],))
