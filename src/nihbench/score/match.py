"""Where the facts of a needle stand in an answer, and whether each is given, negated, nearly given or absent.

A fact matches by its text or an alias: words by their stems in a small window, in any order; signs (of a language
without spaces) in order with particles allowed between, or spelt in Latin letters; numbers by their digits. A long
Latin word may have one letter wrong. Nothing is decided here about the grade (see `rules`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from nihbench.languages.base import Number
from nihbench.score.answer import Span, Text
from nihbench.score.grammar import Grammar, Phrase
from nihbench.score.numbers import nearness
from nihbench.score.sheet import Sheet, Sought, make_sheet
from nihbench.types import Needle

# ---- negation --------------------------------------------------------------------------------------------------------
# Whether what stands at a place in an answer is negated there: by a word before it in its clause, or after it.

_NEGATOR = Phrase("@negators@")
_ENDS = Phrase("@negation_ends@")
_AFTER = Phrase(r"[^.,;:!?\n。]{0,30}?(?:@denied_after@)|(?:@denied_at_once@)")
_TWICE = Phrase("@twice@")
_REACH = 90  # characters before a place that are looked at
_DENIAL_ENDS = Phrase(r"[.!?](?=\s|$)|[。;]|\n\s*\n|@denial_ends@")
_OF_OTHERS = Phrase("@of_others@")
_OTHERS_BEFORE = 40
_LONGEST = 600  # characters of a sentence that a denial reaches over
_MOST_DENIALS = 40


def negated(grammar: Grammar, text: str, start: int, end: int) -> bool:
    """Whether what stands at text[start:end] is negated: by a word in its clause, or by its sentence's frame."""
    frame = next((low for low, high in denials(grammar, text) if low <= start < high), None)
    before = text[max(0, start - _REACH) if frame is None else max(frame, start - _REACH) : start]
    last = _last(_NEGATOR(grammar), before)
    if last is not None and not _ENDS(grammar).search(before, last.end()):
        return (frame is None) != (last.group() == "without" and _twice(grammar, before[: last.start()]))
    return frame is not None or _AFTER(grammar).match(text, end) is not None


@lru_cache(maxsize=8)
def denials(grammar: Grammar, text: str) -> tuple[Span, ...]:
    """Return the parts of a folded text that are denied as a whole: "The following claim is false: ..."."""
    found = []
    for cue in grammar.find("denies", text)[:_MOST_DENIALS]:
        begin = next((at for at in range(cue.end, min(cue.end + 8, len(text))) if not text[at].isspace()), cue.end)
        stop = _DENIAL_ENDS(grammar).search(text, begin, begin + _LONGEST)
        found.append((begin, stop.start() if stop else min(len(text), begin + _LONGEST)))
    for cue in grammar.find("denied", text)[:_MOST_DENIALS]:
        low = max(0, cue.start - _LONGEST)
        last = _last(_DENIAL_ENDS(grammar), text[low : cue.start])
        if not _OF_OTHERS(grammar).search(text, max(low, cue.start - _OTHERS_BEFORE), cue.start):
            found.append((low + last.end() if last else low, cue.start))
    return tuple(found)


def _twice(grammar: Grammar, before: str) -> bool:
    """Whether another negator stands before "without" in its clause: never bakes one without figs."""
    found = _last(_TWICE(grammar), before)
    return found is not None and not _ENDS(grammar).search(before, found.end())


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for match in pattern.finditer(text):
        found = match
    return found


Status = Literal["right", "negated", "near", "absent"]

_MOST = 64  # places of one fact that are looked at


@dataclass(frozen=True, slots=True)
class Found:
    """One fact as it was found: `spans` are the un-negated places (the near or negated ones for those states).

    `fuzzy`: found in a spelling that is not the needle's, by pinyin or with a letter wrong.
    """

    fact: Sought
    status: Status
    spans: tuple[Span, ...] = ()
    fuzzy: bool = False


class NeedleKey:
    """A needle as a key of a cache: by identity, as its mappings can't be hashed; holding it keeps it alive."""

    __slots__ = ("needle",)

    def __init__(self, needle: Needle) -> None:
        self.needle = needle

    def __hash__(self) -> int:
        return id(self.needle)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NeedleKey) and self.needle is other.needle


def sheet_of(needle: Needle, expected: str, fresh: Mapping[str, str], question: str) -> Sheet:
    """Return what an answer to `needle` is held against; made once for the same arguments."""
    return _sheet_of(NeedleKey(needle), expected, tuple(fresh.items()), question)


@lru_cache(maxsize=512)
def _sheet_of(key: NeedleKey, expected: str, fresh: tuple[tuple[str, str], ...], question: str) -> Sheet:
    sheet = make_sheet(key.needle, expected, dict(fresh), question)
    told = [Text(text, sheet.grammar) for text in sheet.told]
    return replace(sheet, facts=tuple(replace(fact, denied=_polarity(fact, told)) for fact in sheet.facts))


def _polarity(fact: Sought, told: list[Text]) -> bool | None:
    """Return whether the needle itself negates a fact; None where it does in one place and not in another."""
    own = {_standing(fact, text) for text in told} - {None}
    return None if len(own) == 2 else own == {True}


