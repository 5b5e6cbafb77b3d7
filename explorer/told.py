"""What a person is told of facts, files and places."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from explorer.facts.units import format_quantity

from .screen import Row, Whole, doubt, table, title

if TYPE_CHECKING:
    from explorer.facts.refresh.summary import Part
    from explorer.live.deployment.target import Target
    from explorer.views.app.server import Page

    from .lab import Server

T = TypeVar("T")
SPARED = (">as of", ">old as of", "note", ">from")  # columns of a refresh that can go


def limits(rows: list[Row]) -> Iterator[RenderableType]:
    """The answer of `limits`."""
    columns = ("limit", "name", ">~value", ">age", "verified", "source")
    yield table(columns, map(_limit, rows), ("source", "age", "verified")) if rows else "no limit says that"


def _limit(row: Row) -> tuple[str | Text, ...]:
    value = "no number" if row["value"] is None else format_quantity(row["value"], row["unit"])
    verified = Text("yes") if row["verified"] else Text("no", "yellow")
    return row["id"], row["name"], value, f"{row['age_days']} days", verified, _source(row["source_url"])


def _source(url: str) -> Text:
    """A link that names its site in a terminal, the whole address in a pipe."""
    if sys.stdout.isatty() and url.startswith("https://"):
        return Text(url.split("/")[2], f"link {url}")
    return Text(url)


def prices(rows: list[Row]) -> Iterator[RenderableType]:
    """The answer of `prices`."""
    columns = ("line", "region", "unit", ">from", ">to", ">USD", ">age", "price", "source")
    spared = ("source", "age", "to", "price", "region")
    yield table(columns, map(_price, rows), spared) if rows else "no price says that"


def _price(row: Row) -> tuple[str | Text, ...]:
    start, end = ("" if row[at] is None else f"{row[at]:,.15g}" for at in ("tier_from", "tier_to"))
    tier = (start, end, f"{row['price_usd']:.12f}".rstrip("0").rstrip("."))
    return (
        row["id"],
        row["region"],
        row["unit"],
        *tier,
        f"{row['age_days']} days",
        doubt(row),
        _source(row["source"]),
    )


def refreshed(sentences: list[str], parts: list[Part]) -> Iterator[RenderableType]:
    """What a refresh did, and a table of each kind of thing that it found."""
    yield from map(Whole, sentences)
    for heading, note, columns, rows in parts:
        yield title(heading, note)
        yield table(columns, rows, [name.lstrip(">") for name in SPARED if name in columns])


def watched(jobs: Sequence[T], doing: str = "Writing") -> Iterable[T]:
    """The jobs one by one, with their progress on standard error when a person looks."""
    if len(jobs) == 1 or not sys.stderr.isatty():
        return jobs
    from rich.progress import track

    return track(jobs, doing, console=Console(stderr=True), transient=True)


def written(*paths: Path) -> Iterator[RenderableType]:
    """The files that were written."""
    return (Whole(f"Wrote {path}") for path in paths)


def begun(path: Path) -> Iterator[RenderableType]:
    """The workload that was written, and what to do with it."""
    yield Whole(f"Wrote {path}. Next: explorer recommend {shlex.quote(str(path))}")


def address(server: Server) -> Iterator[RenderableType]:
    """Where JupyterLab is."""
    if server.copied:
        yield f"Copied into {server.folder}: {server.copied} notebooks, none overwritten"
    if server.app.port != server.asked_port:
        yield f"Port {server.asked_port} is taken: {server.app.port} it is"
    yield f"JupyterLab on {server.folder}, for this machine only; Ctrl-C ends it:"
    yield Whole(server.url)


def page(server: Page) -> Iterator[RenderableType]:
    """Where the explorer alone is."""
    if server.port != server.asked_port:
        yield f"Port {server.asked_port} is taken: {server.port} it is"
    yield "The explorer, for this machine only; Ctrl-C ends it:"
    yield Whole(server.url)


def cloud(answer: Row) -> Iterator[RenderableType]:
    """The local cloud: how to reach it, and what it can and cannot vouch for."""
    if not answer["running"]:
        yield "The local cloud is not running. Start it: explorer cloud start"
    else:
        key, url = answer["credentials"], answer["endpoint_url"]
        yield Whole(f"The local cloud runs at {url}, for this machine only. For any AWS SDK:")
        region = answer["region"]  # some SDKs read the one name, some the other
        yield Whole(f"  export AWS_ENDPOINT_URL={url} AWS_REGION={region} AWS_DEFAULT_REGION={region}")
        yield Whole(f"  export AWS_ACCESS_KEY_ID={key['access_key_id']}")
        yield Whole(f"  export AWS_SECRET_ACCESS_KEY={key['secret_access_key']}")
    for heading, part in (("It vouches for", "vouches_for"), ("It cannot vouch for", "cannot_vouch_for")):
        yield title(heading)
        yield from (Padding(f"- {line}", (0, 0, 0, 2)) for line in answer[part])


def cloud_ended(stopped: bool) -> Iterator[RenderableType]:
    """Whether there was a local cloud to end."""
    yield "The local cloud is gone, with all that it held" if stopped else "No local cloud was running"


def deployed(answer: Row, options: str) -> Iterator[RenderableType]:
    """An endpoint that stands: where it is, and what to do with it."""
    yield Whole(f"{answer['stack']} stands on {_place(answer)}, up in {answer['seconds']:.1f} s:")
    yield Whole(f"  {answer['url']}")
    yield Whole(f"  design   {_design(answer['design'])}")
    yield Whole(f"  expires  {answer['expires']}")
    for name, value in answer.get("credentials", {}).items():
        yield Whole(f"  export {'AWS_' + name.upper()}={value}")
    if "credentials" in answer:
        yield "The key is a caller's: it opens this endpoint and nothing else, on this machine alone."
    yield Whole(f"Next: explorer bench {answer['stack']} --jobs 20 --concurrency 4{options}")
    yield Whole(f"Then: explorer destroy {answer['stack']}{options}")


def _place(answer: Row) -> str:
    return f"AWS in {answer['region']}" if answer["target"] == "aws" else "this machine's local cloud"


def _design(ids: Row) -> str:
    return ", ".join(f"{concern}={option}" for concern, option in ids.items())


def not_deployable(answer: Row) -> Iterator[RenderableType]:
    """A design that cannot be put up, and the nearest that can."""
    yield Whole(f"Cannot be put up: {_design(answer['design'])}")
    yield from (Padding(f"- {why}", (0, 0, 0, 2)) for why in answer["because"])
    yield Whole(f"The nearest that can: --design {_design(answer['nearest']).replace(' ', '')}")


def before_deploy(answer: Row, hours: float) -> Iterator[RenderableType]:
    """What is about to be made on AWS, and what it will cost."""
    yield Whole(f"Stack    {answer['stack']}")
    yield Whole(f"Account  {answer['account']}, {answer['region']}")
    yield Whole(f"Design   {_design(answer['design'])}")
    stands, each = answer["standing_usd_month"], answer["usd_per_1000_requests"]
    yield Whole(f"Cost     about {stands:.2f} USD a month to stand, {each:.4f} USD for 1,000 requests")
    yield Whole(f"Expires  after {hours:g} hours: `stacks` will say so, and nothing but `destroy` removes it")


def before_load(requests: float, usd: float, most_usd: float, place: Target) -> Iterator[RenderableType]:
    """What a load on AWS is expected to cost, before it starts."""
    yield Whole(
        f"About {requests:,.0f} requests on {place.place}, for about {usd:.4f} USD; at most {most_usd:g} USD"
    )


def destroyed(answer: Row) -> Iterator[RenderableType]:
    """A stack that is gone."""
    yield Whole(f"{answer['stack']} is gone, with all that it made ({answer['seconds']:.1f} s)")


def standing(rows: list[Row], place: str) -> Iterator[RenderableType]:
    """The stacks that are there, and what is wrong with them."""
    if not rows:
        yield Whole(f"No stack stands on {place}")
        return
    if rows[0]["target"] == "aws":
        yield Whole(f"On {place}:")
    columns = ("stack", "target", "region", "created", "expires", "url")
    yield table(columns, map(_standing, rows), ("created", "region"))


def _standing(row: Row) -> tuple[str | Text, ...]:
    """Where one cannot be called, its state in the place of its address."""
    expires = Text(row["expires"] or "", "yellow" if row["expired"] else "")
    if row["expired"]:
        expires.append(", expired")
    reached = row["url"] or Text(row["state"].lower().replace("_", " "), "yellow")
    return row["stack"], row["target"], row["region"], row["created"] or "", expires, reached


def exported(folder: Path, files: int) -> Iterator[RenderableType]:
    """A design that was written as files."""
    yield Whole(f"Wrote {files} files to {folder}. Next: {folder / 'README.md'}")


def benchmark(answer: Row, output: Path | None) -> Iterator[RenderableType]:
    """What came of a load: jobs first, then seconds, predicted beside measured."""
    lost, errors = answer["lost"], answer["errors"]
    yield Text.assemble(
        f"{answer['jobs']:,} jobs, {answer['succeeded']:,} succeeded, ",
        (f"{lost:,} lost", "bold red" if lost else ""),
        f", {answer['throughput_rps']:.3g} a second",
    )
    yield from (Padding(f"- {count:,} x {kind}", (0, 0, 0, 2)) for kind, count in errors.items())
    if not answer["valid"]:
        yield Text("This run proves nothing about latency: " + "; ".join(answer["why_not_valid"]), "yellow")
    yield title("Seconds")
    yield table(("", ">p50", ">p90", ">p99", ">p99.9", ">max"), _latencies(answer))
    if answer["predicted"]:
        yield title("Predicted beside measured", "seconds")
        yield table(
            ("", ">predicted p50", ">measured p50", ">predicted p95", ">measured p95"), _beside(answer)
        )
    if answer["knee_rps"]:
        yield f"It gives in at {answer['knee_rps']:g} requests a second."
    cold, usd = answer["cold_starts"], answer["cost_usd"]
    yield Whole(
        f"Cold starts: {'not known' if cold is None else cold}."
        + ("" if usd is None else f" At AWS's prices this run costs {usd:.6f} USD.")
    )
    if answer["cannot_vouch_for"]:
        yield title("What this cannot show")
        yield from (Padding(f"- {line}", (0, 0, 0, 2)) for line in answer["cannot_vouch_for"])
    if output:
        yield Whole(f"Wrote {output}")


def _latencies(answer: Row) -> Iterator[tuple[str, ...]]:
    for name, key in (("latency, from when it was due", "latency_s"), ("submit", "submit_s")):
        yield name, *(_seconds(answer[key].get(at)) for at in ("p50", "p90", "p99", "p99_9", "max"))


def _beside(answer: Row) -> Iterator[tuple[str, ...]]:
    for phase, predicted in answer["predicted"].items():
        measured = answer["measured"].get(phase, {})
        pairs = [(predicted.get(at), measured.get(at)) for at in ("p50", "p95")]
        yield phase, *(_seconds(value) for pair in pairs for value in pair)


def _seconds(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3g}"
