"""How often each length is measured for a share of what a classic sweep costs."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from nihbench.plan.grid import LEAST_SAMPLES, make_trials, parse_lengths, sampled
from nihbench.plan.sizing import (
    classic_cost,
    classic_lengths,
    samples,
    trial_cost,
)
from nihbench.stats.effective import TOGETHER


def test_a_classic_sweep_is_what_15_lengths_by_15_depths_are() -> None:
    lengths = parse_lengths("1k:128k:15", lowest=1, highest=1)
    assert classic_lengths(128_000) == lengths
    assert classic_cost(128_000, 60) == 15 * (sum(lengths) + 15 * 5 * 60)


def test_an_open_end_is_what_window_and_corpus_can_hold() -> None:
    found = parse_lengths("1k:max:5:log", lowest=7, highest=131_072 - 300)
    assert (len(found), found[0], found[-1]) == (5, 1000, 130_772)
    ratios = np.diff(np.log(found))
    assert np.ptp(ratios) < 0.001
    assert parse_lengths("2k:max:3", lowest=7, highest=1500) == (1500,)
    assert parse_lengths("2k:max:3", lowest=7, highest=6000) == (2000, 4000, 6000)


@given(
    some.lists(some.integers(300, 1_000_000), min_size=1, max_size=7, unique=True).map(sorted),
    some.floats(0, 1e8),
    some.integers(0, 4000),
    some.integers(1, 40),
    some.integers(1, 4),
)
def test_samples_keep_to_the_budget_and_never_rise(
    lengths: list[int], budget: float, answer: int, most: int, at_once: int
) -> None:
    counts = samples(lengths, budget, answer_tokens=answer, most=most, at_once=at_once)
    costs = [at_once * trial_cost(length, answer) for length in lengths]
    assert all(min(LEAST_SAMPLES, most) <= count <= most for count in counts)
    assert list(counts) == sorted(counts, reverse=True)
    spent = sum(count * cost for count, cost in zip(counts, costs, strict=True))
    floor = samples(lengths, 0.0, answer_tokens=answer, most=most, at_once=at_once)
    assert spent <= max(budget, sum(count * cost for count, cost in zip(floor, costs, strict=True)))
    # No length could be measured once more for what is left, but for those that have been often enough.
    left = budget - spent
    assert all(count == most or cost > left for count, cost in zip(counts, costs, strict=True))


def test_so_many_together_show_at_the_shortest_length_what_is_enough() -> None:
    counts = samples([1000, 2000, 4000], 0.0, answer_tokens=60, most=100)
    assert sum(counts) == TOGETHER and counts[1:] == (LEAST_SAMPLES,) * 2
    # The two-sided exact 95% bound of so many, all found: 0.025 ** (1 / n); RULER's threshold is under it.
    assert 0.025 ** (1 / TOGETHER) > 0.856 > 0.025 ** (1 / 23)


@pytest.mark.parametrize("longest", [8_000, 32_000, 130_772, 1_000_000])
def test_nine_tasks_cost_less_than_one_classic_sweep(longest: int) -> None:
    lengths = parse_lengths("1k:max:5:log", lowest=1, highest=longest)
    whole = classic_cost(longest, 60)
    counts = samples(lengths, 0.54 / 9 * whole, answer_tokens=60, most=20)
    spent = 9 * sum(count * trial_cost(length, 60) for count, length in zip(counts, lengths, strict=True))
    assert spent < 0.75 * whole


@given(some.integers(1, 15), some.lists(some.integers(2, 20), min_size=1, max_size=5).map(lambda n: sorted(n)[::-1]))
def test_depths_take_turns_where_a_length_is_measured_seldom(rows: int, counts: list[int]) -> None:
    lengths, depths = [1000 * (at + 1) for at in range(len(counts))], [100 * at / rows for at in range(rows)]
    known = {"experiment": "e", "needle": "n", "prompts": ["p", "q"], "lengths": lengths, "depths": depths}
    kept = sampled(make_trials(**known, repeats=20), lengths, counts)
    for length, wanted in zip(lengths, counts, strict=True):
        for prompt in ("p", "q"):
            here = Counter(trial.depth_percent for trial in kept if (trial.length, trial.prompt) == (length, prompt))
            assert sum(here.values()) == wanted
            assert max(here.values()) - min(here[depth] for depth in depths) <= 1
    if len(counts) * LEAST_SAMPLES >= rows and set(counts) == {LEAST_SAMPLES}:
        assert {trial.depth_percent for trial in kept} == set(depths), "together the lengths have all of them"


def test_rows_of_another_axis_are_each_measured_so_often() -> None:
    trials = make_trials(
        experiment="e", needle="n", prompts=["p"], lengths=[1000, 2000], depths=[0.0, 4.0, 16.0], repeats=9,
        axis="distractors",
    )  # fmt: skip
    kept = sampled(trials, [1000, 2000], [5, 2])
    assert Counter((trial.length, trial.row) for trial in kept) == Counter(
        {(length, row): count for length, count in ((1000, 5), (2000, 2)) for row in (0.0, 4.0, 16.0)}
    )
