"""The command line's manners: exit codes, mistakes in one line, options that many commands take."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from explorer.errors import CloudError, ExplorerError
from explorer.facts.key_value import format_pair
from explorer.facts.suggestions import expected_one_of

if TYPE_CHECKING:
    from explorer.workload.workload import Workload


NO, BAD_INPUT, CLOUD_FAILED, INTERRUPTED, NOBODY_READS = 1, 2, 3, 130, 141


class Commands(TyperGroup):
    """The commands, with every mistake said in one line."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is asked for; an unknown one is answered with those that exist."""
        known = self.list_commands(ctx)
        if args and args[0] not in known:
            raise ExplorerError(f'"{args[0]}" is not a command: {expected_one_of(known)}')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a reader who went away (`explorer prices | head`) is no error."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(NOBODY_READS) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        return result

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, and exit with the code of the answer."""
        try:
            code = super().main(*args, **{**extra, "prog_name": "explorer", "standalone_mode": False})
        except (ExplorerError, OSError, UnicodeError) as error:
            code = refused(_line(error))
            code = CLOUD_FAILED if isinstance(error, CloudError) else code
        except Exception as error:
            if not hasattr(error, "format_message"):  # not one of Typer's own
                raise
            asked = getattr(getattr(error, "ctx", None), "command_path", "explorer")
            code = refused(f"{error.format_message().rstrip('.')}. See: {asked} --help")
        sys.exit(code if isinstance(code, int) else 0)


def refused(line: str) -> int:
    """Say what is wrong, in one line."""
    print("error: " + " ".join(line.split()), file=sys.stderr)
    return BAD_INPUT


def _line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def regions(incomplete: str) -> list[str]:
    from explorer.facts import catalogue

    return [region for region in catalogue.regions() if region.startswith(incomplete)]


def designs(incomplete: str) -> list[str]:
    """What may follow in "door=http-api,resp": the other concerns with their options."""
    from explorer.engine.designs import OPTIONS

    before, comma, _ = incomplete.rpartition(",")
    chosen = {choice.partition("=")[0] for choice in before.split(",")}
    free = [format_pair(c, o) for c, options in OPTIONS.items() if c not in chosen for o in options]
    return [f"{before}{comma}{choice}" for choice in free]


def loaded(path: Path, region: str | None = None) -> Workload:
    """The workload of a file, or the example of a name, in its own region or another."""
    from explorer.workload.workload import Workload, examples

    is_example = path.name == str(path) and path.name in examples()
    if os.path.isdir(path) and not is_example:
        raise ExplorerError(f"{path}: is a folder; expected a workload in TOML")
    workload = Workload.load(path)
    return workload if region is None else workload.replace(region=region)


def known_region(region: str | None) -> str | None:
    if region is not None:
        from explorer.facts import catalogue

        catalogue.check_region(region)
    return region


Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
WorkloadFile = Annotated[Path, typer.Argument(metavar="WORKLOAD", help="In TOML, or an example's name.")]
Region = Annotated[
    str | None,
    typer.Option(
        metavar="REGION",
        help="Prices of this region.",
        autocompletion=regions,
        callback=known_region,
    ),
]


def out(answer: Any, as_json: bool, draw: Callable[..., Iterable[Any]] | None = None, *shown: Any) -> None:
    """The answer as JSON, or what `draw` makes of `shown` for a person: lines and tables."""
    if as_json:
        print(json.dumps(plain(answer), indent=2, allow_nan=False))
    elif draw is not None:
        from . import tables

        tables.show(draw(*shown))


def plain(value: Any) -> Any:
    """`value` as JSON has it; what is not a number is null."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Path):
        return str(value)
    number = float(value)
    return number if abs(number) < float("inf") else None
