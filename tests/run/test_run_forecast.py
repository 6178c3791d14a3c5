"""What a prefix cache was predicted to do, beside what a server says that it did."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from nihbench.plan.order import CACHES
from nihbench.prices import CostRange
from nihbench.run.forecast import CacheUse, Forecast, cache_use
from nihbench.types import Completion, Record, Trial, Usage


def forecast(trials: Sequence[Trial], cached: Sequence[int]) -> Forecast:
    return Forecast(
        cache=CACHES["vllm"],
        prompt_tokens=sum(trial.length for trial in trials),
        cached_by_trial=dict(zip(trials, cached, strict=True)),
        cost=CostRange(least=None, predicted=None, most=None),
        guessed_output=1,
        seconds=None,
        half_widths={},
    )


def record(trial: Trial, prompt_tokens: int, cached_tokens: int | None) -> Record:
    usage = Usage(prompt_tokens=prompt_tokens, cached_tokens=cached_tokens)
    outcome = Completion(text="a", finish_reason="stop", usage=usage, model="m", latency_s=1.0, attempts=1)
    return Record(
        id=str(trial.depth_percent), trial=trial, placement=None, outcome=outcome, fresh={}, expected="", started_at=""
    )


@pytest.mark.parametrize(
    ("cached", "expected"),
    [
        ((0, 600), CacheUse(predicted=0.75, computed=0.7, was_warm=False)),
        ((960, 960), CacheUse(predicted=0.75, computed=0.04, was_warm=True)),
        ((None, None), None),
    ],
)
def test_a_cache_that_knew_the_first_prompts_was_warm(cached: Sequence[int | None], expected: CacheUse | None) -> None:
    trials = [Trial(experiment="e", needle="n", prompt="p", length=1000, depth_percent=depth) for depth in (0.0, 9.0)]
    records = [record(trial, 1000, told) for trial, told in zip(trials, cached, strict=True)]
    assert cache_use(forecast(trials, [0, 500]), records) == expected
