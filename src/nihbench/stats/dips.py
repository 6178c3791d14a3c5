"""Rows that rise: is a curve over the lengths, which ought to fall, shown to dip?

Where the rate never rises with length, no row is below any stretch of longer ones. So each row is tested against each
such stretch that begins behind it, all its trials together, by Fisher's exact test (1935), one-sided, with what was
seen counted half (mid-p: Lancaster, JASA 1961). With the error divided among all of these tests (Bonferroni) a curve
that never rises is said to dip in at most 5% of sweeps: in 1% or so, as the tests overlap. Unequal
chances within a row or a stretch leave the test valid: sums of these vary less than sums of equal ones of the same mean
(Hoeffding, Annals of Mathematical Statistics 1956). Haystacks are taken as they are: it is a test for these texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from nihbench.stats.interval import FloatArray, IntArray

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
