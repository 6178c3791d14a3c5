"""Intervals clustered by needle and by haystack, and shares of variance: against other ways to come to the numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nihbench.stats.crossed import Design, components, counted, parts_of
from nihbench.stats.headline import Trials, estimate, over_needles
from nihbench.stats.interval import exact_interval

pytestmark = pytest.mark.slow  # coverage by simulation


def crossed(seed: int, needles: int, haystacks: int, each: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of trials with their needles and haystacks; some needles are missing in some haystacks."""
    rng = np.random.default_rng(seed)
    needle, haystack = (axis.ravel() for axis in np.indices((needles, haystacks)))
    needle, haystack = np.repeat(needle, each), np.repeat(haystack, each)
    kept = rng.random(len(needle)) < 0.8
    chance = 1 / (1 + np.exp(-1 - rng.normal(size=needles)[needle] - rng.normal(size=haystacks)[haystack]))
    values = (rng.random(len(needle)) < chance).astype(np.float64)
    return values[kept], needle[kept], haystack[kept]


def by_matrices(values: np.ndarray, group: np.ndarray) -> float:
    """CR2 of a mean by its definition: residuals of each cluster times the root of the inverse of I - H, squared."""
    n = len(values)
    left, found = values - values.mean(), 0.0
    for name in np.unique(group):
        here = np.flatnonzero(group == name)
        annihilated = np.eye(len(here)) - np.full((len(here), len(here)), 1 / n)
        size, way = np.linalg.eigh(annihilated)
        root = way @ np.diag(1 / np.sqrt(size)) @ way.T
        found += float(np.sum(root @ left[here]) / n) ** 2
    return found


@pytest.mark.parametrize("seed", range(4))
def test_each_part_is_cr2_by_its_definition(seed: int) -> None:
    values, needle, haystack = crossed(seed, 7, 4, 3)
    parts = parts_of(*counted(values, needle, haystack))
    assert parts.mean == pytest.approx(values.mean())
    assert parts.needle == pytest.approx(by_matrices(values, needle))
    assert parts.haystack == pytest.approx(by_matrices(values, haystack))
    assert parts.both == pytest.approx(by_matrices(values, 100 * needle + haystack))
    assert parts.plain == pytest.approx(parts.needle + parts.haystack - parts.both)
    assert parts.variance >= parts.haystack and (parts.needles, parts.haystacks) == (7, 4)


def test_a_table_computed_by_hand() -> None:
    """Two needles in two haystacks, two trials each: 1 1 | 1 0 and 0 0 | 1 0; the mean is one half.

    Left over by needle: 1 and -1; by haystack: 0 and 0; by both: 1, 0, -1, 0. CR2 divides their squares by
    8^2 x (1 - 4 / 8) and by 8^2 x (1 - 2 / 8).
    """
    values = np.array([1, 1, 1, 0, 0, 0, 1, 0], dtype=np.float64)
    needle, haystack = np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 1, 1, 0, 0, 1, 1])
    parts = parts_of(*counted(values, needle, haystack))
    assert parts.needle == pytest.approx(2 / (64 * 0.5))
    assert parts.haystack == pytest.approx(0)
    assert parts.both == pytest.approx(2 / (64 * 0.75))
    common = 2 / 32 - 2 / 48
    assert parts.variance == pytest.approx(common)
    assert parts.freedom == pytest.approx(1.0), "all of it is the two needles'"


def test_without_the_small_sample_correction_it_is_what_statsmodels_says() -> None:
    sandwich = pytest.importorskip("statsmodels.stats.sandwich_covariance")
    linear = pytest.importorskip("statsmodels.api")
    values, needle, haystack = crossed(5, 9, 5, 4)
    fitted = linear.OLS(values, np.ones((len(values), 1))).fit()
    both, by_needle, by_haystack = sandwich.cov_cluster_2groups(fitted, needle, haystack, use_correction=False)
    n = len(values)
    parts = parts_of(*counted(values, needle, haystack))

    def without(group: np.ndarray) -> float:
        sums = np.bincount(np.unique(group, return_inverse=True)[1], weights=values - values.mean())
        return float(np.sum(sums**2)) / n**2

    assert by_needle[0, 0] == pytest.approx(without(needle)) and by_haystack[0, 0] == pytest.approx(without(haystack))
    plain = without(needle) + without(haystack) - without(100 * needle + haystack)
    assert both[0, 0] == pytest.approx(plain)
    assert parts.plain == pytest.approx(plain, rel=0.35), "CR2 corrects it for few clusters"


def test_with_one_trial_a_needle_haystacks_alone_are_clusters() -> None:
    rng = np.random.default_rng(1)
    values, haystack = (rng.random(36) < 0.6).astype(np.float64), np.repeat(np.arange(3), 12)
    parts = parts_of(*counted(values, np.arange(36), haystack))
    assert parts.variance == pytest.approx(parts.haystack) and parts.freedom == pytest.approx(2)


def test_one_haystack_is_said_to_be_one() -> None:
    values, needle, _ = crossed(3, 12, 1, 8)
    made = over_needles(values, needle, np.zeros_like(needle))
    assert made.this_haystack and made.method == "needles" and values.mean() in made
    several = over_needles(*crossed(3, 12, 3, 4))
    assert not several.this_haystack and several.method == "two_way"


