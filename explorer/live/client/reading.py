"""What an answer of the endpoint means: a missing route, a page, a result."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from ...errors import CloudError
from .bodies import is_json
from .exchange import Answer, EndpointError, Listen, Pause, Request, Steps

T = TypeVar("T")


def with_deadline(steps: Steps[T], timeout_s: float | None, timeout_error: CloudError) -> Steps[T]:
    """The same steps with a time limit [s] for pauses and requests; then `timeout_error` is raised."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    answer: Any = None
    while True:
        try:
            action = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        if deadline is not None:
            remaining_s = deadline - time.monotonic()
            if isinstance(action, Request):
                action = replace(action, timeout_s=min(action.timeout_s, max(remaining_s, 1.0)))
            elif remaining_s <= 0:
                raise timeout_error
            elif isinstance(action, Listen):
                action = replace(action, timeout_s=min(action.timeout_s, remaining_s))
            else:
                action = Pause(min(action.seconds, remaining_s))
        answer = yield action


def no_route(answer: Answer) -> bool:
    """Whether the endpoint has no such path; a REST API reports this as a missing token."""
    if answer.status in (404, 405):
        return True
    kind = answer.headers.get("x-amzn-errortype", "")
    return answer.status == 403 and kind.startswith("MissingAuthenticationToken")


def may_have_other_route(answer: Answer) -> bool:
    """Whether another route may work: a caller can have permission for one and not for the other."""
    return answer.status == 403 or no_route(answer)


def upload_target(request: Request, answer: Answer) -> tuple[str, dict[str, str], str]:
    """The URL of an upload, its headers, and its token. Raises EndpointError if one of them is missing."""
    document = answer.json()
    types = {"upload_url": str, "headers": dict, "upload": str}
    if not isinstance(document, dict) or not all(isinstance(document.get(n), t) for n, t in types.items()):
        raise EndpointError(
            f"{request.name}: its answer contains no upload_url, headers and upload", answer.status
        )
    headers = {str(name).lower(): str(value) for name, value in document["headers"].items()}
    return document["upload_url"], headers, document["upload"]


def next_link(answer: Answer) -> str | None:
    """The URL of the next page, None on the last."""
    for target, parameters in re.findall(r"<([^<>]*)>([^<]*)", answer.headers.get("link", "")):
        relation = re.search(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", parameters, re.IGNORECASE)
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            return str(target)
    return None


def resolve_link(base: str, url: str, link: str) -> str:
    """The URL of a link in an answer; a path is relative to the endpoint, as in its Location.

    Raises EndpointError if it leads elsewhere: only the endpoint may receive a signed request.
    """
    home = urlsplit(base)
    if link.startswith("/") and not link.startswith(("//", home.path + "/")):
        link = home.path + link
    target = urljoin(url, link)
    parts = urlsplit(target)
    inside = parts.path.startswith(home.path + "/") and "/../" not in parts.path + "/"
    if (parts.scheme, parts.netloc) != (home.scheme, home.netloc) or not inside:
        raise EndpointError(f"{home.hostname}: its next page is on {parts.hostname}: expected the endpoint")
    return target


def decode_result(content_type: str, content: bytes) -> Any:
    """A result by its type: JSON decoded, text as str, anything else as bytes."""
    if is_json(content_type):
        try:
            return json.loads(content)
        except ValueError:
            raise EndpointError(f"the result has the type {content_type}, but is not JSON") from None
    if content_type.lower().startswith("text/"):
        charset = re.search(r"charset\s*=\s*\"?([\w.:-]+)", content_type, re.IGNORECASE)
        try:
            return content.decode(charset[1] if charset else "utf-8")
        except (UnicodeDecodeError, LookupError):
            return content
    return content


def join_pages(request: Request, pages: list[Answer]) -> Any:
    """One result from its pages: parts of one body concatenated, or JSON lists appended."""
    kind = pages[0].headers.get("content-type", "application/octet-stream")
    whole = b"".join(page.content for page in pages)
    if len(pages) == 1 or not is_json(kind):
        return decode_result(kind, whole)
    try:
        return json.loads(whole)
    except ValueError:
        lists = [page.json() for page in pages]
    if not all(isinstance(page, list) for page in lists):
        raise EndpointError(
            f"{request.name}: its {len(lists)} pages are neither JSON lists nor parts of one JSON text"
        )
    return [item for page in lists for item in page]
