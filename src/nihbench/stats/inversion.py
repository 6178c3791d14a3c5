"""Which means the haystacks at hand leave open: the interval of a mean over haystacks, by inverting tests.

Student's t over a few haystacks is right where their rates are normal. Near 0 and 1 they are skewed (most answer alike,
one is much worse): there t falls short, or is too wide where hardly a miss is to be counted. So its quantiles are taken
here from a model of the mean that is tested: the logits of the haystacks' rates are normal, with the spread that is
likeliest for this mean and these haystacks; given its rate, the answers over a haystack are independent. A mean is in
the interval when t lies between the quantiles it has in draws from that model (hybrid resampling: Chuang and Lai,
Statistica Sinica 2000; Carpenter, JRSS B 1999). No answer is drawn again, so this is no bootstrap of a few clusters.
The draws have a fixed seed: one grid has one interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.interval import FloatArray, IntArray

# ---- the error of a mean over clusters, right for few and unequal ones -----------------------------------------------
# CR2 variance (Bell and McCaffrey, Survey Methodology 2002), for a model of a mean alone. With equal clusters it is the
# plain standard error of their means.


def cluster_totals(values: FloatArray, cluster: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the sum of the values of every cluster and how many they are, both of shape (clusters,)."""
    _, place = np.unique(cluster, return_inverse=True)
    return np.bincount(place, weights=values).astype(np.float64), np.bincount(place).astype(np.float64)


def error_of_mean(total: FloatArray, size: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean and its standard error, for every sweep of shape (..., clusters) in `total`."""
    mean = total.sum(axis=-1) / size.sum()
    return mean, np.sqrt(np.sum((_scale(size) * (total - mean[..., None] * size)) ** 2, axis=-1))


def _scale(size: FloatArray) -> FloatArray:
    """Return the weight of every cluster's residual, scaled up by what the mean has taken of it."""
    trials = float(size.sum())
    return np.asarray(1 / (trials * np.sqrt(1 - size / trials)))


PLACES = np.arange(-8.0, 8.125, 0.25)
"""Logits of the means that are tested. Between two of them quantiles are interpolated, beyond the last they stay."""

SPREADS = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5])
"""Standard deviations of the haystacks' logits that come into question."""

ABSURD = 0.1
"""Part of the error rate at which a mean is left out for its sum alone, whatever t says."""

DRAWS, FEWEST_DRAWS = 8000, 2000
"""Sweeps drawn from each model: most where haystacks are few, fewest where they are many."""

NUMBERS = 120_000
"""Haystacks drawn from each model, unless that needs more sweeps or fewer than the above."""

FIRST_DRAWS = 1 / 8
"""Share of these sweeps that is looked at first, where it is asked only whether a mean is left open."""

LIKELY = 0.75
"""A mean that is left open by so many standard errors or more is expected to show it in that share."""

MANY, ALIKE = 20, 1.5
"""Where so many haystacks have at most so many times the trials of the smallest, sizes between are of no account."""

NEVER = 1e6
"""A quantile that all pass, where fewer than the tail have a t."""

ROUNDING = 1e-9
"""Counts are whole, so a sweep often equals its quantile, which is not beyond it."""


def means_left_open(total: FloatArray, size: FloatArray, level: float) -> Callable[[int], float]:
    """Return what finds the ends of the interval of a mean over haystacks which are not all alike: -1 low, 1 high.

    Args:
        total: Shape (haystacks,), the sum of the values (0 to 1) over each haystack.
        size: Shape (haystacks,), trials over each.
        level: Confidence of the interval.
    """
    mean, error = (float(number) for number in error_of_mean(total, size))
    centre, unit = math.log(mean / (1 - mean)), error / (mean * (1 - mean))
    seen = float(logit_of_sum(total.sum(), float(size.sum())))
    design = design_of_sizes(size)

    @cache
    def spreads() -> IntArray:
        return _likeliest_spreads(total, size)

    def by_t(place: int) -> _Test:
        t = (centre - float(PLACES[place])) / unit
        return _Test(design=design, place=place, spread=int(spreads()[place]), level=level, number="t", seen=t)

    def by_sum(place: int) -> _Test:
        return _Test(design=design, place=place, spread=len(SPREADS) - 1, level=level, number="total", seen=seen)

    def end(side: int) -> float:
        far = reach(centre, side, unit, by_t)
        found = float(logistic(centre + side * min(far, reach(centre, side, 1.0, by_sum, enough=far))))
        return min(mean, found) if side < 0 else max(mean, found)

    return end


