"""Draw rows of `data/` to check by hand against their sources.

usage: python scripts/sample_facts.py BEFORE [--seed 20261129]

BEFORE is a folder with an earlier version of the tables; rows that are not in it count as new. The same
seed and tables give the same rows: a fixed number from each table, and of prices a fixed number from each
of two kinds of source. `data/checks/` has the results.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Callable
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"
Row = dict[str, str]
EVERY: Callable[[Row], bool] = lambda row: True  # noqa: E731
STRATA: tuple[tuple[str, int, tuple[str, ...], Callable[[Row], bool]], ...] = (
    ("prices", 15, ("id", "region", "tier_from"), lambda row: "watcher" in row["source"]),
    ("prices", 7, ("id", "region", "tier_from", "as_of"), lambda row: "watcher" not in row["source"]),
    ("limits", 16, ("id", "as_of"), EVERY),
    ("times", 4, ("id",), EVERY),
    ("constants", 3, ("id",), EVERY),
    ("breaches", 4, ("limit", "door"), EVERY),
    ("rules", 4, ("applies_to", "subject"), EVERY),
    ("runtimes", 4, ("runtime",), EVERY),
    ("regions", 3, ("region",), EVERY),
)


def keys(path: Path, columns: tuple[str, ...], of: Callable[[Row], bool]) -> set[str]:
    """The keys of the rows that `of` accepts; none if the table does not exist."""
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        return {" ".join(row[column] for column in columns) for row in csv.DictReader(file) if of(row)}


def draw(before: Path, seed: int) -> list[tuple[str, str]]:
    """The table and key of each drawn row."""
    rows = []
    for number, (table, count, columns, of) in enumerate(STRATA):
        old = keys(before / f"{table}.csv", columns, EVERY)
        new = sorted(keys(DATA / f"{table}.csv", columns, of) - old)
        rows += [(table, key) for key in sorted(random.Random(f"{seed} {number}").sample(new, count))]
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("--seed", type=int, default=20261129)
    arguments = parser.parse_args()
    for table, key in draw(arguments.before, arguments.seed):
        print(table, key, sep="\t")
