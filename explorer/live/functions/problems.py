"""The answer to a refused request: application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

Answer = dict[str, Any]

MOST_CHARACTERS = 1000


class Problem(Exception):
    """A refusal: an HTTP status and one sentence with the reason."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, one_line(detail)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(self, title: str = "") -> Answer:
        """In the form in which a function answers an API."""
        body = {
            "type": "about:blank",
            "title": title or HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store", **self.headers}
        return {"statusCode": self.status, "headers": headers, "body": json.dumps(body)}


def one_line(text: Any) -> str:
    """A text from outside that may be stored and shown: one line of limited length, in valid Unicode."""
    line = " ".join(str(text).encode("utf-8", "replace").decode().split())
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 1] + "…"


def type_and_detail(error: BaseException) -> tuple[str, str]:
    """Type and detail of an exception of user code."""
    try:
        return type(error).__name__, one_line(error)
    except Exception:  # its text fails
        return type(error).__name__, ""


def no_such_job() -> Problem:
    """The same answer for another caller's job, an expired one and an unknown id."""
    return Problem(404, "there is no such job")


def json_answer(status: int, body: Any, **headers: str) -> Answer:
    """An answer in JSON that is not to be cached."""
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    all_headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **extra}
    return {"statusCode": status, "headers": all_headers, "body": json.dumps(body)}
