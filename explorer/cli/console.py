"""Conventions of the command line: exit codes, errors in one line, options shared by commands."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from explorer.errors import CloudError, ExplorerError, MissingExtraError, WorkloadError
from explorer.facts.key_value import format_pair
from explorer.facts.suggestions import did_you_mean, suggest

from .manners import manners, visible

if TYPE_CHECKING:
    from explorer.workload.workload import Workload


NO, BAD_INPUT, CLOUD_FAILED, INTERRUPTED, NOBODY_READS = 1, 2, 3, 130, 141
STANDARD = "-"  # standard input for an input file, standard output for an output file


VALUES = {"int": "N", "float": "NUMBER", "path": "FILE"}  # of an option, by its type


def _with_plain_values(params: list[Any]) -> list[Any]:
    """The same options; the help shows what a value is, in words, and nothing for a switch or an argument."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
        elif param.param_type_name == "argument":
            param.display_type_rich = lambda **_: None  # its name says it already
        elif param.metavar is None:
            param.metavar = next((word for kind, word in VALUES.items() if kind in _type_of(param)), "TEXT")
    return params


def _type_of(param: Any) -> str:
    """The type of an option's value; versions of Typer have it in different places."""
    annotation = getattr(getattr(param, "type_descriptor", None), "annotation", "")
    return f"{getattr(param, 'type', '')} {annotation}".lower()


class Command(TyperCommand):
    """One command."""

    def get_params(self, ctx: Any) -> Any:
        """Its options and arguments, with `--help`."""
        return _with_plain_values(super().get_params(ctx))


