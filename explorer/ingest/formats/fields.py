"""Recognise the fields of a log by their names, the names around them and a few of their values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from .exchanges import CLOCK, PERIOD, WITH_UNIT, plain

Path = tuple[str, ...]
DEEPEST = 5  # the deepest level of a record that is searched
TIMES = (  # fields with the time of a record, the most likely first
    "@timestamp time_iso8601 startutc requesttimeepoch timestamp timestampms time ts time_local requesttime"
    " datetime edgestarttimestamp starttime start_time startedat started_at eventtime msec asctime date"
    " eventtimestamp receivedat createdat created logtime"
)
STATUSES = (
    "status statuscode httpstatus httpstatuscode responsecode scstatus elbstatuscode downstreamstatus"
    " edgeresponsestatus resultcode responsestatus responsestatuscode httpresponsestatuscode"
    " httpstatusdetails contextstatus resstatuscode"
)
RESPONSE_SIZES = (
    "responselength contextresponselength responsesize bodybytessent bytessent bytes scbytes sentbytes"
    " downstreamcontentsize edgeresponsebytes responsebytes responsebodysize responsebodybytes bytesout"
    " responsebodylength responsebodybytessent responsecontentlength httpresponsebodybytes"
    " httpresponsebodysize"
    " resheaderscontentlength responseheaderscontentlength respbytes respsize sccontentlen outbytes size"
)
REQUEST_SIZES = (
    "requestlength requestsize requestbytes bytesreceived receivedbytes csbytes requestcontentsize bytesin"
    " clientrequestbytes requestbodysize requestbodybytes requestbodylength requestcontentlength"
    " httprequestbodybytes httprequestbodysize reqheaderscontentlength requestheaderscontentlength inbytes"
    " bytesread"
)
INNER = {  # time behind the door: field names by the length of their unit [ms]
    1.0: "integrationlatency contextintegrationlatency integrationlatencyms upstreamservicetime"
    " originresponsedurationms latenciesproxy upstreamlatencyms service",
    1e3: "upstreamresponsetime targetprocessingtime upstreamtime backendprocessingtime upstreamresponsetimes"
    " timetofirstbyte",
    1e-6: "originduration originresponsetime",
}
WHOLE = {  # time of the whole request
    1.0: "responsetime responsetimems durationms elapsedms elapsedmilliseconds elapsed latencyms timetakenms"
    " edgetimetofirstbytems tookms requestdurationms requesttimems responselatency contextresponselatency"
    " responselatencyms totaltimems timems durationmillis elapsedmillis latencymillis processingtimems"
    " latenciesrequest",
    1e3: "requesttime timetaken durations durationsec durationsecs durationseconds elapsedseconds"
    " requesttimes requesttimesec responsetimes latencyseconds latencys requestdurationseconds"
    " responsetimesec",
    1e-3: "durationus durationmicros requesttimeus responsetimeus latencyus timeus elapsedus elapsedmicros"
    " durationmicroseconds latencymicros",
    1e-6: "durationns durationnanos eventduration latencyns elapsedns latencynanos durationnanoseconds",
}
NO_UNIT = "duration latency latencyhuman took time elapsedtime processingtime executiontime runtime"
PATHS = (
    "csuristem requesturi uri url path requestpath clientrequesturi clientrequestpath requrl requesturl"
    " urlpath urloriginal resourcepath routekey httprequestrequesturl httptarget requestpathname request name"
    " endpoint resource"
)
AGENTS = (
    "useragent httpuseragent csuseragent requestheadersuseragent agent reqheadersuseragent"
    " clientrequestuseragent"
)
IDS = "requestid xedgerequestid rayid xrequestid contextrequestid reqid awsrequestid kongrequestid"
SIZES = ("contentlength", "bytes", "size", "length", "bodybytes", "bodysize", "bodylength", "bodybytessent")
ANSWER = re.compile(r"^(res|resp|response|downstream|reply|answer|sent|out|output)s?$")
QUESTION = re.compile(r"^(req|request|received|in|input|client)s?$")
UNIT_NOTE = "the field {} has no unit: it is taken for {}"
ENOUGH = 0.5  # the share of sampled values that must match


@dataclass
class Fields:
    """The fields of a format that are used: their path and their unit by column of the frame."""

    paths: dict[str, Path] = field(default_factory=dict)
    factor: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    is_whole_time: bool = False  # the duration covers the whole request

    @property
    def is_access(self) -> bool:
        """Whether these are fields of requests with at least one figure that is used."""
        measures = {"duration_ms", "response_bytes", "request_bytes", "latency_ms"} & self.paths.keys()
        return bool(measures) and ("status" in self.paths or {"path", "duration_ms"} <= self.paths.keys())


def leaves(record: Any, within: Path = ()) -> dict[Path, Any]:
    """The values of a record that are not objects, by their path."""
    leaf_values: dict[Path, Any] = {}
    if isinstance(record, dict) and len(within) < DEEPEST:
        for name, value in record.items():
            leaf_values |= leaves(value, (*within, str(name)))
    elif within and not isinstance(record, dict):
        leaf_values[within] = value_of(record)
    return leaf_values


def value_of(value: Any) -> Any:
    """A value, or the only element of a list, as some formats write headers."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def choose(samples: Mapping[Path, Sequence[Any]]) -> Fields:
    """The fields for each column; `samples` are a few values of each field, by path."""
    fields = Fields()
    by_name: dict[str, Path] = {}
    for path in samples:
        by_name.setdefault(plain("".join(path)), path)
    for path in sorted(samples, key=len):
        leaf = plain(path[-1])
        if leaf not in SIZES or len(path) == 1:
            by_name.setdefault(leaf, path)
    _pick(fields, by_name, samples, "status", STATUSES, _is_status)
    _pick(fields, by_name, samples, "response_bytes", RESPONSE_SIZES, _is_number)
    _pick(fields, by_name, samples, "request_bytes", REQUEST_SIZES, _is_number)
    _by_parents(fields, samples)
    _times(fields, by_name, samples)
    _pick(fields, by_name, samples, "at", TIMES.replace("_", ""), _is_time)
    if "at" not in fields.paths and {"date", "time"} <= by_name.keys():
        fields.paths |= {"date": by_name["date"], "clock": by_name["time"]}
    for column, names in (("path", PATHS), ("agent", AGENTS), ("id", IDS)):
        _pick(fields, by_name, samples, column, names, lambda value: isinstance(value, str) and value != "")
    used_paths = set(fields.paths.values())
    fields.unused = [".".join(path) for path in samples if path not in used_paths]
    return fields


