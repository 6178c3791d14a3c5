"""Whether an answer gives the needle's content to somebody or something else than the needle's subject.

Looked at is only what an answer puts between the very neighbours that the subject has in its sentence ("the city of
X", "X always adds", 在X最好的). An answer that names the right subject, or none, is not accused.
"""

from __future__ import annotations

import re

from nihbench.score.answer import Text
from nihbench.score.sheet import Sheet


def other_subject(sheet: Sheet, answer: Text) -> str:
    """Return the subject that an answer puts in the place of the needle's own, or an empty string."""
    names = sheet.subjects
    if not names or any([name in answer.text for name in names]):
        return ""
    for statement in sheet.statements:
        before, name, after = statement.partition(names[0])
        if name:
            in_place = _by_signs if sheet.grammar.is_sign(name[0]) else _by_words
            other = in_place(before, name, after, answer)
            told = other in before + after or other in sheet.question or sheet.grammar.stem(other) in sheet.known
            if other and not told and not set(other) & sheet.grammar.demonstratives:
                return other
    return ""


def names_another(sheet: Sheet, clause: str) -> bool:
    """Whether a clause names a thing of the subject's kind that is not the subject: 二号仓库, the number for Porto."""
    names, grammar = sheet.subjects, sheet.grammar
    if any(name in clause for name in names):
        return False
    kin = any(grammar.is_sign(name[0]) and len(name) > 2 and name[1:] in clause for name in names)
    if kin or any(map(grammar.is_sign, clause)):
        return kin
    words = grammar.content_stems(clause)
    new = [s for s in words if s not in sheet.heard and s not in grammar.empty and s.isalpha()]
    return bool(new) and len({s for s in words if s in sheet.lead and s not in grammar.empty}) > 1


def _by_words(before: str, name: str, after: str, answer: Text) -> str:
    """Return a capitalised word with the two words before it, or the two after it, that `name` has."""
    head, tail = before.split()[-2:], after.split()[:2]
    grammar = answer.grammar
    patterns = []
    if len(head) == 2:
        patterns.append(rf"\b{re.escape(' '.join(head))} ([a-z]{{2,20}})")
    if len(tail) == 2 and all(word.isalpha() for word in tail) and not grammar.empty.issuperset(tail):
        patterns.append(rf"\b([a-z]{{2,20}}) {re.escape(' '.join(tail))}\b")
    for pattern in patterns:
        match = re.search(pattern, answer.text)
        if match is None:
            continue
        word = match.group(1)
        capital = answer.original[answer.folded.place(match.start(1))].isupper()
        if capital and word not in grammar.empty and grammar.stem(word) not in grammar.reporting:
            return word
    return ""


def _by_signs(before: str, name: str, after: str, answer: Text) -> str:
    """Return what stands between the same neighbours; at a sentence's head it must share more than half its end."""
    head, tail = before[-1:], after.strip()[:3]
    if len(tail) < 2:
        return ""
    pattern = rf"{re.escape(head)}([{answer.grammar.signs}]{{1,{len(name) + 2}}}){re.escape(tail)}"
    match = re.search(pattern, answer.text)
    if match is None:
        return ""
    other = match.group(1)
    if head:
        return other
    shared = 0
    while shared < min(len(other), len(name)) and other[-1 - shared] == name[-1 - shared]:
        shared += 1
    prefix = other[: len(other) - shared]
    return other if 2 * shared > len(name) and prefix and not set(prefix) & answer.grammar.light else ""
