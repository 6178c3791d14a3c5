"""Where the facts of a needle stand in an answer, and whether each is given, negated, nearly given or absent.

A fact of a type (a number, a date, a code, a name) matches as `values` says. Any other matches by its text or an alias:
words by their stems in a small window, in any order; signs (of a language without spaces) in order with particles
allowed between, or spelt in Latin letters. A long Latin word may have one letter wrong. Nothing is decided here about
the grade (see `rules`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Literal, NamedTuple

from nihbench.languages.base import Number
from nihbench.score.answer import Span, Text
from nihbench.score.grammar import Grammar, Phrase
from nihbench.score.sheet import Sheet, Sought, Wanted, make_sheet
from nihbench.score.values.amounts import amounts
from nihbench.score.values.base import How, Place, Value, kept
from nihbench.score.values.moments import moments
from nihbench.score.values.phrases import Relation
from nihbench.text.late import late
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
_SUCH = Phrase("@no_such@")
_BEFORE_SUCH = 12  # characters before words that deny the sentence before theirs ("No such sentence exists")
_LONGEST = 600  # characters of a sentence that a denial reaches over
_MOST_DENIALS = 40


def negated(answer: Text, start: int, end: int) -> bool:
    """Whether what stands at a place of an answer is negated: by a word in its clause, or by its sentence's frame."""
    if answer.negates_nothing:
        return False
    grammar, text = answer.grammar, answer.text
    frame = None
    for low, high in denials(answer):
        if low <= start < high:
            frame = low
            break
    if answer.may_negate:
        before = text[max(0, start - _REACH) if frame is None else max(frame, start - _REACH) : start]
        before = before.removesuffix("https://").removesuffix("http://")
        last = _last(_NEGATOR(grammar), before) if grammar.may_negate(before) else None
        if last is not None and not _ENDS(grammar).search(before, last.end()):
            return (frame is None) != (last.group() == "without" and _twice(grammar, before[: last.start()]))
    if frame is not None or (answer.may_deny_after and _AFTER(grammar).match(text, end)):
        return True
    inside = answer.may_negate and grammar.may_negate(text[start:end])
    return inside and _NEGATOR(grammar).search(text, start, end) is not None


def denials(answer: Text) -> tuple[Span, ...]:
    """Return the parts of an answer that are denied as a whole: "The following claim is false: ..."."""
    return kept(answer, "denials", _denials) if answer.hints & answer.grammar.denying else ()


def _denials(answer: Text) -> tuple[Span, ...]:
    grammar, text = answer.grammar, answer.text
    found = []
    for cue in answer.cues("denies")[:_MOST_DENIALS]:
        begin = next((at for at in range(cue.end, min(cue.end + 8, len(text))) if not text[at].isspace()), cue.end)
        stop = _DENIAL_ENDS(grammar).search(text, begin, begin + _LONGEST)
        found.append((begin, stop.start() if stop else min(len(text), begin + _LONGEST)))
    for cue in answer.cues("denied")[:_MOST_DENIALS]:
        low = max(0, cue.start - _LONGEST)
        last = _last(_DENIAL_ENDS(grammar), text[low : cue.start])
        if last and not text[low + last.end() : cue.start].strip(" ,这那都") and last.group()[:1] not in "。;.!?\n":
            last = _last(_DENIAL_ENDS(grammar), text[low : low + last.start()])  # ..., 其实是假的
        if not _OF_OTHERS(grammar).search(text, max(low, cue.start - _OTHERS_BEFORE), cue.start):
            begin = low + last.end() if last else low
            found.append((begin, cue.start))
            if last and cue.start - begin <= _BEFORE_SUCH and _SUCH(grammar).match(text, cue.start):
                end = low + last.start()
                earlier = _last(_DENIAL_ENDS(grammar), text[max(0, end - _LONGEST) : end])
                found.append((max(0, end - _LONGEST) + earlier.end() if earlier else max(0, end - _LONGEST), end))
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


class Found(NamedTuple):
    """One fact as it was found: `spans` are the un-negated places (the near or negated ones for those states).

    `fuzzy`: found in a spelling that is not the needle's, by pinyin or with a letter wrong. `worth`: the band of a fact
    that is given, or nearly, where it is all that is asked; `how`: in what it differs.
    """

    fact: Sought
    status: Status
    spans: tuple[Span, ...] = ()
    fuzzy: bool = False
    worth: float = 1.0
    how: How = "same"


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


