from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nihbench.catalog.loading import load
from nihbench.score.grammar import grammar_for
from nihbench.score.rivals import core, judgements, near_copies, rivals, sentences_of, subject_pattern, terms
from nihbench.types import Needle, Subject

GRAMMAR = grammar_for("en")
SF = load().needle("sf-sandwich")
CITY = (
    "The fog came in at noon.\n\nIn San\nFrancisco the rents are high.\n\nMany say the best city is San Francisco.\n\n"
    "The most useful thing I own is a pen.\n\nA good thing is rare.\n\nThe SF bay is cold.\n\nA sf novel lay there.\n"
)


def test_core_is_what_is_asked():
    assert core(SF.question, GRAMMAR) == "What is the most fun thing to do in San Francisco  ?"
    assert (
        core("北京最值得体验的活动是什么？仅基于上述文档，不要给出上述文档以外的信息。", GRAMMAR)
        == "北京最值得体验的活动是什么？"
    )
    assert core("Name the city", GRAMMAR) == "Name the city"


def test_words_of_judgement():
    assert judgements("What is the most fun thing? The best one, of most of them, at most people's.", GRAMMAR) == (
        "most fun", "best",
    )  # fmt: skip
    assert judgements("北京最值得体验的活动，最好的事情；最后一个，最近", GRAMMAR) == ("最值得", "最好")


def test_terms_are_stems_and_pairs():
    assert terms("The cats were walking 3 miles", GRAMMAR) == ["cat", "walk", "3", "mil"]
    assert terms("去五道营胡同的路", GRAMMAR) == ["五道", "道营", "营胡", "胡同"]


def test_names_of_the_subject():
    found = subject_pattern(Subject(text="San Francisco", aliases=("SF", "旧金山")), GRAMMAR)
    assert all(found.search(text) for text in ("san  francisco", "in San\nFrancisco", "the SF bay", "在旧金山"))
    assert not any(found.search(text) for text in ("sf novel", "SFO", "San Franciscos", "San Jose"))


def test_rivals_by_hand():
    found = {" ".join(r.text.split()): r for r in rivals(sentences_of(CITY, "en"), SF, SF.question)}
    # Three terms: subject in 3 of 7 sentences, judgement in 3 (best, most useful, good), "thing" in 2.
    two, three = (math.log(1 + (7 - n + 0.5) / (n + 0.5)) for n in (2, 3))
    whole = 2 * three + two
    assert {text: (round(r.weight, 6), r.names_subject, r.fits) for text, r in found.items()} == {
        "The most useful thing I own is a pen.": (round((three + two) / whole, 6), False, True),
        "A good thing is rare.": (round((three + two) / whole, 6), False, True),
        "Many say the best city is San Francisco.": (round(2 * three / whole, 6), True, True),
        "In San Francisco the rents are high.": (round(three / whole, 6), True, False),
        "The SF bay is cold.": (round(three / whole, 6), True, False),
    }
    # The likeliest first, those alike in the order of the text.
    assert [text.split()[1] for text in found] == ["most", "good", "say", "San", "SF"]
    for rival in found.values():
        assert CITY[rival.start : rival.end] == rival.text


def test_rivals_in_chinese():
    text = "北京的秋天很短。上海最值得体验的活动是坐船。他喜欢喝茶。"
    found = rivals(sentences_of(text, "zh"), load().needle("beijing-coffee"), "北京最值得体验的活动是什么？")
    assert [r.text for r in found] == ["上海最值得体验的活动是坐船。", "北京的秋天很短。"]
    assert [r.names_subject for r in found] == [False, True]


def test_near_copies_count_the_needle_s_words():
    told = "The best thing to do in Oakland is eat a sandwich and sit in Dolores Park on a sunny day."
    sentences = sentences_of(f"Nothing here.\n\n{told}\n\nA sandwich is food.\n", "en")
    ((index, share),) = near_copies(sentences, SF.statements[0], 0.7)
    assert sentences.at(index) == told
    wanted = set(terms(SF.statements[0], GRAMMAR))
    assert share == pytest.approx(len(wanted - {"san", "francisco"}) / len(wanted))


@given(st.text(max_size=300), st.sampled_from(["en", "zh"]), st.text(max_size=60))
def test_any_text_is_taken_and_places_are_right(text, language, question):
    needle = Needle(name="n", language=language, statements=("s",), question=question, subject=Subject(text="a b"))
    for rival in rivals(sentences_of(text, language), needle, question):
        assert text[rival.start : rival.end] == rival.text and 0.0 <= rival.weight <= 1.0 + 1e-9
