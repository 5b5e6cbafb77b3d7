"""Load balancers in front of tasks, as on AWS: choice of a target, idle time-out, pages for errors."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from typing import Any

from . import target_health
from .hook import hook, require
from .limits import Limits
from .target_exchange import Answer, ExchangeError, exchange

IDLE = "idle_timeout.timeout_seconds"
PAGES = {
    400: "Bad Request",
    413: "Request Entity Too Large",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}
HOP_BY_HOP = {
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
}
Reply = tuple[int, dict[str, Any], Any]

_round_robin = itertools.count()


def install(limits: Limits) -> None:
    """Make the load balancers of the emulator in this process behave as on AWS."""
    from ministack.services import alb

    target_health.install(limits)
    forward_parameters = "tg_arn method path headers body query_params raw_query_string raw_path"
    hook(alb, "_forward_to_tg", forward_parameters, _forward_to_targets(limits))
    require(alb, "_with_alb_server", "response listener_arn")
    require(alb, "_lb_attr", "lb_arn key default")
    lambda_parameters = "function_ref tg_arn method path headers body query_params raw_query_string"
    hook(alb, "_invoke_lambda_target", lambda_parameters, _limit_lambda_target(limits))


def page(status: int) -> Reply:
    """The page with which a load balancer answers an error."""
    title = f"{status} {PAGES[status]}"
    lines = [f"<html>\r\n<head><title>{title}</title></head>", "<body>", f"<center><h1>{title}</h1></center>"]
    body = "\r\n".join([*lines, "</body>", "</html>", ""])
    return status, {"Content-Type": "text/html", "Server": "awselb/2.0"}, body.encode()


def _forward_to_targets(limits: Limits) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    from ministack.services import alb

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        async def forward(
            tg_arn: str,
            method: str,
            path: str,
            headers: Mapping[str, str],
            body: bytes,
            query_params: Any,
            raw_query_string: str | None = None,
            raw_path: str | None = None,
        ) -> Reply:
            group = alb._tgs.get(tg_arn)
            if group is None or group.get("TargetType") == "lambda":
                answer: Reply = await original(
                    tg_arn, method, path, headers, body, query_params, raw_query_string, raw_path
                )
                return answer
            targets = target_health.usable_targets(tg_arn, alb._targets.get(tg_arn, []), group["Port"])
            if not targets:
                return page(503)
            target_path = (raw_path or path) + (f"?{raw_query_string}" if raw_query_string else "")
            target = targets[next(_round_robin) % len(targets)]
            return await _ask_target(target, method, target_path, headers, body, _idle_s(group, limits))

        return forward

    return wrap


def _idle_s(group: Mapping[str, Any], limits: Limits) -> float:
    """The load balancer's idle time-out [s]; an override of the limit, for tests, takes precedence."""
    from ministack.services import alb

    default_s = limits["alb.idle.timeout"]
    if "alb.idle.timeout" in limits.overrides:
        return float(default_s)
    balancers = group.get("LoadBalancerArns") or [""]
    return float(alb._lb_attr(balancers[0], IDLE, str(default_s)))


async def _ask_target(
    target: tuple[str, int], method: str, path: str, headers: Mapping[str, str], body: bytes, idle_s: float
) -> Reply:
    """Forward a request to a target and stream its answer; a page for an error or a time-out."""
    sent_headers = [(name, value) for name, value in headers.items() if name.lower() not in HOP_BY_HOP]
    sent_headers.append(("connection", "close"))
    try:
        answer = await exchange(*target, method.upper(), path, sent_headers, body or b"", idle_s)
    except ExchangeError as error:
        return page(504 if error.timed_out else 502)
    reply_headers: dict[str, Any] = {}
    for name, value in answer.headers:
        if name.lower() not in HOP_BY_HOP - {"content-length"}:
            reply_headers.setdefault(name.lower(), []).append(value)
    reply_headers = {
        name: values[0] if len(values) == 1 else values for name, values in reply_headers.items()
    }
    return answer.status, {**reply_headers, "date": formatdate(usegmt=True)}, _stream_answer(answer)


def _stream_answer(answer: Answer) -> Any:
    from ministack.core.responses import StreamingResponse

    async def run(send: Callable[[Any], Awaitable[None]], receive: Callable[[], Awaitable[Any]]) -> None:
        try:
            async for part in answer.body():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (ExchangeError, OSError, asyncio.CancelledError):
            return  # without an end, so that the caller sees that the answer is incomplete
        finally:
            answer.close()

    return StreamingResponse(run)


def _limit_lambda_target(limits: Limits) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Limit the request to a function behind a load balancer, and its answer in JSON: 1 MB each."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        async def invoke(function: str, group: str, method: str, path: str, headers: Any, body: bytes,
                         *args: Any, **kwargs: Any) -> Reply:  # fmt: skip
            if len(body or b"") > limits["alb.lambda.request"]:
                return page(413)
            answer: Reply = await original(function, group, method, path, headers, body, *args, **kwargs)
            encoded = json.dumps([answer[0], dict(answer[1])]).encode() + bytes(answer[2] or b"")
            return page(502) if len(encoded) > limits["alb.lambda.response"] else answer

        return invoke

    return wrap
