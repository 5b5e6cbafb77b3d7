"""A sweep in a file, read by column or by tile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.engine.designs import Design, choices, table
from explorer.errors import ExplorerError

from .checkpoint import KEY

if TYPE_CHECKING:
    import pandas as pd


class SweepFile:
    """A sweep file, as written by `sweep(..., to=FILE)` or `Sweep.write`.

    Only the axes are kept in memory: an array is read from the file at each access. Arrays have the shape of
    the axes, with explicit designs as first axis, as in a `Sweep`.

    Raises ExplorerError for a file that is not a sweep.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> s = ex.sweep(w, {"response": [1e3, 1e8]}, to="responses.parquet")
    >>> s.monthly_usd.shape
    (2,)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self.request = json.loads(self._file.schema_arrow.metadata[KEY])
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = "no such file" if isinstance(error, FileNotFoundError) else "is not the file of a sweep"
            raise ExplorerError(f"{path}: {why}; expected one that sweep wrote") from None
        self.axes = {axis: np.array(row["values"]) for axis, row in self.request["axes"].items()}

    def __repr__(self) -> str:
        return f"SweepFile({str(self.path)!r}, axes={self.axes!r})"

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each axis."""
        return tuple(len(values) for values in self.axes.values())

    @cached_property
    def designs(self) -> tuple[Design, ...]:
        """The designs that `winner` and `runner_up` index."""
        by_text = {str(design): design for design in table().designs}
        words = self._file.read_row_group(0, columns=["winner"]).column(0).chunk(0).dictionary.to_pylist()
        return tuple(by_text[name] if name in by_text else Design(**choices(name)) for name in words)

    @property
    def winner(self) -> np.ndarray:
        """Index of the best design, -1 where nothing is feasible."""
        result: np.ndarray = self._array("winner")[0]
        return result

    @property
    def runner_up(self) -> np.ndarray:
        """Index of the second best design, -1 where there is none."""
        result: np.ndarray = self._array("runner_up")[0]
        return result

    @property
    def monthly_usd(self) -> np.ndarray:
        """The bill of the winner, NaN where there is none, or of each explicit design [USD a month]."""
        return self._money("monthly_usd")

    @property
    def breach_probability(self) -> np.ndarray:
        """The share of requests that break a limit, of the winner or of each explicit design."""
        return self._money("breach_probability")

    def wins(self) -> list[tuple[Design | None, int]]:
        """The number of points at which each design wins, most first; None: nothing is feasible."""
        total = np.zeros(len(self.designs) + 1, dtype=np.int64)
        for group in self._groups("winner"):
            total += np.bincount(_plain(group) + 1, minlength=len(total))
        return count_points(self.designs, total // self._each)

    def to_frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows of all points, or some of their columns; this holds the whole sweep in memory."""
        import pandas as pd

        return pd.read_parquet(self.path, columns=None if columns is None else list(columns))

    def frames(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """The rows of all points, or some of their columns, one tile at a time."""
        file = self._file
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=None if columns is None else list(columns)).to_pandas()

    @property
    def _file(self) -> Any:
        import pyarrow.parquet as pq

        return pq.ParquetFile(self.path)

    @property
    def _each(self) -> int:
        """The number of rows per point."""
        return 1 if self.request["designs"] is None else len(self.designs)

    def _groups(self, column: str) -> Iterator[Any]:
        file = self._file
        return (
            file.read_row_group(group, columns=[column]).column(0) for group in range(file.num_row_groups)
        )

    def _array(self, column: str) -> np.ndarray:
        """A column as an array, with the rows of a point as first axis."""
        values = np.concatenate([_plain(group) for group in self._groups(column)])
        return np.moveaxis(values.reshape(*self.shape, self._each), -1, 0)

    def _money(self, column: str) -> np.ndarray:
        array = self._array(column)
        return array[0] if self.request["designs"] is None else array


def count_points(designs: Sequence[Design], points: np.ndarray) -> list[tuple[Design | None, int]]:
    """Designs that have points, with their number, most first; `points` starts with those of no design."""
    order = np.argsort(-points, kind="stable")
    return [(designs[k - 1] if k else None, int(points[k])) for k in order if points[k]]


def _plain(column: Any) -> np.ndarray:
    """A column of one row group: numbers, or the indices of words, -1 for none."""
    import pyarrow as pa

    chunk = column.combine_chunks()
    values: np.ndarray
    if isinstance(chunk, pa.DictionaryArray):
        values = chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    else:
        values = column.to_numpy()
    return values
