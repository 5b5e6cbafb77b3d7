"""The points of a sweep as rows, for pandas and for Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.engine.designs import CONCERNS, OPTIONS, Design

from .tiling import Axes

if TYPE_CHECKING:
    import pandas as pd

# Winner, runner-up, USD a month and breach probability; with explicit designs, the last two have them first.
Answer = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Words:
    """A column of words, each stored as an index into a few words; -1 means none."""

    index: np.ndarray
    words: tuple[str, ...]


@dataclass(frozen=True)
class Legend:
    """The designs that a winner's index refers to; `compared`: each has its own row at every point."""

    designs: tuple[Design, ...]
    compared: bool

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The designs as text."""
        return tuple(map(str, self.designs))

    @cached_property
    def options(self) -> dict[str, Words]:
        """By concern, the index of each design's option; the last index, -1, stands for no design."""
        columns = {}
        for concern in CONCERNS:
            words = tuple(OPTIONS[concern])
            index = [words.index(design.ids[concern]) for design in self.designs]
            columns[concern] = Words(np.array([*index, -1], dtype=np.int8), words)
        return columns

    def columns(self, axes: Axes, answer: Answer) -> dict[str, np.ndarray | Words]:
        """One row per point, or per point and design, in the order of the axes."""
        winner, runner_up, money, chance = answer
        each = len(self.designs) if self.compared else 1
        points = [np.repeat(values.ravel(), each) for values in np.meshgrid(*axes.values(), indexing="ij")]
        by_name: dict[str, np.ndarray | Words] = dict(zip(axes, points, strict=True))
        if self.compared:
            by_name["design"] = Words(np.tile(np.arange(each, dtype=np.int32), winner.size), self.names)
            money, chance = (np.moveaxis(values, 0, -1) for values in (money, chance))
        first, second = (np.repeat(index.ravel(), each).astype(np.int32) for index in (winner, runner_up))
        by_name["winner"] = Words(first, self.names)
        for concern, option in self.options.items():
            by_name[f"winner_{concern}"] = Words(option.index[first], option.words)
        by_name["runner_up"] = Words(second, self.names)
        return {**by_name, "monthly_usd": money.ravel(), "breach_probability": chance.ravel()}

    def frame(self, axes: Axes, answer: Answer) -> pd.DataFrame:
        """The columns as a pandas frame; words become categories with their index as code."""
        import pandas as pd

        columns: dict[str, Any] = {}
        for name, column in self.columns(axes, answer).items():
            if isinstance(column, Words):
                columns[name] = pd.Categorical.from_codes(column.index, categories=pd.Index(column.words))
            else:
                columns[name] = column
        return pd.DataFrame(columns)

    def arrow(self, axes: Axes, answer: Answer) -> Any:
        """The columns as an Arrow table; missing values are null."""
        import pyarrow as pa

        columns = {}
        for name, column in self.columns(axes, answer).items():
            if isinstance(column, Words):
                index = pa.array(column.index, mask=column.index < 0)
                columns[name] = pa.DictionaryArray.from_arrays(index, pa.array(column.words, pa.string()))
            else:
                columns[name] = pa.array(column, from_pandas=True)
        return pa.table(columns)
