"""Whether two facts of an answer have changed places: each stands with the words that the needle puts beside the other.

"62 per cent is rapeseed oil and 38 per cent is diesel" gives each fact its own words; an answer in which both facts
stand in clauses with more of each other's words than of their own has swapped them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from nihbench.score.grammar import Grammar
from nihbench.score.match import Found
from nihbench.score.reading import Reading
from nihbench.text.late import late

_CLAUSE = late(r"[;。!?\n—]|\.(?=\s|$)|,(?!\d)|、| and | while | whereas |而(?!且)|和")
_MOST = 40  # clauses that are looked at


def swapped(reading: Reading) -> tuple[Found, ...]:
    """Return the facts that stand in each other's places; none where all stand in their own."""
    sheet = reading.sheet
    if sheet.by_words or sheet.listed or sheet.ordered or not 1 < len(sheet.facts) < 5:
        return ()
    forms = tuple(fact.forms for fact in sheet.facts)
    own = _own_words(forms, sheet.statements, sheet.grammar)
    if len([words for words in own if words]) < 2:
        return ()
    clauses = _clauses(reading.answer.text)
    astray: list[Found] = []
    strict = False
    for number, found in enumerate(reading.found):
        if found.status != "right" or not own[number]:
            continue
        inside = [clause for clause in clauses if any(clause[0] <= s < clause[1] for s, _ in found.spans[:4])]
        if len(inside) != 1 or _shared(reading, inside[0]) != 1:
            return ()
        words = _words(reading.answer.text[slice(*inside[0])], sheet.grammar)
        mine = len(words & own[number])
        others = max(len(words & each) for at, each in enumerate(own) if at != number)
        if others and others >= mine:
            astray.append(found)
            strict = strict or others > mine
    return tuple(astray) if len(astray) > 1 and strict else ()


def _shared(reading: Reading, clause: tuple[int, int]) -> int:
    """Return how many facts stand in a clause."""
    return len([f for f in reading.right if any(clause[0] <= s < clause[1] for s, _ in f.spans[:4])])


def _clauses(text: str) -> list[tuple[int, int]]:
    cuts = [m.span() for m, _ in zip(_CLAUSE.finditer(text), range(_MOST), strict=False)]
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(text)]
    return list(zip(starts, ends, strict=True))


@lru_cache(maxsize=512)
def _own_words(
    forms: tuple[tuple[str, ...], ...], statements: tuple[str, ...], grammar: Grammar
) -> tuple[frozenset[str], ...]:
    """Return the words that stand with each fact in its clause of the needle, and with no other fact."""
    beside: list[frozenset[str]] = []
    facts = frozenset(word for each in forms for form in each for word in _words(form, grammar))
    for each in forms:
        found: frozenset[str] = frozenset()
        for statement in statements:
            for start, end in _clauses(statement):
                clause = statement[start:end]
                if each[0] in clause and len([other for other in forms if other[0] in clause]) == 1:
                    found = _words(clause, grammar) - facts
        beside.append(found)
    return tuple(
        words - frozenset().union(*(other for at, other in enumerate(beside) if at != number))
        for number, words in enumerate(beside)
    )


def _words(text: str, grammar: Grammar) -> frozenset[str]:
    """Return the content words of a text, and pairs of signs."""
    words = {s for s in grammar.content_stems(text) if s not in grammar.empty and not grammar.is_sign(s[0])}
    runs = re.findall(f"[{grammar.signs}]{{2,}}", text) if grammar.signs else []
    pairs = {run[at : at + 2] for run in runs for at in range(len(run) - 1)}
    return frozenset(words | {pair for pair in pairs if not set(pair) & grammar.light})
