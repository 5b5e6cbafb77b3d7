"""Answers of AWS to requests that it refuses, to hold the local cloud against them.

`python -m tests.live.cloud.aws_answers` prints AGREES or DIFFERS for each; `test_aws_answers.py` tests all.
RECORDED stands for what LocalStack's public snapshot tests recorded on AWS, MODEL for the SDK's own service
models, DOCS for AWS's documentation and public reports; of these the code is held, and the text where a
source has it. `...` in a message stands for anything.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.local_bench import Bench, zipped

RECORDED, MODEL, DOCS = "recorded", "model", "docs"
REGION, ACCOUNT = "us-east-1", "000000000000"
INVALID, PARAMETER, MISSING = (
    "ValidationException",
    "InvalidParameterValueException",
    "ResourceNotFoundException",
)
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
BREAKS = "1 validation error detected: Value {} failed to satisfy constraint: Member must "
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


@dataclass(frozen=True)
class Answer:
    """What AWS answers to one request."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    status: int
    code: str
    message: str = ""
    source: str = MODEL

    @property
    def name(self) -> str:
        """The request in a line."""
        text = json.dumps(self.parameters, default=repr)
        return f"{self.service}.{self.operation} {text if len(text) <= 110 else text[:107] + '...'}"


def function(status: int, code: str, message: str = "", source: str = RECORDED, **changes: Any) -> Answer:
    """CreateFunction of a good function in which something is changed."""
    good = {
        "FunctionName": "refused",
        "Role": "{role}",
        "Runtime": "python3.13",
        "Handler": "index.handle",
        "Code": {"ZipFile": zipped()},
    }
    parameters = {name: value for name, value in (good | changes).items() if value is not None}
    return Answer("lambda", "create_function", parameters, status, code, message, source)


def on_function(
    operation: str, status: int, code: str, message: str = "", source: str = RECORDED, **parameters: Any
) -> Answer:
    """A request about the function that is there."""
    return Answer("lambda", operation, {"FunctionName": "there", **parameters}, status, code, message, source)


def alias_with_weights(weights: Mapping[str, float], code: str, message: str, version: str = "1") -> Answer:
    """CreateAlias of a version, with weights of further versions."""
    routing = {"AdditionalVersionWeights": weights}
    parameters = {"Name": "a", "FunctionVersion": version, "RoutingConfig": routing}
    return on_function("create_alias", 400, code, message, **parameters)


def machine(definition: Any, message: str = "", source: str = DOCS, **more: Any) -> Answer:
    """CreateStateMachine of a definition that is none."""
    text = definition if isinstance(definition, str) else json.dumps(definition)
    parameters = {"name": "refused", "roleArn": "{role}", "definition": text, **more}
    code = "InvalidDefinition"
    return Answer("stepfunctions", "create_state_machine", parameters, 400, code, message, source)


def states(**definitions: Any) -> dict[str, Any]:
    """A definition of these states that starts with the first."""
    return {"StartAt": next(iter(definitions)), "States": definitions}


