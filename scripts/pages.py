"""The pages of the documentation that are made when it is built, so that none can go stale.

A hook of MkDocs: the notebooks as they are stored, the commands from the command line itself, the
workload file from its model, limits and prices from `data/`. What one of them lacks ends the build.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from inspect import getclosurevars
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import nbformat
import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import explorer as ex
from explorer.cli.commands.facts import prices_in
from explorer.cli.main import app
from explorer.facts.units import format_size, format_time
from explorer.workload.distribution_field import Spread

ROOT = Path(__file__).resolve().parents[1]
STYLE = re.compile(r"<style scoped>.*?</style>\s*", re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the made pages, and the pictures of the notebooks."""
    made: dict[str, str | bytes] = {
        "reference/command-line.md": commands(),
        "reference/workload.md": workload_file(),
        "reference/limits.md": limits(),
        "reference/prices.md": prices(),
    }
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        made |= rendered(notebook)
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


# Notebooks ----------------------------------------------------------------------------------------


def rendered(path: Path) -> dict[str, str | bytes]:
    """A notebook as Markdown, with the outputs that it stores, and its pictures beside it."""
    notebook = nbformat.read(path, 4)
    names = {"output_files_dir": f"{path.stem}_files", "unique_key": path.stem}
    text, found = MarkdownExporter().from_notebook_node(notebook, resources=names)
    text = STYLE.sub("", text).replace(".ipynb)", ".md)")
    text = re.sub(r"!\[png\]", f"![Picture of {path.stem}]", text)
    beside = {f"notebooks/{name}": content for name, content in found["outputs"].items()}
    return {f"notebooks/{path.stem}.md": text, **beside}


# The command line ---------------------------------------------------------------------------------


def commands() -> str:
    """Every command with its arguments and options, from the command line itself."""
    lines = [
        "# Command line",
        "`explorer`, or `python -m explorer`. Every command takes `--json` and then prints JSON alone.",
        "| exit code | meaning |\n| --- | --- |\n| 0 | done |\n| 1 | the answer is no: nothing is feasible,"
        " a limit breaks, a job is lost |\n| 2 | bad input, with one line that says which |\n| 3 | the cloud"
        " refused or failed |",
    ]
    for name, command in walked(typer.main.get_command(app), "explorer"):
        lines += [f"## {name}", cell(command.help or "", " "), *_parameters(name, command)]
    return "\n\n".join(lines) + "\n"


