"""A document as a notebook: the same content, with code that recreates the pictures and frames.

The JSON (format 4.5, as Jupyter saves it) is written directly: importing nbformat takes 2 s because of its
validator, and a report should take less than 5 s. The tests validate with nbformat.
"""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterator
from typing import Any

from explorer.analysis.phrases import markdown_for_notebooks
from explorer.facts.extras import require
from explorer.workload.workload import Workload

from .document import Block, Document, PictureBlock, Section
from .layout import md_head, md_part
from .workload import is_long

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
FRAMES = {  # the table at the end of a section, as a frame to work with
    "limits": 'r.findings[["limit", "used_p50", "used_p99", "limit_value", "unit", "verdict"]].round(3)',
    "alternatives": "r.alternatives.head(10)",
    "turns": 'r.break_evens[["axis", "value", "unit", "says"]]',
    "growth": "forecast.design_changes",
}


def notebook_json(doc: Document) -> bytes:
    """The document as a notebook with outputs; the same document gives the same bytes.

    Raises MissingExtraError if IPython is not installed.
    """
    require("a notebook", "IPython")
    from IPython.core.formatters import DisplayFormatter

    cells = Cells(DisplayFormatter(), _cell_names(doc))
    cells.text("head", md_head(doc))
    cells.setup(doc)
    for section in doc.sections:
        cells.section(section, doc)
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook = {"cells": cells.cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _cell_names(doc: Document) -> dict[str, Any]:
    """The names that the set-up cell would define, without running it."""
    names = {name: value for name, value in doc.names.items() if value is not None}
    if doc.pictures:
        from explorer.views import figures

        names["figures"] = figures
    return {**names, "forecast": names["forecast"].frame}


class Cells:
    """Collects the cells of a notebook; the output of a cell is computed by its own code."""

    def __init__(self, formatter: Any, names: dict[str, Any]) -> None:
        self.formatter, self.names = formatter, names
        self.cells: list[dict[str, Any]] = []
        self.count = 0

    def text(self, id: str, markdown: str) -> None:
        """Add a Markdown cell."""
        self._add(id, markdown_for_notebooks(markdown), {}, cell_type="markdown")

    def code(self, id: str, source: str, shows: bool = True, tags: tuple[str, ...] = ()) -> None:
        """Add a code cell with its output."""
        self.count += 1
        outputs = [self._output(source)] if shows else []
        metadata = {"tags": list(tags)} if tags else {}
        self._add(id, source, metadata, cell_type="code", execution_count=self.count, outputs=outputs)

    def _add(self, id: str, source: str, metadata: dict[str, Any], **more: Any) -> None:
        name = f"{id}-{len(self.cells)}"
        self.cells.append({"id": name, "source": _source_lines(source), "metadata": metadata, **more})

    def _output(self, source: str) -> Any:
        """The output of a cell's last expression, as a kernel shows it."""
        import pandas as pd

        *before, last = ast.parse(source).body
        exec(compile(ast.Module(before, []), "cell", "exec"), self.names)  # noqa: S102 - a cell of the package's own
        assert isinstance(last, ast.Expr)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), self.names)  # noqa: S307
        with pd.option_context("display.max_columns", 20, "display.max_rows", 60, "display.width", 80):
            data_by_type, metadata = self.formatter.format(value)
        data = {
            kind: _source_lines(text) if kind.startswith("text/") else text
            for kind, text in data_by_type.items()
        }
        output = {"data": data, "metadata": metadata, "execution_count": self.count}
        return {"output_type": "execute_result", **output}

    def setup(self, doc: Document) -> None:
        """Cells from the workload to the answer, which all later cells use."""
        r, forecast, run = (doc.names[name] for name in ("r", "forecast", "run"))
        growth = "{" + ", ".join(f'"{field}": "{rate}"' for field, rate in forecast.rates.items()) + "}"
        workload_code, loads = workload_as_code(r.workload)
        parameters = f"{workload_code}\ngrowth = {growth}\nmonths = {forecast.months}"
        self.code("parameters", parameters, shows=False, tags=("parameters",))
        lines = ["import tomllib", "", "import explorer as ex", "from explorer import figures", "", loads]
        if doc.names["w"] is not r.workload:
            lines.append(f'w = w.replace(name="{doc.names["w"].name}")')
        lines += ["r = ex.recommend(w)", "forecast = ex.forecast(w, growth, months, r.nearest)"]
        lines.append("moves = ex.sensitivity(w, design=r.nearest)")
        if run is not None:
            lines.insert(4, "from explorer.views.report.measured import Measurement")
            lines.append(f"run = Measurement({run.path.name!r}, w)".replace("'", '"'))
        self.code("setup", "\n".join(lines), shows=False)

    def section(self, section: Section, doc: Document) -> None:
        """The text of a section, its pictures in their places, and its frame."""
        headed = True
        for part in _blocks_between_pictures(section):
            if isinstance(part, PictureBlock):
                for picture in doc.pictures_of(part.key):
                    self.code(section.id, picture.expression)
            elif markdown := md_part(section, part, doc, headed):
                self.text(section.id, markdown)
                headed = False
        if section.id in FRAMES:
            self.code(section.id, FRAMES[section.id])


def _source_lines(text: str) -> list[str]:
    """Text as a notebook's list of lines."""
    return text.splitlines(True)


def _blocks_between_pictures(section: Section) -> Iterator[PictureBlock | list[Block]]:
    """The blocks of a section, split at its pictures; at least one group, for the heading."""
    blocks: list[Block] = []
    first = True
    for block in section.blocks:
        if isinstance(block, PictureBlock):
            if blocks or first:
                yield blocks
            yield block
            blocks, first = [], False
        else:
            blocks.append(block)
    if blocks or first:
        yield blocks


def workload_as_code(w: Workload) -> tuple[str, str]:
    """Code with the workload as text, and code that parses it; with its file if it is long."""
    if is_long(w):
        return f"toml = {w.source!r}".replace("'", '"'), "w = ex.Workload.load(toml)"
    text = _toml_with_counts(w)
    literal = repr(text) if "'''" in text or "\\" in text else f"'''\n{text}'''"
    return f"toml = {literal}", "w = ex.Workload(**tomllib.loads(toml))"


def _toml_with_counts(w: Workload) -> str:
    """Its TOML; a dotenv file is replaced by its size, the only thing read from it."""
    import tomli_w

    content = tomllib.loads(w.to_toml())
    configuration = content.get("configuration")
    if isinstance(configuration, dict) and configuration.pop("dotenv", None):
        sizes = w.configuration
        configuration |= {
            "total": sizes.total,
            "entries": sizes.entry_count,
            "largest": sizes.largest,
        }
    return tomli_w.dumps(content)
