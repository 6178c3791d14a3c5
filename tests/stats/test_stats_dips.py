"""Dips: the test that a rate rises again with length, against scipy and by simulation; what it does to the range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks.statistics import FALLING, dip_rows, failures_not_at_random, false_dips
from nihbench.stats.effective import Reach, dips, effective_length, pooled_rows
from nihbench.stats.headline import Trials, by_length
from tests.stats.test_stats_effective import BASE, measured

LENGTHS = (2000, 4000, 6000, 8000, 16_000)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), min_size=1, max_size=7))
def test_dips_are_those_of_scipys_hypergeometric(rows) -> None:
    trials = [n for n, _ in rows]
    hits = [round(n * share) for n, share in rows]
    tests = max(1, len(rows) * (len(rows) - 1) // 2)
    expected = []
    for row in range(len(rows)):
        for last in range(row + 1, len(rows)):
            k, n = sum(hits[row + 1 : last + 1]), sum(trials[row + 1 : last + 1])
            law = stats.hypergeom(n + trials[row], k + hits[row], trials[row])
            p = law.cdf(hits[row]) - law.pmf(hits[row]) / 2
            if hits[row] / trials[row] < k / n and p * tests <= 0.05:
                expected.append(row)
    assert list(dips(hits, trials)) == sorted(set(expected))


@pytest.mark.parametrize("name", sorted(FALLING))
def test_a_rate_that_never_rises_seldom_dips(name) -> None:
    row = false_dips(name, FALLING[name], 3, 0.5, runs=200)
    assert row.kept, str(row)


def test_the_dip_of_the_issue_ends_the_range() -> None:
    """All found but 15 of 45 at 4K: nothing beyond may be claimed, whatever is found there."""
    rows = [measured(30 if length == 4000 else 45, 45) for length in LENGTHS]
    for pooled in ((), tuple(rows)):
        found = effective_length(LENGTHS, rows, BASE, pooled=pooled)
        assert (found.status, found.length, found.ended, found.ended_at) == ("length", 2000, "dip", 4000)
        assert found.ended_value == pytest.approx(2 / 3) and found.demonstrated_to == 2000
        assert (found.low, found.high, found.high_open) == (2000, 2000, False)
    at_once = effective_length(LENGTHS, [rows[1], rows[0], *rows[2:]], BASE)
    assert (at_once.status, at_once.length, at_once.ended) == ("below", None, "dip")
    # A dip that stays above the threshold ends nothing; a low row that could be chance is pooled as before.
    shallow = [measured(400 if length == 4000 else 450, 450) for length in LENGTHS]
    assert effective_length(LENGTHS, shallow, BASE).status == "at_least"
    chance = [measured(12 if length == 4000 else 15, 15) for length in LENGTHS]
    assert effective_length(LENGTHS, chance, BASE).status == "at_least"


@pytest.mark.slow
def test_interval_and_demonstrated_length_hold_where_the_rate_dips() -> None:
    for row in dip_rows(4):
        assert row.kept, str(row)


def torn(value) -> Trials:
    """Ten depths at each length; `value[length]` are its scores, NaN where unmeasured."""
    scores = np.concatenate(value)
    n = np.arange(len(scores))
    return Trials(value=scores, found=scores > 0, haystack=0 * n, length=n // 10, depth=n % 10)


def effective_of(trials: Trials):
    rows = [row.found for row in by_length(trials)]
    return effective_length(range(1000, 1000 + len(rows)), rows, None, absolute=0.85, pooled=pooled_rows(trials))


def test_a_length_under_95_percent_measured_gets_no_verdict_and_ends_the_range() -> None:
    """Of 15 lengths the longest has 3 right and 7 timeouts: 143 of 150 measured (95.3%), all of them right."""
    nan, one = np.nan, np.ones(10)
    found = effective_of(torn([one] * 14 + [np.r_[np.ones(3), np.full(7, nan)]]))
    assert (found.status, found.length, found.ended, found.ended_at) == ("at_least", 1013, "unmeasured", 1014)
    assert found.high == 1013 and (found.demonstrated_to or 0) < 1014
    assert (found.if_missed, found.if_found) == (Reach(length=1013, open=False), Reach(length=1014, open=True))
    # Too little of the shortest, or of all: nothing is said but what lies between the two counts.
    lost = np.r_[np.ones(3), np.full(7, nan)]
    for value in ([lost] + [one] * 14, [one] * 10 + [np.full(10, nan)] * 5):
        nothing = effective_of(torn(value))
        assert nothing.status == "unmeasured" and nothing.length is None
        assert nothing.if_missed is not None and nothing.if_found == Reach(length=1014, open=True)
    whole = effective_of(torn([one] * 15))
    assert whole.if_missed is None and whole.if_found is None and whole.ended == "longest"


def test_one_failure_that_may_tip_a_length_is_counted_both_ways() -> None:
    """17 of 19 measured of 20 at the second length, a threshold of 0.87: with a miss 0.85, with a hit 0.90."""
    value = np.r_[np.ones(20), np.ones(17), np.zeros(2), np.nan]
    n = np.arange(40)
    grid = Trials(value=value, found=value == 1, haystack=0 * n, length=n // 20, depth=n % 20)
    found = effective_length((1000, 2000), [row.found for row in by_length(grid)], None, absolute=0.87)
    assert (found.status, found.length) == ("at_least", 2000)
    assert (found.if_missed, found.if_found) == (Reach(length=1000, open=False), Reach(length=2000, open=True))


@pytest.mark.slow
def test_failures_not_at_random_reach_nothing() -> None:
    for row in failures_not_at_random(5):
        assert row.kept, str(row)
