"""Lambda's refusals beyond its model: missing things, settings that conflict, values over a limit.

Each check gets the parameters of a request, or the properties of a template by the same names, and reads the
emulator's state. It returns a refusal, or None to accept. The texts are AWS's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from explorer.check.json_errors import json_problem

from .limits import Limits, Refusal, invalid

Parameters = Mapping[str, Any]
Check = Callable[[Limits, Parameters], Refusal | None]
PARAMETER, MISSING = "InvalidParameterValueException", "ResourceNotFoundException"
LATEST = "$LATEST"
ARN = re.compile(r"arn:[^:]*:([^:]*):([^:]*):([^:]*):(.+)")
SERVICE_PRINCIPAL = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)")
STREAMS = ("kinesis", "dynamodb")


def refuse(text: str, code: str = PARAMETER, status: int = 400) -> Refusal:
    """A refusal with an error code and an HTTP status of Lambda."""
    return Refusal(status, code, text)


def missing(text: str) -> Refusal:
    """Lambda's refusal for a thing that does not exist: ResourceNotFoundException, 404."""
    return Refusal(404, MISSING, text)


def state() -> Any:
    """The emulator's Lambda module, which holds its state."""
    from ministack.services import lambda_svc

    return lambda_svc


NOT_THERE = "The resource you requested does not exist."

# The function of a request


def name_and_qualifier(parameters: Parameters) -> tuple[str, str | None]:
    """The unqualified name of a request's function, and the qualifier, None without one."""
    name, qualifier = state()._resolve_name_and_qualifier(str(parameters.get("FunctionName", "")))
    if name == "function":  # a partial ARN
        name, _, qualifier = str(qualifier).partition(":")
    return name, parameters.get("Qualifier") or qualifier or None


def record(parameters: Parameters) -> Any:
    """The emulator's record of a request's function, None if it does not exist."""
    return state()._functions.get(name_and_qualifier(parameters)[0])


def arn(parameters: Parameters, qualified: bool = True) -> str:
    """The function's ARN in AWS's texts; `qualified` with the qualifier of the request."""
    name, qualifier = name_and_qualifier(parameters)
    return f"{state()._func_arn(name)}{f':{qualifier}' if qualified and qualifier else ''}"


