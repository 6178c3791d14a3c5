"""The tokens of a text put together of stretches whose tokens are known: only what is about the seams is tokenized.

A window about a seam reaches some tokens into the stretches on both sides. Where its tokens in the middle of that
reach begin just where the stretch's own do, the stretch's tokens are taken from there on: for byte-pair encodings that
is proof (a sequence of tokens is an encoding where each two neighbours are one), and for others as good as that. Where
they do not agree, the window reaches further, and in the end the whole text is tokenized. So nothing has to be known of
a tokenizer: not what it puts before a text, nor where it parts words, nor whether it parts them at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

import numpy as np

from nihbench.types import IntArray, Tokenizer

_REACHES = ((8, 24), (64, 128))
"""How many tokens of a stretch may differ at a window's ends, and how many between must agree; the second if the first
do not."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """text[first:last] of a text of which `starts` are the characters in which its tokens begin."""

    text: str
    starts: IntArray
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


Piece = str | Stretch


def count_joined(pieces: Sequence[Piece], tokenizer: Tokenizer) -> int:
    """Return the number of tokens of the pieces put together: what `tokenizer.count` says of that text."""
    parts = _parts(pieces, tokenizer)
    return tokenizer.count(_whole(pieces)) if parts is None else sum(map(len, parts))


def starts_joined(pieces: Sequence[Piece], tokenizer: Tokenizer) -> IntArray:
    """Return where the tokens of the pieces put together begin: what `tokenizer.starts` says of that text."""
    parts = _parts(pieces, tokenizer)
    return tokenizer.starts(_whole(pieces)) if parts is None else np.concatenate([part.placed() for part in parts])


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Tokens that begin in `starts`, counted from the character `offset` of the whole text."""

    starts: IntArray
    offset: int

    def __len__(self) -> int:
        return len(self.starts)

    def placed(self) -> IntArray:
        return self.starts + self.offset

    def between(self, first: int, last: int, side: Literal["left", "right"] = "left") -> _Part:
        """Return the tokens that begin from character `first` of the whole text on and before (right: up to) `last`."""
        begin = self.starts.searchsorted(first - self.offset)
        end = self.starts.searchsorted(last - self.offset, side=side)
        return _Part(self.starts[begin:end], self.offset)


@dataclass(frozen=True, slots=True)
class _Reach:
    """How windows reach into one stretch, as characters of the whole text.

    The window before it ends at `head` and must agree with it from `head_from` to `head_to`; the one after it begins at
    `tail` and must agree from `tail_from` to `tail_to`.
    """

    known: _Part
    head_from: int
    head_to: int
    head: int
    tail: int
    tail_from: int
    tail_to: int


_SLACK, _AGREEING = 2, 4
_SIDE = 2 * _SLACK + _AGREEING
"""Tokens that a window about one insert reaches to each side."""
_FROM_ENDS = 64
"""Tokens between an insert and the ends, so that the windows there know nothing of it."""
_BETWEEN = "\n"
"""Parts windows that are tokenized together; what it does to their ends is what cutting does."""


class InsertCounter:
    """Counts a stretch of a text with inserts in it, again and again: the tokens that each adds are kept.

    Windows of all inserts that stand alone are tokenized at once; an insert that is near another one or an end, or
    whose window does not agree with its stretch, is counted as `count_joined` does.
    """

    def __init__(self, text: str, starts: IntArray, tokenizer: Tokenizer) -> None:
        self._text = text
        self._starts = starts
        self._tokenizer = tokenizer
        self._added: dict[tuple[int, str], int | None] = {}

    def count(self, before: str, first: int, inserts: Sequence[tuple[int, str]], last: int, after: str) -> int:
        """Return the tokens of `before`, of text[first:last] with inserts at their characters (rising), and `after`."""
        places = np.array([at for at, _ in inserts])
        tokens = self._starts.searchsorted(places)
        ends = self._starts.searchsorted((first, last))
        room = np.diff(tokens, prepend=ends[0] - _FROM_ENDS, append=ends[1] + _FROM_ENDS)
        alone = (room[:-1] > 2 * _SIDE) & (room[1:] > 2 * _SIDE)
        alone &= (tokens - ends[0] > _FROM_ENDS) & (ends[1] - tokens > _FROM_ENDS)
        self._look(
            [
                (each, token)
                for each, token, is_alone in zip(inserts, tokens.tolist(), alone.tolist(), strict=True)
                if is_alone and each not in self._added
            ]
        )
        pieces: list[Piece] = [before]
        total, begin = 0, first
        for each, is_alone in zip(inserts, alone.tolist(), strict=True):
            added = self._added[each] if is_alone else None
            if added is not None:
                total += added
                continue
            pieces += [Stretch(self._text, self._starts, begin, each[0]), each[1]]
            begin = each[0]
        pieces += [Stretch(self._text, self._starts, begin, last), after]
        return total + count_joined(pieces, self._tokenizer)

    def _look(self, inserts: Sequence[tuple[tuple[int, str], int]]) -> None:
        """Find out how many tokens inserts add to a text, each with the token that it stands before."""
        if not inserts:
            return
        token = np.array([each for _, each in inserts])
        starts = self._starts
        low, high = starts[token - _SIDE], starts[token + _SIDE]
        windows = [
            self._text[lo:at] + insert + self._text[at:hi]
            for ((at, insert), _), lo, hi in zip(inserts, low.tolist(), high.tolist(), strict=True)
        ]
        sizes = np.array([len(window) + len(_BETWEEN) for window in windows])
        begins = np.cumsum(sizes) - sizes
        found = self._tokenizer.starts(_BETWEEN.join(windows))
        shift = np.array([len(insert) for (_, insert), _ in inserts])
        step = np.arange(_AGREEING + 1)
        left = starts[token[:, None] - _SLACK - _AGREEING + step] + (begins - low)[:, None]
        right = starts[token[:, None] + _SLACK + step] + (begins - low + shift)[:, None]
        agree, edges = np.ones(len(inserts), dtype=np.bool_), []
        for known, edge in ((left, -1), (right, 0)):
            at = found.searchsorted(known[:, 0])[:, None] + step
            agree &= (found[np.minimum(at, len(found) - 1)] == known).all(axis=1)
            edges.append(at[:, edge])
        added = edges[1] - edges[0] - 2 * _SLACK
        for (each, _), good, more in zip(inserts, agree.tolist(), added.tolist(), strict=True):
            self._added[each] = more if good else None


