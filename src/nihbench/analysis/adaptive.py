"""The rows of an adaptive run over all its draws: each cell weighs once, however often it was drawn.

Pooled over draws a row would lean to where most were made, that is to where the needle is missed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nihbench.analysis.grids import rows_of
from nihbench.analysis.statistics import found_of
from nihbench.analysis.table import Table
from nihbench.stats import FirstDraws, row_means, spread


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptiveRow:
    """The found rate at one length over all draws, NaN where nothing is measured; `half_width` of its 95% interval."""

    length: int
    draws: int
    found: float
    half_width: float


def adaptive_rows(table: Table, *, experiment: str, prompt: str) -> tuple[AdaptiveRow, ...]:
    """Return the rows of one (experiment, prompt), lengths ascending; none where there is no further draw."""
    rows = rows_of(table, experiment, prompt, extra=True)
    value, extra = rows["value"].astype(np.float64), rows["extra"].astype(bool)
    if not extra.any():
        return ()
    lengths, length = np.unique(rows["length"].astype(np.int64), return_inverse=True)
    depths, depth = np.unique(rows["depth_percent"].astype(np.float64), return_inverse=True)
    good = ~np.isnan(value)
    hits, drawn, first_hits, first_drawn = (np.zeros((len(depths), len(lengths))) for _ in range(4))
    found = found_of(rows["found"]).astype(np.float64)
    for count, weight, mask in (
        (hits, found, good),
        (drawn, np.ones_like(found), good),
        (first_hits, found, good & ~extra),
        (first_drawn, np.ones_like(found), good & ~extra),
    ):
        np.add.at(count, (depth[mask], length[mask]), weight[mask])
    mean, half = row_means(hits, drawn, spread(FirstDraws(found=first_hits, measured=first_drawn)))
    return tuple(
        AdaptiveRow(length=int(at), draws=int(count), found=float(rate), half_width=float(width))
        for at, count, rate, width in zip(lengths, drawn.sum(axis=0), mean, half, strict=True)
    )
