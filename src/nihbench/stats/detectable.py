"""What a paired design can see: its power, its smallest detectable difference, the repeats a difference needs.

The power is that of the exact sign-flip test for found or not found (McNemar's exact test): of n pairs a number K ~
Binomial(n, q) differ at all, and of those a share (q + d) / 2q in one direction. It counts in that the exact test is
careful with few differing pairs, which a normal approximation forgets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.interval import FloatArray, IntArray, binomial_tail, t_value

POWER = 0.8
ALPHA = 0.05

LEAST_HAYSTACKS = 6
"""Fewer haystacks can't reach 0.05 when they are flipped whole (2 / 2**6 = 0.03): then all is said of these alone."""

_SHIFTS = {6: 1.78, 7: 1.34, 8: 1.19, 9: 1.09, 10: 1.02, 11: 0.95}
"""Standard deviations of the haystacks' differences by which their mean must differ from 0 to be seen with 80% power by
flipping so many haystacks whole (simulated, normal differences); from 12 on Student's t needs hardly less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """What the power of a paired comparison depends on.

    `pairs` independent pairs; `discordant` the share of them that differ when the prompts are equally good; `size` how
    much a differing pair differs (1 for found or not found); `drift` how fast the discordant share grows with a
    true difference: |2 m - 1| at a mean of m (two independent answers with shares m and m - d differ by d in truth
    and in m + (1 - 2 m)(m - d) of the pairs).
    """

    pairs: int
    discordant: float
    size: float = 1.0
    drift: float = 1.0


def design_of(first: ArrayLike, second: ArrayLike, pairs: int | None = None) -> Design:
    """Estimate the design from paired values between 0 and 1.

    The discordant share has one differing pair added, so that it is never 0, and so that the power at the difference
    which a sweep states is 80% on the average over sweeps, not under it. A difference that
    the data already show is taken as given: it is part of the discordance.

    Args:
        first: Shape (n,), values of one side.
        second: Shape (n,), values of the other, pair by pair.
        pairs: Independent pairs, where not all n are.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    steps = np.abs(a - b)
    differing = steps[steps > 1e-9]
    mean = float((a.mean() + b.mean()) / 2) if len(a) else 0.5
    return Design(
        pairs=len(a) if pairs is None else pairs,
        discordant=(len(differing) + 1) / (len(a) + 1),
        size=float(np.sqrt(np.mean(differing**2))) if len(differing) else 1.0,
        drift=abs(2 * mean - 1),
    )


def power_of(design: Design, difference: float, alpha: float = ALPHA) -> float:
    """Return the probability that the exact test sees a true difference of means of this size."""
    d = abs(difference) / design.size
    q = max(min(1.0, design.discordant + design.drift * d), min(d, 1.0))
    if d >= 1 or not design.pairs:
        d = min(d, 1.0)
    spread = 8 * math.sqrt(design.pairs * q * (1 - q)) + 8
    most = min(design.pairs, int(design.pairs * q + spread))
    differing = np.arange(max(1, int(design.pairs * q - spread)), most + 1)
    if not len(differing):
        return 0.0
    chance = binomial_tail(differing, design.pairs, q) - binomial_tail(differing + 1, design.pairs, q)
    critical = _critical(differing, alpha)
    one_way = binomial_tail(critical, differing, min(1.0, (q + d) / (2 * q)))
    other_way = binomial_tail(critical, differing, max(0.0, (q - d) / (2 * q)))
    return float(np.sum(chance * (one_way + other_way)))


def _critical(differing: IntArray, alpha: float) -> FloatArray:
    """Return, for each number of differing pairs, how many must point one way for p <= alpha."""
    start = np.floor(differing / 2 + NormalDist().inv_cdf(1 - alpha / 2) * np.sqrt(differing) / 2)
    tried = start[:, None] + np.arange(-2, 5)
    small_enough = binomial_tail(tried, differing[:, None], 0.5) <= alpha / 2
    return np.asarray(tried[np.arange(len(differing)), np.argmax(small_enough, axis=1)])


def smallest_detectable(design: Design, power: float = POWER, alpha: float = ALPHA) -> float | None:
    """Return the smallest true difference that the design sees with this power, or None where even 1 is not seen."""
    low, high = 0.0, 1.0
    if power_of(design, high * design.size, alpha) < power:
        return None
    for _ in range(16):
        middle = (low + high) / 2
        low, high = (low, middle) if power_of(design, middle * design.size, alpha) >= power else (middle, high)
    return high * design.size


def repeats_needed(
    design: Design, difference: float, repeats: int = 1, power: float = POWER, alpha: float = ALPHA, most: int = 1000
) -> int | None:
    """Return how many repeats would see a true difference of this size with this power.

    Args:
        design: The design as it was run.
        difference: Difference of means to be seen, not 0.
        repeats: How many repeats `design.pairs` come from.
        power: Wanted probability of seeing it.
        alpha: Level of the test.
        most: Where the search ends.

    Returns:
        Repeats, or None where more than `most` would be needed.
    """
    a_repeat = design.pairs / repeats

    def enough(count: int) -> bool:
        pairs = round(a_repeat * count)
        more = Design(pairs=pairs, discordant=design.discordant, size=design.size, drift=design.drift)
        return power_of(more, difference, alpha) >= power

    if abs(difference) < 1e-12 or not enough(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def shift_seen(haystacks: int) -> float:
    """Return how far from 0, in standard deviations over haystacks, a mean is seen with 80% power by flipping them."""
    if haystacks in _SHIFTS:
        return _SHIFTS[haystacks]
    freedom = haystacks - 1
    return (t_value(1 - ALPHA / 2, freedom) + t_value(POWER, freedom)) / math.sqrt(haystacks)


def smallest_over_haystacks(spread: float, haystacks: int) -> float | None:
    """Return the smallest true difference that so many haystacks, flipped whole, show with 80% power; None: not even 1.

    Args:
        spread: Standard deviation of the haystacks' mean differences.
        haystacks: `LEAST_HAYSTACKS` or more.
    """
    seen = spread * shift_seen(haystacks)
    return seen if seen <= 1 else None


def haystacks_needed(spread: float, difference: float, most: int = 1000) -> int | None:
    """Return how many haystacks, flipped whole, show a true difference of this size with 80% power; None: over `most`.

    Args:
        spread: Standard deviation of the haystacks' mean differences.
        difference: Difference of means to be seen, not 0.
        most: Where the search ends.
    """
    if spread * shift_seen(most) > abs(difference):
        return None
    low, high = LEAST_HAYSTACKS - 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if spread * shift_seen(middle) <= abs(difference) else (middle, high)
    return high
