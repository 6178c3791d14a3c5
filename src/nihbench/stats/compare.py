"""Two sides over identical haystacks and placements: do they differ, where, by how much, or are they the same?

A side is a prompt on a model. This pairs nothing itself: the two sides come in aligned, pair by pair. The test asks
whether the two sides answer alike on these texts; what else it could have seen, and whether the answer holds for
other haystacks, stand beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.binomial import upper_bound
from nihbench.stats.clusters import clustered_mean
from nihbench.stats.detectable import ALPHA, design_of, smallest_detectable
from nihbench.stats.distributions import t_value
from nihbench.stats.headline import thirds
from nihbench.stats.interval import LEVEL, FloatArray, IntArray, Interval
from nihbench.stats.signflip import max_t, sign_flip, unit_sums

MARGIN = 0.05
"""Two sides within five points of each other count as the same, if that is shown."""

FEW_DIFFERING = 10
"""With so many differing texts or fewer, "the same" takes an exact bound as well."""

LEAST_PAIRS = 6
"""Six units are the fewest whose exact two-sided sign-flip test can reach 0.05 (2 / 2**6 = 0.03)."""

Verdict = Literal["differ", "same", "unclear"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pairs:
    """Measured on both sides, one entry a pair, all arrays of shape (n,).

    `first` and `second` are values between 0 and 1 (a band, or 1 and 0 for found and not). `text` numbers the exact
    haystack and placement: pairs of one text (asked several times) are flipped together. `haystack` numbers the
    haystack, `length` and `depth` are the cell's indices along the axes.
    """

    first: FloatArray
    second: FloatArray
    text: IntArray
    haystack: IntArray
    length: IntArray
    depth: IntArray

    def __post_init__(self) -> None:
        names = ("first", "second", "text", "haystack", "length", "depth")
        shapes = {name: getattr(self, name).shape for name in names}
        if len(set(shapes.values())) != 1 or self.first.ndim != 1:
            raise ValueError(f"the arrays of Pairs must have one shape (n,), not {shapes}")

    @property
    def difference(self) -> FloatArray:
        """`second` - `first`, pair by pair: positive where the second side is better."""
        return self.second - self.first


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """A third of the depths by a third of the lengths (0 first, 2 last). `p_value` is corrected for all regions."""

    depth_third: int
    length_third: int
    pairs: int
    difference: float
    p_value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CellTest:
    """One cell of at least `LEAST_PAIRS` texts. `p_value` is corrected for all cells that were tested."""

    length: int
    depth: int
    pairs: int
    difference: float
    p_value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What was found; differences are second - first, means over the pairs.

    `p_value`: exact sign-flip test over texts, for these haystacks. `interval`: of the difference, over these texts.
    For other haystacks: `haystack_p_value` flips whole haystacks (None under six of them: it could never reach 0.05)
    and `haystack_interval` is Student's t over their differences (None with one). `regions` and `cells` carry corrected
    p-values; a cell of fewer than six texts is not among them. `detectable`: the smallest true difference that this
    design sees with 80% power (None: not even 1). `verdict`: "differ" at p <= 0.05, "same" when the 90% interval lies
    within the margin (two one-sided tests), else "unclear". Both can hold (a small difference, surely seen): then
    `verdict` is "differ" and `equivalent` True.
    """

    pairs: int
    texts: int
    haystacks: int
    first: float
    second: float
    difference: float
    interval: Interval
    p_value: float
    haystack_interval: Interval | None
    haystack_p_value: float | None
    equivalent: bool
    margin: float
    detectable: float | None
    verdict: Verdict
    regions: tuple[Region, ...]
    cells: tuple[CellTest, ...]


def compare(pairs: Pairs, *, margin: float = MARGIN, level: float = LEVEL) -> Comparison:
    """Compare two sides measured over identical haystacks and placements.

    Args:
        pairs: At least one pair; what was unmeasured on either side is left out before.
        margin: Largest difference of means that still counts as the same.
        level: Confidence of the intervals.

    Raises:
        ValueError: No pairs, a margin that is not positive, or values off the lattice of 0.01.
    """
    if not len(pairs.first):
        raise ValueError("there is no pair measured on both sides")
    if margin <= 0:
        raise ValueError("the margin of equivalence must be positive")
    difference, haystacks = pairs.difference, len(np.unique(pairs.haystack))
    texts = len(np.unique(pairs.text))
    p_value, same = sign_flip(difference, pairs.text), equivalent(difference, pairs.text, margin)
    return Comparison(
        pairs=len(difference),
        texts=texts,
        haystacks=haystacks,
        first=float(pairs.first.mean()),
        second=float(pairs.second.mean()),
        difference=float(difference.mean()),
        interval=difference_interval(difference, pairs.text, level),
        p_value=p_value,
        haystack_interval=haystack_interval(difference, pairs.haystack, level) if haystacks > 1 else None,
        haystack_p_value=sign_flip(difference, pairs.haystack) if haystacks >= LEAST_PAIRS else None,
        equivalent=same,
        margin=margin,
        detectable=smallest_detectable(design_of(pairs.first, pairs.second, texts)),
        verdict="differ" if p_value <= ALPHA else "same" if same else "unclear",
        regions=_regions(pairs),
        cells=_cells(pairs),
    )