def walked(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The commands of a group and of the groups in it, each with what is typed for it."""
    for word in command.list_commands(None):
        inner = command.get_command(None, word)
        if hasattr(inner, "list_commands"):
            yield from walked(inner, f"{name} {word}")
        elif not inner.hidden:
            yield f"{name} {word}", inner


def _parameters(name: str, command: Any) -> Iterator[str]:
    shown = [p for p in command.params if not getattr(p, "hidden", False)]
    arguments = [p for p in shown if p.param_type_name == "argument"]
    usage = " ".join([name, *(_metavar(p) for p in arguments), "[OPTIONS]"])
    yield f"```text\n{usage}\n```"
    rows = [f"| {_written(p)} | {cell(getattr(p, 'help', '') or '')} | {_default(p)} |" for p in shown]
    yield "\n".join(["| | | default |", "| --- | --- | --- |", *rows])


def _metavar(parameter: Any) -> str:
    word = parameter.metavar or parameter.name.upper()
    word = word if parameter.nargs != -1 else f"{word}..."
    return word if parameter.required else f"[{word}]"


def _written(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    names = [*parameter.opts, *parameter.secondary_opts]
    if parameter.is_flag:
        return ", ".join(f"`{name}`" for name in names)
    value = str(parameter.metavar or parameter.name.upper()).replace("|", "\\|")
    return ", ".join(f"`{name}`" for name in names) + f" `{value}`"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    default = parameter.default
    if default is None or callable(default) or default in (False, "", (), []):
        return ""
    return "on" if default is True else f"`{default}`"


# The workload file --------------------------------------------------------------------------------


def workload_file() -> str:
    """Every field with what it accepts and its default, from the model, and a sentence of fields.toml."""
    told = tomllib.loads((ROOT / "docs" / "fields.toml").read_text(encoding="utf-8"))
    lines = [told.pop("page").strip()]
    own = {name: field for name, field in ex.Workload.model_fields.items() if _section(field) is None}
    lines += ["## At the top", _table(own, told.pop("workload"))]
    for name, field in ex.Workload.model_fields.items():
        section = _section(field)
        if section is None:
            continue
        heading = f"## `[{name}]`"
        fields = {key: inner for key, inner in section.model_fields.items() if key != "spread"}
        sentences = told.pop(name)
        lines += [heading, sentences.pop("is")]
        if issubclass(section, Spread):
            lines.append("One value, quantiles or samples: see [distributions](#distributions).")
        lines += [_table(fields, sentences)] if fields else []
    if told:
        raise PluginError(f"docs/fields.toml tells of what no workload has: {', '.join(told)}")
    return "\n\n".join(lines) + "\n"


def _section(field: Any) -> type[BaseModel] | None:
    """The table of the file that a field is, or None."""
    kinds = [field.annotation, *get_args(field.annotation)]
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)


def _table(fields: dict[str, Any], sentences: dict[str, str]) -> str:
    if set(fields) != set(sentences):
        raise PluginError(f"docs/fields.toml: expected {sorted(fields)}, found {sorted(sentences)}")
    rows = [
        f"| `{name}` | {cell(sentences[name])} | {cell(_accepts(field))} | {_given(name, field)} |"
        for name, field in fields.items()
    ]
    return "\n".join(["| field | what it is | accepts | default |", "| --- | --- | --- | --- |", *rows])


def _accepts(field: Any) -> str:
    """What the field's own validator says in its error."""
    kinds = [field.annotation, *get_args(field.annotation)]
    found = [*field.metadata, *(m for kind in kinds for m in getattr(kind, "__metadata__", ()))]
    for validator in found:
        if func := getattr(validator, "func", None):
            return str(getclosurevars(func).nonlocals["accepted"])
    choices = [c for kind in _flat(field.annotation) if get_origin(kind) is Literal for c in get_args(kind)]
    if choices:
        return ("any of " if "tuple" in str(field.annotation) else "") + ", ".join(f"`{c}`" for c in choices)
    if bool in kinds:
        return "`true` or `false`"
    return "a table of times" if _is_times(field) else "a time" if _section(field) else "text"


def _flat(kind: Any) -> Iterator[Any]:
    yield kind
    if get_origin(kind) is not Literal:
        for inner in get_args(kind):
            yield from _flat(inner)


def _is_times(field: Any) -> bool:
    return get_origin(field.annotation) is dict


def _given(name: str, field: Any) -> str:
    default = field.default if field.default is not PydanticUndefined else None
    if field.is_required():
        return "**asked for**"
    if default is None or default == ():
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if name in {"kept", "waits"}:
        return format_time(default)
    if name in {"state", "largest", "total"}:
        return format_size(default)
    return {"memory": "1769 MB", "bandwidth": "20 Mbit/s"}.get(name, f"`{default}`")


# The facts ----------------------------------------------------------------------------------------


def limits() -> str:
    """The table of limits by service, by id."""
    frame = ex.limits().sort_values(["service", "id"], kind="stable")
    lines = [
        "# Limits",
        f"All {len(frame)} limits of `data/limits.csv`. *Raise*: whether AWS raises it"
        " on request. An asterisk marks what could not be confirmed. `explorer limits TEXT` searches"
        " them, and"
        " `explorer limits --refresh` asks AWS again.",
    ]
    for service, rows in frame.groupby("service", sort=True):
        lines += [f"## {service}", "\n".join(_limits(rows))]
    return "\n\n".join(lines) + "\n"


def _limits(rows: Any) -> Iterator[str]:
    yield "| id | limit | value | raise | as of | source |\n| --- | --- | --- | --- | --- | --- |"
    for row in rows.to_dict("records"):
        star = "" if row["verified"] in (True, "yes") else "\\*"
        value = number(row["value"]) and f"{number(row['value'])} {row['unit']}{star}"
        yield (
            f"| `{row['id']}` | {cell(row['name'])} | {value} | {row['adjustable']} | {day(row['as_of'])}"
            f" | {link(row['source_url'])} |"
        )


def prices() -> str:
    """What is charged in us-east-1 today, and where else prices are known."""
    frame = ex.prices()
    regions = sorted(set(frame["region"]))
    now = prices_in("us-east-1").sort_values(["id", "tier_from"], kind="stable")
    lines = [
        "# Prices",
        f"The prices in force in us-east-1, from `data/prices.csv`: {len(frame):,} rows for {len(regions)}"
        " regions. A price is for one unit, a tier starts at a quantity, in units a month. A"
        " region without a price of its own takes that of us-east-1, marked `assumed`; a price of before"
        " 2026 is marked `stale` wherever it is used. `explorer prices --region REGION` prints another's.",
        "Regions: " + ", ".join(f"`{region}`" for region in regions) + ".",
    ]
    now = now.assign(service=now["id"].str.split(".").str[0])
    for service, rows in now.groupby("service", sort=True):
        lines += [f"## {service}", "\n".join(_prices(rows))]
    return "\n\n".join(lines) + "\n"


def _prices(rows: Any) -> Iterator[str]:
    yield "| id | unit | from | USD | as of | source |\n| --- | --- | --- | --- | --- | --- |"
    for row in rows.to_dict("records"):
        yield (
            f"| `{row['id']}` | {cell(row['unit'])} | {number(row['tier_from'])} |"
            f" {float(row['price_usd']):.12f}".rstrip("0").rstrip(".")
            + f" | {day(row['as_of'])} | {link(row['source'])} |"
        )


def number(value: Any) -> str:
    """A figure in full, with separators; nothing where AWS gives none."""
    if value is None or value != value:
        return ""
    return f"{float(value):,.10g}"


def day(value: Any) -> str:
    return str(value)[:10]


def link(source: Any) -> str:
    text = str(source or "")
    if not text.startswith("http"):
        return cell(text)
    return f"[{text.split('/')[2].removeprefix('www.')}]({text.replace('|', '%7C')})"


def cell(text: str, between: str = " ") -> str:
    """Text that stays within one cell of a table."""
    text = between.join(str(text).split()).replace("|", "\\|")
    return re.sub(r"<(?=\w)", "&lt;", text)