@dataclass(frozen=True, kw_only=True, slots=True)
class _Test:
    """Whether the mean at a place is left open, by one number of the haystacks at hand, which is `seen`."""

    design: tuple[int, ...]
    place: int
    spread: int
    level: float
    number: Literal["t", "total"]
    seen: float

    def margin(self, side: int) -> float:
        """Return by how much the mean passes on a side, negative where it fails."""
        quantiles: dict[int, float] = getattr(_quantiles(self.design, self.place, self.spread, self.level), self.number)
        return side * (self.seen - quantiles[side]) + ROUNDING

    def passes(self, side: int) -> bool:
        """Say whether the margin is not negative.

        Mostly the first sweeps tell: where more of them than may be beyond the quantile are beyond what is seen, so is
        the quantile, and the others need not be drawn.
        """
        place, seen, beyond = self.place, self.seen, side
        if PLACES[place] < 0:  # misses and hits exchanged
            place, seen, beyond = len(PLACES) - 1 - place, -seen, -side
        if self.number == "total" or beyond * seen > -LIKELY:
            first = getattr(_first_sweeps(self.design, place, self.spread), self.number)
            tail = getattr(_tails(self.design, place, self.level), self.number)
            if np.count_nonzero(beyond * (seen - first) >= 0) > tail:
                return True
        return self.margin(side) >= 0


def design_of_sizes(size: FloatArray) -> tuple[int, ...]:
    """Return the trials a haystack that are drawn: as they are where they differ much, else spread evenly between ends.

    Draws are shared by designs that are alike, and the order of haystacks is of no account. Where some trials failed,
    every row would be a design of its own. With few haystacks each size tells: equal ones are often all alike and have
    no t, so that a mean over 0.95 would be covered in 80% to 90% only.
    """
    if len(size) >= MANY and size.max() <= ALIKE * size.min():
        size = np.linspace(size.min(), size.max(), len(size)).round()
    return tuple(int(trials) for trials in np.sort(size))


class Tested(Protocol):
    """Whether the mean at a place is left open."""

    def margin(self, side: int) -> float:
        """Return by how much the mean passes on a side, negative where it fails."""
        ...

    def passes(self, side: int) -> bool:
        """Say whether the margin is not negative."""
        ...


def reach(centre: float, side: int, unit: float, test: Callable[[int], Tested], *, enough: float = math.inf) -> float:
    """Return how far from `centre` tested means are left open, in logits; `side` -1 below, 1 above.

    Args:
        centre: Logit of the mean at hand.
        side: Which end is sought.
        unit: Logits that take 1 off the margin, beyond the last place.
        test: Gives the test at a place.
        enough: From here on it is not sought how far exactly: each place that is tested takes draws of its own. The
            mean itself is taken to pass where the first place does that is farther off.
    """
    gaps = (PLACES - centre) * side
    ahead = [place for place in range(len(PLACES))[::side] if gaps[place] > 0]
    if not ahead:
        last = len(PLACES) - 1 if side > 0 else 0
        return max(0.0, float(gaps[last]) + test(last).margin(side) * unit)
    passes, gap = test(ahead[0]).passes(side), float(gaps[ahead[0]])
    if passes and gap >= enough:
        return gap
    nearest = [place for place in (ahead[0] - side, ahead[0]) if 0 <= place < len(PLACES)]

    def at_centre() -> float:
        margins = [test(place).margin(side) for place in nearest]
        return margins[0] + gap / unit if len(nearest) == 1 else float(np.interp(0.0, gaps[nearest], margins))

    # Between two that pass it passes, too.
    if not (passes and test(nearest[0]).passes(side)) and at_centre() < 0:
        return 0.0
    at, before = 0.0, at_centre
    for place in ahead:
        if at >= enough:
            return at
        gap = float(gaps[place])
        if not test(place).passes(side):
            inner, outer = before(), test(place).margin(side)
            return at + (gap - at) * inner / (inner - outer)
        at, before = gap, partial(test(place).margin, side)
    return at + before() * unit


