"""What every estimate here comes with: an interval that says how it was made and how far it reaches; the exact ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Method = Literal["exact", "credible", "local", "paired", "clusters", "needles", "two_way", "assumed", "none"]

LEVEL = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """From `low` to `high`, in the unit of the estimate, at confidence (or probability) `level`.

    `method`: "exact" Clopper-Pearson; "credible" Dirichlet-multinomial; "local" differences between neighbouring
    cells of one haystack; "paired" Agresti and Min's, of a difference; "clusters" t over haystacks;
    "needles" t over the needles of a bank in one haystack; "two_way" t over needles and haystacks;
    "assumed" haystacks that do not differ at all, so that their spread had to be assumed; "none" nothing to compute
    one from (the whole range).
    `this_haystack`: it says nothing about other haystacks, and a caption must say "for this haystack".
    """

    low: float
    high: float
    level: float = LEVEL
    method: Method
    this_haystack: bool = False

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def width(self) -> float:
        """Length of the interval, in the unit of the estimate."""
        return self.high - self.low


@dataclass(frozen=True, kw_only=True, eq=False)
class Ends:
    """The ends of an interval, each found when it is asked for: to find one takes some ten milliseconds.

    `end` returns the lower one for -1, the upper one for 1. The other fields are as in `Interval`.
    """

    end: Callable[[int], float]
    level: float = LEVEL
    method: Method
    this_haystack: bool = False

    def __eq__(self, other: object) -> bool:
        """Say whether two are the same interval."""
        return isinstance(other, Ends) and whole(self) == whole(other)

    @cached_property
    def low(self) -> float:
        """The lower end."""
        return self.end(-1)

    @cached_property
    def high(self) -> float:
        """The upper end."""
        return self.end(1)


def whole(ends: Interval | Ends) -> Interval:
    """Return an interval with both its ends."""
    if isinstance(ends, Interval):
        return ends
    return Interval(
        low=ends.low, high=ends.high, level=ends.level, method=ends.method, this_haystack=ends.this_haystack
    )


# ---- beta, binomial, t and normal distributions on numpy arrays: just what the intervals need, without scipy ---------
# The regularised incomplete beta function is Lentz's evaluation of its continued fraction (Press et al., Numerical
# Recipes, 3rd ed. 2007, 6.4); quantiles are found by bisection, so they are slow and safe. Tests hold them against
# scipy.


_LANCZOS = (
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
)  # fmt: skip
_TINY = 1e-300


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


# ---- exact intervals for a share of independent trials (Clopper and Pearson, Biometrika 1934), and what follows ------
# They hold at least their level at every true share, which is what a small number of trials needs. Hits may be a
# fraction (a sum of values between 0 and 1): such a sum varies no more than a count of the same mean, so the level
# still holds closely.


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
    return _exact_low(hits, trials, level), _exact_high(hits, trials, level)


def _exact_low(hits: ArrayLike, trials: ArrayLike, level: float) -> FloatArray:
    k, n = _counts(hits, trials)
    return np.where(k > 0, beta_quantile((1 - level) / 2, np.maximum(k, 1e-12), n - k + 1), 0.0)


def _exact_high(hits: ArrayLike, trials: ArrayLike, level: float) -> FloatArray:
    k, n = _counts(hits, trials)
    return np.where(k < n, beta_quantile(1 - (1 - level) / 2, k + 1, np.maximum(n - k, 1e-12)), 1.0)


def _counts(hits: ArrayLike, trials: ArrayLike) -> tuple[FloatArray, FloatArray]:
    k, n = np.broadcast_arrays(np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64))
    if np.any(k < 0) or np.any(k > n + 1e-9):
        raise ValueError("hits must lie between 0 and the number of trials")
    return k, n


@lru_cache(maxsize=16_384)
def exact_interval(hits: float, trials: float, level: float = LEVEL) -> tuple[float, float]:
    """Return one Clopper-Pearson interval; remembered, since the cells and rows of a grid share few counts."""
    low, high = clopper_pearson(hits, trials, level)
    return float(low), float(high)


def lower_bound(hits: ArrayLike, trials: ArrayLike, level: float = LEVEL) -> FloatArray:
    """Return the one-sided exact lower bound at `level`, broadcast; 0 without trials or hits."""
    return _exact_low(hits, trials, 2 * level - 1)


def upper_bound(hits: ArrayLike, trials: ArrayLike, level: float = LEVEL) -> FloatArray:
    """Return the one-sided exact upper bound at `level`, broadcast; 1 without trials or misses."""
    return _exact_high(hits, trials, 2 * level - 1)


def share(hits: int, trials: int, level: float = LEVEL) -> Share:
    """Return a share of independent trials: the false-answer rate, an oracle's success, the rate of refusals.

    Raises:
        ValueError: Hits outside 0 to trials.
    """
    low, high = exact_interval(hits, trials, level)
    interval = Interval(low=low, high=high, level=level, method="exact" if trials else "none")
    return Share(hits=hits, trials=trials, value=hits / trials if trials else float("nan"), interval=interval)


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
