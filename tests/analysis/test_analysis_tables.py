from __future__ import annotations

import hashlib
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.analysis.grids import grid
from nihbench.analysis.statistics import summary
from nihbench.analysis.table import COLUMNS, UNSCORED, frame, pairs
from nihbench.errors import UsageError
from nihbench.types import Completion, Evidence, Failure, Placement, Record, Score, Trial, Unscored, Usage
from tests.wording import wording

BANDS = (1.0, 0.7, 0.5, 0.3, 0.0)


def make_trial(length=1000, depth=0.0, repeat=0, control=None, experiment="sf", prompt="original"):
    return Trial(
        experiment=experiment,
        needle="sf",
        prompt=prompt,
        length=length,
        depth_percent=depth,
        repeat=repeat,
        control=control,
    )


def make_record(trial, failure=None, name=None, haystack=None):
    begin = 1000 * trial.repeat if haystack is None else haystack
    text = f"{trial.prompt} {trial.length} {trial.depth_percent} {begin}"
    placement = Placement(
        source_start=begin,
        source_copies=1, start=0, at=10, end=100, before="", after=" ", tail="",
        achieved_depth_percent=trial.depth_percent + 0.5, needle_token=3, haystack_tokens=trial.length - 60,
        needle_tokens=30, total_tokens=trial.length - 2, sentence_tokens=20,
        prompt_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )  # fmt: skip
    if failure is None:
        usage = Usage(prompt_tokens=trial.length - 1, completion_tokens=12, cached_tokens=None)
        outcome = Completion(
            text="eat a sandwich", finish_reason="stop", usage=usage, model="m", latency_s=0.25, attempts=1
        )
    else:
        outcome = Failure(kind=failure, message="no", status=None, latency_s=30.0, attempts=3)
    return Record(
        id=name
        or f"{trial.experiment}-{trial.prompt}-{trial.length}-{trial.depth_percent}-{trial.repeat}-{trial.control}",
        trial=trial,
        placement=placement,
        outcome=outcome,
        fresh={},
        expected="",
        started_at="2025-01-01T00:00:00Z",
    )


def make_score(value, identifying="right", subject="right"):
    return Score(
        value=value, outcome="correct" if value == 1.0 else "partial", identifying=identifying, subject=subject,
        evidence=Evidence(cue="sandwich"), scorer="rules", version="1",
    )  # fmt: skip


def table(values, **kwargs):
    """Build a table of 1 x n cells from values: a float is a score, a str a failure's kind, None unscored."""
    records, scores = [], {}
    for i, value in enumerate(values):
        record = make_record(
            make_trial(length=1000 * (i + 1), **kwargs), failure=value if isinstance(value, str) else None
        )
        records.append(record)
        if isinstance(value, float):
            scores[record.id] = make_score(value)
    return frame(records, scores)


def test_frame_has_the_documented_columns_and_types():
    for made in (frame([], {}), table([1.0, "timeout", None])):
        assert {name: str(kind) for name, kind in made.dtypes.items()} == dict(COLUMNS)


def test_frame_row_of_a_scored_answer():
    row = table([0.7], depth=50.0).iloc[0]
    assert (row["length"], row["depth_percent"], row["achieved_depth_percent"]) == (1000, 50.0, 50.5)
    assert (row["value"], row["band"], row["outcome"], row["found"]) == (0.7, 70, "partial", True)
    assert (row["prompt_tokens"], row["completion_tokens"], row["total_tokens"]) == (999, 12, 998)
    assert row["cached_tokens"] is not None and row[["cached_tokens", "failure", "control"]].isna().all()
    assert (row["scorer"], row["scorer_version"], row["cue"], row["latency_s"]) == ("rules", "1", "sandwich", 0.25)


def test_a_failure_has_no_value_even_where_a_score_claims_one():
    record = make_record(make_trial(), failure="overflow")
    row = frame([record], {record.id: make_score(1.0)}).iloc[0]
    assert math.isnan(row["value"]) and row["failure"] == "overflow"
    assert row[["band", "found", "outcome", "scorer", "prompt_tokens", "finish_reason"]].isna().all()


