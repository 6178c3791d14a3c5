"""The depth x length heatmap in the article's look, one grid or several stacked under one colour scale.

Lengths run to the right, depths downwards; every cell is as wide as the next, whatever the spacing of the lengths.
A cell without a value is hatched grey, never coloured. Nothing is written here: see `nihbench.figures.files`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nihbench.analysis import Grid
from nihbench.figures.colours import LEVELS, STOPS
from nihbench.figures.hatch import FAILED, UNRUN, Hatch
from nihbench.figures.labels import (
    depth_labels,
    failed_cells,
    failure_counts,
    length_labels,
    unit_phrase,
    unrun_cells,
    words,
)
from nihbench.figures.look import INK, QUIET, drawable, look
from nihbench.figures.page import LINE_IN, Page, Ruler

COLOUR_MAP = LinearSegmentedColormap.from_list("nihbench", STOPS, N=LEVELS)
_SCALE = Normalize(0.0, 1.0)

# Text in points, all else in inches.
_TITLE, _ROW_TITLE, _LABEL, _TICK, _CAPTION = 14.0, 11.0, 10.0, 9.0, 8.5
_MARGIN, _GAP, _BAR, _TICK_MARK = 0.3, 0.12, 0.18, 0.09
_CELL_WIDTH, _CELL_HEIGHT = 1.2, 0.5  # at most
_AXES_WIDTH, _AXES_HEIGHT, _STACKED_HEIGHT, _LEAST_HEIGHT = 9.0, 4.8, 3.0, 1.4
_LEAST_WIDTH, _LEGEND_WIDTH = 7.2, 5.0  # of the figure, so that title and caption have room; of a legend
_SWATCH = 0.36


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """One grid and what goes with it; `ticks` are (cell index, label). Sizes in inches."""

    grid: Grid
    heading: str
    legend: tuple[tuple[Hatch, tuple[str, ...]], ...]
    x_ticks: tuple[tuple[int, str], ...]
    x_rotation: float
    x_label: str
    x_label_width: float
    x_ticks_height: float
    y_ticks: tuple[tuple[int, str], ...]
    y_ticks_width: float
    height: float

    @property
    def above(self) -> float:
        return _ROW_TITLE * LINE_IN + _GAP / 2 if self.heading else 0.0

    @property
    def below(self) -> float:
        legend_lines = sum(len(lines) for _, lines in self.legend)
        labels = _TICK_MARK + self.x_ticks_height + _GAP / 2 + _LABEL * LINE_IN
        return labels + (_GAP + legend_lines * _TICK * LINE_IN if legend_lines else 0.0) + _GAP


def draw_heatmap(grid: Grid, *, title: str, caption: str, length_unit: str) -> Figure:
    """Draw one grid; see `draw_panel`."""
    return draw_panel([grid], title=title, caption=caption, length_unit=length_unit)


def draw_panel(grids: Sequence[Grid], *, title: str, caption: str, length_unit: str) -> Figure:
    """Draw grids of one run under each other, each with its own axes, all with one colour scale.

    Args:
        grids: At least one; with several, each is headed by its experiment and prompt.
        title: The figure's title. Characters that no font of the system has are drawn as boxes.
        caption: Text under the figure; its lines are kept, and wrapped where they are too long.
        length_unit: `model` or a tokenizer's name, for the label of the length axis.

    Returns:
        A figure with its own canvas, sized to its content; pyplot is not involved.
    """
    with look():
        ruler = Ruler()
        axes_width = min(_AXES_WIDTH, _CELL_WIDTH * max(len(grid.lengths) for grid in grids))
        rows = [_row(grid, ruler, axes_width, length_unit, stacked=len(grids) > 1) for grid in grids]
        left = _MARGIN + _LABEL * LINE_IN + _GAP / 2 + max(row.y_ticks_width for row in rows) + _TICK_MARK
        bar_width = _BAR + _TICK_MARK + ruler.size("100%", points=_TICK)[0] + _GAP / 2 + _LABEL * LINE_IN
        width = max(_LEAST_WIDTH, left + axes_width + 2 * _GAP + bar_width + _MARGIN)
        inner = width - 2 * _MARGIN
        title_lines = ruler.wrap(drawable(title, bold=True), width=inner, points=_TITLE, bold=True)
        caption_lines = [
            piece for line in caption.splitlines() for piece in ruler.wrap(drawable(line), width=inner, points=_CAPTION)
        ]
        top = _MARGIN + len(title_lines) * _TITLE * LINE_IN + _GAP
        body = sum(row.above + row.height + row.below for row in rows)
        page = Page(width, top + body + len(caption_lines) * _CAPTION * LINE_IN + _MARGIN)
        page.lines(_MARGIN, _MARGIN, title_lines, points=_TITLE, fontweight="bold")
        y = top
        for row in rows:
            _draw_row(page, row, left, y + row.above, axes_width)
            y += row.above + row.height + row.below
        page.lines(_MARGIN, y, caption_lines, points=_CAPTION, color=QUIET)
        bar_top, bar_bottom = top + rows[0].above, y - rows[-1].below
        _draw_bar(page, left + axes_width + 2 * _GAP, bar_top, bar_width, bar_bottom - bar_top)
        return page.figure


def _row(grid: Grid, ruler: Ruler, axes_width: float, length_unit: str, *, stacked: bool) -> _Row:
    """Measure one grid's texts and choose which of its labels fit, and how."""
    cell_width = axes_width / len(grid.lengths)
    most = _STACKED_HEIGHT if stacked else _AXES_HEIGHT
    height = max(_LEAST_HEIGHT, min(most, _CELL_HEIGHT * len(grid.depths)))
    x_labels, y_labels = length_labels(grid.lengths), depth_labels(grid.depths)
    line = _TICK * LINE_IN
    flat = max(ruler.size(label, points=_TICK)[0] for label in x_labels) + _GAP <= cell_width
    rotation = 0.0 if flat else 45.0
    # Lines of text that lean by 45 degrees are nearer to each other than the cells they belong to.
    x_ticks = _thinned(x_labels, 1 if flat else ceil(line * sqrt(2) * 0.8 / cell_width))
    y_ticks = _thinned(y_labels, ceil(line * len(grid.depths) / height))
    x_label = drawable(f"Context length ({unit_phrase(length_unit)})")
    heading = drawable(f"{grid.experiment} / {grid.prompt}", bold=True) if stacked else ""
    counts = ", ".join(f"{words(kind)} {count}" for kind, count in failure_counts(grid, failed_cells(grid)))
    legend = {FAILED: f"no valid answer: {counts}"} if counts else {}
    if unrun_cells(grid).any():
        legend[UNRUN] = "not run"
    return _Row(
        grid=grid,
        heading=heading,
        legend=tuple(
            (hatch, tuple(ruler.wrap(text, width=max(axes_width, _LEGEND_WIDTH) - _SWATCH, points=_TICK)))
            for hatch, text in legend.items()
        ),
        x_ticks=x_ticks,
        x_rotation=rotation,
        x_label=x_label,
        x_label_width=ruler.size(x_label, points=_LABEL)[0],
        x_ticks_height=max(ruler.size(label, points=_TICK, rotation=rotation)[1] for _, label in x_ticks),
        y_ticks=y_ticks,
        y_ticks_width=max(ruler.size(label, points=_TICK)[0] for _, label in y_ticks),
        height=height,
    )


