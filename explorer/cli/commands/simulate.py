"""`explorer simulate`: the execution environments of a function under load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli.console import STANDARD, Json, out, standard_input
from explorer.errors import ExplorerError
from explorer.facts.text_file import read_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from explorer.engine.simulation.result import Simulation

Rate = Annotated[float | None, typer.Option("--arrival-rps", help="Mean requests a second.")]
Load = Annotated[
    str,
    typer.Option(
        metavar="PATTERN",
        help="How they arrive: poisson, day, week, or a file (- is standard input) of seconds, one a line.",
    ),
]
Most = Annotated[
    int | None,
    typer.Option("--max-concurrency", help="Requests that may run at once; no limit if not given."),
]


def _time(says: str) -> Any:
    return typer.Option(metavar="TIME", help=says)


def simulate(
    warm_s: Annotated[str, _time("In a warm environment: a mean, such as 1.991 or 250ms, or p50=1s,p99=9s.")],
    arrival_rps: Rate = None,
    cold_s: Annotated[str | None, _time("In a new environment; as warm if it is left out.")] = None,
    keep_alive_s: Annotated[str, _time("How long an idle environment is kept; inf: for ever.")] = "600",
    duration_s: Annotated[str | None, _time("How long is simulated: 100,000 s, or all that arrive.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed, the same numbers.")] = 1,
    replications: Annotated[int, typer.Option(help="Two or more give intervals.")] = 1,
    confidence: Annotated[float, typer.Option(help="Confidence level of the intervals.")] = 0.95,
    shape: Annotated[
        str, typer.Option(metavar="SHAPE", help="How the times are distributed: exponential or constant.")
    ] = "exponential",
    arrivals: Load = "poisson",
    max_concurrency: Most = None,
    provisioned: Annotated[int, typer.Option(help="Environments that always exist.")] = 0,
    start_limit: Annotated[
        float | None, typer.Option(help="New environments at once, such as 1000 on AWS.")
    ] = None,
    start_limit_s: Annotated[str, _time("The time after which as many may start again.")] = "10",
    queue: Annotated[bool, typer.Option("--queue/--refuse", help="What cannot start waits.")] = False,
    max_age_s: Annotated[str, _time("How long it waits.")] = "inf",
    failure_probability: Annotated[float, typer.Option(help="Chance that an attempt fails.")] = 0.0,
    retries: Annotated[int, typer.Option(help="After a refusal or a failure.")] = 0,
    retry_wait_s: Annotated[str, _time("Before the first retry, doubled for each further one.")] = "1",
    chain: Annotated[int, typer.Option(help="Invocations that a request makes, one after another.")] = 1,
    as_json: Json = False,
) -> None:
    """Cold starts, throttled requests and environments under a load, request by request."""
    from explorer.engine.simulation.simulate import simulate as run

    result = run(
        arrival_rps,
        _service("warm_s", warm_s),
        None if cold_s is None else _service("cold_s", cold_s),
        keep_alive_s,
        duration_s,
        seed,
        replications=replications,
        confidence=confidence,
        shape=shape,
        arrivals=_arrivals(arrivals),
        max_concurrency=max_concurrency,
        provisioned=provisioned,
        start_limit=start_limit,
        start_limit_s=start_limit_s,
        queue=queue,
        max_age_s=max_age_s,
        failure_probability=failure_probability,
        retries=retries,
        retry_wait_s=retry_wait_s,
        chain=chain,
    )
    if as_json:
        out(result.to_dict(), True)
    else:
        from explorer.cli import tables

        tables.show(_simulation_table(result))


def _service(name: str, text: str) -> Any:
    """A mean from text, or the distribution through quantiles."""
    if "=" not in text:
        return text
    from explorer.facts.units import parse_time
    from explorer.workload.distribution import from_quantiles

    try:
        pairs = [point.split("=", 1) for point in text.split(",")]
        points = dict(pairs)
        if len(points) < len(pairs):
            raise ValueError
        maximum = points.pop("max", None)
        quantiles = {float(p.strip().removeprefix("p")) / 100: parse_time(t) for p, t in points.items()}
        if not all(0 < p < 1 for p in quantiles):
            raise ValueError
        return from_quantiles(quantiles, None if maximum is None else parse_time(maximum))
    except ValueError:
        raise ExplorerError(f'{name} is "{text}": expected quantiles such as p50=1s,p99=9s') from None
    except ExplorerError as error:
        raise ExplorerError(f"{name} {error}") from None


def _arrivals(text: str) -> Any:
    """The name of an arrival pattern, or the times in a file."""
    path, expected = Path(text), "one time [s] a line"
    if text == STANDARD:
        name, lines = "standard input", standard_input(expected).splitlines()
    elif not path.suffix and not path.exists():
        return text
    else:
        name, lines = text, read_text(path, expected).splitlines()
    times = [_number(name, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not times:
        raise ExplorerError(f"{name}: is empty: expected {expected}")
    return times


def _number(path: str, number: int, line: str) -> float:
    try:
        return float(line)
    except ValueError:
        raise ExplorerError(f'{path} line {number}: is "{line[:40]}": expected a time [s]') from None


def _simulation_table(result: Simulation) -> Iterator[RenderableType]:
    """The answer for a person: each share and mean, with its confidence interval if there is one."""
    from explorer.cli.tables import table
    from explorer.facts.units import format_number, format_share, format_time

    def format_value(name: str, value: float) -> str:
        if name.endswith("probability"):
            return format_share(value)
        return format_time(value) if name.endswith("_s") else format_number(value)

    def row(name: str) -> tuple[str, str, str]:
        value = getattr(result, name)
        least, most = result.intervals.get(name, (value, value))
        between = (
            f"{format_value(name, least)} to {format_value(name, most)}" if name in result.intervals else ""
        )
        return name.removesuffix("_s").replace("_", " "), format_value(name, value), between

    always = ("cold_start_probability", "rejection_probability", "mean_servers", "mean_running", "mean_idle")
    others = ("mean_provisioned_running", "throttle_probability", "failure_probability", "mean_wait_s",
              "longest_wait_s", "unended")  # fmt: skip
    names = [*always, *(name for name in others if getattr(result, name)), "requests", "cold_starts"]
    sure = f">{100 * result.confidence:g} % interval"
    columns = ("what", ">value", sure)
    rows = map(row, names)
    yield table(columns, rows) if result.intervals else table(columns[:2], (r[:2] for r in rows))
