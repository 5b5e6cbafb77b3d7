"""The workload as a document shows it: what was given, what was left to a default, its file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from explorer.facts.units import (
    format_bandwidth,
    format_number,
    format_rough_share,
    format_size,
    format_time,
    format_usd,
)
from explorer.options.base.conditions import Load
from explorer.workload.workload import Workload

from .blocks import Cell, Table, table

SPREADS: dict[str, tuple[str, Callable[[float], str]]] = {
    "request": ("Request", format_size),
    "response": ("Response", format_size),
    "runtime": ("Run time", format_time),
}
QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
DEFAULT = Cell("default", kind="default")
LONGEST = 40_000  # characters of a file that a notebook still holds
LONGEST_LIST = 2000  # characters of samples that are still printed with the workload
Fields = Iterator[tuple[str, str, str]]  # (label, dotted field, value)


def sizes(w: Workload) -> Table:
    """Sizes and times by quantile."""
    rows = []
    for name, (label, shown) in SPREADS.items():
        spread = getattr(w, name).spread
        values = [shown(float(spread.quantile(p))) for p in QUANTILES]
        rows.append((label, *values, spread.tail if w.is_given(name) else "not given: the default"))
    head = "One request | >p50 | >p90 | >p95 | >p99 | >p99.9 | Largest values"
    return table("Sizes before any encoding, times of the work when warm", head, rows)


def asked(w: Workload) -> list[Table]:
    """Everything else that the workload says, and what it left to a default."""
    carried = (*_traffic(w), *_bodies(w), *_work(w))
    promised = (*_client(w), *_configuration(w), *_promises(w))
    return [_fields("What is carried", w, carried), _fields("For whom, and what is promised", w, promised)]


def _fields(caption: str, w: Workload, fields: Iterable[tuple[str, str, str]]) -> Table:
    rows = [(label, value, DEFAULT if not w.is_given(name) else "given") for label, name, value in fields]
    return table(caption, "Field | Value | From", rows)


def _traffic(w: Workload) -> Fields:
    yield "Region", "region", w.region
    mean, peak = format_number(w.mean_rps), format_number(float(Load(w).peak_rps))
    yield "Requests a month", "requests_per_month", f"{format_number(w.requests_per_month)}, {mean} a second"
    yield "Peak", "peak_rps", f"{peak} a second"


def _bodies(w: Workload) -> Fields:
    answer = w.response
    yield "Request body", "request.binary", "binary" if w.request.binary else "text"
    yield "Response body", "response.binary", "binary" if answer.binary else "text"
    shrinks = f"to {format_rough_share(answer.compression)} of its size" if answer.compression < 1 else "no"
    yield "Response compresses", "response.compression", shrinks
    yield "Response in pages", "response.divisible", _yes(answer.divisible)
    yield "Results are kept", "response.kept", format_time(answer.kept)


def _work(w: Workload) -> Fields:
    run = w.runtime
    yield "Memory", "runtime.memory", f"{run.memory:,.0f} MB"
    yield "Architecture", "runtime.architecture", run.architecture
    yield "Language", "runtime.language", run.language
    state = f" with {format_size(run.state)} of state" if run.state else ""
    steps = f" into {format_number(run.steps)} steps" if run.steps else ""
    yield "Work can be cut", "runtime.divisible", f"yes,{steps}{state}" if run.divisible else "no"


def _configuration(w: Workload) -> Fields:
    given = w.configuration
    total = f"{format_size(given.total)} in {format_number(given.entry_count)} entries"
    yield "Configuration", "configuration", total if given.total else "none"
    rotated = ", rotated" if given.rotation else ""
    secrets = f"{format_number(given.secrets)}{rotated}" if given.secrets else "none"
    yield "Secrets", "configuration.secrets", secrets
    free = _yes(given.changes_without_deploy)
    yield "Changes without a deploy", "configuration.changes_without_deploy", free


def _client(w: Workload) -> Fields:
    client = w.client
    yield "Client waits", "client.waits", f"{format_time(client.waits)} for the first byte"
    yield "Client polls", "client.polls", _yes(client.polls)
    yield "Client uploads to S3", "client.uploads", _yes(client.uploads)
    yield "Client takes callbacks", "client.receives_callbacks", _yes(client.receives_callbacks)
    yield "Bandwidth", "client.bandwidth", format_bandwidth(client.bandwidth)
    yield "Authorisation", "client.auth", client.auth or "whatever the door has"
    yield "Needs of the door", "client.needs", ", ".join(client.needs) or "none"


def _promises(w: Workload) -> Fields:
    promised, wanted = w.targets.latency_p95, w.preferences
    yield "Requests that succeed", "targets.success", f"{100 * w.targets.success:.6g} %"
    yield "Result in hand, p95", "targets.latency_p95", format_time(promised) if promised else "no promise"
    yield "One more part", "preferences.part_usd", f"counts as {format_usd(wanted.part_usd)} a month"
    yield "Free tier", "preferences.free_tier", "taken off" if wanted.free_tier else "not counted"
    yield "A month", "preferences.month_hours", f"{wanted.month_hours:g} hours"
    if wanted.discount:
        yield "Discount", "preferences.discount", f"{100 * wanted.discount:.6g} %"


def _yes(stands: bool) -> str:
    return "yes" if stands else "no"


def file_text(w: Workload) -> str:
    """The workload's file, without its comments; long lists of samples are only counted."""
    return re.sub(r"^samples = \[[^\]]*\]", _few, w.to_toml(), flags=re.M).strip()


def is_long(w: Workload) -> bool:
    """Whether its file is too long to stand in a notebook, or has its samples in another file."""
    text = w.to_toml()
    return len(text) > LONGEST or re.search(r'^samples = "', text, flags=re.M) is not None


def _few(match: re.Match[str]) -> str:
    if len(match[0]) <= LONGEST_LIST:
        return match[0]
    return f"samples = []  # {match[0].count(','):,} values: too many to print"
