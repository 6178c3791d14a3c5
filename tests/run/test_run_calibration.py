"""Calibrated lengths against a real tokenizer: cl100k_base lengths, counted by llama.cpp with SmolLM2's vocabulary."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.catalog.loading import load
from nihbench.endpoint.access import open_model
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.counting import ServerTokenizer
from nihbench.endpoint.servers import probe
from nihbench.errors import EndpointError
from nihbench.fetch.files import silent
from nihbench.local.server import LocalServer
from nihbench.run.adaptive import to_fit
from nihbench.run.calibration import Calibration, calibrate, calibrate_further, first_points
from nihbench.run.options import RunOptions
from nihbench.run.resolve import outline_of, whole
from nihbench.run.setup import Begun, Setup
from nihbench.run.store import manifest
from nihbench.run.stored import Manifest
from nihbench.types import Completion, Corpus, Message, ModelPreset, Record, Trial, Usage
from tests.wording import wording

GRIDS = {
    "even": "1k:100k:15",
    "log": "1k:100k:12:log",
    "few": "2k,9k,50k,100k",
}


Count = Callable[[Sequence[Message]], int | None]


def measuring(count: Count) -> Callable[[Sequence[Message]], Awaitable[int | None]]:
    async def measure(messages: Sequence[Message]) -> int | None:
        return count(messages)

    return measure


def setup_of(tmp_path: Path, count: Count | None, **options: object) -> Setup:
    chosen = RunOptions(**({"model": "x", "depths": "0,50,100", "window": 128_000} | options))  # type: ignore[arg-type]
    preset = ModelPreset(name="x", model="x", base_url="http://127.0.0.1:9/v1")
    with open_model(preset, key=None, headers={}, ask_server=False) as model:
        outline = outline_of(chosen, load(), model, folder=tmp_path, report=silent)
        planned = outline.laid_out()
        if count is None or not planned.wants_calibration:
            return planned
        found = asyncio.run(calibrate(whole(planned), measuring(count), "usage"))
        return planned if found is None else outline.laid_out(found)


def worst_difference(setup: Setup, count: Callable[[Sequence[Message]], int]) -> float:
    """The largest difference of the server's count from nominal, at every length, depth and repeat."""
    return max(abs(count(setup.build(trial)[0]) / trial.length - 1.0) for trial in setup.trials)


@pytest.fixture(scope="module")
def smollm(local_server: LocalServer) -> Iterator[ServerTokenizer]:
    info = probe(Endpoint(base_url=local_server.base_url))
    with ServerTokenizer(Endpoint(base_url=local_server.base_url), info, model="smollm2-135m") as tokenizer:
        yield tokenizer


@pytest.mark.real
@pytest.mark.parametrize(
    ("corpus", "experiment", "grid"),
    [
        ("paul-graham-en", "sf-sandwich", "few"),
        ("python-reference-en", "sf-sandwich", "log"),
        ("three-kingdoms-zh", "beijing-coffee", "even"),
    ],
)
def test_the_server_counts_within_one_percent_of_nominal_at_every_length(
    smollm: ServerTokenizer,
    fetched_corpus: Callable[[str], Corpus],
    tmp_path: Path,
    corpus: str,
    experiment: str,
    grid: str,
) -> None:
    fetched_corpus(corpus)
    options = {"corpus": corpus, "experiment": experiment, "lengths": GRIDS[grid], "depths": "0,60"}
    fitted = setup_of(tmp_path, smollm.count_messages, **options)
    assert fitted.calibration is not None
    worst = worst_difference(fitted, smollm.count_messages)
    assert worst <= 0.01
    # What the fit says of itself holds: the way back gives the count.
    for trial in fitted.trials:
        assert abs(fitted.expected_tokens(trial, fitted.build(trial)[1]) - trial.length) <= 10


@pytest.mark.real
def test_without_it_they_differ_by_more(
    smollm: ServerTokenizer, fetched_corpus: Callable[[str], Corpus], tmp_path: Path
) -> None:
    fetched_corpus("three-kingdoms-zh")
    options = {"corpus": "three-kingdoms-zh", "experiment": "beijing-coffee", "lengths": "4k,16k"}
    assert worst_difference(setup_of(tmp_path, None, **options), smollm.count_messages) > 0.2


