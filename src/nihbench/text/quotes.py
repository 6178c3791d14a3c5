"""Which brackets and quotation marks of a text belong together: " “ ” „ « » 「 『 ' ‘ ’ and pairs of them mixed. Pure.

A mark that opens and closes alike is read by what stands beside it, and by taking turns where that tells nothing.
A quotation may go on over paragraphs: each then begins with the mark again, or only the last one ends with it. What
is in doubt counts as quoted, up to the paragraph's end and no further.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from nihbench.types import IntArray

# ---- which brackets belong together, and what they shut; it knows no language ----------------------------------------
# Chinese quotes are matched here, too, so that a rule can ask what stands before the opener of a closer; what
# quotations shut is `quotes`' matter.


# ---- stretches of a text that hold no boundary. Pure -----------------------------------------------------------------

Span = tuple[int, int]
"""Positions that are no boundary: from the first number up to, not including, the second."""


class Shut:
    """Many spans, which may nest and overlap, asked at once."""

    def __init__(self, spans: Iterable[Span]) -> None:
        given = np.array(sorted(spans), dtype=np.int64).reshape(-1, 2)
        self._starts, self._reach = given[:, 0], np.maximum.accumulate(given[:, 1])

    def open(self, positions: Iterable[int]) -> IntArray:
        """Return the positions that lie in no span."""
        points = np.fromiter(positions, dtype=np.int64)
        if not self._starts.size or not points.size:
            return points
        last = np.searchsorted(self._starts, points, side="right") - 1
        return points[(last < 0) | (points >= self._reach[np.maximum(last, 0)])]

    def cover(self, weights: IntArray) -> IntArray:
        """Return the weights of a text's characters with those in the spans set to 0."""
        left = weights.copy()
        for first, last in zip(self._starts.tolist(), self._reach.tolist(), strict=True):
            left[first:last] = 0
        return left


_OPENER_OF = {
    "”": "“", "’": "‘", "」": "「", "』": "『", "）": "（", "】": "【", "》": "《", "〉": "〈", "〕": "〔",
    ")": "(", "]": "[", "}": "{",
}  # fmt: skip
_TOGGLES = frozenset({'"', "**"})  # opening and closing look alike: they take turns


@dataclass(frozen=True, slots=True)
class Pairs:
    """Quotes and brackets of a text: what they shut, and where the opener of each closer stands."""

    shut: list[Span] = field(default_factory=list)
    opener_at: dict[int, int] = field(default_factory=dict)


def match_pairs(text: str, token: re.Pattern[str]) -> Pairs:
    """Match openers with closers; a newline token forgets what is open, and one without the other is passed over."""
    pairs = Pairs()
    stack: list[tuple[str, int]] = []
    depth: Counter[str] = Counter()
    for match in token.finditer(text):
        mark, at = match.group(), match.start()
        if mark[0] in "\r\n":
            stack.clear()
            depth.clear()
            continue
        opener = mark if mark in _TOGGLES and depth[mark] else _OPENER_OF.get(mark)
        if opener is None:
            stack.append((mark, at))
            depth[mark] += 1
        elif depth[opener]:
            begin = _unwind(stack, depth, opener)
            pairs.opener_at[at] = begin
            if mark != "**":
                pairs.shut.append((begin + 1, at + 1))
    return pairs


def _unwind(stack: list[tuple[str, int]], depth: Counter[str], opener: str) -> int:
    """Take openers from the stack down to the last `opener` and return its position."""
    while True:
        mark, at = stack.pop()
        depth[mark] -= 1
        if mark == opener:
            return at


# ---- quotations ------------------------------------------------------------------------------------------------------


LONGEST = 5_000
"""Characters: what is longer between two marks is no quotation, but a mark that was forgotten."""
_LONGEST_MENTION = 40
"""Characters, of a word or two in single quotes: what has more in them, and no stop at its end, goes on."""

_MARK = re.compile(r"(?<!')''(?!')|(?<!`)``(?!`)|[\"＂“”„‟«»‹›「」『』﹁﹂﹃﹄｢｣]")
_CJK_MARK = re.compile(rf"{_MARK.pattern}|‘|’(?![A-Za-z])")
_FAMILY = {
    **dict.fromkeys(('"', "＂", "“", "”", "„", "‟", "''", "``"), "double"),
    **dict.fromkeys("«»", "guillemet"), **dict.fromkeys("‹›", "single guillemet"), **dict.fromkeys("‘’", "single"),
    **dict.fromkeys("「」｢｣﹁﹂", "corner"), **dict.fromkeys("『』﹃﹄", "white corner"),
}  # fmt: skip
_OPENS = frozenset("“„‟«‹「『﹁﹃｢‘")
_CLOSES = frozenset("”»›」』﹂﹄｣’")
_BEFORE_OPENER = frozenset("([{-—–―*_>|=/'‘“\"«:")
_BEHIND_CLOSER = frozenset(".,;:!?…)]}-—–―*_<|'’”\"»/")
_NEXT_OPENS = re.compile(r"[\s>*_]*+([\"＂“”„‟«»‹›「『﹁﹃｢'‘])")

