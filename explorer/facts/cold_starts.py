"""Measured cold starts by language, and the one that applies to a memory size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .csv_table import Row
from .records import ColdStart, cold_start_of


def cold_starts_of(rows: Iterable[Row], restored: bool = False) -> dict[str, list[ColdStart]]:
    """Cold starts of zip packages by language: initialisations, or restores if `restored`.

    If a language has two base images, the newer one counts.
    """
    table: dict[str, dict[tuple[str, int], ColdStart]] = {}
    for row in rows:
        if row["package_type"] == "zip" and bool(row["snapstart"]) is restored:
            cold = cold_start_of(row)
            table.setdefault(cold.language, {})[cold.architecture, cold.memory_mb] = cold
    for name in sorted(table, reverse=True):  # "graalvm" means the newest, such as "graalvm java23"
        table.setdefault(name.split()[0], table[name])
    return {name: list(of_name.values()) for name, of_name in table.items()}


def cold_start_for(rows: Sequence[ColdStart], architecture: str, memory_mb: float) -> ColdStart:
    """The row with the most memory up to `memory_mb`, else with the least; of `architecture` if measured."""
    rows = [row for row in rows if row.architecture == architecture] or rows
    below = [row for row in rows if row.memory_mb <= memory_mb]
    return max(below, key=_memory) if below else min(rows, key=_memory)


def _memory(row: ColdStart) -> int:
    return row.memory_mb
