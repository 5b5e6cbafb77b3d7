"""What the emulator's CloudFormation leaves out of a resource, done as it makes it.

The properties come resolved, so that a template may say them with Ref and Fn:: as on AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .hook import checked, hook

Properties = Mapping[str, Any]
Complete = Callable[[str, Properties], None]
SHARED_BY_RULES = {"AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"}
KNOWN_TO_RULES = {"Id", "Status", "Prefix", "ExpirationInDays"} | SHARED_BY_RULES


def install() -> None:
    """Complete what each kind of resource is made of, and how it goes."""
    from ministack.services.cloudformation import provisioners, stacks

    hook(stacks, "_runs_on_worker_thread", "resource_type", _or_waits)
    for kind, (name, complete) in COMPLETE.items():
        checked(provisioners, name, "logical_id props stack_name")
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        for action, at in (("create", 1), ("update", 2)):
            handlers[action] = _completed(handlers[action], complete, at, handlers["delete"])
    provisioners._STACK_TAG_PROPERTY["AWS::S3::Bucket"] = ("Tags", "list")
    for kind, before in BEFORE_DELETION.items():
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        handlers["delete"] = _preceded(handlers["delete"], before)


def _or_waits(original: Callable[..., bool]) -> Callable[..., bool]:
    """What waits for environments does so beside the loop that answers requests, theirs too."""

    def decide(resource_type: str) -> bool:
        return resource_type in WAITING or original(resource_type)

    return decide


def _completed(
    original: Callable[..., Any], complete: Complete, at: int, delete: Callable[..., Any]
) -> Callable[..., Any]:
    """`at` is where the properties are among the arguments; the first of an update's is the old ones."""

    def provision(*args: Any) -> Any:
        resource = original(*args)
        try:
            complete(resource[0], args[at])
        except Exception:
            if at == 1:  # it is new: nothing of it stays
                delete(resource[0], args[at])
            raise
        return resource

    return provision


def _preceded(original: Callable[..., Any], before: Callable[[str], None]) -> Callable[..., Any]:
    def delete(physical: str, *args: Any) -> Any:
        before(physical)
        return original(physical, *args)

    return delete


def _took(what: str, answer: tuple[int, Any, Any]) -> None:
    """Fail the resource, as CloudFormation does when the service refuses a property."""
    if answer[0] >= 400:
        raise ValueError(f"{what}: {answer[2]!r}")


def _function(name: str, properties: Properties) -> None:
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
        _took("RecursiveLoop", lambda_svc._put_function_recursion_config(name, loop))
    units = properties.get("ReservedConcurrentExecutions")
    if units is not None:
        concurrency = {"ReservedConcurrentExecutions": int(units)}
        _took("ReservedConcurrentExecutions", lambda_svc._put_function_concurrency(name, concurrency))


def _table(name: str, properties: Properties) -> None:
    from ministack.services import dynamodb

    table = {"TableName": name}
    ttl = "TimeToLiveSpecification"
    if ttl in properties:
        _took(ttl, dynamodb._update_ttl({**table, ttl: properties[ttl]}))
    recovery = "PointInTimeRecoverySpecification"
    if recovery in properties:
        _took(recovery, dynamodb._update_continuous_backups({**table, recovery: properties[recovery]}))
    encryption = properties.get("SSESpecification")
    if encryption is not None:
        sse = {("Enabled" if key == "SSEEnabled" else key): value for key, value in encryption.items()}
        _took("SSESpecification", dynamodb._update_table({**table, "SSESpecification": sse}))


def _bucket(name: str, properties: Properties) -> None:
    from ministack.services import s3

    rules = (properties.get("LifecycleConfiguration") or {}).get("Rules", [])
    if rules:
        body = f"<LifecycleConfiguration>{''.join(map(_rule, rules))}</LifecycleConfiguration>"
        _took("LifecycleConfiguration", s3._put_bucket_lifecycle(name, body.encode()))
    if properties.get("Tags"):
        s3._bucket_tags[name] = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}


