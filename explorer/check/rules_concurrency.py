"""Provisioned concurrency and SnapStart: whether it exceeds the reserve, and settings that conflict."""

from __future__ import annotations

from collections.abc import Iterator

from .findings import BREACH, FITS, Finding, Judge
from .nodes import mapping
from .stack import Resource, Stack, TemplateValue

PROVISIONED, SNAPSTART = "lambda.concurrency.provisioned", "lambda.snapstart"
CONFIG = "ProvisionedConcurrencyConfig"


def provisioned_concurrency(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """Provisioned concurrency against the reserved concurrency, and together with SnapStart."""
    provisions = list(_provisioned_units(function, stack))
    reserved = function.get("ReservedConcurrentExecutions")
    total = sum(one.number or 0 for one in provisions)
    if provisions and reserved.number is not None and total > 0:
        what = "The provisioned concurrency, which comes out of what is reserved,"
        line = provisions[0].line
        verdict = BREACH if total > reserved.number else FITS
        yield judge.hold(
            PROVISIONED,
            function,
            TemplateValue(total, line),
            what,
            limit=reserved.number,
            verdict=verdict,
            over="It is refused",
        )
    if has_snapstart(function):
        yield from _snapstart_conflicts(judge, function, provisions)


def _provisioned_units(function: Resource, stack: Stack) -> Iterator[TemplateValue]:
    """The provisioned concurrency of a function: set by SAM, or on its aliases and versions."""
    holders = [function, *stack.pointing_to(function, "AWS::Lambda::Alias", "FunctionName"),
               *stack.pointing_to(function, "AWS::Lambda::Version", "FunctionName")]  # fmt: skip
    for holder in holders:
        setting = holder.get(CONFIG, "ProvisionedConcurrentExecutions")
        if setting.number is not None:
            yield setting
    for config in stack.pointing_to(function, "AWS::Lambda::ProvisionedConcurrencyConfig", "FunctionName"):
        setting = config.get("ProvisionedConcurrentExecutions")  # a resource in Terraform
        if setting.number is not None:
            yield setting


def has_snapstart(function: Resource) -> bool:
    """Whether SnapStart is on."""
    snapped = function.get("SnapStart").value
    apply_on = snapped if isinstance(snapped, str) else mapping(snapped).get("ApplyOn")
    return apply_on == "PublishedVersions"


def _snapstart_conflicts(
    judge: Judge, function: Resource, provisions: list[TemplateValue]
) -> Iterator[Finding]:
    """The settings of a function that SnapStart does not allow."""
    line = function.get("SnapStart").line
    conflicts = [
        (bool(provisions), "provisioned concurrency"),
        (bool(function.get("FileSystemConfigs").value), "a file system"),
        (function.get("PackageType").value == "Image", "a container image"),
    ]
    for is_there, what in conflicts:
        if is_there:
            message = f"SnapStart and {what} exclude each other: the function is refused"
            yield judge.make(SNAPSTART, function, line, None, None, BREACH, message)
