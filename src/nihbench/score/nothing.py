"""Which kind of nothing an answer is in which no fact was found: refused, abstained, truncated, off task, invented.

Lines as in `rules`, tried in order; the last one always decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from itertools import filterfalse, islice
from operator import eq

from nihbench.lang.messages import Note
from nihbench.score.grammar import Grammar
from nihbench.score.match import rivals_of
from nihbench.score.reading import Reading, Verdict
from nihbench.text.late import late

OFF_THE_QUESTION = Note("off_the_question")
_SHORT = 15.0  # words: so short a text is an answer, not a text about something else
_ECHO = 5  # characters: a shorter text repeats a question by chance
_CLAIMS = 3  # content words after "as everybody knows" that make an answer of it
_ADDRESSES = ("url", "email", "phone", "uuid", "plate", "code", "version", "coordinates")
_LONGEST_LEAD = 400  # characters of an answer that only leads up to one
_BEGUN = 2  # content words of its own that make an answer of what was cut
_SOME = 0.25  # of the question's words
_LEAST_WORDS = 8  # of gibberish
_LEAST_DOUBLED = 3  # different words that it says twice at once
_NEXT_SENTENCE = late(r"\n\s*\n|[.!?]\s+(?=[A-Z“\"(])|[。！？](?=\s*[^\s。！？”」』）)])")
_SENTENCE_END = late(r"[.!?](?=\s|$)|[。\n]")
_UNFINISHED = late(r"[^.!?。\s\])]\s{0,4}$")


def kind_of_nothing(reading: Reading) -> Verdict:
    """Return the verdict, of value 0, on an answer that gives no fact."""
    for line in _NOTHING_LINES:
        verdict = line(reading)
        if verdict:
            return verdict
    return _invented(reading)


def _echoed(reading: Reading) -> Verdict | None:
    lines = [line.strip(" .?!。") for line in re.split(r"[\n?]", reading.answer.text)]
    said = [line for line in lines if len(line) > _ECHO]
    echo = bool(said) and "?" in reading.answer.text and all(line in reading.sheet.question for line in said)
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
        return Verdict(0.0, "truncated", Note("cut_at_limit")) if _says_nothing_yet(reading) else None
    if reading.grammar.novel_of(_without_beginnings(reading), reading.sheet.lead | reading.grammar.reporting):
        return Verdict(0.0, "truncated", Note("breaks_off")) if _leads_up_only(reading) else None
    if _UNFINISHED.search(reading.answer.text[-8:]):
        return Verdict(0.0, "truncated", Note("breaks_off"))
    return Verdict(0.0, "off_task", Note("repeats_question"))


def _leads_up_only(reading: Reading) -> bool:
    """Whether an answer breaks off in its first sentence that takes up the question, and in nothing but its words."""
    text = reading.answer.text
    marks = [m.end() for m in _SENTENCE_END.finditer(text)]
    last = text[marks[-1] :] if marks else ""
    if not marks or len(text) > _LONGEST_LEAD or not last.strip() or not _UNFINISHED.search(text[-8:]):
        return False
    known = reading.sheet.lead | reading.grammar.reporting
    named = any(name in last for name in reading.sheet.subjects) or _asked_of(reading, last) >= _SOME
    own = reading.grammar.novel_of(dict.fromkeys(reading.grammar.words(last)), known)
    return named and not own and not _takes_up_question(reading, text[: marks[-1]])


def _says_nothing_yet(reading: Reading) -> bool:
    """Whether an answer that was cut had given none, right or wrong: it was leading up to one."""
    text, grammar = reading.answer.text, reading.grammar
    marks = [m.end() for m in _SENTENCE_END.finditer(text)]
    last = text[marks[-1] :] if marks else text
    known = reading.sheet.lead | grammar.reporting
    if _takes_up_question(reading, text[: len(text) - len(last)]):
        return False
    if _asked_of(reading, last) >= _SOME:
        return len(grammar.novel_of(_kept_of(reading, last), known)) < _BEGUN
    return (not last.strip() and text.rstrip().endswith(":")) or (not marks and reading.answer.size <= _SHORT)


def _takes_up_question(reading: Reading, text: str) -> bool:
    share = _asked_of(reading, text)
    named = any(name in text for name in reading.sheet.subjects)
    return share > 0.5 or (share == 0.5 and (named or not reading.sheet.subjects))


def _asked_of(reading: Reading, text: str) -> float:
    """Return the share that a text has of what the question asks of its subject (of its subject, if that is all)."""
    grammar, sheet = reading.grammar, reading.sheet
    telling = _telling(sheet.question, sheet.subjects, grammar)
    stems = reading.answer.stems if text is reading.answer.text else grammar.stems(text)
    return len(telling.intersection(stems)) / len(telling) if telling else 0.0


@lru_cache(maxsize=512)
def _telling(question: str, subjects: tuple[str, ...], grammar: Grammar) -> frozenset[str]:
    asked = frozenset(grammar.novel(question.partition("?")[0], grammar.source_words))
    subject = {s for name in subjects for s in grammar.stems(name)}
    return asked - subject or asked


def _is_gibberish(reading: Reading) -> bool:
    """Whether words or signs are said two and three times over, as nobody speaks."""
    words = list(islice(filterfalse(str.isdecimal, reading.answer.words), 400))
    if len(words) < _LEAST_WORDS or 3 * sum(map(eq, words, words[1:])) < len(words):
        return False
    doubled = {one for one, other in zip(words, words[1:], strict=False) if one == other}
    return len(doubled) >= _LEAST_DOUBLED


def _gibberish(reading: Reading) -> Verdict | None:
    return Verdict(0.0, "off_task", Note("gibberish")) if _is_gibberish(reading) else None


def _without_beginnings(reading: Reading) -> Collection[str]:
    """Return the answer's different words, without the numbers that begin the expected one."""
    return _kept_of(reading, reading.answer.text)