def _pick(fields: Fields, by_name: Mapping[str, Path], samples: Mapping[Path, Any], column: str, names: str,
          fits: Any) -> None:  # fmt: skip
    for name in names.split():
        path = by_name.get(name.replace("@", ""))
        if path and path not in fields.paths.values() and _fit_enough(samples[path], fits):
            fields.paths.setdefault(column, path)
            return


def _fit_enough(values: Sequence[Any], fits: Any) -> bool:
    """Whether enough values match; absent values do not count."""
    there = [value for value in values if value not in (None, "", "-")]
    return not there or sum(map(bool, map(fits, there))) > ENOUGH * len(there)


def _by_parents(fields: Fields, samples: Mapping[Path, Any]) -> None:
    """Sizes that only their parent names identify: content-length of the request or of the response."""
    for path, values in samples.items():
        if len(path) < 2 or plain(path[-1]) not in SIZES or not _fit_enough(values, _is_number):
            continue
        for above in reversed(path[:-1]):
            words = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", above).lower())
            column = next(
                (
                    name
                    for pattern, name in ((ANSWER, "response_bytes"), (QUESTION, "request_bytes"))
                    if any(pattern.match(word) for word in words)
                ),
                None,
            )
            if column:
                fields.paths.setdefault(column, path)
                break


def _times(fields: Fields, by_name: Mapping[str, Path], samples: Mapping[Path, Any]) -> None:
    """The time behind the door if there is one, and the time of the whole request."""
    inner, whole = (_first(names, by_name, samples) for names in (INNER, WHOLE))
    paths = (by_name[name] for name in NO_UNIT.split() if name in by_name)
    loose = next((path for path in paths if _fit_enough(samples[path], _is_span)), None)
    if inner is None and whole is None and loose:
        factor, unit = _guess_unit(samples[loose])
        whole = loose, factor
        if unit:
            fields.notes.append(UNIT_NOTE.format(".".join(loose), unit))
    for column, choice in (("duration_ms", inner or whole), ("latency_ms", whole if inner else None)):
        if choice:
            fields.paths[column], fields.factor[column] = choice
    fields.is_whole_time = inner is None and whole is not None


def _first(
    names: Mapping[float, str], by_name: Mapping[str, Path], samples: Mapping[Path, Any]
) -> tuple[Path, float] | None:
    for factor, words in names.items():
        for word in words.split():
            path = by_name.get(word)
            if path and _fit_enough(samples[path], _is_span):
                return path, factor
    return None


def _guess_unit(values: Sequence[Any]) -> tuple[float, str]:
    """The unit of numbers without one, estimated from their size: its length [ms] and its name."""
    bare = [number for number in map(_number, values) if number is not None]
    if not bare:
        return 1.0, ""  # each value states its unit
    middle = median(bare)
    if middle >= 1e6:
        return 1e-6, "nanoseconds"
    if max(bare) < 100 and any(number != int(number) for number in bare):
        return 1e3, "seconds"
    return 1.0, "milliseconds"


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _is_number(value: Any) -> bool:
    number = _number(value)
    return number is not None and number >= 0


def _is_status(value: Any) -> bool:
    number = _number(value)
    return number is not None and (100 <= number <= 599 or number == 0) and number == int(number)


def _is_span(value: Any) -> bool:
    """Whether a value can be a duration; a time of day cannot."""
    number = _number(value)
    if number is not None:
        return 0 <= number < 1e11
    text = str(value)
    several = re.fullmatch(r"[\d.]+(?:\s*[,:]\s+(?:[\d.]+|-))+", text)
    return any(re.search(form, text) for form in (WITH_UNIT, CLOCK, PERIOD)) or bool(several)


def _is_time(value: Any) -> bool:
    """Whether a value can be a time of day: since 1990, in any unit."""
    number = _number(value)
    if number is not None:
        return any(6.3e8 < number / unit < 1e10 for unit in (1, 1e3, 1e6, 1e9))
    return re.search(r"\d{4}-\d\d-\d\d[T ]\d\d:|\d\d/[A-Za-z]{3}/\d{4}[: ]", str(value)) is not None