class _AlikeKey(NeedleKey):
    """A needle as a key of a cache: by all that it holds, for a run reads the same one from several files."""

    __slots__ = ("written",)

    def __init__(self, needle: Needle) -> None:
        super().__init__(needle)
        self.written = repr(needle)

    def __hash__(self) -> int:
        return hash(self.written)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _AlikeKey) and self.written == other.written


@lru_cache(maxsize=512)
def _sheet_of(key: NeedleKey, expected: str, fresh: tuple[tuple[str, str], ...], question: str) -> Sheet:
    return _sheet_of_alike(_AlikeKey(key.needle), expected, fresh, question)


@lru_cache(maxsize=64)
def _sheet_of_alike(key: NeedleKey, expected: str, fresh: tuple[tuple[str, str], ...], question: str) -> Sheet:
    sheet = make_sheet(key.needle, expected, dict(fresh), question)
    told = [Text(text, sheet.grammar) for text in sheet.told]
    return replace(sheet, facts=tuple(replace(fact, denied=_polarity(fact, told)) for fact in sheet.facts))


def _polarity(fact: Sought, told: list[Text]) -> bool | None:
    """Return whether the needle itself negates a fact; None where it does in one place and not in another."""
    own = {_standing(fact, text) for text in told} - {None}
    return None if len(own) == 2 else own == {True}


def _standing(fact: Sought, text: Text) -> bool | None:
    spans = _places(fact, text)
    return all(negated(text, *span) for span in spans) if spans else None


_VAGUE = 0.7
"""A value of that worth or more is given, though not in full."""


def find(fact: Sought, answer: Text) -> Found:
    """Return how `fact` stands in `answer`: right when one un-negated place gives it."""
    spans = _places(fact, answer) or _broken(fact, answer)
    fuzzy = not spans and not fact.values
    if fuzzy:
        spans = _romanized_places(fact, answer) or _compound(fact, answer) or _misspelt(fact, answer)
    if spans and fact.relations:
        spans = [span for span in spans if not _opposed(fact, answer, span)]
        if not spans:
            return Found(fact, "near", tuple(_places(fact, answer)[:1]), worth=0.5, how="other")
    if not spans:
        return _nearly(fact, answer)
    left_out = fact.lone and any(isinstance(side, Relation) and side.is_left_out(answer) for side in fact.relations)
    if left_out and not negated(answer, *spans[0]):
        return Found(fact, "right", tuple(spans), fuzzy, worth=_VAGUE, how="part")
    denied = fact.denied
    if denied is None or fact.kind == "yes_no":
        return Found(fact, "right", tuple(spans), fuzzy)
    if answer.negates_nothing and not denied:
        return Found(fact, "right", tuple(spans), fuzzy)
    standing = tuple(span for span in spans if (negated(answer, *span) or _within(fact, answer, span)) == denied)
    return Found(fact, "right", standing, fuzzy) if standing else Found(fact, "negated", tuple(spans), fuzzy)


def _within(fact: Sought, answer: Text, span: Span) -> bool:
    """Whether a phrase is negated among its own words: the north tower is not eleven metres taller."""
    if fact.values or not fact.by_words or span[1] - span[0] < _LONG_SPAN:
        return False
    negator = _NEGATOR(answer.grammar)
    return negator.search(answer.text, *span) is not None and not any(map(negator.search, fact.forms))


_LONG_SPAN = 12  # characters


def _nearly(fact: Sought, answer: Text) -> Found:
    """Return how a fact stands that is not there as it should be."""
    if not fact.values:
        near, worth = _near(fact, answer)
        if near is None and fact.lone:
            near, worth = _another_weekday(fact, answer), 0.3
        if near is None:
            return Found(fact, "absent", worth=0.0)
        return Found(fact, "right" if worth >= _VAGUE else "near", (near,), worth=worth, how="part")
    places = [place for place in places_of(fact, answer) if place.worth > 0.0]
    standing = [p for p in places if negated(answer, p.start, p.end) == bool(fact.denied)]
    if not standing:
        return Found(fact, "absent", worth=0.0)
    best = max(standing, key=lambda place: place.worth)
    spans = tuple((p.start, p.end) for p in standing if p.worth == best.worth)
    return Found(fact, "right" if best.worth >= _VAGUE else "near", spans, worth=best.worth, how=best.how)


