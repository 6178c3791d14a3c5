"""The simple patterns that misses can have: each is a set of regions of the grid in which a model would miss.

With p tokens before the needle, q after it, and L the length: a sliding window keeps the tail (it misses where q >
N), a cut end keeps the head (p > N), a cut middle keeps both, a cliff is L > N, a band of lengths a range of L, a
content hole a fixed range of p (something in the text there), a band of depths a fixed range of depth. This module
lists the candidate regions, `diagnose` weighs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

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
