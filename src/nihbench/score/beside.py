"""What stands beside the facts in an answer: invented extras, and other choices offered as equals.

Each function looks for one thing and returns a short description for the evidence, or an empty string. All are
careful: they miss rather than accuse. What follows a complete answer counts only as far as it still speaks of it: a
model that runs on into a copy of its context has invented nothing.
"""

from __future__ import annotations

import re

from nihbench.lang.messages import Note, Words
from nihbench.score.answer import Text
from nihbench.score.fold import count_cjk, fold, has_cjk, is_cjk
from nihbench.score.match import negated, novel
from nihbench.score.numbers import Number, find_digits, nearness
from nihbench.score.reading import REPORTING, Reading
from nihbench.score.sheet import Sheet
from nihbench.score.subject import names_another
from nihbench.score.words import CHINESE_REPORTING, STOP_WORDS, content_stems, stem, stems

_ENGLISH = re.compile(r"\b(?:the|is|and|of|with|to|a)\b")
_ITEM = re.compile(r"^[ \t]{0,8}(?:-(?!-)|[*+](?=[ \t])|•|\d{1,2}[.)、])[ \t]?(.{1,400})", re.MULTILINE)
_NAME = re.compile(r"(?<=[a-z,)] )[A-Z][a-z]{2,20}\b")
_LOWER = re.compile(r"\b[a-z]{2}")
_NO_NAMES = frozenset(map(stem, "english chinese thank thanks please sorry hello hope enjoy sure yes great".split()))
_AND_MORE = re.compile(r"[ ,]{0,2}(?:and|plus|as well as|along with|then|followed by)\b([^.;:!?\n]{1,80})")
_LISTED = re.compile(
    r", (?!\w{1,20}:|which|that|who|where|when|as\b|so\b|because|since|according|or\b|but|though|although|while|per\b|"
    r"based|\w+ing\b"
    r"|\w+ly\b|i\.e|e\.g|it|this|these|the\b|they|he\b|she|we\b|you|just|if\b|unless|in\b|for\b|to\b|at\b|on\b|"
    r"not\b|no\b)"
    r"([^.;:!?\n]{1,80})"
)
_CHINESE_TAIL = re.compile(r"[^,;。\n!?]{0,14}[,;]([^。!?\n]{1,120})")
_EXPLAINS = re.compile(
    r"这|即|也就|因此|所以|因为|以上|请|希望|谢谢|是|具体|依次|可见|根据|据|说明|表示|意味|从而|属于|位于|文|"
    r"原文|该(?:句|段|信息)|如|"
    r"出自|见"
)
_OR_BEFORE = re.compile(r"\bor (?:\w{1,12} ){0,3}$|或(?:者?是?)?[^,。]{0,6}$")
_OR_AFTER = re.compile(r"(?:[^,;.。!?\n]{0,4}[,;] ?|[^\w,;.。!?\n]{0,3})(?:or\b|或)([^.。!?\n]{1,80})")
_ABOUT_IT = re.compile(r"\W{0,3}(?:该|其(?!他|它|余|实)|馆内|店内|内有|楼内|还|另外|此外|同时|并且)")
_SAYS_MORE = re.compile(r"[^.!?\n]{0,30}?\b(?:also|additionally|in addition|furthermore|besides|another)\b")
_NOT_A_VALUE = re.compile(
    r"(?:第|\[|page |line |paragraph |section |chapter |no\. ?|step |\(|[\d.]\.|confidence\W{1,4}|score\W{1,4}|"
    r"id\W{1,4})$"
)
_COUNTERS = re.compile(r"\W?(?:段|页|行|章|节|句|字|号|条|个|点|%|\]|\)|[.)] |:)")
_NOVEL_CHARS = 6
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。\n]")
_SENTENCE = 400  # characters of a sentence that are looked at, each way
_OF_THE_SOURCE = re.compile(r"\b(?:document|context|text|passage|essays?|mention)|文档|文中|原文|提到|文章")
_POINTS_BACK = re.compile(
    r"\W{0,3}(?:(?:it|its|this|that|these|they|the (?:number|code|place|amount|park|café|cafe))\b|[该其此这])"
)
_MORE_AT_ONCE = re.compile(
    r"\W{0,3}(?:also|additionally|in addition|furthermore|besides|another|you can also|此外|另外|还)"
)
_REMARK = 60  # characters
_STRAY_FROM = 10.0  # words: so long a sentence that shares nothing with the needle is not about it
_FOLLOWING = 8  # sentences after a complete answer that are looked at