@dataclass(frozen=True, kw_only=True, slots=True)
class _Quantiles:
    """Quantiles over the sweeps drawn from one model, by side: [-1] the upper one, [1] the lower.

    `t` is that of its mean, `total` the logit of its sum. The mean at hand is too good for the model where
    it passes the upper one, which bounds the interval below.
    """

    t: dict[int, float]
    total: dict[int, float]


@lru_cache(maxsize=4096)
def _quantiles(design: tuple[int, ...], place: int, spread: int, level: float) -> _Quantiles:
    """Return the quantiles where the logit of the mean is `PLACES[place]` and the haystacks' is `SPREADS[spread]`.

    Sweeps whose haystacks are all alike have no t and get an interval of another kind: they count as neither too good
    nor too bad.
    """
    if PLACES[place] < 0:  # misses and hits exchanged
        mirrored = _quantiles(design, len(PLACES) - 1 - place, spread, level)
        return _Quantiles(
            t={side: -mirrored.t[-side] for side in (-1, 1)}, total={side: -mirrored.total[-side] for side in (-1, 1)}
        )
    drawn, tails = _sweeps(design, place, spread), _tails(design, place, level)
    return _Quantiles(t=both_ends(drawn.t, tails.t), total=both_ends(drawn.total, tails.total))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Sweeps:
    """Sweeps drawn from one model: the t of each that has one, and the logit of the sum of each."""

    t: FloatArray
    total: FloatArray


def _sweeps(design: tuple[int, ...], place: int, spread: int, share: float = 1.0) -> _Sweeps:
    """Draw from a model whose mean is at least one half; `share`: the first ones alone, up to so many of all."""
    size = np.array(design, dtype=np.int64)
    rates, state = _rates(place, spread, len(design))
    rng = np.random.default_rng(0)
    rng.bit_generator.state = state
    hits = rng.binomial(size, rates[: math.ceil(share * len(rates))]).astype(np.float64)
    mean, error = error_of_mean(hits, size.astype(np.float64))
    some = error > 1e-9
    mean, error = mean[some], error[some]
    t = (np.log(mean / (1 - mean)) - PLACES[place]) * mean * (1 - mean) / error
    total = logit_of_sum(hits.sum(axis=1), float(size.sum()))
    if PLACES[place] == 0:
        t, total = np.append(t, -t), np.append(total, -total)
    return _Sweeps(t=t, total=total)


@lru_cache(maxsize=4096)
def _first_sweeps(design: tuple[int, ...], place: int, spread: int) -> _Sweeps:
    return _sweeps(design, place, spread, FIRST_DRAWS)


@lru_cache(maxsize=16)
def _rates(place: int, spread: int, haystacks: int) -> tuple[FloatArray, Mapping[str, Any]]:
    """Return the haystacks' rates in the sweeps drawn from a model, and the state in which the generator is then.

    Designs of as many haystacks share them, rows of a grid mostly; each is a megabyte.
    """
    rng = np.random.default_rng([place, spread])
    normal = rng.standard_normal((_draws(haystacks), haystacks))
    return logistic(middles()[place, spread] + SPREADS[spread] * normal), rng.bit_generator.state


