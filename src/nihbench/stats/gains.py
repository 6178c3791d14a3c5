"""Which mean differences the haystacks at hand leave open: the interval of a paired difference, by inverting tests.

A difference is what the second side gains less what it loses. Where one of the two is rare, haystacks are skewed (most
lose nothing, one loses much), and Student's t over a few of them falls short. So its quantiles are taken from a model
of the difference that is tested, as `inversion` does for a mean: each of the two shares has logits that are normal
over haystacks, with the mean and the spread that are likeliest for this difference and these haystacks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nihbench.stats.clusters import error_of_mean
from nihbench.stats.interval import FloatArray
from nihbench.stats.inversion import PLACES, ROUNDING, SPREADS, design_of_sizes, likelihoods, logistic, middles

DRAWS = 2000
"""Sweeps drawn from each model."""

_STEPS = 12
"""Halvings of the way from the difference at hand to the end of its range: 0.0005 at most."""

_RARE, _NEVER = 1e-6, 1e6
_SHARES = logistic(PLACES)


def differences_left_open(gain: FloatArray, loss: FloatArray, size: FloatArray, level: float) -> tuple[float, float]:
    """Return both ends of the interval of a mean difference over haystacks that are not all alike.

    Args:
        gain: Shape (haystacks,), the sum of what the second side has more, pair by pair (0 to 1 a pair).
        loss: Shape (haystacks,), the same of what it has less.
        size: Shape (haystacks,), pairs over each.
        level: Confidence of the interval.
    """
    mean, error = (float(number) for number in error_of_mean(gain - loss, size))
    fit = _Fit(design=design_of_sizes(size), gains=likelihoods(gain, size), losses=likelihoods(loss, size))

    def end(side: int) -> float:
        inside, outside = 0.0, 1.0 - side * mean
        for _ in range(_STEPS):
            way = (inside + outside) / 2
            low, high = fit.quantiles(mean + side * way, level)
            # Too good for a tested difference that lies below the one at hand, or too bad for one above.
            holds = way / error <= (high if side < 0 else -low) + ROUNDING
            inside, outside = (way, outside) if holds else (inside, way)
        return mean + side * inside

    return end(-1), end(1)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fit:
    """How likely each mean (`PLACES`) and spread (`SPREADS`) of gains and of losses is, of shape (places, spreads)."""

    design: tuple[int, ...]
    gains: FloatArray
    losses: FloatArray

    def quantiles(self, difference: float, level: float) -> tuple[float, float]:
        """Return the quantiles of t in the likeliest model with this mean difference."""
        rare, common = (self.losses, self.gains) if difference >= 0 else (self.gains, self.losses)
        share = _SHARES + abs(difference)
        share = share[share < 1 - _RARE]
        if not len(share):
            return -_NEVER, _NEVER
        place = np.log(share / (1 - share))
        likely = rare.max(axis=1)[: len(share)] + np.interp(place, PLACES, common.max(axis=1))
        at = int(np.argmax(likely))
        there = int(np.argmin(np.abs(PLACES - place[at])))
        low, high = _quantiles(self.design, (at, int(rare[at].argmax())), (there, int(common[there].argmax())), level)
        return (low, high) if difference >= 0 else (-high, -low)


@lru_cache(maxsize=8192)
def _quantiles(
    design: tuple[int, ...], rare: tuple[int, int], common: tuple[int, int], level: float
) -> tuple[float, float]:
    """Return the quantiles of t over sweeps whose two shares have these (place, spread): `common` less `rare`.

    Sweeps whose haystacks are all alike have no t and count as neither too good nor too bad.
    """
    size = np.array(design, dtype=np.int64)
    rng = np.random.default_rng([*rare, *common])
    few, many = (
        logistic(middles()[place, spread] + SPREADS[spread] * rng.standard_normal((DRAWS, len(size))))
        for place, spread in (rare, common)
    )
    lost = rng.binomial(size, few)
    gained = rng.binomial(size - lost, np.minimum(1.0, many / np.maximum(1 - few, _RARE)))
    mean, error = error_of_mean((gained - lost).astype(np.float64), size.astype(np.float64))
    some = error > 1e-9
    truth = float(_SHARES[common[0]] - _SHARES[rare[0]])
    t = np.sort((mean[some] - truth) / error[some])
    tail = math.floor((1 - level) / 2 * DRAWS)
    return (float(t[tail]), float(t[-1 - tail])) if tail < len(t) else (-_NEVER, _NEVER)
