"""What stands beside the facts in an answer: invented extras, and other choices offered as equals.

Each function looks for one thing and returns a short description for the evidence, or an empty string. All are
careful: they miss rather than accuse. What follows a complete answer counts only as far as it still speaks of it: a
model that runs on into a copy of its context has invented nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from nihbench.lang.messages import Note, Words
from nihbench.languages.base import Number
from nihbench.score.answer import Text
from nihbench.score.asides import SENTENCE, SENTENCE_END, compares_with_source, is_remark, stands_aside
from nihbench.score.grammar import Grammar, Phrase
from nihbench.score.match import negated
from nihbench.score.numbers import find_digits, nearness
from nihbench.score.reading import Reading
from nihbench.score.sheet import Sheet
from nihbench.score.values.amounts import amounts
from nihbench.text.late import late

_SHOWS = Phrase("@shows@")
_ITEM = late(r"^[ \t]{0,8}(?:-(?!-)|[*+](?=[ \t])|•|\d{1,2}[.)、])[ \t]?(.{1,400})", re.MULTILINE)
_OWN_FIELD = Phrase(r"\W{0,3}(?:@own_labels@)\W{0,3}:")
_NAME = late(r"(?<=[a-z,)] )[A-Z][a-z]{2,20}\b")
_LOWER = late(r"\b[a-z]{2}")
_AND_MORE = Phrase("@and_more@")
_LISTED = Phrase("@listed@")
_OF_THEM = Phrase(r"\W{0,2}(?:@of_them@)")
_TAIL = Phrase("@tail@")
_TELLS = Phrase("[ ,]{0,2}(?:@tells@)([^.;:!?\\n]{1,160})")
_TOLD = 3  # content words of its own that make such a clause an extra
_JOINS = Phrase(r"[ \n]*(?:,(?!\d)|、|\n[ \t]*(?:[-*•]|\d{1,2}[.)])?|(?:@joins@))[ \n]*")
_JOIN_ONLY = Phrase(r"(?:[ ,、]|(?:@joins@))+")
_MORE_ITEMS = late(r"[^\n]{0,80}(?:\n[ \t]{0,8}(?:[-*•]|\d{1,2}[.)])[^\n]{1,80}){0,20}")
_OPENS = late(r"[.!?](?=\s|$)|[。\n:]")
_FRAMED = late(r"[:(){}\[\]<>]")  # a remark in brackets, a field
_NO_ITEM = Phrase(r"\W*(?:@no_item@)")
_ITEM_WORDS = 3  # words of its own
_ITEM_LENGTH = 8  # words, or signs
_EXPLAINS = Phrase("@explains@")
_OR_BEFORE = Phrase("(?:@or_before@)$")
_OR_AFTER = Phrase(r"(?:[^,;.。!?\n]{0,4}[,;] ?|[^\w,;.。!?\n]{0,3})(?:@or_after@)([^.。!?\n]{1,80})")
_ABOUT_IT = Phrase("@about_it@")
_NOT_A_VALUE = Phrase(r"(?:\[|\(|[\d.]\.|@not_a_value@)$")
_COUNTERS = Phrase(r"\W?(?:@counters@|%|\]|\)|[.)] |:)")
_NOVEL_CHARS = 6
_OWN_SIGNS = 4  # different signs of its own that make such a clause an extra
_CLAUSE_MARK = late(r"[,;](?!\d)|[,;](?<!\d[,;])")
_ASIDE_CUES = ("hedge", "abstain", "grader", "retract", "confirm", "either", "refuse", "override")
_OF_THE_SOURCE = Phrase("@of_the_source@")
_OWN_NOUNS = "own_nouns"
_OF_THE_FORM = Phrase("(?:@of_the_form@)")
_POINTS_BACK = Phrase(r"\W{0,3}(?:@speaks_of_it@)")
_MORE_AT_ONCE = Phrase(r"\W{0,3}(?:@more_at_once@)")
_EITHER_REACH = 160  # characters behind the facts
_CONVERTED = 16  # characters between an amount and what it is in another unit
_REMARK = 60  # characters
_STRAY_FROM = 10.0  # words: so long a sentence that shares nothing with the needle is not about it
_FOLLOWING = 8  # sentences after a complete answer that are looked at


def extras(reading: Reading) -> Words:
    """Return what a complete answer adds that neither needle nor question holds: a number, a name, one more item."""
    if not reading.says_more:
        return ""
    answer, sheet, grammar = reading.answer, reading.sheet, reading.grammar
    known = sheet.heard
    stop = _speaks_of_it_until(reading)
    found = _number(reading, stop) or _one_more_item(known, reading, stop)
    if found:
        return found
    if answer.has_signs and 2 * grammar.count_signs(answer.text) > len(answer.text) - _latin_given(reading):
        return _clauses_of_signs(known, answer, reading.end, stop) or _clauses_between(known, reading)
    if answer.has_signs or grammar.has_signs(sheet.question) or not _SHOWS(grammar).search(answer.text):
        return ""
    return (
        _name(known, reading, stop)
        or _one_more(known, answer, reading.end)
        or _told_of_it(known, reading, stop)
        or _goes_on(known, reading, stop)
        or _said_more(known, reading, stop)
    )


@lru_cache(maxsize=64)
def own_nouns(grammar: Grammar) -> frozenset[str]:
    """Return what a value is called by, and the parts of a date: stems of words, and signs."""
    said = [grading.phrases.get(_OWN_NOUNS, "") for grading in grammar.gradings]
    return frozenset(piece for text in said for piece in (map(grammar.stem, text.split()) if text.isascii() else text))


def _latin_given(reading: Reading) -> int:
    """Return how long the given values are that are no signs: an answer in Chinese may give a code or an address."""
    spans = [found.spans[0] for found in reading.right if found.fact.values]
    return sum(end - start for start, end in spans if reading.answer.text[start:end].isascii())


def choices(reading: Reading) -> Words:
    """Return the cue when the facts stand in one item of a list whose other items are choices of their own."""
    answer, sheet = reading.answer, reading.sheet
    if "\n" not in answer.original:
        return ""
    items = list(_ITEM.finditer(answer.original))
    if len(items) < 2:
        return ""
    spans = [answer.folded.original(*s) for f in reading.right for s in f.spans]
    holding = {i for i, item in enumerate(items) for s in spans if s[0] < item.end() and item.start() < s[1]}
    outside = any(all(not item.start() <= s[0] < item.end() for item in items) for s in spans)
    if len(holding) != 1 or outside:
        return ""
    grammar = reading.grammar
    others = [grammar.fold(item.group(1)).text for i, item in enumerate(items) if i not in holding]
    known = sheet.heard
    rivals = [text for text in others[:20] if grammar.novel(text, known) and not _OWN_FIELD(grammar).match(text)]
    return Note("one_of_choices", count=len(items)) if rivals else ""


def equals(reading: Reading) -> Words:
    """Return the cue when the sentence of the facts offers something else in their place."""
    text, grammar = reading.answer.text, reading.grammar
    last = max([s[1] for f in reading.right for s in f.spans])
    low = max([text.rfind(c, max(0, reading.first - SENTENCE), reading.first) for c in ".。\n"]) + 1
    for cue in reading.answer.cues("either", low, last + _EITHER_REACH):
        return reading.at(cue)
    before = _OR_BEFORE(grammar).search(text, low, reading.first)
    if before and len(reading.novel(text[low : before.start()])) > 1:
        return Note("or_after_choice")
    after = _OR_AFTER(grammar).match(text, reading.end)
    if after is None:
        return ""
    other = reading.novel(after.group(1))
    word = len(other) == 1 and not grammar.is_sign(other[0][0])  # a sign alone is no other thing
    return Note("or_another_choice") if word or len(other) > 1 else ""


def _speaks_of_it_until(reading: Reading) -> int:
    """Return where the text that follows a complete answer stops to speak of it."""
    text, at, grammar = reading.answer.text, reading.end, reading.grammar
    about = reading.sheet.about
    for _ in range(_FOLLOWING):
        end = SENTENCE_END.search(text, at, at + SENTENCE)
        if end is None:
            return len(text)
        begin = end.end()
        new_paragraph = end.group() == "\n" or text.startswith("\n", begin)
        after = SENTENCE_END.search(text, begin + 1, begin + SENTENCE)
        sentence = text[begin : after.end() if after else begin + SENTENCE]
        if not sentence.strip():
            at = begin + 1 if begin < len(text) else begin
            new_paragraph = True
            sentence = text[at : at + SENTENCE]
            if not sentence.strip():
                return begin
        if not _MORE_AT_ONCE(grammar).match(sentence) and (new_paragraph or _is_stray(grammar, sentence, about)):
            return begin
        at = begin
    return at


def _is_stray(grammar: Grammar, sentence: str, about: frozenset[str]) -> bool:
    if _POINTS_BACK(grammar).match(sentence):
        return False
    found = grammar.stems(sentence)
    size = sum(0.5 if grammar.is_sign(s[0]) else 1.0 for s in found)
    return size >= _STRAY_FROM and about.isdisjoint(_telling(grammar, sentence))


def _telling(grammar: Grammar, sentence: str) -> list[str]:
    """The content words of a sentence; a sign by itself tells nothing."""
    return [s for s in grammar.content_stems(sentence) if s not in grammar.empty and not grammar.is_sign(s[0])]


def _added(reading: Reading, start: int, end: int) -> bool:
    """Whether the answer claims text[start:end] beside its facts.

    What comes in an earlier sentence, in another that speaks of the document, or in a remark, is taken as a report.
    """
    text, grammar, first = reading.answer.text, reading.grammar, reading.first
    before = [m.end() for m in SENTENCE_END.finditer(text, max(0, start - SENTENCE), start)]
    after = SENTENCE_END.search(text, end, end + SENTENCE)
    low, high = before[-1] if before else max(0, start - SENTENCE), after.start() if after else end + SENTENCE
    if high <= first or (not low <= first < high and _OF_THE_SOURCE(grammar).search(text, low, high)):
        return False
    return not is_remark(reading.sheet, text, start, end, first) and not negated(reading.answer, start, end)


def _number(reading: Reading, stop: int) -> Words:
    sheet, answer, grammar = reading.sheet, reading.answer, reading.grammar
    expected = next((f.digits for f in sheet.facts if f.digits), "")
    numbers = answer.numbers(expected) if expected else find_digits(answer.text)
    if not numbers:
        return ""
    known = sheet.numbers
    for number in numbers[:200]:
        if number.start >= stop:
            break
        if (
            len(number.digits) < 2
            or number.digits in known
            or number.digits == expected
            or not answer.text[number.start].isdecimal()
        ):
            continue
        if reading.covered(number.start, number.end) or (expected and is_rival(sheet, number, expected, answer.text)):
            continue  # which `rules` has judged
        if _is_converted(reading, number.start, number.end):
            continue
        about = _NOT_A_VALUE(grammar).search(answer.text, max(0, number.start - 14), number.start)
        graders = answer.cues("grader", max(0, number.start - 20), number.end + 20)
        if about or graders or (_COUNTERS(grammar).match(answer.text, number.end) and len(number.digits) < 3):
            continue
        if _added(reading, number.start, number.end):
            return Note("added_number", number=number.digits)
    return ""


def _is_converted(reading: Reading, start: int, end: int) -> bool:
    """Whether a number is of an amount right behind the given one, in another unit or currency: 26.8万元 (约合...)."""
    answer = reading.answer
    for found in reading.right:
        unit = getattr(found.fact.value, "unit", "")
        for read in amounts(answer) if unit else ():
            if read.first <= start and end <= read.last and read.unit and read.unit != unit:
                return any(0 <= read.start - high <= _CONVERTED for _, high in found.spans)
    return False


def is_rival(sheet: Sheet, number: Number, expected: str, text: str) -> bool:
    """Whether a number is offered in place of the expected one (near it, or as long), not of another time or thing."""
    kind = nearness(number.digits, expected)
    if kind != "near" and (kind == "same" or len(number.digits) != len(expected)):
        return False
    return not stands_aside(sheet, text, number.start, number.end)


def _name(known: frozenset[str], reading: Reading, stop: int) -> Words:
    answer, grammar = reading.answer, reading.grammar
    names = _NAME.findall(answer.original)
    if not names or len(names) > len(_LOWER.findall(answer.original)):
        return ""  # Written In Title Case, capitals tell nothing
    for name in dict.fromkeys(names[:40]):
        word = name.lower()
        if grammar.stem(word) in known or grammar.stem(word) in grammar.no_names or word in grammar.empty:
            continue
        at = answer.text.find(word, 0, stop)
        if (
            at >= 0
            and not reading.covered(at, at + len(word))
            and not _in_brackets(answer.text, at)
            and not _taken_back(answer, at, reading.first)
            and _added(reading, at, at + len(word))
        ):
            return Note("added_name", name=name)
    return ""


def _taken_back(answer: Text, at: int, first: int) -> bool:
    """Whether what stands before the facts is taken back before they are given: "first I thought X, but it is Y"."""
    return at < first and bool(answer.cues("override", at, first) or answer.cues("retract", at, first))


def _in_brackets(text: str, at: int) -> bool:
    """Whether a place stands in a short remark in brackets, which explains what it follows."""
    before = text[max(0, at - _REMARK) : at]
    return before.rfind("(") > before.rfind(")") and ")" in text[at : at + _REMARK]


_LISTED_WORDS = 4  # words of an item


def item_more(reading: Reading) -> Words:
    """Return an item that an answer names beside those of a list, among them or behind them."""
    sheet = reading.sheet
    if not (sheet.listed in ("list", "order") or (sheet.ordered and len(sheet.facts) > 2)):
        return ""
    text, grammar = reading.answer.text, reading.grammar
    line = re.compile(r"[.。!?\n]").search(text, reading.end)
    stop = line.start() if line else len(text)
    joints = "|".join(each.values.joints for each in grammar.languages if each.values and each.values.joints)
    at = reading.first
    for m in [*re.finditer(rf"(?:{joints})(?! *\n)", text[:stop]), None]:
        low, high = at, m.start() if m else stop
        if m is not None and m.start() < reading.first:
            continue
        at = m.end() if m else stop
        item = text[low:high]
        if _OF_THEM(grammar).match(item):
            continue
        if low >= high or reading.covered(low, high) or len(grammar.words(item)) > 2 * _LISTED_WORDS:
            continue
        novel = grammar.novel(item, sheet.heard)
        signs = sum(grammar.is_sign(s[0]) for s in novel)
        if (
            novel
            and len(novel) - signs <= _LISTED_WORDS
            and (not signs or signs > 1)
            and not negated(reading.answer, low, high)
        ):
            return Note("added_words", words=item.strip()[:30])
    return ""


def _one_more(known: frozenset[str], answer: Text, end: int) -> Words:
    grammar = answer.grammar
    match = _AND_MORE(grammar).match(answer.text, end) or _LISTED(grammar).match(answer.text, end)
    if match is None or _OF_THE_SOURCE(grammar).search(match.group(1)):
        return ""
    words = grammar.novel(match.group(1), known)
    if all(word in own_nouns(grammar) for word in words):
        return ""  # 30 June 2037, a Tuesday
    return Note("added_words", words=" ".join(words[:4])) if words else ""


def _told_of_it(known: frozenset[str], reading: Reading, stop: int) -> Words:
    """A clause behind the facts that tells more of what they name: "..., who has lived there for ten years"."""
    text, grammar = reading.answer.text, reading.grammar
    match = _TELLS(grammar).match(text, reading.end, stop)
    words = grammar.novel(match.group(1), known) if match else []
    if match is None or len(words) < _TOLD or not _added(reading, match.start(1), match.end(1)):
        return ""
    if compares_with_source(grammar, text, match.start(1), match.end(1), match.end(1)):
        return ""
    return Note("added_words", words=" ".join(words[:4]))


def _goes_on(known: frozenset[str], reading: Reading, stop: int) -> Words:
    """A further sentence that tells more of what was asked for: "It covers water and electricity."."""
    text, grammar = reading.answer.text, reading.grammar
    for mark in SENTENCE_END.finditer(text, reading.end, stop):
        if not _ABOUT_IT(grammar).match(text, mark.end()):
            continue
        after = SENTENCE_END.search(text, mark.end() + 1, mark.end() + SENTENCE)
        low, high = mark.end(), after.start() if after else min(len(text), mark.end() + SENTENCE)
        words = grammar.novel(text[low:high], known)
        cued = any(
            reading.answer.cues(kind, low, high) for kind in ("hedge", "abstain", "grader", "retract", "confirm")
        )
        compared = compares_with_source(grammar, text, low, high, high)
        if len(words) >= _TOLD and not cued and not compared and _added(reading, low + 1, high):
            return Note("added_words", words=" ".join(words[:4]))
    return ""


def _one_more_item(known: frozenset[str], reading: Reading, stop: int) -> Words:
    """One more item among facts that the needle lists: before them, between them, or joined to them."""
    text, grammar = reading.answer.text, reading.grammar
    if len(reading.right) < 2 or not is_enumeration(reading.sheet):
        return ""
    spans = sorted(f.spans[0] for f in reading.right)
    first, last = spans[0][0], max(e for _, e in spans)
    low = max([m.end() for m in _OPENS.finditer(text, max(0, first - SENTENCE), first)], default=0)
    ended = SENTENCE_END.search(text, last, stop)
    listed = text.count("\n", first, last) > 0
    more = _MORE_ITEMS.match(text, last) if listed else None
    high = more.end() if more else ended.start() if ended else stop
    for start, end, joined in _pieces(grammar, text, low, high):
        if any(start < e and s < end for s, e in spans) or reading.covered(start, end):
            continue
        piece = text[start:end]
        if not _may_be_item(grammar, piece, before=end <= first, joined=joined or (listed and start > first)):
            continue
        words = grammar.novel(piece, known)
        if words and len(words) <= _ITEM_WORDS and _added(reading, start, end):
            return Note("added_words", words=piece.strip()[:40])
    return ""


def _pieces(grammar: Grammar, text: str, low: int, high: int) -> list[tuple[int, int, bool]]:
    """Return what stands between marks and words that join items, and whether such a word (or 、) stands before it."""
    found, at, joined = [], low, False
    for mark in _JOINS(grammar).finditer(text, low, high):
        if text[at : mark.start()].strip():
            found.append((at, mark.start(), joined))
            joined = False
        joined = joined or mark.group().strip(" \n") not in (",", "-", "*", "•", "")
        at = mark.end()
    return [*found, (at, high, joined)] if text[at:high].strip() else found


def _may_be_item(grammar: Grammar, piece: str, *, before: bool, joined: bool) -> bool:
    """Whether a piece could be an item: a few words, none of which begins a clause or a remark."""
    if _NO_ITEM(grammar).match(piece) or len(grammar.words(piece)) > _ITEM_LENGTH or _FRAMED.search(piece):
        return False
    return not (grammar.has_signs(piece) and (before or not joined))


@lru_cache(maxsize=256)
def _enumerates(told: str, forms: tuple[tuple[str, ...], ...], grammar: Grammar) -> bool:
    spans = [next(((told.find(f), told.find(f) + len(f)) for f in each if f in told), None) for each in forms]
    if len(spans) < 3 or None in spans:
        return False
    kept = sorted(span for span in spans if span)
    return all(_JOIN_ONLY(grammar).fullmatch(told, a[1], b[0]) for a, b in zip(kept, kept[1:], strict=False))


def is_enumeration(sheet: Sheet) -> bool:
    """Whether the needle names its facts, three or more, as items of one list."""
    forms = tuple(fact.forms[:1] for fact in sheet.facts)
    return any(_enumerates(told, forms, sheet.grammar) for told in sheet.statements)


def _said_more(known: frozenset[str], reading: Reading, stop: int) -> Words:
    """A sentence after the answer that says "also" and something new."""
    text, grammar = reading.answer.text, reading.grammar
    for cue in reading.answer.cues("more", reading.end, stop)[:8]:
        end = SENTENCE_END.search(text, cue.end, cue.end + SENTENCE)
        rest = text[cue.end : end.start() if end else cue.end + SENTENCE]
        if len(grammar.novel(rest, known)) > 1 and _added(reading, cue.start, cue.end):
            return Note("added_words", words=rest.strip()[:30])
    return ""


def _clauses_of_signs(known: frozenset[str], answer: Text, end: int, stop: int) -> Words:
    """What an answer without spaces adds behind the facts: in their sentence, or in a next one that speaks of it."""
    text, grammar = answer.text, answer.grammar
    match = _TAIL(grammar).match(text, end)
    clauses = [match.group(1)] if match and not _EXPLAINS(grammar).match(match.group(1)) else []
    for full_stop in SENTENCE_END.finditer(text, end, stop):
        if _ABOUT_IT(grammar).match(text, full_stop.end()):
            after = SENTENCE_END.search(text, full_stop.end() + 1, full_stop.end() + SENTENCE)
            clauses.append(text[full_stop.end() : after.start() if after else full_stop.end() + SENTENCE])
    for clause in clauses[:4]:
        chars = [s for s in grammar.stems(clause) if s not in known and s not in grammar.reporting_signs]
        if "{" in text or _OF_THE_FORM(grammar).search(clause):
            continue
        if len(chars) >= _NOVEL_CHARS and not _OF_THE_SOURCE(grammar).search(clause):
            return Note("added_words", words=clause[:20])
    return ""


def _clauses_between(known: frozenset[str], reading: Reading) -> Words:
    """A clause of its own in signs among the facts or right behind them that tells something else of the thing."""
    text, grammar = reading.answer.text, reading.grammar
    spans = sorted(s for f in reading.right for s in f.spans)
    last = max(f.spans[0][1] for f in reading.right)
    stop = SENTENCE_END.search(text, last)
    high = stop.start() if stop else len(text)
    at = spans[0][1]
    for mark in [*_CLAUSE_MARK.finditer(text, at, high), None]:
        low, end = at, mark.start() if mark else high
        at = mark.end() if mark else high
        clause = text[low:end]
        if low <= spans[0][1] or any(s < end and low < e for s, e in spans) or reading.covered(low, end):
            continue
        if "{" in text and ":" in clause:
            continue  # a further field
        if _OF_THE_FORM(grammar).search(clause):
            continue
        if _EXPLAINS(grammar).match(clause) or _OF_THE_SOURCE(grammar).search(clause):
            if low >= last:
                break  # and so does what follows in that sentence
            continue
        if not grammar.has_signs(clause):
            continue
        chars = {s for s in grammar.stems(clause) if s not in known and s not in grammar.reporting_signs}
        chars -= grammar.light
        cued = any(reading.answer.cues(kind, low, end) for kind in _ASIDE_CUES)
        if len(chars) >= _OWN_SIGNS and not cued and _added(reading, low, end):
            return Note("added_words", words=clause[:20])
    return ""