def _draws(haystacks: int) -> int:
    return max(FEWEST_DRAWS, min(DRAWS, NUMBERS // haystacks))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tails:
    """How many sweeps are beyond each quantile, on either side."""

    t: int
    total: int


def _tails(design: tuple[int, ...], place: int, level: float) -> _Tails:
    draws = _draws(len(design)) * (2 if PLACES[place] == 0 else 1)
    tail = int((1 - level) / 2 * draws)
    return _Tails(t=tail, total=int(ABSURD * tail))


def both_ends(values: FloatArray, tail: int) -> dict[int, float]:
    """Return the value that `tail` others pass, on each side."""
    ordered = np.sort(values)
    return {-1: float(ordered[-1 - tail]), 1: float(ordered[tail])} if tail < len(ordered) else {-1: -NEVER, 1: NEVER}


def logit_of_sum(hits: ArrayLike, trials: float) -> FloatArray:
    """Return the logit of a mean, finite with no hit and no miss too."""
    some = np.asarray(hits, dtype=np.float64) + 0.5
    return np.asarray(np.log(some / (trials + 1 - some)))


def _likeliest_spreads(total: FloatArray, size: FloatArray) -> IntArray:
    """Return for every place the index of the spread that makes these haystacks likeliest, of shape (places,)."""
    return np.asarray(np.argmax(likelihoods(total, size), axis=1))


def likelihoods(total: FloatArray, size: FloatArray) -> FloatArray:
    """Return the log-likelihood of these haystacks at every place and spread, of shape (places, spreads).

    Args:
        total: Shape (haystacks,), the sum of the values (0 to 1) over each haystack.
        size: Shape (haystacks,), trials over each.
    """
    # Clusters with equally many hits of equally many trials are equally likely; of many small ones most are such.
    alike, times = np.unique(np.stack([total, size]), axis=1, return_counts=True)
    total, size = alike
    step = max(0.02, min(0.1, 1 / math.sqrt(size.max())))
    grid, weights = _mixtures(step)
    given = total[:, None] * grid - size[:, None] * np.logaddexp(0.0, grid)
    top = given.max(axis=1, keepdims=True)
    mixed = np.log(np.maximum(weights @ np.exp(given - top).T, 1e-300)) + top[:, 0]
    even = total * PLACES[:, None] - size * np.logaddexp(0.0, PLACES[:, None])
    return np.column_stack([even @ times, mixed @ times])


@lru_cache(maxsize=16)
def _mixtures(step: float) -> tuple[FloatArray, FloatArray]:
    """Return a grid of logits and the weight of each at every place and spread but 0: (places, spreads - 1, grid)."""
    grid = np.arange(-25.0, 25.0, step)
    apart = (grid - middles()[:, 1:, None]) / SPREADS[1:, None]
    weights = np.exp(-apart * apart / 2)
    return grid, weights / weights.sum(axis=-1, keepdims=True)


@lru_cache(maxsize=1)
def middles() -> FloatArray:
    """Return the middle of the haystacks' logits that gives each place's mean at each spread: (places, spreads)."""
    normal = np.linspace(-6.0, 6.0, 241)
    weights = np.exp(-normal * normal / 2) / np.exp(-normal * normal / 2).sum()
    low, high = np.full((len(PLACES), len(SPREADS)), -40.0), np.full((len(PLACES), len(SPREADS)), 40.0)
    for _ in range(50):
        middle = (low + high) / 2
        below = logistic(middle[..., None] + SPREADS[:, None] * normal) @ weights < logistic(PLACES)[:, None]
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def logistic(x: ArrayLike) -> FloatArray:
    """Return the share that belongs to a logit."""
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -700, 700))))


# ---- the paired sign-flip test, exactly: each unit's difference could as well have had the other sign ----------------
# (Fisher, The Design of Experiments 1935; Pitman 1937.) The values are bands, so sums of differences lie on a lattice
# and the whole null distribution comes by convolution: no random flips, no seed, and for found or not found it is
# McNemar's exact test.


