"""What services may do for others, as on AWS: by a function's own policy, or by the role that they take on.

The emulator checks permissions only of SDK calls. Here those of API Gateway, Step Functions, event sources
and logs are checked too, so that a template that forgets a permission fails here and not on AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from .hook import checked, hook
from .limits import Limits

GATEWAY = "apigateway.amazonaws.com"
SOURCE_KEY = "aws:sourcearn"
QUEUE_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")

_role: ContextVar[str] = ContextVar("explorer_role", default="")  # that a state machine takes on


def install(limits: Limits) -> None:
    """Check the permissions of services in the emulator that is loaded in this process."""
    from ministack.core import iam_evaluator
    from ministack.services import apigateway, apigateway_v1, lambda_svc, stepfunctions
    from ministack.services.cloudformation import provisioners

    checked(iam_evaluator, "_gather_role_policies", "role_name account_id")
    signature = "doc ctx service named_only direct_only"
    checked(iam_evaluator, "evaluate_resource_policy", signature)
    hook(stepfunctions, "_execute_task", "state_def raw_input execution ctx", _in_the_role)
    hook(stepfunctions, "_call_lambda", "func_ref event", _by_the_role(stepfunctions._ExecutionError))
    logged = "func request_id log_text error duration_ms log_source"
    hook(lambda_svc, "_emit_lambda_logs", logged, _if_it_may_log)
    proxied = "integration api_id stage path method headers body query_params route_key path_params "
    proxied += "authorizer_claims authorizer_scopes authorizer_lambda_context authorizer_iam "
    proxied += "owner_account_id owner_region raw_query_string"
    hook(apigateway, "_invoke_lambda_proxy", proxied, _if_the_function_lets_http)
    proxied = "integration api_id stage_name stage resource request_path method headers body query_params "
    proxied += (
        "path_params owner_account_id owner_region binary_media_types authorizer_context caller_identity"
    )
    hook(apigateway_v1, "_invoke_lambda_proxy_v1", proxied, _if_the_function_lets_rest)
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    checked(provisioners, "_lambda_esm_create", "logical_id props stack_name")
    handlers["create"] = _if_it_may_receive(handlers["create"])


def may(role: str, action: str, resource: str, region: str) -> bool:
    """Whether the policies of the role, named by its ARN, let it do this."""
    from ministack.core import iam_evaluator

    account, name = role.split(":")[4], role.rpartition("/")[2]
    taken_on = f"arn:aws:sts::{account}:assumed-role/{name}/service"
    context = iam_evaluator.EvalContext(taken_on, "AssumedRole", account, action, resource, region)
    policies = iam_evaluator._gather_role_policies(name, account)
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")


def _lets(function: Mapping[str, Any], source: str, qualified: str) -> bool:
    """Whether the policy of the function lets API Gateway call it from this method and path."""
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


def _called(reference: str) -> tuple[Mapping[str, Any] | None, str]:
    """The function that an integration names, and its ARN with the qualifier, if it has one."""
    from ministack.services import apigateway, lambda_svc

    called = apigateway._extract_lambda_ref_from_integration_uri(reference)
    function, config, _ = lambda_svc._get_base_func_record_for_ref(called)
    if not called.startswith("arn:") and config:
        called = config["FunctionArn"]
    return function, called


def _if_the_function_lets_http(original: Callable[..., Any]) -> Callable[..., Any]:
    async def invoke(
        integration: Any, api: str, stage: str, path: str, method: str, *args: Any, **kwargs: Any
    ) -> Any:
        function, called = _called(integration.get("integrationUri", ""))
        route = args[3] if len(args) > 3 else kwargs.get("route_key", "$default")
        where = route.replace(" /", "/").lstrip("/") if " " in route else route
        if function is None or _lets(function, _source(called, api, stage, where), called):
            return await original(integration, api, stage, path, method, *args, **kwargs)
        return 500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}'

    return invoke


def _if_the_function_lets_rest(original: Callable[..., Any]) -> Callable[..., Any]:
    async def invoke(integration: Any, api: str, stage: str, *args: Any, **kwargs: Any) -> Any:
        resource, _, method = args[1:4]
        function, called = _called(integration.get("uri", ""))
        source = _source(called, api, stage, f"{method}{resource['path']}")
        if function is None or _lets(function, source, called):
            return await original(integration, api, stage, *args, **kwargs)
        return 500, {"Content-Type": "application/json"}, b'{"message": "Internal server error"}'

    return invoke


def _source(called: str, api: str, stage: str, where: str) -> str:
    region, account = called.split(":")[3:5]
    return f"arn:aws:execute-api:{region}:{account}:{api}/{stage}/{where}"


# Roles


def _in_the_role(original: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import stepfunctions

    def execute(state: Any, raw_input: Any, execution: Any, context: Any) -> Any:
        machine = stepfunctions._state_machines.get(execution.get("stateMachineArn", ""))
        token = _role.set((machine or {}).get("roleArn", ""))
        try:
            return original(state, raw_input, execution, context)
        finally:
            _role.reset(token)

    return execute


def _by_the_role(failure: type[Exception]) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(reference: str, event: Any) -> Any:
            role, (function, called) = _role.get(), _called(reference)
            if role and function is not None:
                region = called.split(":")[3]
                if not may(role, "lambda:InvokeFunction", called, region):
                    text = f"{role} is not authorized to perform: lambda:InvokeFunction on resource: {called}"
                    raise failure("Lambda.AWSLambdaException", text)
            return original(reference, event)

        return call

    return wrap


def _if_it_may_log(original: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose role may not write its log has none, as on AWS."""

    def emit(function: Any, *args: Any, **kwargs: Any) -> Any:
        config = function.get("config") or function
        logging = config.get("LoggingConfig") or {}
        group = logging.get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
        region, account = config["FunctionArn"].split(":")[3:5]
        stream = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:any"
        if all(may(config["Role"], action, stream, region) for action in LOG_ACTIONS):
            original(function, *args, **kwargs)

    return emit


def _if_it_may_receive(original: Callable[..., Any]) -> Callable[..., Any]:
    """AWS maps no queue to a function that may not read it, or that may outlast the message's absence."""
    from ministack.services import sqs

    def create(logical: str, properties: Mapping[str, Any], stack: str) -> Any:
        queue = properties.get("EventSourceArn", "")
        if ":sqs:" not in queue:
            return original(logical, properties, stack)
        function, _ = _called(properties["FunctionName"])
        if function is not None:
            config, region = function["config"], queue.split(":")[3]
            for action in QUEUE_ACTIONS:
                if not may(config["Role"], action, queue, region):
                    text = f"permissions to call {action.partition(':')[2]} on SQS"
                    raise ValueError(f"The function execution role does not have {text}")
            hidden_s = int(_queue_of(sqs, queue)["attributes"]["VisibilityTimeout"])
            if hidden_s < config["Timeout"]:
                text = f"{hidden_s} seconds is less than Function timeout: {config['Timeout']} seconds"
                raise ValueError(f"Invalid request provided: Queue visibility timeout: {text}")
        return original(logical, properties, stack)

    return create


def _queue_of(sqs: Any, arn: str) -> Any:
    return next(queue for queue in sqs._queues.values() if queue["attributes"].get("QueueArn") == arn)
