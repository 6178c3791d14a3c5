"""Which kind of nothing an answer is in which no fact was found: refused, abstained, truncated, off task, invented.

Lines as in `rules`, tried in order; the last one always decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from nihbench.lang.messages import Note
from nihbench.score.match import novel, novel_of
from nihbench.score.reading import REPORTING, Reading, Verdict
from nihbench.score.words import stem, words

_SHORT = 15.0  # words: so short a text is an answer, not a text about something else
_ECHO = 5  # characters: a shorter text repeats a question by chance
_CLAIMS = 3  # content words after "as everybody knows" that make an answer of it
_OF_THE_SOURCE = frozenset(map(stem, "based context document text passage above mentioned provided given".split()))
_UNFINISHED = re.compile(r"[^.!?。\s\])]\s{0,4}$")


def kind_of_nothing(reading: Reading) -> Verdict:
    """Return the verdict, of value 0, on an answer that gives no fact."""
    return next(filter(None, (line(reading) for line in _LINES)), _invented(reading))


def _echoed(reading: Reading) -> Verdict | None:
    text = reading.answer.text.strip(" \n.?!。")
    echo = len(text) > _ECHO and "?" in reading.answer.text and text in reading.sheet.question
    return Verdict(0.0, "off_task", Note("repeats_question")) if echo else None


def _to_the_grader(reading: Reading) -> Verdict | None:
    found = reading.answer.cues("grader")
    return Verdict(0.0, "off_task", Note("to_the_grader", words=reading.at(found[0]))) if found else None


def _refused(reading: Reading) -> Verdict | None:
    found = reading.answer.cues("refuse")
    return Verdict(0.0, "refused", Note("refuses", words=reading.at(found[0]))) if found else None


def _abstained(reading: Reading) -> Verdict | None:
    """It says that there is no answer; knowledge of the world offered after that is an invented answer."""
    found = reading.answer.cues("abstain")
    if not found:
        return None
    for outside in reading.answer.cues("outside", found[0].end)[:8]:
        rest = reading.answer.text[outside.end : outside.end + 200]
        if len(reading.novel(rest)) >= _CLAIMS and not reading.answer.cues("abstain", outside.end, outside.end + 200):
            return Verdict(0.0, "hallucinated", Note("outside_knowledge", words=reading.at(outside)))
    return Verdict(0.0, "abstained", Note("abstains", words=reading.at(found[0])))


def _cut_short(reading: Reading) -> Verdict | None:
    """Nothing but the words that lead to an answer, and no end."""
    if reading.finish_reason == "length":
        return Verdict(0.0, "truncated", Note("cut_at_limit"))
    if novel_of(_without_beginnings(reading), reading.sheet.lead | REPORTING):
        return None
    if _UNFINISHED.search(reading.answer.text[-8:]):
        return Verdict(0.0, "truncated", Note("breaks_off"))
    return Verdict(0.0, "off_task", Note("repeats_question"))


def _without_beginnings(reading: Reading) -> Collection[str]:
    """Return the answer's different words, without the numbers that begin the expected one."""
    text = reading.answer.text
    digits = next((f.digits for f in reading.sheet.facts if f.digits), "")
    kept, at = [], 0
    for number in reading.answer.numbers(digits) if digits else []:
        if digits.startswith(number.digits) and number.start >= at:
            kept.append(text[at : number.start])
            at = number.end
    return dict.fromkeys(words("".join([*kept, text[at:]]))) if kept else reading.answer.different


def _asks_back(reading: Reading) -> Verdict | None:
    found = reading.answer.cues("clarify")
    if found:
        return Verdict(0.0, "off_task", Note("asks_back_words", words=reading.at(found[0])))
    return Verdict(0.0, "off_task", Note("asks_back")) if reading.answer.text.rstrip().endswith("?") else None


def _invented(reading: Reading) -> Verdict:
    """A short text, or one that takes up the question, is an invented answer; any other is about something else."""
    if reading.answer.size <= _SHORT:
        return Verdict(0.0, "hallucinated", Note("short_without_fact"))
    asked = novel(reading.sheet.question.partition("?")[0], _OF_THE_SOURCE)
    if asked and 2 * sum(word in reading.answer.stems for word in asked) >= len(asked):
        return Verdict(0.0, "hallucinated", Note("answers_without_fact"))
    return Verdict(0.0, "off_task", Note("off_the_question"))


_LINES: tuple[Callable[[Reading], Verdict | None], ...] = (
    _echoed, _refused, _abstained, _to_the_grader, _cut_short, _asks_back,
)  # fmt: skip
