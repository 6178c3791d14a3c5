"""Is a named pattern borne out by the rows that it implies?

A cliff says that every longer context is missed; a band of depths, that it is missed at every length. A region can be
the best fit although a part of it is hardly ever missed: that part refutes the pattern. Looked at are single lengths,
and all lengths up to one or from one on.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nihbench.stats.distributions import binomial_tail
from nihbench.stats.interval import BoolArray, FloatArray

ERROR = 0.01
"""Chance to refute a pattern that holds: of all its parts together (Bonferroni)."""

SHOWN = 0.05
"""A part that is missed more often than what lies outside, at this level, bears the pattern out, if weakly."""


def refuted_parts(region: BoolArray, outside: BoolArray, miss: BoolArray, length: FloatArray) -> list[BoolArray]:
    """Return the lengths of each part of a region that is missed no more than outside, and too seldom to belong to it.

    Exact binomial tests: too few misses for the rate of the rest of the region, and not shown to be more than outside.

    Args:
        region: Shape (n,), where the pattern has its misses.
        outside: Shape (n,), where it has none.
        miss: Shape (n,).
        length: Shape (n,).

    Returns:
        Masks of shape (n,), True for the trials of a refuted part.
    """
    elsewhere = float(miss[outside].mean())
    parts = [part for part in _parts(region, length) if (region & ~part).any()]
    found = []
    for part in parts:
        trials, misses = int(part.sum()), int(miss[part].sum())
        rest = float(miss[region & ~part].mean())
        seldom = 1 - float(binomial_tail(misses + 1, trials, rest)) < ERROR / len(parts)
        if seldom and float(binomial_tail(misses, trials, elsewhere)) > SHOWN:
            found.append(part)
    return found


def _parts(region: BoolArray, length: FloatArray) -> Iterator[BoolArray]:
    lengths = np.unique(length[region])
    for at, value in enumerate(lengths):
        yield region & (length == value)
        if 0 < at < len(lengths) - 1:
            yield region & (length >= value)
            yield region & (length <= value)
