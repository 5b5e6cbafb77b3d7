"""The options of these commands."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Annotated, Any

import typer

from ..console import Region, designs


def _region(says: str) -> Any:
    """The option --region, as it is for a command for which it is more than prices."""
    option = copy(Region.__metadata__[0])  # type: ignore[attr-defined]
    option.help = says
    return option


Chosen = Annotated[
    str | None,
    typer.Option(
        "--design",
        metavar="CONCERN=OPTION,...",
        help="The recommended one if not given; what is left out is filled by the best.",
        autocompletion=designs,
    ),
]
Handler = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.py:function",
        help="Your own work, as def handle(body, context); a sample that waits and answers if not given.",
    ),
]
Place = Annotated[
    str,
    typer.Option("--target", metavar="local|aws", help="local: on this machine, no account, no charge."),
]
Where = Annotated[
    str | None,
    typer.Option("--target", metavar="local|aws", help="Where it stands: the local cloud if not given."),
]
Planned = Annotated[str | None, _region("Where it is put up; the workload's own if not given.")]
Stood = Annotated[
    str | None,
    _region("Where it stands. On AWS the one of AWS_REGION, AWS_DEFAULT_REGION or the profile if not given."),
]
CloudName = Annotated[
    str, typer.Option("--cloud", metavar="NAME", help="The local cloud, where there are several.")
]
StackName = Annotated[
    str, typer.Argument(metavar="STACK", help="Its name, which `deploy` gave and `stacks` lists.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Go on without asking.")]
Hours = Annotated[
    float,
    typer.Option(
        metavar="HOURS",
        min=0.01,
        max=87_600,
        help="After which `stacks` calls it expired; nothing removes it.",
    ),
]
NewFolder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="A new or empty folder.")]

# Of a load.

Rate = Annotated[
    str | None,
    typer.Option(
        metavar="R[,R...]", help="Requests a second, the workload's peak if not given; several are steps."
    ),
]
Duration = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Of the load, or of each step: 20 if not given.")
]
Arrivals = Annotated[
    str, typer.Option(metavar="poisson|constant", help="At random, as clients come, or evenly.")
]
Jobs = Annotated[int | None, typer.Option(metavar="N", min=1, help="So many in all, in place of a rate.")]
Concurrency = Annotated[int, typer.Option(metavar="C", min=1, help="With --jobs: so many at a time.")]
Runtime = Annotated[
    float | None, typer.Option(metavar="SECONDS", min=0, help="Of the sample work; else the p50.")
]
Response = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="Of the sample work's result; else the p50.")
]
Rows = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE.parquet", help="A row a request.")]
Repeat = Annotated[int, typer.Option(metavar="N", min=1, help="Runs, for intervals of confidence.")]
WarmUp = Annotated[int, typer.Option(metavar="N", min=0, help="Requests before that do not count.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Of the arrivals.")]
MostRequests = Annotated[int, typer.Option(metavar="N", min=1, help="More is refused.")]
MostUsd = Annotated[
    float, typer.Option(metavar="USD", min=0, help="On AWS: what would cost more is refused.")
]
