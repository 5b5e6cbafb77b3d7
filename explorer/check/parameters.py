"""Values for the parameters of a template: from the command line, samconfig or parameter files.

A template without such values is checked with the defaults of its parameters. If there are values for
several environments, it is checked once for each, and the worst verdict counts.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.errors import ExplorerError
from explorer.facts.suggestions import expected_one_of

from .nodes import Map, mapping, sequence, text
from .parse import ParseError, parse

SAMCONFIG = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")
COMMANDS = ("deploy", "sync", "global")  # sections of a samconfig; the first with parameters counts
FOLDERS = ("", "parameters", "params")  # folders relative to a template that may hold parameter files
FILE = re.compile(r"(file://|@)?(?P<path>.+\.(json|ya?ml))", re.IGNORECASE)
PAIR = re.compile(r"ParameterKey=(?P<name>[^,]+),ParameterValue=(?P<value>.*)", re.DOTALL)
NOT_SHOWN = " (not shown, it may be secret)"
MOST_BYTES = 64 << 10  # the largest size of a parameter file


@dataclass(frozen=True)
class Values:
    """Values of parameters by name, and the origin of all and of each, such as "prod in samconfig.toml"."""

    values: Mapping[str, Any]
    origin: str = ""
    origins: Mapping[str, str] = field(default_factory=dict)

    def with_values(self, own: Mapping[str, Any], origin: str) -> Values:
        """A copy in which `own` replaces values of the same name."""
        origins = {**dict.fromkeys(self.values, self.origin), **dict.fromkeys(own, origin)}
        return Values({**self.values, **own}, self.origin, origins)


def from_options(options: Iterable[str]) -> Values:
    """The values of the `--parameter` options.

    Parameters
    ----------
    options
        `NAME=VALUE`, or the path of a parameter file; the last value of a name counts.

    Raises
    ------
    ExplorerError
        An option is neither of these, or the file holds no parameters.

    Examples
    --------
    >>> dict(from_options(["Wait=300", "Stage=prod"]).values)
    {'Wait': '300', 'Stage': 'prod'}
    """
    values: dict[str, Any] = {}
    for place, option in enumerate(options, start=1):
        name, has_value, value = option.partition("=")
        file = FILE.fullmatch(option)
        if has_value and re.fullmatch(r"[A-Za-z0-9]+", name.strip()):
            values[name.strip()] = value
        elif file:
            values |= _of_named_file(Path(file["path"]))
        else:
            raise ExplorerError(
                f"--parameter, the {place}. of them{NOT_SHOWN}, is not taken: expected NAME=VALUE, with"
                " a name of letters and digits, or a parameter file such as prod.json"
            )
    return Values(values, "--parameter")


def _of_named_file(path: Path) -> dict[str, Any]:
    try:
        values = in_file(path, is_named=True)
    except OSError as error:
        raise ExplorerError(f"--parameter {path}: {error.strerror or 'cannot be read'}") from None
    except (ParseError, ValueError) as error:
        raise ExplorerError(f"--parameter {path}: {error}") from None
    if values is None:
        raise ExplorerError(
            f"--parameter {path}: holds no parameters: expected"
            ' [{"ParameterKey": ..., "ParameterValue": ...}], {"Parameters": {NAME: VALUE}} or {NAME: VALUE}'
        )
    return values


def refuse_values(parameters: Map, arguments: Values) -> None:
    """Reject a value outside a template's AllowedValues. Raises ExplorerError; the message omits it."""
    for name, value in arguments.values.items():
        allowed = sequence(mapping(parameters.get(name)).get("AllowedValues"))
        accepted = [text(one) or "" for one in allowed]
        if accepted and (text(value) or "") not in accepted:
            raise ExplorerError(
                f"{arguments.origin} {name}: its value{NOT_SHOWN} is not allowed: {expected_one_of(accepted)}"
            )


# What lies beside a template ----------------------------------------------------------------------


class ParameterFiles:
    """Reads samconfig and parameter files that lie beside templates, each file once."""

    def __init__(self) -> None:
        self._environments: dict[Path, list[tuple[str, dict[str, Any], dict[str, Any]]]] = {}
        self._files: dict[Path, list[tuple[str, dict[str, Any]]]] = {}

    def of(self, template: Path, names: Iterable[str]) -> list[Values]:
        """The values for a template, one set for each environment.

        Parameters
        ----------
        template
            The path of the template.
        names
            The parameters of the template. A parameter file counts if all its names are among these.

        Raises
        ------
        ExplorerError
            The samconfig cannot be read.
        """
        declared = set(names)
        if not declared:
            return []
        environments = [values for values in self._samconfig(template) if declared & values.values.keys()]
        folder = template.parent.absolute()
        if folder not in self._files:
            self._files[folder] = list(_files_of(folder))
        return environments + [
            Values(values, name) for name, values in self._files[folder] if values.keys() <= declared
        ]

    def _samconfig(self, template: Path) -> Iterator[Values]:
        """The parameter_overrides of each environment that deploys the template."""
        template = template.absolute()
        for above in template.parents:
            path = next((above / name for name in SAMCONFIG if (above / name).is_file()), None)
            if path:
                if path not in self._environments:
                    self._environments[path] = list(_environments(path))
                for name, settings, values in self._environments[path]:
                    template_name = settings.get("template_file") or settings.get("template")
                    own = above / template_name if isinstance(template_name, str) else above / template.name
                    if os.path.normpath(own) == os.path.normpath(template):
                        yield Values(values, f"{name} in {path.name}")
                return
            if (above / ".git").exists():
                return


