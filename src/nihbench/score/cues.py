"""The turns of phrase that decide a class, and how they are found; the phrases themselves are data beside this module.

What a cue means for a grade is said in `rules`. Every repetition in a pattern is bounded, so that matching takes time
linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from nihbench.score import cues_en, cues_zh
from nihbench.score.fold import has_cjk

CueKind = Literal[
    "abstain", "refuse", "hedge", "vague", "retract", "override", "outside", "grader", "clarify", "either", "more",
    "confirm", "others",
]  # fmt: skip

_OTHERS_REACH = 40


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue's kind and its span in the folded text."""

    kind: CueKind
    start: int
    end: int


_ENGLISH = {kind: [(tuple(words.split("|")), pattern) for words, pattern in pairs]
            for kind, pairs in cues_en.PATTERNS.items()}  # fmt: skip
_CHINESE = {kind: [(tuple(words.split("|")), pattern) for words, pattern in pairs]
            for kind, pairs in cues_zh.PATTERNS.items()}  # fmt: skip

_compiled = lru_cache(maxsize=None)(re.compile)  # a pattern is compiled when one of its words is first met
_CLAUSE_END = re.compile(r"[.,!?。;:\n]")
_END = re.compile(r"[.!?。;\n]")


def find(kind: CueKind, text: str) -> list[Cue]:
    """Return the cues of one kind in the folded `text`, in order of place; two of them may overlap."""
    found = _found(kind, text, _ENGLISH[kind])
    if has_cjk(text):
        found += _found(kind, text, _CHINESE[kind])
    if len(found) > 1:
        found.sort(key=lambda cue: (cue.start, cue.end))
    return found


def _found(kind: CueKind, text: str, pairs: list[tuple[tuple[str, ...], str]]) -> list[Cue]:
    found: list[Cue] = []
    for words, pattern in pairs:
        for word in words:
            if word in text:
                found += [Cue(kind, m.start(), m.end()) for m in _compiled(pattern).finditer(text)]
                break
    return found


def is_about_others(cue: Cue, text: str) -> bool:
    """Whether an abstaining cue speaks of *other* information only ("offers no other idea"), not of the answer."""
    stop = _END.search(text, cue.end, cue.end + _OTHERS_REACH)
    topic = _CLAUSE_END.split(text[max(0, cue.start - _OTHERS_REACH) : cue.start])[-1]
    return bool(find("others", topic + text[cue.start : stop.start() if stop else cue.end + _OTHERS_REACH]))
