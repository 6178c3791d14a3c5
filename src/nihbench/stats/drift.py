"""Did the endpoint change during the run? One question, asked again and again (the sentinel), tells.

Two permutation tests on the sentinel's values in the order they were answered: a steady trend, and a
sudden change at an unknown time. If the endpoint stayed the same, every order of the values was equally likely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.interval import FloatArray

LEAST_SENTINELS = 6
"""Five values or fewer have too few orders for two tests to show anything."""

SHUFFLES = 9_999
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """What the sentinels say.

    `trend` is the correlation of value and order (-1 to 1), `trend_p` its p-value. `change_after` is the number of
    sentinels before the likeliest change, `before` and `after` the means on its two sides, `change_p` its p-value,
    which counts in that the time was searched for. `p_value` is for both tests together (Bonferroni), `drifted`
    whether it is at most 0.05. All None (and `drifted` False) with fewer than six sentinels; p-values are 1 where all
    are alike.
    """

    sentinels: int
    drifted: bool = False
    p_value: float | None = None
    trend: float | None = None
    trend_p: float | None = None
    change_after: int | None = None
    before: float | None = None
    after: float | None = None
    change_p: float | None = None


def drift(values: ArrayLike, rng: np.random.Generator) -> Drift:
    """Test the sentinels of a run.

    Args:
        values: Shape (n,), values between 0 and 1 in the order of answering; the unmeasured left out.
        rng: Source of the `SHUFFLES` random orders; the same seed gives the same p-values.
    """
    value = np.asarray(values, dtype=np.float64)
    count = len(value)
    if count < LEAST_SENTINELS:
        return Drift(sentinels=count)
    if np.ptp(value) < 1e-12:
        mean = float(value.mean())
        return Drift(sentinels=count, p_value=1.0, trend=0.0, trend_p=1.0, before=mean, after=mean, change_p=1.0)
    orders = np.vstack([value, rng.permuted(np.tile(value, (SHUFFLES, 1)), axis=1)])
    trends, changes = _trend(orders), _changes(orders)
    trend_p, change_p = _p_value(np.abs(trends)), _p_value(changes.max(axis=1))
    split = int(np.argmax(changes[0])) + 1
    together = min(1.0, 2 * min(trend_p, change_p))
    return Drift(
        sentinels=count,
        drifted=together <= ALPHA,
        p_value=together,
        trend=float(trends[0]),
        trend_p=trend_p,
        change_after=split,
        before=float(value[:split].mean()),
        after=float(value[split:].mean()),
        change_p=change_p,
    )


def _trend(orders: FloatArray) -> FloatArray:
    """Return the correlation of each row's values with their order."""
    time = np.arange(orders.shape[1]) - (orders.shape[1] - 1) / 2
    centred = orders - orders.mean(axis=1, keepdims=True)
    return np.asarray(centred @ time / np.sqrt(np.sum(time**2) * np.sum(centred**2, axis=1)))


def _changes(orders: FloatArray) -> FloatArray:
    """Return |difference of means| in standard units for every split of each row (Page, Biometrika 1955; the CUSUM)."""
    count = orders.shape[1]
    split = np.arange(1, count)
    centred = orders - orders.mean(axis=1, keepdims=True)
    return np.asarray(np.abs(np.cumsum(centred, axis=1)[:, :-1]) / np.sqrt(split * (count - split) / count))


def _p_value(statistics: FloatArray) -> float:
    """Return the share of orders at least as extreme as the first, which is the seen one (Phipson, Smyth 2010)."""
    return float(np.mean(statistics >= statistics[0] - 1e-9))
