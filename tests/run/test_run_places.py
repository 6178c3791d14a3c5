"""One place is one trial: no two trials of a plan have the same prompt, and old runs are counted by the same rule."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nihbench.run.forecast import depth_error
from nihbench.run.setup import counted_once
from nihbench.run.store import manifest
from nihbench.run.stored import Manifest
from nihbench.types import Completion, Failure, Placement, Record, Trial, Usage

ANSWER = Completion(text="a", finish_reason="stop", usage=Usage(), model="x", latency_s=1.0, attempts=1)
FAILED = Failure(kind="timeout", message="", status=None, latency_s=1.0, attempts=1)


def prompts_of(setup: Any, trials: Any) -> dict[tuple[str, int, int], list[str]]:
    """The texts that are sent, by prompt, length and repeat."""
    made = defaultdict(list)
    for trial in trials:
        messages, _ = setup.build(trial)
        made[trial.prompt, trial.length, trial.repeat].append("".join(m.content for m in messages))
    return made


def single(setup: Any) -> list[Trial]:
    """The plan as it was before: each depth a trial of its own."""
    return [
        replace(trial, depth_percent=depth, also_depths=())
        for trial in setup.trials
        if trial.control in (None, "oracle")
        for depth in trial.rows
    ]


SENTENCES = st.lists(st.integers(1, 60), min_size=3, max_size=60)
SPECS = st.sampled_from(["3", "15", "0:100:40", "0,1,2,50,98,100"])


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=SENTENCES, length=st.integers(180, 400), depths=st.sampled_from(["3", "15", "0:100:40", "0,1,2,50,98,100"])
)
def test_a_plan_has_every_prompt_once(
    make_setup: Any, tmp_path: Path, sizes: list[int], length: int, depths: str
) -> None:
    """Whatever the sentences: as many trials as there are different texts, and each depth's own text is sent."""
    words = "ferry miller lantern orchard cousin letter kettle".split()
    sentences = [" ".join(words[(i + k) % 7] for k in range(size)).capitalize() + "." for i, size in enumerate(sizes)]
    own = tmp_path / f"own{abs(hash((tuple(sizes), length, depths)))}.txt"
    own.write_text(" ".join(sentences * (3000 // sum(sizes) + 1)), encoding="utf-8")
    setup = make_setup(corpus=str(own), lengths=f"{length},1500", depths=depths, repeats=2)
    alone, sent = prompts_of(setup, single(setup)), prompts_of(setup, setup.trials)
    for key, texts in alone.items():
        assert len(sent[key]) == len(set(sent[key])), "the same text twice"
        assert set(texts) == set(sent[key])
    assert Manifest.of(json.loads(json.dumps(manifest(setup, "")))).planned == (
        *(t for t in setup.trials if t.control),
        *sorted(setup.grid, key=lambda t: (t.repeat, t.length, t.depth_percent)),
    )


def test_ids_of_trials_are_what_they_were(make_setup: Any) -> None:
    setup = make_setup(lengths="300:300:1", depths="0:100:40")
    merged = next(trial for trial in setup.grid if trial.also_depths)
    assert setup.trial_id(merged) == setup.trial_id(replace(merged, also_depths=()))


def test_a_drawn_value_makes_no_further_place(make_setup: Any) -> None:
    setup = make_setup(experiment="magic-number", lengths="300:300:1", depths="0:100:40")
    places = [setup.build(trial)[1] for trial in setup.grid]
    assert len({place.at for place in places}) == len(places) < 30
    assert sorted(depth for trial in setup.grid for depth in trial.rows) == sorted(setup.depths)


def test_how_far_needles_are_off_is_told_of_every_depth(make_setup: Any) -> None:
    setup = make_setup(lengths="300:300:1", depths="0:100:40")
    off = [abs(depth - setup.build(trial)[1].achieved_depth_percent) for trial in setup.grid for depth in trial.rows]
    told = depth_error(setup)
    assert told is not None and (told.mean, told.largest) == pytest.approx((sum(off) / 40, max(off)), abs=0.7)


@pytest.mark.parametrize("failed", [0, 1, 99])
def test_records_of_one_place_are_counted_once(make_setup: Any, failed: int) -> None:
    """The first that was answered, in the plan's order, stands for all of its place; its id and answer stay."""
    setup = make_setup(lengths="300:300:1", depths="0:100:40", repeats=2)
    plan = sorted(single(setup), key=lambda t: (t.control or "~", t.repeat, t.depth_percent))
    records: dict[str, Record] = {}
    texts: dict[tuple[str | None, int, str], list[str]] = defaultdict(list)
    for trial in plan:
        messages, place = setup.build(trial)
        same = texts[trial.control, trial.repeat, messages.sha256]
        assert isinstance(place, Placement)
        key = setup.trial_id(trial)
        records[key] = Record(
            id=key, trial=trial, placement=place, outcome=FAILED if len(same) < failed else ANSWER, fresh={},
            expected="", started_at="",
        )  # fmt: skip
        same.append(key)
    planned, kept = counted_once(plan, dict(reversed(records.items())))
    assert len(kept) == len(planned) == len(texts) < len(plan)
    assert {record.trial for record in kept.values()} == set(planned)
    for same in texts.values():
        stands = same[failed] if failed < len(same) else same[0]
        assert set(same) & kept.keys() == {stands}
        assert kept[stands].trial.rows == tuple(sorted(records[key].trial.depth_percent for key in same))
    assert counted_once(planned, kept) == (planned, kept)
