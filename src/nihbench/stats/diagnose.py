"""Which simple pattern explains the misses best, and whether any does.

Every pattern says: miss rate r inside its region, a smaller one outside. The best is the one with the greatest
likelihood after a penalty of minimum description length (Rissanen, Automatica 1978): log n for each fitted rate and
shape, and twice the log of the number of regions and patterns that were tried, so that noise, which always fits one
of many regions a little, does not make a pattern. "Nothing but a constant rate" pays none of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.binomial import Share, clopper_pearson, share
from nihbench.stats.interval import BoolArray
from nihbench.stats.patterns import AXES, Kind, Places
from nihbench.stats.search import Fit, Space, best_fits, best_mixture, cut_profile

LEAST_MISSES = 8
NOTABLE_RATE = 0.05
CUT_DROP = -2 * math.log(1 - math.sqrt(0.95))
"""7.35: how far twice the log-likelihood falls at the ends of a cut's 95% interval (Hansen, Econometrica 2000)."""

Finding = Literal["cant_tell", "none", "bee", "tadpole", "u_in_depth"] | Kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """One fitted cut. The change lies between the tested values `value` (still on one side) and `next_value`.

    In tokens for "before", "after" and "length", a share for "depth". `low` and `high` bound the change at 95%.
    """

    measure: Literal["before", "after", "length", "depth"]
    value: float
    next_value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """One pattern with its cuts, in the order of `AXES`; misses lie where all its cuts agree. None for a U in depth."""

    kind: Kind | Literal["u_in_depth"]
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """What explains the misses best.

    `finding`: a pattern's kind; "none" (a constant miss rate of no note), "bee" (the same, its 95% lower bound above
    5%: holes at random), "tadpole" (no pattern, and the base misses too: weak from the start), or "cant_tell" (under
    8 misses). `patterns` has one entry, two for a mixture (misses where either holds, the stronger first), none for the
    others. `misses` is the share over all trials; `inside` and `outside` are the shares in and out of the region.
    `evidence` is by how much twice the penalised log-likelihood beats a constant rate, `margin` by how much it beats
    the best other pattern: under 6 or so, that one is nearly as good (`runner_up`).
    """

    finding: Finding
    misses: Share
    patterns: tuple[Pattern, ...] = ()
    inside: Share | None = None
    outside: Share | None = None
    evidence: float = 0.0
    margin: float = math.inf
    runner_up: Finding | None = None


def diagnose(
    missed: ArrayLike, places: Places, *, base_missed: ArrayLike | None = None, space: Space | None = None
) -> Diagnosis:
    """Find the pattern of the misses.

    Args:
        missed: Shape (n,), whether each measured trial missed the needle.
        places: Where each needle stood, shape (n,).
        base_missed: Shape (m,), the same for the trials at the base lengths; None: there are none, and then a model
            that is weak from the start is called "bee".
        space: `Space(places)`, to look through many results over the same places.

    Raises:
        ValueError: Shapes that differ.
    """
    miss = np.asarray(missed, dtype=bool)
    if miss.shape != places.length.shape:
        raise ValueError(f"{miss.shape} outcomes but {places.length.shape} places")
    overall = share(int(miss.sum()), len(miss))
    if overall.hits < LEAST_MISSES:
        return Diagnosis(finding="cant_tell", misses=overall)
    space = Space(places) if space is None else space
    fits = [] if miss.all() else best_fits(space, miss)
    if not fits or fits[0].gain <= 0:
        return Diagnosis(finding=_constant(overall, base_missed), misses=overall)
    mixture = best_mixture(space, miss, fits)
    parts = mixture or (fits[0],)
    others = [fit for fit in fits if fit.kind not in {part.kind for part in parts} and fit.gain > 0]
    gain = parts[-1].gain
    region = np.logical_or.reduce([part.region for part in parts])
    smooth = parts[0].kind == "u_in_depth"
    return Diagnosis(
        finding=parts[0].kind,
        misses=overall,
        patterns=tuple(_pattern(space, miss, part, parts) for part in parts),
        inside=None if smooth else share(int(miss[region].sum()), int(region.sum())),
        outside=None if smooth else share(int(miss[~region].sum()), int((~region).sum())),
        evidence=gain,
        margin=gain - (others[0].gain if others else 0.0),
        runner_up=others[0].kind if others else None,
    )


def _constant(overall: Share, base_missed: ArrayLike | None) -> Literal["none", "bee", "tadpole"]:
    if base_missed is not None:
        base = np.asarray(base_missed, dtype=bool)
        if len(base) and float(clopper_pearson(base.sum(), len(base))[0]) > NOTABLE_RATE:
            return "tadpole"
    return "bee" if overall.interval.low > NOTABLE_RATE else "none"


def _pattern(space: Space, miss: BoolArray, part: Fit, parts: tuple[Fit, ...]) -> Pattern:
    """Put an interval to each cut: how far it can move, the others held, until the likelihood falls by `CUT_DROP`."""
    if part.kind == "u_in_depth":
        return Pattern(kind=part.kind)
    rest = np.logical_or.reduce([other.region for other in parts if other is not part] or [np.zeros_like(miss)])
    cuts = []
    for number, axis in enumerate(AXES[part.kind]):
        values, ratio = cut_profile(space, miss, part.kind, part.cuts, number, rest)
        ahead = np.append(values[1:], values[-1])
        at = int(np.argmin(np.abs(values - part.cuts[number])))
        near = np.flatnonzero(ratio >= ratio[at] - CUT_DROP)
        ends = max(0.0, float(values[near[0]])), float(ahead[near[-1]])
        cuts.append(
            Cut(
                measure=axis.measure,
                value=max(0.0, float(values[at])),
                next_value=float(ahead[at]),
                low=ends[0],
                high=ends[1],
            )
        )
    return Pattern(kind=part.kind, cuts=tuple(cuts))
