"""The hatching of cells without a value, as plain lines: many viewers of SVG can't fill with a pattern.

A pattern tells a group of failures, so that a map says at a glance whether the account, the server or the
prompt was at fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import NDArray

from nihbench.endpoint.kinds import HANDLING
from nihbench.figures.colours import CLASSIC, Palette

Lines = NDArray[np.float64]

_GROUP_OF: Mapping[str, str] = {kind: handling.group for kind, handling in HANDLING.items()} | {"unscored": "answer"}
GROUPS: Mapping[str, tuple[str, ...]] = {
    group: tuple(kind for kind, own in _GROUP_OF.items() if own == group) for group in dict.fromkeys(_GROUP_OF.values())
}
"""Which kinds of failure share a pattern; a kind that is not here is "other"."""


def group_of(kind: str) -> str:
    """Return the group that a kind of failure belongs to."""
    return _GROUP_OF.get(kind, "other")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hatch:
    """Lines `step` inches apart on a light ground; `ways` are of "rising", "falling", "level" and "upright"."""

    ways: tuple[str, ...]
    step: float
    answered: bool = True
    """Whether the ground is that of cells with a failure, not of cells that were never run."""

    def lines(self, width: float, height: float) -> Lines:
        """Return the lines for a box of this size in inches, each from edge to edge.

        Returns:
            Shape (lines, 2 ends, 2): x to the right and y downwards, as shares of the box's width and height.
        """
        return np.concatenate([_WAYS[way](width, height, self.step) / (width, height) for way in self.ways])

    def boxes(
        self, corners: Lines, sizes: Lines, inches: tuple[float, float], palette: Palette = CLASSIC
    ) -> tuple[PolyCollection, LineCollection]:
        """Return the ground and the lines of boxes, to be added to a figure or to axes.

        Args:
            corners: Shape (boxes, 2), each box's top left corner, in coordinates whose y grows downwards.
            sizes: Shape (boxes, 2), each box's width and height in the same coordinates.
            inches: How many inches one unit of these coordinates has, to the right and downwards.
            palette: Where the colours are from.
        """
        face = palette.no_answer if self.answered else palette.not_run
        outline = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
        ground = PolyCollection(
            list(corners[:, None] + outline * sizes[:, None]), facecolors=face, linewidths=0, zorder=0.4
        )
        lines = [corner + self.lines(*(size * inches)) * size for corner, size in zip(corners, sizes, strict=True)]
        return ground, LineCollection(
            list(np.concatenate(lines)), colors=palette.hatch_line, linewidths=0.8, capstyle="butt", zorder=0.5
        )


def _rising(width: float, height: float, step: float) -> Lines:
    """A rising line at 45 degrees holds the points whose x + y is the same."""
    sums = np.arange(step / 2, width + height, step)
    upper = np.stack([np.minimum(sums, width), np.maximum(sums - width, 0)], axis=-1)
    lower = np.stack([np.maximum(sums - height, 0), np.minimum(sums, height)], axis=-1)
    return np.stack([lower, upper], axis=1)


def _falling(width: float, height: float, step: float) -> Lines:
    lines = _rising(width, height, step)
    lines[:, :, 0] = width - lines[:, :, 0]
    return lines


def _level(width: float, height: float, step: float) -> Lines:
    places = np.arange(min(step, height) / 2, height, step)
    return np.stack([np.stack([np.full_like(places, x), places], axis=-1) for x in (0.0, width)], axis=1)


def _upright(width: float, height: float, step: float) -> Lines:
    lines: Lines = _level(height, width, step)[:, :, ::-1]
    return lines


_WAYS = {"rising": _rising, "falling": _falling, "level": _level, "upright": _upright}

HATCHES: Mapping[str, Hatch] = {
    "account": Hatch(ways=("level",), step=0.065),
    "server": Hatch(ways=("rising",), step=0.075),
    "request": Hatch(ways=("rising", "falling"), step=0.11),
    "content": Hatch(ways=("upright",), step=0.065),
    "answer": Hatch(ways=("level", "upright"), step=0.085),
    "other": Hatch(ways=("falling",), step=0.06),
}
UNRUN = Hatch(ways=("falling",), step=0.15, answered=False)
