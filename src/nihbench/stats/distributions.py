"""Beta, binomial, t and normal distributions on numpy arrays: just what the intervals here need, without scipy.

The regularised incomplete beta function is Lentz's evaluation of its continued fraction (Press et al., Numerical
Recipes, 3rd ed. 2007, 6.4); quantiles are found by bisection, so they are slow and safe. Tests hold them against scipy.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

_LANCZOS = (
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
)  # fmt: skip
_TINY = 1e-300


def normal_quantile(probability: float) -> float:
    """Return the standard normal quantile of a probability strictly between 0 and 1."""
    return NormalDist().inv_cdf(probability)


def log_gamma(x: ArrayLike) -> FloatArray:
    """Return the logarithm of the gamma function for x > 0, to about 13 digits (Lanczos 1964, g = 7)."""
    z = np.asarray(x, dtype=np.float64)
    series = np.full_like(z, 0.99999999999980993)
    for index, coefficient in enumerate(_LANCZOS):
        series = series + coefficient / (z + index)
    t = z + 6.5
    return np.asarray(0.5 * math.log(2 * math.pi) + (z - 0.5) * np.log(t) - t + np.log(series))


def beta_cdf(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Return the regularised incomplete beta function I_x(a, b), broadcast over the arguments; a, b > 0."""
    at, a, b = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (x, a, b)))
    inside = np.clip(at, 1e-300, 1 - 1e-16)
    # The fraction converges quickly below the mean; above it the mirrored distribution is taken.
    swap = inside > (a + 1) / (a + b + 2)
    first, second = np.where(swap, b, a), np.where(swap, a, b)
    point = np.where(swap, 1 - inside, inside)
    front = log_gamma(a + b) - log_gamma(a) - log_gamma(b) + first * np.log(point) + second * np.log1p(-point)
    lower = np.exp(front) * _beta_fraction(point, first, second) / first
    result = np.where(swap, 1 - lower, lower)
    return np.where(at <= 0, 0.0, np.where(at >= 1, 1.0, np.clip(result, 0.0, 1.0)))


def _beta_fraction(x: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    def away_from_zero(value: FloatArray) -> FloatArray:
        return np.where(np.abs(value) < _TINY, _TINY, value)

    c = np.ones_like(x)
    d = 1 / away_from_zero(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, 2000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / away_from_zero(1 + numerator * d)
            c = away_from_zero(1 + numerator / c)
            result = result * d * c
        if np.all(np.abs(d * c - 1) < 1e-14):
            break
    return result


def beta_quantile(probability: ArrayLike, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Return the quantile of Beta(a, b), broadcast over the arguments; a, b > 0."""
    p, a, b = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (probability, a, b)))
    low, high = np.zeros(p.shape), np.ones(p.shape)
    for _ in range(52):
        middle = (low + high) / 2
        below = beta_cdf(middle, a, b) < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def binomial_tail(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> FloatArray:
    """Return P(X >= k) for X ~ Binomial(n, p), broadcast over the arguments."""
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    inside = beta_cdf(p, np.maximum(k, 1), np.maximum(n - k + 1, 1))
    return np.where(k <= 0, 1.0, np.where(k > n, 0.0, inside))


def t_cdf(t: ArrayLike, df: ArrayLike) -> FloatArray:
    """Return the cumulative distribution of Student's t; `df` > 0 need not be whole."""
    t, df = np.asarray(t, dtype=np.float64), np.asarray(df, dtype=np.float64)
    tail = beta_cdf(df / (df + t * t), df / 2, 0.5) / 2
    return np.where(t > 0, 1 - tail, tail)


@lru_cache(maxsize=4096)
def t_value(probability: float, df: float) -> float:
    """Return one quantile of Student's t, as `t_quantile` does; remembered, since most designs share their df."""
    return float(t_quantile(probability, df))


def t_quantile(probability: float, df: ArrayLike) -> FloatArray:
    """Return the quantile of Student's t for 0.5 <= probability < 1; `df` > 0 need not be whole."""
    df = np.asarray(df, dtype=np.float64)
    # The tail is a beta distribution of df / (df + t^2). Its quantile is small and found on a log scale: by Newton's
    # steps, and by halves where one leads out of what is left.
    a, wanted = df / 2, 2 * (1 - probability)
    scale = log_gamma(a + 0.5) - log_gamma(a) - log_gamma(0.5)
    low, high = np.full(df.shape, -60.0), np.zeros(df.shape)
    at = (low + high) / 2
    for _ in range(60):
        share = beta_cdf(np.exp(at), a, 0.5)
        low, high = np.where(share < wanted, at, low), np.where(share < wanted, high, at)
        slope = np.exp(scale + a * at - 0.5 * np.log(-np.expm1(np.minimum(at, -1e-300))))
        step = at - (share - wanted) / np.maximum(slope, 1e-300)
        middle = (low + high) / 2
        after = np.where((step > low) & (step < high), step, middle)
        if np.all(np.abs(after - at) < 1e-15):
            break
        at = after
    x = np.exp(at)
    return np.asarray(np.sqrt(df * (1 - x) / x))
