"""Apply all rules to a stack, and merge the outcomes of several sets of parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from . import (
    rules_callers,
    rules_concurrency,
    rules_edge,
    rules_function,
    rules_packages,
    rules_payload,
    rules_policies,
    rules_ranges,
    rules_services,
    rules_sources,
    rules_stores,
    rules_wiring,
)
from .doors import Door, doors
from .findings import BREACH, ORDER, Finding, Judge, Outcome
from .skipped import Skipped
from .stack import Stack


def apply_rules(judge: Judge, stack: Stack) -> Iterator[Outcome]:
    """The outcomes of all rules for a stack, and what was skipped while the stack was read."""
    ranges = list(rules_ranges.ranges(judge, stack))
    yield from rules_ranges.without_fits(
        _outcomes(judge, stack), [one for one in ranges if one.verdict == BREACH]
    )
    yield from ranges
    yield from stack.skipped  # last, because rules and doors add to it


def _outcomes(judge: Judge, stack: Stack) -> Iterator[Outcome]:
    """The outcomes of each rule for a stack."""
    by_function: dict[str, list[Door]] = {}
    every = doors(stack)
    for door in every:
        by_function.setdefault(door.function, []).append(door)
    for door in by_function.get("", []):
        yield from rules_function.integration_wait(judge, door)
    for function in stack.functions:
        for rule in (
            *rules_function.EACH_FUNCTION,
            rules_wiring.visibility,
            rules_wiring.loops,
            rules_stores.signed_urls,
            rules_packages.package,
            rules_ranges.variables,
            rules_services.caches,
            rules_concurrency.provisioned_concurrency,
        ):
            yield from rule(judge, function, stack)
        behind = by_function.get(function.id, [])
        for door in behind:
            yield from rules_function.door_wait(judge, function, door)
            yield from rules_edge.restrictions(judge, function, door)
        if behind:
            yield from rules_function.durable_wait(judge, function)
        yield from rules_payload.payloads(judge, function, behind)
    for whole in (
        rules_wiring.queues,
        rules_stores.parameters,
        rules_stores.workflows,
        rules_stores.concurrency,
        rules_packages.layers,
        rules_policies.policies,
        rules_callers.caller_timeouts,
        rules_sources.event_source_rules,
        rules_services.counts,
        rules_services.definitions,
        rules_services.tasks,
    ):
        yield from whole(judge, stack)
    yield from rules_edge.origin_timeouts(judge, stack, every)


def worst(judged: list[tuple[str, list[Outcome]]]) -> list[Outcome]:
    """The outcomes for one template with several sets of values: the worst for each limit of a resource.

    Parameters
    ----------
    judged
        The origin and the outcomes of each set of values.

    Returns
    -------
    list
        For each limit, resource and line, the findings of the set with the worst verdict. If the sets
        differ, the message names that set.
    """
    if len(judged) == 1:
        return judged[0][1]
    skipped = dict.fromkeys(one for _, outcomes in judged for one in outcomes if isinstance(one, Skipped))
    groups: dict[tuple[str, str, int], list[tuple[str, list[Finding]]]] = {}
    for origin, outcomes in judged:
        own: dict[tuple[str, str, int], list[Finding]] = {}
        for one in outcomes:
            if not isinstance(one, Skipped):
                own.setdefault((one.resource, one.limit, one.line), []).append(one)
        for place, alike in own.items():
            groups.setdefault(place, []).append((origin, alike))
    result: list[Outcome] = list(skipped)
    for sets in groups.values():
        origin, alike = min(sets, key=lambda one: min(ORDER.index(finding.verdict) for finding in one[1]))
        differ = len(sets) < len(judged) or any(other != alike for _, other in sets)
        result += [replace(one, message=f"{one.message} (with {origin})") if differ else one for one in alike]
    return result
