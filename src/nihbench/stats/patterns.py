"""The simple patterns that misses can have: each is a set of regions of the grid in which a model would miss.

With p tokens before the needle, q after it, and L the length: a sliding window keeps the tail (it misses where q >
N), a cut end keeps the head (p > N), a cut middle keeps both, a cliff is L > N, a band of lengths a range of L, a
content hole a fixed range of p (something in the text there), a band of depths a fixed range of depth. This module
lists the candidate regions, `diagnose` weighs them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nihbench.stats.interval import BoolArray, FloatArray, IntArray

Kind = Literal["tail_kept", "head_kept", "middle_cut", "cliff", "length_band", "content_hole", "depth_band"]
KINDS: tuple[Kind, ...] = (
    "tail_kept", "head_kept", "middle_cut", "cliff", "length_band", "content_hole", "depth_band",
)  # fmt: skip

MOST_CUTS = 256
"""At most so many values along an axis are cut at: repeats land at thousands, and time and memory grow with each."""

COARSE_CUTS = 24
"""At most so many cuts along each axis in the first search of a pattern with two cuts; refining then tries all."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Places:
    """Where each trial's needle stood, arrays of shape (n,): tokens before it, tokens after it, tokens of the whole.

    `row` is the index of its nominal depth along the grid, by which neighbours are known; None: `depth` stands in.
    """

    before: FloatArray
    after: FloatArray
    length: FloatArray
    row: IntArray | None = None

    @property
    def depth(self) -> FloatArray:
        """Share of the haystack before the needle, 0 to 1, to a hundredth: needles of one row land about there."""
        whole = self.before + self.after
        return np.asarray(np.round(np.divide(self.before, whole, out=np.zeros_like(whole), where=whole > 0), 2))

    @property
    def cell(self) -> tuple[IntArray, IntArray]:
        """Row (by depth) and column (by length) of each trial's cell."""
        row = np.unique(self.depth, return_inverse=True)[1] if self.row is None else self.row
        return np.asarray(row, dtype=np.int64), np.asarray(np.unique(self.length, return_inverse=True)[1], np.int64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """One cut of a pattern: misses lie above the cut (`above`) or at most at it, along this measure of a trial."""

    measure: Literal["before", "after", "length", "depth"]
    above: bool


AXES: dict[Kind, tuple[Axis, ...]] = {
    "tail_kept": (Axis(measure="after", above=True),),
    "head_kept": (Axis(measure="before", above=True),),
    "middle_cut": (Axis(measure="before", above=True), Axis(measure="after", above=True)),
    "cliff": (Axis(measure="length", above=True),),
    "length_band": (Axis(measure="length", above=True), Axis(measure="length", above=False)),
    "content_hole": (Axis(measure="before", above=True), Axis(measure="before", above=False)),
    "depth_band": (Axis(measure="depth", above=True), Axis(measure="depth", above=False)),
}
"""A region is where all cuts of its pattern agree."""


def cut_values(places: Places, axis: Axis) -> FloatArray:
    """Return the values after which an axis can be cut, ascending.

    A range that starts at the very beginning (depth 0, no token before, the shortest length) begins under the smallest
    value, hence -1. A cliff that would begin there holds every trial, and is no candidate.
    """
    values = np.unique(getattr(places, axis.measure))
    if len(values) > MOST_CUTS:
        values = values[np.linspace(0, len(values) - 1, MOST_CUTS).round().astype(np.int64)]
    return np.concatenate([[-1.0], values]) if axis.measure != "after" else values


def side(places: Places, axis: Axis, cuts: FloatArray) -> BoolArray:
    """Return for every cut which trials lie on the missing side, shape (cuts, n)."""
    values: FloatArray = getattr(places, axis.measure)
    above = values > np.asarray(cuts)[:, None]
    return above if axis.above else ~above


def candidates(places: Places, kind: Kind) -> tuple[BoolArray, FloatArray]:
    """Return the pattern's distinct regions that neither are empty nor hold every trial.

    Returns:
        (regions of shape (candidates, n), their cuts of shape (candidates, number of axes)).
    """
    axes = AXES[kind]
    cuts = [cut_values(places, axis) for axis in axes]
    if len(axes) == 1:
        regions, which = side(places, axes[0], cuts[0]), cuts[0][:, None]
    else:
        cuts = [_thinned(values) for values in cuts]
        sides = [side(places, axis, values) for axis, values in zip(axes, cuts, strict=True)]
        regions = (sides[0][:, None, :] & sides[1][None, :, :]).reshape(-1, len(places.length))
        which = np.stack(np.meshgrid(*cuts, indexing="ij"), axis=-1).reshape(-1, 2)
    inside = regions.sum(axis=1)
    useful = (inside > 0) & (inside < regions.shape[1])
    # By what stands in memory: to sort rows as numpy does takes as long as all else.
    first = {row.tobytes(): number for number, row in reversed(list(enumerate(np.packbits(regions, axis=1))))}
    distinct = np.zeros(len(regions), dtype=bool)
    distinct[list(first.values())] = True
    keep = useful & distinct
    return regions[keep], which[keep]


def _thinned(values: FloatArray) -> FloatArray:
    if len(values) <= COARSE_CUTS:
        return values
    return values[np.unique(np.linspace(0, len(values) - 1, COARSE_CUTS).round().astype(np.int64))]


# ---- ushape ----------------------------------------------------------------------------------------------------------
# Lost in the middle: a miss rate that is highest at half depth and falls to both ends (Liu et al., TACL 2024).
#
# logit(miss rate) = a + b x 4 d (1 - d) with d the depth from 0 to 1 and b > 0, by Newton's method.

STEEPEST = 15.0


def hump(depth: FloatArray) -> FloatArray:
    """Return 4 d (1 - d): 0 at both ends, 1 at half depth."""
    return np.asarray(4 * depth * (1 - depth))


def fit_ushape(missed: BoolArray, depth: FloatArray) -> tuple[float, FloatArray]:
    """Fit the U in depth.

    Args:
        missed: Shape (n,); at least one True and one False.
        depth: Shape (n,), 0 to 1.

    Returns:
        (log-likelihood, (a, b)); b is 0 and the likelihood that of a constant rate where misses are no more frequent in
        the middle.
    """
    y, x = missed.astype(np.float64), np.column_stack([np.ones(len(depth)), hump(depth)])
    rate = y.mean()
    start = np.array([np.log(rate / (1 - rate)), 0.0])
    terms, best = start.copy(), log_likelihood(y, x @ start)
    constant = best
    for _ in range(40):
        fitted = 1 / (1 + np.exp(-x @ terms))
        curvature = x.T @ (x * (fitted * (1 - fitted))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, x.T @ (y - fitted))
        # Halved until it helps; the cap keeps a separable table (no miss at the ends at all) from running away.
        while np.abs(step).max() > 1e-9:
            tried = np.clip(terms + step, -STEEPEST, STEEPEST)
            likelihood = log_likelihood(y, x @ tried)
            if likelihood > best:
                break
            step = step / 2
        else:
            break
        terms, best = tried, likelihood
    return (best, terms) if terms[1] > 0 else (constant, start)


def log_likelihood(y: FloatArray, logit: FloatArray) -> float:
    """Return the Bernoulli log-likelihood of outcomes 0 and 1 under these logits."""
    return float(np.sum(y * logit - np.logaddexp(0.0, logit)))


# ---- the search for the region of the grid that misses fill best, alone or two regions together ----------------------
# Likelihood ratios are against a constant miss rate, twice the difference of log-likelihoods; `gain` has the penalty
# taken off (see `diagnose`), so that a positive one beats "nothing but a constant rate" where answers are independent.


STRONG = 6.0
"""Strong evidence (Kass and Raftery, JASA 1995): by so much two patterns must beat the best single one."""

FIRST_REGIONS = 4
"""From so many of the best single patterns the search for a second one starts."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A pattern at its best: likelihood ratio to a constant rate, its price, region and cuts (empty for a U in depth).

    Of the second of two patterns, ratio and penalty are those of both together.
    """

    kind: Kind | Literal["u_in_depth"]
    ratio: float
    penalty: float
    region: BoolArray
    cuts: tuple[float, ...]

    @property
    def gain(self) -> float:
        """The ratio less the price, answers taken as independent of their neighbours'."""
        return self.ratio - self.penalty


class Space:
    """All candidate regions over one set of places, computed once."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.cut_values = {kind: tuple(cut_values(places, axis) for axis in AXES[kind]) for kind in KINDS}
        found = {kind: candidates(places, kind) for kind in KINDS}
        self.candidates = {kind: (regions, cuts) for kind, (regions, cuts) in found.items() if len(regions)}
        self.sides = {
            kind: tuple(side(places, *pair) for pair in zip(AXES[kind], self.cut_values[kind], strict=True))
            for kind in KINDS
        }

    def half(self, kind: Kind, number: int, cut: float) -> BoolArray:
        """Return the trials, shape (n,), on the missing side of one cut."""
        at = int(np.searchsorted(self.cut_values[kind][number], cut))
        return np.asarray(self.sides[kind][number][at])

    def region(self, kind: Kind, cuts: tuple[float, ...]) -> BoolArray:
        """Return the trials, shape (n,), where all cuts of the pattern agree."""
        return np.asarray(np.logical_and.reduce([self.half(kind, *pair) for pair in enumerate(cuts)]))

    def penalty(self, kind: Kind) -> float:
        """Return the price of naming the pattern and its cuts, twice in nats."""
        return 2 * sum(math.log(len(values)) for values in self.cut_values[kind]) + 2 * math.log(len(KINDS) + 1)


def region_ratio(regions: BoolArray, miss: BoolArray, union: BoolArray) -> FloatArray:
    """Return twice the log-likelihood ratio of two rates, in and out of a region, to one.

    Args:
        regions: Shape (m, n), whether a trial is in the region.
        miss: Shape (n,).
        union: Shape (n,), trials that are in the region anyway.

    Returns:
        Shape (m,); -inf where the region is not missed more often than the rest, or is empty or everything.
    """
    trials, misses = len(miss), float(miss.sum())
    counts = _counts(regions, np.column_stack([~union, miss & ~union]))
    everywhere = [float(union.sum()), float((miss & union).sum())]
    inside, inside_misses = (counts + everywhere).T.astype(np.float64)
    outside, outside_misses = trials - inside, misses - inside_misses
    constant = _log_likelihood(np.array([misses]), np.array([float(trials)]))
    ratio = _log_likelihood(inside_misses, inside) + _log_likelihood(outside_misses, outside) - constant
    more_often = inside_misses * outside > outside_misses * inside
    return np.where(more_often & (inside > 0) & (outside > 0), 2 * ratio, -np.inf)


def _counts(regions: BoolArray, flags: BoolArray) -> NDArray[np.float32]:
    """Return how many trials of each region have each of the flags, of shape (n, flags).

    A product of zeros and ones in single precision, which is quick, and exact up to 16 million; made of a few regions
    at a time, for all of them so are four times as large.
    """
    numbers = flags.astype(np.float32)
    few = max(1, _AT_ONCE // max(1, regions.shape[1]))
    parts = [regions[at : at + few].astype(np.float32) @ numbers for at in range(0, len(regions), few)]
    return np.concatenate(parts) if parts else np.zeros((0, flags.shape[1]), dtype=np.float32)


_AT_ONCE = 1 << 18
"""Trials times regions that are counted at once: 1 MB."""


def _log_likelihood(hits: FloatArray, trials: FloatArray) -> FloatArray:
    others = trials - hits
    total = np.maximum(trials, 1.0)
    return np.asarray(
        hits * np.log(np.maximum(hits, 1e-9) / total) + others * np.log(np.maximum(others, 1e-9) / total),
        dtype=np.float64,
    )


def best_fits(space: Space, miss: BoolArray) -> list[Fit]:
    """Return the best fit of every pattern, the greatest gain first. `miss` has at least one True and one False."""
    nothing = np.zeros_like(miss)
    fits = [fit for kind in space.candidates if (fit := _best(space, miss, kind, nothing, 0.0)) is not None]
    y, rate = miss.astype(np.float64), float(miss.mean())
    constant = float(np.sum(y * math.log(rate) + (1 - y) * math.log(1 - rate)))
    likelihood, _ = fit_ushape(miss, space.places.depth)
    penalty = math.log(len(miss)) + 2 * math.log(len(KINDS) + 1)
    fits.append(Fit("u_in_depth", 2 * (likelihood - constant), penalty, nothing, ()))
    return sorted(fits, key=lambda fit: fit.gain, reverse=True)


def best_mixture(space: Space, miss: BoolArray, fits: list[Fit]) -> tuple[Fit, Fit] | None:
    """Return two patterns whose union beats every single one, or None.

    The gain of the second is that of both together.
    """
    best: tuple[Fit, Fit] | None = None
    for first in [fit for fit in fits if fit.cuts][:FIRST_REGIONS]:
        paid = space.penalty(first.kind)  # type: ignore[arg-type]  # a U has no cuts and is left out above
        for kind in space.candidates:
            second = _best(space, miss, kind, first.region, paid)
            if second is not None and second.gain > (best[1].gain if best else fits[0].gain + STRONG):
                best = (first, second)
    if best is None:
        return None
    # The first was the best alone; beside the second it may fit better elsewhere.
    first, second = best
    again = _best(space, miss, first.kind, second.region, space.penalty(second.kind))  # type: ignore[arg-type]
    if again is not None and again.gain > second.gain:
        first, second = again, Fit(second.kind, again.ratio, again.penalty, second.region, second.cuts)
    return first, second


def _best(space: Space, miss: BoolArray, kind: Kind, union: BoolArray, paid: float) -> Fit | None:
    """Return a pattern at its best where the trials of `union` (whose penalty is `paid`) are in the region anyway."""
    regions, cuts = space.candidates[kind]
    ratio = region_ratio(regions, miss, union)
    at = int(np.argmax(ratio))
    found, chosen = float(ratio[at]), tuple(cuts[at].tolist())
    if found == -np.inf:
        return None
    improved = len(chosen) > 1
    while improved:  # one cut after the other through all its values, as long as that helps
        improved = False
        for number in range(len(chosen)):
            values, profile = cut_profile(space, miss, kind, chosen, number, union)
            top = int(np.argmax(profile))
            if profile[top] > found + 1e-9:
                found, improved = float(profile[top]), True
                chosen = (*chosen[:number], float(values[top]), *chosen[number + 1 :])
    return Fit(kind, found, math.log(len(miss)) + space.penalty(kind) + paid, space.region(kind, chosen), chosen)


def cut_profile(
    space: Space, miss: BoolArray, kind: Kind, cuts: tuple[float, ...], number: int, union: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Move one cut through all its values, the others held.

    Returns:
        (the values, twice the log-likelihood ratio at each), both of shape (values,).
    """
    values = space.cut_values[kind][number]
    regions = space.sides[kind][number]
    for other, cut in enumerate(cuts):
        if other != number:
            regions = regions & space.half(kind, other, cut)
    return values, region_ratio(regions, miss, union)