def _parts(pieces: Sequence[Piece], tokenizer: Tokenizer) -> list[_Part] | None:
    """Return the tokens in parts, in their order; None where no window agrees with what is known."""
    for slack, agreeing in _REACHES:
        parts = _attempt(pieces, tokenizer, slack, agreeing)
        if parts is not None:
            return parts
    return None


def _attempt(pieces: Sequence[Piece], tokenizer: Tokenizer, slack: int, agreeing: int) -> list[_Part] | None:
    places = list(accumulate(map(len, pieces), initial=0))
    parts: list[_Part] = []
    window, begin = "", 0
    left: _Reach | None = None
    for piece, at in zip(pieces, places, strict=False):
        into = None if isinstance(piece, str) else _reach(piece, at, slack, agreeing)
        if into is None or isinstance(piece, str):
            window += _text(piece)
            continue
        if at or piece.first:
            window += piece.text[piece.first : piece.first + into.head - at]
            made = _window(window, begin, left, into, tokenizer)
            if made is None:
                return None
            parts += [made, into.known.between(into.head_from, into.tail_to)]
        else:  # both texts begin alike
            parts.append(into.known.between(0, into.tail_to))
        window, begin, left = piece.text[piece.first + into.tail - at : piece.last], into.tail, into
    made = _window(window, begin, left, None, tokenizer)
    return None if made is None else [*parts, made]


def _reach(piece: Stretch, at: int, slack: int, agreeing: int) -> _Reach | None:
    """Return how windows reach into a stretch that stands at character `at`; None where it is too short for two."""
    first, last = np.searchsorted(piece.starts, (piece.first, piece.last)).tolist()
    reach = np.array([slack, slack + agreeing, 2 * slack + agreeing])
    if last - first <= 2 * reach[-1]:
        return None
    known = _Part(piece.starts, at - piece.first)
    heads, tails = known.offset + piece.starts[first + reach], known.offset + piece.starts[last - reach[::-1]]
    return _Reach(known, *heads.tolist(), *tails.tolist())


def _window(window: str, begin: int, left: _Reach | None, right: _Reach | None, tokenizer: Tokenizer) -> _Part | None:
    """Return the tokens of a window that the stretches beside it leave to it; None where it disagrees with one."""
    found = _Part(tokenizer.starts(window), begin)
    first, last = begin, begin + len(window) + 1  # of blanks that are taken off a text's end, tokens may begin there
    if left is not None:
        if not _agree(found, left.known, left.tail_from, left.tail_to):
            return None
        first = left.tail_to
    if right is not None:
        if not _agree(found, right.known, right.head_from, right.head_to):
            return None
        last = right.head_from
    return found.between(first, last)


def _agree(one: _Part, other: _Part, first: int, last: int) -> bool:
    """Say whether two have the same tokens from character `first` up to the one that begins at `last`."""
    return np.array_equal(one.between(first, last, "right").placed(), other.between(first, last, "right").placed())


def _text(piece: Piece) -> str:
    return piece if isinstance(piece, str) else piece.text[piece.first : piece.last]


def _whole(pieces: Sequence[Piece]) -> str:
    return "".join(map(_text, pieces))
