"""The cells of one map: where each has its edges, what colour or hatching it has, which number stands in it.

Nominal axes are categories: every cell is as wide as the next whatever the spacing of the lengths, because a column
says only what was measured at the length under it; evenly spaced, that is the same as edges half way between them. On
an axis of achieved depths a cell reaches half way to its neighbours, and what landed at one place is one cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_hex
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from nihbench.analysis.grids import Grid
from nihbench.figures.captions import half_up
from nihbench.figures.page import HATCHES, LINE_IN, UNRUN, Ruler, families, group_of
from nihbench.figures.style import LEVELS, Palette, Style, is_dark

_LINE, _FIGURE_HEIGHT = 1.25, 0.73  # of the size of type: from line to line, and how high a digit stands
SAME_PLACE = 0.05
"""Percent of depth within which two achieved depths of one column are one place."""
STRIP = 0.2
"""Height of the strip at the foot of a cell that shows the share of its trials that is missing, of the cell's."""
_POINTS = (8.0, 7.0, 6.0)
"""Sizes that a cell's number may have, before the style's scale; where the smallest doesn't fit there are none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """What a colour means: a value from `low` to `high`; `signed` where it is a difference."""

    colours: LinearSegmentedColormap
    norm: Normalize
    signed: bool

    def colour(self, value: float) -> tuple[float, float, float, float]:
        """Return a value's colour."""
        red, green, blue, alpha = self.colours(float(self.norm(value)))
        return red, green, blue, alpha

    def number(self, value: float) -> str:
        """Write a value as it stands in a cell: percent, or points with their sign."""
        points = half_up(value * 100)
        return f"{points:+d}".replace("-", "\N{MINUS SIGN}") if self.signed and points else f"{points}"


def value_scale(palette: Palette) -> Scale:
    """Return the scale of values between 0 and 1."""
    colours = LinearSegmentedColormap.from_list(palette.name, palette.stops, N=LEVELS)
    return Scale(colours=colours, norm=Normalize(0.0, 1.0), signed=False)


