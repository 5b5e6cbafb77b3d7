"""The web ACL of a stack: AWS's common rules, its known bad inputs, and a rate limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conditions import Conditions
from .resources import Resource, own_name

WEB_ACL_RESOURCE = "WebAcl"  # its logical id
WINDOW_S = 300  # the default window of a rate-based rule
MANAGED = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")


def web_acl_resource(load: Conditions, scope: str) -> Resource:
    """The web ACL, with the scope REGIONAL or CLOUDFRONT.

    An address is blocked if it sends more requests in five minutes than all callers together at the peak.
    """
    rules = [_managed_rule(name, priority) for priority, name in enumerate(MANAGED)]
    least, most = load.constant("waf.rate.least"), load.constant("waf.rate.most")
    rate = int(min(max(WINDOW_S * float(load.peak_rps), least), most))
    limit = {"RateBasedStatement": {"AggregateKeyType": "IP", "Limit": rate}}
    rules.append({**_rule("Rate", len(rules)), "Action": {"Block": {}}, "Statement": limit})
    properties = {
        "Name": own_name("web-acl"),
        "Scope": scope,
        "DefaultAction": {"Allow": {}},
        "VisibilityConfig": _metrics("WebAcl"),
        "Rules": rules,
    }
    return Resource(WEB_ACL_RESOURCE, "AWS::WAFv2::WebACL", properties)


def _managed_rule(name: str, priority: int) -> Mapping[str, Any]:
    group = {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": name}}
    return {**_rule(name, priority), "OverrideAction": {"None": {}}, "Statement": group}


def _rule(name: str, priority: int) -> Mapping[str, Any]:
    return {"Name": name, "Priority": priority, "VisibilityConfig": _metrics(name)}


def _metrics(name: str) -> Mapping[str, Any]:
    return {"CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": True, "MetricName": name}
