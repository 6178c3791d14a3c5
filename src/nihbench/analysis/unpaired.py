"""Two sides that did not read the same text, compared as what they are: two independent samples.

No trial has a partner, so that what differs between texts and places is not taken out, as it is by `pairing`: it is in
the intervals. Each side's found rate has its own, over its own haystacks; that of the difference is made of both
(MOVER: Zou and Donner, Construction of confidence limits about effect measures, Statistics in Medicine 27, 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np

from nihbench.analysis.pairing import Side
from nihbench.analysis.statistics import GridTrials, grid_trials
from nihbench.stats.headline import LEAST_MEASURED, Estimate, Trials, headline
from nihbench.stats.interval import LEVEL, Interval

MARGIN = 0.05
"""Found rates within so much of each other are called alike."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Unpaired:
    """Two sides and their found rates; `difference` is second - first.

    `cells` of the grid are on both sides, and only these are looked at; 0: none is, and each side is taken whole.
    `planned` trials there are on each side. `interval` holds with 95%, `narrow` with 90% (two one-sided tests at 5%).
    """

    first: Side
    second: Side
    found: tuple[Estimate, Estimate]
    planned: tuple[int, int]
    cells: int
    difference: float
    interval: Interval
    narrow: Interval

    @property
    def verdict(self) -> str:
        """Return "differ", "same", "unclear", or "unmeasured" where too little is measured for any of them."""
        pairs = zip(self.found, self.planned, strict=True)
        if any(not each.measured or each.measured < LEAST_MEASURED * planned for each, planned in pairs):
            return "unmeasured"
        if not self.interval.low <= 0 <= self.interval.high:
            return "differ"
        return "same" if -MARGIN < self.narrow.low and self.narrow.high < MARGIN else "unclear"

    @property
    def this_haystack(self) -> bool:
        """Whether a side stands in one haystack, so that nothing is said of other texts."""
        return any(each.haystacks <= 1 for each in self.found)

    @property
    def lengths(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The shortest and the longest length of each side's plan."""
        one, other = ({cell[0] for cell in side.planned} for side in (self.first, self.second))
        return (min(one), max(one)), (min(other), max(other))


def unpair(first: Side, second: Side) -> Unpaired:
    """Compare two sides as independent samples."""
    grids = [grid_trials(side.table, experiment=side.experiment, prompt=side.prompt) for side in (first, second)]
    planned = [{cell[:2] for cell in side.planned} for side in (first, second)]
    both = planned[0] & planned[1]
    chosen = [_of(grid, both or cells) for grid, cells in zip(grids, planned, strict=True)]
    one, other = (headline(trials, LEVEL).found for trials in chosen)
    narrow = [headline(trials, 0.90).found for trials in chosen]
    return Unpaired(
        first=first,
        second=second,
        found=(one, other),
        planned=(_planned(first, both), _planned(second, both)),
        cells=len(both),
        difference=other.value - one.value,
        interval=_difference(one, other, LEVEL),
        narrow=_difference(narrow[0], narrow[1], 0.90),
    )


def _of(grid: GridTrials, cells: set[tuple[int, float]]) -> Trials:
    places = zip(grid.trials.length.tolist(), grid.trials.depth.tolist(), strict=True)
    mask = [(grid.lengths[length], float(grid.depths[depth])) in cells for length, depth in places]
    return grid.trials.where(np.array(mask, dtype=bool))


def _planned(side: Side, cells: set[tuple[int, float]]) -> int:
    """Return how many trials of a side's plan stand in cells, each once; in all of them where none is named."""
    return len({side.trial_at(cell) for cell in side.planned if not cells or side.trial_at(cell)[:2] in cells})


def _difference(one: Estimate, other: Estimate, level: float) -> Interval:
    """Return the interval of other - one: each end moves away as far as both rates may, in quadrature."""
    value = other.value - one.value
    low = value - hypot(other.value - other.interval.low, one.interval.high - one.value)
    high = value + hypot(other.interval.high - other.value, one.value - one.interval.low)
    return Interval(low=max(-1.0, low), high=min(1.0, high), level=level, method=other.interval.method)
