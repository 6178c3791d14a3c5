"""Two sides over identical haystacks and placements: do they differ, where, by how much, or are they the same?

A side is a prompt on a model. This pairs nothing itself: the two sides come in aligned, pair by pair. With six
haystacks or more the verdict is on haystacks in general, and they are what is flipped; with fewer it is on these texts
alone (`Comparison.general` says which).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.crossed import counted, parts_of
from nihbench.stats.detectable import (
    ALPHA,
    LEAST_HAYSTACKS,
    design_of,
    haystacks_needed,
    repeats_needed,
    smallest_detectable,
    smallest_over_haystacks,
)
from nihbench.stats.headline import ASSUMED_CORRELATION
from nihbench.stats.interval import LEVEL, FloatArray, IntArray, Interval, t_value, upper_bound
from nihbench.stats.inversion import (
    PLACES,
    ROUNDING,
    SPREADS,
    cluster_totals,
    design_of_sizes,
    error_of_mean,
    likelihoods,
    logistic,
    max_t,
    middles,
    sign_flip,
    unit_sums,
)

# ---- gains -----------------------------------------------------------------------------------------------------------
# Which mean differences the haystacks at hand leave open: the interval of a paired difference, by inverting tests.
#
# A difference is what the second side gains less what it loses. Where one of the two is rare, haystacks are skewed
# (most lose nothing, one loses much), and Student's t over a few of them falls short. So its quantiles are taken from
# a model of the difference that is tested, as `inversion` does for a mean: each of the two shares has logits that are
# normal over haystacks, with the mean and the spread that are likeliest for this difference and these haystacks.

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


MARGIN = 0.05
"""Two sides within five points of each other count as the same, if that is shown."""

FEW_DIFFERING = 10
"""With so many differing texts or fewer, "the same" takes an exact bound as well."""

LEAST_PAIRS = 6
"""Six texts are the fewest whose exact two-sided sign-flip test can reach 0.05 (2 / 2**6 = 0.03)."""

Verdict = Literal["differ", "same", "unclear"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pairs:
    """Measured on both sides, one entry a pair, all arrays of shape (n,).

    `first` and `second` are values between 0 and 1 (a band, or 1 and 0 for found and not). `text` numbers the exact
    haystack and placement: pairs of one text (asked several times) are flipped together. `haystack` numbers the
    haystack, `length` and `depth` are the cell's indices along the axes. `needle` numbers the needles of a bank: pairs
    about one needle are flipped together; None: there is no bank.
    """

    first: FloatArray
    second: FloatArray
    text: IntArray
    haystack: IntArray
    length: IntArray
    depth: IntArray
    needle: IntArray | None = None

    def __post_init__(self) -> None:
        names = ("first", "second", "text", "haystack", "length", "depth", *(["needle"] if self.by_needle else []))
        shapes = {name: getattr(self, name).shape for name in names}
        if len(set(shapes.values())) != 1 or self.first.ndim != 1:
            raise ValueError(f"the arrays of Pairs must have one shape (n,), not {shapes}")

    @property
    def difference(self) -> FloatArray:
        """`second` - `first`, pair by pair: positive where the second side is better."""
        return self.second - self.first

    @property
    def by_needle(self) -> bool:
        """Whether there is a bank of needles."""
        return self.needle is not None

    @property
    def unit(self) -> IntArray:
        """What is independent on the haystacks at hand, shape (n,): needles of a bank, else exact texts."""
        return self.text if self.needle is None else self.needle


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

    For these texts: `p_value` of the exact sign-flip test over texts, `interval` of the difference, `equivalent`. With
    a bank of needles (`needles`, 0 without) all three are over needles in general, on these haystacks, and what is for
    haystacks in general is for both (`_Widened`).
    For haystacks in general: `haystack_p_value` flips whole haystacks (None under six of them: it could never reach
    0.05), `haystack_interval` is by inverted tests (None with one), `haystack_equivalent` (None under six).
    `cells` have six texts or more, and p-values corrected for their number, for these texts. `detectable` is the
    smallest true difference that the verdict's test sees with 80% power (None: not even 1).
    """

    pairs: int
    texts: int
    haystacks: int
    first: float
    second: float
    difference: float
    interval: Interval
    p_value: float
    equivalent: bool
    haystack_interval: Interval | None
    haystack_p_value: float | None
    haystack_equivalent: bool | None
    margin: float
    detectable: float | None
    cells: tuple[CellTest, ...]
    needles: int = 0

    @property
    def general(self) -> bool:
        """Whether the verdict is on haystacks in general, not on these alone."""
        return self.haystack_p_value is not None

    @property
    def verdict_p_value(self) -> float:
        """The p-value of the test that the verdict rests on."""
        return self.p_value if self.haystack_p_value is None else self.haystack_p_value

    @property
    def verdict_interval(self) -> Interval:
        """The interval of the difference that goes with the verdict."""
        return self.haystack_interval if self.general and self.haystack_interval else self.interval

    @property
    def verdict_equivalent(self) -> bool:
        """Whether the two are shown to be the same within the margin, where the verdict holds."""
        return self.equivalent if self.haystack_equivalent is None else self.haystack_equivalent

    @property
    def verdict(self) -> Verdict:
        """Return "differ" at p <= 0.05, "same" when shown to be within the margin, else "unclear".

        Both can hold (a small difference, surely seen): then it is "differ".
        """
        return verdict_of(self.verdict_p_value, self.verdict_equivalent)


