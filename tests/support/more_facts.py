"""Facts with more rows, for as long as a test lasts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from explorer.engine import cost, limits
from explorer.facts import catalogue


@contextmanager
def more_facts(folder: Path, rows: Mapping[str, str]) -> Iterator[None]:
    """Have the tables of the package, and behind them `rows` (CSV lines by table), read from `folder`."""
    for path in catalogue.DEFAULT.folder.glob("*.csv"):
        shutil.copy(path, folder)
    for table, lines in rows.items():
        with (folder / f"{table}.csv").open("a", encoding="utf-8") as file:
            file.write(lines.strip() + "\n")
    before = dict(vars(catalogue.DEFAULT))
    try:
        _replace({"folder": folder})
        yield
    finally:
        _replace(before)


def _replace(state: Mapping[str, object]) -> None:
    vars(catalogue.DEFAULT).clear()
    vars(catalogue.DEFAULT).update(state)
    cost.tariffs.cache_clear()
    limits.highest_quota.cache_clear()
