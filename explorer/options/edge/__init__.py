"""The service in front of the door."""

from __future__ import annotations

from .cloudfront import CloudFront
from .no_edge import NoEdge

OPTIONS = (NoEdge(), CloudFront())
