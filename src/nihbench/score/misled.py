"""Which other sentence of the haystack a wrong answer comes from, where that can be shown.

Shown means: the sentence holds nearly all of what the answer says beyond the question: its words, its number, or a long
run of its signs. A few common words shared by chance show nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nihbench.score.numbers import find_digits
from nihbench.score.reading import Reading
from nihbench.text.late import late

_SENTENCE = late(r"[^.!?。！？\n]{4,600}(?:[.!?](?!\s|$)[^.!?。！？\n]{1,200}){0,6}[.!?。！？]?")
_LEAST_WORDS = 3
_SHARE = 0.8
_RUN = 6  # signs in a row
_LEAST_DIGITS = 3


def misled_by(reading: Reading, haystack: str) -> str:
    """Return the sentence of `haystack` that the answer was taken from, or an empty string. Linear in `haystack`."""
    own = reading.sheet.told
    for found in (_by_run(reading, haystack), _by_number(reading, haystack), _by_words(reading, haystack)):
        if found and not any(found in text or text in found for text in own):
            return found
    return ""


def _sentence_at(haystack: str, at: int) -> str:
    low = max([haystack.rfind(c, max(0, at - 600), at) for c in ".!?。！？\n"]) + 1
    match = _SENTENCE.match(haystack, max(low, at - 600))
    return match.group().strip() if match else ""


def _by_run(reading: Reading, haystack: str) -> str:
    """A run of signs that stands in the haystack and neither in the needle nor in the question."""
    text = reading.answer.text
    known = "\n".join([reading.sheet.question, *(reading.grammar.fold(told).text for told in reading.sheet.told)])
    for start in range(min(len(text), 300) - _RUN + 1):
        run = text[start : start + _RUN]
        if all(map(reading.grammar.is_sign, run)) and run[:3] not in known and run[3:] not in known:
            at = haystack.find(run)
            if at >= 0:
                return _sentence_at(haystack, at)
    return ""


def _by_number(reading: Reading, haystack: str) -> str:
    if not reading.sheet.facts[0].digits:
        return ""
    for number in find_digits(reading.answer.text)[:20]:
        if len(number.digits) >= _LEAST_DIGITS and number.digits != reading.sheet.facts[0].digits:
            match = re.search(rf"(?<!\d){number.digits}(?!\d)", haystack.replace(",", ""))
            if match:
                where = re.search(",?".join(number.digits), haystack)
                return _sentence_at(haystack, where.start()) if where else ""
    return ""


def _by_words(reading: Reading, haystack: str) -> str:
    grammar = reading.grammar
    wanted = {s for s in reading.novel(reading.answer.text[:600]) if not grammar.is_sign(s[0])}
    if len(wanted) < _LEAST_WORDS:
        return ""
    best, most = "", 0.0
    for sentence in _sentences(haystack):
        folded = sentence.casefold()
        share = len(wanted.intersection(map(grammar.stem, re.findall(r"[a-z]+|\d+", folded)))) / len(wanted)
        if share > most:
            best, most = sentence, share
    return (
        best.strip()
        if most >= _SHARE and len(wanted & set(grammar.stems(grammar.fold(best).text))) >= _LEAST_WORDS
        else ""
    )


def _sentences(haystack: str) -> Iterator[str]:
    return (match.group() for match in _SENTENCE.finditer(haystack))
