"""Callers that wait less long than a function may run: authorizers, triggers, streams, workflows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from explorer.facts import catalogue

from .doors import HTTP_APIS
from .findings import BREACH, TIGHT, Finding, Judge, amount
from .nodes import Map, mapping, text, walk
from .rules_function import timeout_of
from .stack import Resource, Stack, TemplateValue, each, entries

AUTHORIZER, TRIGGER, TRANSFORM = "apigw.http.authorizer.timeout", "cognito.trigger", "firehose.transform"
SENDERS = {"CustomSMSSender", "CustomEmailSender"}  # triggers for which nobody waits


def caller_timeouts(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """The function's time-out against the wait of callers that are not doors."""
    for function in dict.fromkeys(_authorizers(stack)):
        over = "The request is refused while the authorizer runs on"
        what = "The time-out of an authorizer of an HTTP API"
        yield judge.hold(AUTHORIZER, function, timeout_of(function), what, over=over)
    for function in dict.fromkeys(_triggers(stack)):
        tries = catalogue.constant("cognito.attempts").value
        over = f"Cognito calls it {tries:g} times, and then the user's request fails"
        timeout = timeout_of(function)
        most = catalogue.limit(TRIGGER).value or 0
        beyond = TIGHT if timeout.least is not None and timeout.least > most else None  # its default is lower
        yield judge.hold(
            TRIGGER, function, timeout, "The time-out of a Cognito trigger", over=over, verdict=beyond
        )
    for function in dict.fromkeys(_transformations(stack)):
        over = "The records are delivered as failed while the function runs on"
        what = "The time-out of a transformation for Firehose"
        yield judge.hold(TRANSFORM, function, timeout_of(function), what, over=over)


def _authorizers(stack: Stack) -> Iterator[Resource]:
    """The authorizer functions of HTTP APIs."""
    for authorizer in stack.of_type("AWS::ApiGatewayV2::Authorizer"):
        api = stack.find_resource(authorizer.raw("ApiId"), *HTTP_APIS)
        websocket = api is not None and api.get("ProtocolType").value == "WEBSOCKET"
        function = stack.function(authorizer.raw("AuthorizerUri"))
        if function and not websocket:
            yield function
    for api in stack.of_type(*HTTP_APIS):
        for part in walk(Map({name: api.raw(name) for name in ("Auth", "DefinitionBody", "Body")})):
            if not isinstance(part, Map):
                continue
            inner = mapping(part.get("x-amazon-apigateway-authorizer"))
            for node in (part.get("FunctionArn"), inner.get("authorizerUri")):
                if node is not None and (function := stack.function(node)):
                    yield function


def _triggers(stack: Stack) -> Iterator[Resource]:
    """The functions for which a user pool waits."""
    for pool in stack.of_type("AWS::Cognito::UserPool"):
        for name, value in mapping(pool.get("LambdaConfig").value).items():
            inner = mapping(stack.scope.value(value)).get("LambdaArn", value)
            if name not in SENDERS and (function := stack.function(inner)):
                yield function
    for function in stack.of_type("AWS::Serverless::Function"):
        for _, event, _line in entries(function.raw("Events"), stack.scope):
            triggers = each(mapping(stack.scope.value(event.get("Properties"))).get("Trigger"), stack.scope)
            if text(event.get("Type")) == "Cognito" and not {text(one) for one in triggers} <= SENDERS:
                yield function


def _transformations(stack: Stack) -> Iterator[Resource]:
    """The functions that transform records for a Firehose stream."""
    for stream in stack.of_type("AWS::KinesisFirehose::DeliveryStream"):
        for part in walk(stream.properties):
            if not isinstance(part, Map) or text(part.get("ParameterName")) != "LambdaArn":
                continue
            if function := stack.function(part.get("ParameterValue")):
                yield function


# Workflows ----------------------------------------------------------------------------------------


def states(judge: Judge, machine: Resource, definition: Any, line: int, stack: Stack) -> Iterator[Finding]:
    """The task states of a workflow that time out before their function may have ended.

    Parameters
    ----------
    judge
        Makes the findings of the file.
    machine
        The state machine's resource.
    definition
        Its definition, parsed.
    line
        The line of the definition.
    stack
        The stack with the functions that it invokes.
    """
    top = mapping(definition)
    express = "EXPRESS" in (machine.get("StateMachineType").value, machine.get("Type").value)
    limit_id = "sfn.duration.exp" if express else "sfn.duration.std"
    whole = _seconds(top.get("TimeoutSeconds"), stack)
    if whole is None and express:
        whole = catalogue.limit(limit_id).value
    for part in walk(top.get("States")):
        for name, state in part.items() if isinstance(part, Map) else ():
            if isinstance(state, Map) and text(state.get("Type")) == "Task":
                at = state.line if state.line > 1 else line
                yield from _state(judge, machine, stack, (name, state, at), whole, limit_id)


def _state(
    judge: Judge,
    machine: Resource,
    stack: Stack,
    located_state: tuple[str, Map, int],
    whole: float | None,
    limit_id: str,
) -> Iterator[Finding]:
    name, state, line = located_state
    wait, beat = (_seconds(state.get(key), stack) for key in ("TimeoutSeconds", "HeartbeatSeconds"))
    if wait is not None and beat is not None and beat >= wait:
        message = f"The heartbeat of {amount(beat, 's')} of state {name} is not less than its time-out of"
        message = f"{message} {amount(wait, 's')}: the definition is refused"
        yield judge.make("sfn.heartbeat", machine, line, beat, wait, BREACH, message)
    function = _task(state, stack)
    if function is None or _hands_over(state):
        return
    longest = timeout_of(function).least
    for least, who in ((wait, f"State {name}"), (whole, "The workflow")):
        if longest is not None and least is not None and longest > least:
            message = f"{who} waits {amount(least, 's')} for {function.id}, whose time-out is"
            message = f"{message} {amount(longest, 's')}: the execution gives up while the function runs on"
            yield judge.make(limit_id, machine, line, longest, least, TIGHT, message)


def _seconds(node: Any, stack: Stack) -> float | None:
    return TemplateValue(stack.scope.value(node), 1).number


def _task(state: Map, stack: Stack) -> Resource | None:
    """The function that a task invokes, by ARN or by an integration of Step Functions."""
    for arguments in (state.get("Parameters"), state.get("Arguments")):
        function_name = mapping(arguments).get("FunctionName")
        if function_name is not None and (function := stack.function(function_name)):
            return function
    return stack.function(state.get("Resource"))


def _hands_over(state: Map) -> bool:
    """Whether a task invokes its function without waiting for the result."""
    arguments = [mapping(state.get(name)) for name in ("Parameters", "Arguments")]
    return any(text(one.get("InvocationType")) == "Event" for one in arguments)