def interaction(one: Pairs, other: Pairs, *, level: float = LEVEL) -> tuple[float, Interval, float]:
    """Ask whether two models answer differently to the change of prompt: the prompt x model interaction.

    Args:
        one: Prompt against prompt on one model.
        other: The same prompts, in the same order and over the same texts, on the other model.
        level: Confidence of the interval.

    Returns:
        (mean of other's difference - one's, its interval, p-value of the exact sign-flip test over texts).

    Raises:
        ValueError: The two are not aligned, or there is no pair.
    """
    if not np.array_equal(one.text, other.text) or not len(one.text):
        raise ValueError("an interaction needs both models measured over the same texts, in one order")
    change = other.difference - one.difference
    interval = difference_interval(change, one.text, level, span=2.0)
    return float(change.mean()), interval, sign_flip(change, one.text)


def equivalent(difference: ArrayLike, text: IntArray, margin: float = MARGIN) -> bool:
    """Tell whether the two sides are shown to be within `margin` of each other, over these texts.

    Two one-sided tests at 5% (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 1987): the 90% interval lies
    within the margin. With few differing texts that interval is too narrow (36 pairs with a true difference of 0.05 all
    agree in 16% of sweeps), so there the exact bound on the share of texts that differ each way must be within it too.
    Shapes as in `difference_interval`.
    """
    interval = difference_interval(difference, text, 1 - 2 * ALPHA)
    if not (-margin < interval.low and interval.high < margin):
        return False
    sums = unit_sums(difference, text)
    ways = np.array([np.sum(sums > 1e-9), np.sum(sums < -1e-9)])
    return bool(ways.sum() > FEW_DIFFERING or np.all(upper_bound(ways, len(sums), 1 - ALPHA) < margin))


def difference_interval(difference: ArrayLike, text: IntArray, level: float = LEVEL, span: float = 1.0) -> Interval:
    """Return the interval of a mean paired difference, over these texts.

    Agresti and Min (Statistics in Medicine 2005), with t for z: two pairs are added, half of one differing each way,
    so that it has a width where no pair differs. A text asked several times is one unit.

    Args:
        difference: Shape (pairs,).
        text: Shape (pairs,).
        level: Confidence.
        span: Largest difference there can be.
    """
    sums = unit_sums(difference, text)
    units, pairs = len(sums), len(np.asarray(difference))
    step = span * pairs / units  # what a unit counts when it differs as much as it can
    total, squares = float(sums.sum()), float(np.sum(sums**2)) + step**2
    mean = total / (units + 2)
    variance = max(squares / (units + 2) - mean**2, 0.0) / (units + 2)
    reach = t_value((1 + level) / 2, units + 1) * math.sqrt(variance)
    scale = units / pairs
    return Interval(
        low=max(-span, scale * (mean - reach)),
        high=min(span, scale * (mean + reach)),
        level=level,
        method="paired",
        this_haystack=True,
    )


def haystack_interval(difference: ArrayLike, haystack: IntArray, level: float = LEVEL) -> Interval:
    """Return the interval of a mean paired difference for haystacks in general: t over two or more, CR2."""
    change = np.asarray(difference, dtype=np.float64)
    mean, error, freedom = clustered_mean(change, haystack)
    reach = t_value((1 + level) / 2, freedom) * error
    low, high = mean - reach, mean + reach
    if high - low < 1e-12:  # haystacks that do not differ at all: what the pairs themselves leave open
        return replace(
            difference_interval(change, np.arange(len(change)), level), method="assumed", this_haystack=False
        )
    return Interval(low=max(-1.0, low), high=min(1.0, high), level=level, method="clusters")


def _regions(pairs: Pairs) -> tuple[Region, ...]:
    place = 3 * thirds(pairs.depth) + thirds(pairs.length)
    return tuple(
        Region(depth_third=key // 3, length_third=key % 3, pairs=count, difference=difference, p_value=p_value)
        for key, count, difference, p_value in _tested(pairs, place, 1)
    )


def _cells(pairs: Pairs) -> tuple[CellTest, ...]:
    steps = int(pairs.depth.max()) + 1
    return tuple(
        CellTest(length=key // steps, depth=key % steps, pairs=count, difference=difference, p_value=p_value)
        for key, count, difference, p_value in _tested(pairs, pairs.length * steps + pairs.depth, LEAST_PAIRS)
    )


def _tested(pairs: Pairs, place: IntArray, least: int) -> list[tuple[int, int, float, float]]:
    """Return (place, pairs, mean difference, corrected p-value) of every place with at least `least` texts."""
    groups = [(int(key), place == key) for key in np.unique(place)]
    groups = [(key, mask) for key, mask in groups if len(np.unique(pairs.text[mask])) >= least]
    corrected = max_t([unit_sums(pairs.difference[mask], pairs.text[mask]) for _, mask in groups])
    return [
        (key, int(mask.sum()), float(pairs.difference[mask].mean()), float(p_value))
        for (key, mask), p_value in zip(groups, corrected, strict=True)
    ]
