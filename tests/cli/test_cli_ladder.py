"""Suites with lengths and samples of their own, and the passport at their end, against scripted models."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from nihbench.run.store import open_run
from nihbench.run.tree import find_runs
from nihbench.types import Planted, Trial
from tests.planned import Planner, expected
from tests.wording import says

SUITE = """
experiments:
  one: {task: keys, options: {distractors: 0}, corpus: paul-graham-en}
  among: {task: keys, options: {distractors: 4}, corpus: paul-graham-en}
  hops: {task: chain, options: {hops: 2}, corpus: paul-graham-en}
suites:
  steps:
    lengths: 400,700
    repeats: 12
    items: [one/original, among/original, hops/original]
  thin:
    lengths: 500t:max:3:log
    repeats: 20
    of_classic: 0.1
    items: [one/original, hops/original]
  by-ruler:
    lengths: 400,700
    repeats: 2
    rule: ruler
    items: [one/original, hops/original]
"""
ALWAYS = ("--model", "x", "--length-unit", "cl100k_base", "--window", 8000, "--no-preflight")


@pytest.fixture
def options(nih: Any, chat: Any, own_texts: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> list[object]:
    (nih.folder / "needles.yaml").write_text(SUITE, encoding="utf-8")
    monkeypatch.chdir(nih.folder)
    for name, value in nih.environment.items():
        monkeypatch.setenv(name, value)
    return [*ALWAYS, "--base-url", chat.base_url, "--corpus", own_texts["en"]]


def planned(suite: str, options: list[object], answer: Any = expected, **more: Any) -> Planner:
    url, corpus = options[options.index("--base-url") + 1], options[options.index("--corpus") + 1]
    raw = {"model": "x", "length_unit": "cl100k_base", "window": 8000, "preflight": False, "base_url": url}
    return Planner(suite, {**raw, "corpus": corpus, **more}, answer)


def falls(trial: Trial, planted: Planted) -> str:
    """Find single facts always, others at the shortest length alone."""
    known = trial.experiment == "one" or trial.control is not None or trial.length == 400
    return planted.expected if known else "not stated"


def test_a_perfect_model_has_a_perfect_passport(nih: Any, chat: Any, options: list[object]) -> None:
    chat.say = planned("steps", options)
    ended = nih.drawing("run", "--suite", "steps", *options, "--out", "tree")
    assert ended.code == 0, ended.err
    root = nih.folder / "tree"
    assert (root / "passport.png").stat().st_size > 10_000 and (root / "panel.png").exists()
    told = json.loads(nih("passport", "tree", "--json").out)
    (passport,) = told
    assert [row["point"] for row in passport["rows"]] == [0, 4, 2]
    for row in passport["rows"]:
        assert [(cell["found"], cell["measured"]) for cell in row["cells"]] == [(1.0, 12), (1.0, 12)]
        # 24 trials of both lengths are just enough to show the shorter one; 12 alone show nothing.
        assert row["verdict"] == "reaches" and row["effective"]["length"] == 700
        assert (row["effective"]["low"], row["effective"]["high_open"]) == (400, True)
    assert passport["sentence"]["en"] == (
        "Can find a single fact, find one fact among 4 look-alikes and follow chains of 2 hops up to 700, "
        "the longest tested (95%: 400 or more)."
    )
    # The run's own end and the report tell the same.
    assert passport["sentence"]["en"] in ended.out
    assert passport["sentence"]["en"] in nih("report", "tree", "--out", "r.html").out
    assert passport["sentence"]["zh"] in nih("--lang", "zh", "passport", "tree").out


def test_a_known_fall_is_told_where_it_is(nih: Any, chat: Any, options: list[object]) -> None:
    chat.say = planned("steps", options, falls, repeats=26)
    ended = nih("run", "--suite", "steps", "--repeats", 26, *options, "--out", "tree")
    assert ended.code == 0, ended.err
    (passport,) = json.loads(nih("passport", "tree", "--json").out)
    assert [row["verdict"] for row in passport["rows"]] == ["reaches", "ends", "ends"]
    for row in passport["rows"][1:]:
        found = row["effective"]
        assert (found["length"], found["low"], found["high"], found["ended_at"]) == (400, 400, 400, 700)
    assert passport["sentence"]["en"].endswith("up to 400 (95%: 400; 0% found at 700).")


def test_a_killed_suite_is_gone_on_with_and_loses_nothing(nih: Any, chat: Any, options: list[object]) -> None:
    chat.say, chat.hold_from = planned("steps", options), 40
    process = nih.start("run", "--suite", "steps", *options, "--concurrency", 1, "--out", "tree")
    chat.wait_for(40)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=600)
    chat.hold_from = None
    chat.release.set()
    before = len(chat.asked)
    ended = nih("run", "--resume", "tree")
    assert ended.code == 0, ended.err
    runs = [open_run(path) for path in find_runs(nih.folder / "tree")]
    whole = sum(len(run.manifest.planned) for run in runs)
    assert [len(run.records()) for run in runs] == [len(run.manifest.planned) for run in runs]
    # All but the one in flight were kept.
    assert len(chat.asked) - before == whole - 39
    (passport,) = json.loads(nih("passport", "tree", "--json").out)
    assert [row["verdict"] for row in passport["rows"]] == ["reaches"] * 3


def test_longer_lengths_are_measured_less_often_and_the_plan_has_both_sums(
    nih: Any, chat: Any, options: list[object]
) -> None:
    plan = json.loads(nih("plan", "--suite", "thin", *options, "--price", "2,8", "--json").out)
    one, other = plan["runs"]
    assert one["lengths"] == other["lengths"] and len(one["lengths"]) == 3
    assert one["samples"] == sorted(one["samples"], reverse=True) and one["samples"][-1] < one["samples"][0]
    assert plan["classic"]["trials"] > 200
    assert plan["total"]["prompt_tokens"] < plan["classic"]["prompt_tokens"]
    assert float(plan["total"]["cost_usd"]["predicted"]) < float(plan["classic"]["cost_usd"]["predicted"])
    told = nih("plan", "--suite", "thin", *options, "--price", "2,8").out
    assert any(line.startswith("15 x 15") for line in told.splitlines())
    chat.say = planned("thin", options)
    assert nih("run", "--suite", "thin", *options, "--out", "tree").code == 0
    run = open_run(find_runs(nih.folder / "tree")[0])
    assert list(run.manifest.samples or ()) == one["samples"]
    grid = [trial for trial in run.manifest.planned if trial.control is None]
    assert [sum(trial.length == length for trial in grid) for length in one["lengths"]] == one["samples"]
    assert nih("run", "--resume", "tree").code == 0
    # What the command line says goes before the suite.
    again = json.loads(nih("plan", "--suite", "thin", *options, "--repeats", 2, "--lengths", "400,600", "--json").out)
    assert [row["lengths"] for row in again["runs"]] == [[400, 600]] * 2
    assert all(row["repeats"] == 2 and "samples" not in row for row in again["runs"])


def test_rulers_rule_stands_beside_ours(nih: Any, chat: Any, options: list[object]) -> None:
    # A reply that holds the value and another one is found by RULER's rule alone.
    chat.say = planned("by-ruler", options, lambda trial, planted: f"{planted.expected} or 7654321")
    assert nih("run", "--suite", "by-ruler", *options, "--out", "tree").code == 0
    (passport,) = json.loads(nih("passport", "tree", "--json").out)
    assert [row["by_rule"] for row in passport["rows"]] == [{"400": 1.0, "700": 1.0}] * 2
    assert [cell["found"] for row in passport["rows"] for cell in row["cells"]] == [0.0] * 4
    assert passport["by_rule"] == {"averages": {"400": 1.0, "700": 1.0}, "reach": 700}
    assert says(nih("passport", "tree").out, "passport.rule_reach", threshold="85.6", length="700")
    assert json.loads(nih("passport", "tree", "--rule", "", "--json").out)[0]["by_rule"] is None
    assert nih("passport", "tree", "--rule", "bleu").code == 2
