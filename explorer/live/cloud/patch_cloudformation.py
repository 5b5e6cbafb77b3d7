"""Properties of resources that the emulator's CloudFormation omits, set when it creates the resource.

Properties arrive resolved, so that a template may contain Ref and Fn:: as on AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .hook import hook, require

Properties = Mapping[str, Any]
Completion = Callable[[str, Properties], None]
SHARED_RULE_KEYS = {"AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"}
RULE_KEYS = {"Id", "Status", "Prefix", "ExpirationInDays"} | SHARED_RULE_KEYS


def install() -> None:
    """Complete the creation, update and deletion of each kind of resource."""
    from ministack.services.cloudformation import provisioners, stacks

    hook(stacks, "_runs_on_worker_thread", "resource_type", _wait_on_thread)
    for kind, (name, complete) in COMPLETIONS.items():
        require(provisioners, name, "logical_id props stack_name")
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        for action, position in (("create", 1), ("update", 2)):
            handlers[action] = _complete_after(handlers[action], complete, position, handlers["delete"])
    provisioners._STACK_TAG_PROPERTY["AWS::S3::Bucket"] = ("Tags", "list")
    for kind, before in BEFORE_DELETION.items():
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        handlers["delete"] = _run_before(handlers["delete"], before)


def _wait_on_thread(original: Callable[..., bool]) -> Callable[..., bool]:
    """Wait on a thread for environments and tasks: the event loop has to answer their requests."""

    def decide(resource_type: str) -> bool:
        return resource_type in WAITING or original(resource_type)

    return decide


def _complete_after(
    original: Callable[..., Any], complete: Completion, position: int, delete: Callable[..., Any]
) -> Callable[..., Any]:
    """Run `complete` after the original; the properties are argument `position` of a create or an update."""

    def provision(*args: Any) -> Any:
        resource = original(*args)
        try:
            complete(resource[0], args[position])
        except Exception:
            if position == 1:  # a new resource is removed
                delete(resource[0], args[position])
            raise
        return resource

    return provision


def _run_before(original: Callable[..., Any], before: Callable[[str], None]) -> Callable[..., Any]:
    def delete(physical: str, *args: Any) -> Any:
        before(physical)
        return original(physical, *args)

    return delete


def _check_answer(what: str, answer: tuple[int, Any, Any]) -> None:
    """Fail the resource, as CloudFormation does, if the service refused a property."""
    if answer[0] >= 400:
        raise ValueError(f"{what}: {answer[2]!r}")


def _complete_function(name: str, properties: Properties) -> None:
    from ministack.services import lambda_svc

    function = lambda_svc._functions[name]
    code = properties.get("Code", {})
    if code.get("S3Key") and not function.get("code_zip"):
        raise ValueError(f"S3 Error Code: NoSuchKey. The specified key does not exist: {code['S3Key']}")
    if "DurableConfig" in properties:
        function["config"]["DurableConfig"] = {
            key: int(value) if str(value).isdigit() else value
            for key, value in properties["DurableConfig"].items()
        }
    if "DeadLetterConfig" in properties:
        function["config"]["DeadLetterConfig"] = dict(properties["DeadLetterConfig"])
    if "RecursiveLoop" in properties:
        loop = {"RecursiveLoop": properties["RecursiveLoop"]}
        _check_answer("RecursiveLoop", lambda_svc._put_function_recursion_config(name, loop))
    units = properties.get("ReservedConcurrentExecutions")
    if units is not None:
        concurrency = {"ReservedConcurrentExecutions": int(units)}
        _check_answer("ReservedConcurrentExecutions", lambda_svc._put_function_concurrency(name, concurrency))


def _complete_table(name: str, properties: Properties) -> None:
    from ministack.services import dynamodb

    table = {"TableName": name}
    ttl = "TimeToLiveSpecification"
    if ttl in properties:
        _check_answer(ttl, dynamodb._update_ttl({**table, ttl: properties[ttl]}))
    recovery = "PointInTimeRecoverySpecification"
    if recovery in properties:
        _check_answer(
            recovery, dynamodb._update_continuous_backups({**table, recovery: properties[recovery]})
        )
    encryption = properties.get("SSESpecification")
    if encryption is not None:
        sse = {("Enabled" if key == "SSEEnabled" else key): value for key, value in encryption.items()}
        _check_answer("SSESpecification", dynamodb._update_table({**table, "SSESpecification": sse}))


def _complete_bucket(name: str, properties: Properties) -> None:
    from ministack.services import s3

    rules = (properties.get("LifecycleConfiguration") or {}).get("Rules", [])
    if rules:
        body = f"<LifecycleConfiguration>{''.join(map(_rule, rules))}</LifecycleConfiguration>"
        _check_answer("LifecycleConfiguration", s3._put_bucket_lifecycle(name, body.encode()))
    if properties.get("Tags"):
        s3._bucket_tags[name] = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}


def _rule(rule: Properties) -> str:
    """A lifecycle rule in S3's XML; CloudFormation has other names for its parts."""
    if unknown := set(rule) - RULE_KEYS:
        raise ValueError(f"lifecycle rule has {min(unknown)}: expected {', '.join(sorted(RULE_KEYS))}")
    parts: dict[str, Any] = {
        "ID": rule.get("Id", rule.get("Prefix", "all")),
        "Filter": {"Prefix": rule.get("Prefix", "")},
        "Status": rule["Status"],
    }
    if "ExpirationInDays" in rule:
        parts["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    parts |= {name: rule[name] for name in sorted(SHARED_RULE_KEYS) if name in rule}
    return _xml("Rule", parts)


def _xml(name: str, value: Any) -> str:
    from xml.sax.saxutils import escape

    inner = "".join(_xml(*item) for item in value.items()) if isinstance(value, dict) else escape(str(value))
    return f"<{name}>{inner}</{name}>"


def _complete_machine(arn: str, properties: Properties) -> None:
    from ministack.services import stepfunctions

    if "LoggingConfiguration" in properties:
        logging = _in_camel_case(properties["LoggingConfiguration"])
        stepfunctions._state_machines[arn]["loggingConfiguration"] = logging


def _complete_stage(name: str, properties: Properties) -> None:
    from ministack.services import apigateway

    settings = _in_camel_case(properties.get("DefaultRouteSettings", {}))
    apigateway._stages[properties["ApiId"]][name]["defaultRouteSettings"] = settings


def _in_camel_case(value: Any) -> Any:
    """CloudFormation's property names in the spelling of the service's API: first letter in lower case."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _in_camel_case(inner) for key, inner in value.items()}
    return [_in_camel_case(inner) for inner in value] if isinstance(value, list) else value


def _end_workers(name: str) -> None:
    from ministack.services import lambda_svc

    lambda_svc.invalidate_worker(name)


def _require_empty_bucket(name: str) -> None:
    """Fail the deletion of a bucket that is not empty, as AWS does."""
    from ministack.services import s3

    if (s3._buckets.get(name) or {}).get("objects"):
        raise ValueError(
            "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
            "(Service: S3, Status Code: 409)"
        )


def _require_detached_policy(arn: str) -> None:
    """Fail the deletion of a policy that is attached, as AWS does."""
    from ministack.services import iam

    if (iam._policies.get(arn) or {}).get("AttachmentCount"):
        raise ValueError("Cannot delete a policy attached to entities. (Service: Iam, Status Code: 409)")


def _await_steady_service(arn: str, properties: Properties) -> None:
    """Wait until a service is steady: its tasks run, and their targets are healthy."""
    from . import steady_service

    steady_service.wait(arn, float(properties.get("HealthCheckGracePeriodSeconds", 0)))


def _await_version(arn: str, properties: Properties) -> None:
    """Wait until a version with SnapStart is initialised, as a stack does."""
    from . import snap_start

    snap_start.wait(arn)


def _await_alias(arn: str, properties: Properties) -> None:
    """Wait until the provisioned environments of an alias are ready, as a stack does."""
    from . import provisioned

    if properties.get("ProvisionedConcurrencyConfig"):
        provisioned.wait(arn)


def _end_provisioned(arn: str) -> None:
    from . import provisioned

    provisioned.release(arn)


WAITING = {"AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::ECS::Service"}
COMPLETIONS: dict[str, tuple[str, Completion]] = {
    "AWS::S3::Bucket": ("_s3_create", _complete_bucket),
    "AWS::DynamoDB::Table": ("_ddb_create", _complete_table),
    "AWS::Lambda::Function": ("_lambda_create", _complete_function),
    "AWS::Lambda::Version": ("_lambda_version_create", _await_version),
    "AWS::Lambda::Alias": ("_lambda_alias_create", _await_alias),
    "AWS::StepFunctions::StateMachine": ("_sfn_state_machine_create", _complete_machine),
    "AWS::ApiGatewayV2::Stage": ("_apigw_v2_stage_create", _complete_stage),
    "AWS::ECS::Service": ("_ecs_service_create", _await_steady_service),
}
BEFORE_DELETION: dict[str, Callable[[str], None]] = {
    "AWS::Lambda::Function": _end_workers,
    "AWS::Lambda::Alias": _end_provisioned,
    "AWS::S3::Bucket": _require_empty_bucket,
    "AWS::IAM::ManagedPolicy": _require_detached_policy,
}
