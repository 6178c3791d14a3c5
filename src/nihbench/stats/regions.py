"""Where two sides differ most, in each direction: rows, columns and blocks of the grid, the family's error held.

All regions are looked at together: a band of depths by a band of lengths, where a band is a single step, all up to a
step, all from a step on, or thirds of the axis. Each region's statistic is |sum of differences| / root of the sum of
squares; its p-value says how often the largest statistic of all regions, in either direction, would be as large were
the texts' signs flipped at random (max-T, Westfall and Young, Resampling-Based Multiple Testing 1993; counted as by
Phipson and Smyth 2010). Regions overlap, so that the flips are made, with a fixed seed, and not counted out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nihbench.stats.interval import BoolArray, FloatArray, IntArray

_Real = TypeVar("_Real", np.float64, np.float32)

FLIPS = 1999
MOST_STEPS = 15
"""Longer axes are looked at in so many steps: more would hardly find more, and cost power."""

_AT_A_TIME = 250
_SEED = 11


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """A block of cells from `(first, last)` length and depth, as indices along the grid's axes.

    `gained` counts pairs in which the second side is better, `lost` those in which it is worse. `p_value` is corrected
    for all regions and both directions.
    """

    lengths: tuple[int, int]
    depths: tuple[int, int]
    pairs: int
    first: float
    second: float
    gained: int
    lost: int
    p_value: float

    @property
    def difference(self) -> float:
        """Second less first: negative where it got worse."""
        return self.second - self.first


def strongest_regions(
    first: FloatArray, second: FloatArray, text: IntArray, length: IntArray, depth: IntArray
) -> tuple[Region, ...]:
    """Return the region where the second side is most surely better and that where it is most surely worse.

    A direction in which no region differs is left out; the surer one comes first. All arguments have shape (pairs,), as
    in `compare.Pairs`.
    """
    change = second - first
    differing = np.abs(change) > 1e-9
    if not differing.any():
        return ()
    row, rows = _steps(depth)
    column, columns = _steps(length)
    blocks = _blocks(rows, columns)
    grid = _Grid(row=row[differing], column=column[differing], rows=rows, columns=columns)
    moved, squares = change[differing], grid.sums((change[differing] ** 2)[None, :], blocks)[0]
    some = squares > 1e-12
    blocks, root = blocks[some], np.sqrt(squares[some])
    seen = grid.sums(moved[None, :], blocks)[0] / root
    largest = _largest(grid, moved, text[differing], blocks, root)
    told = []
    for direction in (1, -1):
        best = _widest(direction * seen, blocks)
        if direction * seen[best] <= 1e-9:
            continue
        p_value = (1 + int(np.sum(largest >= direction * seen[best] - 1e-4))) / (1 + FLIPS)
        low, high, left, right = blocks[best].tolist()
        inside = (row >= low) & (row < high) & (column >= left) & (column < right)
        told.append(_region(first, second, length, depth, inside, p_value))
    return tuple(sorted(told, key=lambda region: region.p_value))


def _region(
    first: FloatArray, second: FloatArray, length: IntArray, depth: IntArray, inside: BoolArray, p_value: float
) -> Region:
    change = (second - first)[inside]
    return Region(
        lengths=(int(length[inside].min()), int(length[inside].max())),
        depths=(int(depth[inside].min()), int(depth[inside].max())),
        pairs=int(inside.sum()),
        first=float(first[inside].mean()),
        second=float(second[inside].mean()),
        gained=int(np.sum(change > 1e-9)),
        lost=int(np.sum(change < -1e-9)),
        p_value=p_value,
    )


def _widest(statistic: FloatArray, blocks: IntArray) -> int:
    """Return the index of the largest statistic; of equal ones that of the smallest block, which has no idle cells."""
    area = (blocks[:, 1] - blocks[:, 0]) * (blocks[:, 3] - blocks[:, 2])
    return int(np.lexsort((area, -np.round(statistic, 6)))[0])


def _steps(index: IntArray) -> tuple[IntArray, int]:
    """Return for every pair the step of the axis it lies in, and how many there are."""
    known, place = np.unique(index, return_inverse=True)
    steps = min(len(known), MOST_STEPS)
    return np.asarray(place * steps // len(known), dtype=np.int64), steps


def _bands(steps: int) -> list[tuple[int, int]]:
    cuts = sorted({0, steps // 3, 2 * steps // 3, steps})
    bands = {(at, at + 1) for at in range(steps)} | {(0, end) for end in range(1, steps + 1)}
    bands |= {(start, steps) for start in range(steps)} | set(zip(cuts, cuts[1:], strict=False))
    return sorted(bands)


def _blocks(rows: int, columns: int) -> IntArray:
    """Return every block as (first row, row after the last, first column, column after the last), shape (blocks, 4)."""
    return np.array([(*one, *other) for one in _bands(rows) for other in _bands(columns)], dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Grid:
    """Where the differing pairs stand; each array of shape (differing,)."""

    row: IntArray
    column: IntArray
    rows: int
    columns: int

    def sums(self, values: NDArray[_Real], blocks: IntArray) -> NDArray[_Real]:
        """Add up values of shape (draws, differing) over every block: shape (draws, blocks)."""
        here = np.zeros((len(self.row), self.rows + 1, self.columns + 1), dtype=values.dtype)
        here[np.arange(len(self.row)), self.row + 1, self.column + 1] = 1.0
        cells = (values @ here.reshape(len(here), -1)).reshape(-1, *here.shape[1:])
        total = cells.cumsum(axis=1).cumsum(axis=2)
        low, high, left, right = blocks.T
        return np.asarray(total[:, high, right] - total[:, low, right] - total[:, high, left] + total[:, low, left])


def _largest(grid: _Grid, moved: FloatArray, text: IntArray, blocks: IntArray, root: FloatArray) -> FloatArray:
    """Return the largest |statistic| of all blocks in each draw of signs, a text's pairs flipped together."""
    rng = np.random.default_rng(_SEED)
    _, unit = np.unique(text, return_inverse=True)
    found = []
    for start in range(0, FLIPS, _AT_A_TIME):
        signs = rng.integers(0, 2, (min(_AT_A_TIME, FLIPS - start), int(unit.max()) + 1)) * 2 - 1
        flipped = (signs[:, unit] * moved).astype(np.float32)  # in single precision: half the time
        found.append(np.max(np.abs(grid.sums(flipped, blocks)) / root.astype(np.float32), axis=1))
    return np.concatenate(found)
