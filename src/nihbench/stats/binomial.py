"""Exact intervals for a share of independent trials (Clopper and Pearson, Biometrika 1934), and what follows from them.

They hold at least their level at every true share, which is what a small number of trials needs. Hits may be a fraction
(a sum of values between 0 and 1): such a sum varies no more than a count of the same mean, so the level still holds
closely.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.distributions import FloatArray, beta_quantile, binomial_tail
from nihbench.stats.interval import LEVEL, Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A share of `trials` independent trials: `value` = hits / trials, NaN without trials, with its exact interval."""

    hits: int
    trials: int
    value: float
    interval: Interval


def clopper_pearson(hits: ArrayLike, trials: ArrayLike, level: float = LEVEL) -> tuple[FloatArray, FloatArray]:
    """Return both ends of the equal-tailed exact interval, broadcast over the arguments.

    Args:
        hits: Successes, 0 <= hits <= trials; need not be whole.
        trials: Independent trials; with none the interval is 0 to 1. Need not be whole (an effective number).
        level: Two-sided confidence; each end alone is a one-sided bound at (1 + level) / 2.

    Raises:
        ValueError: Hits outside 0 to trials.
    """
    k, n = np.broadcast_arrays(np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64))
    if np.any(k < 0) or np.any(k > n + 1e-9):
        raise ValueError("hits must lie between 0 and the number of trials")
    tail = (1 - level) / 2
    some, missed = np.maximum(k, 1e-12), np.maximum(n - k, 1e-12)
    low = np.where(k > 0, beta_quantile(tail, some, n - k + 1), 0.0)
    high = np.where(k < n, beta_quantile(1 - tail, k + 1, missed), 1.0)
    return low, high


@lru_cache(maxsize=16_384)
def exact_interval(hits: float, trials: float, level: float = LEVEL) -> tuple[float, float]:
    """Return one Clopper-Pearson interval; remembered, since the cells and rows of a grid share few counts."""
    low, high = clopper_pearson(hits, trials, level)
    return float(low), float(high)


def lower_bound(hits: ArrayLike, trials: ArrayLike, level: float = LEVEL) -> FloatArray:
    """Return the one-sided exact lower bound at `level`, broadcast; 0 without trials or hits."""
    return clopper_pearson(hits, trials, 2 * level - 1)[0]


def upper_bound(hits: ArrayLike, trials: ArrayLike, level: float = LEVEL) -> FloatArray:
    """Return the one-sided exact upper bound at `level`, broadcast; 1 without trials or misses."""
    return clopper_pearson(hits, trials, 2 * level - 1)[1]


def share(hits: int, trials: int, level: float = LEVEL) -> Share:
    """Return a share of independent trials: the false-answer rate, an oracle's success, the rate of refusals.

    Raises:
        ValueError: Hits outside 0 to trials.
    """
    low, high = exact_interval(hits, trials, level)
    interval = Interval(low=low, high=high, level=level, method="exact" if trials else "none")
    return Share(hits=hits, trials=trials, value=hits / trials if trials else float("nan"), interval=interval)


def above_chance(value: float, floor: float) -> float:
    """Return a share as it stands above the chance floor: (value - floor) / (1 - floor), never under 0.

    Abbott's correction (Journal of Economic Entomology 1925), with the closed-book share as the floor. NaN where
    the floor is 1: then every answer could have been given unread.
    """
    return max(0.0, (value - floor) / (1 - floor)) if floor < 1 else float("nan")


def trials_to_demonstrate(
    threshold: float, *, rate: float = 1.0, level: float = LEVEL, power: float = 0.8, most: int = 20_000
) -> int | None:
    """Return how many trials a row needs so that its exact lower bound is above `threshold` with the given power.

    Power jumps up and down as trials are added (hits are whole); from the returned number on it stays above `power`.
    With `rate` 1 it is the smallest n with (1 - level) ** (1 / n) > threshold: 19 for 0.85.

    Args:
        threshold: Share that the bound must pass, 0 <= threshold < 1.
        rate: The true share of the row.
        level: One-sided confidence of the bound.
        power: Probability that a row of such a rate passes.
        most: Where the search ends.

    Returns:
        Trials in the row, or None where `rate` is not above the threshold or more than `most` would be needed.
    """
    if rate <= threshold:
        return None
    size = 64
    while size <= most:
        n = np.arange(1, size + 1)
        # Demonstrated: P(X >= hits | threshold) <= 1 - level. The least such number of hits, found by bisection.
        low, high = np.zeros(size), n + 1.0
        while np.any(high - low > 1):
            middle = np.floor((low + high) / 2)
            enough = binomial_tail(middle, n, threshold) < 1 - level
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        weak = np.flatnonzero(binomial_tail(high, n, rate) < power)
        # The last weak number must lie well inside the range, else more of them may follow.
        last = int(n[weak[-1]]) if len(weak) else 0
        if last <= size // 2:
            return last + 1
        size *= 2
    return None
