"""The rules against other readers: graded answers in two languages, and a judge's scores of real answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nihbench.types import Score

DATA = Path(__file__).parents[2].parent / "shared" / "data"
BANDS = [0, 30, 50, 70, 100]

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data, beside the repository, is not here")


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def weighted_kappa(expected: list[int], given: list[int]) -> float:
    """Cohen's kappa with quadratic weights over the five ordered bands."""
    table = np.zeros((5, 5))
    for one, other in zip(expected, given, strict=True):
        table[BANDS.index(one), BANDS.index(other)] += 1
    weights = np.subtract.outer(np.arange(5), np.arange(5)) ** 2
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(1 - (weights * table).sum() / (weights * chance).sum())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_graded_answers(language: str, graded: Callable[[str, str], Score]) -> None:
    graded_rows = [row for row in rows("graded_answers_dev.jsonl") if row["language"] == language]
    scores = [graded(row["needle"], row["answer"]) for row in graded_rows]
    expected = [row["band"] for row in graded_rows]
    given = [round(100 * score.value) for score in scores]
    assert weighted_kappa(expected, given) >= 0.97
    assert np.mean(np.equal(expected, given)) >= 0.95
    for band in BANDS:
        assert np.mean([g == e for e, g in zip(expected, given, strict=True) if e == band]) >= 0.75
    outcomes = [score.outcome == row["outcome"] for score, row in zip(scores, graded_rows, strict=True)]
    assert np.mean(outcomes) >= 0.95


def test_real_answers_against_their_judge(graded: Callable[[str, str], Score]) -> None:
    """The judge gave 1 to three answers and 5 to one that quote the needle in full and then doubt it."""
    disagreements = [
        row["id"]
        for row in rows("claude21_answers_dev.jsonl")
        if (graded(row["needle"], row["answer"]).value >= 0.7) != (row["judge_score"] >= 7)
    ]
    assert len(disagreements) <= 4
