"""Effective context length: the longest tested length up to which a model keeps most of what it can do.

After NoLiMa (Modarressi et al., ICML 2025): the threshold is 0.85 of the base, which is measured at 250, 500 and 1K
tokens. RULER (Hsieh et al., COLM 2024) takes an absolute score instead, 85.6% (Llama-2-7B at 4K). The curve through
the rows is monotone, so that one lucky row behind the fall does not count. Whether it may be is tested first: a row
below the threshold that is shown to be below longer ones is a dip and ends the range. So does a length that is too
little measured for a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nihbench.stats.headline import LEAST_MEASURED, Estimate, Trials
from nihbench.stats.interval import LEVEL, FloatArray, IntArray, lower_bound

# ---- the decreasing curve nearest to a row of means ------------------------------------------------------------------
# Pool adjacent violators (Ayer et al., Annals of Mathematical Statistics 1955; Barlow et al. 1972).


def decreasing_fit(means: ArrayLike, weights: ArrayLike) -> FloatArray:
    """Return the weighted least-squares fit to `means` among the sequences that never rise, shape (n,).

    Args:
        means: Shape (n,), finite.
        weights: Shape (n,), positive: the number of trials behind each mean.

    Raises:
        ValueError: Shapes that differ, a weight that is not positive, or a mean that is not finite.
    """
    mean, weight = np.asarray(means, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if mean.shape != weight.shape or mean.ndim != 1:
        raise ValueError(f"means of shape {mean.shape} but weights of shape {weight.shape}")
    if np.any(weight <= 0) or not np.all(np.isfinite(mean)):
        raise ValueError("every mean must be finite and its weight positive")
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many rows
    for level, heavy in zip(mean.tolist(), weight.tolist(), strict=True):
        block = (level, heavy, 1)
        while blocks and blocks[-1][0] < block[0]:
            before = blocks.pop()
            together = before[1] + block[1]
            block = ((before[0] * before[1] + block[0] * block[1]) / together, together, before[2] + block[2])
        blocks.append(block)
    return np.repeat([level for level, _, _ in blocks], [rows for _, _, rows in blocks]).astype(np.float64)


# ---- rows that rise: is a curve over the lengths, which ought to fall, shown to dip? ---------------------------------
# Where the rate never rises with length, no row is below any stretch of longer ones. So each row is tested against
# each such stretch that begins behind it, all its trials together, by Fisher's exact test (1935), one-sided, with
# what was seen counted half (mid-p: Lancaster, JASA 1961). With the error divided among all of these tests
# (Bonferroni) a curve that never rises is said to dip in at most 5% of sweeps: in 1% or so, as the tests overlap.
# Unequal chances within a row or a stretch leave the test valid: sums of these vary less than sums of equal ones of
# the same mean (Hoeffding, Annals of Mathematical Statistics 1956). Haystacks are taken as they are: it is a test for
# these texts.

ERROR = 0.05
"""Chance that a curve which never rises is said to dip anywhere."""


def dips(hits: Sequence[int], trials: Sequence[int], error: float = ERROR) -> tuple[int, ...]:
    """Return the rows (ascending lengths) that are shown to be below a stretch of longer ones.

    Args:
        hits: Found trials of each row.
        trials: Measured trials of each row.
        error: Chance to name any where the rate never rises.
    """
    rows = len(hits)
    tests = max(rows * (rows - 1) // 2, 1)
    ahead = [(np.cumsum(hits[row + 1 :]), np.cumsum(trials[row + 1 :])) for row in range(rows)]
    return tuple(
        row
        for row in range(rows)
        if any(
            _fisher(hits[row], trials[row], int(found), int(all_of)) * tests <= error
            for found, all_of in zip(*ahead[row], strict=True)
        )
    )


def _fisher(hits: int, trials: int, other_hits: int, other_trials: int) -> float:
    """Return the mid-p chance of so few hits among `trials`, given how many there are in both together."""
    if hits * other_trials >= other_hits * trials:
        return 1.0
    both, whole = hits + other_hits, trials + other_trials
    few = np.arange(max(0, both - other_trials), hits + 1)
    log = _log_factorials(1 << whole.bit_length())

    def ways(n: int, k: IntArray) -> FloatArray:
        return np.asarray(log[n] - log[k] - log[n - k])

    chances = np.exp(ways(trials, few) + ways(other_trials, both - few) - ways(whole, np.array(both)))
    return float(chances.sum() - chances[-1] / 2)


@lru_cache(maxsize=8)
def _log_factorials(most: int) -> FloatArray:
    """Return log n! for n = 0 to `most`."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])