def extras(reading: Reading) -> Words:
    """Return what a complete answer adds that neither needle nor question holds: a number, a name, one more item."""
    answer, sheet = reading.answer, reading.sheet
    known = sheet.known | REPORTING
    stop = _speaks_of_it_until(reading)
    found = _number(reading, stop)
    if found:
        return found
    chinese = answer.chinese and 2 * count_cjk(answer.text) > len(answer.text)
    if chinese:
        return _chinese_clauses(known, answer, reading.end, stop)
    if answer.chinese or has_cjk(sheet.question) or not _ENGLISH.search(answer.text):
        return ""
    return _name(known, reading, stop) or _one_more(known, answer, reading.end) or _said_more(known, reading, stop)


def choices(reading: Reading) -> Words:
    """Return the cue when the facts stand in one item of a list whose other items are choices of their own."""
    answer, sheet = reading.answer, reading.sheet
    if "\n" not in answer.original:
        return ""
    items = list(_ITEM.finditer(answer.original))
    if len(items) < 2:
        return ""
    spans = [answer.folded.original(*s) for f in reading.right for s in f.spans]
    holding = {i for i, item in enumerate(items) for s in spans if item.start() <= s[0] < item.end()}
    outside = any(all(not item.start() <= s[0] < item.end() for item in items) for s in spans)
    if len(holding) != 1 or outside:
        return ""
    others = [item.group(1) for i, item in enumerate(items) if i not in holding]
    rivals = [text for text in others[:20] if novel(fold(text).text, sheet.known | REPORTING)]
    return Note("one_of_choices", count=len(items)) if rivals else ""


def equals(reading: Reading) -> Words:
    """Return the cue when the sentence of the facts offers something else in their place."""
    text = reading.answer.text
    last = max([s[1] for f in reading.right for s in f.spans])
    low = max([text.rfind(c, max(0, reading.first - _SENTENCE), reading.first) for c in ".。\n"]) + 1
    for cue in reading.answer.cues("either", low, last + 60):
        return reading.at(cue)
    before = _OR_BEFORE.search(text, low, reading.first)
    if before and len(reading.novel(text[low : before.start()])) > 1:
        return Note("or_after_choice")
    after = _OR_AFTER.match(text, reading.end)
    return Note("or_another_choice") if after and len(reading.novel(after.group(1))) > 1 else ""


def _speaks_of_it_until(reading: Reading) -> int:
    """Return where the text that follows a complete answer stops to speak of it."""
    text, at = reading.answer.text, reading.end
    about = reading.sheet.known - REPORTING
    for _ in range(_FOLLOWING):
        end = _SENTENCE_END.search(text, at, at + _SENTENCE)
        if end is None:
            return len(text)
        begin = end.end()
        new_paragraph = end.group() == "\n" or text.startswith("\n", begin)
        after = _SENTENCE_END.search(text, begin + 1, begin + _SENTENCE)
        sentence = text[begin : after.end() if after else begin + _SENTENCE]
        if not sentence.strip():
            at = begin + 1 if begin < len(text) else begin
            new_paragraph = True
            sentence = text[at : at + _SENTENCE]
            if not sentence.strip():
                return begin
        if not _MORE_AT_ONCE.match(sentence) and (new_paragraph or _is_stray(sentence, about)):
            return begin
        at = begin
    return at


def _is_stray(sentence: str, about: frozenset[str]) -> bool:
    if _POINTS_BACK.match(sentence):
        return False
    found = stems(sentence)
    size = sum(0.5 if is_cjk(s[0]) else 1.0 for s in found)
    return size >= _STRAY_FROM and about.isdisjoint(_telling(sentence))


def _telling(sentence: str) -> list[str]:
    """The content words of a sentence; of Chinese only what is not a single common character."""
    return [s for s in content_stems(sentence) if s not in STOP_WORDS and not (is_cjk(s[0]))]


def _added(text: str, start: int, end: int, first: int) -> bool:
    """Whether text[start:end] is claimed beside the facts, the first of which stands at `first`.

    What comes in an earlier sentence, or in one that speaks of the document, is taken as a report of it.
    """
    before = [m.end() for m in _SENTENCE_END.finditer(text, max(0, start - _SENTENCE), start)]
    after = _SENTENCE_END.search(text, end, end + _SENTENCE)
    low, high = before[-1] if before else max(0, start - _SENTENCE), after.start() if after else end + _SENTENCE
    if high <= first or (not low <= first < high and _OF_THE_SOURCE.search(text, low, high)):
        return False
    return not negated(text, start, end)


