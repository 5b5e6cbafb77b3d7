"""`explorer limits --refresh`: the SDK's service models, and Service Quotas for limits with a quota code.

A row of the table holds AWS's default. The quotas of the account are reported, not stored.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from explorer.errors import CloudError
from explorer.facts import catalogue
from explorer.facts.catalogue import Facts
from explorer.facts.csv_table import first_day
from explorer.facts.records import Limit

from . import aws_calls
from .append import append, check_writable, path_of
from .result import RefreshResult, Row, suspicious
from .service_models import (
    ModelComparison,
    ServiceModels,
    compare_limits_with_models,
    count_states,
    moved_row,
)

TABLE = "limits"
SOURCE = (
    "https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListAWSDefaultServiceQuotas.html"
)
SERVICES = {  # service names in Service Quotas by prefix of an id; other ids start with that name
    "apigw.": "apigateway",
    "durable.": "lambda",
    "eb.": "events",
    "lmi.": "lambda",
    "sfn.": "states",
    "sm.": "secretsmanager",
}
SIZES: dict[str, float] = {
    "byte": 1,
    "kilobyte": 1024,
    "megabyte": 1024**2,
    "gigabyte": 1024**3,
    "terabyte": 1024**4,
}
TIMES: dict[str, float] = {"microsecond": 1e-6, "millisecond": 1e-3, "second": 1, "minute": 60, "hour": 3600}
OURS: dict[str, tuple[str, float]] = {  # units of the table with a dimension
    **dict.fromkeys(("bytes", "characters"), ("byte", 1)),
    **dict.fromkeys(("MB",), ("byte", 1024**2)),
    **dict.fromkeys(("GB", "GB unzipped"), ("byte", 1024**3)),
    **dict.fromkeys(("seconds", "s"), ("second", 1)),
    **dict.fromkeys(("MB/s", "Mbps"), ("rate", 1)),
}
WORD = re.compile(
    r"(micro|milli)?seconds?\b|(kilo|mega|giga|tera)?bytes?\b|minutes?\b|hours?\b", re.IGNORECASE
)
ACCOUNT = {  # by name in Lambda's account settings: the limit, and the factor to its unit
    "ConcurrentExecutions": ("lambda.concurrency", 1.0),
    "TotalCodeSize": ("lambda.storage", 1 / 1024**3),
    "CodeSizeUnzipped": ("lambda.zip.unzipped", 1.0),
    "CodeSizeZipped": ("lambda.zip.direct", 1.0),
}
Quotas = dict[str, dict[str, float]]  # by limit and region
Watch = Callable[[Sequence[str]], Iterable[str]]


def refresh_limits(
    regions: Sequence[str] = (),
    session: Any = None,
    today: date | None = None,
    *,
    yes: bool = False,
    tables: Facts | None = None,
    watch: Watch = iter,
) -> RefreshResult:
    """Compare the table with service models and AWS's default quotas, and add a row for each change.

    The service models are those of the installed SDK and need no network or credentials. Without these,
    nothing else is compared, and `not_asked` says why.

    A default has changed if none of the regions has the table's value; the new row takes the most frequent
    one. A single region is only reported (`elsewhere`), and changes the table only with `yes`, because
    defaults differ by region. Parameters and errors are those of `refresh_prices`.
    """
    tables, today = tables or catalogue.DEFAULT, today or date.today()
    region_codes = tuple(dict.fromkeys(regions or tables.regions()))
    for region in region_codes:
        tables.check_region(region)
    path = path_of(tables, TABLE)
    check_writable(path)
    result = RefreshResult(TABLE, today, region_codes, str(path))
    coded = {limit.id: limit for limit in tables.limits().values() if limit.quota_code}
    result.beyond = [limit_id for limit_id in tables.limits() if limit_id not in coded]
    rows: list[Row] = []
    try:
        defaults, applied = _service_quotas(coded, tables.limits(), session, watch(region_codes), result)
    except aws_calls.AwsUnreachable as error:
        result.not_asked = str(error)
    else:
        for limit in coded.values():
            rows += _refresh_quota(limit, defaults.get(limit.id, {}), today, yes, result)
        result.yours = _account_quota_rows(tables.limits(), defaults, applied)
    rows += _rows_from_models(tables, {row["id"] for row in rows}, today, yes, result)
    append(tables, TABLE, rows)
    result.added = len(rows)
    return result


def _rows_from_models(
    tables: Facts, refreshed_ids: Collection[str], today: date, yes: bool, result: RefreshResult
) -> list[Row]:
    """The rows to add for limits that moved in the service models, unless Service Quotas refreshed them."""
    try:
        models = ServiceModels()
    except CloudError:  # no SDK is installed
        return []
    comparisons = compare_limits_with_models(tables, models)
    result.models, result.held = models.release, count_states(comparisons)
    result.silent = [row.id for row in comparisons if row.state == "silent"]
    rows: list[Row] = []
    for row in comparisons:
        values = _comparison_row(row)
        if row.state in ("gone", "new", "older"):
            getattr(result, row.state).append(values)
        elif row.state != "moved" or row.id in refreshed_ids:
            continue
        elif first_day(row.as_of) >= today:
            why = f"seen on {row.as_of} with another value: refresh on a later day"
            result.unknown.append({"id": row.id, "region": "", "why": why})
        elif row.value is not None and suspicious(row.value, row.says or 0) and not yes:
            result.suspicious.append(values)
        else:
            result.moved.append({**values, "as_of": today.isoformat()})
            rows.append(moved_row(row, tables.limit(row.id), today, models.release))
    return rows


def _comparison_row(row: ModelComparison) -> Row:
    return {
        "id": row.id,
        "unit": row.unit,
        "old_value": row.value,
        "value": row.says,
        "old_as_of": row.as_of,
        "where": row.where,
        "sentence": row.sentence,
    }


def _service_quotas(
    coded: Mapping[str, Limit],
    limits: Mapping[str, Limit],
    session: Any,
    regions: Iterable[str],
    result: RefreshResult,
) -> tuple[Quotas, Quotas]:
    """AWS's defaults and the account's own values, in the units of the table."""
    defaults, applied = {}, {}  # type: Quotas, Quotas
    for region in regions:
        quotas = aws_calls.aws_client(session, "service-quotas", region)
        for service in sorted({_service(limit_id) for limit_id in coded}):
            ours: dict[str, list[Limit]] = {}
            for limit in coded.values():
                if _service(limit.id) == service:
                    ours.setdefault(limit.quota_code, []).append(limit)
            for action, quotas_by_limit in (
                ("ListAWSDefaultServiceQuotas", defaults),
                ("ListServiceQuotas", applied),
            ):
                for quota in _list_quotas(quotas, action, service):
                    for limit in ours.get(quota["QuotaCode"], []):
                        _note_quota(limit, quota, region, quotas_by_limit, result)
        for limit_id, value in _account_settings(session, region).items():
            if limit_id in limits:
                applied.setdefault(limit_id, {})[region] = value
    return defaults, applied


def _service(limit_id: str) -> str:
    word, dot, _ = limit_id.partition(".")
    return SERVICES.get(word + dot, word)


def _list_quotas(client: Any, action: str, service: str) -> Iterable[dict[str, Any]]:
    operation = {"ListServiceQuotas": "list_service_quotas"}.get(action, "list_aws_default_service_quotas")
    for page in aws_calls.aws_pages(client, "servicequotas", action, operation, ServiceCode=service):
        yield from (quota for quota in page["Quotas"] if "Value" in quota)


def _account_settings(session: Any, region: str) -> dict[str, float]:
    """The limits in Lambda's account settings, by limit."""
    client = aws_calls.aws_client(session, "lambda", region)
    with aws_calls.one_line_aws_errors("lambda", "GetAccountSettings"):
        settings = client.get_account_settings()["AccountLimit"]
    return {ACCOUNT[name][0]: settings[name] * ACCOUNT[name][1] for name in ACCOUNT if name in settings}


