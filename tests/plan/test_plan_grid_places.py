"""Which depths are one trial: pure, over trials whose places are made up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nihbench.plan.grid import Landing, joined_depths, make_trials, merged, merged_as_stored, stored_places
from nihbench.types import Trial

DEPTHS = (0.0, 10.0, 25.0, 33.33, 50.0, 80.0, 100.0)


def grid(repeats: int = 1, prompts: tuple[str, ...] = ("p",)) -> tuple[Trial, ...]:
    return make_trials(experiment="e", needle="n", prompts=prompts, lengths=(100, 200), depths=DEPTHS, repeats=repeats)


def test_depths_at_one_place_are_one_trial_that_bears_the_nearest() -> None:
    """Sentences end at 0, 30 and 100%: 25 and 33.33 and 50 go to 30, of which 33.33 is the nearest."""
    ends = (0.0, 30.0, 100.0)

    def landing(trial: Trial) -> Landing:
        at = min(ends, key=lambda end: abs(end - trial.depth_percent))
        return Landing(place=at, achieved=at)

    made = [(trial.length, trial.depth_percent, trial.also_depths) for trial in merged(grid(), landing)]
    assert made == [
        (length, *rest) for length in (100, 200) for rest in ((0.0, (10.0,)), (33.33, (25.0, 50.0)), (100.0, (80.0,)))
    ]
    sentinels = [replace(grid()[0], control="sentinel", repeat=n) for n in range(3)]
    assert merged(sentinels, landing) == tuple(sentinels)
    oracles = [replace(trial, control="oracle") for trial in grid()]
    assert len(merged(oracles, landing)) == 6 and len(merged([*oracles, *grid()], landing)) == 12


@given(st.data())
def test_every_depth_stands_in_one_trial_and_comes_back_out_of_run_json(data: st.DataObject) -> None:
    trials = grid(repeats=2, prompts=("p", "q"))
    place = {trial: data.draw(st.integers(0, 4)) for trial in trials}
    made = merged(trials, lambda t: Landing(place=place[t], achieved=25.0 * place[t]))
    cells = [(t.prompt, t.length, t.repeat, depth) for t in made for depth in t.rows]
    assert sorted(cells) == sorted((t.prompt, t.length, t.repeat, t.depth_percent) for t in trials)
    keys = {(t.prompt, t.length, t.repeat, place[replace(t, also_depths=())]) for t in made}
    assert len(keys) == len(made) == len({(t.prompt, t.length, t.repeat, place[t]) for t in trials})
    assert merged_as_stored(trials, stored_places(made)) == made


@pytest.mark.parametrize("depths", [[0.0, 10.0, 10.0], [0.0, 11.0], [0.0, 10.0, 0.0]])
def test_damaged_places_are_refused(depths: list[float]) -> None:
    row = {"prompt": "p", "length": 100, "repeat": 0, "depths": depths}
    with pytest.raises(ValueError, match="trial"):
        merged_as_stored(grid(), [row])
    with pytest.raises(ValueError, match="trial"):
        merged_as_stored(grid(), [row | {"depths": [0.0, 10.0]}, row | {"depths": [25.0, 10.0]}])


def test_groups_with_a_depth_in_common_are_one() -> None:
    assert joined_depths([(0, 5), (10,), (5, 7), (20, 30), (30, 10)]) == ((0, 5, 7), (10, 20, 30))
