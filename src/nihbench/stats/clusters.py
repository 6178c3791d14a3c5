"""The error of a mean over clusters, right for few and unequal ones.

CR2 variance with the degrees of freedom of Bell and McCaffrey (Survey Methodology 2002), for a model of a mean alone.
With equal clusters it is the plain standard error of their means, with one degree of freedom less than there are.
"""

from __future__ import annotations

import math

import numpy as np

from nihbench.stats.interval import FloatArray, IntArray


def clustered_mean(values: FloatArray, cluster: IntArray) -> tuple[float, float, float]:
    """Return the mean, its standard error and the degrees of freedom of Student's t.

    Args:
        values: Shape (n,).
        cluster: Shape (n,), at least two different numbers.
    """
    _, place = np.unique(cluster, return_inverse=True)
    size, total = np.bincount(place).astype(np.float64), np.bincount(place, weights=values)
    trials = float(size.sum())
    mean = float(total.sum()) / trials
    # Each cluster's residual is scaled up by what the mean has taken of it.
    scale = 1 / (trials * np.sqrt(1 - size / trials))
    error = math.sqrt(float(np.sum((scale * (total - mean * size)) ** 2)))
    spread = scale[:, None] * (np.diag(size) - np.outer(size, size) / trials) * scale
    # Rounded, so that equal designs share one quantile.
    return mean, error, round(float(np.trace(spread) ** 2 / np.sum(spread * spread)), 6)