def test_an_answer_without_a_score_is_unscored_not_zero():
    row = table([None]).iloc[0]
    assert math.isnan(row["value"]) and row["failure"] == UNSCORED and row["finish_reason"] == "stop"


@given(st.lists(st.sampled_from([*BANDS, "timeout", "overflow", None]), max_size=12))
@settings(max_examples=15, deadline=None)
def test_a_value_is_missing_exactly_where_a_failure_is_named(values):
    made = table(values)
    assert (made["value"].isna() == made["failure"].notna()).all()
    assert made["value"].dropna().tolist() == [value for value in values if isinstance(value, float)]


def test_the_last_record_of_an_id_counts():
    trial = make_trial()
    records = [make_record(trial, failure="timeout"), make_record(trial)]
    made = frame(records, {records[1].id: make_score(1.0)})
    assert made["value"].tolist() == [1.0] and len(made) == 1


def test_pairs_in_order_of_appearance_without_controls():
    trials = [
        make_trial(prompt="explicit"),
        make_trial(),
        make_trial(prompt="explicit", length=2000),
        make_trial(prompt="only-control", control="no-needle"),
    ]
    assert pairs(frame([make_record(trial) for trial in trials], {})) == (("sf", "explicit"), ("sf", "original"))


def test_grid_by_hand():
    records, scores = [], {}
    cells = {  # (length, depth): one entry a repeat
        (2000, 100.0): [0.3, 1.0],
        (1000, 0.0): [1.0, "timeout"],
        (2000, 0.0): ["timeout", "overflow"],
        (1000, 100.0): [0.0],
    }
    for (length, depth), values in cells.items():
        for repeat, value in enumerate(values):
            record = make_record(make_trial(length, depth, repeat), failure=value if isinstance(value, str) else None)
            records.append(record)
            if isinstance(value, float):
                scores[record.id] = make_score(value)
    records.append(make_record(make_trial(1000, 0.0, control="no-needle")))
    scores[records[-1].id] = make_score(0.0)
    made = grid(frame(records, scores), experiment="sf", prompt="original")
    assert made.lengths == (1000, 2000) and made.depths == (0.0, 100.0)
    np.testing.assert_array_equal(made.value, [[1.0, np.nan], [0.0, 0.65]])
    np.testing.assert_array_equal(made.measured, [[1, 0], [1, 2]])
    np.testing.assert_array_equal(made.owed, 0)
    assert list(made.failures) == ["overflow", "timeout"]
    np.testing.assert_array_equal(made.failures["timeout"], [[1, 1], [0, 0]])
    np.testing.assert_array_equal(made.failed, [[1, 2], [0, 0]])
    with pytest.raises(ValueError):
        made.value[0, 0] = 0.5


def test_grid_knows_what_the_plan_still_owes():
    planned = [
        make_trial(length, depth, repeat) for length in (1000, 2000) for depth in (0.0, 50.0) for repeat in (0, 1)
    ]
    planned += [make_trial(1000, 0.0, control="no-needle"), make_trial(9000, 10.0, prompt="explicit")]
    record = make_record(planned[1])
    made = grid(frame([record], {record.id: make_score(0.5)}), experiment="sf", prompt="original", planned=planned)
    assert made.lengths == (1000, 2000) and made.depths == (0.0, 50.0)
    np.testing.assert_array_equal(made.owed, [[1, 2], [2, 2]])
    np.testing.assert_array_equal(made.value, [[0.5, np.nan], [np.nan, np.nan]])


def test_grid_of_a_run_without_records_is_all_owed():
    made = grid(frame([], {}), experiment="sf", prompt="original", planned=[make_trial()])
    assert made.owed.tolist() == [[1]] and np.isnan(made.value).all() and not made.failures
    assert made.failed.tolist() == [[0]]


def test_an_unknown_pair_is_refused():
    with pytest.raises(UsageError, match="sf/explicit"):
        grid(table([1.0]), experiment="sf", prompt="explicit")
    with pytest.raises(UsageError, match="sf/explicit"):
        summary(table([1.0]), experiment="sf", prompt="explicit")