class Commands(TyperGroup):
    """The group of commands; prints every error in one line."""

    def get_params(self, ctx: Any) -> Any:
        """Its options, with `--help`."""
        return _with_plain_values(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command by name; for an unknown one, suggest the nearest and list all."""
        commands = self.list_commands(ctx)
        if args and args[0] not in commands:
            raise ExplorerError(f'"{args[0]}" is not a command{suggest(args[0], commands)}')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a closed pipe (`explorer prices | head`) is no error."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(NOBODY_READS) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        return result

    def main(self, args: Sequence[str] | None = None, *others: Any, **extra: Any) -> Any:
        """Run, and exit with the answer's code."""
        words = list(sys.argv[1:] if args is None else args)
        colours, manners.quiet = os.environ.get("NO_COLOR"), False
        try:
            code = super().main(
                words, *others, **{**extra, "prog_name": "explorer", "standalone_mode": False}
            )
        except (ExplorerError, OSError, UnicodeError) as error:
            code = print_error(_line(error))
            code = CLOUD_FAILED if isinstance(error, CloudError) else code
        except ImportError as error:
            code = print_error(str(_missing(error, words)))
        except Exception as error:
            if not hasattr(error, "format_message"):  # an error not from Typer
                raise
            command = getattr(getattr(error, "ctx", None), "command_path", "explorer")
            code = print_error(f"{_usage(error, words)}. See: {command} --help")
        finally:
            if colours is None:
                os.environ.pop("NO_COLOR", None)
        sys.exit(code if isinstance(code, int) else 0)


def print_error(line: str) -> int:
    """Print an error in one line on standard error; returns the exit code for bad input."""
    print("error: " + visible(" ".join(line.split())), file=sys.stderr)
    return BAD_INPUT


def _line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _missing(error: ImportError, words: Sequence[str]) -> MissingExtraError:
    """The message for an import that failed; re-raise if the library belongs to no extra."""
    from explorer.facts.extras import missing_error, missing_library

    library = missing_library(error)
    if library is None:
        raise error
    command = next((word for word in words if not word.startswith("-")), "")
    return missing_error(f"explorer {command}".strip(), [library])


def _usage(error: Any, words: Sequence[str]) -> str:
    """The message for wrong usage: the option as typed, its value, what is accepted."""
    option = getattr(error, "option_name", "")
    if option and hasattr(error, "possibilities"):
        names = [name for param in error.ctx.command.params for name in param.opts] if error.ctx else []
        return f"No such option: {option}{did_you_mean(option, [*names, '--help'])}"
    param = getattr(error, "param", None)
    typed = _typed_option(words, [*param.opts, *param.secondary_opts]) if param is not None else None
    accepted = _accepted_range(error.message, param) if typed else ""
    if typed and accepted:
        return f"""'{typed[0]}' is "{typed[1]}": expected {accepted}"""
    return str(error.format_message()).rstrip(".")


def _typed_option(words: Sequence[str], names: Sequence[str]) -> tuple[str, str] | None:
    """An option as it was typed, and its value; the last one if it occurs several times."""
    match = None
    for i, word in enumerate(words):
        name, equals, value = word.partition("=")
        short = next((n for n in names if len(n) == 2 and word.startswith(n) and word != n), None)
        if word in names and i + 1 < len(words):
            match = (word, words[i + 1])
        elif equals and name in names:
            match = (name, value)
        elif short and not word.startswith("--"):
            match = (short, word[2:])
    return match


def _accepted_range(message: str, param: Any) -> str:
    """The valid values of a numeric option: both ends of its range."""
    least, most = (getattr(param, end, None) for end in ("min", "max"))
    kind = getattr(param, "type", None)  # older versions of Typer have the ends in other places
    least = getattr(kind, "min", None) if least is None else least
    most = getattr(kind, "max", None) if most is None else most
    numbers = f"{message.lower()} {_type_of(param)}"
    is_range = least is not None or most is not None
    if not (is_range or re.search("integer|number|float", numbers)):
        return ""
    noun = "a whole number" if re.search(r"\bint(eger|range)?\b", numbers) else "a number"
    if least is not None and most is not None:
        return f"{noun} from {least} to {most}"
    if is_range:
        return f"{noun}, {least} or more" if least is not None else f"{noun}, {most} or less"
    return noun


def regions(incomplete: str) -> list[str]:
    """Region names with this prefix, for completion."""
    from explorer.facts import catalogue

    return [region for region in catalogue.regions() if region.startswith(incomplete)]


def designs(incomplete: str) -> list[str]:
    """Completions of "door=http-api,resp": the remaining concerns with their options."""
    from explorer.engine.designs import OPTIONS

    before, comma, _ = incomplete.rpartition(",")
    concerns = {choice.partition("=")[0] for choice in before.split(",")}
    free = [format_pair(c, o) for c, options in OPTIONS.items() if c not in concerns for o in options]
    return [f"{before}{comma}{choice}" for choice in free]


def load_workload(path: Path, region: str | None = None, fields: Sequence[str] | None = None) -> Workload:
    """Load a workload from a file or standard input, or an example by name; `region` may replace its own.

    Parameters: `fields`, the changes of `--set`.
    """
    from explorer.workload.workload import EXPECTED, Workload, examples

    changes = {}
    if fields:
        from .assignments import changes as read

        changes = read(fields)
    is_example = path.name == str(path) and path.name in examples()
    if os.path.isdir(path) and not is_example:
        raise ExplorerError(f"{path}: is a folder; expected {EXPECTED}")
    try:
        if str(path) == STANDARD:
            workload = Workload.from_toml(standard_input(EXPECTED), "standard input", changes=changes)
        else:
            workload = Workload.load(path, changes)
    except WorkloadError as error:
        raise _set_wrongly(error, changes) or error from None
    return workload if region is None else workload.replace(region=region)


def check_standard_input(paths: Iterable[Path | str]) -> None:
    """Raise ExplorerError if standard input is named twice: it can be read once."""
    if [str(path) for path in paths].count(STANDARD) > 1:
        raise ExplorerError("- is there twice: expected it once, as standard input can be read once")


def standard_input(expected: str) -> str:
    """Standard input as text. Raises ExplorerError unless it is UTF-8."""
    from explorer.facts.text_file import decode

    source = getattr(sys.stdin, "buffer", None)
    return decode(source.read(), "standard input", expected) if source else sys.stdin.read()


def _set_wrongly(error: WorkloadError, changes: dict[str, Any]) -> WorkloadError | None:
    """The same error, with `--set` in its message if one of its `changes` has the field."""
    _, _, message = str(error).partition(": ")
    field = message.split(" ")[0]
    is_set = any(
        field == name
        or field.startswith(f"{name}.")
        or (name.startswith(f"{field}.") and f'"{name.removeprefix(f"{field}.")}"' in message)
        for name in changes
    )
    return WorkloadError(f"--set: {message}") if is_set else None


def known_region(region: str | None) -> str | None:
    """The region if it is known; else raise an error that lists the known ones."""
    if region is not None:
        from explorer.facts import catalogue

        catalogue.check_region(region)
    return region


def only_switch(switch: bool) -> bool:
    """The callback of `-q`."""
    manners.set_quiet(switch)
    return switch


def without_colour(switch: bool) -> bool:
    """The callback of `--no-color`: has the effect of NO_COLOR for this run."""
    if switch:
        os.environ["NO_COLOR"] = "1"
    return switch


def print_version(switch: bool) -> None:
    """The callback of `--version`."""
    if switch:
        from explorer.facts.version import __version__

        print(f"explorer {__version__}")
        raise typer.Exit


EVERYWHERE = "For every command"
Version = Annotated[
    bool,
    typer.Option(
        "-V",
        "--version",
        help="Print the version.",
        callback=print_version,
        is_eager=True,
        rich_help_panel=EVERYWHERE,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "-q",
        "--quiet",
        help="Less: no progress, notes or hints; of recommend, the design alone.",
        callback=only_switch,
        is_eager=True,
        rich_help_panel=EVERYWHERE,
    ),
]
NoColour = Annotated[
    bool,
    typer.Option(
        "--no-color",
        help="No colours, as with NO_COLOR set.",
        callback=without_colour,
        is_eager=True,
        rich_help_panel=EVERYWHERE,
    ),
]
Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="A field of the workload, in place of the file's: response.p99='9 MB'; may be given again.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
WorkloadFile = Annotated[
    Path, typer.Argument(metavar="WORKLOAD", help="In TOML, or an example's name; - reads standard input.")
]
Region = Annotated[
    str | None,
    typer.Option(
        metavar="REGION",
        help="Prices of this region.",
        autocompletion=regions,
        callback=known_region,
    ),
]


def out(
    answer: Any, as_json: bool, draw: Callable[..., Iterable[Any]] | None = None, *arguments: Any
) -> None:
    """Print the answer as JSON, or as the lines and tables that `draw` makes from `arguments`."""
    if as_json:
        print(json.dumps(plain(answer), indent=2, allow_nan=False))
    elif draw is not None:
        from . import tables

        tables.show(draw(*arguments))


def plain(value: Any) -> Any:
    """`value` as JSON types; NaN and infinity become null."""
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
