"""How much text haystacks have in common, and which of them are one text.

A haystack is a stretch of a corpus whose end leads on to its beginning: so many characters from a starting character
on. Two that share more than a tenth are not independent, whatever number each has: they are one cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.interval import BoolArray, FloatArray, IntArray

ONE_TEXT = 0.1
"""Haystacks that have more than this share of their text in common are one text for every interval and test."""

WINDOW = 80
"""Where a text says the same again for so many characters, it repeats itself."""
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x9E3779B97F4A7C15))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Repeated:
    """The windows that a text has more than once: where each begins, and a number that equal ones share."""

    places: IntArray
    groups: IntArray


def overlaps(start: ArrayLike, reach: ArrayLike, around: int) -> FloatArray:
    """Return the share of text that every two haystacks have in common, of the shorter one's, shape (n, n).

    Args:
        start: Shape (n,), the character of the corpus at which each begins.
        reach: Shape (n,), how many characters each reads; what is longer than the corpus reads all of it.
        around: Characters from the corpus's beginning to where it begins again.
    """
    first, read = np.asarray(start, dtype=np.int64), np.minimum(np.asarray(reach, dtype=np.int64), around)
    shorter = np.minimum(read[:, None], read[None, :])
    shared = _shared(first, read, around)
    return np.asarray(np.divide(shared, shorter, out=np.zeros(shared.shape), where=shorter > 0), dtype=np.float64)


def text_overlaps(start: ArrayLike, reach: ArrayLike, around: int, repeated: Repeated) -> FloatArray:
    """Return the same share where a corpus repeats itself: of the windows of `WINDOW` characters, each counted once.

    Haystacks that stand apart have what the corpus says in both of them in common. Arguments as for `overlaps`.
    """
    begins = np.asarray(start, dtype=np.int64)
    read = np.minimum(np.asarray(reach, dtype=np.int64), around)
    count = np.where(read < around, np.maximum(read - WINDOW + 1, 1), around)
    inside = (repeated.places[None, :] - begins[:, None]) % around < count[:, None]
    groups = np.zeros((len(begins), int(repeated.groups.max(initial=-1)) + 1), dtype=bool)
    for row, here in zip(groups, inside, strict=True):
        row[repeated.groups[here]] = True
    whole = count - inside.sum(axis=1) + groups.sum(axis=1)
    shared = _shared(begins, count, around) - _both(inside) + _both(groups)
    return np.asarray(shared / np.minimum(whole[:, None], whole[None, :]), dtype=np.float64)


def repeated_windows(text: str) -> IntArray:
    """Return where the windows of a text begin that come more than once in it, then which are equal, shape (2, n).

    Windows are told apart by a hash of 64 bits.
    """
    if len(text) < WINDOW:
        return np.zeros((2, 0), dtype=np.int64)
    hashes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    with np.errstate(over="ignore"):
        hashes = (hashes + np.uint64(1)) * _MIX[0]
        # Of 1, 2, 4, ... characters, each of two halves; 80 characters are 64 and 16.
        by_width, factor = {1: hashes}, {1: _MIX[1]}
        for width in (1, 2, 4, 8, 16, 32):
            half, by = by_width[width], factor[width]
            by_width[2 * width], factor[2 * width] = half[:-width] * by + half[width:], by * by
        count = len(text) - WINDOW + 1
        whole = by_width[64][:count] * factor[16] + by_width[16][64 : 64 + count]
    _, group, times = np.unique(whole, return_inverse=True, return_counts=True)
    places = np.flatnonzero(times[group] > 1)
    return np.stack([places, np.unique(group[places], return_inverse=True)[1]]).astype(np.int64)


def one_text(haystack: IntArray, text: IntArray) -> IntArray:
    """Number the texts that trials stand in, shape (n,): haystacks are one that are one text at any length at hand.

    Args:
        haystack: Shape (n,), which haystack each trial stands in.
        text: Shape (n,), which text that is at the trial's length (`linked`), no number at two lengths.
    """
    haystacks, place = np.unique(haystack, return_inverse=True)
    member = np.zeros((len(haystacks), int(text.max(initial=-1)) + 1), dtype=bool)
    known = text >= 0
    member[place[known], text[known]] = True
    return linked(member @ member.T)[place]


def linked(joined: BoolArray) -> IntArray:
    """Number the groups of what is joined, directly or by others (single linkage), shape (n,); `joined` is (n, n)."""
    group = np.arange(len(joined))
    for one, other in np.argwhere(np.triu(joined, 1)):
        group[group == group[other]] = group[one]
    return group


def _both(flags: BoolArray) -> FloatArray:
    """Return in how many columns every two rows are both true, shape (rows, rows)."""
    numbers = flags.astype(np.float32)  # exact up to 16 million columns, and quick
    return np.asarray(numbers @ numbers.T, dtype=np.float64)


def _shared(first: IntArray, read: IntArray, around: int) -> IntArray:
    """Return how many places every two stretches of a ring have in common, shape (n, n)."""
    later = (first[None, :] - first[:, None]) % around  # how far behind the one's beginning the other's lies
    shorter = np.minimum(read[:, None], read[None, :])
    here = np.clip(read[:, None] - later, 0, shorter)  # the other begins within the one
    here[later == 0] = shorter[later == 0]
    there = np.where(later == 0, 0, here.T)  # and the one within the other, where it has come round
    return np.asarray(np.minimum(here + there, shorter))