def _standing(fact: Sought, text: Text) -> bool | None:
    spans = _places(fact, text)
    return all(negated(text.grammar, text.text, *span) for span in spans) if spans else None


def find(fact: Sought, answer: Text) -> Found:
    """Return how `fact` stands in `answer`: right when one un-negated place gives it."""
    spans = _places(fact, answer)
    fuzzy = not spans and fact.digits is None
    if fuzzy:
        spans = _romanized_places(fact, answer) or _misspelt(fact, answer)
    if not spans:
        near = None if fact.digits else _near(fact, answer)
        return Found(fact, "near", (near,)) if near else Found(fact, "absent")
    denied = fact.denied
    if denied is None:
        return Found(fact, "right", tuple(spans), fuzzy)
    standing = tuple(span for span in spans if negated(answer.grammar, answer.text, *span) == denied)
    return Found(fact, "right", standing, fuzzy) if standing else Found(fact, "negated", tuple(spans), fuzzy)


def numbers_beside(digits: str, answer: Text) -> list[Number]:
    """Return the un-negated numbers of `answer`, read with `digits` in mind."""
    return [n for n in answer.numbers(digits) if not negated(answer.grammar, answer.text, n.start, n.end)]


def _places(fact: Sought, answer: Text) -> list[Span]:
    if fact.digits:
        return [(n.start, n.end) for n in answer.numbers(fact.digits) if nearness(n.digits, fact.digits) == "same"]
    spans: list[Span] = []
    if fact.by_signs is not None and answer.has_signs:
        spans = [m.span() for _, m in zip(range(_MOST), fact.by_signs.finditer(answer.text), strict=False)]
    present = answer.stems
    for wanted, window in fact.by_words:
        for stem in wanted:
            if stem not in present:
                break
        else:
            spans += _together(wanted, window, answer) if wanted else []
    return _outermost(spans) if len(spans) > 1 else spans


def _outermost(spans: list[Span]) -> list[Span]:
    outermost: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if not outermost or span[1] > outermost[-1][1]:
            outermost.append(span)
    return outermost[:_MOST]


def _together(wanted: tuple[str, ...], window: int, answer: Text) -> list[Span]:
    """Return where all of some stems stand within so many words."""
    first, *others = sorted((answer.places[stem] for stem in wanted), key=len)
    found: list[Span] = []
    for place in first[:_MOST]:
        group = [place, *(_nearest(other, place) for other in others)]
        low, high = min(group), max(group)
        if high - low < window:
            found.append((answer.spans[low][0], answer.spans[high][1]))
    return found


def _nearest(places: list[int], place: int) -> int:
    at = bisect_left(places, place)
    return min(places[max(0, at - 1) : at + 1], key=lambda p: abs(p - place))


def _romanized_places(fact: Sought, answer: Text) -> list[Span]:
    """Return where a fact of signs stands in Latin letters."""
    if fact.by_signs is None or not answer.latin:
        return []
    written, pattern = _romanized(answer.grammar, fact.forms)
    if pattern is None:
        return []
    for syllables in written:
        for syllable in syllables:
            if syllable not in answer.text:
                break
        else:
            return _outermost([m.span() for m in pattern.finditer(answer.text)][:_MOST])
    return []


@lru_cache(maxsize=1024)
def _romanized(grammar: Grammar, forms: tuple[str, ...]) -> tuple[list[list[str]], re.Pattern[str] | None]:
    """Return the syllables of every form of signs in Latin letters, and a pattern for them all."""
    spelt = [grammar.romanized(form) for form in forms if len(form) > 1 and all(map(grammar.is_sign, form))]
    written = [list(syllables) for syllables in spelt if syllables]
    patterns = ["[ '-]?".join(map(re.escape, syllables)) for syllables in written]
    return written, re.compile(rf"(?<![a-z])(?:{'|'.join(patterns)})(?![a-z])") if patterns else None


def _misspelt(fact: Sought, answer: Text) -> list[Span]:
    """Return where a fact stands one of whose long words has one letter wrong, missing, too many or swapped."""
    spans: list[Span] = []
    for stem in fact.long:
        written = "" if stem in answer.stems else _one_letter_off(stem, answer)
        for wanted, window in fact.by_words if written else ():
            as_written = tuple(written if s == stem else s for s in wanted)
            if stem in wanted and all(s in answer.stems for s in as_written):
                spans += _together(as_written, window, answer)
    return _outermost(spans)


def _one_letter_off(stem: str, answer: Text) -> str:
    close = [s for s in answer.by_letter.get(stem[0], ()) if abs(len(s) - len(stem)) < 2]
    if not close:
        return ""
    from rapidfuzz.distance import OSA

    return next((s for s in close if OSA.distance(s, stem, score_cutoff=1) == 1), "")


def _near(fact: Sought, answer: Text) -> Span | None:
    """Return where at least half of a form stands: half its characters in a row, or half its words."""
    if fact.halves is not None and answer.has_signs:
        half = fact.halves.search(answer.text)
        if half:
            return half.span()
    for size, telling in fact.parts:
        present = [s for s in telling if s in answer.stems]
        if present and 2 * len(present) >= size:
            return answer.first(present[0])
    return None
