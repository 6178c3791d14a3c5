"""How an answer is told to have been read: the facts where they stand in the answer as written, and what decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from nihbench.catalog.loading import load
from nihbench.score.explain import CUES, explain
from nihbench.score.rules import grade
from nihbench.types import Score

NEEDLES = load(Path(__file__).parents[1] / "data" / "answers").needles
ANSWERS = {
    "figs": "It is **Figs**, prosciutto and goat cheese, perhaps.",
    "harrow-budget": "The following claim is false: it was 46,350 dollars.",
    "coffee-price": "会员价1299元，便宜300元。",
    "review-meeting": "改到了2025年11月18日，上午三点半。",
    "night-warden": "Nothing is said of that.",
}
LINES = {"figs": "whole", "harrow-budget": "denied", "night-warden": "nothing"}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_told_is_what_was_graded_and_stands_where_it_is_told(name: str) -> None:
    answer = ANSWERS[name]
    read = explain(answer, NEEDLES[name])
    assert read.grade == grade(answer, NEEDLES[name])
    assert read.line == LINES.get(name, read.line) != ""
    places = [place for fact in read.facts for place in fact.places] + [place for _, place in read.cues]
    for place in [*places, *read.denied]:
        assert answer[place.start : place.end] == place.words != ""
    assert isinstance(read.grade, Score)
    given = {fact.name for fact in read.facts if fact.status == "right"}
    assert given == {name for name, *_ in read.grade.evidence.found} or read.line == "denied"
    assert {kind for kind, _ in read.cues} <= set(CUES)


def test_types_doubts_and_denials_are_told() -> None:
    figs = explain(ANSWERS["figs"], NEEDLES["figs"])
    assert [kind for kind, _ in figs.cues] == ["hedge"] and figs.kind == "facts"
    denied = explain(ANSWERS["harrow-budget"], NEEDLES["harrow-budget"])
    assert [place.words for place in denied.denied] == ["it was 46,350 dollars"]
    assert [fact.status for fact in denied.facts] == ["negated"]
    assert explain("x", NEEDLES["review-meeting"]).kind == "moment"


def test_an_answer_that_is_all_thinking_has_no_reading() -> None:
    read = explain("<think>It is figs", NEEDLES["figs"])
    assert read.facts == () and read.line == ""
