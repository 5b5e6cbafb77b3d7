"""The command line: arguments in; tables, JSON or one line out; an exit code.

0 done, 1 the answer is no, 2 bad input (one line on standard error). A command's module is imported
when the command is called: what it does not use costs it no time.
"""

from __future__ import annotations

import gc
import os
import sys
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer

from explorer.facts.version import __version__

from .console import Commands

COMMANDS = {  # in the order of `--help`: the module of `commands` and what it calls the command
    "init": ("init", "init"),
    "recommend": ("recommend", "recommend"),
    "assess": ("assess", "assess"),
    "forecast": ("forecast", "forecast"),
    "bill": ("bill", "bill"),
    "limits": ("facts", "limits"),
    "prices": ("facts", "prices"),
    "explain": ("explain", "explain"),
    "lab": ("lab", "lab"),
    "report": ("report", "report"),
    "check": ("check", "check"),
    "ingest": ("ingest", "ingest"),
    "simulate": ("simulate", "simulate"),
    "sweep": ("sweep", "sweep"),
    "sensitivity": ("sensitivity", "sensitivity"),
    "app": ("app", "run"),
    "deploy": ("deploy", "deploy"),
    "bench": ("bench", "bench"),
    "destroy": ("deploy", "destroy"),
    "stacks": ("deploy", "stacks"),
    "export": ("deploy", "export"),
    "cloud": ("cloud", "local"),
}


class Explorer(Commands):
    """All commands, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, in the order of `--help`."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; None if there is none."""
        return command(cmd_name) if cmd_name in COMMANDS else None


@cache
def command(name: str) -> Any:
    """A command as Click runs it; its module is imported here."""
    module, attribute = COMMANDS[name]
    body = getattr(import_module(f"explorer.cli.commands.{module}"), attribute)
    if not isinstance(body, typer.Typer):
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
        alone.command(name)(body)
        body = alone
    made = typer.main.get_command(body)
    made.name = name
    return made


app = typer.Typer(cls=Explorer, pretty_exceptions_enable=False, rich_markup_mode="rich")


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
