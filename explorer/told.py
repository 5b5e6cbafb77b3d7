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

from .screen import Row, Whole, doubt, table, title
from .units import format_quantity

if TYPE_CHECKING:
    from .lab import Server

T = TypeVar("T")


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


def watched(jobs: Sequence[T]) -> Iterable[T]:
    """The jobs one by one, with their progress on standard error when a person looks."""
    if len(jobs) == 1 or not sys.stderr.isatty():
        return jobs
    from rich.progress import track

    return track(jobs, "Writing", console=Console(stderr=True), transient=True)


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


def cloud(answer: Row) -> Iterator[RenderableType]:
    """The local cloud: how to reach it, and what it can and cannot vouch for."""
    if not answer["running"]:
        yield "The local cloud is not running. Start it: explorer cloud start"
    else:
        key, url = answer["credentials"], answer["endpoint_url"]
        yield Whole(f"The local cloud runs at {url}, for this machine only. For any AWS SDK:")
        yield Whole(f"  export AWS_ENDPOINT_URL={url} AWS_REGION={answer['region']}")
        yield Whole(f"  export AWS_ACCESS_KEY_ID={key['access_key_id']}")
        yield Whole(f"  export AWS_SECRET_ACCESS_KEY={key['secret_access_key']}")
    for heading, part in (("It vouches for", "vouches_for"), ("It cannot vouch for", "cannot_vouch_for")):
        yield title(heading)
        yield from (Padding(f"- {line}", (0, 0, 0, 2)) for line in answer[part])


def cloud_ended(stopped: bool) -> Iterator[RenderableType]:
    """Whether there was a local cloud to end."""
    yield "The local cloud is gone, with all that it held" if stopped else "No local cloud was running"
