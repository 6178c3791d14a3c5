"""How far two raters agree on ordered classes: confusion table, weighted kappa with its interval, recall by class.

It knows nothing of answers or bands: classes are indices, 0 the lowest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from nihbench.types import IntArray

_ROUNDING = 1e-12
"""A variance that is so small a share of the two numbers whose difference it is, is 0 but for rounding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kappa:
    """A weighted kappa and its confidence interval, cut at -1 and 1.

    `value` is None where it is not defined: there is no item, or both raters gave one and the same class throughout.
    `low` and `high` are None where the standard error says nothing, because it is 0: kappa is undefined, or no two
    ratings differ (a handful of items without a disagreement is no proof of perfect agreement); nor is there an
    interval for fewer than 2 k^2 items in k classes, from where on the large-sample error holds (Cicchetti, Applied
    Psychological Measurement 5 (1981), 101-104).
    """

    value: float | None
    low: float | None
    high: float | None


def confusion(reference: Sequence[int], rated: Sequence[int], classes: int) -> IntArray:
    """Count pairs of ratings: cell (i, j) holds the items that the reference puts into i and the other rater into j.

    Args:
        reference: class indices of the first rater, one an item.
        rated: those of the second, in the same order.
        classes: how many classes there are.

    Raises:
        ValueError: the lengths differ.
    """
    if len(reference) != len(rated):
        raise ValueError(f"{len(reference)} ratings beside {len(rated)}")
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (np.asarray(reference, dtype=np.int64), np.asarray(rated, dtype=np.int64)), 1)
    return table


def weighted_kappa(table: IntArray, *, level: float = 0.95) -> Kappa:
    """Return Cohen's kappa with quadratic weights over equally spaced classes, and its large-sample interval.

    Source: Cohen 1968 (weighted kappa); the standard error is that of Fleiss, Cohen and Everitt, Psychological
    Bulletin 72 (1969), 323-327, for a kappa that is not zero. Items are taken as independent.

    Args:
        table: the square table of `confusion`.
        level: the interval's nominal coverage.
    """
    total = int(table.sum())
    if total == 0:
        return Kappa(value=None, low=None, high=None)
    shares = table / total
    agreement = _quadratic(len(table))
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed = float((agreement * shares).sum())
    expected = float((agreement * np.outer(rows, columns)).sum())
    if math.isclose(expected, 1.0):
        return Kappa(value=None, low=None, high=None)
    kappa = (observed - expected) / (1 - expected)
    # Mean weight of each row and column under the other rater's margins, summed for every cell.
    margins = (agreement @ columns)[:, None] + (rows @ agreement)[None, :]
    spread = float((shares * (agreement * (1 - expected) - margins * (1 - observed)) ** 2).sum())
    square = (observed * expected - 2 * expected + observed) ** 2
    if total < 2 * len(table) ** 2 or spread - square <= _ROUNDING * max(spread, square):
        return Kappa(value=kappa, low=None, high=None)
    variance = (spread - square) / (total * (1 - expected) ** 4)
    reach = NormalDist().inv_cdf(0.5 + level / 2) * math.sqrt(variance)
    return Kappa(value=kappa, low=max(kappa - reach, -1.0), high=min(kappa + reach, 1.0))


def exact_agreement(table: IntArray) -> float | None:
    """Return the share of items that both raters put into the same class; None without items."""
    total = int(table.sum())
    return float(np.trace(table) / total) if total else None


def recalls(table: IntArray) -> tuple[float | None, ...]:
    """Return for each class of the reference the share that the other rater put there too; None for an empty class."""
    sums = table.sum(axis=1)
    return tuple(float(table[i, i] / n) if n else None for i, n in enumerate(sums))


def _quadratic(classes: int) -> NDArray[np.float64]:
    """Return the weights of agreement: 1 for the same class, 0 for the two farthest apart."""
    places = np.arange(classes, dtype=np.float64)
    weights: NDArray[np.float64] = 1 - (np.subtract.outer(places, places) / max(classes - 1, 1)) ** 2
    return weights
