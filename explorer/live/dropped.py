"""What the emulator's CloudFormation leaves out of a template, set by API and read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from . import CloudError

Properties = Mapping[str, Any]
Clients = Callable[[str], Any]


def apply_dropped(stack: str, session: Any) -> list[tuple[str, str]]:
    """Set what CloudFormation dropped of `stack` and read it back.

    Parameters
    ----------
    stack : its name
    session : a boto3 session on the local cloud, as of `Cloud.session`

    Returns each logical id and property that was set. Raises CloudError if one did not take, or has a
    value that only CloudFormation could resolve. Source: seen on ministack 1.5.33; the APIs work.
    """
    cloudformation = session.client("cloudformation")
    template = cloudformation.get_template(StackName=stack)["TemplateBody"]
    resources = _parsed(stack, template)["Resources"]
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    physical = {
        row["LogicalResourceId"]: row["PhysicalResourceId"]
        for page in pages
        for row in page["StackResourceSummaries"]
    }
    done = []
    for logical, resource in resources.items():
        for name, apply in DROPPED.get(resource["Type"], {}).items():
            wanted = resource.get("Properties", {}).get(name)
            if wanted is not None and logical in physical:
                _literal(f"{stack}: {logical}.{name}", wanted)
                if not apply(session.client, physical[logical], wanted):
                    raise CloudError(f"{stack}: {logical}.{name} was set, and reads back as something else")
                done.append((logical, name))
    return done


def _parsed(stack: str, template: Any) -> Mapping[str, Any]:
    if isinstance(template, Mapping):
        return template
    try:
        return dict(json.loads(template))
    except ValueError:
        raise CloudError(f"{stack}: its template is not JSON: expected the one that explorer made") from None


def _literal(place: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "Ref" or name.startswith("Fn::"):
                raise CloudError(f"{place} has {name}: expected a literal value")
            _literal(place, inner)
    elif isinstance(value, list):
        for inner in value:
            _literal(place, inner)


def _lifecycle(clients: Clients, bucket: str, wanted: Properties) -> bool:
    s3 = clients("s3")
    rules = [_rule(rule) for rule in wanted["Rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return [rule["ID"] for rule in found] == [rule["ID"] for rule in rules]


def _rule(rule: Properties) -> dict[str, Any]:
    """A rule as the API has it; CloudFormation names its parts otherwise."""
    known = {"Id", "Status", "Prefix", "ExpirationInDays"}
    shared = {"AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"}
    if unknown := set(rule) - known - shared:
        raise CloudError(f"lifecycle rule has {min(unknown)}: expected {', '.join(sorted(known | shared))}")
    made: dict[str, Any] = {
        "ID": rule.get("Id", rule.get("Prefix", "all")),
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    return made | {name: rule[name] for name in shared if name in rule}


def _ttl(clients: Clients, table: str, wanted: Properties) -> bool:
    dynamodb = clients("dynamodb")
    found = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if found["TimeToLiveStatus"] != "ENABLED":  # AWS refuses to enable it twice
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=wanted)
        found = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    return found["TimeToLiveStatus"] == "ENABLED" and found["AttributeName"] == wanted["AttributeName"]


def _recovery(clients: Clients, table: str, wanted: Properties) -> bool:
    dynamodb = clients("dynamodb")
    dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=wanted)
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    state = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return (state == "ENABLED") == wanted["PointInTimeRecoveryEnabled"]


def _encryption(clients: Clients, table: str, wanted: Properties) -> bool:
    dynamodb = clients("dynamodb")
    asked = {("Enabled" if name == "SSEEnabled" else name): value for name, value in wanted.items()}
    dynamodb.update_table(TableName=table, SSESpecification=asked)
    found = dynamodb.describe_table(TableName=table)["Table"].get("SSEDescription", {})
    return (found.get("Status") == "ENABLED") == asked["Enabled"]


def _recursion(clients: Clients, function: str, wanted: str) -> bool:
    functions = clients("lambda")
    functions.put_function_recursion_config(FunctionName=function, RecursiveLoop=wanted)
    found = functions.get_function_recursion_config(FunctionName=function)["RecursiveLoop"]
    return bool(found == wanted)


def _reserved(clients: Clients, function: str, wanted: Any) -> bool:
    functions, units = clients("lambda"), int(wanted)
    functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=units)
    found = functions.get_function_concurrency(FunctionName=function)
    return bool(found.get("ReservedConcurrentExecutions") == units)


DROPPED: dict[str, dict[str, Callable[[Clients, str, Any], bool]]] = {
    "AWS::S3::Bucket": {"LifecycleConfiguration": _lifecycle},
    "AWS::DynamoDB::Table": {
        "TimeToLiveSpecification": _ttl,
        "PointInTimeRecoverySpecification": _recovery,
        "SSESpecification": _encryption,
    },
    "AWS::Lambda::Function": {
        "RecursiveLoop": _recursion,
        "ReservedConcurrentExecutions": _reserved,
    },
}