def test_summary_by_hand():
    # 4 measured of 8 planned: 1.0, 1.0, 0.7, 0.3; one timeout, one overflow, two never run.
    made = summary(table([1.0, 1.0, 0.7, 0.3, "timeout", "overflow"]), experiment="sf", prompt="original", planned=8)
    assert (made.planned, made.recorded, made.measured, made.measured_share) == (8, 6, 4, 0.5)
    assert made.failures == {"overflow": 1, "timeout": 1}
    assert list(made.rates) == ["found", "strict", "mean_band"]
    assert (made.found.value, made.found.low, made.found.high) == (0.75, 3 / 8, 7 / 8)
    assert (made.strict.value, made.strict.low, made.strict.high) == (0.5, 2 / 8, 6 / 8)
    assert (made.mean_band.value, made.mean_band.low, made.mean_band.high) == pytest.approx((0.75, 3 / 8, 7 / 8))


def test_found_needs_the_identifying_fact_and_the_subject():
    records = [make_record(make_trial(length)) for length in (1000, 2000, 3000)]
    verdicts = [("right", "right"), ("wrong", "right"), ("right", "wrong")]
    scores = {record.id: make_score(0.7, *verdict) for record, verdict in zip(records, verdicts, strict=True)}
    made = summary(frame(records, scores), experiment="sf", prompt="original")
    assert made.found.value == pytest.approx(1 / 3) and made.mean_band.value == pytest.approx(0.7)


def test_nothing_measured_has_no_value_and_widest_bounds():
    made = summary(table(["timeout", None]), experiment="sf", prompt="original")
    assert made.measured == 0 and made.failures == {"timeout": 1, UNSCORED: 1}
    assert all(math.isnan(rate.value) and (rate.low, rate.high) == (0.0, 1.0) for rate in made.rates.values())


def test_summary_refuses_a_plan_smaller_than_the_records():
    with pytest.raises(ValueError, match=wording("analysis.trials_planned_but_recorded", total="1")):
        summary(table([1.0, 0.0]), experiment="sf", prompt="original", planned=1)


@given(st.lists(st.sampled_from([*BANDS, "timeout", None]), min_size=1, max_size=12), st.integers(0, 5))
@settings(max_examples=15, deadline=None)
def test_bounds_hold_whatever_the_unmeasured_would_have_been(values, unrun):
    made = summary(table(values), experiment="sf", prompt="original", planned=len(values) + unrun)
    measured = [value for value in values if isinstance(value, float)]
    missing = made.planned - len(measured)
    for fill in BANDS:
        whole = [*measured, *[fill] * missing]
        assert made.mean_band.low - 1e-12 <= sum(whole) / len(whole) <= made.mean_band.high + 1e-12
    for rate in made.rates.values():
        assert rate.high - rate.low == pytest.approx(missing / made.planned)
        assert not missing or not measured or rate.low <= rate.value + 1e-12 <= rate.high + 2e-12


def test_what_a_scorer_left_unscored_has_no_value_and_says_why():
    record = make_record(make_trial())
    table = frame([record], {record.id: Unscored(reason="Welsh", scorer="rules", version="1")})
    row = table.iloc[0]
    assert math.isnan(row["value"]) and row["failure"] == UNSCORED
    assert (row["cue"], row["scorer"], row["scorer_version"]) == ("Welsh", "rules", "1")
    assert summary(table, experiment="sf", prompt="original").measured == 0


@pytest.mark.parametrize("other", [{"scorer": "judge-m"}, {"version": "2"}])
def test_scores_of_two_scorers_or_versions_never_stand_in_one_table(other):
    records = [make_record(make_trial(depth=depth)) for depth in (0.0, 50.0)]
    first = make_score(1.0)
    with pytest.raises(UsageError, match=wording("analysis.scores_cant_stand_one")):
        frame(records, {records[0].id: first, records[1].id: replace(first, **other)})
