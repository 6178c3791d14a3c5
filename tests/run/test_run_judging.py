"""Who decides where rules and a judge share a run, and what is owed to the judge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nihbench.run.answers import Answered
from nihbench.run.judging import Judge, Reply, Verdicts, combined, docket, judged, reply_key, unsure
from nihbench.run.scores import grade_row
from nihbench.score.judge import UNSURE_BELOW
from nihbench.score.judge import VERSION as JUDGE_VERSION
from nihbench.score.rules import VERSION
from nihbench.types import Evidence, Needle, Request, Score, Unscored

JUDGE = Judge(scorer="judge-m", identity="m", request=Request(model="m", max_output=500, temperature=0.0), votes=2)
NEEDLE = Needle(name="n", language="en", statements=("The key is red.",), question="Which key?", answer="red")


def score(confidence: float, value: float = 1.0, scorer: str = "rules") -> Score:
    return Score(
        value=value, outcome="correct" if value == 1.0 else "abstained", identifying="right", subject="right",
        evidence=Evidence(cue="c"), scorer=scorer, version="v", confidence=confidence,
    )  # fmt: skip


RULES = {
    "sure": score(1.0),
    "edge": score(UNSURE_BELOW),
    "unsure": score(UNSURE_BELOW - 0.01),
    "doubtful": score(0.0),
    "foreign": Unscored(reason="Welsh", scorer="rules", version="v"),
}


def test_the_rules_are_unsure_below_the_threshold_and_of_what_they_can_not_read():
    assert unsure(RULES) == {"unsure", "doubtful", "foreign"}


def test_a_set_of_two_says_who_decided_each_and_has_a_name_and_version_of_its_own():
    by_judge = {
        "unsure": score(1.0, 0.0, "judge-m"),
        "doubtful": Unscored(reason="no verdict", scorer="judge-m", version=JUDGE_VERSION),
        "foreign": score(1.0, 1.0, "judge-m"),
    }
    name, joined = combined(RULES, by_judge, JUDGE)
    assert name == "rules+judge-m" and list(joined) == list(RULES)
    assert {(grade.scorer, grade.version) for grade in joined.values()} == {(name, f"{VERSION}+{JUDGE_VERSION}")}
    told = {key: grade.decided_by for key, grade in joined.items() if isinstance(grade, Score)}
    assert told == {"sure": "rules", "edge": "rules", "unsure": "judge-m", "foreign": "judge-m"}
    assert joined["unsure"].value == 0.0
    assert joined["doubtful"] == Unscored(reason="no verdict", scorer=name, version=f"{VERSION}+{JUDGE_VERSION}")
    assert grade_row("k", joined["sure"])["decided_by"] == "rules"


def test_equal_answers_are_owed_once_and_every_vote_for_itself(tmp_path: Path):
    answers = [
        Answered(id=name, needle=NEEDLE, text=text) for name, text in zip("abcd", ["red", "red", "x", ""], strict=True)
    ]
    with Verdicts(tmp_path) as verdicts:
        asked = docket(answers, JUDGE, verdicts)
        assert len(asked.owed) == 4 and asked.known == 2 and set(asked.cases) == {"a", "b", "c"}
        for ballot in asked.owed:
            verdicts.keep(ballot.key, Reply(text="{}", finish_reason="stop"), {})
    with Verdicts(tmp_path) as verdicts:
        again = docket(answers, JUDGE, verdicts)
        assert not again.owed and again.known == 6
        grades = judged(answers, again, JUDGE, verdicts, {})
    assert [isinstance(grade, Unscored) for grade in grades.values()] == [True, True, True, False]
    assert grades["d"].outcome == "empty" and grades["d"].scorer == "judge-m"


def test_whatever_could_change_a_reply_changes_its_key():
    asked = docket([Answered(id="a", needle=NEEDLE, text="red")], JUDGE, _Nothing())
    messages, request = asked.owed[0].messages, JUDGE.request
    keys = [
        reply_key("m", messages, request, 0),
        reply_key("other", messages, request, 0),
        reply_key("m", messages[1:], request, 0),
        reply_key("m", messages, replace(request, temperature=None), 0),
        reply_key("m", messages, replace(request, max_output=501), 0),
        reply_key("m", messages, replace(request, extra_body={"top_p": 1}), 0),
        reply_key("m", messages, request, 1),
    ]
    assert len(set(keys)) == len(keys)
    assert reply_key("m", messages, replace(request, prompt_tokens=9), 0) == keys[0]


class _Nothing:
    def get(self, key: str) -> None:
        return None


@given(st.text(), st.none() | st.text())
def test_a_reply_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, text: str, reason: str | None):
    folder = tmp_path_factory.mktemp("v")
    with Verdicts(folder) as verdicts:
        verdicts.keep("k", Reply(text=text, finish_reason=reason), {"model": "m"})
    with Verdicts(folder) as verdicts:
        assert verdicts.get("k") == Reply(text=text, finish_reason=reason)
