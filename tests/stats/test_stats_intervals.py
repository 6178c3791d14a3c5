from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.statistics import SURFACES, cell_coverage, grid_coverage
from nihbench.stats.cell import cell, credible_mean, mean_interval
from nihbench.stats.headline import Headline, Trials, by_depth, by_length, by_third, estimate, thirds
from nihbench.types import BANDS


def trials(values, haystacks=1, lengths=5, depths=5):
    """A full grid in each haystack; `values` of shape (haystacks, depths, lengths)."""
    value = np.broadcast_to(np.asarray(values, dtype=float), (haystacks, depths, lengths))
    haystack, depth, length = (axis.ravel() for axis in np.indices(value.shape))
    return Trials(value=value.ravel(), found=value.ravel() >= 0.7, haystack=haystack, length=length, depth=depth)


# ---- cells


def test_cell_by_hand_and_scipy():
    found = cell([1.0, 1.0, 0.5, 0.0], [True, True, False, False])
    theirs = stats.binomtest(2, 4).proportion_ci(0.95, method="exact")
    assert (found.n, found.found, found.mean_band) == (4, 0.5, 0.625)
    assert (found.found_interval.low, found.found_interval.high) == pytest.approx(tuple(theirs))


@pytest.mark.parametrize("counts", [(0, 0, 0, 0, 1), (3, 0, 1, 2, 10), (0, 0, 0, 0, 50), (0, 40, 0, 0, 0), (0,) * 5])
def test_credible_interval_agrees_with_random_draws(counts):
    draws = np.random.default_rng(1).dirichlet(np.array(counts) + 0.2, 100_000) @ np.array(BANDS)
    for end, tail in zip(credible_mean(counts), (0.025, 0.975), strict=True):
        # The share of draws under our end, within five standard errors.
        assert np.mean(draws <= end) == pytest.approx(tail, abs=5 * np.sqrt(tail * (1 - tail) / 100_000))


def test_credible_interval_of_two_bands_is_a_beta_interval():
    # With an almost absent prior, only 0 and 1 ever seen: the mean score is Beta(3, 7).
    low, high = credible_mean([7, 0, 0, 0, 3], prior=1e-9)
    assert (float(low), float(high)) == pytest.approx(tuple(stats.beta.ppf([0.025, 0.975], 3, 7)), abs=1e-6)


@pytest.mark.slow
def test_a_cells_interval_always_holds_its_mean_and_is_exact_where_all_answers_are_alike():
    counts = np.array([c for c in np.ndindex(7, 3, 3, 3, 7) if 0 < sum(c) <= 8], dtype=float)
    low, high = mean_interval(counts)
    mean = counts @ np.array(BANDS) / counts.sum(axis=1)
    assert np.all((low <= mean + 1e-9) & (mean <= high + 1e-9))
    for n in (1, 3, 20):
        for value in (0.0, 1.0):
            found = cell([value] * n, [value == 1] * n)
            theirs = stats.binomtest(n if value else 0, n).proportion_ci(0.95, method="exact")
            ends = found.mean_band_interval
            assert (ends.low, ends.high) == pytest.approx(tuple(theirs)) and ends.method == "exact"
    assert cell([1.0, 0.7], [True, True]).mean_band_interval.method == "credible"


def test_credible_intervals_of_a_whole_grid_come_in_one_shape():
    low, high = credible_mean(np.random.default_rng(0).multinomial(3, [0.2] * 5, (4, 6)))
    assert low.shape == high.shape == (4, 6)
    assert np.all(low < high)


def test_what_is_no_band_is_refused():
    with pytest.raises(ValueError, match="one of the bands"):
        cell([0.4], [False])


@pytest.mark.parametrize("n", [1, 4, 12])
def test_a_cells_interval_covers_at_every_rate(n):
    assert cell_coverage(n).rate >= 0.95


# ---- grids


def test_headline_numbers_and_bounds():
    value = np.full((1, 5, 5), 1.0)
    value[0, 0] = (0.7, 0.5, 0.0, np.nan, np.nan)
    found = Headline(trials(value))
    assert (found.found.measured, found.found.planned) == (23, 25)
    assert found.found.value == pytest.approx(21 / 23)
    assert found.strict.value == pytest.approx(20 / 23)
    assert found.mean_band.value == pytest.approx(21.2 / 23)
    assert (found.found.if_missed, found.found.if_found) == pytest.approx((21 / 25, 23 / 25))
    assert found.found.interval.this_haystack


def test_rows_columns_and_thirds():
    value = np.ones((2, 5, 5))
    value[:, 4, :] = 0.0  # the deepest needles are missed
    value[:, :, 0] = 1.0
    grid = trials(value, haystacks=2)
    assert [each.found.value for each in by_depth(grid)] == pytest.approx([1, 1, 1, 1, 0.2])
    assert [each.found.value for each in by_length(grid)] == pytest.approx([1, 0.8, 0.8, 0.8, 0.8])
    assert thirds(np.arange(5)).tolist() == [0, 0, 1, 1, 2]
    corner = by_third(grid)[2][2]
    assert corner is not None
    assert (corner.found.value, corner.found.measured) == (0.0, 2)


@pytest.mark.parametrize("haystacks", [1, 2, 5])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_grid_of_one_value_still_has_a_width(haystacks, value):
    found = Headline(trials(value, haystacks=haystacks)).found
    assert found.value == value
    assert value in found.interval
    assert 0.005 < found.interval.width < 0.4
    assert found.interval.method == ("exact" if haystacks == 1 else "assumed")


def test_one_cell_and_no_measurement():
    one = np.zeros(1, dtype=np.int64)
    single = estimate([1.0], one, one, one)
    assert (single.value, single.interval.low, single.interval.high) == pytest.approx((1.0, 0.025, 1.0))
    nothing = estimate([np.nan], one, one, one)
    assert np.isnan(nothing.value)
    assert (nothing.interval.method, nothing.if_missed, nothing.if_found) == ("none", 0.0, 1.0)


def test_arrays_of_different_length_are_refused():
    one = np.zeros(1, dtype=np.int64)
    with pytest.raises(ValueError, match="one shape"):
        Trials(value=np.zeros(2), found=np.zeros(2, dtype=bool), haystack=one, length=one, depth=one)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SURFACES))
@pytest.mark.parametrize(("haystacks", "between"), [(1, 0.5), (3, 0.5), (10, 0.5), (30, 0.0)])
def test_grid_intervals_cover(name, haystacks, between):
    row = grid_coverage(name, haystacks, between, runs=200)
    assert row.kept, str(row)
