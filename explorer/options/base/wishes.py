"""What clients may wish for beside the work, and what it is made of: a web ACL, a domain of one's own."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.facts.units import Number

from .conditions import Conditions
from .mask import Mask
from .usage import UsageLines

OF_A_DISTRIBUTION = ("custom-domain", "waf")  # of client.needs: it gives them to any door
DOMAIN, WEB_ACL = "domain with certificate", "web ACL"  # parts; the certificate itself costs nothing


def web_acl(load: Conditions, exchanges: Sequence[Number], where: Mask) -> UsageLines:
    """The lines for a web ACL and the requests that it reads.

    Parameters
    ----------
    exchanges : requests that it reads for one of the clients', on average: terms with one driver each
    where : on which paths it is here
    """
    yield "waf.web_acl", where * 1.0
    yield "waf.rule", where * load.constant("waf.rules")
    for term in exchanges:
        yield "waf.request", where * (load.clients.requests * term)
