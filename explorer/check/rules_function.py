"""Limits on a single function: one short Python function per rule, limits by their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from explorer.facts import catalogue
from explorer.facts.encoding import environment_size
from explorer.facts.units import format_count

from .doors import BALANCER, EDGE, GRAPH, HTTP, REST, REST_EDGE, STREAM, URL, WEBSOCKET, Door
from .findings import FITS, TIGHT, UNKNOWN, Finding, Judge, amount
from .nodes import Map, Unknown, mapping
from .stack import Resource, Stack, TemplateValue, each

Rule = Callable[[Judge, Resource, Stack], Iterator[Finding]]


def or_unset(setting: TemplateValue, constant_id: str) -> TemplateValue:
    """The value that a template sets, or AWS's default if it sets none."""
    return setting.or_unset(f"{catalogue.constant(constant_id).value:g}")


def timeout_of(function: Resource) -> TemplateValue:
    """A function's time-out; AWS's default if it is not set."""
    return or_unset(function.get("Timeout"), "lambda.timeout.unset_s")


def _is_managed(function: Resource) -> bool:
    """Whether the function runs on Managed Instances."""
    return "CapacityProviderConfig" in function.properties


def timeout(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """The time-out against Lambda's maximum."""
    limit_id = "lambda.timeout.lmi" if _is_managed(function) else "lambda.timeout"
    setting = timeout_of(function)
    note = "" if setting.number is None else catalogue.unconfirmed_note(limit_id, setting.number)
    yield judge.hold(limit_id, function, setting, "The time-out", note=note)


def memory(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """The memory against Lambda's maximum."""
    setting = or_unset(function.get("MemorySize"), "lambda.memory.unset_mb")
    limit_id = "lambda.memory.model" if _is_managed(function) else "lambda.memory"
    yield judge.hold(limit_id, function, setting, "The memory")


def environment(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """The size of the environment as Lambda counts it; unknown values can only make it larger.

    The length of resource references is estimated; if AWS will probably refuse it, the verdict is tight.
    """
    variables = function.get("Environment", "Variables")
    if isinstance(variables.value, Unknown):
        least = min(
            (environment_bytes(mapping(one), function)[0] for one in variables.value.options), default=None
        )
        shortest = variables if least is None else TemplateValue(least, variables.line)
        why = variables.why_unknown
        yield judge.hold(
            "lambda.env", function, shortest, "The environment", grows=True, why=why, over=REFUSED
        )
    elif isinstance(variables.value, Map) and variables.value:
        size, unknown, likely = environment_bytes(variables.value, function)
        why = f"{_join_names(unknown)} known when it is deployed" if unknown else ""
        if unknown and size <= (most := catalogue.limit("lambda.env").value or size) and likely:
            yield _estimate(judge, function, variables.line, size, likely, most, unknown)
        else:
            yield held_environment(judge, function, TemplateValue(size, variables.line), why)


def held_environment(judge: Judge, function: Resource, size: TemplateValue, why: str = "") -> Finding:
    """An environment's size [B] against its limit, and against the limit of the request that sets it."""
    wall = catalogue.limit("lambda.updatecfg.request")
    over, most = REFUSED, amount(wall.value, wall.unit)
    if size.number is not None and wall.value is not None and size.number > wall.value:
        over = f"{REFUSED}. Over {most} the request itself is refused, with another error"
    return judge.hold("lambda.env", function, size, "The environment", grows=True, why=why, over=over)


REFUSED = "Lambda refuses more: move values to a store"


def _estimate(
    judge: Judge, function: Resource, line: int, size: int, likely: int, most: float, unknown: list[str]
) -> Finding:
    """An environment with references: its known size, and its probable size."""
    known_size, more, limit = (amount(one, "bytes") for one in (size, likely, most))
    many = format_count(len(unknown), "value")
    detail = (
        f"{_join_names(unknown)} known when it is deployed; the part that is known: {known_size};"
        f" {many} by reference: by the usual lengths of ARNs, names and URLs about {more} more"
    )
    if size + likely > most:
        message = f"The environment is probably over {limit} ({detail}). {REFUSED}"
        return judge.make("lambda.env", function, line, size, most, TIGHT, message)
    message = f"The environment is not known ({detail}); the limit is {limit}"
    return judge.make("lambda.env", function, line, size, most, UNKNOWN, message)


def environment_bytes(variables: Map, function: Resource) -> tuple[int, list[str], int]:
    """The size of an environment as Lambda counts it.

    Parameters
    ----------
    variables
        The variables by name, as written.
    function
        The function that has them, in whose stack they are resolved.

    Returns
    -------
    tuple
        The known size [B], the names of the variables that are not fully known, and the probable size of
        their unknown parts [B].
    """
    texts, unknown, likely = {}, [], 0
    for name, value in variables.items():
        if value is not None and function.scope.value(value) is None:
            continue  # AWS::NoValue
        content = function.scope.text(value)
        if isinstance(content, Unknown):
            unknown.append(name)
            likely += content.likely
            content = content.known_text
        texts[name] = content
    return environment_size(texts) if texts else 0, unknown, likely


def _join_names(names: list[str]) -> str:
    first = ", ".join(names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{first}{more} {'is' if len(names) == 1 else 'are'}"


def layers(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """The number of layers against Lambda's maximum."""
    setting = function.get("Layers")
    if setting.value is None:
        return
    entries = each(function.raw("Layers"), function.scope)
    whole = isinstance(setting.value, Unknown)
    count = TemplateValue(setting.value if whole else len(entries), setting.line)
    yield judge.hold("lambda.layers", function, count, "The number of layers", grows=True)


def storage(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """The ephemeral storage against its maximum, which is lower with SnapStart."""
    size = function.get("EphemeralStorage", "Size")
    if size.value is None:
        return
    yield judge.hold("lambda.tmp", function, size, "The ephemeral storage")
    snapped = function.get("SnapStart").value
    apply_on = snapped if isinstance(snapped, str) else mapping(snapped).get("ApplyOn")
    if apply_on == "PublishedVersions":
        yield judge.hold("lambda.snapstart", function, size, "The ephemeral storage under SnapStart")


def texts(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """The lengths of name, handler and description."""
    limit_ids = {
        "FunctionName": "lambda.name",
        "Handler": "lambda.handler",
        "Description": "lambda.description",
    }
    for name, limit_id in limit_ids.items():
        setting = function.get(name)
        if setting.value is None:
            continue
        content = function.scope.text(function.raw(name))
        why = content.why if isinstance(content, Unknown) else ""
        length = len(content.known_text if isinstance(content, Unknown) else content)
        yield judge.hold(limit_id, function, TemplateValue(length, setting.line), f"{name}'s length", why=why)


def asynchronous(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """Retries and maximum age of asynchronous events; their highest allowed value fits."""
    configs = [(function, ("EventInvokeConfig",))] + [
        (config, ())
        for config in stack.pointing_to(function, "AWS::Lambda::EventInvokeConfig", "FunctionName")
    ]
    for config, path in configs:
        inner = mapping(config.get(*path).value) if path else config.properties
        for name, (limit_id, what) in ASYNCHRONOUS.items():
            if name in inner:
                yield _setting(judge, config, config.get(*path, name), limit_id, what)


ASYNCHRONOUS = {
    "MaximumRetryAttempts": ("lambda.async.retries", "The number of retries"),
    "MaximumEventAgeInSeconds": ("lambda.async.age", "The age of an event"),
}


def _setting(judge: Judge, resource: Resource, setting: TemplateValue, limit_id: str, what: str) -> Finding:
    """A setting that is at the end of its range by default: there it fits."""
    at_end = setting.number is not None and setting.number == catalogue.limit(limit_id).value
    return judge.hold(limit_id, resource, setting, what, verdict=FITS if at_end else None)


def durable_time(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """The execution time-out of a durable function."""
    setting = function.get("DurableConfig", "ExecutionTimeout")
    if setting.number is not None:
        yield judge.hold("durable.duration", function, setting, "The execution time-out")


NAMES = {
    REST: "a REST API",
    REST_EDGE: "an edge-optimized REST API",
    STREAM: "a REST API that streams",
    HTTP: "an HTTP API",
    WEBSOCKET: "a WebSocket API",
    BALANCER: "a load balancer",
    GRAPH: "AppSync",
    EDGE: "CloudFront",
}
LEFT_ALONE = "The caller is answered with an error while the function runs on"
WAYS_OUT = {
    REST: "For Regional and private APIs the quota can be raised, at the price of a lower throttle",
    REST_EDGE: "An API is edge-optimized unless it states another endpoint type: make it Regional to have the"
    " quota raised",
    HTTP: "The quota cannot be raised",
    BALANCER: "Set idle_timeout.timeout_seconds on the load balancer",
}


def door_wait(judge: Judge, function: Resource, door: Door) -> Iterator[Finding]:
    """The function's time-out against the door's wait: longer is a breach, equal is tight."""
    if door.limit in LONGEST_RUNS:
        yield from _run(judge, function, LONGEST_RUNS[door.limit])
    if door.limit == URL:
        return
    wait, why = _wait(door)
    set_to, row = wait, catalogue.limit(door.limit)
    if wait is not None and row.value is not None and wait > row.value and not row.raisable:
        wait = None  # AWS refuses this setting, so the limit applies
    over = ". ".join(filter(None, (LEFT_ALONE, WAYS_OUT.get(door.limit))))
    what = f"The time-out behind {NAMES[door.limit]}"
    duration, execution = timeout_of(function), function.get("DurableConfig", "ExecutionTimeout")
    if execution.number is not None:  # the caller waits for all invocations of the execution
        duration, what = execution, f"The execution time-out behind {NAMES[door.limit]}"
    verdict = UNKNOWN if why else None
    yield judge.hold(door.limit, function, duration, what, limit=wait, why=why, over=over, verdict=verdict)
    if set_to is not None and door.wait and set_to > (row.value or set_to):
        yield from _long_wait(judge, function, door, TemplateValue(set_to, door.wait.line))


def durable_wait(judge: Judge, function: Resource) -> Iterator[Finding]:
    """A durable function's execution time-out against the longest synchronous wait, whatever the door."""
    setting = function.get("DurableConfig", "ExecutionTimeout")
    if setting.number is not None:
        over = "Start it asynchronously, and let the caller poll"
        what = "The execution time-out of a durable function whose caller waits"
        yield judge.hold("durable.sync", function, setting, what, over=over)


LONGEST_RUNS = {URL: URL, BALANCER: "alb.lambda.timeout"}  # doors with a shorter longest run than Lambda


def _run(judge: Judge, function: Resource, limit_id: str) -> Iterator[Finding]:
    """The time-out against the longest run proven behind a door; no finding if it is shorter."""
    row, duration = catalogue.limit(limit_id), timeout_of(function)
    if duration.number is not None and row.value is not None and duration.number >= row.value:
        door = "a function URL" if limit_id == URL else "a load balancer"
        yield judge.hold(
            limit_id, function, duration, f"The time-out behind {door}", over=row.notes.rstrip(".")
        )


def integration_wait(judge: Judge, door: Door) -> Iterator[Finding]:
    """An integration's own time-out against the quota, if its function is not in the template."""
    wait, _ = _wait(door)
    if door.api is None or door.wait is None or wait is None:
        return
    setting = TemplateValue(wait, door.wait.line)
    if wait > (catalogue.limit(door.limit).value or wait):
        yield from _long_wait(judge, door.api, door, setting)
    else:
        what = f"The integration's time-out of {NAMES[door.limit]}"
        yield judge.hold(door.limit, door.api, setting, what, verdict=FITS)


def _wait(door: Door) -> tuple[float | None, str]:
    """The wait set in the template [s], None if there is none, and the reason if it is not known."""
    wait = door.wait.number if door.wait else None
    if wait is None or door.wait is None:
        return None, door.wait.why_unknown if door.wait else ""
    wait = wait / 1000 if door.in_ms else wait
    return int(wait) if float(wait).is_integer() else wait, ""


def _long_wait(judge: Judge, function: Resource, door: Door, setting: TemplateValue) -> Iterator[Finding]:
    """An integration time-out above the quota: AWS refuses it unless the quota is raised."""
    row = catalogue.limit(door.limit)
    if door.limit == BALANCER and (setting.number or 0) <= (row.raised_to or 0):
        return  # a setting, not a quota
    fits_raised_quota = row.raisable and (setting.number or 0) <= (row.raised_to or 0)
    note = "It takes a raised quota" if fits_raised_quota else "Such a setting is refused"
    what = f"The integration's time-out of {NAMES[door.limit]}"
    yield judge.hold(
        door.limit, function, setting, what, verdict=TIGHT if fits_raised_quota else None, over=note
    )


EACH_FUNCTION: tuple[Rule, ...] = (
    timeout,
    memory,
    environment,
    layers,
    storage,
    texts,
    asynchronous,
    durable_time,
)