def places_of(fact: Sought, answer: Text) -> list[Place]:
    """Return where values of a fact's type stand in an answer, each as near as it is."""
    found = [place for value in fact.values for place in places_in(value, answer)]
    if len(fact.values) > 1:
        right = [place for place in found if place.how == "same"]
        found = [p for p in found if p.how == "same" or not any(r.start < p.end and p.start < r.end for r in right)]
    return found


def places_in(value: Value, answer: Text) -> list[Place]:
    """Return where values of a type stand in an answer; looked for once."""
    return kept(answer, id(value), value.places)  # the sheet keeps the value alive


def rivals_of(fact: Sought, answer: Text) -> list[Place]:
    """Return the places of other values that could be offered in place of a fact, un-negated, in order."""
    own = find(fact, answer).spans
    found = [p for p in places_of(fact, answer) if p.rival and p.how != "same"]
    found = [p for p in found if not any(start < p.end and p.start < end for start, end in own)]
    return [p for p in found if not negated(answer, p.start, p.end)]


def _opposed(fact: Sought, answer: Text, span: Span) -> bool:
    """Whether an answer says the opposite of where, when or how the fact says that something is."""
    return any(relation.denied(answer, span) for relation in fact.relations)


def numbers_beside(digits: str, answer: Text) -> list[Number]:
    """Return the un-negated numbers of `answer`, read with `digits` in mind."""
    return [n for n in answer.numbers(digits) if not negated(answer, n.start, n.end)]


def _places(fact: Sought, answer: Text) -> list[Span]:
    spans: list[Span] = []
    if fact.values:
        spans = [(place.start, place.end) for place in places_of(fact, answer) if place.how == "same"]
    if fact.by_signs is not None and answer.has_signs:
        spans += [m.span() for _, m in zip(range(_MOST), fact.by_signs.finditer(answer.text), strict=False)]
    if fact.firsts is None or not answer.stems.keys().isdisjoint(fact.firsts):
        stands = answer.stems.__contains__
        for wanted in fact.by_words:
            if all(map(stands, wanted.stems)):
                spans += _with_values(wanted, answer)
    return _outermost(spans) if len(spans) > 1 else spans


_BREAK = late(r"\n")


def _broken(fact: Sought, answer: Text) -> list[Span]:
    """Return where a fact stands that line breaks part, between signs and digits: 129 and 9元 on the next line."""
    if not answer.has_signs or "\n" not in answer.text:
        return []
    text = answer.text
    whole = kept(answer, "unbroken", _unbroken)
    if whole is None:
        return []
    cuts = [m.start() for m in _BREAK.finditer(text)]
    spans = _places(fact, whole)

    def back(place: int) -> int:
        for cut in cuts:
            place += cut <= place
        return place

    return [(back(start), back(end - 1) + 1) for start, end in spans]


def _unbroken(answer: Text) -> Text | None:
    """Return a text without its line breaks, where each of them stands between two signs or digits."""
    lines = answer.text.split("\n")
    whole = all(_inner(answer, a[-1:]) and _inner(answer, b[:1]) for a, b in zip(lines, lines[1:], strict=False))
    return Text("".join(lines), answer.grammar) if whole and len(lines) <= _MOST else None


def _inner(answer: Text, char: str) -> bool:
    return char.isdecimal() or answer.grammar.has_signs(char) or char in "。,."


def _with_values(wanted: Wanted, answer: Text) -> list[Span]:
    """Return where all of a form's words stand within its window, and the values of the form beside them."""
    if not wanted.values:
        spans = _together(wanted.stems, wanted.window, answer) if wanted.stems else []
        if wanted.tight:
            spans = [span for span in spans if not _PARTED.search(answer.text, *span)]
        if wanted.counts or wanted.behind:
            return [span for span in spans if _counted(wanted, answer, span)]
        return spans
    standing = [[p for p in places_in(value, answer) if p.how == "same"] for value in wanted.values]
    if not all(standing):
        return []
    spans = _together(wanted.stems, wanted.window, answer) if wanted.stems else [(p.start, p.end) for p in standing[0]]
    found = []
    for start, end in spans:
        beside = [[p for p in places if start - _BESIDE <= p.start and p.end <= end + _BESIDE
                   and (not wanted.stems or _belongs(answer, start, end, p))] for places in standing]  # fmt: skip
        if all(beside):
            nearest = [min(places, key=lambda p: abs(p.start - start)) for places in beside]
            found.append((min(start, *(p.start for p in nearest)), max(end, *(p.end for p in nearest))))
    return found


