"""A load balancer in front of tasks as on AWS: whom it asks, how long it waits, its pages for what fails."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from typing import Any

from . import target_health
from .hook import checked, hook
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
BY_HOP = {
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
}
Reply = tuple[int, dict[str, Any], Any]

_turn = itertools.count()


def install(limits: Limits) -> None:
    """Make the load balancers of the emulator in this process behave as on AWS."""
    from ministack.services import alb

    target_health.install(limits)
    forwarded = "tg_arn method path headers body query_params raw_query_string raw_path"
    hook(alb, "_forward_to_tg", forwarded, _to_targets(limits))
    checked(alb, "_with_alb_server", "response listener_arn")
    checked(alb, "_lb_attr", "lb_arn key default")
    called = "function_ref tg_arn method path headers body query_params raw_query_string"
    hook(alb, "_invoke_lambda_target", called, _within_the_limits(limits))


def page(status: int) -> Reply:
    """The page of a load balancer for what fails."""
    title = f"{status} {PAGES[status]}"
    lines = [f"<html>\r\n<head><title>{title}</title></head>", "<body>", f"<center><h1>{title}</h1></center>"]
    body = "\r\n".join([*lines, "</body>", "</html>", ""])
    return status, {"Content-Type": "text/html", "Server": "awselb/2.0"}, body.encode()


def _to_targets(limits: Limits) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
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
            targets = target_health.in_use(tg_arn, alb._targets.get(tg_arn, []), group["Port"])
            if not targets:
                return page(503)
            place = (raw_path or path) + (f"?{raw_query_string}" if raw_query_string else "")
            target = targets[next(_turn) % len(targets)]
            return await _ask(target, method, place, headers, body, _idle_s(group, limits))

        return forward

    return wrap


def _idle_s(group: Mapping[str, Any], limits: Limits) -> float:
    """The patience of the load balancer for a byte [s]; a test may have it shorter."""
    from ministack.services import alb

    usual = limits["alb.idle.timeout"]
    if "alb.idle.timeout" in limits.overrides:
        return float(usual)
    balancers = group.get("LoadBalancerArns") or [""]
    return float(alb._lb_attr(balancers[0], IDLE, str(usual)))


async def _ask(
    target: tuple[str, int], method: str, path: str, headers: Mapping[str, str], body: bytes, idle_s: float
) -> Reply:
    """Pass a request on, and the answer back as it comes."""
    passed = [(name, value) for name, value in headers.items() if name.lower() not in BY_HOP]
    passed.append(("connection", "close"))
    try:
        answer = await exchange(*target, method.upper(), path, passed, body or b"", idle_s)
    except ExchangeError as error:
        return page(504 if error.timed_out else 502)
    own: dict[str, Any] = {}
    for name, value in answer.headers:
        if name.lower() not in BY_HOP - {"content-length"}:
            own.setdefault(name.lower(), []).append(value)
    own = {name: values[0] if len(values) == 1 else values for name, values in own.items()}
    return answer.status, {**own, "date": formatdate(usegmt=True)}, _streamed(answer)


def _streamed(answer: Answer) -> Any:
    from ministack.core.responses import StreamingResponse

    async def run(send: Callable[[Any], Awaitable[None]], receive: Callable[[], Awaitable[Any]]) -> None:
        try:
            async for part in answer.body():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (ExchangeError, OSError, asyncio.CancelledError):
            return  # what is cut short has no end: so the caller sees that it is
        finally:
            answer.close()

    return StreamingResponse(run)


def _within_the_limits(limits: Limits) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A function behind a load balancer is sent 1 MB at most, and may answer as much in JSON."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        async def invoke(function: str, group: str, method: str, path: str, headers: Any, body: bytes,
                         *args: Any, **kwargs: Any) -> Reply:  # fmt: skip
            if len(body or b"") > limits["alb.lambda.request"]:
                return page(413)
            answer: Reply = await original(function, group, method, path, headers, body, *args, **kwargs)
            whole = json.dumps([answer[0], dict(answer[1])]).encode() + bytes(answer[2] or b"")
            return page(502) if len(whole) > limits["alb.lambda.response"] else answer

        return invoke

    return wrap
