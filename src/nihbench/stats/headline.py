"""The headline numbers of a grid, or of a row, column or third of it, with their intervals.

What was really independent is the haystack: all answers over one text are one cluster, and so are haystacks that
overlap (`overlap`). Where needles are several (a bank), so is the needle: then both are clusters, see `crossed`. With
two or more texts the interval is that of t over them with quantiles that fit their skewness
and number, see `inversion`. With one the interval holds for this text only, see `one_haystack`. Never a bootstrap of
the answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.crossed import counted, means_over_both, parts_of
from nihbench.stats.interval import (
    LEVEL,
    BoolArray,
    Ends,
    FloatArray,
    IntArray,
    Interval,
    Method,
    exact_interval,
    t_value,
    whole,
)
from nihbench.stats.inversion import cluster_totals, error_of_mean, means_left_open
from nihbench.stats.overlap import one_text

# ---- the numbers that every summary has: each is the mean of what single trials came to ------------------------------
# One more is one more entry here and its words in the catalogs (`figure.metric_NAME`, `page.NAME`, `page.def_NAME`):
# terminal, captions and the report take them from this list.


LEAST_MEASURED = 0.95
"""With a smaller share of the planned trials measured there is no effective length and no verdict."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A number of a summary.

    `of` returns what trials came to, from 0 to 1, of their scores and of whether each was found; any shape.
    """

    name: str
    of: Callable[[ArrayLike, ArrayLike], FloatArray]


def _found(value: ArrayLike, found: ArrayLike) -> FloatArray:
    return np.asarray(found, dtype=np.float64)


def _strict(value: ArrayLike, found: ArrayLike) -> FloatArray:
    return np.isclose(np.asarray(value, dtype=np.float64), 1.0).astype(np.float64)


def _score(value: ArrayLike, found: ArrayLike) -> FloatArray:
    return np.asarray(value, dtype=np.float64)


FOUND = Metric(name="found", of=_found)
METRICS = (
    FOUND,
    Metric(name="strict", of=_strict),
    Metric(name="mean_band", of=_score),
)
"""In the order in which they are always told."""


# ---- neighbours ------------------------------------------------------------------------------------------------------
# How much a cell varies by chance, seen from the differences between neighbouring cells of one grid.
#
# The successive-difference estimator of systematic sampling (Wolter, Introduction to Variance Estimation, 2nd ed.
# 2007, ch. 8; von Neumann 1941): half the mean squared difference of neighbours has the variance of a cell plus only
# the little by which neighbours truly differ. A plain variance over the grid would count the whole pattern as noise.


def local_variance(values: FloatArray, length: IntArray, depth: IntArray) -> tuple[float, int] | None:
    """Return the variance of the mean over one haystack's grid, and the number of differences it rests on.

    Neighbours are taken along the depths and along the lengths apart, and the smaller variance counts: a cliff along
    one axis leaves the other alone. One difference of a whole hit is added, so that it is never 0.

    Args:
        values: Shape (n,), measured; several in one cell are averaged first.
        length: Shape (n,), index of the cell along the lengths.
        depth: Shape (n,), index of the cell along the depths.

    Returns:
        (variance of the mean, differences), or None where there are no two neighbours.
    """
    lengths, column = np.unique(length, return_inverse=True)
    depths, row = np.unique(depth, return_inverse=True)
    shape = (len(depths), len(lengths))
    count, total = np.zeros(shape), np.zeros(shape)
    np.add.at(count, (row, column), 1)
    np.add.at(total, (row, column), values)
    mean = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    found = []
    for axis in (0, 1):
        steps = np.diff(mean, axis=axis)
        steps = steps[~np.isnan(steps)]
        if len(steps):
            found.append(((float(np.sum(steps**2)) / 2 + 0.5 / count.max()) / (len(steps) + 1), len(steps)))
    if not found:
        return None
    variance, differences = min(found)
    return float(variance) * float(np.sum((count / count.sum()) ** 2)), differences


ASSUMED_CORRELATION = 0.05
"""Correlation of two answers over one haystack, where the haystacks at hand show none (all alike)."""

EXACT_BELOW = 30
"""With fewer trials in one haystack the interval is Clopper-Pearson's."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trials:
    """The planned trials of a grid as arrays of shape (n,); what was not measured is NaN in `value`.

    `value` is the band (0 to 1), `found` whether the needle was found (passed over where not measured), `haystack`
    names the text (equal number: same text), `length` and `depth` are the cell's indices along the grid's axes.
    `text` numbers the text that a haystack is part of at the trial's length, where several overlap (`one_text`).
    `place` names the place of a text where the needle stood: trials of one number asked the same again. None: each had
    a place of its own. `needle` numbers the needles of a bank, `wording` the wordings of their questions; None: there
    is one needle, or each trial has its own.
    """

    value: FloatArray
    found: BoolArray
    haystack: IntArray
    length: IntArray
    depth: IntArray
    text: IntArray | None = None
    place: IntArray | None = None
    needle: IntArray | None = None
    wording: IntArray | None = None

    def __post_init__(self) -> None:
        shapes = {name: array.shape for name, array in self._arrays().items()}
        if len(set(shapes.values())) != 1 or self.value.ndim != 1:
            raise ValueError(f"the arrays of Trials must have one shape (n,), not {shapes}")

    def where(self, mask: BoolArray) -> Trials:
        """Return the trials at which `mask`, of shape (n,), is True."""
        return replace(self, **{name: array[mask] for name, array in self._arrays().items()})

    @property
    def cluster(self) -> IntArray:
        """Number the texts that these trials stand in, shape (n,): haystacks that overlap at their lengths are one."""
        return self.haystack if self.text is None else one_text(self.haystack, self.text)

    def estimate(self, values: FloatArray, level: float = LEVEL) -> Estimate:
        """Return the mean of what these trials came to, of shape (n,), NaN where unmeasured."""
        return estimate(values, self.cluster, self.length, self.depth, level, place=self.place, needle=self.needle)

    def _arrays(self) -> dict[str, Any]:
        names = ("value", "found", "haystack", "length", "depth", "text", "place", "needle", "wording")
        return {name: array for name in names if (array := getattr(self, name)) is not None}


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean between 0 and 1 over the measured trials, NaN (and the interval 0 to 1) where nothing was measured.

    `if_missed` and `if_found` are the mean over all planned trials, with the unmeasured counted as 0 and as 1.
    `haystacks` counts the clusters the interval rests on, `places` the different prompts, None where each trial has
    its own, `needles` those of a bank, 0 where there is none.
    """

    value: float
    ends: Interval | Ends
    if_missed: float
    if_found: float
    measured: int
    planned: int
    haystacks: int
    places: int | None = None
    needles: int = 0

    @cached_property
    def interval(self) -> Interval:
        """Both ends, where they are shown; who needs one of them takes it from `ends`."""
        return whole(self.ends)

    @property
    def prompts(self) -> int:
        """How many different prompts were measured: no more answers can be independent."""
        return self.measured if self.places is None else self.places

    @property
    def measured_share(self) -> float:
        """Measured trials / planned trials."""
        return self.measured / self.planned if self.planned else 0.0


class Headline:
    """The numbers of `METRICS` of some trials; each is worked out when it is first asked for."""

    def __init__(self, trials: Trials, level: float = LEVEL) -> None:
        self._trials, self._level = trials, level
        self._known: dict[str, Estimate] = {}

    def __eq__(self, other: object) -> bool:
        """Say whether the numbers are the same."""
        return isinstance(other, Headline) and all(self[each.name] == other[each.name] for each in METRICS)

    def __getitem__(self, name: str) -> Estimate:
        """Return the number of that name."""
        if name not in self._known:
            trials, metric = self._trials, next(each for each in METRICS if each.name == name)
            values = np.where(np.isnan(trials.value), np.nan, metric.of(trials.value, trials.found))
            self._known[name] = trials.estimate(values, self._level)
        return self._known[name]

    def items(self) -> Iterator[tuple[str, Estimate]]:
        """Give all numbers with their names, in the order in which they are told."""
        return ((each.name, self[each.name]) for each in METRICS)

    @property
    def found(self) -> Estimate:
        """The share of trials in which the needle was found."""
        return self["found"]

    @property
    def strict(self) -> Estimate:
        """The share of trials in which all of it was."""
        return self["strict"]

    @property
    def mean_band(self) -> Estimate:
        """The mean of the values."""
        return self["mean_band"]

    @property
    def found_rate(self) -> float:
        """The found rate alone, which takes no interval; NaN where nothing was measured."""
        good = ~np.isnan(self._trials.value)
        return float(self._trials.found[good].sum()) / int(good.sum()) if good.any() else math.nan


def by_length(trials: Trials, level: float = LEVEL) -> tuple[Headline, ...]:
    """Return the headline numbers of every length, in the order of the length index."""
    return tuple(Headline(trials.where(trials.length == index), level) for index in np.unique(trials.length))


def by_depth(trials: Trials, level: float = LEVEL) -> tuple[Headline, ...]:
    """Return the headline numbers of every depth, in the order of the depth index."""
    return tuple(Headline(trials.where(trials.depth == index), level) for index in np.unique(trials.depth))


def by_third(
    trials: Trials, level: float = LEVEL, *, depths: int | None = None
) -> tuple[tuple[Headline | None, ...], ...]:
    """Return the headline numbers of the 3 x 3 thirds: [depth third][length third]; None where a third is empty.

    `depths`: how many steps the axis of depths has, where not every one has a trial of its own.
    """
    rows = thirds(trials.depth) if depths is None else thirds(np.arange(depths))[trials.depth]
    columns = thirds(trials.length)
    masks = [[(rows == row) & (columns == column) for column in range(3)] for row in range(3)]
    return tuple(tuple(Headline(trials.where(mask), level) if mask.any() else None for mask in row) for row in masks)


def thirds(index: IntArray) -> IntArray:
    """Return for every axis index which third (0, 1, 2) of the axis it lies in; thirds differ by one step at most."""
    steps, place = np.unique(index, return_inverse=True)
    return np.asarray(place * 3 // max(len(steps), 1), dtype=np.int64)


def estimate(
    values: ArrayLike,
    haystack: IntArray,
    length: IntArray,
    depth: IntArray,
    level: float = LEVEL,
    *,
    place: IntArray | None = None,
    needle: IntArray | None = None,
) -> Estimate:
    """Return the mean of values between 0 and 1 with its interval and its bounds.

    Args:
        values: Shape (n,), one a planned trial, NaN where unmeasured.
        haystack: Shape (n,), equal numbers share a text.
        length: Shape (n,), index of the cell along the lengths.
        depth: Shape (n,), index of the cell along the depths.
        level: Confidence of the interval.
        place: Shape (n,), equal numbers ask the same prompt again, which is no further place; None: all differ.
        needle: Shape (n,), equal numbers are one needle of a bank; None: there is no bank.
    """
    value = np.asarray(values, dtype=np.float64)
    good = ~np.isnan(value)
    planned, measured, points = len(value), int(good.sum()), float(value[good].sum())
    clusters = len(np.unique(haystack[good]))
    needles = 0 if needle is None else len(np.unique(needle[good]))
    places = np.arange(measured) if place is None else np.unique(place[good], return_inverse=True)[1]
    ends: Interval | Ends
    if not measured:
        ends = Interval(low=0.0, high=1.0, level=level, method="none")
    elif needle is not None and needles > 1:
        ends = _ends_over_needles(value[good], needle[good], haystack[good], level)
    elif clusters == 1:
        first = np.unique(places, return_index=True)[1]
        each = np.bincount(places, weights=value[good]) / np.bincount(places)
        ends = one_haystack(each, length[good][first], depth[good][first], level)
    else:
        ends = _ends_over_haystacks(value[good], haystack[good], level)
    return Estimate(
        value=points / measured if measured else math.nan,
        ends=ends,
        if_missed=points / planned if planned else 0.0,
        if_found=(points + planned - measured) / planned if planned else 1.0,
        measured=measured,
        planned=planned,
        haystacks=clusters,
        places=None if place is None else len(np.unique(places)),
        needles=needles,
    )


def standard_error(trials: Trials, values: FloatArray) -> float | None:
    """Return the standard error of the mean of what trials came to, by what is independent, as in `estimate`.

    Between needles and haystacks where there are several, between neighbouring cells of one haystack else. It is for
    files that have a place for it; the intervals are better, and are not made of it. None where nothing differs, or too
    little is measured to tell.

    Args:
        trials: the trials.
        values: shape (n,), NaN where unmeasured.
    """
    good = ~np.isnan(values)
    value, haystack = values[good], trials.cluster[good]
    needle = None if trials.needle is None else trials.needle[good]
    several = needle is not None and len(np.unique(needle)) > 1
    if needle is not None and several and len(np.unique(haystack)) > 1:
        total, size = counted(value, needle, haystack)
        if len(value) >= SEVERAL * len(size):
            return _above_nothing(math.sqrt(max(0.0, float(parts_of(total, size).variance))))
    clusters = needle if needle is not None and several and len(np.unique(haystack)) == 1 else haystack
    if len(np.unique(clusters)) > 1:
        return _above_nothing(float(error_of_mean(*cluster_totals(value, clusters))[1]))
    if len(value) < EXACT_BELOW or not 1e-12 < float(value.mean()) < 1 - 1e-12:
        return None
    found = local_variance(value, trials.length[good], trials.depth[good])
    return None if found is None else _above_nothing(math.sqrt(found[0]))


def _above_nothing(error: float) -> float | None:
    return error if error > 1e-9 else None


def over_haystacks(values: FloatArray, haystack: IntArray, level: float = LEVEL) -> Interval:
    """Return the interval of a mean over two or more haystacks, for haystacks in general.

    By inverting tests (`means_left_open`). Where the haystacks do not differ at all there is no variance to see: then
    it is Clopper-Pearson's with the number of trials divided by 1 + (trials a haystack - 1) x `ASSUMED_CORRELATION`
    (Kish's design effect).
    """
    return whole(_ends_over_haystacks(values, haystack, level))


def _ends_over_haystacks(values: FloatArray, haystack: IntArray, level: float) -> Interval | Ends:
    total, size = cluster_totals(values, haystack)
    mean, error = (float(number) for number in error_of_mean(total, size))
    if error < 1e-9 or not 1e-12 < mean < 1 - 1e-12:
        trials = len(values)
        effective = trials / (1 + (trials / len(size) - 1) * ASSUMED_CORRELATION)
        low, high = exact_interval(mean * effective, effective, level)
        return Interval(low=low, high=high, level=level, method="assumed")
    return Ends(end=means_left_open(total, size, level), level=level, method="clusters")


SEVERAL = 2
"""With fewer trials a needle, as in most rows of a bank's grid, needles are taken to differ within haystacks alone."""


def over_needles(values: FloatArray, needle: IntArray, haystack: IntArray, level: float = LEVEL) -> Interval:
    """Return the interval of a mean over two or more needles: for needles and haystacks in general (`crossed`).

    In one haystack it is for needles in general in this haystack: needles are the clusters, as haystacks are in
    `over_haystacks`. Where nothing differs, answers about one needle are assumed to correlate as those over one
    haystack are.
    """
    return whole(_ends_over_needles(values, needle, haystack, level))


def _ends_over_needles(values: FloatArray, needle: IntArray, haystack: IntArray, level: float) -> Interval | Ends:
    if len(np.unique(haystack)) == 1:
        made = _ends_over_haystacks(values, needle, level)
        method: Method = "assumed" if made.method == "assumed" else "needles"
        return replace(made, method=method, this_haystack=True)
    total, size = counted(values, needle, haystack)
    if len(values) < SEVERAL * len(size):
        return _ends_over_haystacks(values, haystack, level)
    parts = parts_of(total, size)
    mean = float(parts.mean)
    if float(parts.variance) < 1e-18 or not 1e-12 < mean < 1 - 1e-12:
        trials, alike = len(values), (len(values) / clusters - 1 for clusters in size.shape)
        effective = trials / (1 + sum(alike) * ASSUMED_CORRELATION)
        low, high = exact_interval(mean * effective, effective, level)
        return Interval(low=low, high=high, level=level, method="assumed")
    return Ends(end=means_over_both(total, size, level), level=level, method="two_way")


def one_haystack(values: FloatArray, length: IntArray, depth: IntArray, level: float = LEVEL) -> Interval:
    """Return the interval of a mean over the placements in one haystack, for this haystack only.

    The tested cells stand for all placements in their range, and answers are independent given the text. Cells differ
    by place as well as by chance, so the variance is taken from neighbouring cells, where place hardly
    differs (`local_variance`); the interval is Wilson's (JASA 1927) with the number of trials which that variance is
    worth. Under `EXACT_BELOW` trials, or where all are alike, it is Clopper-Pearson's.
    """
    trials, mean = len(values), float(values.mean())
    found = local_variance(values, length, depth)
    if trials < EXACT_BELOW or found is None or not 1e-12 < mean < 1 - 1e-12:
        low, high = exact_interval(float(values.sum()), trials, level)
        return Interval(low=low, high=high, level=level, method="exact", this_haystack=True)
    variance, freedom = found
    effective = mean * (1 - mean) / variance
    t = t_value((1 + level) / 2, round(freedom, 6))
    pull = t * t / effective
    centre = (mean + pull / 2) / (1 + pull)
    reach = t / (1 + pull) * math.sqrt(mean * (1 - mean) / effective + pull / (4 * effective))
    return Interval(
        low=max(0.0, centre - reach), high=min(1.0, centre + reach), level=level, method="local", this_haystack=True
    )
