"""Parts of a plan: together they are the plan, none is empty, neighbours stay together, shares are about equal."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.errors import UsageError
from nihbench.plan.grid import make_trials
from nihbench.plan.order import Shard, Turn, order_trials, parse_shard, stretch, turn_of
from nihbench.types import Trial
from tests.wording import wording


def ordered(lengths: list[int], depths: list[float], repeats: int, prompts: list[str], order: str) -> tuple[Trial, ...]:
    trials = make_trials(experiment="e", needle="n", prompts=prompts, lengths=lengths, depths=depths, repeats=repeats)
    return order_trials(trials, order, 3)


def turns(order: str):
    def turn(trial: Trial) -> Turn:
        return turn_of(trial, order, ("haystack",), {})

    return turn


@settings(deadline=None)  # how fast the machine is says nothing here
@given(
    lengths=st.lists(st.integers(100, 100_000), min_size=1, max_size=6, unique=True).map(sorted),
    depths=st.lists(st.integers(0, 100).map(float), min_size=1, max_size=6, unique=True).map(sorted),
    repeats=st.integers(1, 3),
    prompts=st.sampled_from([["a"], ["a", "b"]]),
    order=st.sampled_from(["cache", "grid", "random"]),
    data=st.data(),
)
def test_parts_are_stretches_that_make_up_the_plan(lengths, depths, repeats, prompts, order, data):
    plan = ordered(lengths, depths, repeats, prompts, order)
    turn = turns(order)
    places = len({turn(trial).place for trial in plan})
    of = data.draw(st.integers(1, min(places, 12)))
    parts = [stretch(plan, Shard(number=number, of=of), turn) for number in range(1, of + 1)]
    assert tuple(trial for part in parts for trial in part) == plan
    assert all(parts)
    held = [{turn(trial).place for trial in part} for part in parts]
    assert sum(map(len, held)) == places  # no place is parted
    largest = max(sum(t.length for t in plan if turn(t).place == place) for place in {turn(t).place for t in plan})
    if of * largest <= sum(trial.length for trial in plan):
        # A border is at most half a place from its share, on either side.
        share = sum(trial.length for trial in plan) / of
        assert all(abs(sum(trial.length for trial in part) - share) <= largest for part in parts)


def test_all_prompts_of_a_place_stay_in_one_part():
    plan = ordered([1000, 2000], [0.0, 50.0, 100.0], 1, ["a", "b"], "cache")
    part = stretch(plan, Shard(number=2, of=3), turns("cache"))
    assert {(trial.length, trial.depth_percent) for trial in part if trial.prompt == "a"} == {
        (trial.length, trial.depth_percent) for trial in part if trial.prompt == "b"
    }


@pytest.mark.parametrize("text", ["", "3", "0/8", "9/8", "-1/8", "1/0", "1.5/2", "a/b", "1/2/3", "１/2"])
def test_what_is_no_part_is_refused(text):
    with pytest.raises(UsageError, match=wording("plan.shard_no_part_plan")):
        parse_shard(text)


def test_more_parts_than_places_are_refused():
    plan = ordered([1000], [0.0, 100.0], 1, ["a"], "cache")
    assert parse_shard(" 2/3 ") == Shard(number=2, of=3)
    with pytest.raises(UsageError, match=wording("plan.shard_plan_places_only", shard="2/3", places=2)):
        stretch(plan, Shard(number=2, of=3), turns("cache"))


def test_controls_stay_at_their_place_in_the_order():
    grid = ordered([1000, 2000], [0.0, 50.0, 100.0], 1, ["a"], "cache")
    control = Trial(experiment="e", needle="n", prompt="a", length=500, depth_percent=0.0, control="oracle")
    late = Trial(experiment="e", needle="n", prompt="a", length=500, depth_percent=0.0, control="no_needle")
    parts = [stretch((control, *grid, late), Shard(number=n, of=6), turns("cache")) for n in range(1, 7)]
    assert tuple(trial for part in parts for trial in part) == (control, *grid, late)
    assert [sum(trial.control is None for trial in part) for part in parts] == [1] * 6
