"""Means over needles and haystacks at once: every needle stands in several haystacks, every haystack holds several.

Answers over one haystack have something in common, and so have answers about one needle. The variance of a mean is
clustered by both (Cameron, Gelbach and Miller, JBES 2011): that of clusters by needle, plus that of clusters by
haystack, minus that of clusters by both at once, which the two have counted twice; each is corrected for few and
unequal clusters (CR2: Bell and McCaffrey 2002; Pustejovsky and Tipton, JBES 2018). The difference of the first and the
last is what answers about one needle have in common beyond one haystack: no less than nothing, so it is held at 0.

A t of such a variance with Satterthwaite's degrees of freedom is right where effects are large. With few haystacks and
small effects, or with skewed rates, nominally 95% held in 88% to 99.5% of simulated sweeps, as negative sums are
treated (docs/method.md). So its quantiles are drawn, as for haystacks alone (`inversion`), from a model of the mean
that is tested: needles and haystacks add normal effects to the logit, each with its likeliest spread.

What a mean is of depends on how many there are. With two or more of both: of needles and haystacks in general, of which
those at hand are taken for a sample. With one haystack nothing can be said beyond it: the mean over needles in general
in this haystack (`this_haystack`), clustered by needle. With one needle: `headline`, for this needle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from nihbench.stats.interval import FloatArray, IntArray
from nihbench.stats.inversion import (
    ABSURD,
    PLACES,
    ROUNDING,
    SPREADS,
    both_ends,
    likelihoods,
    logistic,
    logit_of_sum,
    reach,
)

# ---- the variance of a mean, clustered by needle and by haystack -----------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """The variance of a mean in its parts, of any shape (...): clustered by needle, by haystack, by both at once."""

    mean: FloatArray
    needle: FloatArray
    haystack: FloatArray
    both: FloatArray
    needles: int
    haystacks: int

    @property
    def common(self) -> FloatArray:
        """What answers about one needle have in common in several haystacks."""
        return np.asarray(np.maximum(self.needle - self.both, 0.0))

    @property
    def variance(self) -> FloatArray:
        """The two-way variance, never under that of haystacks alone."""
        return np.asarray(self.haystack + self.common)

    @property
    def plain(self) -> FloatArray:
        """The two-way variance as Cameron, Gelbach and Miller have it; it may be negative."""
        return np.asarray(self.needle + self.haystack - self.both)

    @property
    def freedom(self) -> FloatArray:
        """Satterthwaite's degrees of freedom of `variance`, those of a part being its clusters less one."""
        spent = self.haystack**2 / (self.haystacks - 1) + self.common**2 / (self.needles - 1)
        return np.asarray(np.divide(self.variance**2, spent, out=np.full_like(spent, np.nan), where=spent > 0))


def parts_of(total: FloatArray, size: IntArray) -> Parts:
    """Return the variance of the mean of trials in its parts.

    Args:
        total: Shape (..., needles, haystacks), the sum of the values of every needle in every haystack.
        size: Shape (needles, haystacks), how many they are; 0 where there are none.
    """
    trials = size.sum()
    mean = total.sum(axis=(-2, -1)) / trials
    left = total - mean[..., None, None] * size

    def clustered(residual: FloatArray, count: IntArray) -> FloatArray:
        some = count > 0
        scale = 1 / (trials * np.sqrt(1 - count[some] / trials))
        return np.asarray(np.sum((residual[..., some] * scale) ** 2, axis=-1))

    flat = left.reshape(*left.shape[:-2], -1)
    return Parts(
        mean=np.asarray(mean),
        needle=clustered(left.sum(axis=-1), size.sum(axis=1)),
        haystack=clustered(left.sum(axis=-2), size.sum(axis=0)),
        both=clustered(flat, size.ravel()),
        needles=int(np.count_nonzero(size.sum(axis=1))),
        haystacks=int(np.count_nonzero(size.sum(axis=0))),
    )


def counted(values: FloatArray, needle: IntArray, haystack: IntArray) -> tuple[FloatArray, IntArray]:
    """Return the sum of the values of every needle in every haystack, and how many there are: (needles, haystacks)."""
    row, column = (np.unique(each, return_inverse=True)[1] for each in (needle, haystack))
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    total, size = np.zeros(shape), np.zeros(shape, dtype=np.int64)
    np.add.at(total, (row, column), values)
    np.add.at(size, (row, column), 1)
    return total, size


# ---- the interval: which means are left open ------------------------------------------------------------------------


CELLS = 500_000
"""Needles times haystacks times sweeps that are drawn from each model, unless that needs more sweeps or fewer than:"""
MOST_DRAWS, FEWEST_DRAWS = 4000, 1500


