"""Which designs can be left out of a grid: those that two others beat wherever they serve.

Two designs share most of their contexts, and what they share cancels out of their difference: the least
and the most of those in which they differ tell who is surely cheaper, never later, and
breaks nowhere that the other does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .bounds import Stacked

if TYPE_CHECKING:
    from .search import Contest

ENOUGH = 2  # better designs, of which the worse is the second best
SLACK = 1e-9  # by which a sum has to be less, of itself: far more than rounding


class Pairs:
    """Designs against each other, a row for each and a column for each."""

    def __init__(self, contest: Contest) -> None:
        self.contest, self.rows = contest, contest.rows
        self.shared = self.rows[:, None] == self.rows  # (designs, designs, concerns)

    def undominated(self) -> np.ndarray:
        """The designs that may be among the two best anywhere."""
        better = self._serves() & self._never_later() & self._cheaper()
        return np.flatnonzero(better.sum(axis=0) < ENOUGH)

    def _more(self, stacked: Stacked) -> np.ndarray:
        """The most by which each concern of a row's design may exceed that of a column's."""
        low, high = (each[self.rows] for each in stacked.ends)
        return np.where(self.shared, 0.0, high[:, None] - low)

    def _cheaper(self) -> np.ndarray:
        c = self.contest
        usd = self._more(c.linear).sum(axis=-1)
        for price_id, stacked in c.tiered.items():
            quantity = self._more(stacked).sum(axis=-1)
            least, most = c.evaluation.book.unit_prices(price_id)
            usd += _times(quantity, least, most)
        parts = c.parts
        apart = (parts[:, None] - parts).astype(float)
        kept, part_usd = np.asarray(c.kept), np.asarray(c.part_usd)
        score = _times(usd, kept.min(), kept.max()) + _times(apart, part_usd.min(), part_usd.max())
        scale = c.linear.ends[1][self.rows].sum(axis=-1) + part_usd.max() * parts
        return np.asarray(score < -SLACK * (1 + scale[:, None]))

    def _never_later(self) -> np.ndarray:
        """Whether a row's design keeps every promise that a column's keeps."""
        c = self.contest
        answers = c.evaluation.table.answers
        fine = answers[:, None] <= answers
        for stacked in (c.exchange, c.p95):
            fine &= _no_more(self._more(stacked))
        for stacked in (c.work, c.cold):
            fine &= _no_more(self._more(stacked)) | ~answers[:, None]
        return np.asarray(fine)

    def _serves(self) -> np.ndarray:
        """Whether whatever may break or exclude a row's design is part of the column's too."""
        doubtful = ~self.contest.always | self.contest.may_be_excluded
        return np.asarray((self.shared | ~doubtful[self.rows][:, None]).all(axis=-1))


def _times(values: np.ndarray, least: float, most: float) -> np.ndarray:
    """The most that values can be, times a factor between these."""
    return values * np.where(values > 0, most, least)


def _no_more(terms: np.ndarray) -> np.ndarray:
    """Whether a sum is surely not above zero, rounding or not."""
    return np.asarray((terms <= 0).all(axis=-1) | (terms.sum(axis=-1) < -SLACK))
