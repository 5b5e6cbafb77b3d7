"""The entry point of the command line: the list of commands, and the options of all of them.

Exit codes: 0 success, 1 a negative answer, 2 bad input (one line on standard error), 3 the cloud refused or
failed. The module of a command is imported only when the command is called, so that start-up is fast.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import typer

from .console import Command, Commands, NoColour, Quiet, Version

DECIDE, OWN, DOUBT = "Decide", "From what you have", "Growth and uncertainty"
LIVE, FACTS, SCREENS = "Deploy and measure", "Facts", "Screens and agents"


@dataclass(frozen=True)
class Entry:
    """An entry in the list of commands: its place in the help, its location, and a working example."""

    group: str
    module: str  # inside `commands`
    attribute: str  # name of the command in that module
    example: str


COMMANDS = {  # in the order of `--help`
    "init": Entry(DECIDE, "init", "init", "explorer init mine.toml --yes --set response.p99='9 MB'"),
    "recommend": Entry(DECIDE, "recommend", "recommend", "explorer recommend statements"),
    "assess": Entry(
        DECIDE, "assess", "assess", "explorer assess statements --design door=rest-api,response=buffered"
    ),
    "report": Entry(DECIDE, "report", "report", "explorer report statements -o statements.html"),
    "bill": Entry(DECIDE, "bill", "bill", "explorer bill usage.csv --region eu-west-1"),
    "ingest": Entry(OWN, "ingest", "ingest", "explorer ingest logs/ -o mine.toml"),
    "check": Entry(OWN, "check", "check", "explorer check template.yaml"),
    "forecast": Entry(
        DOUBT, "forecast", "forecast", "explorer forecast statements --growth response=3%/month"
    ),
    "sensitivity": Entry(
        DOUBT,
        "sensitivity",
        "sensitivity",
        "explorer sensitivity statements --range response=400KB..2MB --samples 1000",
    ),
    "sweep": Entry(
        DOUBT,
        "sweep",
        "sweep",
        "explorer sweep statements --axis response=1KB:200MB:20 --axis runtime=1s:2h:20",
    ),
    "simulate": Entry(
        DOUBT, "simulate", "simulate", "explorer simulate --arrival-rps 0.9 --warm-s 2 --cold-s 2.3"
    ),
    "deploy": Entry(LIVE, "deploy", "deploy", "explorer deploy statements"),
    "bench": Entry(LIVE, "bench", "bench", "explorer bench STACK --jobs 20 --concurrency 4"),
    "stacks": Entry(LIVE, "deploy", "stacks", "explorer stacks"),
    "destroy": Entry(LIVE, "deploy", "destroy", "explorer destroy STACK"),
    "export": Entry(LIVE, "deploy", "export", "explorer export statements -o own/"),
    "cloud": Entry(LIVE, "cloud", "local", "explorer cloud status"),
    "explain": Entry(FACTS, "explain", "explain", "explorer explain lambda.timeout"),
    "limits": Entry(FACTS, "facts", "limits", "explorer limits function-url"),
    "prices": Entry(FACTS, "facts", "prices", "explorer prices lambda.request --region eu-west-1"),
    "app": Entry(SCREENS, "app", "run", "explorer app statements"),
    "mcp": Entry(SCREENS, "mcp", "mcp", "explorer mcp"),
    "lab": Entry(SCREENS, "lab", "lab", "explorer lab"),
}


class Explorer(Commands):
    """The group of all commands; each is imported when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, in the order of `--help`."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command with a name; None if there is none."""
        return command(cmd_name) if cmd_name in COMMANDS else None


@cache
def command(name: str) -> Any:
    """The Click command of an entry; imports its module."""
    entry = COMMANDS[name]
    body = getattr(import_module(f"explorer.cli.commands.{entry.module}"), entry.attribute)
    if not isinstance(body, typer.Typer):
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
        alone.command(name, cls=Command)(body)
        body = alone
    click_command = typer.main.get_command(body)
    click_command.name, click_command.rich_help_panel = name, entry.group  # type: ignore[attr-defined]
    click_command.epilog = f"Example: [bold]{entry.example}[/bold]"
    for each in _every(click_command):
        each.params += _everywhere()
    return click_command


def _every(click_command: Any) -> Iterator[Any]:
    """A command, or a group and its commands."""
    yield click_command
    for inner in getattr(click_command, "commands", {}).values():
        yield from _every(inner)


def _everywhere() -> list[Any]:
    """The options shared by all commands."""
    alone = typer.Typer(add_completion=False)
    alone.command()(_no_command)
    options = [option for option in typer.main.get_command(alone).params if option.name != "help"]
    for option in options:
        option.expose_value = False
    return options


def _no_command(quiet: Quiet = False, no_color: NoColour = False, version: Version = False) -> None:
    """A dummy command; its options are added to every command."""


app = typer.Typer(
    cls=Explorer,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """The entry point of `explorer`."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115  (closed: nothing to read)
    gc.set_threshold(100_000)  # cycle searches take a tenth of a short command's time
    app()


@app.callback(
    invoke_without_command=True,
    epilog="Begin: [bold]explorer recommend statements[/bold]; your own: [bold]explorer init[/bold].",
)
def explorer(
    context: typer.Context,
    version: Version = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Whether an API fits AWS Lambda, from numbers, and what to build when it does not."""
    if context.invoked_subcommand is None:
        context.get_help()
        raise typer.Exit
