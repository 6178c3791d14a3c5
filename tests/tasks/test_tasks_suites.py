"""The tasks of the packaged suites as they are asked there, and how votes are spread over a list."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from nihbench.catalog.loading import load_folders
from nihbench.catalog.names import packaged_folder
from nihbench.lang.messages import languages, said
from nihbench.tasks.family import Answer
from nihbench.tasks.task import Task, of_family
from nihbench.types import Score
from tests.tasks.test_tasks_built_in import trial_of

CATALOG = load_folders((packaged_folder(),))
ITEMS = [name for suite in ("ladder", "ruler-like") for name, _ in CATALOG.suites[suite].items]


def task_of(experiment: str, language: str) -> Task:
    found = CATALOG.experiments[experiment]
    return of_family(found.task, language, found.options)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("experiment", ITEMS)
def test_what_a_suite_asks_can_be_answered_and_is_called_in_words(experiment: str, language: str) -> None:
    task = task_of(experiment, language)
    (row,) = task.axis.values or (50.0,)  # where rows are depths, the suite says which
    for repeat in range(3):
        planted = task.planted(trial_of(task, row, repeat, 8000), 3)
        score = task.grade(planted, Answer(text=planted.expected))
        assert isinstance(score, Score) and score.found and score.value == 1.0, (planted.expected, score)
    words = {lang: said(task.does(row), lang) for lang in languages()}
    assert len(set(words.values())) == len(words)
    assert f"{row:g}" in words["en"] or row in (0, 1) or not task.axis.values


def test_the_suites_name_each_experiment_once_and_rulers_counts() -> None:
    assert len(set(ITEMS)) == len(ITEMS) == 9 + 11
    rows = {name: task_of(name, "en").axis.values for name in ITEMS}
    assert rows["ruler-multivalue"] == rows["ruler-multiquery"] == rows["ruler-vt"] == (4,)
    assert rows["ruler-cwe"] == (10,) and rows["ruler-fwe"] == (3,) and rows["ruler-multikey-1"] == (3,)


def test_a_uuid_is_one_and_is_told_as_one() -> None:
    task = task_of("ruler-multikey-3", "en")
    planted = task.planted(trial_of(task, 0, 0, 4000), 1)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", planted.expected)
    assert len(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-4", planted.haystack or "")) > 50


@pytest.mark.parametrize("language", ["en", "zh"])
def test_frequent_words_are_the_most_frequent_wherever_the_list_is_cut(language: str) -> None:
    task = of_family("words", language, {"words": "1,2,3,4", "kind": "frequent"})
    word = re.compile(r"for (\w+)\." if language == "en" else r"投给(\w+)。")
    for repeat in range(4):
        for row in task.axis.values:
            planted = task.planted(trial_of(task, row, repeat, 3000), repeat)
            asked = [item.text for item in planted.items]
            own = Counter(insert.value for insert in planted.inserts)
            votes = word.findall(planted.haystack or "")
            assert len(votes) > 300
            for begin in (0, 17, 113):
                for end in (begin + 1, begin + 40, begin + 150, len(votes)):
                    counted = own + Counter(votes[begin:end])
                    assert {name for name, _ in counted.most_common(int(row))} == set(asked)
                    ranked = [count for _, count in counted.most_common()]
                    assert len(ranked) == int(row) or ranked[int(row) - 1] > ranked[int(row)]
