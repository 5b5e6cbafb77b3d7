"""Faults between resources: queues whose visibility time-out is too short, and recursive loops."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Any

from explorer.facts import catalogue

from .event_sources import event_sources_of
from .findings import BREACH, FITS, TIGHT, UNKNOWN, Finding, Judge, amount
from .nodes import Map, Unknown, mapping, sequence, text, walk
from .resolve import references
from .rules_function import or_unset, timeout_of
from .stack import Resource, Stack, TemplateValue, each, entries

QUEUE, TOPIC, BUCKET = "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::S3::Bucket"
WRITES = {  # actions that write to something that can trigger a function
    QUEUE: ("sqs:SendMessage", "sqs:SendMessageBatch"),
    TOPIC: ("sns:Publish", "sns:PublishBatch"),
    BUCKET: ("s3:PutObject",),
}
POLICIES = {  # SAM policy templates that allow such actions: the type, and the parameter that names it
    "SQSSendMessagePolicy": (QUEUE, "QueueName"),
    "SNSPublishMessagePolicy": (TOPIC, "TopicName"),
    "S3CrudPolicy": (BUCKET, "BucketName"),
    "S3WritePolicy": (BUCKET, "BucketName"),
    "S3FullAccessPolicy": (BUCKET, "BucketName"),
    "LambdaInvokePolicy": ("", "FunctionName"),
}
INVOKES = ("lambda:InvokeFunction", "lambda:InvokeAsync")


def sources(function: Resource, stack: Stack) -> Iterator[tuple[str, Any, int]]:
    """The queues, topics and buckets that trigger a function: the type, the expression, the line."""
    triggers = {"SQS": (QUEUE, "Queue"), "SNS": (TOPIC, "Topic"), "S3": (BUCKET, "Bucket")}
    for _, event, line in entries(function.raw("Events"), stack.scope):
        kind = text(event.get("Type")) or ""
        if kind in triggers:
            properties = mapping(stack.scope.value(event.get("Properties")))
            yield triggers[kind][0], properties.get(triggers[kind][1]), line
    for source in stack.pointing_to(function, "AWS::Lambda::EventSourceMapping", "FunctionName"):
        expression = source.raw("EventSourceArn")
        arn = text(stack.scope.value(expression)) or ""
        if stack.find_resource(expression, QUEUE) or ":sqs:" in arn:
            yield QUEUE, expression, source.line
    for subscription in stack.pointing_to(function, "AWS::SNS::Subscription", "Endpoint"):
        yield TOPIC, subscription.raw("TopicArn"), subscription.line
    yield from _notifications(function, stack)


def _notifications(function: Resource, stack: Stack) -> Iterator[tuple[str, Any, int]]:
    for bucket in stack.of_type(BUCKET):
        configurations = mapping(bucket.get("NotificationConfiguration").value).get("LambdaConfigurations")
        for configuration in map(mapping, each(configurations, stack.scope)):
            if stack.function(configuration.get("Function")) is function:
                yield BUCKET, Map({"Ref": bucket.id}), bucket.line
    for topic in stack.of_type(TOPIC):
        for subscription in map(mapping, each(topic.raw("Subscription"), stack.scope)):
            if stack.function(subscription.get("Endpoint")) is function:
                yield TOPIC, Map({"Ref": topic.id}), topic.line


def visibility(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """The queue's visibility time-out, after which it delivers a message again, against the function's."""
    for kind, expression, line in sources(function, stack):
        if kind != QUEUE:
            continue
        queue, timeout = stack.find_resource(expression, QUEUE), timeout_of(function)
        window = _window(function, expression, stack)
        if queue is None:
            why = "the queue is not in the template"
            message = f"The visibility time-out of the queue that triggers it is not known ({why})"
            yield judge.make("sqs.visibility", function, line, timeout.number, None, UNKNOWN, message)
        else:
            yield _visible(judge, function, queue, timeout, window)


def _window(function: Resource, expression: Any, stack: Stack) -> float:
    """The batching window of the mapping from a queue to a function [s]; 0 if none is set."""
    for one in event_sources_of(function, stack):
        if one.raw("EventSourceArn") is expression:
            return one.get("MaximumBatchingWindowInSeconds").number or 0
    return 0


def _visible(
    judge: Judge, function: Resource, queue: Resource, timeout: TemplateValue, window: float
) -> Finding:
    wait = or_unset(queue.get("VisibilityTimeout"), "sqs.visibility.unset_s")
    longest, hidden_time = timeout.number, wait.number
    if longest is None or hidden_time is None:  # a breach for every possible value
        least, most = timeout.least, wait.greatest
        if least is not None and most is not None and least > most:
            longest, hidden_time = least, most
    if longest is None or hidden_time is None:
        why = wait.why_unknown or timeout.why_unknown or "it is not a number"
        verdict, message = UNKNOWN, f"The time-out against the visibility of {queue.id} is not known ({why})"
    elif longest > hidden_time:
        verdict = BREACH
        message = (
            f"The time-out of {amount(longest, 's')} is over the visibility time-out of {queue.id},"
            f" {amount(hidden_time, 's')}: the event source is refused, and messages come twice"
        )
    else:
        advised = catalogue.constant("sqs.visibility.advised").value
        enough = hidden_time >= advised * longest + window
        verdict = FITS if enough else TIGHT
        beside = f" and the batching window of {amount(window, 's')}" if window else ""
        total = f", {amount(advised * longest + window, 's')}" if window else ""
        hint = "" if enough else f": AWS advises {advised:g} times the time-out{beside}{total}"
        message = (
            f"The visibility time-out of {queue.id} is {amount(hidden_time, 's')} for a time-out of"
            f" {amount(longest, 's')}{hint}"
        )
    return judge.make("sqs.visibility", function, wait.line, longest, hidden_time, verdict, message)


def queues(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """The time settings of a queue."""
    for queue in stack.of_type(QUEUE):
        for name, limit_id, what in (
            ("VisibilityTimeout", "sqs.visibility", "The visibility time-out"),
            ("MessageRetentionPeriod", "sqs.retention", "The retention"),
        ):
            setting = queue.get(name)
            if setting.value is not None:
                at_end = FITS if setting.number == catalogue.limit(limit_id).value else None
                yield judge.hold(limit_id, queue, setting, what, verdict=at_end)


# Loops --------------------------------------------------------------------------------------------


def loops(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """A function that may trigger itself; Lambda stops it after a fixed number of rounds by default."""
    if _is_allowed(function, stack):
        return
    reason = _may_invoke_itself(function, stack) or _may_write_to_its_source(function, stack)
    if reason:
        most = catalogue.limit("lambda.recursion").value
        message = (
            f"{reason}: Lambda stops a chain after {amount(most, 'rounds')} and drops the event."
            " Set RecursiveLoop to Allow if it is meant"
        )
        yield judge.make("lambda.recursion", function, function.line, None, most, TIGHT, message)


def _is_allowed(function: Resource, stack: Stack) -> bool:
    configs = stack.pointing_to(function, "AWS::Lambda::RecursionConfig", "FunctionName")  # of Terraform
    settings = [one.get("RecursiveLoop").value for one in configs]
    return "Allow" in [function.get("RecursiveLoop").value, *settings]


def _may_invoke_itself(function: Resource, stack: Stack) -> str:
    for target in _targets(function, stack, "", INVOKES):
        if _is_itself(target, function, stack):
            return "It may invoke itself"
    return ""


def _is_itself(target: Any, function: Resource, stack: Stack) -> bool:
    if function.id in set(references(target)):
        return True
    own, address = function.scope.text(function.raw("FunctionName")), stack.scope.text(target)
    if isinstance(address, Unknown):
        address = address.known_text
    own = own.known_text if isinstance(own, Unknown) else own
    name = address.partition(":function:")[2].partition(":")[0] if ":function:" in address else address
    return bool(own) and "*" not in name[:1] and fnmatch.fnmatchcase(own, name)


def _may_write_to_its_source(function: Resource, stack: Stack) -> str:
    for kind, expression, _ in sources(function, stack):
        source = stack.find_resource(expression, kind)
        if source is None:
            continue
        if (function.id, source.id) in connections(stack):
            return f"It writes to {source.id}, which triggers it"
        for target in _targets(function, stack, kind, WRITES[kind]):
            if source.id in set(references(target)) or stack.find_resource(target, kind) is source:
                return f"It may write to {source.id}, which triggers it"
    return ""


def _targets(function: Resource, stack: Stack, kind: str, actions: tuple[str, ...]) -> Iterator[Any]:
    """The targets on which a function's policies allow these actions."""
    for policy in _policies(function, stack):
        for name, (about, parameter) in POLICIES.items():
            if about == kind and name in policy:
                yield mapping(stack.scope.value(policy[name])).get(parameter)
        for statement in each(policy.get("Statement"), stack.scope):
            statement = mapping(statement)
            if text(statement.get("Effect")) in (None, "Allow") and _allows(statement, actions, stack):
                yield from sequence(statement.get("Resource"))  # unresolved, because the references matter
    destinations = mapping(mapping(function.get("EventInvokeConfig").value).get("DestinationConfig"))
    for destination in map(mapping, destinations.values()):
        yield destination.get("Destination")


