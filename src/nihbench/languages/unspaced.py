"""Where sentences end in a language without spaces: after 。！？ and the closers that belong to them. Pure.

What follows speech, and how it goes on, is a language's own (`Marks`); the rule is one for all of them. Half-width !
and ? count between its own letters only; lines that hold none of these are split by a rule for spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nihbench.languages.base import Ends
from nihbench.languages.scripts import PARTICLES

_WIDE = r"\u3001-\u301f\uff01-\uff60"
_LINE_REST = re.compile(r"[^\S\r\n]*+(?=[\r\n]|\Z)")
_END = re.compile(r"[。！？!?…]++")
_CLOSER = re.compile(r"[”’」』）】》〉〕)\]\"*]|\[\d{1,3}\]")
_DASH = re.compile(r"[ \t\u3000]*+[-–—―]")  # and the name of who said it


@dataclass(frozen=True, slots=True)
class Marks:
    """What a rule for a language without spaces knows of it.

    `letters` are the inside of a character class; a sentence goes on before one of `goes_on`; behind one of `speech` a
    quotation may be a sentence; `said` matches the words that go on after what was said.
    """

    letters: str
    goes_on: frozenset[str]
    speech: frozenset[str]
    said: re.Pattern[str]
    side: re.Pattern[str]
    other_line: re.Pattern[str]


def marks(letters: str, *, goes_on: str, speech: str, said: str) -> Marks:
    """Return a language's marks; `said` is a pattern."""
    return Marks(
        letters=letters,
        goes_on=frozenset(goes_on),
        speech=frozenset(speech),
        said=re.compile(said),
        side=re.compile(rf"[{letters}{_WIDE}“”‘’]"),
        other_line=re.compile(rf"[^\r\n{letters}{_WIDE}]++"),
    )


def unspaced_ends(
    own: Marks, others: Ends, text: str, opener_at: Mapping[int, int], start: int, stop: int
) -> Iterator[int]:
    """Yield the sentence ends within text[start:stop], and those by the rule `others` of lines that hold no letter."""
    for end in _END.finditer(text, start, stop):
        at, opener = _past_closers(text, opener_at, end.end())
        rest = _LINE_REST.match(text, at)
        if rest or _is_end(own, text, end.group(), at, opener):
            if _is_own_mark(own, text, end, at):
                yield at
    for line in own.other_line.finditer(text, start, stop):
        if line.start() == 0 or text[line.start() - 1] in "\r\n":
            if line.end() == len(text) or text[line.end()] in "\r\n":
                yield from others(text, opener_at, line.start(), line.end())


def _past_closers(text: str, opener_at: Mapping[int, int], at: int) -> tuple[int, int]:
    """Return the position after the closers at `at`, and where the outermost one was opened (-1: no closer)."""
    opener = -1
    while closer := _CLOSER.match(text, at):
        mark = closer.group()
        if at in opener_at:
            if text[opener_at[at]] != "*":
                opener = opener_at[at]
        elif len(mark) == 1:
            break
        at = min(closer.end() + (mark == "*"), len(text))
    return at, opener


def _is_own_mark(own: Marks, text: str, end: re.Match[str], at: int) -> bool:
    """Tell whether the marks are the language's: half-width ! and ? count between its own letters only."""
    if not end.group().isascii():
        return True
    behind = text[at : at + 1]
    before = text[end.start() - 1 : end.start()]
    return bool(own.side.match(before)) and (not behind or behind.isspace() or bool(own.side.match(behind)))


def _is_end(own: Marks, text: str, run: str, at: int, opener: int) -> bool:
    """Tell whether marks inside a line end a sentence; `at` is after their closers."""
    behind = text[at]
    if run[-1] == "…" or run.startswith("。。") or behind in own.goes_on or _DASH.match(text, at):
        return False
    if opener < 0:
        return True
    if behind in PARTICLES:
        return False
    before = text[opener - 1 : opener]
    if text[opener] in "《〈":
        return False  # a title within its sentence
    if text[opener] not in '“‘「『"':
        return not before.strip() or before in "。！？…”’」』）*"
    if "。" not in run and before.isalpha() and before not in own.speech:
        return False  # a word or a phrase that is mentioned, not said
    return not own.said.match(text, at)
