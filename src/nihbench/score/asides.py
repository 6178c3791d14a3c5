"""What an answer says by the way: of the document, of itself, of another time or thing, or a loop's cut end.

What stands in such a remark is no part of the answer: no second value beside it, and nothing invented. Asked is always
of one place; a word that the needle itself uses ("page 42") makes no remark. Nothing is decided here about a grade.
"""

from __future__ import annotations

from nihbench.score.grammar import Grammar, Phrase
from nihbench.score.sheet import Sheet
from nihbench.score.subject import names_another
from nihbench.text.late import late

SENTENCE_END = late(r"[.!?](?=\s|$)|[。\n]")
SENTENCE = 400  # characters of a sentence that are looked at, each way
_CLAUSE_END = Phrase(r"[;:—()\[\]{}|。\n]|,(?!\d)|[.!?](?=\s|$)|@clause_breaks@")
_THAN_REACH = 64  # characters before a value in which a comparison begins
_COMMA = late(r"[,;](?!\d)")
_CLAUSE = 160  # characters of a clause that are looked at, each way
_LABEL = Phrase(r"(?:@own_labels@)[^\w\n]{0,4}$")
_FIELD = late(r"(?:[{,]|\n)\s?([^\W\d][\w .-]{0,30}) ?: ?[\w -]{0,16}$")
_ANSWER_KEYS = Phrase("@answer_keys@")
_OWN_COLUMN = Phrase("@own_labels@")
_HEADER = late(r"(?m)^[^\W\d][\w -]{0,24}(?:,[\w -]{1,24}){1,6}$")
_LABEL_REACH = 40
_COUNTED = Phrase(r"[^\w\n]{0,2}(?:@own_counters@)")
_OF_THE_SOURCE = Phrase("@of_the_source@")
_PUBLISHED = Phrase("@published@")
_DERIVES = Phrase("@derives@")
_BREAKS_DOWN = Phrase("@breaks_down@")
_CLAIMS = Phrase("@claims@")
_COMPARES = Phrase("@compares@")
_UNRELATED = Phrase("@unrelated@")
_THAN = Phrase("(?:@than@)")
_THAN_END = late(r"[;。\n]|,(?!\d)|[.!?](?=\s|$)")
_ANOTHER_TIME = Phrase("@another_time@")
_LEADS = Phrase(r"[:;—(]|@leads@")
_NO_END = late(r"[^.!?。)\]}\s]\s*$")
_LEAST_LOOP = 6  # characters


def stands_aside(sheet: Sheet, text: str, start: int, end: int) -> bool:
    """Whether a value at text[start:end] is not offered in the place of the expected one.

    It numbers or dates the source, says how sure the answer is, is of another time or another thing, is there for
    comparison, or is where a loop is cut.
    """
    grammar = sheet.grammar
    low, high = clause_at(grammar, text, start, end)
    if is_label(sheet, text, start, end) or is_cut_loop(text, end):
        return True
    if names_another(sheet, text[max(low, start - 80) : start]):
        return True
    if _ANOTHER_TIME(grammar).search(text, max(0, start - 24), end + 12):
        return True
    if _is_compared(grammar, text, start, end) or text[max(0, start - 1) : start] == "<":
        return True
    if _DERIVES(grammar).search(text, low, start) or _BREAKS_DOWN(grammar).search(
        text, _sentence_start(text, start), start
    ):
        return True
    published = _PUBLISHED(grammar).search(text[low:start])
    return published is not None and not _is_known(sheet, published.group())


def is_label(sheet: Sheet, text: str, start: int, end: int) -> bool:
    """Whether words beside a number say that it counts lines, pages, confidence: nothing of what was asked."""
    before = _LABEL(sheet.grammar).search(text[max(0, start - _LABEL_REACH) : start])
    if before and not _is_known(sheet, before.group().split()[0]):
        return True
    field = _FIELD.search(text[max(0, start - _LABEL_REACH) : start]) if "{" in text else None
    if field and not (_is_known(sheet, field[1]) or _ANSWER_KEYS(sheet.grammar).search(field[1])):
        return True
    if _is_of_another_column(sheet, text, start):
        return True
    behind = _COUNTED(sheet.grammar).match(text, end)
    return behind is not None and not _is_known(sheet, behind.group())


