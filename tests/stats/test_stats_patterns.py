from __future__ import annotations

import numpy as np
import pytest

from benchmarks.statistics import PLACES, false_drift, false_patterns, mixtures, right_pattern
from nihbench.stats import Places, diagnose, drift
from nihbench.stats.search import Space
from nihbench.stats.ushape import fit_ushape, log_likelihood


def test_a_sliding_window_without_noise():
    found = diagnose(PLACES.after > 40_000, PLACES)
    assert found.finding == "tail_kept"
    (cut,) = found.patterns[0].cuts
    assert cut.measure == "after"
    assert cut.low <= cut.value <= 40_000 < cut.next_value <= cut.high
    assert (found.inside.value, found.outside.value) == (1.0, 0.0)
    # Exactly where the change may be: between the two tested values around it.
    assert cut.value == PLACES.after[PLACES.after <= 40_000].max()
    assert cut.next_value == PLACES.after[PLACES.after > 40_000].min()


def test_few_misses_none_bee_and_tadpole():
    rng = np.random.default_rng(0)
    few = np.zeros(225, dtype=bool)
    few[rng.choice(225, 7, replace=False)] = True
    assert diagnose(few, PLACES).finding == "cant_tell"
    some = np.zeros(225, dtype=bool)
    some[rng.choice(225, 10, replace=False)] = True
    assert diagnose(some, PLACES).finding == "none"
    many = np.zeros(225, dtype=bool)
    many[rng.choice(225, 60, replace=False)] = True
    bee = diagnose(many, PLACES)
    assert bee.finding == "bee"
    assert bee.misses.interval.low > 0.05
    assert bee.patterns == ()
    assert diagnose(many, PLACES, base_missed=np.arange(45) < 15).finding == "tadpole"
    assert diagnose(many, PLACES, base_missed=np.zeros(45, dtype=bool)).finding == "bee"


def test_degenerate_grids_say_something_true():
    assert diagnose(np.ones(225, dtype=bool), PLACES).finding == "bee"
    assert diagnose(np.zeros(225, dtype=bool), PLACES).finding == "cant_tell"
    one = Places(before=np.zeros(20), after=np.full(20, 900.0), length=np.full(20, 1000.0))
    assert diagnose(np.arange(20) < 10, one).finding == "bee"
    empty = Places(before=np.zeros(0), after=np.zeros(0), length=np.zeros(0))
    assert diagnose(np.zeros(0, dtype=bool), empty).finding == "cant_tell"
    with pytest.raises(ValueError, match="places"):
        diagnose(np.zeros(3, dtype=bool), PLACES)


@pytest.mark.parametrize(
    "kind", ["tail_kept", "head_kept", "middle_cut", "cliff", "content_hole", "depth_band", "u_in_depth"]
)
def test_the_right_pattern_is_named(kind):
    row = right_pattern(kind, runs=20)
    assert row.kept, str(row)


def test_mixtures_and_noise():
    for row in (mixtures(15), false_patterns(100)):
        assert row.kept, str(row)


def test_a_cuts_interval_holds_the_truth():
    rng = np.random.default_rng(5)
    held, space = 0, Space(PLACES)
    for _ in range(40):
        window = rng.uniform(2e4, 9e4)
        found = diagnose((PLACES.after > window) ^ (rng.random(225) < 0.1), PLACES, space=space)
        cut = found.patterns[0].cuts[0]
        held += found.finding == "tail_kept" and cut.low <= window <= cut.high
    assert held >= 34  # 95% less three standard errors: 38 - 3 x 1.4


def test_ushape_is_at_its_maximum_and_recovers_its_terms():
    rng = np.random.default_rng(1)
    depth = rng.random(20_000)
    hump = 4 * depth * (1 - depth)
    missed = rng.random(20_000) < 1 / (1 + np.exp(3 - 2.5 * hump))
    likelihood, (a, b) = fit_ushape(missed, depth)
    assert (a, b) == pytest.approx((-3, 2.5), abs=0.25)
    for step in ((0.02, 0), (-0.02, 0), (0, 0.02), (0, -0.02)):
        assert log_likelihood(missed.astype(float), a + step[0] + (b + step[1]) * hump) < likelihood


def test_drift():
    rng = np.random.default_rng
    sudden = drift(np.r_[np.ones(8), np.zeros(6)], rng(0))
    assert sudden.drifted
    assert (sudden.change_after, sudden.before, sudden.after) == (8, 1.0, 0.0)
    assert sudden.trend < 0
    # 14 choose 6 orders, the seen one and its mirror at most as extreme: about 2 / 3003.
    assert sudden.change_p < 0.005
    steady = drift(np.ones(10), rng(0))
    assert (steady.drifted, steady.p_value, steady.trend) == (False, 1.0, 0.0)
    few = drift([1.0, 0.0, 0.0], rng(0))
    assert (few.sentinels, few.drifted, few.p_value) == (3, False, None)
    assert drift(np.r_[np.ones(5), np.zeros(5)], rng(3)) == drift(np.r_[np.ones(5), np.zeros(5)], rng(3))


def test_a_steady_endpoint_seldom_drifts():
    row = false_drift(100)
    assert row.kept, str(row)
