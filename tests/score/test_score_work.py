"""How often an answer is gone through: a run may hold thousands of long ones, each in words of its own."""

import re

from hypothesis import given
from hypothesis import strategies as st

from nihbench.catalog.loading import load
from nihbench.score import answer, fold, language, match, words
from nihbench.score.rules import grade

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
    for module, name in ((words, "_TOKEN"), (fold, "_SPARE"), (language, "_WORD")):
        patterns[name] = Counting(getattr(module, name))
        monkeypatch.setattr(module, name, patterns[name])
    assert grade(RAMBLING.replace("essay", "novel"), NEEDLE).value == 0.0
    assert sum(pattern.characters for pattern in patterns.values()) < 50


def test_an_answer_is_cut_into_words_once(monkeypatch):
    cut = []
    true_one = words.words
    for module in (words, match, answer):
        monkeypatch.setattr(module, "words", lambda text: cut.append(text) or true_one(text))
    assert grade(RAMBLING, NEEDLE).value == 0.0
    assert [len(text) > 1000 for text in cut].count(True) == 1


@given(ODD | st.text())
def test_words_are_what_the_pattern_finds(text):
    for each in (text, fold.fold(text).text):
        found = words.words(each)
        assert found == words._TOKEN.findall(each)
        assert words.spans(each, found) == [match.span() for match in words._TOKEN.finditer(each)]


@given(ODD | st.text())
def test_nothing_spare_is_left_and_nothing_else_is_cut(text):
    folded = fold.fold(text)
    plain = re.sub("\0+", "", text.translate(fold._TABLE)).rstrip(" ")
    assert folded.text == fold._SPARE.sub("", plain)


@given(ODD | st.text())
def test_runs_of_letters_are_what_the_pattern_finds(text):
    folded = fold.fold(text).text
    assert language._words(folded) == language._WORD.findall(folded)