def other_region(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a function of another region, and two different qualifiers."""
    from ministack.core.responses import get_region

    text = str(parameters.get("FunctionName", ""))
    match = ARN.fullmatch(text)
    if match and match[1] == "lambda" and match[2] != get_region():
        reason = f"Functions from '{match[2]}' are not reachable in this region ('{get_region()}')"
        return missing(reason)
    derived, qualifier = state()._resolve_name_and_qualifier(text)[1], parameters.get("Qualifier")
    if derived and qualifier and derived != qualifier:
        return refuse("The derived qualifier from the function name does not match the specified qualifier.")
    return None


def is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a missing function, version or alias."""
    function, (_, qualifier) = record(parameters), name_and_qualifier(parameters)
    if function is None:
        return missing(f"Function not found: {arn(parameters)}")
    if not state()._function_qualifier_exists(function, qualifier):
        return missing(f"Function not found: {arn(parameters)}")
    return None


def function_is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a missing function; the version is not checked."""
    if record(parameters) is None:
        return missing(f"Function not found: {arn(parameters, qualified=False)}")
    return None


def qualifier_is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a missing version or alias: AWS has a text for each."""
    _, qualifier = name_and_qualifier(parameters)
    function = record(parameters)
    if qualifier is None or state()._function_qualifier_exists(function, qualifier):
        return None
    return (
        missing(f"Function not found: {arn(parameters)}")
        if qualifier.isdigit() or "$" in qualifier
        else missing(f"Cannot find alias arn: {arn(parameters)}")
    )


# Code and configuration


def name_length(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a name that is too long; an ARN may be longer."""
    name, most = str(parameters.get("FunctionName", "")), limits["lambda.name"]
    if len(name) > most and not name.startswith("arn:"):
        text = invalid(name, "functionName", f"have length less than or equal to {most}").message
        return refuse(text)
    return None


def runtime(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse an unknown runtime, and one that AWS no longer accepts."""
    name = parameters.get("Runtime")
    if name is None:
        return None
    rows, today = limits.facts.runtimes(), datetime.now(UTC).date().isoformat()
    column = "create_blocked" if "Code" in parameters else "update_blocked"
    row = rows.get(str(name))
    if row is None:
        names = [id for id, one in rows.items() if not one.create_blocked or one.create_blocked > today]
        constraint = f"Member must satisfy enum value set: [{', '.join(names)}] or be a valid ARN"
        return refuse(f"Value {name} at 'runtime' failed to satisfy constraint: {constraint}")
    blocked = getattr(row, column)
    if blocked and blocked <= today:
        return refuse(
            f"The runtime parameter of {name} is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions."
        )
    return None


def source(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse missing code, and a package without runtime or handler."""
    code = parameters.get("Code")
    if code is not None and not code:
        return refuse("Please provide a source for function code.")
    image = parameters.get("PackageType") == "Image" or bool((code or {}).get("ImageUri"))
    if code and not image and not (parameters.get("Runtime") and parameters.get("Handler")):
        return refuse(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    return stored_code(limits, code or {})


def stored_code(limits: Limits, code: Parameters) -> Refusal | None:
    """Refuse code in a missing bucket or under a missing key."""
    from ministack.services import s3

    bucket, key = code.get("S3Bucket"), code.get("S3Key")
    if not bucket or not key:
        return None
    bucket_record = s3._buckets.get(bucket)
    problem = None
    if bucket_record is None:
        problem = "NoSuchBucket. S3 Error Message: The specified bucket does not exist"
    elif key not in (bucket_record.get("objects") or {}):
        problem = "NoSuchKey. S3 Error Message: The specified key does not exist."
    return refuse(f"Error occurred while GetObject. S3 Error Code: {problem}") if problem else None


def role(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a role that Lambda may not assume."""
    from ministack.core.responses import get_account_id
    from ministack.services import iam

    match = ARN.fullmatch(str(parameters.get("Role", "")))
    if match is None or match[3] != get_account_id():
        return None
    role_record = iam._roles.get(match[4].rpartition("/")[2])
    trust = role_record.get("AssumeRolePolicyDocument") if role_record else None
    text = trust if isinstance(trust, str) else json.dumps(trust or {})
    if role_record is None or "lambda.amazonaws.com" not in text:
        return refuse("The role defined for the function cannot be assumed by Lambda.")
    return None


def variables(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse variables with names that Lambda reserves."""
    names = (parameters.get("Environment") or {}).get("Variables") or {}
    rule = limits.facts.rule("template", "reserved names")
    reserved = [name for name in names if rule and name in rule.values]
    if not reserved:
        return None
    return refuse(
        "Lambda was unable to configure your environment variables because the environment variables you "
        "have provided contains reserved keys that are currently not supported for modification. Reserved "
        f"keys used in this request: {', '.join(reserved)}"
    )


def layers(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse too many layers, layers of another region, missing ones, and two versions of one layer."""
    from ministack.core.responses import get_account_id, get_region

    layer_arns, firsts = parameters.get("Layers") or [], dict[str, str]()
    if len(layer_arns) > limits["lambda.layers"]:
        return refuse(f"Cannot reference more than {limits['lambda.layers']} layers.")
    for layer in layer_arns:
        match = ARN.fullmatch(str(layer))
        if match is None or match[3] != get_account_id():
            continue
        if match[2] != get_region():
            return refuse(
                "Layers are not in the same region as the function. Layers are expected to be in region "
                f"{get_region()}."
            )
        _, _, name_and_number = match[4].partition(":")
        name, _, number = name_and_number.rpartition(":")
        versions = (state()._layers.get(name) or {}).get("versions", [])
        if not any(str(version.get("Version")) == number for version in versions):
            return refuse(f"Layer version {layer} does not exist.")
        first = firsts.setdefault(name, str(layer))
        if first != layer:
            return refuse(
                "Two different versions of the same layer are not allowed to be referenced in the same "
                f"function. {first} and {layer} are versions of the same layer."
            )
    return None


def tags(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse too many tags."""
    if len(parameters.get("Tags") or {}) > limits["lambda.tags"]:
        return refuse("Number of tags exceeds resource tag limit.")
    return None


def image(limits: Limits, parameters: Parameters) -> Refusal | None:
    """UpdateFunctionCode: refuse code that is not of the function's package type."""
    function = record(parameters)
    if function is None:
        return missing(f"Function not found: {arn(parameters)}")
    kind = function["config"].get("PackageType", "Zip")
    if kind == "Zip" and parameters.get("ImageUri"):
        return refuse("Please don't provide ImageUri when updating a function with packageType Zip.")
    if kind == "Image" and not parameters.get("ImageUri"):
        return refuse("Please provide ImageUri when updating a function with packageType Image.")
    return stored_code(limits, parameters)


# Versions, aliases, concurrency


def not_latest(limits: Limits, parameters: Parameters) -> Refusal | None:
    """DeleteFunction: refuse to delete $LATEST alone."""
    if name_and_qualifier(parameters)[1] == LATEST:
        return refuse("$LATEST version cannot be deleted without deleting the function.")
    return None


def publishable(limits: Limits, parameters: Parameters) -> Refusal | None:
    """PublishVersion: refuse another revision or code digest than the current one."""
    function = record(parameters)
    if function is None:
        return None
    config, revision, digest = (
        function["config"],
        parameters.get("RevisionId"),
        parameters.get("CodeSha256"),
    )
    if revision and revision != config.get("RevisionId"):
        return refuse(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias "
            "API to retrieve the latest Revision Id",
            "PreconditionFailedException",
            412,
        )
    if digest and digest != config.get("CodeSha256"):
        return refuse(
            f"CodeSHA256 ({digest}) is different from current CodeSHA256 in $LATEST "
            f"({config.get('CodeSha256')}). Please try again with the CodeSHA256 in $LATEST."
        )
    return None


def new_alias(limits: Limits, parameters: Parameters) -> Refusal | None:
    """CreateAlias: refuse a missing function, an existing alias and invalid versions."""
    function, name = record(parameters), parameters.get("Name")
    if function is None:
        return missing(f"Function not found: {arn(parameters)}:{parameters.get('FunctionVersion')}")
    if name in function["aliases"]:
        return refuse(f"Alias already exists: {arn(parameters)}:{name}", "ResourceConflictException", 409)
    return alias_routing(limits, parameters)


def known_alias(limits: Limits, parameters: Parameters) -> Refusal | None:
    """GetAlias: refuse a missing alias, with a text of its own."""
    function, name = record(parameters), parameters.get("Name")
    if function is not None and name not in function["aliases"]:
        return missing(f"Cannot find alias arn: {arn(parameters)}:{name}")
    return None


def alias_routing(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse invalid versions and weights of an alias."""
    function, version = record(parameters), parameters.get("FunctionVersion")
    if function is None or (parameters.get("Name") not in function["aliases"] and version is None):
        return None  # neither function nor alias exists: the emulator refuses it
    weights = (parameters.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if len(weights) > 1:
        return refuse("Number of items in AdditionalVersionWeights cannot be greater than 1")
    if weights and version == LATEST:
        return refuse("$LATEST is not supported for an alias pointing to more than 1 version")
    if version in weights:
        return refuse(
            f"Invalid function version {version}. Function version {version} is already included in routing "
            "configuration."
        )
    for number in (version, *weights):
        if number not in (None, LATEST) and number not in function["versions"]:
            return missing(f"Function not found: {arn(parameters)}:{number}")
    return None


def refuse_reserved_concurrency(limits: Limits, parameters: Parameters) -> Refusal | None:
    """PutFunctionConcurrency: refuse fewer units than provisioned, or too few left for other functions."""
    name, qualifier = name_and_qualifier(parameters)
    if qualifier:
        return refuse(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
            "operation. Please specify either a function name or an unqualified function ARN."
        )
    function = record(parameters)
    if function is None:
        return missing(f"Function not found: {arn(parameters)}:{LATEST}")
    units = int(parameters.get("ReservedConcurrentExecutions", 0))
    provisioned = sum(_provisioned_units(function).values())
    if units < provisioned:
        return refuse(
            f" ReservedConcurrentExecutions  {units} should not be lower than function's total provisioned "
            f"concurrency [{provisioned}]."
        )
    if not units:
        return None
    rest = _unreserved_concurrency(limits, name) - units
    return _least_unreserved(limits, "ReservedConcurrentExecutions", rest)


def refuse_provisioned_concurrency(limits: Limits, parameters: Parameters) -> Refusal | None:
    """PutProvisionedConcurrencyConfig: refuse $LATEST, and more units than are free."""
    name, qualifier = name_and_qualifier(parameters)
    if qualifier == LATEST:
        return refuse("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    function = record(parameters)
    if function is None:
        return missing(f"Function not found: {arn(parameters)}")
    if refusal := qualifier_is_there(limits, parameters):
        return refusal
    if (function["config"].get("SnapStart") or {}).get("ApplyOn") == "PublishedVersions":
        return refuse("Provisioned Concurrency Configs cannot be applied to a function with SnapStart.")
    requested = int(parameters.get("ProvisionedConcurrentExecutions", 0))
    others = sum(units for key, units in _provisioned_units(function).items() if key != qualifier)
    own = function.get("concurrency")
    if own is not None:
        if requested + others > own:
            return refuse(
                "Requested Provisioned Concurrency should not be greater than the "
                "reservedConcurrentExecution for function"
            )
        return None
    free = _unreserved_concurrency(limits, name) - others
    if requested > free:
        return refuse(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
            f"[{free:.0f}]."
        )
    return _least_unreserved(limits, "ConcurrentExecutions", free - requested)


def provisioned_is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """GetProvisionedConcurrencyConfig: refuse a version or alias without one."""
    _, qualifier = name_and_qualifier(parameters)
    if qualifier == LATEST:
        return refuse("The function resource provided must be an alias or a published version.")
    if refusal := qualifier_is_there(limits, parameters):
        return refusal
    function = record(parameters)
    if function is not None and qualifier not in _provisioned_units(function):
        code = "ProvisionedConcurrencyConfigNotFoundException"
        return refuse("No Provisioned Concurrency Config found for this function", code, 404)
    return None


def _provisioned_units(function: Mapping[str, Any]) -> dict[str, int]:
    configs = function.get("provisioned_concurrency") or {}
    return {key: int(one["RequestedProvisionedConcurrentExecutions"]) for key, one in configs.items()}


def _least_unreserved(limits: Limits, setting: str, unreserved: float) -> Refusal | None:
    """Refuse a setting that leaves less unreserved concurrency than the account's minimum."""
    least = limits["lambda.concurrency.unreserved"]
    if unreserved >= least:
        return None
    return refuse(
        f"Specified {setting} for function decreases account's UnreservedConcurrentExecution below its "
        f"minimum value of [{least}]."
    )


def _unreserved_concurrency(limits: Limits, name: str) -> float:
    """The account's concurrency that all other functions leave."""
    others = [one for key, one in state()._functions.items() if key != name]
    other_units = sum(
        one["concurrency"] if one.get("concurrency") is not None else sum(_provisioned_units(one).values())
        for one in others
    )
    return limits["lambda.concurrency"] - other_units


# Asynchronous calls and event sources


def event_config(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse an event configuration without settings or with an invalid destination."""
    settings = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
    if not any(parameters.get(name) is not None for name in settings):
        return refuse("You must specify at least one of error handling or destination setting.")
    function, (name, qualifier) = record(parameters), name_and_qualifier(parameters)
    if not state()._function_qualifier_exists(function, qualifier):
        return missing("The function doesn't exist.")
    config = parameters.get("DestinationConfig") or {}
    for case in ("OnSuccess", "OnFailure"):
        target = (config.get(case) or {}).get("Destination")
        if not target:
            continue
        match = ARN.fullmatch(target)
        if match is None or match[1] not in ("lambda", "sqs", "sns", "events", "s3"):
            return refuse(f"The provided destination config {_java_text(config)} is invalid.")
        if match[1] == "lambda":
            other = match[4].removeprefix("function:").partition(":")[0]
            if other == name:
                return refuse("You can't specify the function as a destination for itself.")
            if other not in state()._functions:
                return refuse(f"The destination ARN {target} is invalid.")
    return None


def _java_text(config: Mapping[str, Any]) -> str:
    """A destination config in the form of Lambda's texts."""
    parts = []
    for case, field in (("OnSuccess", "onSuccess"), ("OnFailure", "onFailure")):
        target = (config.get(case) or {}).get("Destination")
        parts.append(f"{field}={case}(destination={target})" if target else f"{field}=null")
    return f"DestinationConfig({', '.join(parts)})"


def event_config_is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Get- and DeleteFunctionEventInvokeConfig: refuse a missing configuration."""
    function, (name, qualifier) = record(parameters), name_and_qualifier(parameters)
    config = state()._event_invoke_config(function, qualifier) if function else None
    if config:
        return None
    return missing(
        f"The function {state()._func_arn(name)}:{qualifier or LATEST} doesn't have an EventInvokeConfig"
    )


def event_source(limits: Limits, parameters: Parameters) -> Refusal | None:
    """CreateEventSourceMapping: refuse a missing source or function, and settings that conflict."""
    source_arn = parameters.get("EventSourceArn")
    if not source_arn and not parameters.get("SelfManagedEventSource"):
        return refuse("Unrecognized event source.")
    match = ARN.fullmatch(str(source_arn or ""))
    service = match[1] if match else ""
    if service == "sqs" and parameters.get("DestinationConfig"):
        return refuse("Unsupported DestinationConfig parameter for given event source mapping type.")
    if record(parameters) is None:
        return refuse("Function does not exist")
    for event_filter in (parameters.get("FilterCriteria") or {}).get("Filters") or []:
        if not _is_pattern(event_filter.get("Pattern")):
            return refuse("Invalid filter pattern definition.")
    if service in STREAMS and not parameters.get("StartingPosition"):
        return refuse(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )
    if service == "dynamodb" and parameters.get("StartingPosition") == "AT_TIMESTAMP":
        return refuse(f"Unsupported starting position for arn type: {source_arn}")
    return _queue(limits, parameters, match) if match and service == "sqs" else None


def _is_pattern(text: Any) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False


def _queue(limits: Limits, parameters: Parameters, match: re.Match[str]) -> Refusal | None:
    from ministack.services import sqs

    if parameters.get("DestinationConfig"):
        return refuse("Unsupported DestinationConfig parameter for given event source mapping type.")
    size, window = parameters.get("BatchSize"), parameters.get("MaximumBatchingWindowInSeconds")
    if size and int(size) > limits["lambda.esm.batch_size.windowless"] and not int(window or 0):
        return refuse(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than "
            f"{limits['lambda.esm.batch_size.windowless']}"
        )
    url = sqs._queue_url(match[4]) if match[4] else ""
    queue = sqs._queues.get(url)
    if queue is None:
        return refuse(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist."
        )
    _, qualifier = name_and_qualifier(parameters)
    _, config = state()._effective_func_record_for_qualifier(record(parameters), qualifier)
    visible_s = int(queue["attributes"].get("VisibilityTimeout", 30))
    timeout = int((config or {}).get("Timeout", 3))
    if visible_s < timeout:
        return refuse(
            f"Queue visibility timeout: {visible_s} seconds is less than Function timeout: {timeout} seconds"
        )
    return _duplicate_mapping(parameters, str(parameters["EventSourceArn"]))


def _duplicate_mapping(parameters: Parameters, source_arn: str) -> Refusal | None:
    name, _ = name_and_qualifier(parameters)
    for id, one in state()._esms.items():
        if one.get("EventSourceArn") == source_arn and one.get("FunctionName") == name:
            return refuse(
                f'An event source mapping with SQS arn (" {source_arn} ") and function (" {name} ") already '
                f"exists. Please update or delete the existing mapping with UUID {id}",
                "ResourceConflictException",
                409,
            )
    return None


# Permissions, tags, calls


def permission(limits: Limits, parameters: Parameters) -> Refusal | None:
    """AddPermission: refuse $LATEST, a missing version and an invalid principal."""
    if name_and_qualifier(parameters)[1] == LATEST:
        return refuse("We currently do not support adding policies for $LATEST.")
    if record(parameters) is not None and (refusal := qualifier_is_there(limits, parameters)):
        return refusal
    principal = str(parameters.get("Principal", ""))
    is_known = principal == "*" or principal.isdigit() or principal.startswith("arn:")
    if not is_known and not SERVICE_PRINCIPAL.fullmatch(principal):
        return refuse("The provided principal was invalid. Please check the principal and try again.")
    return None


def policy_is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """GetPolicy: refuse a missing policy."""
    function = record(parameters)
    if function is None:
        return missing(NOT_THERE)
    own = function["policy"]["Statement"]
    resource = arn(parameters)
    if not any(one.get("Resource", resource) == resource for one in own):
        return missing(NOT_THERE)
    return None


def permission_is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """RemovePermission: refuse a missing policy or statement."""
    function = record(parameters)
    if function is None:
        return missing(f"No policy found for: {arn(parameters)}")
    if refusal := qualifier_is_there(limits, parameters):
        return refusal
    resource, sid = arn(parameters), parameters.get("StatementId")
    own = [one for one in function["policy"]["Statement"] if one.get("Resource", resource) == resource]
    if not own:
        return missing("No policy is associated with the given resource.")
    if not any(one.get("Sid") == sid for one in own):
        return missing(f"Statement {sid} is not found in resource policy.")
    return None


def tagging(limits: Limits, parameters: Parameters) -> Refusal | None:
    """TagResource, UntagResource, ListTags: refuse a missing or qualified resource, and too many tags."""
    resource = str(parameters.get("Resource", ""))
    match = ARN.fullmatch(resource)
    if parameters.get("Tags") == {}:
        return refuse("An error occurred and the request cannot be processed.")
    if match and match[4].startswith("capacity-provider:"):
        exists = match[4].partition(":")[2] in getattr(state(), "_capacity_providers", ())
        return None if exists else missing(f"Capacity provider not found: {resource}")
    if match and match[4].startswith("event-source-mapping:"):
        exists = match[4].partition(":")[2] in state()._esms
        return None if exists else missing(f"Event source mapping not found: {resource}")
    if match is None or not match[4].startswith("function:"):
        return None
    name, _, qualifier = match[4].removeprefix("function:").partition(":")
    if qualifier:
        return refuse(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    function = state()._functions.get(name)
    if function is None:
        return missing(f"Function not found: {resource}")
    return tags(limits, {"Tags": {**function.get("tags", {}), **(parameters.get("Tags") or {})}})


def url_function(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Create-, Update- and ListFunctionUrlConfigs: refuse a missing function or alias."""
    function, (_, qualifier) = record(parameters), name_and_qualifier(parameters)
    if function is None or (qualifier and not state()._function_qualifier_exists(function, qualifier)):
        return missing("Function does not exist")
    return None


def new_url(limits: Limits, parameters: Parameters) -> Refusal | None:
    """CreateFunctionUrlConfig: refuse a second URL of a function or alias."""
    name, qualifier = name_and_qualifier(parameters)
    if state()._url_config_key(name, qualifier) not in state()._function_urls:
        return None
    return refuse(
        f"Failed to create function url config for [functionArn = {arn(parameters)}]. Error message:  "
        "FunctionUrlConfig exists for this Lambda function",
        "ResourceConflictException",
        409,
    )


def url_is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """GetFunctionUrlConfig and its kind: refuse a missing URL."""
    name, qualifier = name_and_qualifier(parameters)
    if state()._url_config_key(name, qualifier) not in state()._function_urls:
        return missing(NOT_THERE)
    return None


def mapping_is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """GetEventSourceMapping and its kind: refuse a missing mapping."""
    return None if parameters.get("UUID") in state()._esms else missing(NOT_THERE)


def layer_version(limits: Limits, parameters: Parameters) -> Refusal | None:
    """GetLayerVersion: refuse a number below 1."""
    if int(parameters.get("VersionNumber", 1)) < 1:
        return refuse("Layer Version Cannot be less than 1")
    return None


def payload_refusal(body: bytes) -> Refusal | None:
    """Invoke: the refusal of a payload that is not JSON in UTF-8, None if it is."""
    if not body:
        return None
    problem = _payload_problem(body)
    if problem is None:
        return None
    text, line, column = problem
    place = f"[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}"
    text = f"Could not parse request body into json: Could not parse payload into json: {text}"
    return refuse(f"{text}\n at {place}, column: {column}]", "InvalidRequestContentException")


def _payload_problem(body: bytes) -> tuple[str, int, int] | None:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        before = body[: error.start].decode()
        line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
        problem = json_problem(before + "\ufffd") if before.strip() == "" else None
        byte = body[error.start]
        if problem:  # at the start of a value AWS's parser has another text
            return f"Unexpected character ((CTRL-CHAR, code {byte})): {problem[0].partition(': ')[2]}", 1, 1
        return f"Invalid UTF-8 start byte {byte:#x}", line, column
    return json_problem(text)


ANY: tuple[Check, ...] = (other_region,)
CHECKS: Mapping[str, tuple[Check, ...]] = {
    "CreateFunction": (name_length, runtime, source, role, variables, layers, tags),
    "UpdateFunctionConfiguration": (function_is_there, runtime, role, variables, layers),
    "UpdateFunctionCode": (image,),
    "DeleteFunction": (not_latest,),
    "GetFunction": (is_there,),
    "GetFunctionConfiguration": (is_there,),
    "GetFunctionCodeSigningConfig": (function_is_there,),
    "PublishVersion": (publishable,),
    "CreateAlias": (new_alias,),
    "UpdateAlias": (alias_routing,),
    "GetAlias": (known_alias,),
    "PutFunctionConcurrency": (refuse_reserved_concurrency,),
    "PutProvisionedConcurrencyConfig": (refuse_provisioned_concurrency,),
    "GetProvisionedConcurrencyConfig": (provisioned_is_there,),
    "PutFunctionEventInvokeConfig": (event_config,),
    "UpdateFunctionEventInvokeConfig": (event_config,),
    "GetFunctionEventInvokeConfig": (event_config_is_there,),
    "DeleteFunctionEventInvokeConfig": (event_config_is_there,),
    "CreateEventSourceMapping": (event_source,),
    "AddPermission": (permission,),
    "GetPolicy": (policy_is_there,),
    "TagResource": (tagging,),
    "UntagResource": (tagging,),
    "ListTags": (tagging,),
    "CreateFunctionUrlConfig": (url_function, new_url),
    "ListFunctionUrlConfigs": (url_function,),
    "GetFunctionUrlConfig": (url_is_there,),
    "UpdateFunctionUrlConfig": (url_function, url_is_there),
    "DeleteFunctionUrlConfig": (url_is_there,),
    "GetEventSourceMapping": (mapping_is_there,),
    "UpdateEventSourceMapping": (mapping_is_there,),
    "DeleteEventSourceMapping": (mapping_is_there,),
    "RemovePermission": (permission_is_there,),
    "GetLayerVersion": (layer_version,),
    "DeleteProvisionedConcurrencyConfig": (is_there,),
}
