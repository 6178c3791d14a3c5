"""The paired sign-flip test, exactly: under the null each unit's difference could as well have had the other sign.

(Fisher, The Design of Experiments 1935; Pitman 1937.) The values are bands, so sums of differences lie on a lattice and
the whole null distribution comes by convolution: no random flips, no seed, and for found or not found it is
McNemar's exact test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.interval import FloatArray, IntArray

LATTICES = (1, 10, 20, 100)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NullSum:
    """Distribution of |sum of differences| under random signs: P(|sum| = i / scale) = `probability[i]`.

    `observed` is the index of what was seen, `size` the root of the sum of squares (in lattice steps), which random
    signs leave as it is.
    """

    probability: FloatArray
    observed: int
    size: float

    @property
    def p_value(self) -> float:
        """P(|sum| >= observed): two-sided, 1 where nothing differs."""
        return min(1.0, float(self.probability[self.observed :].sum()))

    @property
    def statistic(self) -> float:
        """|sum| / root of the sum of squares: comparable between sets of pairs of different size; 0 for no pairs."""
        return self.observed / self.size if self.size else 0.0

    def below(self, statistic: FloatArray) -> FloatArray:
        """P(statistic < each of these) under the null."""
        if not self.size:  # nothing differs, so that the statistic is 0 whatever the signs
            return np.asarray(statistic > 0, dtype=np.float64)
        edge = np.ceil(statistic * self.size - 1e-9).astype(np.int64)
        summed = np.append(0.0, np.cumsum(self.probability))
        return np.asarray(summed[np.clip(edge, 0, len(self.probability))])


def lattice(differences: ArrayLike) -> int:
    """Return how many steps to 1 the differences are counted in.

    Raises:
        ValueError: They are no multiples of 0.01.
    """
    values = np.asarray(differences, dtype=np.float64)
    for scale in LATTICES:
        if np.all(np.abs(values * scale - np.round(values * scale)) < 1e-6):
            return scale
    raise ValueError("differences must be multiples of 0.01, as differences of bands are")


def unit_sums(differences: ArrayLike, unit: IntArray) -> FloatArray:
    """Add up the differences of each unit: what is flipped together. Shape (units,)."""
    _, place = np.unique(unit, return_inverse=True)
    return np.asarray(np.bincount(place, weights=np.asarray(differences, dtype=np.float64)), dtype=np.float64)


def null_sum(sums: FloatArray) -> NullSum:
    """Return the null distribution of |sum| over independent units, given each unit's own sum, shape (units,)."""
    steps = np.round(sums * lattice(sums)).astype(np.int64)
    sizes = np.sort(np.abs(steps[steps != 0]))
    reach = int(sizes.sum())
    ways = np.zeros(2 * reach + 1)
    ways[reach] = 1.0
    covered = 0
    for size in sizes.tolist():
        window = slice(reach - covered - size, reach + covered + size + 1)
        middle = ways[reach - covered : reach + covered + 1].copy()
        ways[window] = 0.0
        ways[reach - covered - size : reach + covered - size + 1] += middle / 2
        ways[reach - covered + size : reach + covered + size + 1] += middle / 2
        covered += size
    folded = ways[reach:].copy()
    folded[1:] += ways[:reach][::-1]
    observed = abs(int(steps.sum()))
    return NullSum(probability=folded, observed=observed, size=float(np.sqrt(np.sum(sizes.astype(np.float64) ** 2))))


def sign_flip(differences: ArrayLike, unit: IntArray) -> float:
    """Return the two-sided p-value of the sum of differences, the units' signs flipped in every way.

    Args:
        differences: Shape (pairs,), multiples of 0.01.
        unit: Shape (pairs,); pairs of equal number are flipped together (the same text asked several times, or a
            whole haystack).
    """
    return null_sum(unit_sums(differences, unit)).p_value


def max_t(groups: Sequence[FloatArray]) -> FloatArray:
    """Return one p-value a group, corrected for looking at all of them (Westfall and Young 1993, single step).

    P(the largest statistic of all groups >= this one's) under the null. The groups share no unit, so their signs are
    independent and the probability is a product of exact ones.

    Args:
        groups: Each group's unit sums.
    """
    nulls = [null_sum(sums) for sums in groups]
    statistics = np.array([null.statistic for null in nulls])
    below = np.array([null.below(statistics) for null in nulls]).reshape(len(nulls), len(nulls))
    return np.asarray(1 - np.prod(below, axis=0))
