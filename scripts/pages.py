"""Pages of the documentation that are generated at build time, so that they are always current.

A hook of MkDocs: the notebooks with stored outputs, the commands from the command line itself, the workload
file from its fields, limits and prices from `data/`. A missing input fails the build.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

import explorer as ex
from explorer.cli.commands.facts import prices_in
from explorer.cli.main import COMMANDS, app
from explorer.workload.distribution_field import Spread
from explorer.workload.field_record import REQUIRED, Field
from explorer.workload.fields import FIELDS

ROOT = Path(__file__).resolve().parents[1]
STYLE = re.compile(r"<style scoped>.*?</style>\s*", re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and the pictures of the notebooks."""
    pages: dict[str, str | bytes] = {
        "reference/command-line.md": commands(),
        "reference/workload.md": workload_file(),
        "reference/limits.md": limits(),
        "reference/prices.md": prices(),
    }
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        pages |= rendered(notebook)
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


# Notebooks ----------------------------------------------------------------------------------------


def rendered(path: Path) -> dict[str, str | bytes]:
    """A notebook as Markdown, with its stored outputs, and its pictures beside it."""
    notebook = nbformat.read(path, 4)
    names = {"output_files_dir": f"{path.stem}_files", "unique_key": path.stem}
    text, resources = MarkdownExporter().from_notebook_node(notebook, resources=names)
    text = STYLE.sub("", text).replace(".ipynb)", ".md)").replace("<th></th>", "<td></td>")
    text = re.sub(r"!\[png\]", f"![Picture of {path.stem}]", text)
    beside = {f"notebooks/{name}": content for name, content in resources["outputs"].items()}
    return {f"notebooks/{path.stem}.md": text, **beside}


# The command line ---------------------------------------------------------------------------------


def commands() -> str:
    """Every command with its arguments and options, from the command line itself."""
    lines = [
        "# Command line",
        "`explorer`, or `python -m explorer`. Every command takes `--json` and then prints JSON alone; `-h`"
        " shows its help with an example; `-V`; `-q` leaves out progress, notes and hints; `--no-color` is"
        " the same as NO_COLOR. `-` in place of a file is standard input, or standard output.",
        "| exit code | meaning |\n| --- | --- |\n| 0 | done |\n| 1 | the answer is no: nothing is feasible,"
        " a limit breaks, a job is lost |\n| 2 | bad input, with one line that says which |\n| 3 | the cloud"
        " refused or failed |",
    ]
    for name, command in walked(typer.main.get_command(app), "explorer"):
        example = COMMANDS.get(name.removeprefix("explorer "))
        lines += [f"## {name}", cell(command.help or "", " "), *_parameters(name, command)]
        lines += [f"```sh\n{example.example}\n```"] if example else []
    return "\n\n".join(lines) + "\n"


def walked(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The commands of a group and of its subgroups, each with the text to type."""
    for word in command.list_commands(None):
        inner = command.get_command(None, word)
        if hasattr(inner, "list_commands"):
            yield from walked(inner, f"{name} {word}")
        elif not inner.hidden:
            yield f"{name} {word}", inner


def _parameters(name: str, command: Any) -> Iterator[str]:
    everywhere = {"quiet", "no_color", "version", "help"}  # described once, for all commands
    parameters = [p for p in command.params if not getattr(p, "hidden", False) and p.name not in everywhere]
    arguments = [p for p in parameters if p.param_type_name == "argument"]
    usage = " ".join([name, *(_metavar(p) for p in arguments), "[OPTIONS]"])
    yield f"```text\n{usage}\n```"
    rows = [f"| {_usage(p)} | {cell(getattr(p, 'help', '') or '')} | {_default(p)} |" for p in parameters]
    yield "\n".join(["| argument or option | what it is | default |", "| --- | --- | --- |", *rows])


def _metavar(parameter: Any) -> str:
    word = parameter.metavar or parameter.name.upper()
    word = word if parameter.nargs != -1 else f"{word}..."
    return word if parameter.required else f"[{word}]"


def _usage(parameter: Any) -> str:
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
    """Every field with its description, accepted values and default, appended to docs/workload-file.md."""
    lines = [(ROOT / "docs" / "workload-file.md").read_text(encoding="utf-8").strip()]
    lines += [
        "## At the top",
        _table(field for field in FIELDS if not field.section and not _is_table(field)),
    ]
    for field in filter(_is_table, FIELDS):
        lines += [f"## `[{field.path}]`", field.sentence]
        if field.table and issubclass(field.table, Spread):
            lines.append("One value, quantiles or samples: see [distributions](#distributions).")
        inner = [each for each in FIELDS if each.section == field.path]
        lines += [_table(inner)] if inner else []
    return "\n\n".join(lines) + "\n"


def _is_table(field: Field) -> bool:
    """Whether a top-level field has its own heading."""
    return bool(field.table) and not field.section


def _table(fields: Iterable[Field]) -> str:
    rows = [
        f"| `{field.name}` | {cell(field.sentence)} | {cell(_accepts(field))} | {_field_default(field)} |"
        for field in fields
    ]
    return "\n".join(["| field | what it is | accepts | default |", "| --- | --- | --- | --- |", *rows])


def _accepts(field: Field) -> str:
    if field.choices and not field.kind.options:
        return ("any of " if field.is_list else "") + ", ".join(f"`{choice}`" for choice in field.choices)
    return field.kind.accepted


def _field_default(field: Field) -> str:
    if field.default is REQUIRED:
        return "**asked for**"
    if field.default is None or field.default == () or callable(field.default):
        return ""
    if field.kind.schema in ("size", "time", "memory", "bandwidth"):  # includes a unit
        return (field.default and field.suggestion) or field.kind.show(field.default)
    return f"`{json.dumps(field.default)}`" if isinstance(field.default, bool) else f"`{field.default}`"


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
    """Current prices in us-east-1, and the other regions with known prices."""
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
    """A figure in full, with separators; empty if AWS gives none."""
    if value is None or value != value:
        return ""
    return f"{float(value):,.10g}"


def day(value: Any) -> str:
    """The day part of a date."""
    return str(value)[:10]


def link(source: Any) -> str:
    """A source as a link that shows its host."""
    text = str(source or "")
    if not text.startswith("http"):
        return cell(text)
    return f"[{text.split('/')[2].removeprefix('www.')}]({text.replace('|', '%7C')})"


def cell(text: str, between: str = " ") -> str:
    """Text that stays within one cell of a table."""
    text = between.join(str(text).split()).replace("|", "\\|")
    return re.sub(r"<(?=\w)", "&lt;", text)