def _rule(rule: Properties) -> str:
    """A rule as S3 has it; CloudFormation names its parts otherwise."""
    if unknown := set(rule) - KNOWN_TO_RULES:
        raise ValueError(f"lifecycle rule has {min(unknown)}: expected {', '.join(sorted(KNOWN_TO_RULES))}")
    parts: dict[str, Any] = {
        "ID": rule.get("Id", rule.get("Prefix", "all")),
        "Filter": {"Prefix": rule.get("Prefix", "")},
        "Status": rule["Status"],
    }
    if "ExpirationInDays" in rule:
        parts["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    parts |= {name: rule[name] for name in sorted(SHARED_BY_RULES) if name in rule}
    return _xml("Rule", parts)


def _xml(name: str, value: Any) -> str:
    from xml.sax.saxutils import escape

    inner = "".join(_xml(*item) for item in value.items()) if isinstance(value, dict) else escape(str(value))
    return f"<{name}>{inner}</{name}>"


def _machine(arn: str, properties: Properties) -> None:
    from ministack.services import stepfunctions

    if "LoggingConfiguration" in properties:
        logging = _in_camel_case(properties["LoggingConfiguration"])
        stepfunctions._state_machines[arn]["loggingConfiguration"] = logging


def _stage(name: str, properties: Properties) -> None:
    from ministack.services import apigateway

    settings = _in_camel_case(properties.get("DefaultRouteSettings", {}))
    apigateway._stages[properties["ApiId"]][name]["defaultRouteSettings"] = settings


def _in_camel_case(value: Any) -> Any:
    """As the service's API names what CloudFormation names with a capital."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _in_camel_case(inner) for key, inner in value.items()}
    return [_in_camel_case(inner) for inner in value] if isinstance(value, list) else value


def _no_function_left_at_work(name: str) -> None:
    from ministack.services import lambda_svc

    lambda_svc.invalidate_worker(name)


def _bucket_is_empty(name: str) -> None:
    """AWS deletes no bucket that holds anything."""
    from ministack.services import s3

    if (s3._buckets.get(name) or {}).get("objects"):
        raise ValueError(
            "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
            "(Service: S3, Status Code: 409)"
        )


def _policy_is_free(arn: str) -> None:
    """AWS deletes no policy that someone has."""
    from ministack.services import iam

    if (iam._policies.get(arn) or {}).get("AttachmentCount"):
        raise ValueError("Cannot delete a policy attached to entities. (Service: Iam, Status Code: 409)")


def _service(arn: str, properties: Properties) -> None:
    """A stack waits until a service is steady: its tasks run, and the load balancer finds them healthy."""
    from . import steady_service

    steady_service.wait(arn, float(properties.get("HealthCheckGracePeriodSeconds", 0)))


def _version(arn: str, properties: Properties) -> None:
    """A stack waits until a version with SnapStart is initialised."""
    from . import snap_start

    snap_start.wait(arn)


def _alias(arn: str, properties: Properties) -> None:
    """A stack waits until what an alias provisions is ready."""
    from . import provisioned

    if properties.get("ProvisionedConcurrencyConfig"):
        provisioned.wait(arn)


def _nothing_is_kept_ready(arn: str) -> None:
    from . import provisioned

    provisioned.let_go(arn)


WAITING = {"AWS::Lambda::Version", "AWS::Lambda::Alias"}
COMPLETE: dict[str, tuple[str, Complete]] = {
    "AWS::S3::Bucket": ("_s3_create", _bucket),
    "AWS::DynamoDB::Table": ("_ddb_create", _table),
    "AWS::Lambda::Function": ("_lambda_create", _function),
    "AWS::Lambda::Version": ("_lambda_version_create", _version),
    "AWS::Lambda::Alias": ("_lambda_alias_create", _alias),
    "AWS::StepFunctions::StateMachine": ("_sfn_state_machine_create", _machine),
    "AWS::ApiGatewayV2::Stage": ("_apigw_v2_stage_create", _stage),
    "AWS::ECS::Service": ("_ecs_service_create", _service),
}
BEFORE_DELETION: dict[str, Callable[[str], None]] = {
    "AWS::Lambda::Function": _no_function_left_at_work,
    "AWS::Lambda::Alias": _nothing_is_kept_ready,
    "AWS::S3::Bucket": _bucket_is_empty,
    "AWS::IAM::ManagedPolicy": _policy_is_free,
}
