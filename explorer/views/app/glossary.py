"""The terms of the screen, each explained in one sentence."""

from __future__ import annotations

WORDS = {
    "edge": "What stands in front of the door, nearer to the caller: a CDN that can cache, or nothing.",
    "door": "The AWS service that takes a request: a function URL, an API Gateway, a load balancer.",
    "request": "How the body of a request reaches the work: inside the request, or by way of S3.",
    "response": "How the result comes back: at once, streamed, page by page, or stored and fetched later.",
    "compression": "Whether the result is compressed before it is sent.",
    "execution": "What does the work: a single Lambda invocation, a queue and workers, a container, steps.",
    "initialization": "How an environment is started: when needed, kept ready, or restored from a snapshot.",
    "configuration": "Where the work finds its settings and secrets when it starts.",
    "part": "A moving part: what whoever is on call must know exists, or a step that a client must take.",
    "design": "One choice for each concern, from the edge to the configuration.",
    "limit": "A figure of AWS's that a request, a function or an account must not exceed.",
    "fits": "Less than one request a month breaks the limit, and the p99 uses less than 80 % of it.",
    "tight": "At least one request a month breaks it, but no more than may fail; or the p99 uses 80 % of it.",
    "raise": "The limit is a quota that AWS raises on request: ask before going live.",
    "breach": "More requests exceed the limit than the promise of success allows: the design is ruled out.",
    "p50": "Half of the requests take at most this; p95 and p99: 95 and 99 of a hundred.",
    "over": "The share of the requests that exceeds a limit.",
    "score": "Money and parts together: each part counts as much a month as one part is worth avoiding.",
    "break-even": "The value of a field at which another design becomes the best.",
    "ring": "Around the dot of the map: along each axis the middle 50, 80 and 98 % of the requests.",
}


def definition(word: str) -> str:
    """The explanation of a term; "" if it has none.

    >>> definition("fits")
    'Less than one request a month breaks the limit, and the p99 uses less than 80 % of it.'
    >>> definition("banana")
    ''
    """
    return WORDS.get(word, "")