# A table: rows that are alike stay apart, each is one answer of AWS.
ANSWERS: tuple[Answer, ...] = (
    # CreateFunction
    function(
        400,
        PARAMETER,
        BREAKS.format(f"'{'a' * 65}' at 'functionName'") + "have length less than or equal to 64",
        FunctionName="a" * 65,
    ),
    function(
        400,
        INVALID,
        BREAKS.format("'invalid:function:name' at 'functionName'")
        + "satisfy regular expression pattern: ...",
        FunctionName="invalid:function:name",
    ),
    function(400, INVALID, source=MODEL, FunctionName="two words"),
    function(
        400,
        PARAMETER,
        "The runtime parameter of python3.7 is no longer supported for creating or updating AWS Lambda "
        "functions. We recommend you use a supported runtime while creating or updating functions.",
        Runtime="python3.7",
    ),
    function(
        400,
        PARAMETER,
        "The runtime parameter of nodejs14.x is no longer supported for creating or updating AWS Lambda "
        "functions. We recommend you use a supported runtime while creating or updating functions.",
        Runtime="nodejs14.x",
    ),
    function(
        400,
        PARAMETER,
        "Value python9.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value "
        "set: ...or be "
        "a valid ARN",
        Runtime="python9.9",
    ),
    function(400, PARAMETER, "Value PYTHON3.9 at 'runtime' failed ...", Runtime="PYTHON3.9"),
    function(
        400,
        PARAMETER,
        "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket "
        "does not exist",
        Code={"S3Bucket": "nobody-has-this-one", "S3Key": "a.zip"},
    ),
    function(
        400,
        PARAMETER,
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does "
        "not exist.",
        Code={"S3Bucket": "{bucket}", "S3Key": "not-there.zip"},
    ),
    function(400, PARAMETER, source=DOCS, Code={}),
    function(
        400,
        PARAMETER,
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
        Code={"ZipFile": b"this is not a zip file"},
    ),
    function(
        400,
        INVALID,
        BREAKS.format("'r1' at 'role'") + "satisfy regular expression pattern: ...",
        Role="r1",
    ),
    function(
        400,
        PARAMETER,
        "The role defined for the function cannot be assumed by Lambda.",
        DOCS,
        Role=f"arn:aws:iam::{ACCOUNT}:role/nobody",
    ),
    function(400, PARAMETER, source=DOCS, Environment={"Variables": {"AWS_REGION": "eu-west-1"}}),
    function(400, INVALID, source=MODEL, Environment={"Variables": {"1A": "x"}}),
    function(400, INVALID, source=MODEL, Environment={"Variables": {"A": "x"}}),
    function(400, INVALID, source=MODEL, Handler="h" * 129),
    function(400, INVALID, source=MODEL, Handler="index handle"),
    function(400, INVALID, source=MODEL, Description="d" * 257),
    function(400, INVALID, source=MODEL, EphemeralStorage={"Size": 511}),
    function(400, INVALID, source=MODEL, EphemeralStorage={"Size": 10241}),
    function(400, INVALID, source=MODEL, MemorySize=127),
    function(400, INVALID, source=MODEL, Timeout=0),
    function(400, INVALID, source=MODEL, Architectures=["riscv"]),
    function(
        400,
        INVALID,
        BREAKS.format("'[X86_64]' at 'architectures'")
        + "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
        "Member must not be null]",
        Architectures=["X86_64"],
    ),
    function(
        400,
        INVALID,
        BREAKS.format("'[x86_64, arm64]' at 'architectures'") + "have length less than or equal to 1",
        Architectures=["x86_64", "arm64"],
    ),
    function(400, INVALID, source=MODEL, PackageType="Jar"),
    function(400, INVALID, source=MODEL, TracingConfig={"Mode": "Sometimes"}),
    function(
        400,
        INVALID,
        BREAKS.format("'invalidOption' at 'snapStart.applyOn'")
        + "satisfy enum value set: [PublishedVersions, None]",
        SnapStart={"ApplyOn": "invalidOption"},
    ),
    function(400, INVALID, source=MODEL, LoggingConfig={"LogFormat": "XML"}),
    function(400, PARAMETER, source=DOCS, Runtime=None),
    function(400, PARAMETER, source=DOCS, Handler=None),
    function(
        400,
        PARAMETER,
        "Layer version " + f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:doesnotexist:1" + " does not exist.",
        Layers=[f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:doesnotexist:1"],
    ),
    function(
        400,
        INVALID,
        BREAKS.format(f"'[arn:aws:lambda:{REGION}:{ACCOUNT}:layer:x]' at 'layers'")
        + "satisfy constraint: ...",
        Layers=[f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:x"],
    ),
    function(
        400,
        PARAMETER,
        "Cannot reference more than 5 layers.",
        Layers=[f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l{number}:1" for number in range(6)],
    ),
    function(
        400,
        PARAMETER,
        "Number of tags exceeds resource tag limit.",
        DOCS,
        Tags={f"key{number}": "x" for number in range(51)},
    ),
    function(409, "ResourceConflictException", "Function already exist: there", FunctionName="there"),
    # Its configuration and code
    on_function("update_function_configuration", 400, INVALID, source=MODEL, Timeout=0),
    on_function("update_function_configuration", 400, INVALID, source=MODEL, Handler="h" * 129),
    on_function(
        "update_function_configuration",
        400,
        PARAMETER,
        "The runtime parameter of python3.6 is no longer supported ...",
        Runtime="python3.6",
    ),
    on_function(
        "update_function_configuration",
        400,
        PARAMETER,
        "The role defined ...",
        DOCS,
        Role=f"arn:aws:iam::{ACCOUNT}:role/nobody",
    ),
    on_function(
        "update_function_code",
        400,
        PARAMETER,
        "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket "
        "does not exist",
        S3Bucket="nobody-has-this-one",
        S3Key="a.zip",
    ),
    on_function(
        "update_function_code",
        400,
        PARAMETER,
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ZipFile=b"no zip",
    ),
    on_function(
        "update_function_code",
        400,
        PARAMETER,
        "Please don't provide ImageUri when updating a function with packageType Zip.",
        ImageUri="000000000000.dkr.ecr.us-east-1.amazonaws.com/a:latest",
    ),
    on_function(
        "publish_version",
        412,
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias "
        "API to "
        "retrieve the latest Revision Id",
        RevisionId="wrong",
    ),
    on_function(
        "publish_version",
        400,
        PARAMETER,
        "CodeSHA256 (wrong) is different from current CodeSHA256 in $LATEST (...). Please try again with the "
        "CodeSHA256 in $LATEST.",
        CodeSha256="wrong",
    ),
    # Deleting, finding
    on_function(
        "delete_function", 404, MISSING, f"Function not found: {FUNCTION}:missing", FunctionName="missing"
    ),
    on_function(
        "get_function", 404, MISSING, f"Function not found: {FUNCTION}:missing", FunctionName="missing"
    ),
    on_function("get_function", 404, MISSING, f"Function not found: {FUNCTION}:there:1221", Qualifier="1221"),
    on_function(
        "get_function",
        400,
        PARAMETER,
        "The derived qualifier from the function name does not match the specified qualifier.",
        FunctionName=f"{FUNCTION}:there:1",
        Qualifier="$LATEST",
    ),
    on_function(
        "get_function",
        404,
        MISSING,
        f"Functions from 'ap-southeast-1' are not reachable in this region ('{REGION}')",
        FunctionName=f"arn:aws:lambda:ap-southeast-1:{ACCOUNT}:function:there",
    ),
    on_function("get_function_url_config", 404, MISSING, "The resource you requested does not exist."),
    on_function(
        "get_function_event_invoke_config",
        404,
        MISSING,
        f"The function {FUNCTION}:there:$LATEST doesn't have an EventInvokeConfig",
    ),
    on_function(
        "list_functions",
        400,
        INVALID,
        "1 validation error detected: Value 'invalid' at 'functionVersion' failed to satisfy "
        "constraint: Member must satisfy enum value set: [ALL]",
        FunctionName=None,
        FunctionVersion="invalid",
    ),
    # Concurrency
    on_function(
        "put_function_concurrency",
        400,
        PARAMETER,
        "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [...].",
        ReservedConcurrentExecutions=100_000,
    ),
    on_function("put_function_concurrency", 400, INVALID, source=MODEL, ReservedConcurrentExecutions=-1),
    on_function(
        "put_function_concurrency",
        404,
        MISSING,
        f"Function not found: {FUNCTION}:missing:$LATEST",
        FunctionName="missing",
        ReservedConcurrentExecutions=1,
    ),
    on_function(
        "put_function_concurrency",
        400,
        PARAMETER,
        "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
        "operation. Please specify either a function name or an unqualified function ARN.",
        FunctionName=f"{FUNCTION}:there:1",
        ReservedConcurrentExecutions=1,
    ),
    on_function(
        "put_provisioned_concurrency_config",
        400,
        INVALID,
        BREAKS.format("'0' at 'provisionedConcurrentExecutions'") + "have value greater than or equal to 1",
        Qualifier="1",
        ProvisionedConcurrentExecutions=0,
    ),
    on_function(
        "put_provisioned_concurrency_config",
        400,
        PARAMETER,
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
        Qualifier="$LATEST",
        ProvisionedConcurrentExecutions=1,
    ),
    on_function(
        "put_provisioned_concurrency_config",
        404,
        MISSING,
        f"Cannot find alias arn: {FUNCTION}:there:doesnotexist",
        Qualifier="doesnotexist",
        ProvisionedConcurrentExecutions=1,
    ),
    on_function(
        "put_provisioned_concurrency_config",
        400,
        PARAMETER,
        "Specified ConcurrentExecutions for function ...",
        Qualifier="1",
        ProvisionedConcurrentExecutions=100_000,
    ),
    on_function(
        "get_provisioned_concurrency_config",
        400,
        PARAMETER,
        "The function resource provided must be an alias or a published version.",
        Qualifier="$LATEST",
    ),
    on_function(
        "get_provisioned_concurrency_config",
        404,
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
        Qualifier="1",
    ),
    # Asynchronous calls
    on_function("put_function_event_invoke_config", 400, INVALID, source=MODEL, MaximumRetryAttempts=3),
    on_function("put_function_event_invoke_config", 400, INVALID, source=MODEL, MaximumEventAgeInSeconds=59),
    on_function(
        "put_function_event_invoke_config", 400, INVALID, source=MODEL, MaximumEventAgeInSeconds=21_601
    ),
    on_function(
        "put_function_event_invoke_config",
        400,
        PARAMETER,
        "You must specify at least one of error handling or destination setting.",
    ),
    on_function(
        "put_function_event_invoke_config",
        404,
        MISSING,
        "The function doesn't exist.",
        FunctionName="missing",
        MaximumRetryAttempts=1,
    ),
    on_function(
        "put_function_event_invoke_config",
        400,
        PARAMETER,
        f"The destination ARN {FUNCTION}:doesnotexist is invalid.",
        DestinationConfig={"OnSuccess": {"Destination": f"{FUNCTION}:doesnotexist"}},
    ),
    on_function(
        "put_function_event_invoke_config",
        400,
        PARAMETER,
        "You can't specify the function as a destination for itself.",
        DestinationConfig={"OnSuccess": {"Destination": f"{FUNCTION}:there"}},
    ),
    on_function(
        "put_function_event_invoke_config",
        400,
        PARAMETER,
        "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination="
        f"arn:aws:iam:{REGION}:{ACCOUNT}:function:there), onFailure=null) is invalid.",
        DestinationConfig={"OnSuccess": {"Destination": f"arn:aws:iam:{REGION}:{ACCOUNT}:function:there"}},
    ),
    on_function(
        "put_function_event_invoke_config",
        400,
        INVALID,
        BREAKS.format(
            f"'arn:aws:_-/!lambda:{REGION}:{ACCOUNT}:function:there' at "
            f"'destinationConfig.onFailure.destination'"
        )
        + "satisfy regular expression pattern: ...",
        DestinationConfig={
            "OnFailure": {"Destination": f"arn:aws:_-/!lambda:{REGION}:{ACCOUNT}:function:there"}
        },
    ),
    # Event sources
    on_function(
        "create_event_source_mapping", 400, PARAMETER, source=DOCS, EventSourceArn="{queue}", BatchSize=10_001
    ),
    on_function(
        "create_event_source_mapping",
        400,
        PARAMETER,
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        EventSourceArn="{queue}",
        BatchSize=11,
    ),
    on_function(
        "create_event_source_mapping",
        400,
        PARAMETER,
        "Queue visibility timeout: 5 seconds is less than Function timeout: 10 seconds",
        DOCS,
        EventSourceArn="{short_queue}",
    ),
    on_function(
        "create_event_source_mapping",
        400,
        PARAMETER,
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS "
        "Error Message: The specified queue does not exist.",
        EventSourceArn="{queue_that_is_not}",
    ),
    on_function("create_event_source_mapping", 400, PARAMETER, "Unrecognized event source."),
    on_function(
        "create_event_source_mapping",
        400,
        PARAMETER,
        "Function does not exist",
        FunctionName="missing",
        EventSourceArn="{queue}",
    ),
    on_function(
        "create_event_source_mapping",
        400,
        INVALID,
        source=MODEL,
        EventSourceArn="{queue}",
        ScalingConfig={"MaximumConcurrency": 1},
    ),
    on_function(
        "create_event_source_mapping",
        400,
        PARAMETER,
        "Invalid filter pattern definition.",
        EventSourceArn="{queue}",
        FilterCriteria={"Filters": [{"Pattern": "simple string"}]},
    ),
    on_function(
        "create_event_source_mapping",
        400,
        PARAMETER,
        "Unsupported DestinationConfig parameter for given event source mapping type.",
        EventSourceArn="{queue}",
        DestinationConfig={"OnFailure": {"Destination": "{queue}"}},
    ),
    on_function(
        "create_event_source_mapping",
        400,
        PARAMETER,
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member "
        "must not be null.",
        EventSourceArn=f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s",
    ),
    on_function(
        "create_event_source_mapping",
        400,
        INVALID,
        "1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint: "
        "Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
        EventSourceArn=f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s",
        StartingPosition="invalid",
    ),
    # Aliases and versions
    on_function(
        "create_alias",
        400,
        INVALID,
        BREAKS.format("'2024' at 'name'")
        + "satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        Name="2024",
        FunctionVersion="1",
    ),
    on_function(
        "create_alias",
        404,
        MISSING,
        f"Function not found: {FUNCTION}:there:10",
        Name="a",
        FunctionVersion="10",
    ),
    alias_with_weights(
        {"2": 2.0},
        INVALID,
        "1 validation error detected: Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' failed to "
        "satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal "
        "to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]",
    ),
    alias_with_weights(
        {"$LATEST": 0.5},
        INVALID,
        "1 validation error detected: Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights' "
        "failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than "
        "or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular "
        "expression pattern: [0-9]+, Member must not be null]",
    ),
    alias_with_weights(
        {"1": 0.5, "2": 0.5},
        PARAMETER,
        "Number of items in AdditionalVersionWeights cannot be greater than 1",
    ),
    alias_with_weights(
        {"1": 0.5},
        PARAMETER,
        "Invalid function version 1. Function version 1 is already included in routing configuration.",
    ),
    alias_with_weights(
        {"1": 0.5},
        PARAMETER,
        "$LATEST is not supported for an alias pointing to more than 1 version",
        version="$LATEST",
    ),
    on_function(
        "update_alias", 404, MISSING, f"Alias not found: {FUNCTION}:there:non-existent", Name="non-existent"
    ),
    on_function(
        "get_alias",
        404,
        MISSING,
        f"Cannot find alias arn: {FUNCTION}:there:non-existent",
        Name="non-existent",
    ),
    # Permissions, tags, URLs
    on_function(
        "add_permission",
        400,
        INVALID,
        BREAKS.format("'example.com' at 'statementId'")
        + "satisfy regular expression pattern: ([a-zA-Z0-9-_]+)",
        StatementId="example.com",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    ),
    on_function(
        "add_permission",
        400,
        PARAMETER,
        "We currently do not support adding policies for $LATEST.",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        Qualifier="$LATEST",
    ),
    on_function(
        "add_permission",
        400,
        PARAMETER,
        "The provided principal was invalid. Please check the principal and try again.",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="invalid.nonaws.com",
    ),
    on_function(
        "add_permission",
        404,
        MISSING,
        f"Function not found: {FUNCTION}:there:42",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        Qualifier="42",
    ),
    on_function("get_policy", 404, MISSING, "The resource you requested does not exist."),
    on_function(
        "tag_resource",
        400,
        INVALID,
        BREAKS.format("'arn:aws:something' at 'resource'") + "satisfy regular expression pattern: ...",
        FunctionName=None,
        Resource="arn:aws:something",
        Tags={"a": "b"},
    ),
    on_function(
        "tag_resource",
        400,
        PARAMETER,
        "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        FunctionName=None,
        Resource=f"{FUNCTION}:there:1",
        Tags={"a": "b"},
    ),
    on_function(
        "tag_resource",
        400,
        PARAMETER,
        "Number of tags exceeds resource tag limit.",
        FunctionName=None,
        Resource=f"{FUNCTION}:there",
        Tags={f"key{number}": "x" for number in range(51)},
    ),
    on_function(
        "untag_resource",
        400,
        INVALID,
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member "
        "must not be "
        "null",
        FunctionName=None,
        Resource=f"{FUNCTION}:there",
        TagKeys=[],
    ),
    on_function(
        "create_function_url_config",
        400,
        INVALID,
        BREAKS.format("'$LATEST' at 'qualifier'")
        + r"satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)",
        Qualifier="$LATEST",
        AuthType="NONE",
    ),
    on_function(
        "create_function_url_config",
        400,
        INVALID,
        BREAKS.format("'UNKNOWN' at 'invokeMode'") + "satisfy enum value set: [RESPONSE_STREAM, BUFFERED]",
        AuthType="NONE",
        InvokeMode="UNKNOWN",
    ),
    on_function("create_function_url_config", 400, INVALID, source=MODEL, AuthType="JWT"),
    on_function(
        "put_function_recursion_config",
        400,
        INVALID,
        BREAKS.format("'InvalidValue' at 'recursiveLoop'") + "satisfy enum value set: [Terminate, Allow]",
        RecursiveLoop="InvalidValue",
    ),
    # Invoke
    on_function(
        "invoke",
        400,
        "InvalidRequestContentException",
        "Could not parse request body into json: Could not parse payload into json: ...",
        Payload=b"{not json",
    ),
    on_function(
        "invoke",
        400,
        "InvalidRequestContentException",
        "Could not parse request body into json: Could not parse payload into json: Invalid UTF-8 start byte "
        "0x87...",
        Payload=b'"n\x87r"',
    ),
    on_function(
        "invoke",
        400,
        "InvalidRequestContentException",
        "Could not parse request body into json: ...",
        Payload=b"\x99\xeb,j",
        InvocationType="Event",
    ),
    on_function("invoke", 400, INVALID, source=MODEL, InvocationType="Later"),
    on_function("invoke", 400, INVALID, source=MODEL, LogType="All"),
    on_function("invoke", 404, MISSING, f"Function not found: {FUNCTION}:missing", FunctionName="missing"),
    on_function("invoke", 404, MISSING, f"Function not found: {FUNCTION}:there:nope", Qualifier="nope"),
    # State machines
    machine("{"),
    machine(
        {},
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: "
        "[States, StartAt] at /'",
    ),
    machine(
        {"StartAt": "A"},
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: "
        "[States] at /'",
        RECORDED,
    ),
    machine({"States": PASS["States"]}),
    machine(states(A={"Type": "Pass", "Next": "Nowhere"})),
    machine(states(A={"Type": "Pass"})),
    machine({**PASS, "StartAt": "B"}),
    machine(
        states(ExistingButInvalidState={"Type": "ThisType", "End": True}),
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The field 'Type' should have one "
        "of these "
        "values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at "
        "/States/ExistingButInvalidState/Type'...",
        RECORDED,
    ),
    machine(
        states(
            WaitUntil={"Type": "Wait", "Timestamp": "tomorrow", "End": True},
        ),
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: String does not match RFC3339 "
        "timestamp at "
        "/States/WaitUntil/Timestamp'",
        RECORDED,
    ),
    machine(
        states(
            Publish={
                "Type": "Task",
                "Resource": "arn:aws:states:::sns:publish.waitForTaskToken",
                "Parameters": {"TopicArn": "a", "Message": "b"},
                "End": True,
            }
        ),
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine does not support "
        "'.waitForTaskToken' service integration  at /States/Publish/Resource'",
        RECORDED,
        type="EXPRESS",
    ),
    machine(
        states(
            StartExecution={
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync",
                "Parameters": {"StateMachineArn": "a"},
                "End": True,
            }
        ),
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine does not support "
        "'.sync' service integration at /States/StartExecution/Resource'",
        RECORDED,
        type="EXPRESS",
    ),
    machine(
        states(
            ActivityTask={
                "Type": "Task",
                "Resource": f"arn:aws:states:{REGION}:{ACCOUNT}:activity:a",
                "End": True,
            }
        ),
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine does not support "
        "Activity ARN at /States/ActivityTask/Resource'",
        RECORDED,
        type="EXPRESS",
    ),
    Answer(
        "stepfunctions",
        "create_state_machine",
        {"name": "two words", "roleArn": "{role}", "definition": json.dumps(PASS)},
        400,
        "InvalidName",
        "Invalid Name: 'two words'",
        DOCS,
    ),
    Answer(
        "stepfunctions",
        "create_state_machine",
        {"name": "m", "roleArn": "{role}", "definition": json.dumps(PASS), "type": "FAST"},
        400,
        INVALID,
    ),
    Answer(
        "stepfunctions",
        "create_activity",
        {"name": "activity name"},
        400,
        "InvalidName",
        "Invalid Name: 'activity name'",
        RECORDED,
    ),
    Answer(
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": "{machine}", "input": "not some json"},
        400,
        "InvalidExecutionInput",
        "Invalid State Machine Execution Input: 'Unrecognized token 'not': was expecting (JSON String, "
        "Number, "
        "Array, Object or token 'null', 'true' or 'false')'",
        RECORDED,
    ),
    Answer(
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": "{machine}", "input": "{'not': 'json'}"},
        400,
        "InvalidExecutionInput",
        "Invalid State Machine Execution Input: 'Unexpected character (''' (code 39)): was expecting "
        "double-quote to start field name'",
        RECORDED,
    ),
    Answer(
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": "{machine}", "input": ""},
        400,
        "InvalidExecutionInput",
        "Invalid State Machine Execution Input: 'Invalid execution input.'...",
        RECORDED,
    ),
    Answer(
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:missing"},
        400,
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: 'arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:missing'",
        RECORDED,
    ),
    Answer(
        "stepfunctions",
        "describe_state_machine",
        {"stateMachineArn": "missing"},
        400,
        "InvalidArn",
        "...",
        RECORDED,
    ),
    Answer(
        "stepfunctions",
        "start_sync_execution",
        {"stateMachineArn": "{machine}"},
        400,
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
        RECORDED,
    ),
    Answer(
        "stepfunctions",
        "list_executions",
        {"stateMachineArn": "{machine}", "statusFilter": "succeeded"},
        400,
        INVALID,
        "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy "
        "constraint: Member "
        "must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
        RECORDED,
    ),
    Answer(
        "stepfunctions",
        "list_state_machines",
        {"maxResults": 1001},
        400,
        INVALID,
        BREAKS.format("'1001' at 'maxResults'") + "have value less than or equal to 1000",
        RECORDED,
    ),
    Answer(
        "stepfunctions",
        "update_state_machine",
        {"stateMachineArn": "{machine}"},
        400,
        "MissingRequiredParameter",
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be "
        "specified",
        RECORDED,
    ),
    Answer(
        "stepfunctions",
        "update_state_machine",
        {"stateMachineArn": "{machine}", "definition": "{}"},
        400,
        "InvalidDefinition",
        source=DOCS,
    ),
    # Parameters and secrets
    Answer(
        "ssm", "put_parameter", {"Name": "/a//b", "Value": "x", "Type": "String"}, 400, INVALID, source=DOCS
    ),
    Answer(
        "ssm", "put_parameter", {"Name": "/empty", "Value": "", "Type": "String"}, 400, INVALID, source=DOCS
    ),
    Answer("ssm", "put_parameter", {"Name": "/t", "Value": "x", "Type": "Nope"}, 400, INVALID),
    Answer(
        "ssm",
        "put_parameter",
        {"Name": "/tier", "Value": "x", "Type": "String", "Tier": "Best"},
        400,
        INVALID,
    ),
    Answer(
        "ssm",
        "put_parameter",
        {"Name": "aws-own", "Value": "x", "Type": "String"},
        400,
        "AccessDeniedException",
        "No access to reserved parameter name: aws-own.",
        DOCS,
    ),
    Answer("ssm", "put_parameter", {"Name": "/new", "Value": "x"}, 400, INVALID, source=DOCS),
    Answer("ssm", "put_parameter", {"Name": "/" + "n" * 2048, "Value": "x", "Type": "String"}, 400, INVALID),
    Answer("ssm", "get_parameter", {"Name": "/missing"}, 400, "ParameterNotFound", source=DOCS),
    Answer("ssm", "get_parameters", {"Names": [f"/p{number}" for number in range(11)]}, 400, INVALID),
    Answer("ssm", "get_parameters_by_path", {"Path": "/", "MaxResults": 11}, 400, INVALID),
    Answer(
        "secretsmanager",
        "create_secret",
        {"Name": "Inv Name", "SecretString": "x"},
        400,
        INVALID,
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
        "-/_+=.@!",
        RECORDED,
    ),
    Answer("secretsmanager", "create_secret", {"Name": "n" * 513, "SecretString": "x"}, 400, INVALID),
    Answer(
        "secretsmanager",
        "create_secret",
        {"Name": "there", "SecretString": "x"},
        400,
        "ResourceExistsException",
        "The operation failed because the secret there already exists.",
        RECORDED,
    ),
    Answer(
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "missing"},
        400,
        MISSING,
        "Secrets Manager can't find the specified secret.",
        RECORDED,
    ),
    Answer(
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "there", "VersionStage": "AWSPREVIOUS"},
        400,
        MISSING,
        "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS",
        RECORDED,
    ),
    Answer(
        "secretsmanager",
        "rotate_secret",
        {"SecretId": "there"},
        400,
        "InvalidRequestException",
        "No Lambda rotation function ARN is associated with this secret.",
        RECORDED,
    ),
    # Queues, objects, tables
    Answer(
        "sqs",
        "send_message",
        {"QueueUrl": "{queue_url}", "MessageBody": "x", "DelaySeconds": 901},
        400,
        "InvalidParameterValue",
        "Value 901 for parameter DelaySeconds is invalid. Reason: ...",
        DOCS,
    ),
    Answer(
        "sqs",
        "send_message",
        {"QueueUrl": "{queue_url}", "MessageBody": ""},
        400,
        "MissingParameter",
        "The request must contain the parameter MessageBody.",
        RECORDED,
    ),
    Answer(
        "sqs",
        "receive_message",
        {"QueueUrl": "{queue_url}", "MaxNumberOfMessages": 11},
        400,
        "InvalidParameterValue",
        "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if "
        "provided.",
        RECORDED,
    ),
    Answer(
        "sqs",
        "receive_message",
        {"QueueUrl": "{queue_url}", "WaitTimeSeconds": 21},
        400,
        "InvalidParameterValue",
        "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        RECORDED,
    ),
    Answer(
        "sqs",
        "create_queue",
        {"QueueName": "too-long-visible", "Attributes": {"VisibilityTimeout": "43201"}},
        400,
        "InvalidAttributeValue",
        source=DOCS,
    ),
    Answer(
        "sqs",
        "create_queue",
        {"QueueName": "too-long-delay", "Attributes": {"DelaySeconds": "901"}},
        400,
        "InvalidAttributeValue",
        source=DOCS,
    ),
    Answer("sqs", "create_queue", {"QueueName": "two words"}, 400, "InvalidParameterValue", source=DOCS),
    Answer(
        "sqs",
        "create_queue",
        {"QueueName": "standard", "Attributes": {"ContentBasedDeduplication": "true"}},
        400,
        "InvalidAttributeName",
        "Unknown Attribute ContentBasedDeduplication.",
        RECORDED,
    ),
    Answer(
        "s3",
        "put_object",
        {"Bucket": "{bucket}", "Key": "k" * 1025, "Body": b""},
        400,
        "KeyTooLongError",
        "Your key is too long",
        DOCS,
    ),
    Answer(
        "dynamodb",
        "create_table",
        {
            "TableName": "ab",
            "KeySchema": [{"AttributeName": "i", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "i", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
        400,
        INVALID,
    ),
    Answer(
        "logs",
        "put_retention_policy",
        {"logGroupName": "{log_group}", "retentionInDays": 2},
        400,
        "InvalidParameterException",
        source=DOCS,
    ),
    # API Gateway
    Answer(
        "apigatewayv2",
        "create_integration",
        {
            "ApiId": "{api}",
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": FUNCTION + ":there",
            "PayloadFormatVersion": "2.0",
            "TimeoutInMillis": 30_001,
        },
        400,
        "BadRequestException",
        source=DOCS,
    ),
    Answer(
        "apigatewayv2",
        "create_integration",
        {
            "ApiId": "{api}",
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": FUNCTION + ":there",
            "PayloadFormatVersion": "2.0",
            "TimeoutInMillis": 49,
        },
        400,
        "BadRequestException",
        source=DOCS,
    ),
    Answer(
        "apigatewayv2",
        "create_route",
        {"ApiId": "{api}", "RouteKey": "nowhere"},
        400,
        "BadRequestException",
        source=DOCS,
    ),
    Answer(
        "iam", "create_role", {"RoleName": "r" * 65, "AssumeRolePolicyDocument": "{}"}, 400, "ValidationError"
    ),
    # What is not there, or is there already
    on_function(
        "get_function",
        404,
        MISSING,
        f"Function not found: {FUNCTION}:some-function:$LATEST",
        FunctionName="some-function",
        Qualifier="$LATEST",
    ),
    on_function(
        "get_function_configuration",
        404,
        MISSING,
        f"Function not found: {FUNCTION}:there:1221",
        Qualifier="1221",
    ),
    on_function(
        "get_function_concurrency",
        404,
        MISSING,
        f"Function not found: {FUNCTION}:missing",
        FunctionName="missing",
    ),
    on_function(
        "get_function_event_invoke_config",
        404,
        MISSING,
        f"The function {FUNCTION}:missing:$LATEST doesn't have an EventInvokeConfig",
        FunctionName="missing",
    ),
    on_function(
        "delete_function_event_invoke_config",
        404,
        MISSING,
        f"The function {FUNCTION}:there:$LATEST doesn't have an EventInvokeConfig",
    ),
    on_function("list_function_url_configs", 404, MISSING, "Function does not exist", FunctionName="missing"),
    on_function(
        "create_function_url_config",
        404,
        MISSING,
        "Function does not exist",
        FunctionName="missing",
        AuthType="NONE",
    ),
    on_function(
        "remove_permission",
        404,
        MISSING,
        f"No policy found for: {FUNCTION}:missing",
        FunctionName="missing",
        StatementId="s",
    ),
    on_function(
        "remove_permission", 404, MISSING, "No policy is associated with the given resource.", StatementId="s"
    ),
    on_function(
        "get_provisioned_concurrency_config",
        404,
        MISSING,
        f"Cannot find alias arn: {FUNCTION}:there:noalias",
        Qualifier="noalias",
    ),
    on_function(
        "delete_provisioned_concurrency_config",
        404,
        MISSING,
        f"Function not found: {FUNCTION}:missing:1",
        FunctionName="missing",
        Qualifier="1",
    ),
    on_function(
        "tag_resource",
        400,
        PARAMETER,
        "An error occurred and the request cannot be processed.",
        FunctionName=None,
        Resource=f"{FUNCTION}:there",
        Tags={},
    ),
    on_function(
        "list_tags",
        404,
        MISSING,
        f"Event source mapping not found: arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:"
        "00000000-0000-0000-0000-000000000000",
        FunctionName=None,
        Resource=f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:"
        "00000000-0000-0000-0000-000000000000",
    ),
    on_function(
        "get_layer_version",
        400,
        PARAMETER,
        "Layer Version Cannot be less than 1",
        FunctionName=None,
        LayerName="x",
        VersionNumber=0,
    ),
    on_function(
        "list_layers",
        400,
        INVALID,
        BREAKS.format("'archdoesnotexist' at 'compatibleArchitecture'")
        + "satisfy enum value set: [x86_64, arm64]",
        FunctionName=None,
        CompatibleArchitecture="archdoesnotexist",
    ),
    Answer(
        "stepfunctions",
        "describe_activity",
        {"activityArn": f"arn:aws:states:{REGION}:{ACCOUNT}:activity:missing"},
        400,
        "ActivityDoesNotExist",
        f"Activity Does Not Exist: 'arn:aws:states:{REGION}:{ACCOUNT}:activity:missing'",
        RECORDED,
    ),
    Answer(
        "stepfunctions",
        "create_state_machine",
        {"name": "there", "roleArn": "{role}", "definition": json.dumps(states(B={"Type": "Succeed"}))},
        400,
        "StateMachineAlreadyExists",
        f"State Machine Already Exists: 'arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:there'",
        RECORDED,
    ),
    Answer(
        "sqs",
        "receive_message",
        {"QueueUrl": "{queue_url}", "WaitTimeSeconds": -1},
        400,
        "InvalidParameterValue",
        "Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        RECORDED,
    ),
    Answer(
        "sqs",
        "create_queue",
        {"QueueName": "queue", "Attributes": {"DelaySeconds": "5", "VisibilityTimeout": "60"}},
        400,
        "QueueAlreadyExists",
        "A queue already exists with the same name and a different value for attribute DelaySeconds",
        RECORDED,
    ),
    Answer(
        "sqs",
        "send_message_batch",
        {
            "QueueUrl": "{queue_url}",
            "Entries": [{"Id": str(number), "MessageBody": "x"} for number in range(11)],
        },
        400,
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "Maximum number of entries per request are 10. You have sent 11.",
        RECORDED,
    ),
    Answer(
        "secretsmanager",
        "put_secret_value",
        {"SecretId": "missing", "SecretString": "x"},
        400,
        MISSING,
        "Secrets Manager can't find the specified secret.",
        RECORDED,
    ),
    Answer(
        "s3",
        "create_bucket",
        {"Bucket": "Upper-Case"},
        400,
        "InvalidBucketName",
        "The specified bucket is not valid.",
        RECORDED,
    ),
    # last: where it is not refused, the function is gone
    on_function(
        "delete_function",
        400,
        PARAMETER,
        "$LATEST version cannot be deleted without deleting the function.",
        Qualifier="$LATEST",
    ),
    on_function(
        "delete_function",
        400,
        PARAMETER,
        "The derived qualifier from the function name does not match the specified qualifier.",
        FunctionName=f"{FUNCTION}:there:1",
        Qualifier="2",
    ),
)


class Place:
    """A local cloud with what the requests need: a function, queues, a bucket, a machine, a secret."""

    def __init__(self, bench: Bench) -> None:
        self.session, self.count = bench.session, 0
        self.clients: dict[str, Any] = {}
        bench.function("there")
        self.client("lambda").publish_version(FunctionName="there")
        queues = {
            "queue": {"VisibilityTimeout": "60"},
            "short_queue": {"VisibilityTimeout": "5"},
        }
        sqs = self.client("sqs")
        urls = {
            name: sqs.create_queue(QueueName=name, Attributes=at)["QueueUrl"] for name, at in queues.items()
        }
        self.client("s3").create_bucket(Bucket="refusing")
        self.client("secretsmanager").create_secret(Name="there", SecretString="x")
        self.client("logs").create_log_group(logGroupName="refusing")
        machine_answer = self.client("stepfunctions").create_state_machine(
            name="there", roleArn=bench.role, definition=json.dumps(PASS)
        )
        api = self.client("apigatewayv2").create_api(Name="refusing", ProtocolType="HTTP")["ApiId"]
        self.names = {
            "{role}": bench.role,
            "{bucket}": "refusing",
            "{log_group}": "refusing",
            "{machine}": machine_answer["stateMachineArn"],
            "{api}": api,
            "{queue_url}": urls["queue"],
            **{f"{{{name}}}": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in queues},
            "{queue_that_is_not}": f"arn:aws:sqs:{REGION}:{ACCOUNT}:missing",
        }

    def client(self, service: str) -> Any:
        """A client that sends what it is given."""
        if service not in self.clients:
            config = Config(parameter_validation=False, retries={"max_attempts": 1}, inject_host_prefix=False)
            self.clients[service] = self.session.client(service, config=config)
        return self.clients[service]

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._resolve(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._resolve(inner) for inner in value]
        if value == "refused":  # another name each time: what was taken by mistake is in nobody's way
            return f"refused-{self.count}"
        return self.names.get(value, value) if isinstance(value, str) else value

    def ask(self, answer: Answer) -> tuple[int, str, str]:
        """Status, code and message that this cloud gives."""
        self.count += 1
        parameters = {name: value for name, value in answer.parameters.items() if value is not None}
        try:
            response = getattr(self.client(answer.service), answer.operation)(**self._resolve(parameters))
        except ClientError as error:
            fields = error.response["Error"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return status, fields["Code"], fields.get("Message") or error.response.get("message", "")
        return response["ResponseMetadata"]["HTTPStatusCode"], "", ""


def agrees(answer: Answer, observed: tuple[int, str, str]) -> bool:
    """Whether the status and code are AWS's, and the text where there is one to hold it against."""
    status, code, message = observed
    message = _sorted_sets(message)
    if (status, code) != (answer.status, answer.code):
        return False
    return not answer.message or _pattern(answer.message).fullmatch(message) is not None


def _pattern(message: str) -> re.Pattern[str]:
    """The message with anything for `...`, and the members of a set in any order: SDK's and "
    "service's differ."""
    parts = [re.escape(part) for part in _sorted_sets(message).split("...")]
    return re.compile(".*".join(parts), re.DOTALL)


def _sorted_sets(message: str) -> str:
    return re.sub(r"set: \[([^\]]+)\]", lambda match: f"set: {sorted(match[1].split(', '))}", message)


def main() -> int:
    """Print a line for each answer, and how many agree."""
    import os

    from explorer.live.cloud import supervisor

    name = f"answers-{os.getpid()}"
    try:
        place = Place(Bench(supervisor.start(name)))
        same = 0
        for answer in ANSWERS:
            observed = place.ask(answer)
            good = agrees(answer, observed)
            same += good
            print("AGREES " if good else "DIFFERS", answer.name)
            if not good:
                print(f"        AWS {answer.status} {answer.code} {answer.message}")
                print(f"        here {' '.join(map(str, observed))}")
        print(f"{same} of {len(ANSWERS)} agree")
        return 0 if same == len(ANSWERS) else 1
    finally:
        supervisor.stop(name)


if __name__ == "__main__":
    sys.exit(main())
