"""POST /run: do the work while the caller waits."""

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
    """Do the work and answer with its result, whole or one page of it."""
    page = _page_number(request) if SETTINGS.response == "page" else 0
    body = _checked_body(request, owner)
    context = Context(_read_configuration(), slices.remaining_time(lambda_context))
    with log.timer("slice_s"):
        result = _handler_result(body, context)
    return _page_answer(result, page, request) if page else _whole_answer(result)


def _checked_body(request: Request, owner: str) -> Any:
    """The body for the work, after its check."""
    if "upload" not in request.query:
        body_check.check_body(request.json())
        return request.json()  # parsed again: a check may have changed it
    _, place = submit.body_of(request, owner)
    assert place is not None
    try:
        body = results.read_body(place)
    except results.Unreadable as error:
        raise Problem(422, str(error)) from None
    body_check.check_body(body)
    return body


def _read_configuration() -> Any:
    try:
        return configuration.entries()
    except configuration.Missing as error:
        raise Problem(500, str(error)) from None


class HandlerError(Exception):
    """The handler raised; the cause is its exception."""


def _handler_result(body: Any, context: Context) -> Result:
    try:
        return Result.of(slices.work_function()(body, context))
    except BadBody as error:
        raise Problem(422, type_and_detail(error)[1]) from None
    except (Exception, SystemExit) as error:
        raise HandlerError from error


def failure_answer(error: HandlerError) -> Answer:
    """The answer if the handler raised."""
    kind, detail = type_and_detail(error.__cause__ or error)
    log.note(failed=kind)
    return Problem(500, detail).answer(title=kind)


def _whole_answer(result: Result, **headers: str) -> Answer:
    """The answer in its shortest form, since a limit counts the whole response.

    A compressed result is sent to every caller: uncompressed, it might not fit.
    """
    compressed = results.compress(result)
    text, encoding = (
        compressed.is_text,
        {"Content-Encoding": compressed.encoding} if compressed.encoding else {},
    )
    return {
        "statusCode": 200,
        "headers": {"Content-Type": compressed.content_type, **encoding, **headers},
        "body": compressed.content.decode() if text else base64.b64encode(compressed.content).decode(),
        "isBase64Encoded": not text,
    }


def _page_number(request: Request) -> int:
    page = request.query.get("page", "1")
    if not (page.isascii() and page.isdigit() and len(page) <= 9 and int(page) >= 1):
        raise Problem(400, "page is not a whole number from 1")
    return int(page)


def _page_answer(result: Result, page: int, request: Request) -> Answer:
    """One page with a link to the next; the link is relative, so that it holds for every path of the door."""
    pages = max(1, -(-len(result.content) // SETTINGS.page_bytes))
    if page > pages:
        raise Problem(404, f"page is {page}: there are {pages}")
    first, last = (_page_start(result, number * SETTINGS.page_bytes) for number in (page - 1, page))
    next_query = urlencode({**request.query, "page": page + 1})
    link = {"Link": f'<?{next_query}>; rel="next"'} if page < pages else {}
    return _whole_answer(replace(result, content=result.content[first:last]), **link)


def _page_start(result: Result, position: int) -> int:
    """The start of a page [B]: in text, never inside a character."""
    while result.is_text and 0 < position < len(result.content) and result.content[position] & 0xC0 == 0x80:
        position -= 1
    return position
