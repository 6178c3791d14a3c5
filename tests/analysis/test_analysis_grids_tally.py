"""A run that is counted record by record shows what the whole run's table shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.analysis.grids import Grid, Tally, grid, squeezed
from nihbench.analysis.statistics import summary
from nihbench.analysis.table import frame
from nihbench.types import Evidence, Failure, Score, Trial
from tests.analysis.test_analysis_tables import BANDS, make_record, make_score

PLAN = tuple(
    Trial(experiment="sf", needle="sf", prompt=prompt, length=length, depth_percent=depth, repeat=repeat, control=None)
    for prompt in ("original", "explicit")
    for length in (1000, 2000, 4000)
    for depth in (0.0, 50.0)
    for repeat in (0, 1)
)
OUTCOMES = st.one_of(st.sampled_from(BANDS), st.sampled_from(["timeout", "overflow"]), st.none())


def alike(a: Grid, b: Grid) -> bool:
    return (
        (a.lengths, a.depths, dict.fromkeys(a.failures)) == (b.lengths, b.depths, dict.fromkeys(b.failures))
        and np.allclose(a.value, b.value, equal_nan=True)
        and all(np.array_equal(x, y) for x, y in ((a.measured, b.measured), (a.owed, b.owed), (a.failed, b.failed)))
    )


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLAN), OUTCOMES, st.sampled_from(["right", "wrong"])), max_size=40))
def test_it_is_the_table_of_the_same_records(news) -> None:
    tally, records, grades = Tally(PLAN), {}, {}
    for trial, outcome, identifying in news:
        record = make_record(trial, failure=outcome if isinstance(outcome, str) else None)
        grade = make_score(outcome, identifying=identifying) if isinstance(outcome, float) else None
        tally.take(record, grade)
        records[record.id] = record
        grades.pop(record.id, None)
        if grade is not None:
            grades[record.id] = grade
    table = frame(tuple(records.values()), grades)
    found = measured = strict = 0.0
    for pair in tally.pairs:
        assert alike(tally.grid(pair), grid(table, experiment=pair[0], prompt=pair[1], planned=PLAN))
        numbers = summary(table, experiment=pair[0], prompt=pair[1], planned=12)
        measured += numbers.measured
        found += numbers.found.low * 12
        strict += numbers.strict.low * 12
    assert (tally.measured, tally.done) == (measured, len(records))
    assert np.allclose((tally.found, tally.strict), (found, strict))
    assert sum(tally.failures.values()) == len(records) - measured


def test_controls_are_done_but_in_no_grid() -> None:
    control = Trial(experiment="sf", needle="sf", prompt="original", length=1000, depth_percent=0, control="oracle")
    tally = Tally((*PLAN, control))
    tally.take(make_record(control), make_score(1.0))
    assert (tally.done, tally.total, tally.measured, tally.found) == (1, 25, 0, 0)
    assert tally.grid(("sf", "original")).owed.sum() == 12


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 25), st.integers(1, 25))
@settings(max_examples=40, deadline=None)
def test_squeezing_loses_no_trial_and_keeps_the_mean(depths: int, lengths: int, rows: int, columns: int) -> None:
    generator = np.random.default_rng(depths * 100 + lengths)
    measured = generator.integers(0, 3, (depths, lengths))
    value = np.where(measured > 0, generator.choice(BANDS, (depths, lengths)), np.nan)
    whole = Grid(
        experiment="e", prompt="p", lengths=tuple(range(100, 100 + lengths)), depths=tuple(map(float, range(depths))),
        value=value, measured=measured, owed=3 - measured, failures={"timeout": measured},
    )  # fmt: skip
    small = squeezed(whole, rows=rows, columns=columns)
    assert small.value.shape == (min(rows, depths), min(columns, lengths)) == small.failures["timeout"].shape
    assert (len(small.depths), len(small.lengths)) == small.value.shape
    assert set(small.depths) <= set(whole.depths) and sorted(small.lengths) == list(small.lengths)
    assert (small.measured.sum(), small.owed.sum()) == (measured.sum(), whole.owed.sum())
    assert np.isclose(np.nansum(small.value * small.measured), np.nansum(value * measured))


def test_an_answer_without_a_grade_and_a_failure_are_no_values() -> None:
    tally = Tally(PLAN)
    tally.take(make_record(PLAN[0]), None)
    tally.take(make_record(PLAN[1], failure="timeout"), None)
    assert tally.failures == {"unscored": 1, "timeout": 1} and tally.measured == 0
    again = make_record(PLAN[1])
    assert not isinstance(again.outcome, Failure)
    tally.take(
        again,
        Score(value=0.7, outcome="partial", identifying="wrong", subject="right", evidence=Evidence(), scorer="r",
              version="1"),
    )  # fmt: skip
    assert (tally.failures["timeout"], tally.measured, tally.found) == (0, 1, 0)
