"""The hatching of cells without a value, as plain lines: many viewers of SVG can't fill with a pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import NDArray

from nihbench.figures.colours import HATCH_LINE, NO_ANSWER, NOT_RUN


@dataclass(frozen=True, kw_only=True, slots=True)
class Hatch:
    """Slanting lines `step` inches apart, measured along an edge, on a ground of colour `face`."""

    face: str
    step: float
    falling: bool

    def lines(self, width: float, height: float) -> NDArray[np.float64]:
        """Return the lines for a box of this size in inches, each at 45 degrees from edge to edge.

        Returns:
            Shape (lines, 2 ends, 2): x to the right and y downwards, as shares of the box's width and height.
        """
        # A rising line holds the points whose x + y is the same; a falling one is its mirror image.
        sums = np.arange(self.step / 2, width + height, self.step)
        upper = np.stack([np.minimum(sums, width), np.maximum(sums - width, 0)], axis=-1)
        lower = np.stack([np.maximum(sums - height, 0), np.minimum(sums, height)], axis=-1)
        lines = np.stack([lower, upper], axis=1) / (width, height)
        if self.falling:
            lines[:, :, 0] = 1 - lines[:, :, 0]
        return lines

    def boxes(
        self, corners: NDArray[np.float64], size: tuple[float, float], inches: tuple[float, float]
    ) -> tuple[PolyCollection, LineCollection]:
        """Return the ground and the lines of equal boxes, to be added to a figure or to axes.

        Args:
            corners: Shape (boxes, 2), each box's top left corner, in coordinates whose y grows downwards.
            size: Width and height of a box in the same coordinates.
            inches: Width and height of a box as drawn.
        """
        outline = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * size
        ground = PolyCollection(list(corners[:, None] + outline), facecolors=self.face, linewidths=0, zorder=0.4)
        lines = (corners[:, None, None] + self.lines(*inches) * size).reshape(-1, 2, 2)
        return ground, LineCollection(list(lines), colors=HATCH_LINE, linewidths=0.8, capstyle="butt", zorder=0.5)


FAILED = Hatch(face=NO_ANSWER, step=0.075, falling=False)
UNRUN = Hatch(face=NOT_RUN, step=0.15, falling=True)
