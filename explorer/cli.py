"""The command line: arguments in; tables, JSON or one line out; an exit code.

0 done, 1 the answer is no, 2 bad input (one line on standard error). A module is imported by the
command that needs it: what a command does not use costs it no time.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from . import __version__, checking, endpoint, ingesting, reporting, serving, simulating, sweeping, weighing
from .console import (
    NO,
    Commands,
    Json,
    Refresh,
    Region,
    Regions,
    Taken,
    WorkloadFile,
    asking,
    designs,
    loaded,
    out,
    out_refreshed,
)

app = typer.Typer(cls=Commands, pretty_exceptions_enable=False, rich_markup_mode="rich")


def main() -> None:
    """What `explorer` runs."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115  (closed: nothing to read)
    gc.set_threshold(100_000)  # looking for cycles is a tenth of a short command's time
    app()


def _version(asked: bool) -> None:
    if asked:
        print(f"explorer {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def explorer(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Whether an API fits AWS Lambda, from numbers, and what to build when it does not."""
    if context.invoked_subcommand is None:
        context.get_help()
        raise typer.Exit


@app.command()
def init(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml")] = Path("workload.toml"),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: defaults.")] = False,
    fields: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Such as response.p99='9 MB'."),
    ] = None,
    dotenv: Annotated[
        Path | None,
        typer.Option(help="The configuration: its variables are counted, never shown or stored."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.toml.")] = False,
    as_json: Json = False,
) -> None:
    """Ask what matters and write a workload."""
    from . import asking

    asking.write(file, asking.parsed(fields or []), dotenv, ask=not yes, force=force, quiet=as_json)
    out({"path": file}, as_json, "begun", file)


@app.command()
def recommend(
    workload: WorkloadFile,
    region: Region = None,
    every: Annotated[bool, typer.Option("--all", help="Every row of every table.")] = False,
    as_json: Json = False,
) -> None:
    """The design to build, why, what it costs, and what would change it."""
    from explorer.analysis.recommendation import recommend as choose
    from explorer.analysis.summary import paragraphs

    r = choose(loaded(workload, region))
    answer = r.to_dict()
    out(answer, as_json, "recommendation", answer, every, {} if as_json else paragraphs(r))
    raise typer.Exit(0 if answer["feasible"] else NO)


@app.command()
def assess(
    workload: WorkloadFile,
    design: Annotated[
        str,
        typer.Option(
            metavar="CONCERN=OPTION,...",
            help="Such as door=http-api,response=stored; what is left out is filled by the best.",
            autocompletion=designs,
        ),
    ],
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Limits, bill and latency of one design, feasible or not."""
    from explorer.analysis.one_design import assessed

    answer = assessed(loaded(workload, region), design)
    out(answer, as_json, "assessment", answer)
    raise typer.Exit(0 if answer["feasible"] else NO)


@app.command()
def forecast(
    workload: WorkloadFile,
    growth: Annotated[
        list[str],
        typer.Option(metavar="FIELD=RATE", help="Such as response=3%/month; may be given again."),
    ],
    months: Annotated[int, typer.Option(min=1, max=600, help="How far to look.")] = 36,
    design: Annotated[str | None, typer.Option(metavar="CONCERN=OPTION,...", autocompletion=designs)] = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """In which month a limit breaks, and how the recommended design changes by then."""
    from explorer.analysis.forecast import forecast as look_ahead
    from explorer.analysis.forecast import parsed

    from .plain import forecast as told

    answer = told(look_ahead(loaded(workload, region), parsed(growth), months, design))
    out(answer, as_json, "forecast", answer)


@app.command()
def bill(
    usage: Annotated[
        str, typer.Argument(metavar="USAGE.csv", help="Columns id,quantity; - reads standard input.")
    ],
    region: Region = "us-east-1",
    free_tier: Annotated[bool, typer.Option(help="Take the monthly free quantities off.")] = False,
    as_json: Json = False,
) -> None:
    """Price billable quantities, line by line."""
    from explorer.engine.cost import bill as priced
    from explorer.engine.cost import bill_to_dict as billed

    from .plain import usage as read

    total = priced(read(usage), region or "us-east-1", free_tier)
    answer = {"region": total.region, "free_tier": free_tier, **billed(total)}
    out(answer, as_json, "priced", answer)


Text = Annotated[str, typer.Argument(metavar="TEXT", help="Only rows that contain this text.")]


@app.command()
def limits(
    text: Text = "",
    refresh: Refresh = False,
    region: Regions = None,
    yes: Taken = False,
    as_json: Json = False,
) -> None:
    """AWS's limits as this project knows them: value, age, source, whether verified."""
    from explorer import plain

    from .facts import catalogue

    if refresh:
        from explorer.facts.refresh.quotas import refresh_limits

        return out_refreshed(refresh_limits(region or [], yes=yes, watch=asking), as_json)
    found = plain.rows(catalogue.limits_frame(), text, ("id", "service", "name"))
    out({"limits": found}, as_json, "limits", found)


@app.command()
def prices(
    text: Text = "",
    refresh: Refresh = False,
    region: Regions = None,
    yes: Taken = False,
    offers: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="With --refresh: public offer files, read instead of asking."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Every price ever seen, or with --region those in force there: tier, age, source, staleness."""
    from explorer import plain

    from .facts import catalogue

    if refresh:
        from explorer.facts.refresh.prices import refresh_prices

        return out_refreshed(refresh_prices(region or [], yes=yes, offers=offers, watch=asking), as_json)
    frames = [plain.prices_in(name) for name in region or []] or [catalogue.prices_frame()]
    found = [row for frame in frames for row in plain.rows(frame, text, ("id", "unit"))]
    out({"prices": found}, as_json, "prices", found)


@app.command()
def lab(
    port: Annotated[int, typer.Option(min=1, max=65535, help="If it is taken, another.")] = 8888,
    open_browser: Annotated[bool, typer.Option("--open/--no-open")] = True,
    as_json: Json = False,
) -> None:
    """Start JupyterLab on the notebooks and print its address; Ctrl-C ends it."""
    from . import lab

    def ready() -> None:
        out(server.to_dict(), as_json, "address", server)
        sys.stdout.flush()

    server = lab.server(port, open_browser)
    server.run(ready)


for room in (reporting, checking, ingesting, simulating, sweeping, weighing, serving, endpoint):
    room.add_to(app)
