"""The error of a mean over clusters, right for few and unequal ones.

CR2 variance with the degrees of freedom of Bell and McCaffrey (Survey Methodology 2002), for a model of a mean alone.
With equal clusters it is the plain standard error of their means, with one degree of freedom less than there are.
"""

from __future__ import annotations

import numpy as np

from nihbench.stats.interval import FloatArray, IntArray


def clustered_mean(values: FloatArray, cluster: IntArray) -> tuple[float, float, float]:
    """Return the mean, its standard error and the degrees of freedom of Student's t.

    Args:
        values: Shape (n,).
        cluster: Shape (n,), at least two different numbers.
    """
    total, size = cluster_totals(values, cluster)
    trials = float(size.sum())
    mean, error = error_of_mean(total, size)
    scale = _scale(size)
    spread = scale[:, None] * (np.diag(size) - np.outer(size, size) / trials) * scale
    # Rounded, so that equal designs share one quantile.
    return float(mean), float(error), round(float(np.trace(spread) ** 2 / np.sum(spread * spread)), 6)


def cluster_totals(values: FloatArray, cluster: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the sum of the values of every cluster and how many they are, both of shape (clusters,)."""
    _, place = np.unique(cluster, return_inverse=True)
    return np.bincount(place, weights=values).astype(np.float64), np.bincount(place).astype(np.float64)


def error_of_mean(total: FloatArray, size: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean and its standard error, for every sweep of shape (..., clusters) in `total`."""
    mean = total.sum(axis=-1) / size.sum()
    return mean, np.sqrt(np.sum((_scale(size) * (total - mean[..., None] * size)) ** 2, axis=-1))


def _scale(size: FloatArray) -> FloatArray:
    """Return the weight of every cluster's residual, scaled up by what the mean has taken of it."""
    trials = float(size.sum())
    return np.asarray(1 / (trials * np.sqrt(1 - size / trials)))
