"""How much text haystacks have in common, and which of them are one text.

A haystack is a stretch of a corpus whose end leads on to its beginning: so many characters from a starting character
on. Two that share more than a tenth are not independent, whatever number each has: they are one cluster.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.interval import BoolArray, FloatArray, IntArray

ONE_TEXT = 0.1
"""Haystacks that have more than this share of their text in common are one text for every interval and test."""


def overlaps(start: ArrayLike, reach: ArrayLike, around: int) -> FloatArray:
    """Return the share of text that every two haystacks have in common, of the shorter one's, shape (n, n).

    Args:
        start: Shape (n,), the character of the corpus at which each begins.
        reach: Shape (n,), how many characters each reads; what is longer than the corpus reads all of it.
        around: Characters from the corpus's beginning to where it begins again.
    """
    first, read = np.asarray(start, dtype=np.int64), np.minimum(np.asarray(reach, dtype=np.int64), around)
    later = (first[None, :] - first[:, None]) % around  # how far behind the one's beginning the other's lies
    shorter = np.minimum(read[:, None], read[None, :])
    here = np.clip(read[:, None] - later, 0, shorter)  # the other begins within the one
    here[later == 0] = shorter[later == 0]
    there = np.where(later == 0, 0, here.T)  # and the one within the other, where it has come round
    shared = np.minimum(here + there, shorter)
    return np.asarray(np.divide(shared, shorter, out=np.zeros(shared.shape), where=shorter > 0), dtype=np.float64)


def one_text(start: IntArray, reach: IntArray, around: int) -> IntArray:
    """Number the texts that trials stand in, shape (n,): haystacks that share more than a tenth are one.

    So are two that both share so much with a third (single linkage).

    Args:
        start: Shape (n,), where each trial's haystack begins; below 0 where that is not known (all of these are one).
        reach: Shape (n,), how many characters of it were read. A haystack is as long as its longest trial at hand.
        around: As for `overlaps`.
    """
    begins, place = np.unique(start, return_inverse=True)
    longest = np.zeros(len(begins), dtype=np.int64)
    np.maximum.at(longest, place, reach)
    joined = (overlaps(begins, longest, around) > ONE_TEXT) | np.eye(len(begins), dtype=bool)
    unknown = begins < 0
    joined[unknown], joined[:, unknown] = False, False
    return _linked(joined)[place]


def _linked(joined: BoolArray) -> IntArray:
    """Number the groups of what is joined, directly or by others: equal numbers, one group."""
    group = np.arange(len(joined))
    for one, other in np.argwhere(np.triu(joined, 1)):
        group[group == group[other]] = group[one]
    return group
