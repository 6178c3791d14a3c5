"""`stats.change`: the permutation test against all orders, its error where nothing changed, its power where it did."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from nihbench.stats.change import SHUFFLES, change_points


def exact_p(sums: np.ndarray) -> float:
    """The share of all orders of all units whose largest change is as large as the one seen."""
    runs = sums.shape[1]

    def largest(totals: np.ndarray) -> float:
        splits = np.arange(1, runs)
        gaps = [abs(totals[:k].mean() - totals[k:].mean()) * np.sqrt(k * (runs - k) / runs) for k in splits]
        return float(max(gaps))

    seen = largest(sums.sum(axis=0))
    orders = product(*(list(permutations(row)) for row in sums.tolist()))
    reached = [largest(np.array(rows).sum(axis=0)) >= seen - 1e-9 for rows in orders]
    return float(np.mean(reached))


@pytest.mark.parametrize(
    "values",
    [
        [[1, 1, 0, 0], [1, 1, 0, 1], [1, 1, 1, 1]],
        [[1, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]],
        [[1, 1, 1, 0], [0, 1, 0, 0]],
    ],
)
def test_p_values_are_those_of_all_orders(values: list[list[int]]) -> None:
    sums = np.array(values, dtype=np.float64)
    made = change_points(sums, np.arange(len(sums)), np.random.default_rng(0))
    expected = exact_p(sums)
    assert made.p_value == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / SHUFFLES) + 1 / SHUFFLES)


def test_one_text_asked_several_times_is_shuffled_together() -> None:
    """Ten answers about one text are one: they can show no more than it."""
    one = np.array([[1.0, 1.0, 0.0, 0.0]] * 10)
    together = change_points(one, np.zeros(10, dtype=np.int64), np.random.default_rng(0))
    apart = change_points(one, np.arange(10), np.random.default_rng(0))
    assert together.p_value is not None and together.p_value > 0.2 and not together.points
    assert apart.p_value is not None and apart.p_value < 0.01 and [c.after for c in apart.points] == [1]


def test_nothing_to_test_and_nothing_that_moves() -> None:
    rng = np.random.default_rng(0)
    assert change_points(np.ones((5, 2)), np.arange(5), rng).p_value is None
    made = change_points(np.tile([[1.0], [0.0]], (1, 9)), np.arange(2), rng)
    assert made.p_value == 1.0 and not made.points


def test_two_changes_are_found_where_they_are() -> None:
    rng = np.random.default_rng(4)
    share = np.array([0.9] * 6 + [0.5] * 6 + [0.8] * 6)
    made = change_points((rng.random((200, 18)) < share).astype(float), np.arange(200), rng)
    assert [change.after for change in made.points] == [5, 11]
    first, second = made.points
    assert first.before == pytest.approx(0.9, abs=0.03) and second.behind == pytest.approx(0.8, abs=0.03)
    assert first.behind == second.before == pytest.approx(0.5, abs=0.03)


@pytest.mark.slow
def test_a_change_is_told_where_none_is_no_more_often_than_stated() -> None:
    """600 series whose texts differ in how hard they are, and of 8 runs each: at most 5%, give or take chance."""
    rng, told = np.random.default_rng(11), 0
    for _ in range(600):
        hard = rng.beta(2, 1, size=(40, 1))
        made = change_points((rng.random((40, 8)) < hard).astype(float), np.arange(40), rng)
        told += bool(made.points)
    assert told / 600 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


@pytest.mark.slow
def test_a_second_change_is_told_no_more_often_where_one_is() -> None:
    rng, told = np.random.default_rng(12), 0
    share = np.array([0.95] * 5 + [0.5] * 5)
    for _ in range(400):
        made = change_points((rng.random((60, 10)) < share).astype(float), np.arange(60), rng)
        told += len(made.points) > 1
    # Where the first is placed a run beside its place, what is left over can be told: that is no error of the test.
    assert told / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
