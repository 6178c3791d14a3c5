"""Grids, trials, order and fresh values."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.errors import UsageError
from nihbench.plan.grid import make_trials, parse_depths, parse_lengths
from nihbench.plan.order import order_trials
from nihbench.prices import estimate
from nihbench.tasks.needle import fill, fresh_values
from nihbench.types import KeyFact, Needle, Trial


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("1k,4k,16k", (1000, 4000, 16000)),
        ("500:4k:5", (500, 1375, 2250, 3125, 4000)),
        ("3", (1000, 64500, 128000)),
        ("1k:1m:4:log", (1000, 10000, 100000, 1000000)),
        ("1.5K, 2m", (1500, 2000000)),
        ("4k:4k:1", (4000,)),
        ("2000,1000,2000", (1000, 2000)),
    ],
)
def test_lengths(spec, expected):
    assert parse_lengths(spec, lowest=1000, highest=128_000) == expected


@pytest.mark.parametrize(
    "spec", ["-5", "0", "1k:2k", "2k:1k:3", "1k:2k:3:cubic", "a,b", "", "1k,", "1k:2k:0", "1k:2k:9999", "-1k,2k", "nan"]
)
def test_wrong_lengths_are_refused_in_one_sentence(spec):
    with pytest.raises(UsageError, match="--lengths") as caught:
        parse_lengths(spec, lowest=1000, highest=128_000)
    assert "\n" not in str(caught.value)


def test_depths_and_kamradts_sigmoid():
    assert parse_depths("0,50,100") == (0.0, 50.0, 100.0)
    assert parse_depths("5") == (0.0, 25.0, 50.0, 75.0, 100.0)
    sigmoid = parse_depths("0:100:15:sigmoid")
    # Kamradt's own formula at the even step nearest to a quarter.
    step = 100 / 14 * 4
    assert round(100 / (1 + math.exp(-0.1 * (step - 50))), 2) in sigmoid
    assert sigmoid[0] == 0.0 and sigmoid[-1] == 100.0 and len(sigmoid) == 15


@pytest.mark.parametrize("spec", ["140", "0,140", "-3,5", "50:0:3", "0:100:3:log", "x", "0:100", "nan,5"])
def test_wrong_depths_are_refused(spec):
    with pytest.raises(UsageError, match="--depths"):
        parse_depths(spec)


def grid(repeats=2):
    return make_trials(
        experiment="e", needle="n", prompts=("a", "b"), lengths=(1000, 2000), depths=(0.0, 50.0, 100.0), repeats=repeats
    )


@pytest.mark.parametrize("order", ["cache", "random", "grid"])
def test_an_order_keeps_every_trial_once_and_finishes_repeats(order):
    trials = grid()
    ordered = order_trials(trials, order, 3)
    assert sorted(ordered, key=repr) == sorted(trials, key=repr)
    assert [t.repeat for t in ordered] == sorted(t.repeat for t in trials)
    assert ordered == order_trials(trials, order, 3)


def test_cache_order_goes_by_needle_position_and_keeps_variants_together():
    ordered = order_trials(grid(1), "cache", 0)
    positions = [t.length * t.depth_percent for t in ordered]
    assert positions == sorted(positions, reverse=True)
    assert all(a.prompt == "a" and b.prompt == "b" for a, b in zip(ordered[::2], ordered[1::2], strict=True))


def test_cache_order_halves_the_prefill_of_a_single_slot():
    lengths = parse_lengths("256:8k:15", lowest=1000, highest=8000)
    trials = make_trials(
        experiment="e", needle="n", prompts=("p",), lengths=lengths, depths=parse_depths("15"), repeats=1
    )
    needle = [round(t.length * t.depth_percent / 100) for t in order_trials(trials, "cache", 0)]
    ordered = order_trials(trials, "cache", 0)
    computed = ordered[0].length
    for (a, at_a), (b, at_b) in zip(
        zip(ordered, needle, strict=True), list(zip(ordered, needle, strict=True))[1:], strict=False
    ):
        shared = min(a.length, b.length) if at_a == at_b else min(at_a, at_b, a.length, b.length)
        computed += b.length - shared
    assert computed / sum(t.length for t in trials) < 0.53


NUMBER = Needle(
    name="magic",
    language="en",
    statements=("It is {number}.",),
    question="What?",
    answer="{number}",
    facts=(KeyFact(name="number", text="{number}", identifying=True),),
    fresh={"number": 7},
)


@given(length=st.integers(1, 10**7), depth=st.floats(0, 100), repeat=st.integers(0, 99), seed=st.integers(0, 10**9))
@settings(max_examples=100, deadline=None)
def test_fresh_numbers_have_their_digits_and_depend_on_the_place_only(length, depth, repeat, seed):
    def trial(experiment="e", prompt="p"):
        return Trial(
            experiment=experiment, needle="magic", prompt=prompt, length=length, depth_percent=depth, repeat=repeat
        )

    values = fresh_values(NUMBER, trial(), seed)
    assert len(values["number"]) == 7 and values["number"][0] != "0" and values["number"].isdecimal()
    assert values == fresh_values(NUMBER, trial("other", "another"), seed)
    filled = fill(NUMBER, values)
    assert filled.statements == (f"It is {values['number']}.",) and filled.facts[0].text == filled.answer


def test_fresh_numbers_differ_from_cell_to_cell():
    trials = [
        Trial(experiment="e", needle="magic", prompt="p", length=length, depth_percent=depth, repeat=repeat)
        for length in (1000, 2000)
        for depth in (0.0, 50.0)
        for repeat in (0, 1)
    ]
    drawn = {fresh_values(NUMBER, trial, seed)["number"] for trial in trials for seed in (0, 1)}
    assert len(drawn) == 16


def test_no_two_repeats_of_a_cell_have_the_same_fresh_number_while_there_are_others():
    needle = replace(NUMBER, fresh={"number": 1})
    cell = Trial(experiment="e", needle="magic", prompt="p", length=1000, depth_percent=50.0)
    for seed in range(20):
        drawn = [fresh_values(needle, replace(cell, repeat=n), seed)["number"] for n in (*range(18), 4)]
        assert sorted(drawn[:9]) == sorted(drawn[9:18]) == [str(n) for n in range(1, 10)]
        assert drawn[18] == drawn[4]  # whatever was asked for before
        # Older runs took what was drawn, nine of nine different ones hardly ever.
        before = [fresh_values(needle, replace(cell, repeat=n), seed, distinct=False)["number"] for n in range(9)]
        assert before[0] == drawn[0] and len(set(before)) < 9


def test_estimate_adds_up():
    sums = estimate(grid(1), 300)
    assert (sums.trials, sums.prompt_tokens, sums.max_output_tokens) == (12, 6 * 1000 + 6 * 2000, 3600)
    assert sums.tokens_by_length == ((1000, 6, 6000), (2000, 6, 12000))