def _thinned(labels: Sequence[str], step: int) -> tuple[tuple[int, str], ...]:
    """Keep every `step`-th label and the last one, with no two nearer than `step`."""
    last = len(labels) - 1
    kept = [index for index in range(0, last, step) if index == 0 or last - index >= step]
    return tuple((index, labels[index]) for index in [*kept, last])


def _draw_row(page: Page, row: _Row, x: float, y: float, width: float) -> None:
    """Draw one grid with its heading, axes, labels and legend; x, y is the axes' top left corner."""
    if row.heading:
        page.text(x, y - row.above, row.heading, points=_ROW_TITLE, va="top", fontweight="bold")
    cell = (width / len(row.grid.lengths), row.height / len(row.grid.depths))
    _draw_cells(page.axes(x, y, width, row.height), row, cell)
    page.text(_MARGIN, y + row.height / 2, "Needle depth", points=_LABEL, rotation=90, va="center", ha="left")
    y += row.height + _TICK_MARK + row.x_ticks_height + _GAP / 2
    # Under the middle of the axes, but for narrow axes no further left than the margin.
    middle = max(x + width / 2, _MARGIN + row.x_label_width / 2)
    page.text(middle, y, row.x_label, points=_LABEL, va="top", ha="center")
    y += _LABEL * LINE_IN + _GAP / 2
    for hatch, lines in row.legend:
        page.hatched(x, y, _SWATCH - _GAP / 2, 0.12, hatch)
        y = page.lines(x + _SWATCH, y, lines, points=_TICK)


def _draw_cells(axes: Axes, row: _Row, cell: tuple[float, float]) -> None:
    """Fill the axes; `cell` is a cell's width and height in inches."""
    grid = row.grid
    depths, lengths = grid.value.shape
    for hatch, cells in ((FAILED, failed_cells(grid)), (UNRUN, unrun_cells(grid))):
        corners = np.argwhere(cells)[:, ::-1].astype(np.float64)
        for artist in hatch.boxes(corners, (1.0, 1.0), cell) if len(corners) else ():
            axes.add_collection(artist, autolim=False)
    border = min(0.8, 72 * min(cell) * 0.06)
    # Above the hatched cells: where there is no value, the mesh has no face but the white border all the same.
    axes.pcolormesh(
        np.arange(lengths + 1), np.arange(depths + 1), np.ma.masked_invalid(grid.value),
        cmap=COLOUR_MAP, norm=_SCALE, edgecolors="white", linewidth=border,
    )  # fmt: skip
    axes.set_xlim(0, lengths)
    axes.set_ylim(depths, 0)
    slanted: dict[str, Any] = {"ha": "right", "rotation_mode": "anchor"} if row.x_rotation else {"ha": "center"}
    axes.set_xticks(
        [index + 0.5 for index, _ in row.x_ticks], [label for _, label in row.x_ticks],
        fontsize=_TICK, rotation=row.x_rotation, **slanted,
    )  # fmt: skip
    axes.set_yticks([index + 0.5 for index, _ in row.y_ticks], [label for _, label in row.y_ticks], fontsize=_TICK)
    axes.tick_params(length=3, width=0.8, color=QUIET, labelcolor=INK)
    axes.spines[:].set_visible(False)


def _draw_bar(page: Page, x: float, y: float, width: float, height: float) -> None:
    axes = page.axes(x, y, _BAR, height)
    bar = page.figure.colorbar(
        ScalarMappable(_SCALE, COLOUR_MAP), cax=axes, ticks=[0, 0.3, 0.5, 0.7, 1], format=PercentFormatter(1.0, 0)
    )
    bar.outline.set_visible(False)
    axes.tick_params(length=3, width=0.8, color=QUIET, labelsize=_TICK, labelcolor=INK)
    page.text(x + width, y + height / 2, "Mean band", points=_LABEL, rotation=90, va="center", ha="right")
