"""POST /run: the work done while the caller waits."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import body_check
import configuration
import log
import results
import slices
import submit
from context import BadBody, Context
from problems import Answer, Problem, type_and_detail
from request import Request
from results import Result
from settings import SETTINGS


def run(request: Request, owner: str, lambda_context: Any) -> Answer:
    """Do the work and answer with its result: whole or one page of it."""
    page = _page(request) if SETTINGS.response == "page" else 0
    body = _body(request, owner)
    context = Context(_configured(), slices.remaining(lambda_context))
    with log.timed("slice_s"):
        result = _handler_result(body, context)
    return _paged(result, page, request) if page else _whole(result)


def _body(request: Request, owner: str) -> Any:
    """What the work is given, once its check has let it pass."""
    if "upload" not in request.query:
        body_check.ask(request.json())
        return request.json()  # read anew: a check may have changed what it saw
    _, place = submit.body_of(request, owner)
    assert place is not None
    try:
        body = results.read_body(place)
    except results.Unreadable as error:
        raise Problem(422, str(error)) from None
    body_check.ask(body)
    return body


def _configured() -> Any:
    try:
        return configuration.entries()
    except configuration.Missing as error:
        raise Problem(500, str(error)) from None


class HandlerError(Exception):
    """The handler raised; the cause is its own exception."""


def _handler_result(body: Any, context: Context) -> Result:
    try:
        return Result.of(slices.handler()(body, context))
    except BadBody as error:
        raise Problem(422, type_and_detail(error)[1]) from None
    except (Exception, SystemExit) as error:
        raise HandlerError from error


def failed(error: HandlerError) -> Answer:
    """The answer when the handler raised."""
    kind, detail = type_and_detail(error.__cause__ or error)
    log.note(failed=kind)
    return Problem(500, detail).answer(title=kind)


def _whole(result: Result, **headers: str) -> Answer:
    """The shortest form that an answer can have: what is around the body counts too.

    It is compressed, if so, whatever the caller accepts: as it is, it might not fit.
    """
    encoded = results.compressed(result)
    text, encoding = encoded.is_text, {"Content-Encoding": encoded.encoding} if encoded.encoding else {}
    return {
        "statusCode": 200,
        "headers": {"Content-Type": encoded.content_type, **encoding, **headers},
        "body": encoded.content.decode() if text else base64.b64encode(encoded.content).decode(),
        "isBase64Encoded": not text,
    }


def _page(request: Request) -> int:
    page = request.query.get("page", "1")
    if not (page.isascii() and page.isdigit() and len(page) <= 9 and int(page) >= 1):
        raise Problem(400, "page is not a whole number from 1")
    return int(page)


def _paged(result: Result, page: int, request: Request) -> Answer:
    """One page, and where the next one is: a reference that holds below whatever path the door has."""
    pages = max(1, -(-len(result.content) // SETTINGS.page_bytes))
    if page > pages:
        raise Problem(404, f"page is {page}: there are {pages}")
    first, last = (_edge(result, number * SETTINGS.page_bytes) for number in (page - 1, page))
    following = urlencode({**request.query, "page": page + 1})
    link = {"Link": f'<?{following}>; rel="next"'} if page < pages else {}
    return _whole(replace(result, content=result.content[first:last]), **link)


def _edge(result: Result, at: int) -> int:
    """Where a page begins: in text, not within a character."""
    while result.is_text and 0 < at < len(result.content) and result.content[at] & 0xC0 == 0x80:
        at -= 1
    return at
