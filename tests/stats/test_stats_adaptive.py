"""Where further draws go: by whose answers, how many, and what stays unbiased. Small grids are enumerated whole."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from benchmarks.adaptive import SURFACES, bias_of, own_too, saving, simulate
from benchmarks.statistics import adaptive_rows
from nihbench.stats.adaptive import (
    FirstDraws,
    draws,
    highest_levels,
    most_draws,
    need,
    precision_at,
    row_intervals,
    spread,
)


def first_of(found) -> FirstDraws:
    found = np.asarray(found, dtype=np.float64)
    return FirstDraws(found=found, measured=np.ones_like(found))


@st.composite
def passes(draw) -> FirstDraws:
    """A coarse pass over a small grid, each cell asked up to three times and sometimes not measured at all."""
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    measured = rng.integers(0, 4, shape)
    return FirstDraws(found=rng.binomial(measured, rng.random()).astype(float), measured=measured.astype(float))


def expected_cells(chances: Sequence[np.ndarray], level: int, most: int | None = None, share_of=need) -> np.ndarray:
    """Each cell's expected mean over all draws: the sum over everything that the coarse pass could come to.

    How many draws follow a pass does not depend on the chances: they are decided once for all of `chances`.
    """
    total = np.zeros_like(chances)
    shape = chances[0].shape
    for bits in product((0.0, 1.0), repeat=chances[0].size):
        first = first_of(np.reshape(bits, shape))
        highest = np.full(shape, float(level)) if most is None else highest_levels(first, 1, level, most)
        number = draws(share_of(first), highest, 1)
        for chance, sum_ in zip(chances, total, strict=True):
            weight = np.prod(np.where(first.found == 1, chance, 1 - chance))
            sum_ += weight * (first.found + (number - 1) * chance) / number
    return total


@pytest.mark.slow
@pytest.mark.parametrize("most", [None, 14, 20])
def test_every_cell_is_unbiased_to_the_last_digit(most: int | None) -> None:
    chances = [np.full((3, 3), 0.5), np.full((3, 3), 0.9), np.array([[0.97, 0.6, 0.1]] * 3)]
    assert expected_cells(chances, 6, most) == pytest.approx(np.array(chances), abs=1e-12)


def test_a_cell_that_decides_on_itself_is_biased() -> None:
    from benchmarks import adaptive

    chance = np.full((3, 3), 0.9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adaptive, "SIDE", 3)
        (off,) = expected_cells([chance], 6, share_of=own_too) - chance
    assert np.abs(off).max() > 0.003


@settings(max_examples=40)
@given(passes(), st.data())
def test_no_cell_has_a_say_in_its_own_draws(first: FirstDraws, data) -> None:
    cell = tuple(data.draw(st.integers(0, size - 1)) for size in first.found.shape)
    other = first.found.copy()
    other[cell] = data.draw(st.integers(0, int(first.measured[cell])))
    changed = FirstDraws(found=other, measured=first.measured)
    assert need(changed)[cell] == pytest.approx(need(first)[cell], abs=2e-9)
    assert spread(changed)[cell] == pytest.approx(spread(first)[cell], abs=1e-12)
    most = first.found.size * data.draw(st.integers(3, 8)) // 2 + 2 * first.found.size
    assert highest_levels(changed, 2, 9, most)[cell] == highest_levels(first, 2, 9, most)[cell]


@settings(max_examples=60, deadline=None)
@given(passes(), st.integers(1, 3), st.integers(1, 12), st.integers(0, 60))
def test_a_level_draws_once_more_at_most_and_no_bound_is_passed(
    first: FirstDraws, each: int, level: int, more: int
) -> None:
    share = need(first)
    assert ((share >= 0) & (share <= 1)).all()
    steps = draws(share, level + 1, each) - draws(share, level, each)
    assert set(np.unique(steps)) <= {0, 1}
    most = each * first.found.size + more
    capped = draws(share, highest_levels(first, each, level, most), each)
    assert capped.sum() <= max(most, each * first.found.size)
    assert (capped >= each).all() and (capped <= np.maximum(draws(share, level, each), each)).all()


def test_what_was_not_measured_says_nothing() -> None:
    nothing = FirstDraws(found=np.zeros((4, 5)), measured=np.zeros((4, 5)))
    assert not need(nothing).any()
    one = nothing.measured.copy()
    one[1, 1] = 1
    share = need(FirstDraws(found=np.zeros((4, 5)), measured=one))
    assert share[1, 1] == 0 and share[1, 2] > 0 and share[3, 4] == 0


def test_levels_are_the_binomial_arithmetic() -> None:
    # 15 cells, half a width of 5 points at a rate of one half: 0.25 x 1.96^2 / (15 x 0.05^2) = 25.6.
    assert most_draws(15, 0.05) == 26 and most_draws(5, 0.05) == 77 and most_draws(15, 0.5) == 1
    assert precision_at(15, 25.6097) == pytest.approx(0.05, abs=1e-5)


def test_a_row_is_split_as_an_optimizer_would() -> None:
    """Far from each other two flat halves have known spreads; the draws are those of a numerical optimum."""
    found = np.zeros((20, 1))
    found[10:, 0] = [0, 1] * 5
    deviation = spread(first_of(found))[:, 0]
    wanted = (0.1 / 1.959964) ** 2 * 20**2
    best = optimize.minimize(
        np.sum, np.full(20, 30.0), bounds=[(0.01, None)] * 20, method="SLSQP", options={"maxiter": 500},
        constraints={"type": "ineq", "fun": lambda n: wanted - np.sum(deviation**2 / n)},
    )  # fmt: skip
    level = 0.25 * 1.959964**2 / (20 * 0.1**2)
    share = need(first_of(found))[:, 0] * level
    # Each cell takes its row's sum without its own answer: that is off by what one answer says of the others.
    assert share == pytest.approx(best.x, rel=0.15)
    assert share.sum() == pytest.approx(best.x.sum(), rel=0.03)


def test_row_intervals_by_hand() -> None:
    """Two haystacks over one column of two cells, the second cell drawn over the first haystack alone."""
    hits, drawn = np.array([[[1.0], [1.0]], [[0.0], [0.0]]]), np.array([[[1.0], [1.0]], [[1.0], [0.0]]])
    mean, low, high = row_intervals(hits, drawn, first_of([[1], [1]]))
    assert mean == pytest.approx([(0.5 + 1.0) / 2])  # each cell weighs once
    assert 0 <= low[0] < 0.75 < high[0] <= 1
    half = np.array([[[1.0, 0.0], [1.0, 0.0]]])
    mean, low, high = row_intervals(half, half, first_of([[1, 0], [1, 0]]))
    assert mean[0] == 1 and np.isnan([mean[1], low[1], high[1]]).all()  # nothing is measured in the second row
    whole = row_intervals(np.ones((3, 15, 2)), np.ones((3, 15, 2)), first_of(np.ones((15, 2))))
    assert (whole[0] == 1).all() and (whole[2] == 1).all() and (0.7 < whole[1]).all() and (whole[1] < 0.99).all()


@pytest.mark.parametrize(("name", "precision", "between"), [("flat, 0.50", 0.1, 1.0), ("flat, 0.90", 0.05, 0.5)])
def test_a_rows_interval_holds_where_answers_correlate(name: str, precision: float, between: float) -> None:
    row = adaptive_rows(name, precision, between, runs=100)
    assert row.kept, str(row)


@pytest.mark.parametrize("name", ["flat, 0.30", "flat, 0.50", "flat, 0.90"])
def test_headline_and_cells_of_flat_grids(name: str) -> None:
    found = bias_of(simulate(SURFACES[name], most_draws(15, 0.1), 600), SURFACES[name])
    assert abs(found.headline) < 0.5
    assert abs(found.cells) < 4 * found.error


def test_pooled_draws_lean_to_the_misses_and_rows_reach_what_was_asked() -> None:
    name = "U in depth, deeper with length"
    found = bias_of(simulate(SURFACES[name], most_draws(15, 0.1), 400), SURFACES[name])
    assert found.pooled < -3 and abs(found.headline) < 0.5 and abs(found.cells) < 4 * found.error
    saved = saving(SURFACES["late slope, 1 to 0.5"], 0.1, 400)
    assert saved.row_error < 5.6 and saved.calls < 0.6 * saved.equal_rows and saved.covered > 0.94
