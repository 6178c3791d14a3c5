"""Which brackets of a text belong together, and what they shut. Pure; it knows no language.

Chinese quotes are matched here, too, so that a rule can ask what stands before the opener of a closer; what
quotations shut is `quotes`' matter.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from nihbench.types import IntArray

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
