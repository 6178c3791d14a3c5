"""Which simple pattern explains the misses best, and whether any does.

Every pattern says: miss rate r inside its region, a smaller one outside. The best is the one with the greatest
likelihood after a penalty of minimum description length (Rissanen, Automatica 1978): log n for each fitted rate and
shape, and twice the log of the number of regions and patterns that were tried, so that noise, which always fits one
of many regions a little, does not make a pattern. "Nothing but a constant rate" pays none of it. Before that the
likelihood is discounted for neighbours that agree beyond the pattern (`discount`), and the rows that a pattern implies
must bear it out (`implied`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.interval import BoolArray, FloatArray, IntArray, Share, binomial_tail, clopper_pearson, share
from nihbench.stats.patterns import (
    AXES,
    STRONG,
    Fit,
    Kind,
    Places,
    Space,
    best_fits,
    best_mixture,
    cut_profile,
    fit_ushape,
    hump,
)

# ---- is a named pattern borne out by the rows that it implies? -------------------------------------------------------
# A cliff says that every longer context is missed; a band of depths, that it is missed at every length. A region can be
# the best fit although a part of it is hardly ever missed: that part refutes the pattern. Looked at are single lengths,
# and all lengths up to one or from one on.

ERROR = 0.01
"""Chance to refute a pattern that holds: of all its parts together (Bonferroni)."""

SHOWN = 0.05
"""A part that is missed more often than what lies outside, at this level, bears the pattern out, if weakly."""


def refuted_parts(region: BoolArray, outside: BoolArray, miss: BoolArray, length: FloatArray) -> list[BoolArray]:
    """Return the lengths of each part of a region that is missed no more than outside, and too seldom to belong to it.

    Exact binomial tests: too few misses for the rate of the rest of the region, and not shown to be more than outside.

    Args:
        region: Shape (n,), where the pattern has its misses.
        outside: Shape (n,), where it has none.
        miss: Shape (n,).
        length: Shape (n,).

    Returns:
        Masks of shape (n,), True for the trials of a refuted part.
    """
    elsewhere = float(miss[outside].mean())
    parts = [part for part in _parts(region, length) if (region & ~part).any()]
    found = []
    for part in parts:
        trials, misses = int(part.sum()), int(miss[part].sum())
        rest = float(miss[region & ~part].mean())
        seldom = 1 - float(binomial_tail(misses + 1, trials, rest)) < ERROR / len(parts)
        if seldom and float(binomial_tail(misses, trials, elsewhere)) > SHOWN:
            found.append(part)
    return found


def _parts(region: BoolArray, length: FloatArray) -> Iterator[BoolArray]:
    lengths = np.unique(length[region])
    for at, value in enumerate(lengths):
        yield region & (length == value)
        if 0 < at < len(lengths) - 1:
            yield region & (length >= value)
            yield region & (length <= value)


# ---- how many independent answers a grid's misses are worth, where neighbouring cells tend to agree ------------------
# Misses that lie in patches fill some region well by chance alone. What a pattern leaves unexplained shows it: where
# its residuals still agree from cell to cell, the answers are fewer than they look, and its likelihood is divided by
# the inflation of a sum's variance (a quasi-likelihood: Wedderburn, Biometrika 1974).

STRONGEST = 0.95
"""Correlation of neighbours from which they are taken as one."""

STEPS = ((1, 0), (0, 1))
"""To the next depth, and to the next length."""

SEEN = 2.0
"""Neighbours, or trials of one cell, agree where that is more than so many standard errors; less is chance."""


def inflation(residual: FloatArray, row: IntArray, column: IntArray) -> float:
    """Return how much more a sum of residuals varies than one of independent answers, 1 or more.

    That is the spread between cells of several trials over what their trials let expect, times the larger of two
    estimates of what neighbours add: that of a first-order process along both axes, (1 + r) / (1 - r) each (Bartlett
    1935; Clifford, Richardson and Hemon, Biometrics 1989), and the sum of the correlations at all distances up to the
    first that is not positive (the initial positive sequence: Geyer, Statistical Science 1992). The first catches short
    and smooth patches, the second rough ones that reach far. What chance lets expect adds nothing.

    Args:
        residual: Shape (n,), each outcome (0 or 1) less the chance that the pattern gives it.
        row: Shape (n,), index of each trial's cell along the depths.
        column: Shape (n,), the same along the lengths.
    """
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (row, column), residual)
    np.add.at(count, (row, column), 1)
    cells = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    variance = float(np.nanmean(cells * cells))
    if variance < 1e-12:
        return 1.0
    alone = float(np.mean(residual**2)) * float(np.mean(1 / count[count > 0]))
    scaled = cells / math.sqrt(variance)
    nearest = [_agreement(scaled, *step) for step in STEPS]
    agreed, pairs = (sum(each) for each in zip(*nearest, strict=True))
    patches = max(_first_order(nearest), _all_distances(scaled)) if agreed > SEEN * math.sqrt(pairs) else 1.0
    spread = variance / alone  # of cells of several trials; its own error is about sqrt(2 / cells)
    return (spread if spread > 1 + SEEN * math.sqrt(2 / int(np.sum(count > 0))) else 1.0) * patches


def _first_order(nearest: list[tuple[float, int]]) -> float:
    product = 1.0
    for agreed, pairs in nearest:
        kept = min(max(agreed / max(pairs, 1), 0.0), STRONGEST)
        product *= (1 + kept) / (1 - kept)
    return product


def _all_distances(cells: FloatArray) -> float:
    """Add up the correlations ring by ring, each ring the steps that have about one distance."""
    rows, columns = cells.shape
    rings: dict[int, list[tuple[int, int]]] = {}
    for down in range(rows // 2 + 1):
        for across in range(-(columns // 2), columns // 2 + 1):
            if (down, across) > (0, 0):
                rings.setdefault(round(math.hypot(down, across)), []).append((down, across))
    total = 1.0
    for distance in sorted(rings):
        agreed, pairs = map(sum, zip(*(_agreement(cells, *step) for step in rings[distance]), strict=True))
        if agreed <= 0:
            break
        total += 2 * len(rings[distance]) * agreed / pairs
    return total


def _agreement(cells: FloatArray, down: int, across: int) -> tuple[float, int]:
    """Return the sum of the products of all cells so many steps apart, and how many pairs there are."""
    rows, columns = cells.shape
    near = cells[: rows - down, max(0, -across) : columns - max(0, across)]
    far = cells[down:, max(0, across) : columns - max(0, -across)]
    products = near * far
    there = ~np.isnan(products)
    return float(products[there].sum()), int(there.sum())


LEAST_MISSES = 8
NOTABLE_RATE = 0.05
CUT_DROP = -2 * math.log(1 - math.sqrt(0.95))
"""7.35: how far twice the log-likelihood falls at the ends of a cut's 95% interval (Hansen, Econometrica 2000)."""

