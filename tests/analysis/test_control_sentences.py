"""What a failed oracle control is laid to: the needle, or answers that the output limit cut."""

from __future__ import annotations

import re

import pytest

from nihbench.analysis.controls import control_results
from nihbench.types import Completion, Evidence, OutcomeClass, Record, Score, Trial, Usage
from tests.wording import wording


def _asked(number: int, outcome: OutcomeClass) -> tuple[Record, Score]:
    trial = Trial(
        experiment="e", needle="n", prompt="p", length=500, depth_percent=10.0 * number, repeat=0, control="oracle"
    )
    text, finish = ("word", "length") if outcome == "truncated" else ("word", "stop")
    record = Record(
        id=str(number),
        trial=trial,
        placement=None,
        outcome=Completion(text=text, finish_reason=finish, usage=Usage(), model=None, latency_s=1.0, attempts=1),
        fresh={},
        expected="x",
        started_at="",
    )
    value = 1.0 if outcome == "correct" else 0.0
    score = Score(
        value=value,
        outcome=outcome,
        identifying="right" if value else "absent",
        subject="right",
        evidence=Evidence(),
        scorer="rules",
        version="0",
    )
    return record, score


@pytest.mark.parametrize(
    ("outcomes", "english", "chinese"),
    [
        (
            ["correct"] * 9 + ["truncated"],
            wording("control_told.oracle_passed"),
            wording("control_told.oracle_passed", "zh"),
        ),
        (
            ["correct"] * 5 + ["hallucinated"] * 3 + ["truncated"] * 2,
            wording("control_told.oracle_failed"),
            wording("control_told.oracle_failed", "zh"),
        ),
        (
            ["correct"] * 4 + ["hallucinated"] * 3 + ["truncated"] * 3,
            wording("control_told.oracle_cut", cut=3),
            wording("control_told.oracle_cut", "zh", cut=3),
        ),
        (
            ["truncated"] * 10,
            wording("control_told.oracle_cut", cut=10),
            wording("control_told.oracle_cut", "zh", cut=10),
        ),
    ],
)
def test_an_oracle_blames_the_needle_only_where_answers_were_whole(outcomes, english, chinese):
    pairs = [_asked(number, outcome) for number, outcome in enumerate(outcomes)]
    records = [record for record, _ in pairs]
    grades = {record.id: score for record, score in pairs}
    (result,) = control_results(records, grades, [record.trial for record in records])
    assert result.failed == (outcomes.count("correct") < 9)
    assert re.search(english, result.sentence()) and re.search(chinese, result.sentence("zh"))