@pytest.mark.real
def test_every_repeat_has_a_fit_of_its_own_text(
    smollm: ServerTokenizer, own_texts: dict[str, Path], tmp_path: Path
) -> None:
    options = {"corpus": str(own_texts["zh"]), "experiment": "beijing-coffee", "lengths": "700,1k,2k"}
    fitted = setup_of(tmp_path, smollm.count_messages, repeats=2, **options)
    assert fitted.calibration is not None and len(fitted.calibration.curves) == 2
    assert worst_difference(fitted, smollm.count_messages) <= 0.01


def further(setup: Setup, repeat: int) -> list[Trial]:
    """A round of an adaptive run: each cell once more, over a haystack of its own."""
    return [replace(trial, repeat=repeat, extra=True) for trial in setup.trials]


@pytest.mark.real
@pytest.mark.parametrize(
    ("corpus", "experiment"), [("paul-graham-en", "sf-sandwich"), ("three-kingdoms-zh", "beijing-coffee")]
)
def test_a_further_haystack_is_fitted_before_it_is_sent(
    smollm: ServerTokenizer, fetched_corpus: Callable[[str], Corpus], tmp_path: Path, corpus: str, experiment: str
) -> None:
    fetched_corpus(corpus)
    options = {"corpus": corpus, "experiment": experiment, "lengths": "1k:24k:6", "depths": "5,95", "adaptive": True}
    setup = setup_of(tmp_path, smollm.count_messages, **options)
    unfitted, fitted = [], []
    for repeat in (1, 2):
        trials = further(setup, repeat)
        assert to_fit(setup, trials, {})
        unfitted.append(worst_difference(replace(setup, trials=tuple(trials)), smollm.count_messages))
        asked = setup.calibration.requests  # type: ignore[union-attr]
        setup = replace(
            setup, calibration=asyncio.run(calibrate_further(setup, trials, measuring(smollm.count_messages)))
        )
        assert not to_fit(setup, trials, {})
        # The fit of the first text says where to look: one count a point, nothing aimed at twice.
        assert setup.calibration.requests - asked <= 7  # type: ignore[union-attr]
        fitted.append(worst_difference(replace(setup, trials=tuple(trials)), smollm.count_messages))
    assert max(fitted) <= 0.01 and max(fitted) < 0.5 * max(unfitted), (fitted, unfitted)
    # What was planned stays what it was, and is sent as it was.
    first = setup_of(tmp_path, smollm.count_messages, **options)
    assert [setup.trial_id(trial) for trial in setup.trials] == [first.trial_id(trial) for trial in first.trials]
    assert {setup.trial_id(t) for t in trials}.isdisjoint(first.trial_id(t) for t in trials)


class Counting:
    """A server whose count of a text grows with it unevenly: `density` tokens a character, by position."""

    def __init__(self, density: Callable[[float], float], window: int | None = None) -> None:
        self.density, self.window, self.asked = density, window, 0

    def __call__(self, messages: Sequence[Message]) -> int:
        self.asked += 1
        size = max(len(message.content) for message in messages)
        count = 20 + round(sum(map(self.density, range(size))))
        return count if self.window is None else min(count, self.window)


def test_a_resumed_run_keeps_the_fit_and_asks_nothing(own_texts: dict[str, Path], tmp_path: Path) -> None:
    server = Counting(lambda at: 0.3)
    options = {"corpus": str(own_texts["en"]), "lengths": "400,900,1600"}
    first = setup_of(tmp_path, server, **options)
    asked = server.asked
    chosen = first.options
    with open_model(first.preset, key=None, headers={}, ask_server=False) as model:
        begun = Begun(calibration=first.calibration)
        again = outline_of(chosen, load(), model, folder=tmp_path, report=silent, begun=begun).laid_out()
        plain = outline_of(chosen, load(), model, folder=tmp_path, report=silent).laid_out()
    assert server.asked == asked == first.calibration.requests  # type: ignore[union-attr]
    ids = [first.trial_id(trial) for trial in first.trials]
    assert ids == [again.trial_id(trial) for trial in again.trials]
    # Another fit sends other prompts, and so has other trials.
    assert not set(ids) & {plain.trial_id(trial) for trial in plain.trials}
    assert worst_difference(first, server) < 0.01


def test_a_server_that_cuts_or_tells_nothing(own_texts: dict[str, Path], tmp_path: Path) -> None:
    options = {"corpus": str(own_texts["en"]), "lengths": "400,900,1600"}
    with pytest.raises(EndpointError, match=wording("run.server_counted_tokens_prompt")):
        setup_of(tmp_path, Counting(lambda at: 0.25, window=1000), **options)
    assert setup_of(tmp_path, lambda messages: None, **options).calibration is None
    for same in ({"length_unit": "cl100k_base"}, {"calibrate": False}):
        server = Counting(lambda at: 0.25)
        assert setup_of(tmp_path, server, **options | same).calibration is None and server.asked == 0


