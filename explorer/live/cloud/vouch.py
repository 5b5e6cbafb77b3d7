"""What a run on the local cloud shows, and what only AWS itself can show."""

from __future__ import annotations

VOUCHES_FOR = (
    "the sizes of requests, responses, events, parameters and secrets that AWS refuses, with its codes",
    "integration, function and recursion limits, and what the caller sees when they break",
    "IAM policies, signatures and signed URLs: who may do what, services for others included",
    "the template: what it makes, and that it goes again without a rest",
    "the endpoint's own logic: jobs, retries, leases, idempotency, cancelling",
    "that no job is lost or done twice when workers die, time out or are throttled",
)
CANNOT_VOUCH_FOR = (
    "network: everything is on this machine's loopback, without TLS, which counts as TLS in policies",
    "speed: cold starts, durations and latencies are this machine's, and memory does not set the CPU",
    "rates: throttles of API Gateway, Parameter Store and the like, bursts, scaling, account concurrency",
    "waits: a durable function that broke goes on after 1 s, 2 s, 4 s; AWS tells no figures",
    "memory: a function may use more than it has; what it uses is not measured exactly",
    "packages: functions run on this machine's Python and see its libraries, whatever the runtime",
    "streaming: functions in Python answer whole, never in pieces",
    "resource policies that let S3 and the like call a function: they do so without",
    "paths with percent-encodings: they are decoded before a route is chosen, whatever the door",
    "the case of header names behind a REST API: they arrive in lower case",
    "logs: JSON patterns do not filter, platform lines are text, Step Functions and APIs write none",
    "expiry: lifecycle rules are kept and not carried out, rows go within a minute, on AWS within days",
    "signed URLs that die with the credentials that signed them",
    "an integration time-out set shorter than the limit, WebSocket APIs, custom domains, X-Ray",
    "the bill",
)
