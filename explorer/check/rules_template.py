"""CloudFormation's own limits on a template, whatever its resources."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.facts import catalogue

from .findings import BREACH, FITS, TEMPLATE_ITSELF, TIGHT, Finding, Judge, amount
from .nodes import Map, mapping, text
from .stack import Resource, Stack, TemplateValue

SECTIONS = {  # sections of a template: the limit on their entries, and what these are
    "Resources": ("cfn.resources", "The number of resources"),
    "Parameters": ("cfn.parameters", "The number of parameters"),
    "Outputs": ("cfn.outputs", "The number of outputs"),
    "Mappings": ("cfn.mappings", "The number of mappings"),
}
REFUSED_BYTES = "cfn.body.refused"  # the size in CloudFormation's refusal, slightly under 1 MB
SPLIT = "Split the stack: nested stacks have a template each"


def template(judge: Judge, tree: Map, size: int, stack: Stack) -> Iterator[Finding]:
    """The limits on a template as a whole.

    Parameters
    ----------
    judge
        Makes the findings of the file.
    tree
        The template with its loops expanded.
    size
        The size of the template [B].
    stack
        Its resources.
    """
    whole = Resource(TEMPLATE_ITSELF, "", Map(), tree.line, Map(), stack.scope)
    yield from _body(judge, whole, size)
    for name, (limit_id, what) in SECTIONS.items():
        section = mapping(tree.get(name))
        number = max(len(section), len(stack.resources) if name == "Resources" else 0)  # includes loops
        count = TemplateValue(number, tree.at(name))
        finding = judge.hold(
            limit_id, whole, count, what, grows=True, over=SPLIT if name == "Resources" else ""
        )
        if section and (finding.verdict != FITS or name == "Resources"):
            yield finding
        yield from _names(judge, whole, section)
    for name, value in mapping(tree.get("Mappings")).items():
        line, attributes = (
            mapping(tree.get("Mappings")).at(name),
            TemplateValue(len(mapping(value)), tree.line),
        )
        finding = judge.hold(
            "cfn.mappings", whole, TemplateValue(attributes.value, line), "The keys of a mapping", grows=True
        )
        if finding.verdict != FITS:
            yield finding
    description = text(tree.get("Description"))
    if description:
        length = TemplateValue(len(description.encode("utf-8", "surrogatepass")), tree.at("Description"))
        finding = judge.hold("cfn.description", whole, length, "The description")
        if finding.verdict != FITS:
            yield finding
    yield from _values(judge, whole, tree, stack)


def _body(judge: Judge, whole: Resource, size: int) -> Iterator[Finding]:
    """The template's size: CloudFormation refuses slightly below the 1 MB of its service model."""
    refused, most = catalogue.constant(REFUSED_BYTES).value, catalogue.limit("cfn.body").value
    body_size, what = TemplateValue(size, 1), "The template's size"
    finding = judge.hold("cfn.body", whole, body_size, what, grows=True, over=SPLIT)
    if finding.verdict == TIGHT and most and refused < size <= most:
        message = (
            f"{what} is {amount(size, 'bytes')}, over the {amount(refused, 'bytes')} that CloudFormation"
            f" names as it refuses, and within {amount(most, 'bytes')}, which its model takes. {SPLIT}"
        )
        yield judge.make("cfn.body", whole, 1, size, most, TIGHT, message)
    elif finding.verdict != FITS:
        yield finding


def _names(judge: Judge, whole: Resource, section: Map) -> Iterator[Finding]:
    for name in section:
        finding = judge.hold("cfn.names", whole, TemplateValue(len(name), section.at(name)), "A logical name")
        if finding.verdict == BREACH:
            yield finding


def _values(judge: Judge, whole: Resource, tree: Map, stack: Stack) -> Iterator[Finding]:
    """The lengths of parameter values, from defaults or from a parent stack; messages omit the values."""
    parameters = mapping(tree.get("Parameters"))
    for name, parameter in parameters.items():
        value = text(stack.scope.arguments.get(name, mapping(parameter).get("Default")))
        if value is not None:
            yield from _value(judge, whole, name, value, mapping(parameter).at("Default"))
    for nested in stack.of_type("AWS::CloudFormation::Stack"):
        arguments = mapping(nested.get("Parameters").value)
        for name in arguments:
            value = text(stack.scope.value(arguments[name]))
            if value is not None:
                yield from _value(judge, nested, name, value, arguments.at(name))


def _value(judge: Judge, resource: Resource, name: str, value: str, line: int) -> Iterator[Finding]:
    size = TemplateValue(len(value.encode("utf-8", "surrogatepass")), line)
    finding = judge.hold(
        "cfn.parameter.value", resource, size, f"The value of the parameter {name}", grows=True
    )
    if finding.verdict != FITS:
        yield finding
