"""Two grids -> their difference, cell by cell, over the lengths and depths that both have."""

from __future__ import annotations

import numpy as np

from nihbench.analysis.grids import Grid
from nihbench.errors import UsageError
from nihbench.lang.messages import t


def difference(first: Grid, second: Grid) -> Grid:
    """Return a grid whose value is that of `second` minus that of `first`, between -1 and 1.

    A cell that has no value in one of them has none; `measured` is the smaller of the two counts there. Cells without
    a value have no failures: what failed on which side is told by the two grids themselves.

    Raises:
        UsageError: The grids share no length or no depth.
    """
    lengths = tuple(sorted(set(first.lengths) & set(second.lengths)))
    depths = tuple(sorted(set(first.depths) & set(second.depths)))
    if not lengths or not depths:
        raise UsageError(t("analysis.two_no_cell_common"))
    picks = [
        np.ix_([grid.depths.index(depth) for depth in depths], [grid.lengths.index(length) for length in lengths])
        for grid in (first, second)
    ]
    value = second.value[picks[1]] - first.value[picks[0]]
    both = ~np.isnan(value)
    measured = np.where(both, np.minimum(first.measured[picks[0]], second.measured[picks[1]]), 0)
    return Grid(
        experiment=second.experiment,
        prompt=second.prompt,
        lengths=lengths,
        depths=depths,
        value=value,
        measured=measured,
        owed=np.where(both, 0, 1),
        failures={},
    )
