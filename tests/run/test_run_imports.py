from __future__ import annotations

import json
import math

import pytest

from nihbench import load_run
from nihbench.analysis.grids import grid
from nihbench.analysis.statistics import summary
from nihbench.analysis.table import frame, pairs
from nihbench.catalog.loading import load
from nihbench.errors import UsageError
from nihbench.run.imports import import_rows, read_kamradt
from nihbench.run.store import open_run
from nihbench.types import Completion, Failure, GradedElsewhere, Unscored
from tests.wording import says, wording

NEEDLE = "\nThe best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day.\n"


def brought(path, out, model=None):
    rows, sha256 = read_kamradt(path)
    return import_rows(
        rows, source=path.name, sha256=sha256, out=out, catalog=load(), model=model, created_at="2026-01-01T00:00:00"
    )


def old(length, depth, score, response="Eat a sandwich.", version=1, **more):
    """One file as Kamradt's tool of 2023 wrote it."""
    return {
        "model": "claude-2.1", "context_length": length, "depth_percent": depth, "version": version, "needle": NEEDLE,
        "model_response": response, "score": score, **more,
    }  # fmt: skip


def new(length, depth, value, seed=1, status="ok", **more):
    """One line of his tool's second version."""
    return {
        "schema_version": 2, "run_name": "r", "model_id": "fake", "model_request_name": "fake", "task_type": "single",
        "context_length": length, "target_depth_percent": depth,
        "recipe": {"needle_placements": [{"text": "The key is 42.", "insertion_token_index": 3}]},
        "needle_metadata": {}, "expected_answer": "42", "prompt_question": "What is the key?", "response": "It is 42.",
        "score": {"value": value, "details": {}}, "usage": {"input_tokens": 90, "output_tokens": 4}, "cost_usd": 0.1,
        "duration_seconds": 0.5, "status": status, "error": None, "timestamp_utc": "2026-01-01T00:00:00", "seed": seed,
        **more,
    }  # fmt: skip


def write_folder(folder, rows):
    folder.mkdir()
    for number, row in enumerate(rows):
        (folder / f"result_{number}.json").write_text(json.dumps(row), encoding="utf-8")
    return folder


def test_a_list_of_scores_by_hand(tmp_path):
    cells = [(1000, 0, 10), (1000, 50, 9), (1000, 100, 7), (2000, 0, 4), (2000, 50, 1)]
    path = tmp_path / "grid.json"
    path.write_text(json.dumps([dict(zip(("token_limit", "depth_percent", "score"), c, strict=True)) for c in cells]))
    (run,) = brought(path, tmp_path / "run", model="gpt-4")
    loaded = load_run(run.path)
    table = loaded.frame().set_index(["length", "depth_percent"]).sort_index()
    # A grade gives the highest band that it reaches: 9 is not a 10, 4 is not a 5.
    assert table["value"].tolist() == [1.0, 0.7, 0.7, 0.3, 0.0]
    assert table["found"].tolist() == [True, True, True, False, False]
    assert table.loc[(2000, 50.0), "outcome"] == "unknown"
    assert table["answer"].isna().all() and table["total_tokens"].isna().all() and table["latency_s"].isna().all()
    assert {type(r.outcome) for r in loaded.records.values()} == {GradedElsewhere}
    assert all(record.placement is None for record in loaded.records.values())
    # 2000/100% has no result: it is of the grid, and stays missing.
    (pair,) = pairs(table.reset_index())
    planned = run.manifest.planned
    assert len(planned) == 6
    one = summary(table.reset_index(), experiment=pair[0], prompt=pair[1], planned=len(planned))
    assert (one.measured, one.planned, one.found.value) == (5, 6, 3 / 5)
    cells = grid(table.reset_index(), experiment=pair[0], prompt=pair[1], planned=planned)
    assert cells.owed.sum() == 1 and cells.owed[2, 1] == 1 and math.isnan(cells.value[2, 1])


def test_a_folder_of_answers(tmp_path):
    rows = [
        old(1000, 0.0, 10, response="Eat a sandwich in Dolores Park on a sunny day."),
        old(1000, 0.0, 1, response="No idea.", version=2, test_duration_seconds=2.5),
        old(1000, 50.0, 3, response=None),
        old(1000, 100.0, None),
        old(2000, 0.0, 0),
    ]
    (run,) = brought(write_folder(tmp_path / "his", rows), tmp_path / "run")
    loaded = load_run(run.path)
    by_place = {(r.trial.length, r.trial.depth_percent, r.trial.repeat): r for r in loaded.records.values()}
    assert len(by_place) == 5 and by_place[1000, 0.0, 1].outcome.latency_s == 2.5
    assert isinstance(by_place[1000, 50.0, 0].outcome, GradedElsewhere)
    assert isinstance(by_place[1000, 100.0, 0].outcome, Completion)
    grades = {place: loaded.grades[record.id] for place, record in by_place.items()}
    assert isinstance(grades[1000, 100.0, 0], Unscored) and isinstance(grades[2000, 0.0, 0], Unscored)
    assert says(str(grades[2000, 0.0, 0].reason), "note.grade_out_of_range", least="1", most="10")
    # A known sentence has its key facts, so that the rules can read what was kept.
    assert run.manifest.needle.name == "sf-sandwich"
    ruled = load_run(run.path, scorer="rules")
    assert ruled.grades[by_place[1000, 0.0, 0].id].value == 1.0
    assert by_place[1000, 50.0, 0].id not in ruled.grades
    # NaN is no JSON: what is not known is null on the disk.
    assert "NaN" not in (run.path / "records.jsonl").read_text()