def difference_scale(palette: Palette) -> Scale:
    """Return the scale of differences between -1 and 1."""
    colours = LinearSegmentedColormap.from_list(palette.name, palette.difference, N=LEVELS)
    return Scale(colours=colours, norm=Normalize(-1.0, 1.0), signed=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A box in column `column` from `top` to `bottom` (axes' units), with its value or the reason why it has none.

    `group` is that of its most frequent failure; "" where it has none, so that what is missing was never run. `trials`
    are those planned for it, `measured` those with a value.
    """

    column: int
    top: float
    bottom: float
    value: float
    measured: int
    trials: int
    group: str = ""

    @property
    def missing(self) -> float:
        """Share of its trials without a value, of a cell that has one; else 0."""
        return 1 - self.measured / self.trials if self.measured else 0.0

    @property
    def foot(self) -> float:
        """Where the strip begins that shows what is missing; its bottom where there is none."""
        return self.bottom - (self.bottom - self.top) * STRIP if self.missing else self.bottom


def cells_of(grid: Grid, *, achieved: bool) -> list[Cell]:
    """Return the cells of a grid: rows 0, 1, 2 ... of nominal depths, or places between 0 and 100 percent."""
    if not achieved or grid.achieved is None:
        return [_cell(grid, j, [i], (i, i + 1)) for i in range(len(grid.depths)) for j in range(len(grid.lengths))]
    return [cell for j in range(len(grid.lengths)) for cell in _column(grid, grid.achieved, j)]


def _column(grid: Grid, achieved: np.ndarray[Any, np.dtype[np.float64]], j: int) -> list[Cell]:
    """Return one length's cells at their achieved depths; one without a record stands where it was to be."""
    places = np.where(np.isnan(achieved[:, j]), grid.depths, achieved[:, j])
    order = [int(i) for i in np.argsort(places, kind="stable")]
    groups = [list(rows) for _, rows in groupby(order, key=lambda i: round(float(places[i]) / SAME_PLACE))]
    centres = [float(np.mean(places[rows])) for rows in groups]
    edges = [0.0, *((a + b) / 2 for a, b in zip(centres, centres[1:], strict=False)), 100.0]
    return [_cell(grid, j, rows, (edges[k], edges[k + 1])) for k, rows in enumerate(groups)]


def _cell(grid: Grid, j: int, rows: list[int], edges: tuple[float, float]) -> Cell:
    measured = int(grid.measured[rows, j].sum())
    total = float((np.nan_to_num(grid.value[rows, j]) * grid.measured[rows, j]).sum())
    counts: dict[str, int] = {}
    for kind, matrix in grid.failures.items():
        group = group_of(kind)
        counts[group] = counts.get(group, 0) + int(matrix[rows, j].sum())
    counts = {group: count for group, count in counts.items() if count}
    most = max(sorted(counts), key=lambda group: counts[group]) if counts else ""
    return Cell(
        column=j,
        top=edges[0],
        bottom=edges[1],
        value=total / measured if measured else float("nan"),
        measured=measured,
        trials=measured + sum(counts.values()) + int(grid.owed[rows, j].sum()),
        group=most,
    )


def draw_cells(axes: Axes, cells: Sequence[Cell], inches: tuple[float, float], scale: Scale, style: Style) -> None:
    """Fill the axes; `inches` is the size of one unit of their coordinates to the right and downwards."""
    for group in (*HATCHES, ""):
        of_group = [cell for cell in cells if cell.group == group]
        empty = [(cell.column, cell.top, 1.0, cell.bottom) for cell in of_group if not cell.measured]
        strips = [(cell.column, cell.foot, cell.missing, cell.bottom) for cell in of_group if cell.missing]
        hatch = HATCHES[group] if group else UNRUN
        # Strips lie above their cells' colour.
        for boxes, order in ((empty, 0.0), (strips, 1.0)):
            if boxes:
                left, top, width, bottom = np.array(boxes, dtype=np.float64).T
                corners, sizes = np.column_stack([left, top]), np.column_stack([width, bottom - top])
                for artist in hatch.boxes(corners, sizes, inches, style.palette):
                    artist.set_zorder(artist.get_zorder() + order)
                    axes.add_collection(artist, autolim=False)
    heights = min(cell.bottom - cell.top for cell in cells) * inches[1]
    border = min(0.8, 72 * min(inches[0], heights) * 0.06)
    # Above the hatched cells: one without a value has no face but the light border all the same.
    faces = [scale.colour(cell.value) if cell.measured else (0.0, 0.0, 0.0, 0.0) for cell in cells]
    outlines = [
        [
            (cell.column, cell.top),
            (cell.column + 1, cell.top),
            (cell.column + 1, cell.bottom),
            (cell.column, cell.bottom),
        ]
        for cell in cells
    ]
    edge = "white" if style.palette.name != "grey" else "#FFFFFF"
    axes.add_collection(
        PolyCollection(outlines, facecolors=faces, edgecolors=edge, linewidths=border, zorder=1), autolim=False
    )


def number_points(
    cells: Sequence[Cell], inches: tuple[float, float], scale: Scale, ruler: Ruler, factor: float
) -> float:
    """Return the size of type at which every cell's number fits into its cell, 0 where none is legible."""
    texts = {cell_text(cell, scale) for cell in cells if cell.measured}
    heights = [(cell.foot - cell.top) * inches[1] for cell in cells if cell.measured]
    if not texts:
        return 0.0
    longest = max((line for text in texts for line in text.split("\n")), key=len)
    lines = max(text.count("\n") + 1 for text in texts)
    for points in _POINTS:
        points *= factor
        fits = ruler.size(longest, points=points)[0] + 0.06 <= inches[0]
        if fits and lines * points * LINE_IN <= min(heights):
            return points
    return 0.0


def cell_text(cell: Cell, scale: Scale) -> str:
    """Return what stands in a measured cell: its value, and how many trials it is the mean of if more were planned."""
    number = scale.number(cell.value)
    return f"{number}\nn={cell.measured}" if cell.trials > 1 and not scale.signed else number


def write_numbers(axes: Axes, cells: Sequence[Cell], points: float, scale: Scale) -> None:
    """Write each measured cell's number in its middle, black or white, whichever is read better.

    Each different text is made an outline once: hundreds of single texts take a quarter of a second to draw.
    """
    places: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for cell in cells:
        if cell.measured:
            colour = "white" if is_dark(to_hex(scale.colour(cell.value))) else "black"
            place = (cell.column + 0.5, (cell.top + cell.foot) / 2)
            places.setdefault((cell_text(cell, scale), colour), []).append(place)
    inches = Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans
    for (text, colour), offsets in places.items():
        outlines = PathCollection(
            [_outline(text, points)], offsets=offsets, offset_transform=axes.transData, facecolors=colour,
            linewidths=0, zorder=2,
        )  # fmt: skip
        outlines.set_transform(inches)
        axes.add_collection(outlines, autolim=False)


def _outline(text: str, points: float) -> Path:
    """Return the outline of a text of one or two lines in points, its middle at the origin."""
    lines = text.split("\n")
    font = FontProperties(family=list(families()))
    paths = []
    for k, line in enumerate(lines):
        path = TextPath((0, 0), line, size=points, prop=font)
        middle = ((len(lines) - 1) / 2 - k) * points * _LINE - points * _FIGURE_HEIGHT / 2
        box = path.get_extents()
        paths.append(Affine2D().translate(-(box.x0 + box.x1) / 2, middle).transform_path(path))
    return Path.make_compound_path(*paths)