def test_a_round_that_was_begun_without_a_fit_goes_on_without(own_texts: dict[str, Path], tmp_path: Path) -> None:
    """A run of an earlier version has such draws: they would be paid for twice under another fit."""
    options = {"corpus": str(own_texts["en"]), "lengths": "400,900", "adaptive": True}
    setup = setup_of(tmp_path, Counting(lambda at: 0.3), **options)
    trials = further(setup, 1)
    _, placement = setup.build(trials[0])
    answered = Completion(text="x", finish_reason="stop", usage=Usage(), model="x", attempts=1, latency_s=1.0)
    made = Record(
        id="0" * 16,
        trial=trials[0],
        placement=placement,
        outcome=answered,
        fresh={},
        expected="x",
        started_at="2026-01-01T00:00:00+00:00",
    )
    assert trials[0].length == 900 and to_fit(setup, trials, {}) == tuple(trials)
    assert {trial.length for trial in to_fit(setup, trials, {made.id: made})} == {400}
    assert to_fit(setup, further(setup, 2), {made.id: made}) == tuple(further(setup, 2))
    for same in ({"calibrate": False}, {"vary": ("sampling",), "temperature": "0.7"}):
        assert not to_fit(setup_of(tmp_path, Counting(lambda at: 0.3), **options | same), trials, {})


def test_a_length_that_comes_to_a_round_later_is_fitted_then(own_texts: dict[str, Path], tmp_path: Path) -> None:
    """First draws that failed and are made up for let a round grow; what was sent of it stays what it was."""

    def count(messages: Sequence[Message]) -> int:
        return sum(round(len(m.content) / 3.4 + 0.4 * m.content.count("e")) + 5 for m in messages)

    options = {"corpus": str(own_texts["en"]), "lengths": "600,900,1500", "adaptive": True}
    setup = setup_of(tmp_path, count, **options)
    trials = further(setup, 1)
    first = [trial for trial in trials if trial.length == 600]
    setup = replace(setup, calibration=asyncio.run(calibrate_further(setup, first, measuring(count))))
    ids = [setup.trial_id(trial) for trial in first]
    more = to_fit(setup, trials, {})
    assert {trial.length for trial in more} == {900, 1500}
    setup = replace(setup, calibration=asyncio.run(calibrate_further(setup, more, measuring(count))))
    assert to_fit(setup, trials, {}) == () and [setup.trial_id(trial) for trial in first] == ids
    assert worst_difference(replace(setup, trials=tuple(trials)), count) <= 0.01
    for trial in trials:
        assert abs(setup.expected_tokens(trial, setup.build(trial)[1]) - trial.length) <= 10
    # It is the same when it was read back.
    kept = Manifest.of(json.loads(json.dumps(manifest(setup, "2026-01-01T00:00:00+00:00")))).calibration
    assert kept == setup.calibration
    assert [replace(setup, calibration=kept).trial_id(t) for t in trials] == [setup.trial_id(t) for t in trials]


def test_the_plan_of_points() -> None:
    assert first_points((1000, 2000, 2100, 40_000, 80_000), None) == (1000, 2000, 80_000)
    assert first_points((64_000,), None) == (1000, 64_000)
    assert first_points((1000, 128_000), 128_000) == (1000, 124_160)
    assert first_points((300,), 8000) == (300,)


POINTS = st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 5000)), min_size=1, max_size=8)


@settings(deadline=None)
@given(steps=POINTS, base=st.integers(10, 200), length=st.integers(300, 60_000))
def test_there_and_back(steps: list[tuple[int, int]], base: int, length: int) -> None:
    points, x, y = [(0, 0)], 0, 0
    for dx, dy in steps:
        x, y = x + dx, y + dy
        points.append((x, y))
    fit = Calibration(reference="r", source="usage", bases={"p": base}, overheads={"p": 7}, curves=(tuple(points),))
    trial = Trial(experiment="e", needle="n", prompt="p", length=length, depth_percent=50.0)
    local = fit.local_length(length, "p", 0)
    slope = max(b / a for a, b in [*steps, (x, y)])
    assert length - slope - 1 <= fit.server_length(local, trial) <= length + 1
    assert fit.local_length(length + 1, "p", 0) >= local
