"""The rows of an adaptive run over all its draws: each cell weighs once, however often it was drawn.

Pooled over draws a row would lean to where most were made, that is to where the needle is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nihbench.analysis.grids import Rows, depths_of, rows_of
from nihbench.analysis.statistics import found_of, numbers_of
from nihbench.analysis.table import Table
from nihbench.plan.places import joined_depths
from nihbench.stats.adaptive import FirstDraws, row_intervals


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptiveRow:
    """The found rate at one length over all draws with its 95% interval, NaN where nothing is measured.

    `haystacks` is how many the whole grid was drawn over: with one, the interval holds for this haystack only.
    """

    length: int
    draws: int
    found: float
    low: float
    high: float
    haystacks: int


def adaptive_rows(table: Table, *, experiment: str, prompt: str) -> tuple[AdaptiveRow, ...]:
    """Return the rows of one (experiment, prompt), lengths ascending; none where there is no further draw."""
    rows = rows_of(table, experiment, prompt, extra=True)
    value, extra = rows["value"].astype(np.float64), rows["extra"].astype(bool)
    if not extra.any():
        return ()
    lengths, length = np.unique(rows["length"].astype(np.int64), return_inverse=True)
    axis = np.unique(rows["axis"].astype(np.float64))
    measured = ~np.isnan(value)
    haystacks, haystack = np.unique(numbers_of(rows["text"]), return_inverse=True)
    shape = (len(haystacks), len(axis), len(lengths))
    hits, drawn, first_hits, first_drawn = (np.zeros(shape) for _ in range(4))
    found = found_of(rows["found"]).astype(np.float64)
    for column in range(len(lengths)):
        mine = (length == column) & measured
        for row, index in _in_cells(rows, axis, length == column, mine):
            at = (haystack[index], row, column)
            hits[at] += found[index]
            drawn[at] += 1
            first_hits[at] += found[index] * (not extra[index])
            first_drawn[at] += not extra[index]
    asked = drawn.any(axis=(1, 2))
    if not asked.any():
        return ()
    first = FirstDraws(found=first_hits.sum(axis=0), measured=first_drawn.sum(axis=0))
    mean, low, high = row_intervals(hits[asked], drawn[asked], first)
    draws = np.bincount(length[measured], minlength=len(lengths))
    return tuple(
        AdaptiveRow(
            length=int(at), draws=int(count), found=float(rate), low=float(lower), high=float(upper),
            haystacks=int(asked.sum()),
        )
        for at, count, rate, lower, upper in zip(lengths, draws, mean, low, high, strict=True)
    )  # fmt: skip


def _in_cells(
    rows: Rows, axis: NDArray[np.float64], here: NDArray[np.bool_], measured: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Give, for the measured trials of one length, the cells they stand in, by a place on the axis of depths.

    Depths that are one prompt in any haystack of the plan are one cell, as the draws were decided (`run.adaptive`).
    """
    first = here & ~rows["extra"].astype(bool)
    cells = joined_depths(map(depths_of, rows["axis"][first], rows["also_depths"][first]))
    place = {depth: min(int(np.argmin(np.abs(axis - each))) for each in cell) for cell in cells for depth in cell}
    for index in np.flatnonzero(measured).tolist():
        depths = depths_of(rows["axis"][index], rows["also_depths"][index])
        for row in sorted({place[depth] for depth in depths if depth in place}):
            yield row, index
