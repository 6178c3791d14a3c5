"""Whether two persons (or things) of one act have changed places: "A sold B the mill" against "B sold A the mill".

Read are only acts in the words of the needle itself: the same verb with both names, in the active or the passive voice.
Another verb ("bought" for "sold") is not judged.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from nihbench.score.grammar import Grammar
from nihbench.score.reading import Reading
from nihbench.score.sheet import Sheet
from nihbench.text.late import late

_NAMES = late(r"(?:[A-Z][\w'’-]+)(?: (?:of |the |de |van )?[A-Z][\w'’-]+){0,3}")
_PASSIVE = late(r"\b(?:is|are|was|were|been|being|be)\b[^.;]{0,40}\bby\b")
_BY = late(r"\bby(?: the)? $")
_ACT = late(
    r"(?P<giver>[^,。;:\n]{2,10}?)(?:[把将][^,。;\n]{1,12}?)?(?P<verb>[^\W\da-z_])(?:给|到|成)了?(?P<taker>[^,。;:\n]{2,10})"
)
_SENTENCE = 160  # characters in which both names stand


class _Act(NamedTuple):
    """Who does what to whom in a sentence of the needle: folded names, and the stems between them."""

    doer: str
    other: str
    verbs: frozenset[str]


def crossed(reading: Reading) -> str:
    """Return the name that stands in the other's place, or an empty string."""
    text, grammar = reading.answer.text, reading.grammar
    for act in _acts(reading.sheet):
        if act.doer not in text or act.other not in text:
            continue
        doer = _doer_in_signs(act, text) if grammar.has_signs(act.doer) else _doer_in_words(act, text, grammar)
        if doer == act.other:
            return doer
    return ""


@lru_cache(maxsize=512)
def _acts(sheet: Sheet) -> tuple[_Act, ...]:
    """Return the acts that the needle's sentences and answer tell, each between its first two names."""
    found: dict[_Act, None] = {}
    grammar = sheet.grammar
    for told in sheet.told:
        for m in _ACT.finditer(grammar.fold(told).text):
            found[_Act(m["giver"], m["taker"].rstrip("。"), frozenset(m["verb"]))] = None
        names = list(_NAMES.finditer(told))[:2]
        if len(names) < 2:
            continue
        one, other = (grammar.fold(m.group()).text for m in names)
        between = told[names[0].end() : names[1].start()]
        first = grammar.words(grammar.fold(between).text)[:1]
        verbs = frozenset(
            s for s in grammar.content_stems(grammar.fold(" ".join(first)).text) if s not in grammar.empty
        )
        if one in grammar.empty or not verbs or one == other or re.search(r"[.;,]|\band\b|\bor\b", between):
            continue
        act = _Act(one, other, verbs)
        # Read by the same eyes, the needle's own sentence must tell what it tells.
        if _doer_in_words(act, grammar.fold(told).text, grammar) == act.doer:
            found[act] = None
    return tuple(found)


def _doer_in_words(act: _Act, text: str, grammar: Grammar) -> str:
    """Return which of both names does the act in an answer, "" where that is not told in the same verb."""
    places = sorted([(text.find(act.doer), act.doer), (text.find(act.other), act.other)])
    (low, first), (high, second) = places
    if high - low > _SENTENCE or re.search(r"[.;\n]", text[low:high].replace(". ", " ", 0)[len(first) :]):
        return ""
    start = max(text.rfind(mark, 0, low) for mark in ".;\n") + 1
    clause = text[start : high + len(second) + 1]
    if act.verbs.isdisjoint(grammar.stems(clause)):
        return ""
    if _PASSIVE.search(clause):
        by = [name for at, name in places if _BY.search(text[max(0, at - 12) : at])]
        return by[0] if len(by) == 1 else ""
    between = grammar.stems(text[low + len(first) : high])
    return first if between[:1] and between[0] in act.verbs else ""


def _doer_in_signs(act: _Act, text: str) -> str:
    for m in _ACT.finditer(text):
        if m["verb"] in act.verbs and act.other in m["giver"] and act.doer in m["taker"]:
            return act.other
    return ""
