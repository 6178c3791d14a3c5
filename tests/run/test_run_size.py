"""Reading a run costs in proportion to it: counted in what is done, so that a busy machine says the same."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nihbench.run import records as records_module
from nihbench.run import scores
from nihbench.run.like import needle_surroundings
from nihbench.run.runner import owed
from nihbench.run.scores import score_run
from nihbench.run.setup import Setup
from nihbench.run.store import open_run
from nihbench.score import rules
from nihbench.stats import inversion
from nihbench.text.source import GLUE, SourceText
from nihbench.types import Corpus, Grade, Needle, Placement, Trial
from scripts.synthetic_runs import write_run

LIKE = Path(__file__).resolve().parents[2] / "results" / "reference-smollm2-135m"


def synthetic(folder: Path, side: int) -> Path:
    lengths = tuple(1000 + 100 * number for number in range(side))
    depths = tuple(round(100 * number / (side - 1), 2) for number in range(side))
    return write_run(LIKE, folder, f"synthetic-{side}", strength=1.0, lengths=lengths, depths=depths)


def test_a_line_becomes_a_record_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(synthetic(tmp_path, 12))
    parsed = 0
    real = json.loads

    def counted(text: str | bytes, **how: Any) -> object:
        nonlocal parsed
        parsed += 1
        return real(text, **how)

    monkeypatch.setattr(records_module.json, "loads", counted)
    first = run.records()
    for _ in range(5):
        assert open_run(run.path).records() == first
    assert parsed <= len(first) + 6  # each run.json, too


def test_the_same_words_are_graded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(synthetic(tmp_path, 13))
    graded: list[str] = []
    real = rules.grade

    def counted(text: str, needle: Needle, **named: str) -> Grade:
        graded.append(text)
        return real(text, needle, **named)

    monkeypatch.setattr(scores, "grade", counted)
    grades = score_run(run, run.records())
    assert len(grades) == 169
    assert len(graded) == len(set(graded)) <= 3


def test_what_stands_around_a_needle_costs_its_own_length(tmp_path: Path) -> None:
    """A corpus of four times the size is read in no more time: nothing is composed but what is shown."""
    run = open_run(synthetic(tmp_path, 5))
    record = next(record for record in run.records().values() if isinstance(record.placement, Placement))

    def seconds(size: int) -> float:
        text = "One more sentence stands here. " * (size // 31)
        corpus = Corpus(name="c", language="en", text=text, sha256="0" * 64)
        began = time.process_time()
        for _ in range(300):
            needle_surroundings(run, record, corpus, 160)
        return time.process_time() - began

    seconds(1000)
    assert seconds(8_000_000) < 4 * max(seconds(80_000), 0.02)  # a hundred times where the whole is composed


def test_a_source_is_cut_as_it_would_be_composed() -> None:
    text = "abcdefghij"
    for start in (0, 1, 7, 9):
        for copies in (1, 2, 5):
            once = text[start:] + GLUE + text[:start] if start else text
            whole = GLUE.join([once] * copies)
            source = SourceText(text=text, start=start, copies=copies)
            for first in range(0, len(whole) + 3):
                for last in (first, first + 1, first + 5, first + 13, len(whole), len(whole) + 9, -1):
                    assert source[first:last] == whole[first:last], (start, copies, first, last)
    assert SourceText(text=text, start=3, copies=0)[0:9] == ""
    assert SourceText(text=text, start=3, copies=10**40)[10:20] == (text[3:] + GLUE + text[:3] + GLUE)[10:] + text[3:9]


def test_a_plan_s_ids_are_made_once(make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that goes on asks three times what is owed: as it agrees to the cost, tells its reach, and sends."""
    setup = make_setup(controls=False)
    made: list[Trial] = []
    real = Setup._made_id

    def counted(self: Setup, trial: Trial) -> str:
        made.append(trial)
        return real(self, trial)

    monkeypatch.setattr(Setup, "_made_id", counted)
    first = owed(setup, {})
    assert [owed(setup, {}) for _ in range(3)] == [first] * 3
    assert sorted(made, key=str) == sorted(setup.trials, key=str)
    other = replace(setup, request=replace(setup.request, max_output=setup.request.max_output + 1))
    assert {key for key, _ in owed(other, {})}.isdisjoint(key for key, _ in first)  # a copy has ids of its own


def test_an_interval_s_end_takes_few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """120,000 draws a place and spread: all of them only beside an end. That of sums is wide: its first ones tell."""
    drawn: list[tuple[int, float]] = []
    real = inversion._sweeps

    def counted(design: tuple[int, ...], place: int, spread: int, share: float = 1.0) -> Any:
        drawn.append((spread, share))
        return real(design, place, spread, share)

    monkeypatch.setattr(inversion, "_sweeps", counted)
    found = np.tile([18.0, 19, 20, 21, 22], 12)
    end = inversion.means_left_open(found, np.full(60, 25.0), 0.95)
    low, high = end(-1), end(1)
    assert low < 0.8 < high
    widest = [share for spread, share in drawn if spread == len(inversion.SPREADS) - 1]
    assert widest == [inversion.FIRST_DRAWS] * 2
    assert sum(share == 1 for _, share in drawn) <= 3
