"""The AWS product of each price id, and the marks of regions in usage types.

The products are rows of products.csv. A product is identified by its complete usage type after the region's
mark ("EU-Lambda-GB-Second" in Ireland), never by a part of it: "Lambda-GB-Second" is contained in four
others. Further conditions are in `where`, attributes by name; `family` is the product family, which is not an
attribute. CloudFront sells by the geography of its edges, whose mark a region also has
("EU-DataTransfer-Out-Bytes" in Frankfurt).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.facts.catalogue import Facts

HOME = "us-east-1"
MARKS = {  # AWS's billing codes; Northern Virginia often has none, Ireland is EU in older types
    "af-south-1": ("AFS1",),
    "ap-east-1": ("APE1",),
    "ap-east-2": ("APE2",),
    "ap-northeast-1": ("APN1",),
    "ap-northeast-2": ("APN2",),
    "ap-northeast-3": ("APN3",),
    "ap-south-1": ("APS3",),
    "ap-south-2": ("APS5",),
    "ap-southeast-1": ("APS1",),
    "ap-southeast-2": ("APS2",),
    "ap-southeast-3": ("APS4",),
    "ap-southeast-4": ("APS6",),
    "ap-southeast-5": ("APS7",),
    "ap-southeast-6": ("APS8",),
    "ap-southeast-7": ("APS9",),
    "ca-central-1": ("CAN1",),
    "ca-west-1": ("CAN2",),
    "eu-central-1": ("EUC1",),
    "eu-central-2": ("EUC2",),
    "eu-north-1": ("EUN1",),
    "eu-south-1": ("EUS1",),
    "eu-south-2": ("EUS2",),
    "eu-west-1": ("EU", "EUW1"),
    "eu-west-2": ("EUW2",),
    "eu-west-3": ("EUW3",),
    "il-central-1": ("ILC1",),
    "me-central-1": ("MEC1",),
    "me-south-1": ("MES1",),
    "mx-central-1": ("MXC1",),
    "sa-east-1": ("SAE1",),
    "us-east-1": ("USE1",),
    "us-east-2": ("USE2",),
    "us-gov-east-1": ("UGE1",),
    "us-gov-west-1": ("UGW1",),
    "us-west-1": ("USW1",),
    "us-west-2": ("USW2",),
}
EDGE_SERVICE = "AmazonCloudFront"
EDGES = {  # by start of a region's name: the mark of nearby edges, as in CloudFront's price groups
    "us-gov-": "",
    "us-": "US",
    "mx-": "US",
    "ca-": "CA",
    "sa-": "SA",
    "eu-": "EU",
    "il-": "EU",
    "me-": "ME",
    "af-": "ZA",
    "ap-northeast-1": "JP",
    "ap-northeast-3": "JP",
    "ap-south-": "IN",
    "ap-southeast-2": "AU",
    "ap-southeast-4": "AU",
    "ap-southeast-6": "AU",
    "ap-": "AP",
}


@dataclass(frozen=True)
class Product:
    """One AWS product: any of its `usage` types, and further conditions."""

    service: str
    usage: tuple[str, ...]
    where: Mapping[str, str] = field(default_factory=dict)

    def fits(self, family: str, attributes: Mapping[str, str], region: str) -> bool:
        """Whether AWS's description of a product matches this one in that region."""
        if (attributes.get("regionCode") or region) != region:  # blank for worldwide products
            return False
        if self.usage and attributes.get("usagetype", "") not in self.usage_types_in_region(region):
            return False
        has = {**attributes, "family": family}
        return all(has.get(name) == value for name, value in self.where.items())

    def usage_types_in_region(self, region: str) -> list[str]:
        """Its usage types as written in a region; KMS uses the region's own name as prefix."""
        marks = [f"{mark}-" for mark in (*MARKS[region], region)]
        if self.service == EDGE_SERVICE:
            marks += [f"{mark}-" for mark in _edge_marks(region)]
        if region == HOME:
            marks.append("")
        return [mark + usage for mark in marks for usage in self.usage]


def _edge_marks(region: str) -> list[str]:
    mark = next((mark for start, mark in EDGES.items() if region.startswith(start)), "")
    return [mark] if mark else []


def products_by_price_id(tables: Facts) -> dict[str, Product]:
    """The AWS product of each price id, without those that are not in AWS's list."""
    return {
        row.id: Product(row.service, row.usage, dict(pair.split("=", 1) for pair in row.where))
        for row in tables.products().values()
        if row.service
    }
