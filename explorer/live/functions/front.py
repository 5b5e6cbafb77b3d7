"""Entry of every function with routes: finds the part that answers; refusals are problem+json."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import answer
import log
import sockets
import status
import submit
import uploads
from clients import error_code, platform_errors
from problems import Answer, Problem
from request import ANYONE, Request
from settings import SETTINGS, served_parts

Part = Callable[..., Answer]

ROUTES: tuple[tuple[str, str, str, Part], ...] = (  # method, path, its part, function
    ("POST", r"/jobs", "submit", submit.create),
    ("DELETE", r"/jobs/([^/]+)", "submit", submit.cancel),
    ("GET", r"/jobs/([^/]+)", "status", status.show),
    ("POST", r"/uploads", "uploads", uploads.create),
    ("POST", r"/run", "work", answer.run),
)
RETRY_AFTER_S = "2"


def handler(event: dict[str, Any], lambda_context: Any) -> Answer:
    """Answer a request from a door, or an event of a WebSocket."""
    if sockets.is_event(event):
        return sockets.answer(event, lambda_context.aws_request_id)
    return answer_to(lambda: _request_of(event), lambda_context)


def _request_of(event: dict[str, Any]) -> Request:
    request = Request.of(event)
    return replace(request, owner=ANYONE) if SETTINGS.open_to_all else request


def answer_to(request: Callable[[], Request], lambda_context: Any) -> Answer:
    """Answer a request, including every failure; reading the request may fail too."""
    with log.invocation("front", lambda_context.aws_request_id):
        try:
            response = _answer(request(), lambda_context)
        except Problem as problem:
            response = problem.answer()
        except answer.HandlerError as error:
            response = answer.failure_answer(error)
        except platform_errors() as error:
            log.note(failed=log.where(error), code=error_code(error))
            response = Problem(503, "a service behind this one failed", Retry_After=RETRY_AFTER_S).answer()
        except Exception as error:
            log.note(failed=log.where(error))
            response = Problem(500, "something failed here").answer()
        log.note(status=response["statusCode"])
        return response


def _answer(request: Request, lambda_context: Any) -> Answer:
    matches = [(method, part, respond, match.groups()) for method, path, part, respond in ROUTES
               if part in served_parts() and (match := re.fullmatch(path, request.path))]  # fmt: skip
    if not matches:
        raise Problem(404, "there is nothing at this path")
    if request.owner is None:
        raise Problem(403, "neither a signature nor a token says who calls")
    for method, part, respond, captures in matches:
        if method == request.method:
            log.note(part=part)
            arguments = (lambda_context,) if part == "work" else captures
            return respond(request, request.owner, *arguments)
    allowed = ", ".join(sorted(method for method, *_ in matches))
    raise Problem(405, f"this path takes {allowed}", Allow=allowed)