def _note_quota(
    limit: Limit, quota: Mapping[str, Any], region: str, quotas: Quotas, result: RefreshResult
) -> None:
    value = quota_in_unit(quota, limit.unit)
    if value is None and quota["Value"] == limit.value:
        value = limit.value
    if value is not None:
        quotas.setdefault(limit.id, {})[region] = value
    elif not any(row["id"] == limit.id for row in result.unknown):
        why = f'AWS says {quota["Value"]:g} "{quota.get("Unit", "")}": not comparable with {limit.unit}'
        result.unknown.append({"id": limit.id, "region": region, "why": why})


def quota_in_unit(quota: Mapping[str, Any], unit: str) -> float | None:
    """The value of a quota in a unit of the table; None if the units are not comparable.

    If AWS states no unit, its name may contain one: "Maximum integration timeout in milliseconds".
    """
    value, theirs = float(quota["Value"]), str(quota.get("Unit") or "None")
    word = WORD.fullmatch(theirs) or (WORD.search(quota.get("QuotaName", "")) if theirs == "None" else None)
    kind, ours = OURS.get(unit, ("count", 1))
    if kind == "count":
        return value if theirs in ("None", "Count") else None
    if word is None:
        return None
    name = word[0].lower().rstrip("s")
    factors = {"byte": SIZES, "second": TIMES}.get(kind, {})
    return round(value * factors[name] / ours, 9) if name in factors else None


