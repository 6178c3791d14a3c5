"""Where repeats are worth their price: how often each cell of a grid is to be measured, decided from its neighbours.

The first draws of every cell are made whatever comes (the coarse pass). They say how uncertain answers are around a
cell: its neighbours' found rate is near one half, or they disagree. The cell's own first draws are left out of that,
and further draws are looked at by nobody. So how often a cell is drawn is independent of what is drawn in it, and the
mean over all its draws is unbiased; pooled over several cells it is not, for which reason each cell weighs once.

A row (all depths at one length) is known to half a width h where sum(v / n) / depths^2 = (h / 1.96)^2, v the variance
of an answer in a cell and n the cell's draws. The n that do it with the fewest draws go with sqrt(v) (Neyman, JRSS 97
(1934), 558-606): n = sqrt(v) * sum(sqrt(v)) / (depths * h / 1.96)^2. One number, the level, says how far a plan is
refined: the draws of a cell where half of all answers hit. Each level draws a cell at most once more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nihbench.stats.interval import FloatArray, IntArray

Z95 = 1.959964
REACH = 2
"""Neighbours are up to so many steps away, weighted by a Gaussian of one step."""
PRIOR = 0.4
"""Weight of half a hit and half a miss that every neighbourhood is given: about one answer's worth in it. After
nothing but hits the rate may still be less than 1 (60 hits of 60 leave 5%), so that such a row is drawn again, too."""
FINE = 16
"""A level is bounded in steps of this part."""
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstDraws:
    """The coarse pass, shape (..., depths, lengths): how often each cell was found, of how often it was measured.

    Further axes in front are grids that have nothing to do with each other, such as prompts.
    """

    found: FloatArray
    measured: FloatArray


def most_draws(depths: int, precision: float) -> int:
    """Return the level at which a row is known to `precision`, half the width of its 95% interval, at any rate."""
    return max(1, math.ceil(0.25 * Z95**2 / (depths * precision**2) - _ROUNDING))


def precision_at(depths: int, level: float) -> float:
    """Return half the width of a row's 95% interval at a level."""
    return Z95 * math.sqrt(0.25 / (depths * level))


def spread(first: FirstDraws) -> FloatArray:
    """Return the standard deviation of an answer in each cell, as its neighbours let expect; 0 where none has any."""
    down, across = (_kernel(size) for size in first.found.shape[-2:])
    return _root(down @ first.found @ across - first.found, down @ first.measured @ across - first.measured)


def need(first: FirstDraws) -> FloatArray:
    """Return what share of the level's draws each cell takes, 0 to 1; no cell's own answers are in its share.

    Of the row's sum of standard deviations that one is taken that the cell itself has no part in.
    """
    down = _kernel(first.found.shape[-2])
    across = _kernel(first.found.shape[-1])
    # [..., cell that is left out, depth, length]: only cells of its own row are wanted, so that its weight is `down`'s.
    away = (down - np.eye(len(down)))[:, :, None]
    hits, tries = (
        (down @ each @ across - each)[..., None, :, :] - away * each[..., :, None, :]
        for each in (first.found, first.measured)
    )
    # Rounded, so that what is equal but for the order of its sums decides alike.
    return np.asarray(np.round(4 * spread(first) * _root(hits, tries).mean(axis=-2), 9))


def draws(share: FloatArray, level: float | FloatArray, first: int) -> IntArray:
    """Return how often each cell is drawn in all at a level, `first` times of them in the coarse pass."""
    return np.maximum(first, np.ceil(share * level - _ROUNDING)).astype(np.int64)


def highest_levels(first: FirstDraws, each: int, level: int, most: int) -> FloatArray:
    """Return up to which level each cell may be drawn so that no more than `most` draws are made in all.

    The sum depends on all outcomes, the cell's own among them. So that its draws do not, its level is the least one
    that would come of anything that it could have answered itself.

    Args:
        first: the coarse pass.
        each: draws of a cell in it.
        level: the level that is aimed at.
        most: the most draws, those of the coarse pass among them.
    """
    levels = np.full(first.found.shape, _highest(need(first), each, level, most))
    if draws(np.ones(first.found.shape), level, each).sum() <= most:
        return levels
    for cell in np.ndindex(*first.found.shape):
        for hits in range(int(first.measured[cell]) + 1):
            if hits != first.found[cell]:
                other = first.found.copy()
                other[cell] = hits
                share = need(FirstDraws(found=other, measured=first.measured))
                levels[cell] = min(float(levels[cell]), _highest(share, each, level, most))
    return levels


def row_means(hits: FloatArray, drawn: FloatArray, deviation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each row's found rate over all draws, every cell weighing once, and half the width of its 95% interval.

    For these haystacks, answers taken as independent. NaN where a row has nothing measured.

    Args:
        hits: shape (depths, lengths), how often each cell was found, over all its draws.
        drawn: the same shape, how often it was measured.
        deviation: `spread` of the coarse pass.
    """
    there = drawn > 0
    cells = there.sum(axis=-2)
    size = np.maximum(drawn, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, hits / size, 0.0).sum(axis=-2) / cells
        half = Z95 * np.sqrt(np.where(there, deviation**2 / size, 0.0).sum(axis=-2)) / cells
    return np.where(cells > 0, mean, np.nan), np.where(cells > 0, half, np.nan)


def _highest(share: FloatArray, each: int, level: int, most: int) -> float:
    low, high = 0, level * FINE
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if draws(share, middle / FINE, each).sum() <= most else (low, middle - 1)
    return low / FINE


def _kernel(size: int) -> FloatArray:
    steps = np.arange(size)
    apart = np.abs(steps[:, None] - steps[None, :])
    return np.where(apart <= REACH, np.exp(-0.5 * apart**2), 0.0)


def _root(hits: FloatArray, tries: FloatArray) -> FloatArray:
    """Return the standard deviation of an answer, from weighted hits and tries; 0 where nothing was tried."""
    rate = (np.maximum(hits, 0.0) + PRIOR / 2) / (np.maximum(tries, 0.0) + PRIOR)
    return np.where(tries > _ROUNDING, np.sqrt(np.clip(rate * (1 - rate), 0.0, 0.25)), 0.0)