AT_LENGTHS = ("content_hole", "depth_band", "u_in_depth")
"""Patterns that may begin at some length: what they say of depths or places they then say from there on."""

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
    """One pattern with its cuts, in the order of `AXES`; misses lie where all its cuts agree. None for a U in depth.

    `from_length`: the shortest length at which it holds, where it does not at shorter ones; None: at every length.
    """

    kind: Kind | Literal["u_in_depth"]
    cuts: tuple[Cut, ...] = ()
    from_length: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """What explains the misses best.

    `finding`: a pattern's kind; "none" (a constant miss rate of no note), "bee" (the same, its 95% lower bound above
    5%: holes at random), "tadpole" (no pattern, and the base misses too: weak from the start), or "cant_tell" (under
    8 misses). `patterns` has one entry, two for a mixture (misses where either holds, the stronger first), none for the
    others. `misses` is the share over all trials; `inside` and `outside` are the shares in and out of the region.
    `evidence` is by how much twice the penalised log-likelihood beats a constant rate, after the discount for
    neighbours that agree (`discount`), `margin` by how much it beats the best other pattern: under 6 or so, that one is
    nearly as good (`runner_up`). `patchy`: no pattern is named though one would be, were neighbours independent and its
    rows as it says: the misses lie together somewhere.
    """

    finding: Finding
    misses: Share
    patterns: tuple[Pattern, ...] = ()
    inside: Share | None = None
    outside: Share | None = None
    evidence: float = 0.0
    margin: float = math.inf
    runner_up: Finding | None = None
    patchy: bool = False


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
    named = [] if not fits or fits[0].gain <= 0 else _borne_out(space, miss, fits)
    if not named:
        patchy = bool(fits) and fits[0].gain > 0
        return Diagnosis(finding=_constant(overall, base_missed), misses=overall, patchy=patchy)
    parts = [each.fit for each in named]
    discount = named[-1].discount
    evidence = parts[-1].ratio / discount - parts[-1].penalty
    others = [fit for fit in fits if fit.kind not in {part.kind for part in parts}]
    lead = [(fit.ratio / discount - fit.penalty, fit) for fit in others]
    margin, runner_up = max(lead, key=lambda each: each[0], default=(0.0, None))
    smooth = parts[0].kind == "u_in_depth"
    region = np.logical_or.reduce([each.region for each in named])
    return Diagnosis(
        finding=parts[0].kind,
        misses=overall,
        patterns=tuple(_pattern(space, miss, each, tuple(parts)) for each in named),
        inside=None if smooth else share(int(miss[region].sum()), int(region.sum())),
        outside=None if smooth else share(int(miss[~region].sum()), int((~region).sum())),
        evidence=evidence,
        margin=evidence - max(margin, 0.0),
        runner_up=runner_up.kind if runner_up and margin > 0 else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Named:
    """A fit that may be named: its region where its rows bear it out, from which length on, and its discount."""

    fit: Fit
    region: BoolArray
    from_length: float | None
    discount: float


def _borne_out(space: Space, miss: BoolArray, fits: list[Fit]) -> list[_Named]:
    """Return what may be named of the best fits: two patterns, one, or none.

    The best one whose rows don't refute it is named if it beats a constant rate after the discount, by strong evidence
    where there is a discount: that is itself an estimate. Two are named if they beat that one by strong evidence, too,
    before the discount and after it.
    """
    single = next((made for fit in fits if fit.gain > 0 and (made := _named(space, miss, (fit,)))), [])
    alone = max(0.0, _worth(single))
    pair = best_mixture(space, miss, fits)
    both = _named(space, miss, pair) if pair else []
    if both and _worth(both) > alone + STRONG:
        return both
    asked = STRONG if single and single[-1].discount > 1 else 0.0
    return single if _worth(single) > asked else []


def _worth(named: list[_Named]) -> float:
    """Return by how much twice the penalised log-likelihood beats a constant rate, after the discount."""
    return named[-1].fit.ratio / named[-1].discount - named[-1].fit.penalty if named else -math.inf


def _named(space: Space, miss: BoolArray, parts: tuple[Fit, ...]) -> list[_Named]:
    """Return patterns with the lengths at which their rows bear them out; none where some row refutes one of them."""
    chance = _chances(space, miss, parts)
    discount = inflation(miss - chance, *space.places.cell)
    # A U in depth has no region: it is held against its deeper half, where more than half of its height is.
    regions = [hump(space.places.depth) > 0.5 if fit.kind == "u_in_depth" else fit.region for fit in parts]
    outside = ~np.logical_or.reduce(regions)
    made = []
    for fit, region in zip(parts, regions, strict=True):
        refuted = refuted_parts(region, outside, miss, space.places.length) if outside.any() else []
        first = _first_length(region, refuted, space.places.length) if fit.kind in AT_LENGTHS else None
        if refuted and first is None:
            return []
        kept = fit.region & (space.places.length >= first) if first is not None else fit.region
        made.append(_Named(fit, kept, first, discount))
    return made


def _first_length(region: BoolArray, refuted: list[BoolArray], length: FloatArray) -> float | None:
    """Return from which length on a region holds where only shorter ones refute it; None where that is not so."""
    if not refuted:
        return None
    last = max(float(length[part].max()) for part in refuted)
    longer = length[region & (length > last)]
    return float(longer.min()) if len(longer) else None


def _chances(space: Space, miss: BoolArray, parts: tuple[Fit, ...]) -> FloatArray:
    """Return the chance to miss that these patterns give each trial, shape (n,)."""
    if parts[0].kind == "u_in_depth":
        terms = fit_ushape(miss, space.places.depth)[1]
        return np.asarray(1 / (1 + np.exp(-(terms[0] + terms[1] * hump(space.places.depth)))))
    region = np.logical_or.reduce([part.region for part in parts])
    return np.asarray(np.where(region, miss[region].mean(), miss[~region].mean()), dtype=np.float64)


def _constant(overall: Share, base_missed: ArrayLike | None) -> Literal["none", "bee", "tadpole"]:
    if base_missed is not None:
        base = np.asarray(base_missed, dtype=bool)
        if len(base) and float(clopper_pearson(base.sum(), len(base))[0]) > NOTABLE_RATE:
            return "tadpole"
    return "bee" if overall.interval.low > NOTABLE_RATE else "none"


def _pattern(space: Space, miss: BoolArray, named: _Named, parts: tuple[Fit, ...]) -> Pattern:
    """Put an interval to each cut: how far it can move, the others held, until the likelihood falls by `CUT_DROP`."""
    part = named.fit
    if part.kind == "u_in_depth":
        return Pattern(kind=part.kind, from_length=named.from_length)
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
    return Pattern(kind=part.kind, cuts=tuple(cuts), from_length=named.from_length)