FRACTION = 0.85
RULER_THRESHOLD = 0.856
LEAST_BASE_TRIALS = 30
POOL = 45
"""Trials enough to show a rate of 0.97 to be above 0.85 with some 80% power."""

TOGETHER = 26
"""With so few trials, all found, a rate is shown to be above `RULER_THRESHOLD`: 24 by the two-sided exact 95% interval,
and some more, since several over one haystack count for less."""

LEAST_BASE = 0.5

Status = Literal["length", "at_least", "below", "base_too_low", "no_base", "unmeasured"]


Ended = Literal["fall", "dip", "unmeasured", "longest"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectiveLength:
    """Lengths in tokens, as tested.

    `status`: "length" (the rate falls below the threshold after `length`), "at_least" (it does not up to `length`, the
    longest that can be judged: censored there), "below" (already at the shortest: `length` is None), "base_too_low"
    (the base is under `LEAST_BASE`: the model fails without a long context), "no_base" (fewer than 30 trials at the
    base), "unmeasured" (under 95% measured: of all trials, of the base or of the shortest length). The last three have
    neither length nor interval.

    `ended` says what ends the range: "fall" (the monotone curve), "dip" (a row below the threshold and shown to be
    below longer ones: the rate is not monotone), "unmeasured" (a length under 95% measured, of which nothing is said),
    "longest" (nothing does). `ended_at` is the length that ends it and `ended_value` what is found there; None for
    "longest".

    `low` and `high` bound the length at `level` (two-sided): `low` None is "< shortest tested", `high` equal to the
    longest judged is ">= that one" when `high_open`. `fitted` is the monotone curve, one value a judged length.
    `demonstrated_to` is the longest length up to which every row's one-sided 95% exact bound is above the threshold
    (None: not even the shortest). `if_missed` and `if_found` are the length with all that is unmeasured counted as
    misses (against a base in which it counts as hits) and the other way round. `this_haystack` as in `Interval`.
    """

    status: Status
    threshold: float
    shortest: int
    """The shortest length that is looked at."""
    length: int | None = None
    ended: Ended = "longest"
    ended_at: int | None = None
    ended_value: float = math.nan
    low: int | None = None
    high: int | None = None
    high_open: bool = False
    level: float = LEVEL
    demonstrated_to: int | None = None
    fitted: tuple[float, ...] = ()
    if_missed: Reach | None = None
    if_found: Reach | None = None
    this_haystack: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How far the range goes: to `length` (None: not to the shortest), the longest tested when `open`."""

    length: int | None
    open: bool


def effective_length(
    lengths: Sequence[int],
    rows: Sequence[Estimate],
    base: Estimate | None,
    *,
    absolute: float | None = None,
    fraction: float = FRACTION,
    pooled: Sequence[Estimate] = (),
) -> EffectiveLength:
    """Find the effective context length.

    The interval inverts tests, one a tested length: from the shortest on, a length is in reach as long as every row
    up to it is shown to be above the threshold; from the longest on, it is out of reach as long as every row down to
    it is shown to be below. Each test stops at its first failure, so a fixed order needs no correction for many rows
    (Maurer, Hothorn and Lehmacher 1995; Hsu and Berger, JASA 1999). Row and base are both uncertain: their difference
    is bounded by MOVER (Zou and Donner, Statistics in Medicine 2008). It needs no resampling and holds for few
    haystacks as its rows' intervals do. Where the rows dip (`dips`), the lengths from the first dip on that is shown to
    be below the threshold are out of reach, whatever follows, and each row is tested alone.

    Args:
        lengths: Tested lengths in tokens, ascending, without those of the base.
        rows: The found rate at each length, of one level.
        base: The estimate at the base lengths (250, 500 and 1K tokens, at least 30 trials); None: there is none.
        absolute: A fixed threshold (`RULER_THRESHOLD`) in place of one from the base.
        fraction: Share of the base that counts as kept.
        pooled: `pooled_rows` of the same trials: rows too small to show anything alone are shown to be in reach
            together with the next longer ones, which the curve's falling makes valid. None: each row alone.

    Raises:
        ValueError: No rows, lengths that do not ascend, or not one row a length.
    """
    _check(lengths, rows, pooled)
    base = None if absolute is not None else base
    threshold = fraction * base.value if base is not None else (absolute or math.nan)
    judged = _first_run(np.array([row.measured_share >= LEAST_MEASURED for row in rows]))
    status = _no_verdict(rows, base, absolute, judged)
    missed, hit = (_with(rows, base, absolute, fraction, lengths, found=count) for count in (False, True))
    if status is not None:
        found = EffectiveLength(status=status, threshold=threshold, shortest=lengths[0])
        return replace(found, if_missed=missed, if_found=hit) if status == "unmeasured" else found
    curve = _Curve(rows[:judged], threshold)
    found = _bounds(curve, threshold, lengths, rows[:judged], base, fraction, pooled[:judged])
    if curve.kept == judged < len(rows):
        found = replace(found, ended="unmeasured", ended_at=lengths[judged], ended_value=rows[judged].value)
    elif curve.kept < judged:
        ended: Ended = "dip" if curve.kept == curve.dip else "fall"
        found = replace(found, ended=ended, ended_at=lengths[curve.kept], ended_value=rows[curve.kept].value)
    return replace(found, if_missed=missed, if_found=hit)


class _Curve:
    """The monotone curve through rows up to the first dip below the threshold, and how many rows it keeps above it."""

    def __init__(self, rows: Sequence[Estimate], threshold: float) -> None:
        self.means = np.array([row.value for row in rows])
        self.measured = np.array([row.measured for row in rows])
        self.prompts = np.array([row.prompts for row in rows])
        self.dips = dips([round(row.value * row.prompts) for row in rows], [row.prompts for row in rows])
        below = [row for row in self.dips if self.means[row] < threshold - 1e-12]
        self.dip = below[0] if below else len(rows)
        falling = decreasing_fit(self.means[: self.dip], self.measured[: self.dip]) if self.dip else np.zeros(0)
        self.fitted = np.concatenate([falling, self.means[self.dip :]])
        self.kept = _first_run(self.fitted >= threshold - 1e-12)


def _bounds(
    curve: _Curve,
    threshold: float,
    lengths: Sequence[int],
    rows: Sequence[Estimate],
    base: Estimate | None,
    fraction: float,
    pooled: Sequence[Estimate],
) -> EffectiveLength:
    """Return the length with its interval, over the rows that can be judged."""
    kept = curve.kept
    shown = _first_run(lower_bound(curve.means * curve.prompts, curve.prompts, 0.95) > threshold)
    reach = _Reached(base, threshold, fraction)
    inside = _first(reach.surely(row) for row in (rows if curve.dips else pooled or rows))
    # The rows not shown to be out of reach.
    last = len(rows) - _first(not reach.possibly(row) for row in reversed(rows))
    last = min([last, *(row for row in curve.dips if not reach.possibly(rows[row]))])
    return EffectiveLength(
        status="at_least" if kept == len(rows) else "length" if kept else "below",
        threshold=threshold,
        shortest=lengths[0],
        length=lengths[kept - 1] if kept else None,
        # The estimate is in its interval also where a row at odds with its neighbours was pooled away.
        low=lengths[min(inside, kept) - 1] if min(inside, kept) else None,
        high=lengths[max(last, kept) - 1] if max(last, kept) else None,
        high_open=max(last, kept) == len(rows),
        level=rows[0].ends.level,
        demonstrated_to=lengths[shown - 1] if shown else None,
        fitted=tuple(curve.fitted.tolist()),
        this_haystack=any(row.ends.this_haystack for row in rows),
    )


def _with(
    rows: Sequence[Estimate],
    base: Estimate | None,
    absolute: float | None,
    fraction: float,
    lengths: Sequence[int],
    *,
    found: bool,
) -> Reach | None:
    """Return how far the range goes with what is unmeasured counted as found or as missed, in the base the reverse.

    None without a threshold, or where nothing is unmeasured.
    """
    counted = [*rows, *([base] if base is not None else [])]
    known = absolute is not None or (base is not None and base.planned >= LEAST_BASE_TRIALS)
    if not known or all(each.measured == each.planned for each in counted):
        return None
    whole = [
        replace(
            row,
            value=row.if_found if found else row.if_missed,
            measured=row.planned,
            places=row.prompts + row.planned - row.measured,
        )
        for row in rows
    ]
    threshold = absolute or 0.0
    if base is not None:
        threshold = fraction * (base.if_missed if found else base.if_found)
    kept = _Curve(whole, threshold).kept
    return Reach(length=lengths[kept - 1] if kept else None, open=kept == len(rows))


def _check(lengths: Sequence[int], rows: Sequence[Estimate], pooled: Sequence[Estimate]) -> None:
    ascending = list(lengths) == sorted(set(lengths))
    if not rows or len(lengths) != len(rows) or len(pooled) not in (0, len(rows)) or not ascending:
        raise ValueError("effective_length needs ascending lengths and one row for each")


def _no_verdict(rows: Sequence[Estimate], base: Estimate | None, absolute: float | None, judged: int) -> Status | None:
    measured, planned = sum(row.measured for row in rows), sum(row.planned for row in rows)
    if measured < LEAST_MEASURED * planned or not judged:
        return "unmeasured"
    if base is not None and base.measured_share < LEAST_MEASURED:
        return "unmeasured"
    if absolute is not None:
        return None
    if base is None or base.prompts < LEAST_BASE_TRIALS:
        return "no_base"
    return "base_too_low" if base.value < LEAST_BASE else None


def _first(tests: Iterable[bool]) -> int:
    """Count the tests that hold before the first one that does not; none is made behind that."""
    return sum(1 for _ in takewhile(bool, tests))


def _first_run(flags: NDArray[np.bool_]) -> int:
    """Count the True values before the first False."""
    return int(np.cumprod(flags.astype(np.int64)).sum())


def pooled_rows(trials: Trials, level: float = LEVEL, *, least: int | None = None) -> tuple[Estimate, ...]:
    """Return for each length the found rate over it and the next longer ones, `POOL` trials or so together.

    How many rows are pooled follows from the planned trials alone, never from what was found. No pool reaches into a
    length that is under 95% measured. `least`: no more rows are pooled than have so many trials together.
    """
    steps = np.unique(trials.length)
    together = _together(trials, steps, least)
    hits = np.where(np.isnan(trials.value), np.nan, trials.found)
    shares = [float(np.mean(~np.isnan(trials.value[trials.length == step]))) for step in steps]
    judged = _first_run(np.array(shares) >= LEAST_MEASURED)
    pools = []
    for at in range(len(steps)):
        end = at + together[at] if at >= judged else min(at + together[at], judged)
        mask = np.isin(trials.length, steps[at:end])
        pools.append(trials.where(mask).estimate(hits[mask], level))
    return tuple(pools)


def _together(trials: Trials, steps: IntArray, least: int | None) -> list[int]:
    """Return for each length how many are pooled from it on."""
    if least is None:
        return [math.ceil(POOL * len(steps) / max(len(trials.value), 1))] * len(steps)
    sums = np.cumsum([0, *(int(np.sum(trials.length == step)) for step in steps)])
    return [max(int(np.searchsorted(sums, sums[at] + least)) - at, 1) for at in range(len(steps))]


class _Reached:
    """Whether rows are shown to be above the threshold, or below it, base and row both uncertain.

    Each test needs at most one end of the row's interval, and no more rows are tested than there are until the first
    failure.
    """

    def __init__(self, base: Estimate | None, threshold: float, fraction: float) -> None:
        self._threshold = threshold
        self._down = self._up = 0.0
        if base is not None:
            low, high = base.interval.low, base.interval.high
            self._down, self._up = fraction * (base.value - low), fraction * (high - base.value)

    def surely(self, row: Estimate) -> bool:
        """Say whether a row, or a pool of several, is shown to be above."""
        if row.value <= self._threshold:
            return False
        return row.value - self._threshold - math.sqrt((row.value - row.ends.low) ** 2 + self._up**2) > 0

    def possibly(self, row: Estimate) -> bool:
        """Say whether a row is not shown to be below."""
        if row.value >= self._threshold:
            return True
        return row.value - self._threshold + math.sqrt((row.ends.high - row.value) ** 2 + self._down**2) >= 0
