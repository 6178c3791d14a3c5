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

from nihbench.stats.interval import BoolArray, FloatArray, IntArray, t_value

Z95 = 1.959964
REACH = 2
"""Neighbours are up to so many steps away, weighted by a Gaussian of one step."""
PRIOR = 0.4
"""Weight of half a hit and half a miss that every neighbourhood is given: about one answer's worth in it. After
nothing but hits the rate may still be less than 1 (60 hits of 60 leave 5%), so that such a row is drawn again, too."""
ASSUMED_BETWEEN = 0.05 / 0.95 * math.pi**2 / 3
"""Variance between two haystacks on the logit scale, at least: a correlation of 0.05 of the answers over one."""
FINE = 16
"""A level is bounded in steps of this part."""
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstDraws:
    """The coarse pass, shape (..., depths, lengths): how often each cell was found, of how often it was measured.

    Further axes in front are grids that have nothing to do with each other, such as prompts. `there` marks the cells
    that there are: where several depths are one prompt, all but one of them are none. None: all.
    """

    found: FloatArray
    measured: FloatArray
    there: BoolArray | None = None

    @property
    def cells(self) -> BoolArray:
        """Which cells there are, of the arrays' shape."""
        return np.ones(self.found.shape, dtype=bool) if self.there is None else self.there

    @property
    def scale(self) -> FloatArray:
        """What share of the level a row's cells take at most, shape (..., 1, lengths): more cells need fewer draws."""
        count = self.cells.sum(axis=-2, keepdims=True)
        return np.asarray(count[count > 0].min() / np.maximum(count, 1))


def most_draws(depths: int, precision: float) -> int:
    """Return the level at which a row is known to `precision`, half the width of its 95% interval, at any rate.

    Of rows with fewer and more cells (`depths`) it is that of the fewest: see `FirstDraws.scale`.
    """
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
    cells = first.cells[..., None, :, :]
    others = (_root(hits, tries) * cells).sum(axis=-2) / np.maximum(cells.sum(axis=-2), 1)
    # Rounded, so that what is equal but for the order of its sums decides alike.
    return np.asarray(np.round(4 * spread(first) * others * first.scale * first.cells, 9))


def draws(share: FloatArray, level: float | FloatArray, first: int | IntArray) -> IntArray:
    """Return how often each cell is drawn in all at a level, `first` times of them in the coarse pass."""
    return np.maximum(first, np.ceil(share * level - _ROUNDING)).astype(np.int64)


def highest_levels(first: FirstDraws, each: int | IntArray, level: int, most: int) -> FloatArray:
    """Return up to which level each cell may be drawn so that no more than `most` draws are made in all.

    The sum depends on all outcomes, the cell's own among them. So that its draws do not, its level is the least one
    that would come of anything that it could have answered itself.

    Args:
        first: the coarse pass.
        each: draws of a cell in it, 0 where there is none.
        level: the level that is aimed at.
        most: the most draws, those of the coarse pass among them.
    """
    levels = np.full(first.found.shape, _highest(need(first), each, level, most))
    if draws(first.cells * first.scale, level, each).sum() <= most:
        return levels
    for cell in np.ndindex(*first.found.shape):
        for hits in range(int(first.measured[cell]) + 1):
            if hits != first.found[cell]:
                other = first.found.copy()
                other[cell] = hits
                share = need(FirstDraws(found=other, measured=first.measured, there=first.there))
                levels[cell] = min(float(levels[cell]), _highest(share, each, level, most))
    return levels


def row_intervals(hits: FloatArray, drawn: FloatArray, first: FirstDraws) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return each row's found rate over all draws, every cell weighing once, and the ends of its 95% interval.

    A row's variance has two parts. Answers given the haystacks: p (1 - p) / draws of each cell, as its neighbours'
    first draws let expect. And the haystacks, each of which moves all of its answers together: their spread on the
    logit scale is estimated from how far the haystacks of the whole grid are from what their cells let expect (Paule
    and Mandel, J. Res. Nat. Bur. Stand. 1982), and moves a row by as much as each haystack has weight in it. With few
    haystacks that estimate is poor, hence Student's t for this part, with one degree of freedom less than there are;
    two show so little that a spread is assumed. The interval is Wilson's (JASA 1927) with as many trials as both parts
    are worth. Over one haystack it holds for that one only.

    Args:
        hits: shape (haystacks, depths, lengths), how often each cell was found over each haystack, over all draws.
        drawn: the same shape, how often it was measured; each haystack somewhere.
        first: the coarse pass alone, shape (depths, lengths).

    Returns:
        (mean, low, high), each of shape (lengths,); NaN where a row has nothing measured.
    """
    number, haystacks = drawn.sum(axis=0), len(drawn)
    there, size = number > 0, np.maximum(number, 1)
    cells = there.sum(axis=0)
    weight = np.where(there, 1 / (np.maximum(cells, 1) * size), 0.0)
    rate = _smooth_rate(hits.sum(axis=0), number)
    answers = np.sum(weight**2 * number * spread(first) ** 2, axis=0)
    moved = np.sum(weight * drawn * rate * (1 - rate), axis=1)
    between = _between(hits - drawn * rate, drawn * rate * (1 - rate))
    between = max(between, ASSUMED_BETWEEN) if haystacks == 2 else between
    t = t_value(0.975, haystacks - 1) if haystacks > 1 else 0.0
    half_squared = Z95**2 * answers + t**2 * between * np.sum(moved**2, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, hits.sum(axis=0) / size, 0.0).sum(axis=0) / cells
        level = np.sum(np.where(there, rate, 0.0), axis=0) / cells
        pull = half_squared / (level * (1 - level))
        centre = (mean + pull / 2) / (1 + pull)
        reach = np.sqrt(pull * (mean * (1 - mean) + pull / 4)) / (1 + pull)
    return mean, np.maximum(centre - reach, 0.0), np.minimum(centre + reach, 1.0)


def _smooth_rate(hits: FloatArray, drawn: FloatArray) -> FloatArray:
    """Return the rate of each cell over its neighbourhood, its own draws among them."""
    down, across = (_kernel(size) for size in hits.shape)
    return np.asarray((down @ hits @ across + PRIOR / 2) / (down @ drawn @ across + PRIOR))


def _between(residual: FloatArray, information: FloatArray) -> float:
    """Return the variance between haystacks on the logit scale.

    Args:
        residual: shape (haystacks, depths, lengths), hits less what cells let expect.
        information: the same shape, the variance of the hits.
    """
    own = information.sum(axis=(1, 2))
    shift, variance = residual.sum(axis=(1, 2)) / own, 1 / own
    low, high = 0.0, 25.0
    for _ in range(50):
        middle = (low + high) / 2
        weight = 1 / (middle + variance)
        apart = np.sum(weight * (shift - np.sum(weight * shift) / np.sum(weight)) ** 2)
        low, high = (middle, high) if apart > len(shift) - 1 else (low, middle)
    return low


def _highest(share: FloatArray, each: int | IntArray, level: int, most: int) -> float:
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