def test_lines_of_his_tool_of_today(tmp_path):
    rows = [
        new(1000, 0.0, 1.0, seed=1),
        new(1000, 0.0, 0.0, seed=2, response="No."),
        new(1000, 50.0, 0.9),
        new(1000, 100.0, None, status="error", error="boom", response=None, score=None, usage=None),
        new(1000, 0.0, 1.0, seed=2),
    ]
    path = tmp_path / "results.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    (run,) = brought(path, tmp_path / "run")
    loaded = load_run(run.path)
    by_place = {(r.trial.depth_percent, r.trial.repeat): r for r in loaded.records.values()}
    # The same seed again is the same trial: its last result counts.
    assert {place: getattr(loaded.grades.get(r.id), "value", None) for place, r in by_place.items()} == {
        (0.0, 0): 1.0, (0.0, 1): 1.0, (50.0, 0): 0.7, (100.0, 0): None,
    }  # fmt: skip
    failed = by_place[100.0, 0].outcome
    assert isinstance(failed, Failure) and failed.message == "boom"
    assert by_place[0.0, 0].outcome.usage.prompt_tokens == 90
    assert loaded.scorer == "kamradt-match"
    assert load_run(run.path, scorer="rules").grades[by_place[0.0, 0].id].value == 1.0


def test_values_that_are_drawn_for_every_line(tmp_path):
    rows = [
        new(1000, depth, 1.0, expected_answer=key, response=f"It is {key}.",
            recipe={"needle_placements": [{"text": f"The key is {key}."}]})
        for depth, key in ((0.0, "a1b2c3"), (50.0, "d4e5f6"))
    ]  # fmt: skip
    path = tmp_path / "results.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (run,) = brought(path, tmp_path / "run")
    assert sorted(r.expected for r in run.records().values()) == ["a1b2c3", "d4e5f6"]
    assert {grade.value for grade in load_run(run.path, scorer="rules").grades.values()} == {1.0}


def test_several_models_are_several_runs(tmp_path):
    folder = write_folder(tmp_path / "his", [old(1000, 0.0, 10), {**old(1000, 0.0, 1), "model": "gpt/4"}])
    runs = brought(folder, tmp_path / "out")
    assert sorted(run.manifest.model.name for run in runs) == ["claude-2.1", "gpt/4"]
    assert all(run.path.parent == tmp_path / "out" for run in runs)
    with pytest.raises(UsageError, match=wording("run.already_holds_run_go")):
        brought(folder, tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "key", "fields"),
    [
        ("[]", "run.holds_no_results", {"path": ""}),
        ("[1]", "run.no_result_but", {"where": ", entry 1", "name": "int"}),
        ("{", "run.no_json_restore_take", {"where": ""}),
        (
            '[{"token_limit": 0, "depth_percent": 0, "score": 1}]',
            "run.must_whole_number_tokens",
            {"where": ", entry 1", "key": "'token_limit'"},
        ),
        (
            '[{"token_limit": 9, "depth_percent": 101, "score": 1}]',
            "run.must_number_from_0",
            {"where": ", entry 1", "key": "'depth_percent'"},
        ),
        (
            '[{"token_limit": 9, "depth_percent": 1, "score": "x"}]',
            "run.no_number_mend_take",
            {"where": ", entry 1", "key": "'score'"},
        ),
        ('[{"token_limit": 9, "depth_percent": 1, "score": 1}]', "run.not_say_model_answered", {"where": ", entry 1"}),
        (
            '{"needle": 3, "context_length": 1, "depth_percent": 1}',
            "run.no_text_mend_take",
            {"where": "", "key": "'needle'"},
        ),
    ],
)
def test_wrong_files_are_told_where(tmp_path, text, key, fields):
    path = tmp_path / "his.json"
    path.write_text(text, encoding="utf-8")
    place = {name: f"{path}{value}" if name in ("path", "where") else value for name, value in fields.items()}
    with pytest.raises(UsageError, match=wording(key, **place)):
        brought(path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "row",
    [
        old(10**9, 0.0, 7),
        old(1e17, 0.0, 7),
        old(10**300, 0.0, 7),
        old(1000, 0.0, 7, test_duration_seconds=1e308),
        old(1000, 0.0, 1e300),
        new(1000, 0.0, 1.0, usage={"input_tokens": 1e300}),
        new(1000, 0.0, 1.0, usage={"output_tokens": -1}),
        new(1000, 0.0, 1.0, cost_usd=1e308),
        new(1000, 0.0, 1.0, duration_seconds=-1),
    ],
)
def test_numbers_that_no_run_could_be_read_with_are_refused(tmp_path, row):
    (tmp_path / "his.json").write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(UsageError):
        brought(tmp_path / "his.json", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_grid_of_too_many_cells_is_refused(tmp_path):
    """500 results, each at a length and a depth of its own, span 250,000 cells."""
    rows = [{"token_limit": 1000 + n, "depth_percent": n / 5, "score": 7} for n in range(500)]
    (tmp_path / "his.json").write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(UsageError, match=wording("plan.grid_trials_more_than", count=250_000)):
        brought(tmp_path / "his.json", tmp_path / "run", "gpt-4")
    assert not (tmp_path / "run").exists()


def test_a_missing_path(tmp_path):
    with pytest.raises(UsageError, match=wording("errors.cant_read")):
        read_kamradt(tmp_path / "none.json")


def test_a_stored_import_reads_as_it_was(tmp_path):
    folder = write_folder(tmp_path / "his", [old(1000, 0.0, 10, response="\ud83d lone"), old(2000, 0.0, 1)])
    (run,) = brought(folder, tmp_path / "run")
    again = open_run(run.path)
    assert again.records().keys() == run.records().keys()
    assert len(frame(tuple(again.records().values()), load_run(run.path).grades)) == 2
