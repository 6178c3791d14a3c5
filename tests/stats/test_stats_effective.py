from __future__ import annotations

import numpy as np
import pytest

from benchmarks.statistics import effective_coverage
from nihbench.stats.effective import RULER_THRESHOLD, effective_length, pooled_rows
from nihbench.stats.headline import Trials, by_length, estimate

LENGTHS = (1000, 2000, 4000, 8000, 16_000)


def measured(hits, trials):
    values = np.r_[np.ones(hits), np.zeros(trials - hits)]
    return estimate(values, np.zeros(trials, dtype=np.int64), np.zeros(trials, dtype=np.int64), np.arange(trials))


def rows(*hits, trials=20):
    return [measured(count, trials) for count in hits]


BASE = measured(40, 40)


def test_by_hand():
    # The base is 1.00, the threshold 0.85. PAVA pools 14 and 18 of 20 to 0.80: the fit is 1, 0.95, 0.80, 0.80, 0.10.
    found = effective_length(LENGTHS, rows(20, 19, 14, 18, 2), BASE)
    assert (found.status, found.length, found.threshold) == ("length", 2000, 0.85)
    assert found.fitted == pytest.approx((1.0, 0.95, 0.8, 0.8, 0.1))
    # 20 of 20 has the exact bound 0.05 ** (1 / 20) = 0.861 > 0.85; 19 of 20 has 0.784.
    assert found.demonstrated_to == 1000
    assert (found.low, found.high, found.high_open) == (None, 8000, False)
    assert found.this_haystack


def test_many_trials_narrow_it():
    found = effective_length(LENGTHS, rows(400, 395, 300, 200, 40, trials=400), measured(400, 400))
    assert (found.low, found.length, found.high) == (2000, 2000, 2000)
    assert found.demonstrated_to == 2000


def test_censored_below_and_without_verdict():
    assert effective_length(LENGTHS, rows(20, 20, 20, 20, 20), BASE).status == "at_least"
    perfect = effective_length(LENGTHS, rows(20, 20, 20, 20, 20), BASE)
    assert (perfect.length, perfect.high_open, perfect.demonstrated_to) == (16_000, True, 16_000)
    nothing = effective_length(LENGTHS, rows(0, 0, 0, 0, 0), BASE)
    assert (nothing.status, nothing.length, nothing.low, nothing.high) == ("below", None, None, None)
    assert effective_length(LENGTHS, rows(9, 9, 9, 9, 9), measured(15, 40)).status == "base_too_low"
    assert effective_length(LENGTHS, rows(9, 9, 9, 9, 9), measured(20, 20)).status == "no_base"
    assert effective_length(LENGTHS, rows(9, 9, 9, 9, 9), None).status == "no_base"


def test_rulers_absolute_threshold_needs_no_base():
    found = effective_length(LENGTHS, rows(20, 18, 17, 10, 0), None, absolute=RULER_THRESHOLD)
    assert (found.status, found.length) == ("length", 2000)


def test_small_rows_are_shown_to_be_in_reach_together():
    # 15 perfect trials show no more than 0.025 ** (1 / 15) = 0.78; 45 show 0.92.
    length = np.repeat(np.arange(5), 15)
    value = np.r_[np.ones(60), np.zeros(15)]
    grid = Trials(
        value=value,
        found=value == 1,
        haystack=np.zeros(75, dtype=np.int64),
        length=length,
        depth=np.tile(np.arange(15), 5),
    )
    rows_of = [row.found for row in by_length(grid)]
    pools = pooled_rows(grid)
    assert [pool.measured for pool in pools] == [45, 45, 45, 30, 15]
    assert [pool.value for pool in pools] == pytest.approx([1.0, 1.0, 2 / 3, 0.5, 0.0])
    alone = effective_length(LENGTHS, rows_of, None, absolute=RULER_THRESHOLD)
    together = effective_length(LENGTHS, rows_of, None, absolute=RULER_THRESHOLD, pooled=pools)
    assert (alone.low, together.low) == (None, 2000)
    assert alone.length == together.length == together.high == 8000


def test_under_95_percent_measured_there_is_no_verdict():
    where = np.zeros(20, dtype=np.int64)
    torn = estimate(np.r_[np.ones(15), np.full(5, np.nan)], where, where, np.arange(20))
    assert effective_length(LENGTHS[:1], [torn], BASE).status == "unmeasured"


def test_lengths_must_ascend():
    with pytest.raises(ValueError, match="ascending"):
        effective_length((2000, 1000), rows(1, 1), BASE)


@pytest.mark.slow
@pytest.mark.parametrize("haystacks", [1, 5])
def test_the_interval_holds_the_true_length(haystacks):
    row = effective_coverage(haystacks, runs=20)
    assert row.kept, str(row)
