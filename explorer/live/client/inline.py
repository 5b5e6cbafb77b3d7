"""What fits into a request: what is larger is uploaded first."""

from explorer.facts import catalogue
from explorer.facts.encoding import Codec


def largest_inline() -> int:
    """The largest body [B] that is let through whatever it is made of: in base64, in the larger envelope."""
    envelopes = ("encoding.envelope.request.v1", "encoding.envelope.request.v2")
    around = max(catalogue.constant(id).value for id in envelopes)
    return int(Codec(True, 1.0, around).room(catalogue.limit("lambda.sync.request").value))
