from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from nihbench.stats.effective import decreasing_fit
from nihbench.stats.interval import (
    beta_cdf,
    beta_quantile,
    binomial_tail,
    clopper_pearson,
    log_gamma,
    lower_bound,
    share,
    t_quantile,
    t_value,
    trials_to_demonstrate,
    upper_bound,
)


def test_distributions_agree_with_scipy():
    rng = np.random.default_rng(0)
    a, b = 10 ** rng.uniform(-1.5, 3.5, (2, 1000))
    x = np.where(rng.random(1000) < 0.5, rng.random(1000), stats.beta.rvs(a, b, random_state=1))
    p = rng.uniform(0.001, 0.999, 1000)
    df = 10 ** rng.uniform(-0.3, 4, 200)
    assert np.allclose(beta_cdf(x, a, b), stats.beta.cdf(x, a, b), atol=1e-10)
    assert np.allclose(beta_quantile(p, a, b), stats.beta.ppf(p, a, b), atol=1e-10)
    assert np.allclose(t_quantile(0.975, df), stats.t.ppf(0.975, df), rtol=1e-9)
    assert t_value(0.95, 2.0) == pytest.approx(stats.t.ppf(0.95, 2))
    n = rng.integers(1, 300, 500)
    k = rng.integers(-1, 302, 500)
    assert np.allclose(binomial_tail(k, n, p[:500]), stats.binom.sf(k - 1, n, p[:500]), atol=1e-10)
    assert np.allclose(log_gamma(a), [math.lgamma(value) for value in a], rtol=1e-10, atol=1e-10)


def test_clopper_pearson_agrees_with_scipy():
    for trials in (1, 2, 7, 30, 225):
        for hits in {0, 1, trials // 2, trials - 1, trials}:
            ours = clopper_pearson(hits, trials)
            theirs = stats.binomtest(hits, trials).proportion_ci(0.95, method="exact")
            assert np.allclose(ours, theirs, atol=1e-9), (hits, trials)


def test_clopper_pearson_published_example():
    # Agresti, Categorical Data Analysis (2nd ed. 2002), 1.4.3: no vegetarian among 25 students: (0, 0.137).
    found = share(0, 25)
    assert (round(found.interval.low, 3), round(found.interval.high, 3)) == (0.0, 0.137)


def test_no_trials_know_nothing():
    nothing = share(0, 0)
    assert np.isnan(nothing.value)
    assert (nothing.interval.low, nothing.interval.high, nothing.interval.method) == (0.0, 1.0, "none")


@pytest.mark.parametrize(("hits", "trials"), [(-1, 3), (4, 3)])
def test_hits_outside_the_trials_are_refused(hits, trials):
    with pytest.raises(ValueError, match="between 0 and the number of trials"):
        clopper_pearson(hits, trials)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 300), st.data())
def test_bounds_mirror_each_other(trials, data):
    hits = data.draw(st.integers(0, trials))
    assert float(lower_bound(hits, trials)) == pytest.approx(1 - float(upper_bound(trials - hits, trials)), abs=1e-9)


def test_trials_to_demonstrate():
    # All hits: the bound is 0.05 ** (1 / n); 0.05 ** (1 / 18) = 0.847, 0.05 ** (1 / 19) = 0.854.
    assert trials_to_demonstrate(0.85) == 19
    assert trials_to_demonstrate(0.85, rate=0.85) is None
    needed = trials_to_demonstrate(0.85, rate=0.97)

    # By scipy: from this number on the power stays at 80% or more; one before, it does not.
    def power(n):
        hits = np.arange(n + 1)
        shown = stats.beta.ppf(0.05, np.maximum(hits, 1e-12), n - hits + 1) > 0.85
        return stats.binom.pmf(hits, n, 0.97)[shown].sum()

    assert all(power(n) >= 0.8 for n in range(needed, needed + 60))
    assert power(needed - 1) < 0.8


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 50)), min_size=1, max_size=30))
def test_decreasing_fit_agrees_with_scipy(rows):
    means, weights = np.array(rows).T
    theirs = optimize.isotonic_regression(means, weights=weights, increasing=False).x
    assert np.allclose(decreasing_fit(means, weights), theirs, atol=1e-9)


def test_decreasing_fit_by_hand():
    # The rise 0.6 -> 0.9 is pooled: (0.6 x 1 + 0.9 x 2) / 3 = 0.8.
    assert np.allclose(decreasing_fit([1.0, 0.6, 0.9, 0.2], [1, 1, 2, 1]), [1.0, 0.8, 0.8, 0.2])
    with pytest.raises(ValueError, match="positive"):
        decreasing_fit([1.0, float("nan")], [1, 1])