def _environments(path: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The environments of a samconfig: name, settings, parameter values."""
    try:
        content = path.read_text(encoding="utf-8-sig")
        tree = tomllib.loads(content) if path.suffix == ".toml" else _plain(parse(content))
    except (OSError, ValueError, ParseError) as error:
        raise ExplorerError(f"{path.name} beside it cannot be read: {str(error).splitlines()[0]}") from None
    for name, commands in (tree if isinstance(tree, dict) else {}).items():
        settings: dict[str, Any] = {}
        for command in reversed(COMMANDS):  # the section of a command overrides `global`
            inner = commands.get(command) if isinstance(commands, dict) else None
            own = inner.get("parameters") if isinstance(inner, dict) else None
            settings |= own if isinstance(own, dict) else {}
        if values := overrides(settings.get("parameter_overrides")):
            yield name, settings, values


def overrides(setting: Any) -> dict[str, Any]:
    """Parse SAM's parameter_overrides: `A=1 B=2`, `ParameterKey=A,ParameterValue=1`, a list, a table."""
    if isinstance(setting, dict):
        return {str(name): _scalar(value) for name, value in setting.items()}
    parts = setting if isinstance(setting, list) else [setting]
    words: list[str] = []
    for part in parts:
        try:
            words += shlex.split(part) if isinstance(part, str) else []
        except ValueError:  # an unclosed quotation mark
            words += part.split()
    values = {}
    for word in words:
        pair = PAIR.fullmatch(word)
        name, has_value, value = (pair["name"], "=", pair["value"]) if pair else word.partition("=")
        if has_value:
            values[name] = value
    return values


def _files_of(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parameter files of a folder: the values of each by file name."""
    for inner in FOLDERS:
        try:
            names = sorted(entry.name for entry in os.scandir(folder / inner) if entry.name.endswith(".json"))
        except OSError:
            continue
        for name in names:
            path = folder / inner / name
            try:
                values = in_file(path) if path.stat().st_size <= MOST_BYTES else None
            except (OSError, ValueError, ParseError):
                continue  # the check of the file itself reports this error
            if values:
                yield path.relative_to(folder).as_posix(), values


def in_file(path: Path, is_named: bool = False) -> dict[str, Any] | None:
    """The values of a parameter file; None if the file is no parameter file.

    Parameters
    ----------
    path
        JSON or YAML, in the form of the AWS CLI, CodePipeline or rain.
    is_named
        Whether the user named the file as a parameter file: then a plain mapping of names counts too.
    """
    content = path.read_text(encoding="utf-8-sig")
    if not is_named and "Parameter" not in content:
        return None
    tree = _plain(parse(content)) if path.suffix.lower() != ".json" else json.loads(content)
    return _values(tree, is_named)


def _values(tree: Any, is_named: bool) -> dict[str, Any] | None:
    if isinstance(tree, list):
        pairs = [one for one in tree if isinstance(one, dict) and "ParameterKey" in one]
        if pairs:
            return {str(one["ParameterKey"]): _scalar(one.get("ParameterValue")) for one in pairs
                    if "ParameterValue" in one}  # fmt: skip
        texts = [one for one in tree if isinstance(one, str) and "=" in one]
        return overrides(texts) if is_named and texts else None
    if not isinstance(tree, dict) or "Resources" in tree:
        return None
    inner = tree.get("Parameters")
    if isinstance(inner, list):
        return _values(inner, is_named)
    if isinstance(inner, dict):
        if any(isinstance(one, dict) for one in inner.values()):
            return None  # a declaration of a parameter, as in a template, and not a value
        return {str(name): _scalar(value) for name, value in inner.items()}
    if is_named and tree and not any(isinstance(one, dict) for one in tree.values()):
        return {str(name): _scalar(value) for name, value in tree.items()}
    return None


def _scalar(value: Any) -> Any:
    """The text of a parameter value; a list is joined with commas."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(str(_scalar(one)) for one in value)
    return "" if value is None else str(value)


def _plain(tree: Any) -> Any:
    """Convert a tree of `nodes` to plain dicts and lists."""
    if isinstance(tree, dict):
        return {name: _plain(inner) for name, inner in tree.items()}
    return [_plain(inner) for inner in tree] if isinstance(tree, list) else tree
