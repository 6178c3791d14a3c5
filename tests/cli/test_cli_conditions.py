"""Conditions as runs of one command, and languages as twins: the same instances, and what the difference is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nihbench import load_run
from nihbench.run.tree import find_runs
from tests.wording import says


@pytest.fixture
def given(chat: Any, own_texts: dict[str, Path]) -> list[str]:
    return ["--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base", "--window", "8000",
            "--no-preflight", "--corpus", str(own_texts["en"]), "--task", "values", "--lengths", "900t,1200t",
            "--task-option", "values=2", "--no-controls", "--price", "1,1"]  # fmt: skip


def reads_up_to(distractors: int) -> Any:
    """A model that finds all values as long as there are no more sentences of their form than that."""

    def say(prompt: str) -> str:
        told = re.findall(r"access codes of the ([a-z ]+) is (\d{7})", prompt)
        asked = re.search(r"codes of the ([a-z ]+)\? Answer", prompt)
        own = [code for thing, code in told if asked and thing == asked[1]]
        return ", ".join(own) if len(told) - len(own) <= distractors else "1111111, 2222222"

    return say


def test_conditions_are_runs_of_one_command(nih: Any, chat: Any, given: list[str]) -> None:
    chat.say = reads_up_to(0)
    several = [*given, "--haystack", "text,shuffled", "--distractors", "0,3", "--repeats", "2"]
    alone = json.loads(nih("plan", *given, "--repeats", "2", "--json").out)
    planned = nih("plan", *several, "--json")
    assert planned.code == 0, planned.err
    told = json.loads(planned.out)
    assert len(told["runs"]) == 4
    costs = [float(told["total"]["cost_usd"]["most"]), float(alone["cost_usd"]["most"])]
    assert costs[0] == pytest.approx(4 * costs[1], rel=0.05)
    ended = nih("run", *several, "--out", "all")
    assert ended.code == 0, ended.err
    runs = [load_run(path) for path in find_runs(nih.folder / "all")]
    assert len(runs) == 4
    seen: dict[Any, set[Any]] = {}
    for run in runs:
        for record in run.records.values():
            assert record.planted is not None and record.placement is not None
            known = (record.trial.length, record.trial.row, record.trial.repeat)
            asked = [insert for insert in record.planted.inserts if insert.role == "needle"]
            seen.setdefault(known, set()).add((record.planted.question, tuple(asked), record.placement.source_start))
    assert len(seen) == 4 and all(len(each) == 1 for each in seen.values()), "the same instance in every condition"
    compared = nih("compare", "all", "--json")
    assert compared.code == 0, compared.err
    made = json.loads(compared.out)
    assert made["by"] == "condition" and len(made["comparisons"]) == 3
    names = [(each["first"]["name"], each["second"]["name"]) for each in made["comparisons"]]
    assert {first for first, _ in names} == {"haystack=text distractors=0"}
    for each in made["comparisons"]:
        lost = each["found"]["difference"]
        assert lost == (0 if "distractors=0" in each["second"]["name"] else -1), each["second"]["name"]
        assert each["measured_pairs"] == 4
    for language in ("en", "zh"):
        shown = nih("--lang", language, "compare", "all", "--by", "condition")
        assert shown.code == 0 and "distractors=3" in shown.out
    assert nih("plot", "all", "--out", "p.svg").code == 0
    assert nih("run", "--resume", "all").code == 0
    refused = nih("compare", str(runs[0].path), str(runs[1].path), "--by", "model")
    assert refused.code == 2


def test_distractors_that_are_rows_stay_rows(nih: Any, given: list[str]) -> None:
    at = given.index("values")
    planned = nih("plan", *given[:at], "keys", *given[at + 1 : given.index("--task-option")], "--distractors", "0,4",
                  "--no-controls", "--json")  # fmt: skip
    assert planned.code == 0, planned.err
    told = json.loads(planned.out)
    assert told["task"]["axis"]["values"] == [0.0, 4.0] and "runs" not in told


def test_languages_are_compared_by_instance(nih: Any, chat: Any, given: list[str], own_texts: dict[str, Path]) -> None:
    def say(prompt: str) -> str:
        chinese = re.search("[\u4e00-\u9fff]", prompt)
        codes = re.findall(r"(?:之一是|codes of the [a-z ]+ is )(\d{7})", prompt)
        return codes[0] if chinese else ", ".join(codes)

    chat.say = say
    both = [*given, "--repeats", "3"]
    assert nih("run", *both, "--out", "en").code == 0
    chinese = [str(own_texts["zh"]) if each == str(own_texts["en"]) else each for each in both]
    ended = nih("run", *chinese, "--task-option", "language=zh", "--out", "zh")
    assert ended.code == 0, ended.err
    made = json.loads(nih("compare", "en", "zh", "--json").out)
    assert made["by"] == "language"
    (each,) = made["comparisons"]
    assert (each["first"]["name"], each["second"]["name"]) == ("en", "zh")
    assert each["measured_pairs"] == 6 and each["found"]["difference"] == -1
    assert each["paired_at"] == "equal_tokens"
    runs = [load_run(nih.folder / name) for name in ("en", "zh")]
    planted = [
        {
            (record.trial.length, record.trial.repeat): (
                [item.text for item in record.planted.items],
                sum(other.needle_tokens for other in record.placement.inserts),
            )
            for record in run.records.values()
        }
        for run in runs
    ]
    assert {key: items for key, (items, _) in planted[0].items()} == {
        key: items for key, (items, _) in planted[1].items()
    }
    sizes = [sum(tokens for _, tokens in one.values()) for one in planted]
    assert each["tokens_ratio"] == pytest.approx(sizes[1] / sizes[0])
    inside = [length for length in (900, 1200) if 900 <= length * each["tokens_ratio"] <= 1200]
    content = each["equal_content"]
    assert (content is not None) == bool(inside)
    if content is not None:
        assert content == {"lengths": inside, "first": 1.0, "second": 0.0}
    for language in ("en", "zh"):
        shown = nih("--lang", language, "compare", "en", "zh", "--by", "language")
        assert shown.code == 0 and says(shown.out, "finding.equal_tokens", lang=language, a="en", b="zh"), shown.out
    refused = nih("compare", "en", "--by", "language")
    assert refused.code == 2 and says(refused.err, "cli.nothing_compare_twins")
