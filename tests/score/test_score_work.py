"""How often an answer is gone through: a run may hold thousands of long ones, each in words of its own."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.catalog.loading import load
from nihbench.score import language
from nihbench.score.answer import Text
from nihbench.score.grammar import AMOUNTS, DIGITS, NUMBERS, grammar_for, spans
from nihbench.score.rules import grade

GRAMMAR = grammar_for("en")
NEEDLE = load().needle("sf-sandwich")
RAMBLING = (
    "In spring people want to walk in the park, and some say that it's one thing you should do on a day like this. "
    "An essay says something of the kind - 2 or 3 pages of it. "
) * 12
ODD = st.text(
    st.sampled_from(list("abz'' ' .,:(!?-—_·12é²٣½好〇。、\n\t\r\x1c\0…\u3000*\U00020000ñßﬁ中ªͅ")), max_size=60
)


class Counting:
    """A compiled pattern that counts the characters it is run over."""

    def __init__(self, pattern):
        self.pattern, self.characters = pattern, 0

    def __getattr__(self, name):
        def run(text, *more):
            self.characters += len(text)
            return getattr(self.pattern, name)(text, *more)

        return run


def test_no_pattern_is_run_over_a_long_answer_that_holds_nothing(monkeypatch):
    assert grade(RAMBLING, NEEDLE).value == 0.0  # what is made once is made
    patterns = {}
    for module, name in ((GRAMMAR, "_token"), (GRAMMAR._folder, "spare"), (language, "_WORD")):
        patterns[name] = Counting(getattr(module, name))
        monkeypatch.setattr(module, name, patterns[name])
    assert grade(RAMBLING.replace("essay", "novel"), NEEDLE).value == 0.0
    assert sum(pattern.characters for pattern in patterns.values()) < 50


def test_an_answer_is_cut_into_words_once(monkeypatch):
    cut = []
    grammar = grammar_for("en")  # other tests may have had languages read anew
    true_one = grammar.words
    monkeypatch.setattr(grammar, "words", lambda text: cut.append(text) or true_one(text))
    assert grade(RAMBLING.replace("essay", "poem"), load().needle("sf-sandwich")).value == 0.0
    assert [len(text) > 1000 for text in cut].count(True) == 1


@given(ODD | st.text())
def test_words_are_what_the_pattern_finds(text):
    for each in (text, GRAMMAR.fold(text).text):
        found = GRAMMAR.words(each)
        assert found == GRAMMAR._token.findall(each)
        assert spans(each, found) == [match.span() for match in GRAMMAR._token.finditer(each)]


@given(ODD | st.text())
def test_nothing_spare_is_left_and_nothing_else_is_cut(text):
    folded = GRAMMAR.fold(text)
    plain = re.sub("\0+", "", text.translate(GRAMMAR._folder._table)).rstrip(" ")
    assert folded.text == GRAMMAR._folder.spare.sub("", plain)


@given(ODD | st.text())
def test_runs_of_letters_are_what_the_pattern_finds(text):
    folded = GRAMMAR.fold(text).text
    assert language._words(folded) == language._WORD.findall(folded)


CUES = [
    (language.code, kind, words, pattern)
    for language in GRAMMAR.languages
    for kind, pairs in language.grading.cues.items()
    for words, pattern in pairs
]


CHUNK = 24
"""Cues in one example: as many as its randomness suffices for."""


@pytest.mark.parametrize("begin", range(0, len(CUES), CHUNK))
def test_what_a_cue_is_looked_for_by_lets_through_whatever_its_pattern_finds(begin):
    """Its words, and the hints of a whole text, say that it may stand there: a text of its own for every cue."""
    cues = CUES[begin : begin + CHUNK]

    @settings(max_examples=6)
    @given(st.tuples(*(st.from_regex(pattern) for *_, pattern in cues)))
    def check(texts):
        for (_, kind, words, pattern), text in zip(cues, texts, strict=True):
            folded = GRAMMAR.fold(text).text
            if re.search(pattern, folded):
                for group in words.split("&"):
                    assert any(word in folded for word in group.split("|"))
                assert Text(text, GRAMMAR).hints & GRAMMAR.hints.bits[kind]

    check()


# ---- hints: what is not looked for stands nowhere ----------------------------------------------------------------


@settings(max_examples=300)
@given(st.sampled_from(GRAMMAR.gradings).flatmap(lambda each: st.from_regex(each.negators)), ODD)
def test_a_text_that_negates_is_never_told_to_negate_nothing(text, odd):
    for each in (text, odd + text + odd):
        answer = Text(each, GRAMMAR)
        if re.search(GRAMMAR.either("negators"), answer.text):
            assert GRAMMAR.may_negate(answer.text) and answer.may_negate
            assert not answer.negates_nothing


@settings(max_examples=200)
@given(
    st.sampled_from([each for each in GRAMMAR.gradings if each.denied_after]).flatmap(
        lambda each: st.from_regex(each.denied_after)
    )
)
def test_what_denies_what_stands_before_it_holds_a_word_that_says_so(text):
    answer = Text(text, GRAMMAR)
    if re.search(GRAMMAR.either("denied_after"), answer.text):
        assert answer.may_deny_after


VALUES = [each.values for each in GRAMMAR.languages if each.values and each.values.number]


@settings(max_examples=300)
@given(st.sampled_from(VALUES).flatmap(lambda each: st.from_regex(each.number)), ODD)
def test_a_text_with_a_number_in_words_or_digits_is_never_told_to_hold_none(text, odd):
    answer = Text(odd + text + odd, GRAMMAR)
    bits = GRAMMAR.hints.bits
    if any(re.search(each.number, answer.text) for each in VALUES):
        assert answer.hints & bits[AMOUNTS], answer.text
    if re.search(r"\d", answer.text):
        assert answer.hints & bits[DIGITS], answer.text
    found = [number for read in GRAMMAR.numerals._readers for number in read(answer.text, "")]
    assert not found or answer.hints & bits[NUMBERS], answer.text
