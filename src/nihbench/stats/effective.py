"""Effective context length: the longest tested length up to which a model keeps most of what it can do.

After NoLiMa (Modarressi et al., ICML 2025): the threshold is 0.85 of the base, which is measured at 250, 500 and 1K
tokens. RULER (Hsieh et al., COLM 2024) takes an absolute score instead, 85.6% (Llama-2-7B at 4K). The curve through
the rows is monotone, so that one lucky row behind the fall does not count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nihbench.stats.binomial import lower_bound
from nihbench.stats.headline import Estimate, Trials, estimate
from nihbench.stats.interval import LEVEL, FloatArray, Interval
from nihbench.stats.monotone import decreasing_fit

FRACTION = 0.85
RULER_THRESHOLD = 0.856
LEAST_BASE_TRIALS = 30
POOL = 45
"""Trials enough to show a rate of 0.97 to be above 0.85 with some 80% power."""

LEAST_BASE = 0.5
LEAST_MEASURED = 0.95

Status = Literal["length", "at_least", "below", "base_too_low", "no_base", "unmeasured"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectiveLength:
    """Lengths in tokens, as tested.

    `status`: "length" (the curve falls below the threshold after `length`), "at_least" (it never does: censored at
    the longest, which `length` names), "below" (already at the shortest: `length` is None), "base_too_low" (the base is
    under `LEAST_BASE`: the model fails without a long context), "no_base" (fewer than 30 trials at the base),
    "unmeasured" (under 95% of the trials measured). The last three have neither length nor interval.

    `low` and `high` bound the length at `level` (two-sided): `low` None is "< shortest tested", `high` equal to the
    longest tested is ">= longest tested" when `high_open`. `fitted` is the monotone curve, one value a tested length.
    `demonstrated_to` is the longest length up to which every row's one-sided 95% exact bound is above the threshold
    (None: not even the shortest). `this_haystack` as in `Interval`.
    """

    status: Status
    threshold: float
    length: int | None = None
    low: int | None = None
    high: int | None = None
    high_open: bool = False
    level: float = LEVEL
    demonstrated_to: int | None = None
    fitted: tuple[float, ...] = ()
    this_haystack: bool = False


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
    haystacks as its rows' intervals do.

    Args:
        lengths: Tested lengths in tokens, ascending, without those of the base.
        rows: The estimate at each length, of the same quantity and level.
        base: The estimate at the base lengths (250, 500 and 1K tokens, at least 30 trials); None: there is none.
        absolute: A fixed threshold (`RULER_THRESHOLD`) in place of one from the base.
        fraction: Share of the base that counts as kept.
        pooled: `pooled_rows` of the same trials: rows too small to show anything alone are shown to be in reach
            together with the next longer ones, which the curve's falling makes valid. None: each row alone.

    Raises:
        ValueError: No rows, lengths that do not ascend, or not one row a length.
    """
    _check(lengths, rows, pooled)
    threshold = fraction * base.value if absolute is None and base is not None else (absolute or math.nan)
    status = _no_verdict(rows, base, absolute)
    if status is not None:
        return EffectiveLength(status=status, threshold=threshold)
    measured = np.array([row.measured for row in rows])
    means = np.array([row.value for row in rows])
    fitted = decreasing_fit(means, measured)
    kept = int((fitted >= threshold - 1e-12).sum())  # the fit never rises, so these are the first ones
    shown = _first_run(lower_bound(means * measured, measured, 0.95) > threshold)
    surely, possibly = _reach(pooled or rows, rows, base if absolute is None else None, threshold, fraction)
    inside, last = _first_run(surely), len(rows) - _first_run(~possibly[::-1])  # the rows not shown to be out of reach
    return EffectiveLength(
        status="at_least" if kept == len(rows) else "length" if kept else "below",
        threshold=threshold,
        length=lengths[kept - 1] if kept else None,
        # The estimate is in its interval also where a row at odds with its neighbours was pooled away.
        low=lengths[min(inside, kept) - 1] if min(inside, kept) else None,
        high=lengths[max(last, kept) - 1] if max(last, kept) else None,
        high_open=max(last, kept) == len(rows),
        level=rows[0].interval.level,
        demonstrated_to=lengths[shown - 1] if shown else None,
        fitted=tuple(fitted.tolist()),
        this_haystack=any(row.interval.this_haystack for row in rows),
    )


def _check(lengths: Sequence[int], rows: Sequence[Estimate], pooled: Sequence[Estimate]) -> None:
    ascending = list(lengths) == sorted(set(lengths))
    if not rows or len(lengths) != len(rows) or len(pooled) not in (0, len(rows)) or not ascending:
        raise ValueError("effective_length needs ascending lengths and one row for each")


def _no_verdict(rows: Sequence[Estimate], base: Estimate | None, absolute: float | None) -> Status | None:
    measured, planned = sum(row.measured for row in rows), sum(row.planned for row in rows)
    if measured < LEAST_MEASURED * planned or not all(row.measured for row in rows):
        return "unmeasured"
    if absolute is not None:
        return None
    if base is None or base.measured < LEAST_BASE_TRIALS:
        return "no_base"
    return "base_too_low" if base.value < LEAST_BASE else None


def _first_run(flags: NDArray[np.bool_]) -> int:
    """Count the True values before the first False."""
    return int(np.cumprod(flags.astype(np.int64)).sum())


def pooled_rows(trials: Trials, level: float = LEVEL) -> tuple[Estimate, ...]:
    """Return for each length the found rate over it and the next longer ones, `POOL` trials or so together.

    How many rows are pooled follows from the planned trials alone, never from what was found.
    """
    steps = np.unique(trials.length)
    together = math.ceil(POOL * len(steps) / max(len(trials.value), 1))
    hits = np.where(np.isnan(trials.value), np.nan, trials.found)
    pools = []
    for at in range(len(steps)):
        mask = np.isin(trials.length, steps[at : at + together])
        here = trials.where(mask)
        pools.append(estimate(hits[mask], here.haystack, here.length, here.depth, level))
    return tuple(pools)


def _reach(
    ahead: Sequence[Estimate], rows: Sequence[Estimate], base: Estimate | None, threshold: float, fraction: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows are surely above the threshold, and which possibly are, base and row both uncertain."""
    value, high = np.array([row.value for row in rows]), _ends([row.interval for row in rows])[1]
    pool, low = np.array([each.value for each in ahead]), _ends([each.interval for each in ahead])[0]
    down, up = np.zeros(1), np.zeros(1)
    if base is not None:
        base_low, base_high = _ends([base.interval])
        down, up = fraction * (base.value - base_low), fraction * (base_high - base.value)
    surely = pool - threshold - np.sqrt((pool - low) ** 2 + up**2) > 0
    possibly = value - threshold + np.sqrt((high - value) ** 2 + down**2) >= 0
    return surely, possibly


def _ends(intervals: Sequence[Interval]) -> tuple[FloatArray, FloatArray]:
    return np.array([each.low for each in intervals]), np.array([each.high for each in intervals])
