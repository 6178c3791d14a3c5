"""The search for the region of the grid that misses fill best, alone or two regions together.

Likelihood ratios are against a constant miss rate, twice the difference of log-likelihoods; `gain` has the penalty
taken off (see `diagnose`), so that a positive one beats "nothing but a constant rate" where answers are independent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nihbench.stats.interval import BoolArray, FloatArray
from nihbench.stats.patterns import AXES, KINDS, Kind, Places, candidates, cut_values, fit_ushape, side

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
