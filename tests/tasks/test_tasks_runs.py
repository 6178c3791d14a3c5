"""Every task from the command line to its cases: planned, sent with controls, graded and told."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nihbench.tasks.grading import ERRORS
from nihbench.tasks.registry import SINGLE_NEEDLE, family, known
from tests.wording import says

NAMES = tuple(name for name in known() if name != SINGLE_NEEDLE)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_runs_and_its_errors_are_told(nih: Any, chat: Any, own_texts: dict[str, Path], name: str) -> None:
    axis, language = family(name).axis, ("en", "zh")[len(name) % 2]
    chat.say = lambda prompt: "Answer: 1234567, ABCD2345"
    row = ["--task-option", f"{axis.name}={axis.values[1]:g}"] if axis.values else ["--depths", "50%"]
    given = ["--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base", "--window", "8000",
             "--no-preflight", "--corpus", str(own_texts[language]), "--task", name, "--lengths", "1700t",
             "--task-option", f"language={language}", *row]  # fmt: skip
    assert nih("plan", *given).code == 0
    ended = nih("run", *given, "--out", "one")
    assert ended.code == 0, ended.err
    told = json.loads(nih("cases", "one", "--json", "--corpus", str(own_texts[language])).out)["runs"][0]
    cases = [case for group in told["groups"] for each in group["clusters"] for case in each["cases"]]
    assert len(cases) == 1 and cases[0]["value"] == 0
    assert cases[0]["errors"] and all(error["code"] in ERRORS for error in cases[0]["errors"]), cases[0]
    assert nih("cases", "one", "--corpus", str(own_texts[language])).code == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_bank_says_over_what_it_was_sampled(nih: Any, chat: Any, own_texts: dict[str, Path], language: str) -> None:
    """A model that finds codes and numbers alone: the variance is the needle's."""
    chat.say = lambda prompt: "?"
    given = ["--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base", "--window", "8000",
             "--no-preflight", "--corpus", str(own_texts[language]), "--task", "bank", "--lengths", "900t,1500t",
             "--task-option", f"language={language}", "--task-option", "needles=12", "--depths", "6", "--repeats", "2",
             "--no-controls"]  # fmt: skip
    ended = nih("run", *given, "--out", "one")
    assert ended.code == 0, ended.err
    (told,) = json.loads(nih("diagnose", "one", "--json").out)
    sampled = told["sampled"]
    assert (sampled["needles"], sampled["wordings"]) == (12, 3)
    key = "finding.sampled" if sampled["haystacks"] > 1 else "finding.sampled_one_haystack"
    assert says(ended.out, key, needles=12)
    assert set(sampled["variance"]) == {"needle", "wording", "haystack"}
    assert says(sampled["sentence"][language], key, language, needles=12, wordings=3)
    records = [
        json.loads(line) for line in (nih.folder / "one" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    asked = Counter(record["planted"]["fresh"]["needle"] for record in records)
    assert len(asked) == 12 and max(asked.values()) - min(asked.values()) <= 1


def test_a_bank_in_a_suite_takes_its_depths_in_turn(nih: Any, chat: Any, own_texts: dict[str, Path]) -> None:
    """Planned, run, gone on with and told in a passport, whose row has all depths."""
    chat.say = lambda prompt: "?"
    (nih.folder / "needles.yaml").write_text(
        "experiments:\n  facts:\n    task: bank\n    corpus: paul-graham-en\n"
        "  codes:\n    task: keys\n    options: {distractors: 1}\n    corpus: paul-graham-en\n"
        'suites:\n  small:\n    lengths: 700t,1000t,1500t\n    depths: "0,50,100"\n    repeats: 7\n'
        "    of_classic: 0.2\n    items: [facts/original, codes/original]\n",
        encoding="utf-8",
    )
    given = ["--suite", "small", "--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base",
             "--window", "8000", "--no-preflight", "--no-controls", "--corpus", str(own_texts["en"])]  # fmt: skip
    shown = nih("plan", *given, "--json")
    assert shown.code == 0, shown.err
    planned = json.loads(shown.out)["runs"][0]
    ended = nih("run", *given, "--out", "all")
    assert ended.code == 0, ended.err
    (folder,) = (path.parent for path in (nih.folder / "all").rglob("run.json") if "facts" in str(path.parent))
    records = [json.loads(line) for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    trials = [record["trial"] for record in records]
    often = Counter(trial["length"] for trial in trials)
    assert [often[length] for length in planned["lengths"]] == planned["samples"] and min(planned["samples"]) >= 2
    assert {trial["depth_percent"] for trial in trials} == {0.0, 50.0, 100.0}
    asked = len(chat.asked)
    assert nih("run", "--resume", "all").code == 0 and len(chat.asked) == asked, "nothing is left to be asked"
    rows = json.loads(nih("passport", "all", "--json").out)[0]["rows"]
    (row,) = (row for row in rows if row["task"]["name"] == "bank")
    assert [cell["measured"] for cell in row["cells"]] == planned["samples"]
