"""Maps as a matrix under one colour scale: one depth x length map, prompts x models, or a difference.

Lengths run to the right, depths downwards. A cell without a value is hatched, never coloured. Nothing is written here:
see `nihbench.figures.files`. How large everything is was measured in `nihbench.figures.layout`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from nihbench.analysis.grids import Grid
from nihbench.figures.cells import Cell, cells_of, draw_cells, number_points, write_numbers
from nihbench.figures.hatch import UNRUN
from nihbench.figures.labels import SEVERAL, axis_title, length_labels, row_labels
from nihbench.figures.layout import BAR, Layout, Panel
from nihbench.figures.look import INK, QUIET, drawable, look
from nihbench.figures.page import LINE_IN, Page
from nihbench.figures.sheet import GAP, HEADING, LABEL, MARGIN, TICK, TICK_MARK, Around, fitted
from nihbench.figures.style import Style
from nihbench.figures.words import say


def draw_heatmap(grid: Grid, around: Around, style: Style | None = None, *, length_unit: str = "model") -> Figure:
    """Draw one grid; see `draw_panel`."""
    return draw_panel(Panel(grids=((grid,),), length_unit=length_unit), around, style)


def draw_panel(panel: Panel, around: Around, style: Style | None = None) -> Figure:
    """Draw grids as a matrix with one colour scale.

    Characters of a text that no font has are drawn as boxes (`nihbench.figures.look.missing` names them).

    Returns:
        A figure with its own canvas, sized to its content where the style leaves that open, its type made smaller
        where it does not (`fitted`); pyplot is not involved.

    Raises:
        NoRoomError: The style's size is too small for it.
    """
    with look():
        return fitted(style or Style(), lambda chosen: _Drawing(Layout(panel, around, chosen)).draw())


class _Drawing:
    """A panel that was laid out, on its way to a page."""

    def __init__(self, layout: Layout) -> None:
        self.lay, self.panel, self.style, self.f = layout, layout.panel, layout.style, layout.f

    def draw(self) -> Figure:
        """Set everything on its page."""
        lay = self.lay
        page = lay.sheet.page(lay.body)
        f, lang = self.f, self.style.lang
        top = lay.sheet.above + lay.heads
        lefts = [lay.left + j * (lay.map_width + lay.between) for j in range(lay.columns)]
        tops = [top + (i + 1) * lay.above + i * (lay.map_height + lay.after_row) for i in range(lay.rows)]
        cells = [[self._cells(grid) for grid in row] for row in self.panel.grids]
        points = self._points([each for row in cells for each in row])
        for i, y in enumerate(tops):
            for j, x in enumerate(lefts):
                self._map(page, i, j, (x, y), cells[i][j], points)
        for j, lines in enumerate(lay.column_names):
            head = lay.sheet.above + lay.heads - GAP / 3 - len(lines) * HEADING * f * LINE_IN
            page.lines(lefts[j], head, lines, points=HEADING * f, fontweight="bold")
        for i, name_lines in enumerate(lay.row_names):
            if name_lines and not lay.names_above:
                self._row_name(page, tops[i] + lay.map_height / 2, name_lines)
        bottom = tops[-1] + lay.map_height
        middle_y = (tops[0] + bottom) / 2
        titles = dict.fromkeys(axis_title(grid.axis, lang) for grid in self.panel.all)
        depth = say(lang, "depth_achieved") if self.style.achieved else SEVERAL.join(titles)
        label_x = lay.left - TICK_MARK - lay.y_ticks_width - GAP / 2 - LABEL * f * LINE_IN
        page.text(label_x, middle_y, drawable(depth), points=LABEL * f, rotation=90, va="center", ha="left")
        # Under the middle of the maps, but for narrow maps no further left than the margin.
        widest = max(lay.ruler.size(line, points=LABEL * f)[0] for line in lay.length_lines)
        middle = max((lefts[0] + lefts[-1] + lay.map_width) / 2, MARGIN + widest / 2)
        y = bottom + TICK_MARK + lay.x_ticks_height + GAP / 2
        for line in lay.length_lines:
            page.text(middle, y, line, points=LABEL * f, va="top", ha="center")
            y += LABEL * f * LINE_IN
        self._bar(page, lefts[-1] + lay.map_width + 2 * GAP, tops[0], bottom - tops[0])
        return page.figure

    def _cells(self, grid: Grid | None) -> list[Cell]:
        return [] if grid is None else cells_of(grid, achieved=self.style.achieved)

    def _points(self, maps: Sequence[Sequence[Cell]]) -> float:
        """Return the size of the cells' numbers, one for the whole figure, 0 for none."""
        lay = self.lay
        if not self.style.values:
            return 0.0
        grids = [grid for row in self.panel.grids for grid in row]
        sizes = [
            number_points(cells, lay.unit(grid), lay.scale, lay.ruler, self.f)
            for grid, cells in zip(grids, maps, strict=True)
            if grid is not None and grid.measured.any()
        ]
        return min(sizes, default=0.0)

    def _map(
        self, page: Page, i: int, j: int, corner: tuple[float, float], cells: Sequence[Cell], points: float
    ) -> None:
        lay = self.lay
        grid, (x, y), f = self.panel.grids[i][j], corner, self.f
        if grid is None:
            page.hatched(x, y, lay.map_width, lay.map_height, UNRUN, self.style.palette)
            return
        axes = page.axes(x, y, lay.map_width, lay.map_height)
        unit = lay.unit(grid)
        draw_cells(axes, cells, unit, lay.scale, self.style)
        if points:
            write_numbers(axes, cells, points, lay.scale)
        self._ticks(
            axes, grid,
            x_labels=i == lay.rows - 1 or not lay.shared_lengths or self.panel.grids[i + 1][j] is None,
            y_labels=j == 0 or not lay.shared_depths or self.panel.grids[i][j - 1] is None,
        )  # fmt: skip
        if self.panel.notes:
            lines = lay.wrapped_note(i, j) if lay.names_above and not lay.names_apart else lay.note(i, j)
            for k, line in enumerate(reversed(lines)):
                page.text(x, y - GAP / 4 - k * TICK * f * LINE_IN, line, points=TICK * f, va="bottom", color=QUIET)
            if lay.names_apart and j == 0:
                name = lay.whole_name(i)
                top = y - GAP / 4 - (len(name) + lay.note_lines) * TICK * f * LINE_IN
                page.lines(x, top, name, points=TICK * f, fontweight="bold")

    def _ticks(self, axes: Axes, grid: Grid, *, x_labels: bool, y_labels: bool) -> None:
        lay = self.lay
        f = self.f
        cell, down = lay.unit(grid)
        # Lines of text that lean by 45 degrees are nearer to each other than the cells they belong to.
        across = TICK * f * LINE_IN * sqrt(2) * 0.8 if lay.slanted else lay.widest + GAP * 0.7
        x_ticks = _thinned(length_labels(grid.lengths), ceil(across / cell))
        if self.style.achieved:
            places, labels = [0.0, 25.0, 50.0, 75.0, 100.0], list(lay.depth_labels(grid))
        else:
            y_ticks = _thinned(row_labels(grid.axis, grid.depths), ceil(TICK * f * LINE_IN / down))
            places, labels = [index + 0.5 for index, _ in y_ticks], [label for _, label in y_ticks]
        axes.set_xlim(0, len(grid.lengths))
        axes.set_ylim(100.0 if self.style.achieved else len(grid.depths), 0)
        slanted: dict[str, Any] = {"ha": "right", "rotation_mode": "anchor"} if lay.slanted else {"ha": "center"}
        axes.set_xticks(
            [index + 0.5 for index, _ in x_ticks], [label if x_labels else "" for _, label in x_ticks],
            fontsize=TICK * f, rotation=45.0 if lay.slanted else 0.0, **slanted,
        )  # fmt: skip
        axes.set_yticks(places, [label if y_labels else "" for label in labels], fontsize=TICK * f)
        axes.tick_params(length=3, width=0.8, color=QUIET, labelcolor=INK)
        axes.tick_params(axis="x", length=3 if x_labels else 0)
        axes.tick_params(axis="y", length=3 if y_labels else 0)
        axes.spines[:].set_visible(False)
        axes.patch.set_visible(False)

    def _row_name(self, page: Page, middle: float, lines: Sequence[str]) -> None:
        f = self.f
        x = MARGIN + (2 - len(lines)) * HEADING * f * LINE_IN / 2
        for k, line in enumerate(lines):
            page.text(
                x + k * HEADING * f * LINE_IN, middle, line, points=HEADING * f, rotation=90, va="center", ha="left",
                fontweight="bold",
            )  # fmt: skip

    def _bar(self, page: Page, x: float, y: float, height: float) -> None:
        lay = self.lay
        axes = page.axes(x, y, BAR, height)
        ticks, text = (
            ([-1, -0.5, 0, 0.5, 1], lay.scale.number) if lay.scale.signed else ([0, 0.3, 0.5, 0.7, 1], _percent)
        )
        bar = page.figure.colorbar(
            ScalarMappable(lay.scale.norm, lay.scale.colours), cax=axes, ticks=ticks,
            format=FuncFormatter(lambda value, _: text(value)),
        )  # fmt: skip
        bar.outline.set_visible(False)
        axes.tick_params(length=3, width=0.8, color=QUIET, labelsize=TICK * self.f, labelcolor=INK)
        label = drawable(say(self.style.lang, "difference" if lay.scale.signed else "mean_band"))
        page.text(x + lay.bar_width, y + height / 2, label, points=LABEL * self.f, rotation=90, va="center", ha="right")


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _thinned(labels: Sequence[str], step: int) -> tuple[tuple[int, str], ...]:
    """Keep as many labels as leave `step` cells between them, evenly spread, the first and the last among them."""
    last = len(labels) - 1
    if last < step:
        return ((0, labels[0]),)
    gaps = last // step
    return tuple((index, labels[index]) for index in (int(k * last / gaps + 0.5) for k in range(gaps + 1)))
