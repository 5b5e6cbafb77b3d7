"""What an answer of the endpoint amounts to: a way in that is not there, a page, a result."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from ...errors import CloudError
from .bodies import is_json
from .exchange import Answer, EndpointError, Pause, Request, Steps

T = TypeVar("T")


def within(steps: Steps[T], timeout_s: float | None, late: CloudError) -> Steps[T]:
    """The same steps, no pause or request of which goes past the time; then `late` is raised."""
    until = None if timeout_s is None else time.monotonic() + timeout_s
    answer: Any = None
    while True:
        try:
            action = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        if until is not None:
            left_s = until - time.monotonic()
            if isinstance(action, Request):
                action = replace(action, patience_s=min(action.patience_s, max(left_s, 1.0)))
            elif left_s <= 0:
                raise late
            else:
                action = Pause(min(action.seconds, left_s))
        answer = yield action


def no_route(answer: Answer) -> bool:
    """Whether the endpoint has nothing under that path; a REST API calls it a missing token."""
    if answer.status in (404, 405):
        return True
    kind = answer.headers.get("x-amzn-errortype", "")
    return answer.status == 403 and kind.startswith("MissingAuthenticationToken")


def not_this_way(answer: Answer) -> bool:
    """Whether there may be another way in: a caller may be let in by one and not by the other."""
    return answer.status == 403 or no_route(answer)


def upload_place(request: Request, answer: Answer) -> tuple[str, dict[str, str], str]:
    """Where to put an upload, with which headers, and the token for it."""
    document = answer.json()
    types = {"upload_url": str, "headers": dict, "upload": str}
    if not isinstance(document, dict) or not all(isinstance(document.get(n), t) for n, t in types.items()):
        raise EndpointError(f"{request.name}: no place for an upload in its answer", answer.status)
    headers = {str(name).lower(): str(value) for name, value in document["headers"].items()}
    return document["upload_url"], headers, document["upload"]


def next_link(answer: Answer) -> str | None:
    """The address of the next page, None on the last."""
    for target, parameters in re.findall(r"<([^<>]*)>([^<]*)", answer.headers.get("link", "")):
        relation = re.search(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", parameters, re.IGNORECASE)
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            return str(target)
    return None


def followed(base: str, url: str, link: str) -> str:
    """Where a link of an answer leads; a path counts from the endpoint, as in its Location.

    Raises EndpointError if it leads elsewhere: what is signed goes to the endpoint alone.
    """
    home = urlsplit(base)
    if link.startswith("/") and not link.startswith(("//", home.path + "/")):
        link = home.path + link
    target = urljoin(url, link)
    parts = urlsplit(target)
    inside = parts.path.startswith(home.path + "/") and "/../" not in parts.path + "/"
    if (parts.scheme, parts.netloc) != (home.scheme, home.netloc) or not inside:
        raise EndpointError(f"{home.hostname}: the next page is said to be on {parts.hostname}")
    return target


def parsed(content_type: str, content: bytes) -> Any:
    """A result as its type says: JSON read, text as text, all else as bytes."""
    if is_json(content_type):
        try:
            return json.loads(content)
        except ValueError:
            raise EndpointError(f"the result is said to be {content_type}, but is no JSON") from None
    if content_type.lower().startswith("text/"):
        charset = re.search(r"charset\s*=\s*\"?([\w.:-]+)", content_type, re.IGNORECASE)
        try:
            return content.decode(charset[1] if charset else "utf-8")
        except (UnicodeDecodeError, LookupError):
            return content
    return content


def joined(request: Request, pages: list[Answer]) -> Any:
    """One result of its pages: pieces of one body put together, or lists of JSON one after another."""
    kind = pages[0].headers.get("content-type", "application/octet-stream")
    whole = b"".join(page.content for page in pages)
    if len(pages) == 1 or not is_json(kind):
        return parsed(kind, whole)
    try:
        return json.loads(whole)
    except ValueError:
        lists = [page.json() for page in pages]
    if not all(isinstance(page, list) for page in lists):
        raise EndpointError(
            f"{request.name}: its {len(lists)} pages are neither lists nor pieces of one JSON"
        )
    return [item for page in lists for item in page]
