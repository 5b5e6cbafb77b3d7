"""Client needs besides the work, and their parts and lines: a web ACL, a custom domain."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.facts.units import Number

from .conditions import Conditions
from .mask import Mask
from .usage import UsageLines

OF_A_DISTRIBUTION = ("custom-domain", "waf")  # client.needs that a distribution meets for any door
DOMAIN, WEB_ACL = "domain with certificate", "web ACL"  # parts; the certificate itself costs nothing


def web_acl(load: Conditions, exchanges: Sequence[Number], where: Mask) -> UsageLines:
    """The lines for a web ACL and the requests that it inspects.

    Parameters
    ----------
    load
        The workloads, with the facts.
    exchanges
        Mean requests that it inspects per client request: terms with one driver each.
    where
        The paths that have it.
    """
    yield "waf.web_acl", where * 1.0
    yield "waf.rule", where * load.constant("waf.rules")
    for term in exchanges:
        yield "waf.request", where * (load.clients.requests * term)