def _allows(statement: Map, actions: tuple[str, ...], stack: Stack) -> bool:
    allowed = [text(action) or "" for action in each(statement.get("Action"), stack.scope)]
    return any(
        fnmatch.fnmatchcase(action.lower(), pattern.lower()) for action in actions for pattern in allowed
    )


def _policies(function: Resource, stack: Stack) -> Iterator[Map]:
    """The policies of a function and of its role: documents, and SAM policy templates by name."""
    for policy in each(function.raw("Policies"), stack.scope):
        yield mapping(policy)
    roles = [
        stack.resources[name]
        for name in dict.fromkeys(references(function.raw("Role")))
        if name in stack.resources
    ]
    for role in roles:
        for policy in map(mapping, each(role.raw("Policies"), stack.scope)):
            yield mapping(stack.scope.value(policy.get("PolicyDocument")))
    for name in [role.id for role in roles] or [f"{function.id}Role"]:
        for policy in stack.policies_of_roles.get(name, ()):
            yield mapping(policy.get("PolicyDocument").value)


def connections(stack: Stack) -> Iterator[tuple[str, str]]:
    """The pairs of logical ids (source, target) where a SAM connector allows writing."""
    for connector in stack.of_type("AWS::Serverless::Connector"):
        source = mapping(connector.get("Source").value).get("Id")
        permissions = [text(one) for one in each(connector.raw("Permissions"), stack.scope)]
        for part in walk(connector.raw("Destination")):
            if isinstance(part, Map) and "Id" in part and "Write" in permissions:
                yield str(text(source)), str(text(part["Id"]))
