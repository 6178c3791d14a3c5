"""The interval over haystacks against scipy, an enumeration of all outcomes, and what must hold of any interval."""

from __future__ import annotations

from itertools import product
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from benchmarks.statistics import grid_coverage, row_coverage
from nihbench.stats import inversion
from nihbench.stats.headline import over_haystacks
from nihbench.stats.inversion import (
    PLACES,
    SPREADS,
    _likeliest_spreads,
    _quantiles,
    cluster_totals,
    error_of_mean,
    means_left_open,
    middles,
)


def logistic(x):
    return 1 / (1 + np.exp(-x))


def ends(total, size, level):
    found = means_left_open(total, size, level)
    return found(-1), found(1)


designs = st.lists(st.tuples(st.sampled_from([1, 7, 30]), st.floats(0, 1)), min_size=2, max_size=4)


def sums(design):
    """Hits and trials of each haystack, which must not be all alike."""
    size = np.array([trials for trials, _ in design], dtype=float)
    total = np.round([trials * share for trials, share in design])
    assume(0 < total.sum() < size.sum() and np.ptp(total / size) > 1e-6)
    return total, size


# ---- the parts, against outside oracles


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 12), st.integers(0, 1000))
def test_equal_clusters_have_the_plain_standard_error_of_their_means(haystacks, seed):
    values = np.random.default_rng(seed).random((haystacks, 9))
    mean, error = error_of_mean(*cluster_totals(values.ravel(), np.repeat(np.arange(haystacks), 9)))
    assert (mean, error) == pytest.approx((values.mean(), stats.sem(values.mean(axis=1))))


@pytest.mark.parametrize(("place", "spread"), [(0, 5), (18, 3), (32, 4), (44, 5), (64, 2)])
def test_the_model_has_the_mean_that_is_tested(place, spread):
    middle, sd = middles()[place, spread], SPREADS[spread]
    mean = integrate.quad(lambda z: logistic(middle + sd * z) * stats.norm.pdf(z), -9, 9, epsabs=1e-13)[0]
    assert mean == pytest.approx(logistic(PLACES[place]), rel=1e-5)


def test_the_likeliest_spread_is_that_of_a_plain_quadrature():
    rng = np.random.default_rng(4)
    checked = 0
    for _ in range(6):
        size = rng.integers(5, 60, 4).astype(float)
        total = rng.binomial(size.astype(int), logistic(1.5 + rng.normal(size=4)))
        found = _likeliest_spreads(total.astype(float), size)
        for place in rng.integers(24, 53, 3):
            logs = []
            for sd, middle in zip(SPREADS, middles()[place], strict=True):
                z = np.linspace(-8, 8, 4001)
                chance = stats.binom.pmf(total[:, None], size[:, None], logistic(middle + sd * z))
                logs.append(np.log(integrate.simpson(chance * stats.norm.pdf(z), x=z)).sum())
            assert found[place] == np.argmax(logs)
            checked += 1
    assert checked == 18


@pytest.mark.parametrize(("design", "place"), [((6, 6), 36), ((4, 5, 8), 32), ((12, 12, 12), 40)])
def test_quantiles_are_those_of_all_outcomes(design, place):
    # Haystacks without spread: the distribution of t by summing over every outcome, scipy's binomial chances.
    found, rate = _quantiles(design, place, 0, 0.95).t, logistic(PLACES[place])
    short, full = np.zeros(2), np.zeros(2)
    for hits in product(*(range(trials + 1) for trials in design)):
        values = np.concatenate([np.arange(n) < k for k, n in zip(hits, design, strict=True)]).astype(float)
        mean, error = error_of_mean(*cluster_totals(values, np.repeat(np.arange(len(design)), design)))
        if error > 1e-9:
            t = (np.log(mean / (1 - mean)) - PLACES[place]) * mean * (1 - mean) / error
            beyond = np.array([found[1] - t, t - found[-1]])
            chance = stats.binom.pmf(hits, design, rate).prod()
            short, full = short + chance * (beyond > 1e-6), full + chance * (beyond > -1e-6)
    # At most 2.5% lie beyond a quantile and at least 2.5% from it on, within 3.5 standard errors of 8,000 draws.
    assert np.all(short <= 0.025 + 0.006) and np.all(full >= 0.025 - 0.006)


