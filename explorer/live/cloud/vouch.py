"""What a run on the local cloud can show, and what only a run on AWS can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import images, refusals_lambda, refusals_services, task_processes
from .refusals import KINDS
from .request_models import SERVICES

VOUCHES_FOR = (
    "the sizes of requests, responses, events, parameters and secrets that AWS refuses, with its codes",
    "requests and resources of a template that AWS refuses, by the SDK's own models and with AWS's texts",
    "definitions of state machines, with the results of ValidateStateMachineDefinition, and the history of "
    "an execution, event by event",
    "answers of doors to malformed results, unsigned calls and signatures for another service or region",
    "WebSocket APIs: who connects, sizes of messages and notices, idle and long connections",
    "integration, function and recursion limits, and the caller's answer when they are exceeded",
    "IAM policies, signatures and signed URLs: who may do what, also services on behalf of others",
    "the template: what it creates, and that its deletion leaves nothing behind",
    "the endpoint's own logic: jobs, retries, leases, idempotency, cancelling",
    "that no job is lost or done twice when workers or tasks die, time out or are throttled",
    "what is provisioned is started, kept and taken first; a SnapStart version is initialised as it is "
    "published, and fails if that fails",
    "containers: tasks as processes, their roles, logs and replacement, the health of targets, and a load "
    "balancer's idle time-out and error pages",
)
ONLY_ON_AWS = (
    "network: everything is on this machine's loopback, without TLS, which counts as TLS in policies",
    "speed: cold starts, durations and latencies are this machine's, and memory does not set the CPU",
    "rates: throttles of API Gateway, Parameter Store and the like, bursts, scaling, account concurrency",
    "waits: a durable function that broke goes on after 1 s, 2 s, 4 s; AWS tells no figures",
    "SnapStart: no snapshot is taken. An environment that AWS restores is initialised again here: a restore "
    "takes as long as a start and is billed whole, no state of the first initialisation is shared, and "
    "credentials are in the environment",
    "provisioned concurrency: how fast AWS allocates it and replaces its environments, and its share of the "
    "account's concurrency",
    "memory: a function may use more than it has; what it uses is not measured exactly",
    "packages: functions run on this machine's Python and see its libraries, whatever the runtime",
    "containers: a task has this machine's processors and memory, not its size's, and starts in less than "
    "Fargate takes; Spot stops none, a service keeps the number of its tasks, an image is the code alone",
    "load balancers: no TLS, domain or web ACL stands in front, security groups hold nothing back, and what "
    "a target has begun that goes is still answered, but it is out of its group at once",
    "streaming: functions in Python answer whole, never in pieces",
    "resource policies that let S3 and the like call a function: they do so without",
    "paths with percent-encodings: they are decoded before a route is chosen, whatever the door",
    "the case of header names behind a REST API: they arrive in lower case",
    "logs: JSON patterns do not filter, platform lines are text, Step Functions and APIs write none",
    "Step Functions: a state in JSONPath assigns no variables, and a history has no events of a worker that "
    "takes an activity, of what a task has submitted and of an expression that fails",
    "expiry: lifecycle rules are kept and not carried out, rows go within a minute, on AWS within days",
    "signed URLs that die with the credentials that signed them",
    "an integration time-out set shorter than the limit, custom domains, X-Ray",
    "WebSocket APIs: a message is checked as a whole, so that frames over 32 KB pass, and pings of the "
    "protocol itself do not count as traffic",
    "the places of a function: LAMBDA_TASK_ROOT is a folder of this machine, nothing answers the runtime API",
    "the bill",
)


def gaps() -> Iterator[str]:
    """Sentences about what AWS may refuse and this cloud accepts, from the tables of its own checks."""
    model_services = {*SERVICES.values(), "apigatewayv2"}
    checks_by_service = {
        "lambda": refusals_lambda.CHECKS,
        **refusals_services.CHECKS,
        "s3": {"PutObject": ()},
    }
    services = ", ".join(sorted(model_services | set(checks_by_service)))
    yield f"requests of services other than {services}: they are taken as the emulator takes them"
    model_only = ", ".join(sorted(model_services - set(checks_by_service)))
    yield f"what a service refuses beyond the SDK's model of it: not for {model_only}"
    for service, checks in sorted(checks_by_service.items()):
        if service != "lambda":
            yield f"{service}: beyond its model no requests are judged but {', '.join(sorted(checks))}"
    not_run = "; ".join([*task_processes.NOT_RUN, task_processes.COMMANDS, images.OTHER_IMAGES])
    yield f"what no process of this machine can be, which a task is refused for: {not_run}"
    kinds = ", ".join(sorted(kind.removeprefix("AWS::") for kind in KINDS))
    yield f"properties of resources of a template other than {kinds}: the emulator alone looks at them"


CANNOT_VOUCH_FOR = (*ONLY_ON_AWS, *gaps())
TIMES = ("network:", "speed:", "rates:")  # beginnings of the lines that concern every measured time


def about_a_run(lines: Sequence[str]) -> list[str]:
    """What a run cannot show, without what concerns single services of the local cloud: that is counted.

    >>> about_a_run([*CANNOT_VOUCH_FOR[:2], "a line of the run itself", "the bill"])[-2:]
    ['a line of the run itself', '1 more about single services of the local cloud: explorer cloud status']
    """
    others = [line for line in lines if line in CANNOT_VOUCH_FOR and not line.startswith(TIMES)]
    more = f"{len(others)} more about single services of the local cloud: explorer cloud status"
    return [*(line for line in lines if line not in others), *([more] if others else [])]