def _is_of_another_column(sheet: Sheet, text: str, start: int) -> bool:
    """Whether a place is in a table's column ("row,answer") of another name than the answer's."""
    line = text.rfind("\n", 0, start) + 1
    head = _HEADER.search(text, 0, line) if line else None
    if head is None:
        return False
    cells, at = head.group().strip().split(","), text.count(",", line, start)
    own = _OWN_COLUMN(sheet.grammar)
    keys = [bool(_ANSWER_KEYS(sheet.grammar).search(cell)) and not own.search(cell) for cell in cells]
    return any(keys) and at < len(cells) and not keys[at] and not any(keys[:at]) and not _is_known(sheet, cells[at])


def is_cut_loop(text: str, end: int) -> bool:
    """Whether a text breaks off at a place within words that it has said before."""
    if len(text.rstrip()) > end + 1 or not _NO_END.search(text[-8:]):
        return False
    start = _sentence_start(text, max(0, len(text) - 1))
    piece = text[start:].strip()
    return len(piece) >= _LEAST_LOOP and text.find(piece, 0, start) >= 0


def is_remark(sheet: Sheet, text: str, start: int, end: int, first: int) -> bool:
    """Whether text[start:end] belongs to a remark on the document; the first of the facts stands at `first`.

    Before the facts that is all up to a colon, a dash or a "but", if it speaks of the document; behind them a clause
    whose word for the document comes before the place, without a claim that the document is said to make.
    """
    grammar = sheet.grammar
    if is_label(sheet, text, start, end) or is_cut_loop(text, end):
        return True
    low = _sentence_start(text, start)
    if _is_compared(grammar, text, start, end):
        return True
    source = _OF_THE_SOURCE(grammar)
    if start < first:
        leads = [m.start() for m in _LEADS(grammar).finditer(text, end, first)]
        return bool(leads) and source.search(text, low, leads[-1]) is not None
    begin, stop = clause_at(grammar, text, start, end)
    if grammar.is_sign(text[start : start + 1]):
        return source.search(text, begin, stop) is not None
    found = source.search(text, begin, start)
    return found is not None and _CLAIMS(grammar).search(text, found.end(), start) is None


def _is_compared(grammar: Grammar, text: str, start: int, end: int) -> bool:
    """Whether what stands there is there for comparison, or is said to have nothing to do with the answer."""
    if _COMPARES(grammar).search(text, _sentence_start(text, start), start):
        return True
    stop = SENTENCE_END.search(text, end, end + _CLAUSE)
    last = stop.start() if stop else min(len(text), end + _CLAUSE)
    comma = _COMMA.search(text, end, last)
    if compares_with_source(grammar, text, max(0, start - _THAN_REACH), start, comma.start() if comma else last):
        return True
    return _UNRELATED(grammar).search(text, end, last) is not None


def compares_with_source(grammar: Grammar, text: str, low: int, start: int, end: int) -> bool:
    """Whether a comparison that begins in text[low:start] is with what the document says elsewhere, up to `end`."""
    for than in _THAN(grammar).finditer(text, low, start):
        if not _THAN_END.search(text, than.end(), start) and _OF_THE_SOURCE(grammar).search(text, than.end(), end):
            return True
    return False


def clause_at(grammar: Grammar, text: str, start: int, end: int) -> tuple[int, int]:
    """Return the bounds of the clause that holds text[start:end]."""
    low = max(0, start - _CLAUSE)
    for mark in _CLAUSE_END(grammar).finditer(text, low, start):
        low = mark.end()
    stop = _CLAUSE_END(grammar).search(text, end, end + _CLAUSE)
    return low, stop.start() if stop else min(len(text), end + _CLAUSE)


def _sentence_start(text: str, at: int) -> int:
    low = max(0, at - SENTENCE)
    for mark in SENTENCE_END.finditer(text, low, at):
        low = mark.end()
    return low


def _is_known(sheet: Sheet, words: str) -> bool:
    """Whether the needle or its question use one of the words (or, where words are signs, all of them)."""
    grammar = sheet.grammar
    latin = [s for s in grammar.stems(words) if s not in grammar.empty and s.isalpha() and not grammar.is_sign(s[0])]
    if latin:
        return not (sheet.about - grammar.source_words).isdisjoint(latin)
    return grammar.has_signs(words) and words.strip(" :,") in sheet.question
