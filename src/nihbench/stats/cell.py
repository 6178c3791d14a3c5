"""One cell of the grid: how often the needle was found, and the mean score, each with an interval.

The mean score has a posterior, not a sampling distribution: the five bands are categories with unknown probabilities, a
Dirichlet prior of weight 1 (1/5 each: the overall objective prior of Berger, Bernardo and Sun, Bayesian Analysis
2015) becomes a Dirichlet posterior, and the mean score is a weighted sum of it. Its distribution function is exact,
by Imhof's inversion (Biometrika 1961) of a weighted sum of gamma variables: no random draws, no seed. Where every
answer of a cell has the highest or the lowest score that posterior can't hold what was seen: there the bound is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.interval import LEVEL, FloatArray, Interval, clopper_pearson, exact_interval
from nihbench.types import BANDS

PRIOR_TRIALS = 1.0
"""The weight of the whole prior, in trials; each value that a score can have has an equal part of it."""


def scale_of(values: ArrayLike) -> tuple[float, ...]:
    """Return the values that a grid's scores can have: `BANDS`, or the shares of items that came, with 0 and 1."""
    seen = np.unique(np.round(np.asarray(values, dtype=np.float64), 6))
    seen = seen[~np.isnan(seen)]
    if np.isclose(seen[:, None], BANDS).any(axis=1).all():
        return BANDS
    return tuple(np.union1d(seen, (0.0, 1.0)).tolist())


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell measured `n` times. Shares between 0 and 1, NaN where n is 0; the trials must be independent.

    `found` has the Clopper-Pearson interval; `mean_band` is the plain mean of the values, its interval that of
    `mean_interval`.
    """

    n: int
    found: float
    found_interval: Interval
    mean_band: float
    mean_band_interval: Interval


def cell(values: ArrayLike, found: ArrayLike, level: float = LEVEL, scale: tuple[float, ...] = BANDS) -> Cell:
    """Summarise the measured trials of one cell.

    Args:
        values: Shape (n,), each one of `scale`.
        found: Shape (n,), whether the needle was found.
        level: Confidence and credibility of the two intervals.
        scale: The values that scores of the grid can have (`scale_of`).

    Raises:
        ValueError: A value that is no band, or shapes that differ.
    """
    value, hit = np.asarray(values, dtype=np.float64), np.asarray(found, dtype=bool)
    if value.shape != hit.shape:
        raise ValueError(f"values of shape {value.shape} but found of shape {hit.shape}")
    n, hits = len(value), int(hit.sum())
    low, high = exact_interval(hits, n, level)
    exact = Interval(low=low, high=high, level=level, method="exact" if n else "none")
    ends = _remembered(tuple(band_counts(value, scale).tolist()), level, scale)
    alike = n > 0 and float(value.mean()) in (0.0, 1.0)
    mean_ends = Interval(low=ends[0], high=ends[1], level=level, method="exact" if alike else "credible")
    mean = float(value.mean()) if n else float("nan")
    return Cell(
        n=n,
        found=hits / n if n else float("nan"),
        found_interval=exact,
        mean_band=mean,
        mean_band_interval=mean_ends,
    )


def band_counts(values: ArrayLike, scale: tuple[float, ...] = BANDS) -> FloatArray:
    """Return how often each value of the scale comes in `values`, shape (len(scale),).

    Raises:
        ValueError: A value that is no band.
    """
    value = np.asarray(values, dtype=np.float64)
    same = np.isclose(value[:, None], scale, atol=1e-6)
    if not same.any(axis=1).all():
        raise ValueError(f"values must be one of the bands {scale}")
    return np.asarray(same.sum(axis=0), dtype=np.float64)


def credible_mean(
    counts: ArrayLike, *, level: float = LEVEL, prior: float | None = None, scale: tuple[float, ...] = BANDS
) -> tuple[FloatArray, FloatArray]:
    """Return both ends of the mean score's equal-tailed credible interval.

    Args:
        counts: Shape (..., len(scale)), trials of each value; what comes more than once is computed once.
        level: Probability between the two ends.
        prior: Weight of each value in the Dirichlet prior, in trials; None: an equal part of `PRIOR_TRIALS`.
        scale: The values that scores can have.

    Returns:
        Low and high ends, each of shape (...).
    """
    count = np.asarray(counts, dtype=np.float64)
    rows, place = np.unique(count.reshape(-1, len(scale)), axis=0, return_inverse=True)
    weights = rows + (PRIOR_TRIALS / len(scale) if prior is None else prior)
    tails = ((1 - level) / 2, (1 + level) / 2)
    ends = [_quantile(weights, tail, scale)[place.ravel()].reshape(count.shape[:-1]) for tail in tails]
    return ends[0], ends[1]


def mean_interval(
    counts: ArrayLike, *, level: float = LEVEL, scale: tuple[float, ...] = BANDS
) -> tuple[FloatArray, FloatArray]:
    """Return both ends of a cell's interval of the mean score, which always holds the mean itself.

    Mostly that of `credible_mean`, whose ends lie strictly between 0 and 1 whatever is seen. Where all answers score 1
    it is therefore Clopper and Pearson's for the share of such answers, than which the mean can't be lower; where all
    score 0, likewise.

    Args:
        counts: Shape (..., len(scale)), trials of each value, ascending.
        level: Confidence (or probability) between the two ends.
        scale: The values that scores can have, the first 0 and the last 1.

    Returns:
        Low and high ends, each of shape (...).
    """
    count = np.asarray(counts, dtype=np.float64)
    low, high = credible_mean(count, level=level, scale=scale)
    n = count.sum(axis=-1)
    least, most = clopper_pearson(n, n, level)[0], clopper_pearson(np.zeros_like(n), n, level)[1]
    best, worst = (n > 0) & (count[..., -1] == n), (n > 0) & (count[..., 0] == n)
    return np.where(best, least, np.where(worst, 0.0, low)), np.where(best, 1.0, np.where(worst, most, high))


@lru_cache(maxsize=4096)
def _remembered(counts: tuple[float, ...], level: float, scale: tuple[float, ...]) -> tuple[float, float]:
    """Remembered: the cells of a grid share few counts."""
    low, high = mean_interval(counts, level=level, scale=scale)
    return float(low), float(high)


def _quantile(weights: FloatArray, probability: float, scale: tuple[float, ...]) -> FloatArray:
    low, high = np.zeros(len(weights)), np.ones(len(weights))
    for _ in range(40):
        middle = (low + high) / 2
        below = mean_band_cdf(middle, weights, scale) < probability
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def mean_band_cdf(x: FloatArray, weights: FloatArray, scale: tuple[float, ...] = BANDS) -> FloatArray:
    """Return P(mean score <= x) where the bands' probabilities are Dirichlet with these weights.

    P(sum w_i p_i <= x) = P(sum (w_i - x) G_i <= 0) with independent gamma variables G_i of shape `weights`; Imhof's
    integral over u is taken on u = exp(s), where its integrand dies out exponentially at both ends, so that the
    trapezoid rule converges as fast as the arithmetic allows.

    Args:
        x: Shape (cells,), strictly between 0 and 1.
        weights: Shape (cells, len(scale)), all positive.
        scale: The values that scores can have.
    """
    s = np.linspace(-30.0, 30.0, 481)
    scaled = (np.asarray(scale) - x[:, None])[:, :, None] * np.exp(s)
    angle = np.einsum("cb,cbs->cs", weights, np.arctan(scaled))
    log_size = 0.5 * np.einsum("cb,cbs->cs", weights, np.log1p(scaled * scaled))
    integral = np.sum(np.sin(angle) * np.exp(-log_size), axis=1) * (s[1] - s[0])
    return np.asarray(np.clip(0.5 - integral / np.pi, 0.0, 1.0))
