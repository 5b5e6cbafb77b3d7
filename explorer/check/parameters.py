"""Values for the parameters of a template: on the command line, by samconfig, in parameter files.

A template that has no such values is judged with the defaults of its parameters. Where there are values
for several environments it is judged once for each, and the worst counts.
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
COMMANDS = ("deploy", "sync", "global")  # of a samconfig, whose parameters count; the first that has them
FOLDERS = ("", "parameters", "params")  # beside a template, where parameter files lie
FILE = re.compile(r"(file://|@)?(?P<path>.+\.(json|ya?ml))", re.IGNORECASE)
PAIR = re.compile(r"ParameterKey=(?P<name>[^,]+),ParameterValue=(?P<value>.*)", re.DOTALL)
MOST_BYTES = 64 << 10  # of a parameter file


@dataclass(frozen=True)
class Values:
    """Values of parameters by name, and where all and each come from, such as "prod in samconfig.toml"."""

    values: Mapping[str, Any]
    origin: str = ""
    origins: Mapping[str, str] = field(default_factory=dict)

    def with_values(self, own: Mapping[str, Any], origin: str) -> Values:
        """These, and `own` ones that win over them."""
        origins = {**dict.fromkeys(self.values, self.origin), **dict.fromkeys(own, origin)}
        return Values({**self.values, **own}, self.origin, origins)


def from_options(options: Iterable[str]) -> Values:
    """What `--parameter` says.

    Parameters
    ----------
    options
        `NAME=VALUE`, or the path of a parameter file; of two values of one name the later counts.

    Raises
    ------
    ExplorerError
        An option is neither, or the file holds no parameters.

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
                f"--parameter, the {place}. of them, is not taken: expected NAME=VALUE, with a name of"
                " letters and digits, or a parameter file such as prod.json"
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
    """Refuse a value that a template's AllowedValues do not have. Raises ExplorerError, without the value."""
    for name, value in arguments.values.items():
        allowed = sequence(mapping(parameters.get(name)).get("AllowedValues"))
        accepted = [text(one) or "" for one in allowed]
        if accepted and (text(value) or "") not in accepted:
            raise ExplorerError(
                f"{arguments.origin} {name}: {expected_one_of(accepted)}, as its AllowedValues say"
            )


# What lies beside a template ----------------------------------------------------------------------


class Beside:
    """What samconfig and parameter files say of the templates that lie beside them; each is read once."""

    def __init__(self) -> None:
        self._environments: dict[Path, list[tuple[str, dict[str, Any], dict[str, Any]]]] = {}
        self._files: dict[Path, list[tuple[str, dict[str, Any]]]] = {}

    def of(self, template: Path, names: Iterable[str]) -> list[Values]:
        """The values that there are for a template, one for each environment.

        Parameters
        ----------
        template
            The path of the template.
        names
            Its parameters. A parameter file counts where it holds some of these and no others.

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
        """The parameter_overrides of each environment that deploys a template."""
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
    """The environments of a samconfig: name, settings, values of parameters."""
    try:
        content = path.read_text(encoding="utf-8-sig")
        tree = tomllib.loads(content) if path.suffix == ".toml" else _plain(parse(content))
    except (OSError, ValueError, ParseError) as error:
        raise ExplorerError(f"{path.name} beside it cannot be read: {str(error).splitlines()[0]}") from None
    for name, commands in (tree if isinstance(tree, dict) else {}).items():
        settings: dict[str, Any] = {}
        for command in reversed(COMMANDS):  # what a command says wins over what holds for all
            inner = commands.get(command) if isinstance(commands, dict) else None
            own = inner.get("parameters") if isinstance(inner, dict) else None
            settings |= own if isinstance(own, dict) else {}
        if values := overrides(settings.get("parameter_overrides")):
            yield name, settings, values


def overrides(setting: Any) -> dict[str, Any]:
    """SAM's parameter_overrides: `A=1 B=2`, `ParameterKey=A,ParameterValue=1`, a list of these, a table."""
    if isinstance(setting, dict):
        return {str(name): _scalar(value) for name, value in setting.items()}
    parts = setting if isinstance(setting, list) else [setting]
    words: list[str] = []
    for part in parts:
        try:
            words += shlex.split(part) if isinstance(part, str) else []
        except ValueError:  # a quotation that does not end
            words += part.split()
    values = {}
    for word in words:
        pair = PAIR.fullmatch(word)
        name, has_value, value = (pair["name"], "=", pair["value"]) if pair else word.partition("=")
        if has_value:
            values[name] = value
    return values


def _files_of(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parameter files of a folder, by their names in it, each with its values."""
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
                continue  # what it is and whether it can be read, the check of the file itself says
            if values:
                yield path.relative_to(folder).as_posix(), values


def in_file(path: Path, is_named: bool = False) -> dict[str, Any] | None:
    """The values of a parameter file, None if it is none.

    Parameters
    ----------
    path
        JSON or YAML, as the AWS CLI, CodePipeline and rain have it.
    is_named
        Whether the user named it as one: a plain mapping of names to values counts as well then.
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
            return None  # declared, as in a template, not given
        return {str(name): _scalar(value) for name, value in inner.items()}
    if is_named and tree and not any(isinstance(one, dict) for one in tree.values()):
        return {str(name): _scalar(value) for name, value in tree.items()}
    return None


def _scalar(value: Any) -> Any:
    """A value as a parameter has it: text, lists with commas."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(str(_scalar(one)) for one in value)
    return "" if value is None else str(value)


def _plain(tree: Any) -> Any:
    """A tree of `nodes` as plain dicts and lists."""
    if isinstance(tree, dict):
        return {name: _plain(inner) for name, inner in tree.items()}
    return [_plain(inner) for inner in tree] if isinstance(tree, list) else tree
