"""Did something change in a series of runs over the same trials, and after which run?

A permutation test of the largest change at an unknown time (Page, Biometrika 1955; the CUSUM): if nothing changed, the
outcomes of one text in the several runs may stand in any order, each text's by itself. The time was searched for, and
the p-value counts that in. Where a change is shown the runs before and after it are tested in turn, each with half of
the error that was left, so that with a chance of `alpha` at most a change is told where none is (binary segmentation).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nihbench.stats.detectable import ALPHA
from nihbench.stats.interval import FloatArray, IntArray

LEAST_RUNS = 3
"""Two runs are a pair, and have a test of their own."""

SHUFFLES = 1_999
_AT_ONCE = 2_000_000
"""Outcomes that are shuffled together: no more is in memory."""
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A change: `after` is the index of the last run before it, `before` and `behind` are the means on its two sides.

    The means reach to the next change on either side.
    """

    after: int
    p_value: float
    before: float
    behind: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """The changes of a series in order; `p_value` is that of the first test, None where nothing could be tested."""

    p_value: float | None
    points: tuple[Change, ...] = ()


def change_points(values: FloatArray, unit: IntArray, rng: np.random.Generator, *, alpha: float = ALPHA) -> Changes:
    """Look for changes.

    Args:
        values: Shape (trials, runs), between 0 and 1, none missing, runs in their order.
        unit: Shape (trials,); trials of equal number are shuffled together (one text, or a whole haystack).
        rng: Source of the shuffles; the same seed gives the same p-values.
        alpha: Chance that a change is told where none is.
    """
    runs = values.shape[1]
    if runs < LEAST_RUNS or not len(values):
        return Changes(p_value=None)
    _, place = np.unique(unit, return_inverse=True)
    sums = np.zeros((int(place.max()) + 1, runs))
    np.add.at(sums, place, values)
    first, _ = _largest(sums, rng)
    found = sorted(_search(sums, rng, 0, alpha, known=first))
    means = values.mean(axis=0)
    ends = [0, *(at + 1 for at, _ in found), runs]
    levels = [float(means[start:end].mean()) for start, end in zip(ends, ends[1:], strict=False)]
    points = (
        Change(after=at, p_value=p, before=levels[number], behind=levels[number + 1])
        for number, (at, p) in enumerate(found)
    )
    return Changes(p_value=first, points=tuple(points))


def _search(
    sums: FloatArray, rng: np.random.Generator, begin: int, alpha: float, known: float | None = None
) -> Iterator[tuple[int, float]]:
    if sums.shape[1] < 2:
        return
    p_value, split = _largest(sums, rng, known)
    if p_value > alpha:
        return
    yield begin + split, p_value
    yield from _search(sums[:, : split + 1], rng, begin, alpha / 2)
    yield from _search(sums[:, split + 1 :], rng, begin + split + 1, alpha / 2)


def _largest(sums: FloatArray, rng: np.random.Generator, known: float | None = None) -> tuple[float, int]:
    """Return the p-value of the largest change, and the index of the last run before it.

    Args:
        sums: Shape (units, runs).
        rng: Source of the shuffles.
        known: The p-value, where it was worked out before.
    """
    seen = _statistics(sums.sum(axis=0)[None, :])[0]
    split = int(np.argmax(seen))
    if known is not None:
        return known, split
    # A unit whose outcomes are all alike is the same in any order.
    moving = sums[np.ptp(sums, axis=1) > _TINY]
    if not len(moving):
        return 1.0, split
    fixed = sums.sum(axis=0) - moving.sum(axis=0)
    most, reached, left = seen[split], 0, SHUFFLES
    while left:
        many = min(left, max(1, _AT_ONCE // moving.size))
        shuffled = rng.permuted(np.broadcast_to(moving, (many, *moving.shape)), axis=2).sum(axis=1) + fixed
        reached += int(np.sum(_statistics(shuffled).max(axis=1) >= most - _TINY))
        left -= many
    return (1 + reached) / (1 + SHUFFLES), split


def _statistics(totals: FloatArray) -> FloatArray:
    """Return |difference of means| for every split of each series (rows), in units in which all splits vary alike."""
    runs = totals.shape[1]
    split = np.arange(1, runs)
    centred = totals - totals.mean(axis=1, keepdims=True)
    return np.asarray(np.abs(np.cumsum(centred, axis=1)[:, :-1]) / np.sqrt(split * (runs - split) / runs))