def _kept_of(reading: Reading, text: str) -> Collection[str]:
    digits = next((f.digits for f in reading.sheet.facts if f.digits), "")
    kept, at = [], 0
    for number in reading.grammar.numbers(text, digits) if digits else []:
        if digits.startswith(number.digits) and number.start >= at:
            kept.append(text[at : number.start])
            at = number.end
    if not kept and text is reading.answer.text:
        return reading.answer.different
    return dict.fromkeys(reading.grammar.words("".join([*kept, text[at:]])))


def _asks_back(reading: Reading) -> Verdict | None:
    found = reading.answer.cues("clarify")
    if found:
        return Verdict(0.0, "off_task", Note("asks_back_words", words=reading.at(found[0])))
    return Verdict(0.0, "off_task", Note("asks_back")) if reading.answer.text.rstrip().endswith("?") else None


def _invented(reading: Reading) -> Verdict:
    """A short text, or one that takes up the question, is an invented answer; any other is about something else."""
    text = reading.answer.text
    sentences = len(_NEXT_SENTENCE.findall(reading.answer.original))
    if reading.answer.size <= _SHORT and (not sentences or _asked_of(reading, text) >= _SOME):
        return Verdict(0.0, "hallucinated", Note("short_without_fact"))
    if _takes_up_question(reading, text) or _offers_another(reading):
        return Verdict(0.0, "hallucinated", Note("answers_without_fact"))
    return Verdict(0.0, "off_task", OFF_THE_QUESTION)


def _offers_another(reading: Reading) -> bool:
    """Whether a sentence with a word of the question gives another address, code or number of that kind."""
    text = reading.answer.text
    for fact in reading.sheet.facts:
        for place in rivals_of(fact, reading.answer)[:20] if fact.kind in _ADDRESSES else ():
            low = max(
                [m.end() for m in _SENTENCE_END.finditer(text, max(0, place.start - 300), place.start)], default=0
            )
            stop = _SENTENCE_END.search(text, place.end)
            said = f"{text[low : place.start]} {text[place.end : stop.start() if stop else len(text)]}"
            if _asked_of(reading, said) > 0.0:
                return True
    return False


_NOTHING_LINES: tuple[Callable[[Reading], Verdict | None], ...] = (
    _echoed, _refused, _abstained, _to_the_grader, _gibberish, _cut_short, _asks_back,
)  # fmt: skip
