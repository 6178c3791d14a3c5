"""The rows of an adaptive run over all its draws: each cell weighs once, however often it was drawn.

Pooled over draws a row would lean to where most were made, that is to where the needle is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nihbench.analysis.grids import Rows, depths_of, rows_of
from nihbench.analysis.statistics import found_of
from nihbench.analysis.table import Table
from nihbench.plan import joined_depths
from nihbench.stats import FirstDraws, row_means, spread


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptiveRow:
    """The found rate at one length over all draws, NaN where nothing is measured; `half_width` of its 95% interval."""

    length: int
    draws: int
    found: float
    half_width: float


def adaptive_rows(table: Table, *, experiment: str, prompt: str) -> tuple[AdaptiveRow, ...]:
    """Return the rows of one (experiment, prompt), lengths ascending; none where there is no further draw."""
    rows = rows_of(table, experiment, prompt, extra=True)
    value, extra = rows["value"].astype(np.float64), rows["extra"].astype(bool)
    if not extra.any():
        return ()
    lengths, length = np.unique(rows["length"].astype(np.int64), return_inverse=True)
    axis = np.unique(rows["depth_percent"].astype(np.float64))
    hits, drawn, first_hits, first_drawn = (np.zeros((len(axis), len(lengths))) for _ in range(4))
    found = found_of(rows["found"]).astype(np.float64)
    draws = np.zeros(len(lengths), dtype=np.int64)
    for column in range(len(lengths)):
        mine = (length == column) & ~np.isnan(value)
        draws[column] = mine.sum()
        for row, index in _in_cells(rows, axis, length == column, mine):
            hits[row, column] += found[index]
            drawn[row, column] += 1
            first_hits[row, column] += found[index] * (not extra[index])
            first_drawn[row, column] += not extra[index]
    mean, half = row_means(hits, drawn, spread(FirstDraws(found=first_hits, measured=first_drawn)))
    return tuple(
        AdaptiveRow(length=int(at), draws=int(count), found=float(rate), half_width=float(width))
        for at, count, rate, width in zip(lengths, draws, mean, half, strict=True)
    )


def _in_cells(
    rows: Rows, axis: NDArray[np.float64], here: NDArray[np.bool_], measured: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Give, for the measured trials of one length, the cells they stand in, by a place on the axis of depths.

    Depths that are one prompt in any haystack of the plan are one cell, as the draws were decided (`run.adaptive`).
    """
    first = here & ~rows["extra"].astype(bool)
    cells = joined_depths(map(depths_of, rows["depth_percent"][first], rows["also_depths"][first]))
    place = {depth: min(int(np.argmin(np.abs(axis - each))) for each in cell) for cell in cells for depth in cell}
    for index in np.flatnonzero(measured).tolist():
        depths = depths_of(rows["depth_percent"][index], rows["also_depths"][index])
        for row in sorted({place[depth] for depth in depths if depth in place}):
            yield row, index
