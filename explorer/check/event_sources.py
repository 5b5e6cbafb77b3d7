"""Event source mappings: resources of their own, and the events of SAM functions that become mappings."""

from __future__ import annotations

from collections.abc import Iterator

from .nodes import Map, mapping, sequence, text
from .stack import Resource, Stack, entries

MAPPING = "AWS::Lambda::EventSourceMapping"
POLLED = {  # SAM event types that become mappings: the property that names the source
    "SQS": "Queue",
    "Kinesis": "Stream",
    "DynamoDB": "Stream",
    "MSK": "Stream",
    "SelfManagedKafka": "KafkaBootstrapServers",
    "MQ": "Broker",
    "DocumentDB": "Cluster",
}
SERVICES = {"sqs": "SQS", "kinesis": "Kinesis", "dynamodb": "DynamoDB", "kafka": "MSK", "mq": "MQ"}
SOURCES = {  # names of sources, by the type of the resource that a mapping reads
    "AWS::SQS::Queue": "SQS",
    "AWS::Kinesis::Stream": "Kinesis",
    "AWS::DynamoDB::Table": "DynamoDB",
    "AWS::DynamoDB::GlobalTable": "DynamoDB",
    "AWS::MSK::Cluster": "MSK",
    "AWS::MSK::ServerlessCluster": "MSK",
    "AWS::AmazonMQ::Broker": "MQ",
}


def event_sources(stack: Stack) -> Iterator[Resource]:
    """Every mapping as an AWS::Lambda::EventSourceMapping; a mapping of a SAM event has its function's id."""
    yield from stack.of_type(MAPPING)
    for function in stack.of_type("AWS::Serverless::Function"):
        yield from _of_events(function)


def event_sources_of(function: Resource, stack: Stack) -> Iterator[Resource]:
    """The mappings of one function."""
    yield from stack.pointing_to(function, MAPPING, "FunctionName")
    yield from _of_events(function)


def _of_events(function: Resource) -> Iterator[Resource]:
    for kind, properties, line in polled_events(function):
        source = properties.get(POLLED[kind])
        own = Map(
            {**properties, "EventSourceArn": source, "FunctionName": Map({"Ref": function.id}, line)},
            properties.line if properties else line,
            properties.lines,
        )
        yield Resource(function.id, MAPPING, own, line, Map({KIND: kind}), function.scope)


KIND = "explorer:kind"  # key in the metadata of a mapping made from a SAM event


def polled_events(function: Resource) -> Iterator[tuple[str, Map, int]]:
    """The events of a SAM function that become mappings: kind, properties, line."""
    for _, event, line in entries(function.raw("Events"), function.scope):
        kind = text(event.get("Type")) or ""
        if kind in POLLED:
            yield kind, mapping(function.scope.value(event.get("Properties"))), line


def kind_of(mapping_: Resource, stack: Stack) -> str:
    """The kind of source that a mapping reads: "SQS", "Kinesis", ...; empty if it is not known."""
    if KIND in mapping_.metadata:
        return str(mapping_.metadata[KIND])
    source = stack.find_resource(mapping_.raw("EventSourceArn"), *SOURCES)
    if source:
        return SOURCES[source.type]
    arn = text(mapping_.get("EventSourceArn").value) or ""
    service = arn.split(":")[2] if arn.count(":") > 4 else ""
    if service:
        return SERVICES.get(service, "")
    return "MSK" if sequence(mapping_.get("Topics").value) else ""