@pytest.mark.parametrize(("design", "place"), [((40, 40, 40), 40), ((30, 50), 48)])
def test_quantiles_of_the_sum_are_those_of_a_binomial(design, place):
    trials = sum(design)
    found = _quantiles(design, place, 0, 0.5).total  # a tail of 0.1 x 25%
    for side, tail in ((1, 0.025), (-1, 0.975)):
        hits = (trials + 1) * logistic(found[side]) - 0.5
        assert hits == pytest.approx(stats.binom.ppf(tail, trials, logistic(PLACES[place])), abs=1 + 1e-6)


def test_many_answers_over_normal_haystacks_give_students_t():
    for haystacks in (3, 5, 10):
        found = _quantiles((20_000,) * haystacks, 32, 1, 0.95).t
        assert -found[1] == found[-1] == pytest.approx(stats.t.ppf(0.975, haystacks - 1), rel=0.06)


# ---- what must hold of any of them


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(designs)
def test_ends_hold_the_mean_and_widen_with_the_level(design):
    total, size = sums(design)
    low, high = ends(total, size, 0.95)
    inner = ends(total, size, 0.8)
    assert 0 <= low <= inner[0] <= total.sum() / size.sum() <= inner[1] <= high <= 1


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(designs, st.randoms())
def test_misses_mirror_hits_and_the_order_of_haystacks_is_of_no_account(design, random):
    total, size = sums(design)
    low, high = ends(total, size, 0.95)
    assert ends(size - total, size, 0.95) == pytest.approx((1 - high, 1 - low), abs=1e-9)
    order = random.sample(range(len(size)), len(size))
    assert ends(total[order], size[order], 0.95) == pytest.approx((low, high), abs=1e-9)


def test_the_same_grid_has_the_same_interval():
    first = ends(np.array([200.0, 221, 215]), np.full(3, 225.0), 0.95)
    _quantiles.cache_clear()
    assert ends(np.array([200.0, 221, 215]), np.full(3, 225.0), 0.95) == first


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(designs, st.sampled_from([0.5, 0.95, 0.99]))
def test_the_first_draws_decide_nothing_else_than_all_of_them(design, level):
    total, size = sums(design)
    found = ends(total, size, level)
    with mock.patch.object(inversion, "_first_sweeps", lambda *_: inversion._Sweeps(t=np.zeros(0), total=np.zeros(0))):
        assert ends(total, size, level) == found


@pytest.mark.parametrize(("design", "place", "spread"), [((3, 7, 7), 32, 0), ((25,) * 40, 41, 5), ((9,) * 130, 60, 1)])
def test_the_first_draws_are_the_first_of_all(design, place, spread):
    first, whole = inversion._first_sweeps(design, place, spread), inversion._sweeps(design, place, spread)
    half = 1 if PLACES[place] else 2  # at one half misses are drawn with hits
    shown = len(first.total) // half
    assert 8 * shown == pytest.approx(len(whole.total) // half, abs=8)
    assert np.array_equal(first.total[:shown], whole.total[:shown])
    assert np.array_equal(first.t[: len(first.t) // half], whole.t[: len(first.t) // half])


def test_one_miss_tells_hardly_less_than_none():
    def found(*misses, trials=225):
        values = np.concatenate([np.arange(trials) >= count for count in misses]).astype(float)
        return over_haystacks(values, np.repeat(np.arange(len(misses)), trials))

    none, one, rare = found(0, 0, 0), found(0, 0, 1), found(0, 0, 1, trials=20_000)
    assert (none.method, one.method) == ("assumed", "clusters")
    assert none.low - 0.02 < one.low < 1 - 1 / 675 < one.high < 1
    assert 0.998 < rare.low < 1 - 1 / 60_000 < rare.high < 1
    # Haystacks that contradict each other leave everything open.
    torn = found(0, 225)
    assert torn.low < 0.1 and torn.high > 0.9


# ---- coverage


@pytest.mark.slow
@pytest.mark.parametrize("mean", [0.9, 0.97, 0.99])
@pytest.mark.parametrize(("haystacks", "between"), [(2, 0.5), (3, 0.0), (3, 1.0), (10, 1.0)])
def test_skewed_haystacks_are_covered(mean, haystacks, between):
    row = grid_coverage(f"flat, {mean:.2f}", haystacks, between, runs=300)
    assert row.kept, str(row)


@pytest.mark.slow
@pytest.mark.parametrize("between", [0.0, 1.0])
def test_rows_of_few_answers_are_covered(between):
    row = row_coverage(0.9, 3, between, runs=300)
    assert row.kept, str(row)