_PARTED = late(r"[;\n。]|,(?!\d)|, ")


_NUMBERED = late(r"[:|=]|^ (?:number|no\.?|nr\.?|nos\.?) ?$")


def _number_of(answer: Text, low: int, words: list[str], at: int) -> str:
    """Return the number that stands with the word at a place, in front of it or behind it; "" where there is none."""
    before = [each for each in words[max(0, at - 3) : at] if each.isdecimal()]
    if before:
        return before[-1]
    behind = [place for place in range(at + 1, min(at + 4, len(words))) if words[place].isdecimal()]
    told = (
        behind[:1] == [at + 1]
        or behind
        and _NUMBERED.search(answer.text[answer.spans[low + at][1] : answer.spans[low + behind[0]][0]])
    )
    return words[behind[0]] if told else ""


def _belongs(answer: Text, start: int, end: int, place: Place) -> bool:
    """Whether a value stands with some words: no other amount and no comma between them."""
    low, high = (end, place.start) if place.start >= end else (place.end, start)
    if low >= high:
        return True
    others = any(low <= read.first and read.last <= high and not read.single for read in amounts(answer))
    return not others and _PARTED.search(answer.text, low, high) is None


_BESIDE = 40  # characters between the words of a fact and a value that belongs to them


def _counted(wanted: Wanted, answer: Text, span: Span) -> bool:
    """Whether things stand in the number that is said of them: no other number directly before their first word."""
    low = bisect_left(answer.spans, (span[0] - _BESIDE, 0))
    words = answer.grammar.stems_of(answer.words[low:])
    for number, thing in wanted.counts:
        told = [_number_of(answer, low, words, at) for at, stem in enumerate(words[:_MOST]) if stem == thing]
        if told and number not in told and (number != "1" or "" not in told):
            return False
    for thing, number in wanted.behind:
        for at, stem in enumerate(words[:_MOST]):
            said = [each for each in words[at + 1 : at + 5] if each.isdecimal()] if stem == thing else []
            if said and number not in said[:1]:
                return False
    return True


def _outermost(spans: list[Span]) -> list[Span]:
    outermost: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if not outermost or span[1] > outermost[-1][1]:
            outermost.append(span)
    return outermost[:_MOST]


def _together(wanted: tuple[str, ...], window: int, answer: Text) -> list[Span]:
    """Return where all of some stems stand within so many words."""
    standing, spans = answer.places, answer.spans
    if len(wanted) == 1:
        return [spans[place] for place in standing[wanted[0]][:_MOST]]
    first, *others = sorted([standing[stem] for stem in wanted], key=len)
    found: list[Span] = []
    for place in first[:_MOST]:
        low = high = place
        for other in others:
            at = other[0] if len(other) == 1 else _nearest(other, place)
            if at < low:
                low = at
            elif at > high:
                high = at
        if high - low < window:
            found.append((spans[low][0], spans[high][1]))
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


def _compound(fact: Sought, answer: Text) -> list[Span]:
    """Return where two words of a fact stand as one (pearwood for pear wood), or its only one as two."""
    stems = answer.stems
    for joined, rest, window in fact.joined:
        if joined in stems and all(map(stems.__contains__, rest)):
            return _together((joined, *rest), window, answer)
    for pairs in fact.parted:
        for pair in pairs:
            at = answer.text.find(pair) if pair in answer.text else -1
            if at >= 0 and not answer.text[at - 1 : at].isalpha() and not answer.text[at + len(pair) :][:1].isalpha():
                return [(at, at + len(pair))]
    return []


def _misspelt(fact: Sought, answer: Text) -> list[Span]:
    """Return where a fact stands one of whose long words has one letter wrong, missing, too many or swapped."""
    spans: list[Span] = []
    for stem in fact.long:
        written = "" if stem in answer.stems else _one_letter_off(stem, answer)
        for wanted in fact.by_words if written and not fact.values else ():
            as_written = tuple(written if s == stem else s for s in wanted.stems)
            if stem in wanted.stems and not wanted.values and all(s in answer.stems for s in as_written):
                spans += _together(as_written, wanted.window, answer)
    return _outermost(spans)


