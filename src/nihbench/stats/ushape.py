"""Lost in the middle: a miss rate that is highest at half depth and falls to both ends (Liu et al., TACL 2024).

logit(miss rate) = a + b x 4 d (1 - d) with d the depth from 0 to 1 and b > 0, by Newton's method.
"""

from __future__ import annotations

import numpy as np

from nihbench.stats.interval import BoolArray, FloatArray

STEEPEST = 15.0


def hump(depth: FloatArray) -> FloatArray:
    """Return 4 d (1 - d): 0 at both ends, 1 at half depth."""
    return np.asarray(4 * depth * (1 - depth))


def fit_ushape(missed: BoolArray, depth: FloatArray) -> tuple[float, FloatArray]:
    """Fit the U in depth.

    Args:
        missed: Shape (n,); at least one True and one False.
        depth: Shape (n,), 0 to 1.

    Returns:
        (log-likelihood, (a, b)); b is 0 and the likelihood that of a constant rate where misses are no more frequent in
        the middle.
    """
    y, x = missed.astype(np.float64), np.column_stack([np.ones(len(depth)), hump(depth)])
    rate = y.mean()
    start = np.array([np.log(rate / (1 - rate)), 0.0])
    terms, best = start.copy(), log_likelihood(y, x @ start)
    constant = best
    for _ in range(40):
        fitted = 1 / (1 + np.exp(-x @ terms))
        curvature = x.T @ (x * (fitted * (1 - fitted))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, x.T @ (y - fitted))
        # Halved until it helps; the cap keeps a separable table (no miss at the ends at all) from running away.
        while np.abs(step).max() > 1e-9:
            tried = np.clip(terms + step, -STEEPEST, STEEPEST)
            likelihood = log_likelihood(y, x @ tried)
            if likelihood > best:
                break
            step = step / 2
        else:
            break
        terms, best = tried, likelihood
    return (best, terms) if terms[1] > 0 else (constant, start)


def log_likelihood(y: FloatArray, logit: FloatArray) -> float:
    """Return the Bernoulli log-likelihood of outcomes 0 and 1 under these logits."""
    return float(np.sum(y * logit - np.logaddexp(0.0, logit)))