# The sign first, what stands before it after that: so that the search goes from sign to sign.
_SINGLE = re.compile(r"['‘’](?:(?P<opener>(?<![\w'’.,!?…].)(?<!’)(?=[\w\"“…—(]))|(?<=[\w.,!?…\-—”\"].)(?<!‘)(?!\w))")
_ELISION = re.compile(
    r"(?:tis|twas|twere|twill|twould|em|cause|til|till|bout|im|er|n|ave|alf|as|ad|ard|ere|eard|is|\d\ds?)\b", re.I
)


@dataclass(slots=True)
class _Open:
    family: str
    at: int
    again: int | None = None
    """Behind where the same kind was opened once more before this one was closed."""


def quotations(text: str, parts: Sequence[Span], *, spaced: bool) -> list[Span]:
    """Return the spans of quotations: from behind the opening mark to behind the closing one.

    Args:
        text: any text.
        parts: its paragraphs as [start, stop), ascending.
        spaced: whether words have spaces between them; else single marks are read by their form alone.
    """
    shut: list[Span] = []
    pending: dict[str, int] = {}
    mark = _MARK if spaced else _CJK_MARK
    for index, (start, stop) in enumerate(parts):
        opened = _paragraph(text, start, stop, mark, pending, shut)
        behind = _NEXT_OPENS.match(text, parts[index + 1][0]) if index + 1 < len(parts) else None
        for one in opened:
            goes_on = one.again is None and behind and _FAMILY.get(behind.group(1)) == one.family
            end = behind.end() if goes_on and behind else one.again or stop
            shut.append((one.at + 1, end))
            if one.again is None and not goes_on:
                pending[one.family] = one.at
        if spaced:
            shut.extend(_singles(text, start, stop, behind))
    return shut


def turns(text: str, parts: Sequence[Span]) -> Iterator[Span]:
    """Yield what stands between a paragraph's straight quotes where they take turns and none is left over."""
    for start, stop in parts:
        if '"' not in text[start:stop]:
            continue
        places = [match.start() for match in re.finditer('"', text[start:stop])]
        if len(places) % 2 == 0:
            for first, last in zip(places[::2], places[1::2], strict=True):
                if last - first <= LONGEST:
                    yield start + first + 1, start + last + 1


def _paragraph(
    text: str, start: int, stop: int, mark: re.Pattern[str], pending: dict[str, int], shut: list[Span]
) -> list[_Open]:
    """Match the marks of a paragraph, write what they shut into `shut`, and return those that were left open."""
    stack: list[_Open] = []
    for found in mark.finditer(text, start, stop):
        sign, at = found.group(), found.start()
        family = _FAMILY[sign]
        latest = next((one for one in reversed(stack) if one.family == family), None)
        if _closes(text, sign, at, latest):
            _close(stack, latest, family, found.end(), pending, shut)
            continue
        pending.pop(family, None)
        if latest is not None:
            latest.again = at + 1
        stack.append(_Open(family, at))
    return stack


def _close(
    stack: list[_Open], latest: _Open | None, family: str, end: int, pending: dict[str, int], shut: list[Span]
) -> None:
    """Take a closer: of what is open here, or was left open in a paragraph before; else it is passed over."""
    begin = pending.pop(family, None) if latest is None else latest.at
    if begin is not None and end - begin <= LONGEST:
        shut.append((begin + 1, end))
    if latest is not None:
        del stack[stack.index(latest) :]


def _closes(text: str, sign: str, at: int, latest: _Open | None) -> bool:
    """Tell whether a mark closes, by its form and by what stands on both sides."""
    left, right = text[at - 1 : at], text[at + len(sign) : at + len(sign) + 1]
    opening = (not left or left.isspace() or left in _BEFORE_OPENER) and bool(right) and not right.isspace()
    closing = bool(left) and not left.isspace() and (not right or right.isspace() or right in _BEHIND_CLOSER)
    if sign in _OPENS:
        # „German“ and »German«: the second one has the form of an opener.
        return latest is not None and text[latest.at] in "„»›" and (sign != "„") and not (opening and not closing)
    if sign in _CLOSES:
        return latest is not None or not (sign in "”»›" and opening and not closing)
    if sign == "''":
        return closing or latest is not None
    if sign == "``" or opening != closing:
        return closing and not opening and sign != "``"
    return latest is not None


def _singles(text: str, start: int, stop: int, behind: re.Match[str] | None) -> Iterator[Span]:
    """Yield the quotations of a paragraph in single quotes, which are apostrophes, too.

    Only one that follows a stop or comma closes what was said: one after a letter may be a possessive (the dogs'
    house), or ends a word that is mentioned. `behind` is the mark that opens the next paragraph.
    """
    if "'" not in text[start:stop] and "‘" not in text[start:stop]:
        return
    begin = -1
    for found in _SINGLE.finditer(text, start, stop):
        at = found.start()
        if found["opener"] is not None:
            if not _ELISION.match(text, at + 1):
                begin = at
        elif begin >= 0 and not text[at - 1].isalnum():
            if at - begin <= LONGEST:
                yield begin + 1, at + 1
            begin = -1
        elif at - begin <= _LONGEST_MENTION:
            begin = -1
    if begin >= 0 and behind and behind.group(1) in "'‘" and not text[start:begin].strip():
        yield begin + 1, behind.end()
