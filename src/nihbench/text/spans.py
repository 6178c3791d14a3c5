"""Stretches of a text that hold no boundary. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nihbench.types import IntArray

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
