"""The decreasing curve nearest to a row of means.

Pool adjacent violators (Ayer et al., Annals of Mathematical Statistics 1955; Barlow et al. 1972).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nihbench.stats.interval import FloatArray


def decreasing_fit(means: ArrayLike, weights: ArrayLike) -> FloatArray:
    """Return the weighted least-squares fit to `means` among the sequences that never rise, shape (n,).

    Args:
        means: Shape (n,), finite.
        weights: Shape (n,), positive: the number of trials behind each mean.

    Raises:
        ValueError: Shapes that differ, a weight that is not positive, or a mean that is not finite.
    """
    mean, weight = np.asarray(means, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if mean.shape != weight.shape or mean.ndim != 1:
        raise ValueError(f"means of shape {mean.shape} but weights of shape {weight.shape}")
    if np.any(weight <= 0) or not np.all(np.isfinite(mean)):
        raise ValueError("every mean must be finite and its weight positive")
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many rows
    for level, heavy in zip(mean.tolist(), weight.tolist(), strict=True):
        block = (level, heavy, 1)
        while blocks and blocks[-1][0] < block[0]:
            before = blocks.pop()
            together = before[1] + block[1]
            block = ((before[0] * before[1] + block[0] * block[1]) / together, together, before[2] + block[2])
        blocks.append(block)
    return np.repeat([level for level, _, _ in blocks], [rows for _, _, rows in blocks]).astype(np.float64)