LATTICES = (1, 10, 20, 100)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NullSum:
    """Distribution of |sum of differences| under random signs: P(|sum| = i / scale) = `probability[i]`.

    `observed` is the index of what was seen, `size` the root of the sum of squares (in lattice steps), which random
    signs leave as it is.
    """

    probability: FloatArray
    observed: int
    size: float

    @property
    def p_value(self) -> float:
        """P(|sum| >= observed): two-sided, 1 where nothing differs."""
        return min(1.0, float(self.probability[self.observed :].sum()))

    @property
    def statistic(self) -> float:
        """|sum| / root of the sum of squares: comparable between sets of pairs of different size; 0 for no pairs."""
        return self.observed / self.size if self.size else 0.0

    def below(self, statistic: FloatArray) -> FloatArray:
        """P(statistic < each of these) under the null."""
        if not self.size:  # nothing differs, so that the statistic is 0 whatever the signs
            return np.asarray(statistic > 0, dtype=np.float64)
        edge = np.ceil(statistic * self.size - 1e-9).astype(np.int64)
        summed = np.append(0.0, np.cumsum(self.probability))
        return np.asarray(summed[np.clip(edge, 0, len(self.probability))])


def lattice(differences: ArrayLike) -> int:
    """Return how many steps to 1 the differences are counted in.

    Raises:
        ValueError: They are no multiples of 0.01.
    """
    values = np.asarray(differences, dtype=np.float64)
    for scale in LATTICES:
        if np.all(np.abs(values * scale - np.round(values * scale)) < 1e-6):
            return scale
    raise ValueError("differences must be multiples of 0.01, as differences of bands are")


def unit_sums(differences: ArrayLike, unit: IntArray) -> FloatArray:
    """Add up the differences of each unit: what is flipped together. Shape (units,)."""
    _, place = np.unique(unit, return_inverse=True)
    return np.asarray(np.bincount(place, weights=np.asarray(differences, dtype=np.float64)), dtype=np.float64)


def null_sum(sums: FloatArray) -> NullSum:
    """Return the null distribution of |sum| over independent units, given each unit's own sum, shape (units,)."""
    steps = np.round(sums * lattice(sums)).astype(np.int64)
    sizes = np.sort(np.abs(steps[steps != 0]))
    reach = int(sizes.sum())
    ways = np.zeros(2 * reach + 1)
    ways[reach] = 1.0
    covered = 0
    for size in sizes.tolist():
        window = slice(reach - covered - size, reach + covered + size + 1)
        middle = ways[reach - covered : reach + covered + 1].copy()
        ways[window] = 0.0
        ways[reach - covered - size : reach + covered - size + 1] += middle / 2
        ways[reach - covered + size : reach + covered + size + 1] += middle / 2
        covered += size
    folded = ways[reach:].copy()
    folded[1:] += ways[:reach][::-1]
    observed = abs(int(steps.sum()))
    return NullSum(probability=folded, observed=observed, size=float(np.sqrt(np.sum(sizes.astype(np.float64) ** 2))))


def sign_flip(differences: ArrayLike, unit: IntArray) -> float:
    """Return the two-sided p-value of the sum of differences, the units' signs flipped in every way.

    Args:
        differences: Shape (pairs,), multiples of 0.01.
        unit: Shape (pairs,); pairs of equal number are flipped together (the same text asked several times, or a
            whole haystack).
    """
    return null_sum(unit_sums(differences, unit)).p_value


def max_t(groups: Sequence[FloatArray]) -> FloatArray:
    """Return one p-value a group, corrected for looking at all of them (Westfall and Young 1993, single step).

    P(the largest statistic of all groups >= this one's) under the null. The groups share no unit, so their signs are
    independent and the probability is a product of exact ones.

    Args:
        groups: Each group's unit sums.
    """
    nulls = [null_sum(sums) for sums in groups]
    statistics = np.array([null.statistic for null in nulls])
    below = np.array([null.below(statistics) for null in nulls]).reshape(len(nulls), len(nulls))
    return np.asarray(1 - np.prod(below, axis=0))