def _refresh_quota(
    old: Limit, defaults: Mapping[str, float], today: date, yes: bool, result: RefreshResult
) -> list[Row]:
    """The row to add for one limit, if any; the outcome is recorded in `result`."""
    if not defaults:
        if not any(row["id"] == old.id for row in result.unknown):
            why = f"{old.quota_code} not found in Service Quotas: the row stays"
            result.unlisted.append({"id": old.id, "old_value": old.value, "old_as_of": old.as_of, "why": why})
        return []
    counts = Counter(sorted(defaults.values()))
    new = old.value if old.value in counts else counts.most_common(1)[0][0]
    assert new is not None
    alone = len(defaults) == 1 and not yes
    stands = old.value if alone else new
    result.elsewhere += [
        {"id": old.id, "region": region, "unit": old.unit, "value": stands, "there": value}
        for region, value in defaults.items()
        if value != stands
    ]
    if new == old.value:
        result.unchanged += 1
        return []
    if alone:
        return []
    if first_day(old.as_of) >= today:
        why = f"seen on {old.as_of} with another value: refresh on a later day"
        result.unknown.append({"id": old.id, "region": "", "why": why})
        return []
    row = {
        "id": old.id,
        "unit": old.unit,
        "old_value": old.value,
        "value": new,
        "old_as_of": old.as_of,
        "as_of": today.isoformat(),
    }
    if old.value is not None and suspicious(old.value, new) and not yes:
        result.suspicious.append(row)
        return []
    result.changed.append(row)
    return [_row_with_new_quota(old, new, today)]


def _row_with_new_quota(old: Limit, value: float, today: date) -> Row:
    """The old row with the new value, without a `raised_to` that the value reaches."""
    raised_to = old.raised_to if old.raised_to is not None and old.raised_to > value else None
    return {
        **asdict(old),
        "value": _text(value),
        "raised_to": "" if raised_to is None else _text(raised_to),
        "evidence": "Service Quotas, AWS's default",
        "as_of": today.isoformat(),
        "source_url": SOURCE,
        "verified": "yes",
    }


def _text(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _account_quota_rows(limits: Mapping[str, Limit], defaults: Quotas, applied: Quotas) -> list[Row]:
    """The values of this account that differ from AWS's default in that region."""
    rows = []
    for limit_id, regions in applied.items():
        limit = limits[limit_id]
        for region, value in regions.items():
            default = defaults.get(limit_id, {}).get(region, limit.value)
            if value != default:
                row = {"id": limit_id, "region": region, "unit": limit.unit}
                rows.append({**row, "value": default, "yours": value})
    return rows
