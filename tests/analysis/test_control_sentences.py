"""What a failed oracle control is laid to: the needle, or answers that the output limit cut."""

from __future__ import annotations

import pytest

from nihbench.analysis.controls import control_results
from nihbench.types import Completion, Evidence, OutcomeClass, Record, Score, Trial, Usage


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
        (["correct"] * 9 + ["truncated"], "clear to this model", "是清楚的"),
        (["correct"] * 5 + ["hallucinated"] * 3 + ["truncated"] * 2, "is ambiguous for this model", "有歧义"),
        (["correct"] * 4 + ["hallucinated"] * 3 + ["truncated"] * 3, "3 answers were cut off", "其中 3 个回答"),
        (["truncated"] * 10, "raise --max-output", "请调高 --max-output"),
    ],
)
def test_an_oracle_blames_the_needle_only_where_answers_were_whole(outcomes, english, chinese):
    pairs = [_asked(number, outcome) for number, outcome in enumerate(outcomes)]
    records = [record for record, _ in pairs]
    grades = {record.id: score for record, score in pairs}
    (result,) = control_results(records, grades, [record.trial for record in records])
    assert result.failed == (outcomes.count("correct") < 9)
    assert english in result.sentence() and chinese in result.sentence("zh")
