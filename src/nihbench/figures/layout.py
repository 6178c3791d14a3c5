"""How large everything of a panel is, and where its words are broken: measured before anything is drawn.

Lengths run to the right, depths downwards. What the style leaves open follows from the content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nihbench.analysis.grids import Grid
from nihbench.figures.cells import difference_scale, value_scale
from nihbench.figures.hatch import HATCHES, UNRUN, Hatch, group_of
from nihbench.figures.labels import (
    depth_labels,
    failure_counts,
    length_labels,
    partly_cells,
    row_labels,
    unit_phrase,
    unrun_cells,
)
from nihbench.figures.look import drawable
from nihbench.figures.page import LINE_IN, Ruler
from nihbench.figures.sheet import GAP, HEADING, LABEL, MARGIN, TICK, TICK_MARK, Around, Sheet, too_narrow
from nihbench.figures.style import Style
from nihbench.figures.words import group_word, kind_word, listed, say

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
