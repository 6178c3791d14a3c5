"""Maps as a matrix under one colour scale: one depth x length map, prompts x models, or a difference.

Lengths run to the right, depths downwards. A cell without a value is hatched, never coloured. Nothing is written here:
see `figures.page`. How large everything is was measured before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from nihbench.analysis.grids import Grid
from nihbench.figures.captions import (
    SEVERAL,
    axis_title,
    depth_labels,
    failure_counts,
    group_word,
    kind_word,
    length_labels,
    listed,
    partly_cells,
    row_labels,
    say,
    unit_phrase,
    unrun_cells,
)
from nihbench.figures.cells import (
    Cell,
    cells_of,
    difference_scale,
    draw_cells,
    number_points,
    value_scale,
    write_numbers,
)
from nihbench.figures.page import HATCHES, INK, LINE_IN, QUIET, UNRUN, Hatch, Page, Ruler, drawable, group_of, look
from nihbench.figures.sheet import GAP, HEADING, LABEL, MARGIN, TICK, TICK_MARK, Around, Sheet, fitted, too_narrow
from nihbench.figures.style import Style

# ---- how large everything of a panel is, and where its words are broken ----------------------------------------------
# Lengths run to the right, depths downwards. What the style leaves open follows from the content.


BAR = 0.18
_CELL_WIDTH, _CELL_HEIGHT = 1.2, 0.5  # at most
_MAP_WIDTH, _MAP_HEIGHT, _PANEL_HEIGHT = 9.0, 4.8, 3.0
_LEAST_MAP = 0.6
_HEAD_LINES = 4  # that a column's name takes at most where the height is fixed: names of models differ at their ends
_NOTE_LINES = 2
_LEAST_WIDTH = 7.2  # of the figure, so that title and caption have room


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """Grids as rows and columns, None where there is none; `notes` stand small above each map."""

    grids: tuple[tuple[Grid | None, ...], ...]
    row_names: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()
    notes: tuple[tuple[str, ...], ...] = ()
    length_unit: str = "model"
    is_difference: bool = False

    @property
    def all(self) -> list[Grid]:
        """The grids that are there."""
        return [grid for row in self.grids for grid in row if grid is not None]


class Layout:
    """Sizes in inches, measured in the order in which they depend on each other, and texts broken to fit them."""

    def __init__(self, panel: Panel, around: Around, style: Style) -> None:
        self.panel, self.style, self.f = panel, style, style.scale
        self.ruler = Ruler(style.dpi)
        self.scale = (difference_scale if panel.is_difference else value_scale)(style.palette)
        self.rows, self.columns = len(panel.grids), len(panel.grids[0])
        self.alone = self.rows == self.columns == 1
        self.shared_depths = style.achieved or len({grid.depths for grid in panel.all}) == 1
        self.shared_lengths = len({grid.lengths for grid in panel.all}) == 1
        self._across()
        self.sheet = Sheet(around, style, self.ruler, self.width, self._legend())
        self._down()

    def _across(self) -> None:
        f, ruler = self.f, self.ruler
        self.y_ticks_width = max(
            ruler.size(label, points=TICK * f)[0] for grid in self.panel.all for label in self.depth_labels(grid)
        )
        names = HEADING * f * LINE_IN * 2 if self.panel.row_names else 0.0
        self.left = MARGIN + names + LABEL * f * LINE_IN + GAP / 2 + self.y_ticks_width + TICK_MARK
        labels = [label for grid in self.panel.all for label in length_labels(grid.lengths)]
        self.widest = max(ruler.size(label, points=TICK * f)[0] for label in labels)
        number = ruler.size("100%" if not self.scale.signed else "+100", points=TICK * f)[0]
        self.bar_width = BAR + TICK_MARK + number + GAP / 2 + LABEL * f * LINE_IN
        # Half a label of a map's edge hangs out on either side: neighbours need room for both.
        self.between = self.widest * 0.8 + GAP / 2
        if not self.shared_depths:
            self.between = self.y_ticks_width + TICK_MARK + self.widest / 2 + GAP
        fixed = self.left + 2 * GAP + self.bar_width + MARGIN + self.between * (self.columns - 1)
        most = max(len(grid.lengths) for grid in self.panel.all) * _CELL_WIDTH * f
        if self.style.width is None:
            total = _MAP_WIDTH if self.columns == 1 else max(_MAP_WIDTH, 2.9 * self.columns)
            self.map_width = min(total / self.columns, most)
            self.width = max(_LEAST_WIDTH, fixed + self.map_width * self.columns)
        else:
            self.width = self.style.width
            self.map_width = (self.width - fixed) / self.columns
            if self.map_width < _LEAST_MAP:
                raise too_narrow(self.width, fixed + _LEAST_MAP * self.columns)

    def _down(self) -> None:
        """Choose the height of a map, and which labels of its axes are written."""
        f, ruler = self.f, self.ruler
        labels = [label for grid in self.panel.all for label in length_labels(grid.lengths)]
        most = max(len(grid.lengths) for grid in self.panel.all)
        self.slanted = self.alone and self.widest + GAP > self.map_width / most
        self.x_ticks_height = (
            max(ruler.size(label, points=TICK * f, rotation=45)[1] for label in labels)
            if self.slanted
            else TICK * f * LINE_IN
        )
        self.column_names = [self._head(name) for name in self.panel.column_names]
        head_lines = max(map(len, self.column_names), default=0)
        self.heads = head_lines * HEADING * f * LINE_IN + GAP / 3 if head_lines else 0.0
        ticks = TICK_MARK + self.x_ticks_height
        self.after_row = GAP + (0.0 if self.shared_lengths else ticks)
        length = drawable(say(self.style.lang, "length", unit=unit_phrase(self.panel.length_unit, self.style.lang)))
        self.length_lines = ruler.balanced(length, width=self.width - 2 * MARGIN, points=LABEL * f)
        self.after_all = ticks + GAP / 2 + len(self.length_lines) * LABEL * f * LINE_IN + GAP / 2
        self.note_lines = max(
            (len(self.note(i, j)) for i in range(self.rows) for j in range(self.columns) if self.panel.notes),
            default=1,
        )
        self._share_height(self.note_lines)
        self.row_names = [self._name_lines(name) for name in self.panel.row_names]
        self.names_above = any(lines is None for lines in self.row_names)
        self.names_apart = self.names_above and any(
            len(self.wrapped_note(i, j)) > self.note_lines for i in range(self.rows) for j in range(self.columns)
        )
        if self.names_apart:
            self._share_height(self.note_lines + max(len(self.whole_name(i)) for i in range(self.rows)))

    def _share_height(self, lines: int) -> None:
        """Choose the height of a map that has so many lines of text above it, where there are notes."""
        f = self.f
        self.above = lines * TICK * f * LINE_IN + GAP / 3 if self.panel.notes else 0.0
        fixed = self.heads + self.rows * self.above + (self.rows - 1) * self.after_row + self.after_all
        body = self.sheet.body(fixed + _LEAST_MAP * self.rows)
        if body is not None:
            self.map_height = (body - fixed) / self.rows
        else:
            depths = max(len(grid.depths) for grid in self.panel.all)
            most_high = _MAP_HEIGHT if self.rows == 1 else _PANEL_HEIGHT
            if self.columns > 1:
                most_high = min(most_high, 0.75 * self.map_width)
            self.map_height = max(1.4 if self.rows == 1 else 1.0, min(most_high * self.map_width / 9.0 * self.columns
                                  if self.style.width else most_high, _CELL_HEIGHT * f * depths))  # fmt: skip
        self.body = fixed + self.rows * self.map_height

    def note(self, i: int, j: int) -> list[str]:
        """Return the note above a map in a few lines as wide as the map."""
        note = drawable(self.panel.notes[i][j])
        return _first(self.ruler.wrap(note, width=self.map_width, points=TICK * self.f), _NOTE_LINES)

    def wrapped_note(self, i: int, j: int) -> list[str]:
        """Return the note above a map with its row's name before it, in lines as wide as the map."""
        note = drawable(f"{self.panel.row_names[i]}: {self.panel.notes[i][j]}")
        return self.ruler.wrap(note, width=self.map_width, points=TICK * self.f)

    def _name_lines(self, name: str) -> list[str] | None:
        """Return a row's name in at most two lines of its height, None where that would cut a word."""
        text = drawable(name, bold=True)
        lines = self.ruler.wrap(text, width=self.map_height, points=HEADING * self.f, bold=True)
        return lines if len(lines) <= 2 and " ".join(lines) == text else None

    def whole_name(self, i: int) -> list[str]:
        """Return a row's name in as many lines as it takes above the row's maps."""
        wide = self.columns * (self.map_width + self.between) - self.between
        name = drawable(self.panel.row_names[i], bold=True)
        return self.ruler.wrap(name, width=wide, points=TICK * self.f, bold=True)

    def _head(self, name: str) -> list[str]:
        """Return a column's name in lines as wide as its maps; an ellipsis ends what a fixed height can't hold."""
        text = drawable(name, bold=True)
        lines = self.ruler.wrap(text, width=self.map_width, points=HEADING * self.f, bold=True)
        return lines if self.style.height is None else _first(lines, _HEAD_LINES)

    def depth_labels(self, grid: Grid) -> tuple[str, ...]:
        """Return what stands beside the rows of a map."""
        return depth_labels((0, 25, 50, 75, 100)) if self.style.achieved else row_labels(grid.axis, grid.depths)

    def unit(self, grid: Grid) -> tuple[float, float]:
        """Return how many inches a unit of a map's axes has."""
        return self.map_width / len(grid.lengths), self.map_height / (
            100.0 if self.style.achieved else len(grid.depths)
        )

    def _legend(self) -> list[tuple[Hatch, str]]:
        """Name every pattern that is in some map, with the failures behind it."""
        lang = self.style.lang
        if self.panel.is_difference:
            empty = any((grid.measured == 0).any() for grid in self.panel.all)
            return [(UNRUN, say(lang, "not_both"))] if empty else []
        counts: dict[str, dict[str, int]] = {}
        for grid in self.panel.all:
            for kind, count in failure_counts(grid):
                kinds = counts.setdefault(group_of(kind), {})
                kinds[kind] = kinds.get(kind, 0) + count
        legend = []
        for group, hatch in HATCHES.items():
            kinds = counts.get(group, {})
            each = [
                say(lang, "count", kind=kind_word(lang, kind), count=kinds[kind])
                for kind in sorted(kinds, key=lambda kind: (-kinds[kind], kind))
            ]
            if each:
                text = say(lang, "no_answer", group=group_word(lang, group), counts=listed(lang, each))
                legend.append((hatch, text))
        partly = [partly_cells(grid) for grid in self.panel.all]
        unrun = any(
            (unrun_cells(grid) | (cells & (grid.failed == 0))).any()
            for grid, cells in zip(self.panel.all, partly, strict=True)
        )
        if unrun or len(self.panel.all) < self.rows * self.columns:
            legend.append((UNRUN, say(lang, "not_run")))
        if any(cells.any() for cells in partly):
            legend.append((legend[0][0], say(lang, "missing_strip")))
        return legend


def _first(lines: Sequence[str], most: int) -> list[str]:
    """Return the first of some lines; an ellipsis stands for the others."""
    if len(lines) <= most:
        return list(lines)
    return [*lines[: most - 1], f"{lines[most - 1][:-1]}\N{HORIZONTAL ELLIPSIS}"]


# ---- drawing ---------------------------------------------------------------------------------------------------------


def draw_heatmap(grid: Grid, around: Around, style: Style | None = None, *, length_unit: str = "model") -> Figure:
    """Draw one grid; see `draw_panel`."""
    return draw_panel(Panel(grids=((grid,),), length_unit=length_unit), around, style)


def draw_panel(panel: Panel, around: Around, style: Style | None = None) -> Figure:
    """Draw grids as a matrix with one colour scale.

    Characters of a text that no font has are drawn as boxes (`nihbench.figures.page.missing` names them).

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
