"""A grid -> its means by length and by depth. Intervals come from elsewhere: they are statistics over trials."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nihbench.analysis.grids import Grid
from nihbench.types import IntArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Profile:
    """The mean band at each place of one axis: `at` are lengths in tokens, or depths in percent, ascending.

    `value` is the mean over the `measured` trials there, NaN where there is none. `low` and `high` bound it where an
    interval was made, else both are None.
    """

    at: tuple[float, ...]
    value: Numbers
    measured: IntArray
    low: Numbers | None = None
    high: Numbers | None = None


def length_profile(grid: Grid) -> Profile:
    """Return the means over all depths at each length."""
    made = _profile(grid, tuple(map(float, grid.lengths)), axis=0)
    if grid.spread is None:
        return made
    measured = grid.spread.measured.sum(axis=0)
    value: Numbers = np.divide(grid.spread.points.sum(axis=0), measured, out=made.value * np.nan, where=measured > 0)
    return replace(made, value=value, measured=np.rint(measured).astype(np.int64))


def depth_profile(grid: Grid) -> Profile:
    """Return the means over all lengths at each nominal depth."""
    return _profile(grid, grid.depths, axis=1)


def _profile(grid: Grid, at: tuple[float, ...], axis: int) -> Profile:
    measured = grid.measured.sum(axis=axis)
    total = (np.nan_to_num(grid.value) * grid.measured).sum(axis=axis)
    value: Numbers = np.divide(total, measured, out=np.full(len(at), np.nan), where=measured > 0)
    return Profile(at=at, value=value, measured=measured)