def test_where_all_are_alike_a_spread_is_assumed() -> None:
    needle, haystack = np.arange(60) % 12, np.arange(60) % 3
    made = over_needles(np.ones(60), needle, haystack)
    assert made.method == "assumed" and made.high == 1
    assert made.low < exact_interval(60, 60)[0], "less is known than of independent trials"


def test_an_estimate_knows_its_needles() -> None:
    values, needle, haystack = crossed(8, 12, 3, 2)
    cell = np.arange(len(values))
    made = estimate(values, haystack, np.zeros_like(cell), cell, needle=needle)
    assert (made.needles, made.haystacks, made.interval.method) == (12, 3, "two_way")
    trials = Trials(value=values, found=values > 0, haystack=haystack, length=cell * 0, depth=cell, needle=needle)
    assert trials.estimate(values).interval == made.interval
    torn = np.where(cell % 7 == 0, np.nan, values)
    assert estimate(torn, haystack, cell * 0, cell, needle=np.where(cell % 7 == 0, -1, needle)).needles <= 12


def test_a_design_has_as_many_trials_as_were_made() -> None:
    _, needle, haystack = crossed(2, 12, 3, 5)
    _, size = counted(np.zeros(len(needle)), needle, haystack)
    drawn = Design.of(size).size
    assert drawn.shape == size.shape and sorted(drawn.sum(axis=0)) == sorted(size.sum(axis=0))
    assert drawn.sum(axis=1).max() - drawn.sum(axis=1).min() <= 1


# ---- shares of variance ----------------------------------------------------------------------------------------------


def normal_sweep(
    seed: int, spread: tuple[float, float, float]
) -> tuple[np.ndarray, list[tuple[str, np.ndarray, np.ndarray]]]:
    """Sixty needles in three wordings and six haystacks, normal values: effects of these spreads, and noise of 1."""
    rng = np.random.default_rng(seed)
    needle, wording, haystack = (axis.ravel() for axis in np.indices((60, 3, 6)))
    asked = 3 * needle + wording
    values = rng.normal(size=len(needle)) + spread[0] * rng.normal(size=60)[needle]
    values = values + spread[1] * rng.normal(size=180)[asked] + spread[2] * rng.normal(size=6)[haystack]
    factors = [("needle", needle, haystack), ("wording", asked, needle), ("haystack", haystack, asked)]
    return values, factors


def test_components_of_a_balanced_sweep_are_those_of_its_mean_squares() -> None:
    values, factors = normal_sweep(0, (1.0, 0.5, 0.7))
    cube = values.reshape(60, 3, 6)
    rest = cube - cube.mean(axis=2, keepdims=True) - cube.mean(axis=(0, 1), keepdims=True) + cube.mean()
    square = {
        "needle": 18 * np.var(cube.mean(axis=(1, 2)), ddof=1),
        "wording": 6 * np.sum((cube.mean(axis=2) - cube.mean(axis=(1, 2))[:, None]) ** 2) / 120,
        "haystack": 180 * np.var(cube.mean(axis=(0, 1)), ddof=1),
        "rest": float(np.sum(rest**2)) / (179 * 5),
    }
    wanted = {
        "needle": (square["needle"] - square["wording"]) / 18,
        "wording": (square["wording"] - square["rest"]) / 6,
        "haystack": (square["haystack"] - square["rest"]) / 180,
    }
    total = sum(wanted.values()) + square["rest"]
    found = components(values, factors, permutations=99)
    for each in found:
        assert each.share == pytest.approx(wanted[each.name] / total, rel=1e-6) and each.told


def test_components_that_are_none_are_not_told_apart_from_0() -> None:
    told = 0
    for seed in range(30):
        values, factors = normal_sweep(seed, (0.0, 0.0, 0.0))
        told += sum(each.told for each in components(values, factors, permutations=199))
    assert told <= 12, "one in twenty of 90"


def test_what_has_one_level_is_not_known() -> None:
    values, factors = normal_sweep(1, (1.0, 0.0, 0.0))
    found = components(values, [*factors[:1], ("haystack", np.zeros(len(values), dtype=np.int64), factors[0][1])])
    assert found[0].told and found[0].share > 0.2
    assert not found[1].known and math.isnan(found[1].share) and found[1].levels == 1


# ---- the intervals hold: a short simulation; benchmarks.statistics has the long one ---------------------------------


@pytest.mark.parametrize(("needles", "haystacks", "spread"), [(12, 3, (1.0, 0.0)), (12, 3, (0.0, 1.0))])
def test_intervals_hold_over_needles_and_haystacks(needles: int, haystacks: int, spread: tuple[float, float]) -> None:
    rng, held, runs = np.random.default_rng(4), 0, 120
    needle, haystack = (np.tile(axis.ravel(), 4) for axis in np.indices((needles, haystacks)))
    for _ in range(runs):
        logit = spread[0] * rng.normal(size=needles)[needle] + spread[1] * rng.normal(size=haystacks)[haystack]
        values = (rng.random(len(needle)) < 1 / (1 + np.exp(-logit))).astype(np.float64)
        held += 0.5 in over_needles(values, needle, haystack)
    assert held / runs >= 0.86, "0.93 less three standard errors of so few"