def means_over_both(total: FloatArray, size: IntArray, level: float) -> Callable[[int], float]:
    """Return what finds the ends of the interval of a mean over needles and haystacks: -1 low, 1 high.

    Args:
        total: Shape (needles, haystacks), as `counted` returns it; haystacks two or more, not all alike.
        size: Likewise.
        level: Confidence of the interval.
    """
    parts = parts_of(total, size)
    mean, error = float(parts.mean), math.sqrt(float(parts.variance))
    centre, unit = math.log(mean / (1 - mean)), error / (mean * (1 - mean))
    seen = float(logit_of_sum(total.sum(), float(size.sum())))
    design = Design.of(size)

    @cache
    def spreads() -> tuple[int, IntArray]:
        # How far needles are apart does not depend on where the mean is: all stand in the same haystacks.
        by_needle = likelihoods(*_both_sums(total, size, 1))
        own = int(np.unravel_index(np.argmax(by_needle), by_needle.shape)[1])
        return own, np.asarray(np.argmax(likelihoods(*_both_sums(total, size, 0)), axis=1))

    def by_t(place: int) -> _Test:
        own, theirs = spreads()
        t = (centre - float(PLACES[place])) / unit
        return _Test(design=design, place=place, spreads=(own, int(theirs[place])), level=level, by="t", seen=t)

    def by_sum(place: int) -> _Test:
        widest = len(SPREADS) - 1
        return _Test(design=design, place=place, spreads=(widest, widest), level=level, by="total", seen=seen)

    def end(side: int) -> float:
        far = reach(centre, side, unit, by_t)
        found = float(logistic(centre + side * min(far, reach(centre, side, 1.0, by_sum, enough=far))))
        return min(mean, found) if side < 0 else max(mean, found)

    return end


