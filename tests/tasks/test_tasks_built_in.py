"""The families that come with the package: what they plant is drawn, asked and graded as they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.catalog.loading import load
from nihbench.errors import UsageError
from nihbench.lang.messages import said
from nihbench.score.rules import grade
from nihbench.tasks.family import Answer
from nihbench.tasks.needle import fill, fresh_values
from nihbench.tasks.task import Task, of_family, of_needle
from nihbench.types import Score, Trial
from tests.run.conftest import make_setup
from tests.tasks.conftest import HAYSTACK, Install
from tests.wording import wording

__all__ = ["make_setup"]


def trial_of(task: Task, row: float, repeat: int = 0, length: int = 4000) -> Trial:
    known = {"experiment": "e", "needle": "n", "prompt": "original", "length": length, "repeat": repeat}
    return (
        Trial(**known, depth_percent=row) if task.axis.name == "depth" else Trial(**known, depth_percent=0.0, point=row)
    )


@given(row=st.sampled_from([0, 1, 3, 10, 30]), values=st.integers(1, 6), language=st.sampled_from(["en", "zh"]),
       seed=st.integers(0, 99), repeat=st.integers(0, 5))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_keys_among_distractors(row: int, values: int, language: str, seed: int, repeat: int) -> None:
    task = of_family("multi-key", language, {"values": str(values)})
    trial = trial_of(task, row, repeat)
    made = task.planted(trial, seed)
    assert made == task.planted(replace(trial, prompt="other"), seed), "every prompt has the same text"
    assert made != task.planted(replace(trial, repeat=repeat + 1), seed)
    needles = [insert for insert in made.inserts if insert.role == "needle"]
    assert (len(needles), len(made.inserts)) == (values, values + row)
    codes = [item.text for item in made.items]
    assert len(set(codes)) == values and all(len(code) == 7 for code in codes)
    for code in codes:
        assert [code in insert.text for insert in made.inserts].count(True) == 1
    assert [insert.depth_percent for insert in made.inserts] == sorted(insert.depth_percent for insert in made.inserts)
    thing = made.question.split(" of the ")[-1].split("?")[0] if language == "en" and values == 1 else None
    assert thing is None or all(thing in insert.text for insert in needles)
    for count in range(values + 1):
        told = ", ".join(codes[:count]) or ("The document does not say." if language == "en" else "文中没有提到。")
        score = task.grade(made, Answer(text=told))
        assert isinstance(score, Score)
        assert score.value == pytest.approx(count / values) and score.found == (count == values)
        assert score.outcome == ("correct" if count == values else "partial" if count else "abstained")
        assert [found for _, found in score.items] == [True] * count + [False] * (values - count)


CASES = [
    ("en", "It is 1,234,567.", True), ("en", "**1234567**", True), ("en", "12345678", False), ("en", "1234568", False),
    ("en", "<think>1234567</think> I don't know.", False), ("en", "", False), ("zh", "口令是１２３４５６７", True),
    ("zh", "一二三四五六七", True), ("en", "1234567 or 7654321", True),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "found"), CASES)
def test_an_item_is_what_is_named_as_a_whole(language: str, text: str, found: bool) -> None:
    task = of_family("multi-key", language, {})
    made = task.planted(trial_of(task, 3), 0)
    made = replace(made, items=(replace(made.items[0], text="1234567"),))
    score = task.grade(made, Answer(text=text))
    assert isinstance(score, Score) and score.found is found, score
    if not text:
        assert score.outcome == "empty"


def test_what_can_be_chosen_is_said_where_it_can_not() -> None:
    for given_, told in [
        ({"values": "0"}, wording("tasks.option_not_whole", name="values", value="0", least=1, most=20)),
        ({"value": "2"}, wording("tasks.no_option", option="value")),
        ({"distractors": "x"}, wording("tasks.rows_no_numbers", axis="distractors", given="x")),
    ]:
        with pytest.raises(UsageError) as error:
            of_family("multi-key", "en", given_)
        assert re.search(told, said(error.value, "en"))
    with pytest.raises(UsageError, match=wording("tasks.no_language", language="fr", known="en, zh")):
        of_family("multi-key", "fr", {})
    assert of_family("multi-key", "en", {"distractors": "8,2"}).axis.values == (2.0, 8.0)


def test_the_single_needle_plants_and_grades_as_it_ever_did() -> None:
    for needle in load().needles.values():
        if len(needle.statements) > 1:
            continue
        task = of_needle(needle)
        for repeat in range(2):
            trial = trial_of(task, 40.0, repeat)
            made, values = task.planted(trial, 3), fresh_values(needle, trial, 3)
            filled = fill(needle, values)
            assert (made.texts, made.question) == (filled.statements, filled.question_for("original"))
            assert (made.expected, made.fresh) == (filled.answer, values)
            for text in (filled.answer, "The document does not say.", "42"):
                assert task.grade(made, Answer(text=text)) == grade(text, filled, question=made.question)


def test_a_task_may_bring_the_text_too(
    make_setup: Callable[..., Any], install: Install, own_texts: dict[str, Path]
) -> None:
    install(HAYSTACK, "ledger", "Ledger")
    setup = make_setup(task="ledger", depths=None, lengths="300,420", repeats=2)
    seen = set()
    for trial in setup.trials:
        messages, place = setup.build(trial)
        text = messages[0].content
        total = setup.overheads["original"] + sum(setup.tokenizer.count(message.content) for message in messages)
        assert total == place.total_tokens and 0 <= trial.length - total <= 8
        assert text.startswith("Entry 0: ") or "Entry 0: " in text
        assert setup.planted(trial).items[0].text in text
        seen.add(messages.sha256)
    assert len(seen) == len(setup.trials) == 8


def test_an_experiment_of_the_catalog_may_name_a_task(make_setup: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "needles.yaml").write_text(
        "experiments:\n  codes:\n    task: multi-key\n    options: {values: 2, language: zh}\n"
        "    corpus: three-kingdoms-zh\n",
        encoding="utf-8",
    )
    catalog = load(tmp_path)
    setup = make_setup(catalog=catalog, experiment="codes", task_options={"distractors": "2,5"}, depths=None,
                       lengths="900t")  # fmt: skip
    assert (setup.task.name, setup.task.language, setup.depths) == ("multi-key", "zh", (2.0, 5.0))
    assert [len(setup.planted(trial).inserts) for trial in setup.grid] == [4, 7]
    assert len({setup.trial_id(trial) for trial in setup.trials}) == len(setup.trials)
    with pytest.raises(UsageError, match=wording("run.task_has_no_depths", task="multi-key")):
        make_setup(catalog=catalog, experiment="codes", depths="0,50")
    for wrong in ("task: multi-key\n    needle: sf-sandwich", "title: t"):
        text = f"experiments:\n  codes:\n    {wrong}\n    corpus: paul-graham-en\n"
        (tmp_path / "needles.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=wording("catalog.experiment_needle_or_task")):
            load(tmp_path).experiment("codes")
