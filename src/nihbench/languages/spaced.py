"""Where sentences end in a language with spaces: a rule over the words on both sides of a terminator. Pure.

The words are a language's own (`Stops`); the rule is one for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nihbench.languages.scripts import CLOSERS, OTHER_ENDS, PARTICLES

_SPACE = re.compile(r"\s*+")
_END = re.compile(rf"([.!?…{OTHER_ENDS}]++)((?:[{CLOSERS}]|\[\d{{1,3}}\])*+)")
_OTHER_END = re.compile(f"[{OTHER_ENDS}]")
_NEXT = re.compile(r"(\s*+)(?:[-–—*+•>]{1,2}+\s++)?[\"'“”„‘’‚«»‹(\[{*_`¿¡「『]*+(\w{0,20})")
_WORD = re.compile(r"[^\s\"'“”‘’(\[{*_—/-]*\Z")
_DOTTED = re.compile(r"(?:[A-Za-z]{1,3}\.)*[A-Za-z]{1,3}\.[A-Za-z]{1,2}|[A-Z]")
_NUMBER = re.compile(r"\d|[IVXLC]+\b")
_GOES_ON = frozenset(".,;:!?…)]}%=+/|&-–—")
_LIST_MARK = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stops:
    """The words beside a full stop that tell whether it ends a sentence.

    `titles` always lead on to what follows, `before_number` to a number; behind `may_end` (and single capitals, and
    letters with stops between them: U.S., Ph.D.) a sentence begins with one of `starters` only. `said` matches the
    words that go on after what was said.
    """

    titles: frozenset[str] = frozenset()
    before_number: frozenset[str] = frozenset()
    may_end: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()
    said: re.Pattern[str] = re.compile(r"(?!)")


def spaced_ends(words: Stops, text: str, opener_at: Mapping[int, int], start: int, stop: int) -> Iterator[int]:
    """Yield the sentence ends within text[start:stop]; the context may lie outside."""
    for end in _END.finditer(text, start, stop):
        at = end.end()
        space = _SPACE.match(text, at)
        gap = space.group() if space else ""
        is_own = _OTHER_END.match(end.group(1)[-1]) is not None  # what marks nothing but a sentence's end
        if end.group(1)[-1] in ".…" and len(end.group(1)) > 1 and end.group(2)[:1] in tuple(")]}"):
            continue  # something left out in brackets
        if not gap and at < len(text) and not is_own:
            continue  # glued to what follows: a file name, a number, a lost line break
        if _ends_paragraph(text, at, gap) or (
            _other_end(text, end) if is_own else _is_end(words, text, opener_at, end)
        ):
            yield at


def _ends_paragraph(text: str, at: int, gap: str) -> bool:
    return at + len(gap) == len(text) or gap.count("\n") > 1 or gap.count("\r") > 1


def _other_end(text: str, end: re.Match[str]) -> bool:
    """Tell whether a mark that always ends sentences does so here: nothing follows that belongs to it or goes on."""
    behind = text[end.end() : end.end() + 8].lstrip()[:1]
    if not behind or behind in _GOES_ON or behind in "،؛，、」』）" or _OTHER_END.match(behind):
        return False
    return not (end.group(2) and behind in PARTICLES)


def _is_end(words: Stops, text: str, opener_at: Mapping[int, int], end: re.Match[str]) -> bool:
    """Tell whether a terminator with white space behind it ends a sentence."""
    run, closers = end.groups()
    following = _NEXT.match(text, end.end())
    word = following.group(2) if following else ""
    first = word[:1] or text[following.end() : following.end() + 1] if following else ""
    if not first or first.islower() or first in _GOES_ON:
        return False
    if run == ".":
        return _is_stop(words, text[max(0, end.start() - 24) : end.start()], word)
    if text[end.start() - 1 : end.start()].isspace() or word == "I" and run[0] in ".…":
        return False  # " . . ." and "I... I mean"
    if closers and run[-1] in "!?" and ")" in closers:
        return _stands_alone(text, opener_at, end.start(2) + closers.index(")"))
    spoken = bool(closers) and closers[0] in "\"'”’"
    return not (spoken and following and words.said.match(text, following.start(2)))


def _stands_alone(text: str, opener_at: Mapping[int, int], closer: int) -> bool:
    """Tell whether a bracket holds whole sentences: what is before its opener has ended, too."""
    opener = opener_at.get(closer, 0)
    before = text[max(0, opener - 8) : opener].rstrip()
    return not before or before[-1] in ".!?…\"'”’)]。！？」』）"


def _is_stop(words: Stops, before: str, word: str) -> bool:
    """Tell whether a single full stop, with `before` in front and `word` behind, ends a sentence."""
    found = _WORD.search(before)
    last = found.group() if found else ""
    if not last or last in words.titles:
        return False
    if last in words.before_number or last.isdigit() or len(last) == 1:
        if _NUMBER.match(word) and word != "I":
            return False
    if last in words.may_end or _DOTTED.fullmatch(last):
        return word in words.starters and not _opens_line(before)
    return not (_LIST_MARK.fullmatch(last) and _opens_line(before))


def _opens_line(before: str) -> bool:
    """Tell whether `before` ends in a line's first word (or begins the text), as a list's mark does."""
    line = re.split(r"[\r\n]", before)[-1]
    return (len(line) < len(before) or len(before) < 24) and len(line.split()) <= 1
