"""What every estimate here comes with: an interval that says how it was made and how far it reaches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Method = Literal["exact", "credible", "local", "paired", "clusters", "assumed", "none"]

LEVEL = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """From `low` to `high`, in the unit of the estimate, at confidence (or probability) `level`.

    `method`: "exact" Clopper-Pearson; "credible" Dirichlet-multinomial; "local" differences between neighbouring
    cells of one haystack; "paired" Agresti and Min's, of a difference; "clusters" t over haystacks;
    "assumed" haystacks that do not differ at all, so that their spread had to be assumed; "none" nothing to compute
    one from (the whole range).
    `this_haystack`: it says nothing about other haystacks, and a caption must say "for this haystack".
    """

    low: float
    high: float
    level: float = LEVEL
    method: Method
    this_haystack: bool = False

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def width(self) -> float:
        """Length of the interval, in the unit of the estimate."""
        return self.high - self.low


@dataclass(frozen=True, kw_only=True, eq=False)
class Ends:
    """The ends of an interval, each found when it is asked for: to find one takes some ten milliseconds.

    `end` returns the lower one for -1, the upper one for 1. The other fields are as in `Interval`.
    """

    end: Callable[[int], float]
    level: float = LEVEL
    method: Method
    this_haystack: bool = False

    def __eq__(self, other: object) -> bool:
        """Say whether two are the same interval."""
        return isinstance(other, Ends) and whole(self) == whole(other)

    @cached_property
    def low(self) -> float:
        """The lower end."""
        return self.end(-1)

    @cached_property
    def high(self) -> float:
        """The upper end."""
        return self.end(1)


def whole(ends: Interval | Ends) -> Interval:
    """Return an interval with both its ends."""
    if isinstance(ends, Interval):
        return ends
    return Interval(
        low=ends.low, high=ends.high, level=ends.level, method=ends.method, this_haystack=ends.this_haystack
    )