def verdict_of(p_value: float, same: bool) -> Verdict:
    """Return the verdict of a test and of an equivalence."""
    return "differ" if p_value <= ALPHA else "same" if same else "unclear"


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
    difference, haystacks, unit = pairs.difference, len(np.unique(pairs.haystack)), pairs.unit
    texts = len(np.unique(pairs.text))
    general = haystacks >= LEAST_HAYSTACKS
    wider = _Widened.of(pairs)
    return Comparison(
        pairs=len(difference),
        texts=texts,
        haystacks=haystacks,
        needles=0 if pairs.needle is None else len(np.unique(pairs.needle)),
        first=float(pairs.first.mean()),
        second=float(pairs.second.mean()),
        difference=float(difference.mean()),
        interval=difference_interval(difference, unit, level),
        p_value=sign_flip(difference, unit),
        equivalent=equivalent(difference, unit, margin),
        haystack_interval=wider.interval(haystack_interval(difference, pairs.haystack, level))
        if haystacks > 1
        else None,
        haystack_p_value=wider.p_value() if general else None,
        haystack_equivalent=haystack_equivalent(difference, pairs.haystack, margin, wider) if general else None,
        margin=margin,
        detectable=smallest_over_haystacks(wider.by * haystack_spread(pairs), haystacks)
        if general
        else smallest_detectable(design_of(pairs.first, pairs.second, texts)),
        cells=_cells(pairs),
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Widened:
    """How much wider an interval over haystacks is where pairs about one needle have something in common, too.

    The variance of the mean difference is clustered by needle and by haystack (`crossed.Parts`); `by` is the root of
    its ratio to that of haystacks alone.
    """

    pairs: Pairs
    by: float = 1.0

    @classmethod
    def of(cls, pairs: Pairs) -> _Widened:
        """Return that of some pairs: none without a bank, or where nothing differs."""
        if pairs.needle is None or len(np.unique(pairs.needle)) < 2 or len(np.unique(pairs.haystack)) < 2:
            return cls(pairs=pairs)
        parts = parts_of(*counted(pairs.difference, pairs.needle, pairs.haystack))
        whole, haystack = float(parts.variance), float(parts.haystack)
        return cls(pairs=pairs, by=math.sqrt(whole / haystack) if haystack > 1e-18 else 1.0)

    def interval(self, made: Interval) -> Interval:
        """Return an interval over haystacks as it is over both."""
        if self.by == 1.0:
            return made
        mean = float(self.pairs.difference.mean())
        low, high = (mean + self.by * (end - mean) for end in (made.low, made.high))
        return replace(made, low=max(-1.0, low), high=min(1.0, high), method="two_way")

    def p_value(self) -> float:
        """Return the p-value over both: of the widest interval, by its level, that leaves no difference out.

        Without a bank whole haystacks are flipped, as ever: flips of a few haystacks know no sum that is taken for
        smaller than it is.
        """
        difference, haystack = self.pairs.difference, self.pairs.haystack
        if self.by == 1.0:
            return sign_flip(difference, haystack)
        least, most = 0.0, 1.0
        for _ in range(_HALVINGS):
            level = (least + most) / 2
            made = self.interval(haystack_interval(difference, haystack, level))
            least, most = (least, level) if made.low <= 0 <= made.high else (level, most)
        return 1 - least


_HALVINGS = 10
"""Of the p-value over needles and haystacks: it is known to 0.001, which is what so many draws can tell."""


def repeats_for(pairs: Pairs, wanted: float, repeats: int) -> int | None:
    """Return how many haystacks, a repeat each, would see a true difference of `wanted` with 80% power.

    With six or more the test is that over haystacks, and with fewer that over texts. None: over 1,000. With a single
    haystack nothing tells how much they differ: then they are taken not to, and it is the least.
    """
    texts = len(np.unique(pairs.text))
    few = repeats_needed(design_of(pairs.first, pairs.second, texts), wanted, repeats)
    return few if few is not None and few < LEAST_HAYSTACKS else haystacks_needed(haystack_spread(pairs), wanted)


def haystack_spread(pairs: Pairs) -> float:
    """Return the standard deviation of the haystacks' mean differences: the least it can be where there is one."""
    total, size = cluster_totals(pairs.difference, pairs.haystack)
    chance = math.sqrt((float(np.sum(pairs.difference**2)) + 1) / (len(pairs.difference) + 1) / size.mean())
    return chance if len(size) < 2 else float(error_of_mean(total, size)[1]) * math.sqrt(len(size)) or chance


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossed:
    """How much more a change brings on one model than on another; in general with six haystacks, else on these."""

    difference: float
    interval: Interval
    p_value: float
    haystacks: int

    @property
    def general(self) -> bool:
        """Whether interval and p-value are for haystacks in general, not for these alone."""
        return self.haystacks >= LEAST_HAYSTACKS


def interaction(one: Pairs, other: Pairs, *, level: float = LEVEL) -> Crossed:
    """Ask whether two models answer differently to the change of prompt: the prompt x model interaction.

    Args:
        one: Prompt against prompt on one model.
        other: The same prompts, in the same order and over the same texts, on the other model.
        level: Confidence of the interval.

    Returns:
        The mean of other's difference - one's, tested by flipping whole haystacks where there are six, else texts.

    Raises:
        ValueError: The two are not aligned, or there is no pair.
    """
    if not np.array_equal(one.text, other.text) or not len(one.text):
        raise ValueError("an interaction needs both models measured over the same texts, in one order")
    change, haystacks = other.difference - one.difference, len(np.unique(one.haystack))
    general = haystacks >= LEAST_HAYSTACKS
    made = (
        haystack_interval(change, one.haystack, level, span=2.0)
        if general
        else difference_interval(change, one.text, level, span=2.0)
    )
    return Crossed(
        difference=float(change.mean()),
        interval=made,
        p_value=sign_flip(change, one.haystack if general else one.text),
        haystacks=haystacks,
    )


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


def haystack_interval(difference: ArrayLike, haystack: IntArray, level: float = LEVEL, span: float = 1.0) -> Interval:
    """Return the interval of a mean paired difference for haystacks in general, of which there are two or more.

    By inverting tests (`differences_left_open`). Where haystacks do not differ at all there is no variance to see: then
    it is that of the pairs themselves, their number divided by 1 + (pairs a haystack - 1) x `ASSUMED_CORRELATION`
    (Kish's design effect). Arguments as in `difference_interval`.
    """
    change = np.asarray(difference, dtype=np.float64) / span
    gain, size = cluster_totals(np.maximum(change, 0.0), haystack)
    loss, _ = cluster_totals(np.maximum(-change, 0.0), haystack)
    if float(error_of_mean(gain - loss, size)[1]) < 1e-9:
        shrunk = 1 / (1 + (len(change) / len(size) - 1) * ASSUMED_CORRELATION)
        low, high = _agresti_min(float(change.sum()), float(np.sum(change**2)), len(change), shrunk, level)
        return Interval(low=span * low, high=span * high, level=level, method="assumed")
    low, high = differences_left_open(gain, loss, size, level)
    return Interval(low=span * low, high=span * high, level=level, method="clusters")


def _agresti_min(total: float, squares: float, pairs: int, shrunk: float, level: float) -> tuple[float, float]:
    """Return Agresti and Min's interval of a mean of differences, with so many times fewer pairs than there are."""
    units = pairs * shrunk
    mean = total * shrunk / (units + 2)
    variance = max((squares * shrunk + 1) / (units + 2) - mean**2, 0.0) / (units + 2)
    reach = t_value((1 + level) / 2, round(units + 1, 6)) * math.sqrt(variance)
    return max(-1.0, mean - reach), min(1.0, mean + reach)


def haystack_equivalent(
    difference: ArrayLike, haystack: IntArray, margin: float = MARGIN, wider: _Widened | None = None
) -> bool:
    """Tell whether two sides are shown to be within `margin` of each other for haystacks in general.

    Two one-sided tests at 5% by the 90% interval. Where haystacks do not differ at all it must also hold that fewer
    pairs than the margin would differ each way, with the pairs worth as many as in `haystack_interval`.
    """
    made = haystack_interval(difference, haystack, 1 - 2 * ALPHA)
    made = made if wider is None else wider.interval(made)
    if not (-margin < made.low and made.high < margin):
        return False
    change = np.asarray(difference, dtype=np.float64)
    if made.method != "assumed":
        return True
    shrunk = 1 / (1 + (len(change) / len(np.unique(haystack)) - 1) * ASSUMED_CORRELATION)
    ways = np.array([np.sum(change > 1e-9), np.sum(change < -1e-9)]) * shrunk
    return bool(np.all(upper_bound(ways, len(change) * shrunk, 1 - ALPHA) < margin))


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
