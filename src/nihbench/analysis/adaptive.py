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
from nihbench.plan import joined_depths
from nihbench.stats import FirstDraws, one_text, row_intervals


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
    axis = np.unique(rows["depth_percent"].astype(np.float64))
    haystacks, haystack = _haystacks(rows)
    hits, drawn = (np.zeros((haystacks, len(axis), len(lengths))) for _ in range(2))
    first_hits, first_drawn = (np.zeros((len(axis), len(lengths))) for _ in range(2))
    found = found_of(rows["found"]).astype(np.float64)
    draws = np.zeros(len(lengths), dtype=np.int64)
    for column in range(len(lengths)):
        mine = (length == column) & ~np.isnan(value)
        draws[column] = mine.sum()
        for row, index in _in_cells(rows, axis, length == column, mine):
            hits[haystack[index], row, column] += found[index]
            drawn[haystack[index], row, column] += 1
            first_hits[row, column] += found[index] * (not extra[index])
            first_drawn[row, column] += not extra[index]
    used = drawn.any(axis=(1, 2))
    if not used.any():
        return ()
    first = FirstDraws(found=first_hits, measured=first_drawn)
    mean, low, high = row_intervals(hits[used], drawn[used], first)
    return tuple(
        AdaptiveRow(
            length=int(at), draws=int(count), found=float(rate), low=float(lower), high=float(upper),
            haystacks=int(used.sum()),
        )
        for at, count, rate, lower, upper in zip(lengths, draws, mean, low, high, strict=True)
    )  # fmt: skip


def _haystacks(rows: Rows) -> tuple[int, NDArray[np.int64]]:
    """Return how many texts these trials stand in, and of each trial which: haystacks that overlap are one."""
    haystack = numbers_of(rows["haystack"]).astype(np.int64)
    text = one_text(haystack, numbers_of(rows["text"]).astype(np.int64))
    numbers, place = np.unique(text, return_inverse=True)
    return len(numbers), np.asarray(place, dtype=np.int64)


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