def _number(reading: Reading, stop: int) -> Words:
    sheet, answer = reading.sheet, reading.answer
    expected = next((f.digits for f in sheet.facts if f.digits), "")
    numbers = answer.numbers(expected) if expected else find_digits(answer.text)
    if not numbers:
        return ""
    asked = {n.digits for n in find_digits(sheet.question)} | {expected} | sheet.known
    for number in numbers[:200]:
        if number.start >= stop:
            break
        if len(number.digits) < 2 or number.digits in asked or not answer.text[number.start].isdecimal():
            continue
        if expected and is_rival(sheet, number, expected, answer.text):
            continue  # which `rules` has judged
        about = _NOT_A_VALUE.search(answer.text, max(0, number.start - 14), number.start)
        graders = answer.cues("grader", max(0, number.start - 20), number.end + 20)
        if about or graders or (_COUNTERS.match(answer.text, number.end) and len(number.digits) < 3):
            continue
        if _added(answer.text, number.start, number.end, reading.first):
            return Note("added_number", number=number.digits)
    return ""


_CLAUSE_END = re.compile(r"[.,;:!?。\n]")
_ANOTHER_TIME = re.compile(
    r"\b(?:up|down|rose|fell|raised|increased|reduced|cut) from\b|\bcompared (?:to|with)\b|\b(?:previous|former|"
    r"old|last year|"
    r"the year before|earlier)\b|旧|原来|原先|以前|此前|去年|上一|曾经|停用"
)


def is_rival(sheet: Sheet, number: Number, expected: str, text: str) -> bool:
    """Whether a number is offered in place of the expected one (near it, or as long), not of another time or thing."""
    kind = nearness(number.digits, expected)
    if kind != "near" and (kind == "same" or len(number.digits) != len(expected)):
        return False
    clause = _CLAUSE_END.split(text[max(0, number.start - 80) : number.start])[-1]
    if names_another(sheet, clause):
        return False
    return not _ANOTHER_TIME.search(text, max(0, number.start - 24), number.end + 12)


def _name(known: frozenset[str], reading: Reading, stop: int) -> Words:
    answer = reading.answer
    names = _NAME.findall(answer.original)
    if not names or len(names) > len(_LOWER.findall(answer.original)):
        return ""  # Written In Title Case, capitals tell nothing
    for name in dict.fromkeys(names[:40]):
        word = name.lower()
        if stem(word) in known or stem(word) in _NO_NAMES or word in STOP_WORDS:
            continue
        at = answer.text.find(word, 0, stop)
        if at >= 0 and not _in_brackets(answer.text, at) and _added(answer.text, at, at + len(word), reading.first):
            return Note("added_name", name=name)
    return ""


def _in_brackets(text: str, at: int) -> bool:
    """Whether a place stands in a short remark in brackets, which explains what it follows."""
    before = text[max(0, at - _REMARK) : at]
    return before.rfind("(") > before.rfind(")") and ")" in text[at : at + _REMARK]


def _one_more(known: frozenset[str], answer: Text, end: int) -> Words:
    match = _AND_MORE.match(answer.text, end) or _LISTED.match(answer.text, end)
    words = novel(match.group(1), known) if match else []
    return Note("added_words", words=" ".join(words[:4])) if words else ""


def _said_more(known: frozenset[str], reading: Reading, stop: int) -> Words:
    """A sentence after the answer that says "also" and something new."""
    text = reading.answer.text
    for cue in reading.answer.cues("more", reading.end, stop)[:8]:
        end = _SENTENCE_END.search(text, cue.end, cue.end + _SENTENCE)
        rest = text[cue.end : end.start() if end else cue.end + _SENTENCE]
        if len(novel(rest, known)) > 1 and _added(text, cue.start, cue.end, reading.first):
            return Note("added_words", words=rest.strip()[:30])
    return ""


def _chinese_clauses(known: frozenset[str], answer: Text, end: int, stop: int) -> Words:
    """What a Chinese answer adds after the facts: in the same sentence, or in a next one that says it is about it."""
    text = answer.text
    match = _CHINESE_TAIL.match(text, end)
    clauses = [match.group(1)] if match and not _EXPLAINS.match(match.group(1)) else []
    for full_stop in _SENTENCE_END.finditer(text, end, stop):
        if _ABOUT_IT.match(text, full_stop.end()):
            after = _SENTENCE_END.search(text, full_stop.end() + 1, full_stop.end() + _SENTENCE)
            clauses.append(text[full_stop.end() : after.start() if after else full_stop.end() + _SENTENCE])
    for clause in clauses[:4]:
        chars = [s for s in stems(clause) if s not in known and s not in CHINESE_REPORTING]
        if len(chars) >= _NOVEL_CHARS and not _OF_THE_SOURCE.search(clause):
            return Note("added_words", words=clause[:20])
    return ""