def _one_letter_off(stem: str, answer: Text) -> str:
    close = [s for s in answer.by_letter.get(stem[0], ()) if abs(len(s) - len(stem)) < 2]
    if not close:
        return ""
    from rapidfuzz.distance import OSA

    return next((s for s in close if OSA.distance(s, stem, score_cutoff=1) == 1), "")


def _near(fact: Sought, answer: Text) -> tuple[Span | None, float]:
    """Return where at least half of a form stands, and what that is worth: half its characters in a row, or words."""
    if fact.halves is not None and answer.has_signs:
        half = fact.halves.search(answer.text)
        if half:
            return half.span(), 0.3
    if fact.lone:
        span, worth = _most_of(fact, answer)
        if span is not None:
            return span, worth
    for size, telling in fact.parts if not answer.stems.keys().isdisjoint(fact.telling) else ():
        present = [s for s in telling if s in answer.stems]
        if present and 2 * len(present) >= size:
            return answer.first(present[0]), 0.3
    return None, 0.0


def _most_of(fact: Sought, answer: Text) -> tuple[Span | None, float]:
    """Return where all but one of a short phrase's words stand: left out (0.7), or another in its place (0.5)."""
    for wanted in fact.by_words:
        size = len(wanted.stems) + len(wanted.values)
        if size == 2 and (head := _head_alone(fact, wanted, answer)):
            return head, 0.7
        if size < _MOST_OF:
            continue
        present = [stem for stem in wanted.stems if stem in answer.stems]
        if _whole_part(fact, present, answer):
            return answer.first(present[0]), 0.5
        standing = [p for v in wanted.values for p in places_in(v, answer) if p.how == "same"]
        if len(present) + min(len(standing), len(wanted.values)) != size - 1 or not present:
            continue
        spans = _together(tuple(present), wanted.window, answer)
        if spans and not negated(answer, *spans[0]):
            low, high = bisect_left(answer.spans, (spans[0][0], 0)) - 2, bisect_left(answer.spans, (spans[0][1], 0))
            around = answer.words[max(0, low) : high + 2]
            others = [w for w in around if w not in answer.grammar.empty and answer.grammar.stem(w) not in wanted.stems]
            replaced = any(answer.grammar.stem(w) not in answer.grammar.reporting for w in others)
            return spans[0], 0.5 if replaced or _opposed(fact, answer, spans[0]) else 0.7
    return None, 0.0


def _another_weekday(fact: Sought, answer: Text) -> Span | None:
    """Return where another weekday stands with the same word for how often: every other Tuesday for Thursday."""
    same = [m for side in fact.relations if (m := side.own.search(answer.text)) is not None]
    own = {number for form in fact.forms for number in _weekdays(form, answer.grammar)} if same else set()
    others = [m for m in moments(answer) if m.weekday and m.weekday not in own] if own else []
    return (others[0].start, others[0].end) if others else None


@lru_cache(maxsize=1024)
def _weekdays(form: str, grammar: Grammar) -> frozenset[int]:
    return frozenset(moment.weekday for moment in moments(Text(form, grammar)) if moment.weekday)


def _head_alone(fact: Sought, wanted: Wanted, answer: Text) -> Span | None:
    """Return where the last word of a place stands with its word for where, and nothing of its kind beside it."""
    grammar = answer.grammar
    if len(wanted.stems) != 2 or not fact.relations or wanted.stems[0] in answer.stems:
        return None
    if wanted.stems[1] not in answer.stems or not any(side.own.search(answer.text) for side in fact.relations):
        return None
    at = answer.places[wanted.stems[1]][0]
    before = answer.words[at - 1] if at else ""
    return answer.spans[at] if before in grammar.empty or not before else None


def _whole_part(fact: Sought, present: list[str], answer: Text) -> bool:
    """Whether one of the parts of a phrase, between commas, is given in all its words."""
    parts = [set(answer.grammar.content_stems(part)) for form in fact.forms[:1] for part in form.split(",")]
    return len(parts) > 1 and any(part and part <= set(present) for part in parts)


_MOST_OF = 3  # words and values: of fewer, one left out is half
