"""What stands beside the facts in an answer: invented extras, and other choices offered as equals.

Each function looks for one thing and returns a short description for the evidence, or an empty string. All are
careful: they miss rather than accuse.
"""

from __future__ import annotations

import re

from nihbench.score import cues
from nihbench.score.fold import fold, is_cjk
from nihbench.score.match import Found, Sheet, Text, novel
from nihbench.score.numbers import find_numbers, nearness
from nihbench.score.reading import REPORTING
from nihbench.score.words import CHINESE_REPORTING, STOP_WORDS, stem, tokens

_ENGLISH = re.compile(r"\b(?:the|is|and|of|with|to|a)\b")
_ITEM = re.compile(r"^[ \t]{0,8}(?:[-*•+]|\d{1,2}[.)、])[ \t]?(.{1,400})", re.MULTILINE)
_NAME = re.compile(r"(?<=[a-z,)] )[A-Z][a-z]{2,20}\b")
_LOWER = re.compile(r"\b[a-z]{2}")
_NO_NAMES = frozenset(map(stem, "english chinese thank thanks please sorry hello hope enjoy sure yes great".split()))
_AND_MORE = re.compile(r"[ ,]{0,2}(?:and|plus|as well as|along with|then|followed by)\b([^.;:!?\n]{1,80})")
_MORE_IN_CHINESE = re.compile(r"[^,;。\n!?]{0,14}[,;]([^。!?\n]{1,120})")
_EXPLAINS = re.compile(
    r"这|即|也就|因此|所以|因为|以上|请|希望|谢谢|是|具体|依次|可见|根据|据|说明|表示|意味|从而|属于|位于|文|原文|该(?:句|段|信息)|如"
)
_NOT_A_VALUE = re.compile(r"(?:第|\[|page |line |paragraph |section |chapter |no\. ?|step |\()$")
_COUNTERS = re.compile(r"\W?(?:段|页|行|章|节|句|字|号|条|个|点|%|\]|\)|[.)] |:)")
_NOVEL_CHARS = 6
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。\n]")
_SENTENCE = 400  # characters of a sentence that are looked at, each way
_OF_THE_SOURCE = re.compile(r"\b(?:document|context|text|passage|essays?|mention)|文档|文中|原文|提到")


def extras(sheet: Sheet, found: tuple[Found, ...], answer: Text, original: str) -> str:
    """Return what a complete answer adds that neither needle nor question holds: a number, a name, one more item."""
    known = sheet.known | REPORTING
    end = max(f.spans[0][1] for f in found)
    english = not any(map(is_cjk, answer.text + sheet.question)) and _ENGLISH.search(answer.text) is not None
    first = min(f.spans[0][0] for f in found)
    return (
        _number(sheet, answer, first)
        or (_name(known, answer, original, first) if english else "")
        or (_one_more(known, answer, end) if english else "")
        or (_chinese_clause(known, answer, end) if _mostly_chinese(answer.text) else "")
    )


def choices(sheet: Sheet, found: tuple[Found, ...], answer: Text, original: str) -> str:
    """Return the cue when the facts stand in one item of a list whose other items are choices of their own."""
    items = list(_ITEM.finditer(original))
    if len(items) < 2:
        return ""
    spans = [answer.folded.original(*s) for f in found for s in f.spans]
    holding = {i for i, item in enumerate(items) for s in spans if item.start() <= s[0] < item.end()}
    outside = any(all(not item.start() <= s[0] < item.end() for item in items) for s in spans)
    if len(holding) != 1 or outside:
        return ""
    others = [item.group(1) for i, item in enumerate(items) if i not in holding]
    rivals = [text for text in others if novel(fold(text).text, sheet.known | REPORTING)]
    return f"one of {len(items)} choices" if rivals else ""


def equals(answer: Text, found: tuple[Found, ...]) -> str:
    """Return the cue when the sentence of the facts says either/or."""
    starts = [s[0] for f in found for s in f.spans]
    ends = [s[1] for f in found for s in f.spans]
    low = max(answer.text.rfind(c, 0, min(starts)) for c in ".。\n") + 1
    for cue in cues.find("either", answer.text, low):
        if cue.start < max(ends) + 40:
            return answer.text[cue.start : cue.end]
    return ""


def _added(text: str, start: int, end: int, first: int) -> bool:
    """Whether text[start:end] is claimed beside the facts, the first of which stands at `first`.

    What comes in an earlier sentence, or in one that speaks of the document, is taken as a report of it.
    """
    before = [m.end() for m in _SENTENCE_END.finditer(text, max(0, start - _SENTENCE), start)]
    after = _SENTENCE_END.search(text, end, end + _SENTENCE)
    low, high = before[-1] if before else max(0, start - _SENTENCE), after.start() if after else end + _SENTENCE
    if high <= first or (not low <= first < high and _OF_THE_SOURCE.search(text, low, high)):
        return False
    return not cues.negated(text, start, end)


def _mostly_chinese(text: str) -> bool:
    return 2 * sum(map(is_cjk, text)) > len(text)


def _number(sheet: Sheet, answer: Text, first: int) -> str:
    expected = next((f.digits for f in sheet.facts if f.digits), "")
    asked = {n.digits for n in find_numbers(sheet.question)} | {expected} | sheet.known
    for number in find_numbers(answer.text, expected):
        if len(number.digits) < 2 or number.digits in asked or not answer.text[number.start].isdecimal():
            continue
        if len(number.digits) == len(expected) or nearness(number.digits, expected) != "other":
            continue  # a rival of the expected number, which `rules` has judged
        about = _NOT_A_VALUE.search(answer.text, max(0, number.start - 10), number.start)
        graders = cues.find("grader", answer.text[max(0, number.start - 20) : number.end + 20])
        if about or graders or _COUNTERS.match(answer.text, number.end) and len(number.digits) < 3:
            continue
        if _added(answer.text, number.start, number.end, first):
            return f"added number {number.digits}"
    return ""


def _name(known: frozenset[str], answer: Text, original: str, first: int) -> str:
    names = list(_NAME.finditer(original))
    if len(names) > len(_LOWER.findall(original)):
        return ""  # Written In Title Case, capitals tell nothing
    for match in names:
        word = stem(match.group().lower())
        if word in known or word in _NO_NAMES or match.group().lower() in STOP_WORDS:
            continue
        at = answer.text.find(match.group().lower())
        if at >= 0 and _added(answer.text, at, at + len(match.group()), first):
            return f"added name {match.group()}"
    return ""


def _one_more(known: frozenset[str], answer: Text, end: int) -> str:
    match = _AND_MORE.match(answer.text, end)
    words = novel(match.group(1), known) if match else []
    return f"added {' '.join(words[:4])}" if words else ""


def _chinese_clause(known: frozenset[str], answer: Text, end: int) -> str:
    match = _MORE_IN_CHINESE.match(answer.text, end)
    if not match or _EXPLAINS.match(match.group(1)):
        return ""
    chars = [t.stem for t in tokens(match.group(1)) if t.stem not in known and t.stem not in CHINESE_REPORTING]
    return f"added {match.group(1)[:20]}" if len(chars) >= _NOVEL_CHARS else ""
