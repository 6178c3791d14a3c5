"""Whether what stands at a place in an answer is negated there: by a word before it in its clause, or after it."""

from __future__ import annotations

import re

from nihbench.score import cues_en, cues_zh

_NEGATOR = re.compile(f"{cues_en.NEGATORS}|{cues_zh.NEGATORS}")
_ENDS = re.compile(f"{cues_en.NEGATION_ENDS}|{cues_zh.NEGATION_ENDS}")
_AFTER = re.compile(
    f"[^.,;:!?\\n。]{{0,30}}?(?:{cues_en.DENIED_AFTER}|{cues_zh.DENIED_AFTER})|{cues_zh.DENIED_AT_ONCE}"
)
_TWICE = re.compile(cues_en.TWICE)
_REACH = 90  # characters before a place that are looked at


def negated(text: str, start: int, end: int) -> bool:
    """Whether what stands at text[start:end] is negated by a word near it in its own clause."""
    before = text[max(0, start - _REACH) : start]
    last = _last(_NEGATOR, before)
    if last is not None and not _ENDS.search(before, last.end()):
        return not (last.group() == "without" and _twice(before[: last.start()]))
    return _AFTER.match(text, end) is not None


def _twice(before: str) -> bool:
    """Whether another negator stands before "without" in its clause: never bakes one without figs."""
    found = _last(_TWICE, before)
    return found is not None and not _ENDS.search(before, found.end())


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for match in pattern.finditer(text):
        found = match
    return found
