"""A smoothed surface of a grid: for the eye only. No number is read off it, and a picture that shows it must say so.

A Gaussian kernel over grid steps (Nadaraya 1964; Watson 1964), each cell weighted by its trials; holes are filled
from their neighbours, which is one reason more why it is not data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nihbench.stats.interval import FloatArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Surface:
    """Shape (depths, lengths), values between 0 and 1; NaN everywhere where nothing was measured.

    A type of its own, so that no function that takes a grid's values takes it by mistake. `bandwidth` in grid steps.
    """

    value: FloatArray
    bandwidth: float


def smooth(value: FloatArray, measured: FloatArray, bandwidth: float = 1.0) -> Surface:
    """Smooth a grid for display.

    Args:
        value: Shape (depths, lengths), mean of each cell, NaN where unmeasured.
        measured: The same shape, trials behind each mean.
        bandwidth: Standard deviation of the kernel in grid steps, positive.

    Raises:
        ValueError: Shapes that differ or a bandwidth that is not positive.
    """
    if value.shape != measured.shape or value.ndim != 2:
        raise ValueError(f"values of shape {value.shape} but trial counts of shape {measured.shape}")
    if bandwidth <= 0:
        raise ValueError("the bandwidth must be positive")
    weight = np.where(np.isnan(value), 0.0, measured).astype(np.float64)
    down, across = (_kernel(size, bandwidth) for size in value.shape)
    mass = down @ weight @ across.T
    total = down @ (weight * np.nan_to_num(value)) @ across.T
    smoothed = np.divide(total, mass, out=np.full(value.shape, np.nan), where=mass > 0)
    smoothed.setflags(write=False)
    return Surface(value=smoothed, bandwidth=bandwidth)


def _kernel(size: int, bandwidth: float) -> FloatArray:
    steps = np.arange(size)
    return np.asarray(np.exp(-0.5 * ((steps[:, None] - steps[None, :]) / bandwidth) ** 2))
