"""The rows of an adaptive run over all its draws: each cell weighs once, however often it was drawn.

Pooled over draws a row would lean to where most were made, that is to where the needle is missed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nihbench.analysis.grids import rows_of
from nihbench.analysis.statistics import found_of, numbers_of
from nihbench.analysis.table import Table
from nihbench.stats import FirstDraws, row_intervals


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptiveRow:
    """The found rate at one length over all draws with its 95% interval, NaN where nothing is measured.

    `haystacks` is how many the whole grid was drawn over: with one, the interval holds for this haystack only.
    """

    length: int
    draws: int
    found: float
    low: float
    high: float
    haystacks: int


def adaptive_rows(table: Table, *, experiment: str, prompt: str) -> tuple[AdaptiveRow, ...]:
    """Return the rows of one (experiment, prompt), lengths ascending; none where there is no further draw."""
    rows = rows_of(table, experiment, prompt, extra=True)
    value, extra = rows["value"].astype(np.float64), rows["extra"].astype(bool)
    if not extra.any():
        return ()
    lengths, length = np.unique(rows["length"].astype(np.int64), return_inverse=True)
    depths, depth = np.unique(rows["depth_percent"].astype(np.float64), return_inverse=True)
    good = ~np.isnan(value)
    haystacks, haystack = np.unique(numbers_of(rows["haystack"])[good], return_inverse=True)
    if not len(haystacks):
        return ()
    shape = (len(haystacks), len(depths), len(lengths))
    found = found_of(rows["found"]).astype(np.float64)[good]
    place = (haystack, depth[good], length[good])
    early = ~extra[good]
    hits, drawn, first_hits, first_drawn = (np.zeros(shape) for _ in range(4))
    for count, weight in (
        (hits, found),
        (drawn, np.ones_like(found)),
        (first_hits, found * early),
        (first_drawn, early),
    ):
        np.add.at(count, place, weight)
    first = FirstDraws(found=first_hits.sum(axis=0), measured=first_drawn.sum(axis=0))
    mean, low, high = row_intervals(hits, drawn, first)
    return tuple(
        AdaptiveRow(
            length=int(at), draws=int(count), found=float(rate), low=float(lower), high=float(upper),
            haystacks=len(haystacks),
        )
        for at, count, rate, lower, upper in zip(lengths, drawn.sum(axis=(0, 1)), mean, low, high, strict=True)
    )  # fmt: skip
