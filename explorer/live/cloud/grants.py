"""What services may do for others, as on AWS: by the function's policy, or by the role that they assume.

The emulator checks permissions of SDK calls only. This module also checks those of API Gateway, Step
Functions, event sources and logs, so that a template without a needed permission fails here and not on AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from .hook import hook, require
from .limits import Limits

GATEWAY = "apigateway.amazonaws.com"
SOURCE_KEY = "aws:sourcearn"
QUEUE_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")

_role: ContextVar[str] = ContextVar("explorer_role", default="")  # that a state machine assumes


def install(limits: Limits) -> None:
    """Check the permissions of services in the emulator that is loaded in this process."""
    from ministack.core import iam_evaluator
    from ministack.services import apigateway, apigateway_v1, lambda_svc, stepfunctions
    from ministack.services.cloudformation import provisioners

    require(iam_evaluator, "_gather_role_policies", "role_name account_id")
    signature = "doc ctx service named_only direct_only"
    require(iam_evaluator, "evaluate_resource_policy", signature)
    hook(stepfunctions, "_execute_task", "state_def raw_input execution ctx", _run_in_role)
    hook(stepfunctions, "_call_lambda", "func_ref event", _check_role_invokes(stepfunctions._ExecutionError))
    log_parameters = "func request_id log_text error duration_ms log_source"
    hook(lambda_svc, "_emit_lambda_logs", log_parameters, _check_log_permission)
    parameters = "integration api_id stage path method headers body query_params route_key path_params "
    parameters += "authorizer_claims authorizer_scopes authorizer_lambda_context authorizer_iam "
    parameters += "owner_account_id owner_region raw_query_string"
    hook(apigateway, "_invoke_lambda_proxy", parameters, _check_http_permission)
    parameters = "integration api_id stage_name stage resource request_path method headers body query_params "
    parameters += (
        "path_params owner_account_id owner_region binary_media_types authorizer_context caller_identity"
    )
    hook(apigateway_v1, "_invoke_lambda_proxy_v1", parameters, _check_rest_permission)
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    require(provisioners, "_lambda_esm_create", "logical_id props stack_name")
    handlers["create"] = _check_queue_permission(handlers["create"])


def role_allows(role: str, action: str, resource: str, region: str) -> bool:
    """Whether the policies of a role allow an action.

    Parameters
    ----------
    role : ARN of the role
    action : IAM action, such as "lambda:InvokeFunction"
    resource : ARN of what the action is applied to
    region : in which the action happens
    """
    from ministack.core import iam_evaluator

    account, name = role.split(":")[4], role.rpartition("/")[2]
    session_arn = f"arn:aws:sts::{account}:assumed-role/{name}/service"
    context = iam_evaluator.EvalContext(session_arn, "AssumedRole", account, action, resource, region)
    policies = iam_evaluator._gather_role_policies(name, account)
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")


def policy_allows(function: Mapping[str, Any], source: str, qualified: str) -> bool:
    """Whether the policy of the function allows API Gateway to call it from this method and path."""
    from ministack.core import iam_evaluator

    region, account = qualified.split(":")[3:5]
    context = iam_evaluator.EvalContext(
        GATEWAY, "Service", account, "lambda:InvokeFunction", qualified, region
    )
    context.service_context[SOURCE_KEY] = source
    context.service_context["aws:sourceaccount"] = account
    policy = function.get("policy")
    return bool(iam_evaluator.evaluate_resource_policy(policy, context, service=GATEWAY).decision == "Allow")


# Doors


def _function_of(reference: str) -> tuple[Mapping[str, Any] | None, str]:
    """The function that an integration refers to, and its ARN, with the qualifier if there is one."""
    from ministack.services import apigateway, lambda_svc

    arn = apigateway._extract_lambda_ref_from_integration_uri(reference)
    function, config, _ = lambda_svc._get_base_func_record_for_ref(arn)
    if not arn.startswith("arn:") and config:
        arn = config["FunctionArn"]
    return function, arn


def _check_http_permission(original: Callable[..., Any]) -> Callable[..., Any]:
    async def invoke(
        integration: Any, api: str, stage: str, path: str, method: str, *args: Any, **kwargs: Any
    ) -> Any:
        function, arn = _function_of(integration.get("integrationUri", ""))
        route = args[3] if len(args) > 3 else kwargs.get("route_key", "$default")
        route_path = route.replace(" /", "/").lstrip("/") if " " in route else route
        if function is None or policy_allows(function, _source_arn(arn, api, stage, route_path), arn):
            return await original(integration, api, stage, path, method, *args, **kwargs)
        return 500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}'

    return invoke


def _check_rest_permission(original: Callable[..., Any]) -> Callable[..., Any]:
    async def invoke(integration: Any, api: str, stage: str, *args: Any, **kwargs: Any) -> Any:
        resource, _, method = args[1:4]
        function, arn = _function_of(integration.get("uri", ""))
        source = _source_arn(arn, api, stage, f"{method}{resource['path']}")
        if function is None or policy_allows(function, source, arn):
            return await original(integration, api, stage, *args, **kwargs)
        return 500, {"Content-Type": "application/json"}, b'{"message": "Internal server error"}'

    return invoke


def _source_arn(arn: str, api: str, stage: str, route_path: str) -> str:
    region, account = arn.split(":")[3:5]
    return f"arn:aws:execute-api:{region}:{account}:{api}/{stage}/{route_path}"


# Roles


def _run_in_role(original: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import stepfunctions

    def execute(state: Any, raw_input: Any, execution: Any, context: Any) -> Any:
        machine = stepfunctions._state_machines.get(execution.get("stateMachineArn", ""))
        token = _role.set((machine or {}).get("roleArn", ""))
        try:
            return original(state, raw_input, execution, context)
        finally:
            _role.reset(token)

    return execute


def _check_role_invokes(failure: type[Exception]) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(reference: str, event: Any) -> Any:
            role, (function, arn) = _role.get(), _function_of(reference)
            if role and function is not None:
                region = arn.split(":")[3]
                if not role_allows(role, "lambda:InvokeFunction", arn, region):
                    text = f"{role} is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
                    raise failure("Lambda.AWSLambdaException", text)
            return original(reference, event)

        return call

    return wrap


def _check_log_permission(original: Callable[..., Any]) -> Callable[..., Any]:
    """Write no log of a function whose role may not write it, as on AWS."""

    def emit(function: Any, *args: Any, **kwargs: Any) -> Any:
        config = function.get("config") or function
        logging = config.get("LoggingConfig") or {}
        group = logging.get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
        region, account = config["FunctionArn"].split(":")[3:5]
        stream = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:any"
        if all(role_allows(config["Role"], action, stream, region) for action in LOG_ACTIONS):
            original(function, *args, **kwargs)

    return emit


def _check_queue_permission(original: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse to map a queue that the role may not read or whose visibility time-out is too short."""
    from ministack.services import sqs

    def create(logical: str, properties: Mapping[str, Any], stack: str) -> Any:
        queue = properties.get("EventSourceArn", "")
        if ":sqs:" not in queue:
            return original(logical, properties, stack)
        function, _ = _function_of(properties["FunctionName"])
        if function is not None:
            config, region = function["config"], queue.split(":")[3]
            for action in QUEUE_ACTIONS:
                if not role_allows(config["Role"], action, queue, region):
                    text = f"permissions to call {action.partition(':')[2]} on SQS"
                    raise ValueError(f"The function execution role does not have {text}")
            visibility_s = int(_queue_of(sqs, queue)["attributes"]["VisibilityTimeout"])
            if visibility_s < config["Timeout"]:
                text = f"{visibility_s} seconds is less than Function timeout: {config['Timeout']} seconds"
                raise ValueError(f"Invalid request provided: Queue visibility timeout: {text}")
        return original(logical, properties, stack)

    return create


def _queue_of(sqs: Any, arn: str) -> Any:
    return next(queue for queue in sqs._queues.values() if queue["attributes"].get("QueueArn") == arn)