def _both_sums(total: FloatArray, size: IntArray, axis: int) -> tuple[FloatArray, FloatArray]:
    return total.sum(axis=axis), size.sum(axis=axis).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Design:
    """What sweeps are drawn for: how many needles, and the trials of each haystack, ascending.

    Needles take turns in them, as in a Latin square; so all rows of a grid are one design.
    """

    needles: int
    trials: tuple[int, ...]

    @classmethod
    def of(cls, size: IntArray) -> Design:
        """Return the design of trials by needle and haystack."""
        return cls(int(size.shape[0]), tuple(sorted(size.sum(axis=0).tolist())))

    @property
    def size(self) -> IntArray:
        """Trials of every needle in every haystack."""
        ends = np.cumsum((0, *self.trials))
        turns = [np.arange(first, last) % self.needles for first, last in zip(ends, ends[1:], strict=False)]
        return np.stack([np.bincount(each, minlength=self.needles) for each in turns], axis=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Test:
    """Whether the mean at a place is left open, by one number of the trials at hand, which is `seen`."""

    design: Design
    place: int
    spreads: tuple[int, int]
    level: float
    by: str
    seen: float

    def margin(self, side: int) -> float:
        """Return by how much the mean passes on a side, negative where it fails."""
        t, total = _quantiles(self.design, self.place, self.spreads, self.level)
        return side * (self.seen - (t if self.by == "t" else total)[side]) + ROUNDING

    def passes(self, side: int) -> bool:
        """Say whether the margin is not negative."""
        return self.margin(side) >= 0


_Ends = dict[int, float]


@lru_cache(maxsize=4096)
def _quantiles(design: Design, place: int, spreads: tuple[int, int], level: float) -> tuple[_Ends, _Ends]:
    """Return the quantiles of t and of the logit of the sum, by side, where the model is that of a place."""
    if PLACES[place] < 0:  # misses and hits exchanged
        mirrored = _quantiles(design, len(PLACES) - 1 - place, spreads, level)
        return {s: -mirrored[0][-s] for s in (-1, 1)}, {s: -mirrored[1][-s] for s in (-1, 1)}
    t, total, draws = _sweeps(design, place, spreads)
    tail = int((1 - level) / 2 * draws)
    return both_ends(t, tail), both_ends(total, int(ABSURD * tail))


def _sweeps(design: Design, place: int, spreads: tuple[int, int]) -> tuple[FloatArray, FloatArray, int]:
    """Draw sweeps from a model: the t of each that has one, the logit of the sum of each, and how many were drawn."""
    size = design.size
    draws = max(FEWEST_DRAWS, min(MOST_DRAWS, CELLS // size.size))
    rng = np.random.default_rng([place, *spreads])
    by_needle, by_haystack = (float(SPREADS[at]) for at in spreads)
    logits = by_needle * rng.standard_normal((draws, size.shape[0], 1))
    logits = logits + by_haystack * rng.standard_normal((draws, 1, size.shape[1]))
    rates = logistic(_middle(place, spreads) + logits)
    hits = rng.binomial(size, rates).astype(np.float64)
    parts = parts_of(hits, size)
    some = (parts.variance > 1e-18) & (parts.mean > 0) & (parts.mean < 1)
    mean, error = parts.mean[some], np.sqrt(parts.variance[some])
    t = (np.log(mean / (1 - mean)) - PLACES[place]) * mean * (1 - mean) / error
    total = logit_of_sum(hits.sum(axis=(1, 2)), float(size.sum()))
    if PLACES[place] == 0:
        return np.append(t, -t), np.append(total, -total), 2 * draws
    return t, total, draws


@lru_cache(maxsize=4096)
def _middle(place: int, spreads: tuple[int, int]) -> float:
    """Return the middle of the logits that gives a place's mean where needles and haystacks are so far apart."""
    normal = np.linspace(-6.0, 6.0, 241)
    weights = np.exp(-normal * normal / 2) / np.exp(-normal * normal / 2).sum()
    spread, wanted = math.hypot(*(float(SPREADS[at]) for at in spreads)), float(logistic(PLACES[place]))
    low, high = -40.0, 40.0
    for _ in range(50):
        middle = (low + high) / 2
        below = float(logistic(middle + spread * normal) @ weights) < wanted
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2


# ---- whose variance is it: the needle's, the wording's, the haystack's? ----------------------------------------------
# Variance components of crossed and nested random effects by Henderson's first method (Biometrics 1953; Searle, Casella
# and McCulloch, Variance Components, 1992, 5.3): sums of squares between the levels of each factor are equalled to what
# they are on average, which is linear in the components. It is right for counts of any kind and assumes no
# distribution. Whether a component is more than chance is told by permutations: which needle a cell reads, and in which
# wording, was drawn by lot (a Latin square), so under the null any other lot would do as well.

PERMUTATIONS = 999
TOLD_FROM = 0.05
"""A component whose p-value is above is not told apart from 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """One factor's part of the variance of single answers.

    `share` is 0 to 1, `levels` how many there are, `p_value` the chance of as much where the factor is of no account;
    NaN where there is one level, or no two trials of one: then nothing is known.
    """

    name: str
    levels: int
    share: float
    p_value: float

    @property
    def known(self) -> bool:
        """Whether it can be told at all."""
        return not math.isnan(self.p_value)

    @property
    def told(self) -> bool:
        """Whether it is told apart from 0."""
        return self.known and self.p_value <= TOLD_FROM


def components(
    values: FloatArray, factors: Sequence[tuple[str, IntArray, IntArray]], permutations: int = PERMUTATIONS
) -> tuple[Component, ...]:
    """Return each factor's share of the variance of single answers.

    Args:
        values: Shape (n,), what trials came to.
        factors: Name, level of each trial, and the stratum of each trial within which levels are exchanged; both of
            shape (n,).
        permutations: How many are drawn, with a fixed seed.
    """
    levels = [np.unique(level, return_inverse=True)[1] for _, level, _ in factors]
    counts = [int(level.max()) + 1 for level in levels]
    able = [at for at, count in enumerate(counts) if 1 < count < len(values)]
    spread = _variances(values, [levels[at] for at in able])
    total = float(spread.sum())
    found = []
    for at, (name, _, stratum) in enumerate(factors):
        share = p_value = math.nan
        if at in able and total > 1e-12:
            share = float(spread[able.index(at)]) / total
            p_value = _by_lot(values, levels[at], stratum, permutations)
        found.append(Component(name=name, levels=counts[at], share=share, p_value=p_value))
    return tuple(found)


def _variances(values: FloatArray, levels: Sequence[IntArray]) -> FloatArray:
    """Return the variance of each factor and, last, of the rest; none under 0. Henderson's equations of method I."""
    n = len(values)
    every = [np.zeros(n, dtype=np.int64), *levels, np.arange(n)]  # the mean, the factors, each trial alone
    matrix, sums = np.zeros((len(every), len(every))), np.zeros(len(every))
    for row, level in enumerate(every):
        size = np.bincount(level)
        sums[row] = float(np.sum(np.bincount(level, weights=values) ** 2 / size))
        matrix[row, 0] = n  # the squared mean
        for column, other in enumerate(every[1:], 1):
            joint = np.unique(level * (int(other.max()) + 1) + other, return_counts=True)
            within = joint[0] // (int(other.max()) + 1)
            matrix[row, column] = float(np.sum(joint[1] ** 2 / size[within]))
    solved = np.linalg.lstsq(matrix, sums, rcond=None)[0]
    return np.asarray(np.maximum(solved[1:], 0.0))


def _by_lot(values: FloatArray, level: IntArray, stratum: IntArray, permutations: int) -> float:
    """Return how often levels that are exchanged within strata are as far apart as they are."""
    rng, size = np.random.default_rng(0), np.bincount(level)

    def apart(of: FloatArray) -> float:
        return float(np.sum(np.bincount(level, weights=of) ** 2 / size))

    seen, order, beyond = apart(values) - ROUNDING, np.argsort(stratum, kind="stable"), 0
    ordered, moved = values[order], np.empty_like(values)
    for _ in range(permutations):
        moved[order] = ordered[np.lexsort((rng.random(len(values)), stratum[order]))]
        beyond += apart(moved) >= seen
    return (1 + beyond) / (1 + permutations)
