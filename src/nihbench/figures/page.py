"""A figure laid out by hand, in inches from its top left corner: text is measured first, then all is placed.

matplotlib's own layouts keep no room for a caption and a legend of unknown length; this does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D

from nihbench.figures.hatch import Hatch
from nihbench.figures.look import INK

LINE_IN = 1.35 / 72
"""Height of a line of text in inches, per point of its size."""


class Ruler:
    """Measures text as the Agg renderer sets it."""

    def __init__(self) -> None:
        self._figure = Figure(dpi=200)
        FigureCanvasAgg(self._figure)

    def size(self, text: str, *, points: float, bold: bool = False, rotation: float = 0.0) -> tuple[float, float]:
        """Return width and height of a text in inches."""
        artist = self._figure.text(
            0, 0, text, fontsize=points, fontweight="bold" if bold else "normal", rotation=rotation, parse_math=False
        )
        box = artist.get_window_extent()
        artist.remove()
        return box.width / self._figure.dpi, box.height / self._figure.dpi

    def wrap(self, text: str, *, width: float, points: float, bold: bool = False) -> list[str]:
        """Break a text into lines at most `width` inches wide, at blanks, and inside a word only where it must."""
        words, lines = text.split(), list[str]()
        while words:
            fitting = self._fitting(words, " ", width, points, bold)
            if fitting:
                lines.append(" ".join(words[:fitting]))
                words = words[fitting:]
            else:  # a word too long for a line (or Chinese, which has no blanks): cut it
                cut = max(1, self._fitting(words[0], "", width, points, bold))
                lines.append(words[0][:cut])
                words[0] = words[0][cut:]
        return lines

    def _fitting(self, parts: Sequence[str], blank: str, width: float, points: float, bold: bool) -> int:
        """Return how many of the parts, joined, are at most `width` inches wide."""

        def too_wide(count: int) -> bool:
            return self.size(blank.join(parts[:count]), points=points, bold=bold)[0] > width

        return bisect_left(range(1, len(parts) + 1), True, key=too_wide)


class Page:
    """A figure of a known size on which things are put at `x`, `y` inches from the top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height), facecolor="white")
        FigureCanvasAgg(self.figure)

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Add axes whose top left corner is at x, y."""
        return self.figure.add_axes(
            (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        )

    def lines(self, x: float, y: float, lines: Sequence[str], *, points: float, **style: Any) -> float:
        """Set lines of text under each other, the first one's top at y; return where the next would begin."""
        for line in lines:
            self.text(x, y, line, points=points, va="top", **style)
            y += points * LINE_IN
        return y

    def text(self, x: float, y: float, text: str, *, points: float, **style: Any) -> None:
        """Set one line of text; `style` is matplotlib's (ha, va, rotation, color, fontweight)."""
        self.figure.text(
            x / self.width, 1 - y / self.height, text, fontsize=points, parse_math=False, **{"color": INK, **style}
        )

    def hatched(self, x: float, y: float, width: float, height: float, hatch: Hatch) -> None:
        """Draw a hatched rectangle whose top left corner is at x, y."""
        inches = Affine2D().scale(1 / self.width, -1 / self.height).translate(0, 1) + self.figure.transFigure
        for artist in hatch.boxes(np.array([(x, y)]), (width, height), (width, height)):
            artist.set_transform(inches)
            self.figure.add_artist(artist)
