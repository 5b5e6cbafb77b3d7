"""The entry of every function with routes: finds the part that answers, and says no in problem+json."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import answer
import log
import status
import submit
import uploads
from clients import code, platform_errors
from problems import Answer, Problem
from request import Request
from settings import serves

Part = Callable[..., Answer]

ROUTES: tuple[tuple[str, str, str, Part], ...] = (  # method, path, the part that it belongs to
    ("POST", r"/jobs", "submit", submit.create),
    ("DELETE", r"/jobs/([^/]+)", "submit", submit.cancel),
    ("GET", r"/jobs/([^/]+)", "status", status.show),
    ("POST", r"/uploads", "uploads", uploads.create),
    ("POST", r"/run", "work", answer.run),
)
AGAIN_S = "2"


def handler(event: dict[str, Any], lambda_context: Any) -> Answer:
    """Answer a request that came through a door."""
    return answer_to(lambda: Request.of(event), lambda_context)


def answer_to(request: Callable[[], Request], lambda_context: Any) -> Answer:
    """Answer a request, whatever comes of it; reading it is a part of that."""
    with log.invocation("front", lambda_context.aws_request_id):
        try:
            answered = _answer(request(), lambda_context)
        except Problem as problem:
            answered = problem.answer()
        except answer.HandlerError as error:
            answered = answer.failed(error)
        except platform_errors() as error:
            log.note(failed=log.where(error), code=code(error))
            answered = Problem(503, "a service behind this one failed", Retry_After=AGAIN_S).answer()
        except Exception as error:
            log.note(failed=log.where(error))
            answered = Problem(500, "something failed here").answer()
        log.note(status=answered["statusCode"])
        return answered


def _answer(request: Request, lambda_context: Any) -> Answer:
    matches = [(method, part, does, match.groups()) for method, path, part, does in ROUTES
               if part in serves() and (match := re.fullmatch(path, request.path))]  # fmt: skip
    if not matches:
        raise Problem(404, "there is nothing at this path")
    if request.owner is None:
        raise Problem(403, "the request is not signed")
    for method, part, does, captures in matches:
        if method == request.method:
            log.note(part=part)
            more = (lambda_context,) if part == "work" else captures
            return does(request, request.owner, *more)
    allowed = ", ".join(sorted(method for method, *_ in matches))
    raise Problem(405, f"this path takes {allowed}", Allow=allowed)
