"""The options that several of these commands take."""

from __future__ import annotations

from copy import copy
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
