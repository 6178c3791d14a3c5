"""How much a cell varies by chance, seen from the differences between neighbouring cells of one grid.

The successive-difference estimator of systematic sampling (Wolter, Introduction to Variance Estimation, 2nd ed. 2007,
ch. 8; von Neumann 1941): half the mean squared difference of neighbours has the variance of a cell plus only the little
by which neighbours truly differ. A plain variance over the grid would count the whole pattern as noise.
"""

from __future__ import annotations

import numpy as np

from nihbench.stats.interval import FloatArray, IntArray


def local_variance(values: FloatArray, length: IntArray, depth: IntArray) -> tuple[float, int] | None:
    """Return the variance of the mean over one haystack's grid, and the number of differences it rests on.

    Neighbours are taken along the depths and along the lengths apart, and the smaller variance counts: a cliff along
    one axis leaves the other alone. One difference of a whole hit is added, so that it is never 0.

    Args:
        values: Shape (n,), measured; several in one cell are averaged first.
        length: Shape (n,), index of the cell along the lengths.
        depth: Shape (n,), index of the cell along the depths.

    Returns:
        (variance of the mean, differences), or None where there are no two neighbours.
    """
    lengths, column = np.unique(length, return_inverse=True)
    depths, row = np.unique(depth, return_inverse=True)
    shape = (len(depths), len(lengths))
    count, total = np.zeros(shape), np.zeros(shape)
    np.add.at(count, (row, column), 1)
    np.add.at(total, (row, column), values)
    mean = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    found = []
    for axis in (0, 1):
        steps = np.diff(mean, axis=axis)
        steps = steps[~np.isnan(steps)]
        if len(steps):
            found.append(((float(np.sum(steps**2)) / 2 + 0.5 / count.max()) / (len(steps) + 1), len(steps)))
    if not found:
        return None
    variance, differences = min(found)
    return float(variance) * float(np.sum((count / count.sum()) ** 2)), differences
