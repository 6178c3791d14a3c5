"""The heatmap in a terminal: a number in every cell, coloured where colour is wanted, readable where it is not.

It returns text and prints nothing. A grid too wide for the terminal is continued in further blocks of lengths.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from math import ceil

from rich.cells import chop_cells
from rich.text import Text

from nihbench.analysis.grids import Grid
from nihbench.endpoint.kinds import HANDLING
from nihbench.figures.captions import (
    axis_title,
    failure_counts,
    half_up,
    kind_word,
    length_labels,
    listed,
    row_labels,
    say,
    unrun_cells,
)
from nihbench.figures.style import colour_of
from nihbench.lang.messages import Lang, words
from nihbench.types import DEPTH

_LEAST_CELL, _WIDEST_CELL = 3, 7
_LETTERS: Mapping[str, str] = {kind: handling.letter for kind, handling in HANDLING.items()} | {"unscored": "U"}
_SHARES = "".join(chr(code) for code in range(0x2581, 0x2588))
"""Lower blocks of one eighth to seven: what share of a cell's trials has no valid answer."""
_FAILED_STYLE, _UNRUN_STYLE = "bold white on #5a5a5a", "dim"


def terminal_heatmap(grid: Grid, *, width: int, colour: bool, unicode: bool, lang: Lang = "en") -> Text:
    """Return the grid as text: depths downwards, lengths to the right, the mean score in percent in each cell.

    Behind it stands what share of the cell's trials failed, where some did. A cell without a value shows the letter of
    its most frequent failure, explained under the grid, or a dot where nothing was run.

    Args:
        grid: What to show.
        width: Columns of the terminal; no line is longer, unless one cell and its label don't fit.
        colour: Give cells a background. Without it the text has no styles at all.
        unicode: Whether the terminal shows more than ASCII.
        lang: The language of its words.
    """
    depths, lengths = row_labels(grid.axis, grid.depths), length_labels(grid.lengths)
    side = max(len(label) for label in depths) + 1
    marks = _Marks(grid, unicode=unicode)
    least = _LEAST_CELL + (marks.width + 1 if marks.width else 0)
    fitting = max(1, (width - side) // least)
    blocks = ceil(len(lengths) / fitting)
    columns = ceil(len(lengths) / blocks)
    cell = max(least, min(_WIDEST_CELL, (width - side) // columns))

    lines = [Text(line) for line in _heading(grid, width, lang)]
    for first in range(0, len(lengths), columns):
        if first:
            lines.append(Text())
        block = range(first, min(first + columns, len(lengths)))
        lines += [Text(line) for line in _length_lines([lengths[j] for j in block], side, cell)]
        for i, label in enumerate(depths):
            line = Text(label.rjust(side - 1) + " ")
            for j in block:
                text, style = _cell(grid, i, j, marks, unicode=unicode)
                line.append(f"{text:^{cell}}", style if colour else None)
            if not colour:
                line.rstrip()
            lines.append(line)
    lines += [Text(line) for line in _legend(grid, width, marks, unicode=unicode, lang=lang)]
    # Lines must never be broken or cut: a broken grid can't be read.
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)


def _heading(grid: Grid, width: int, lang: Lang) -> list[str]:
    rows = say(lang, "depth_word") if grid.axis.name == DEPTH.name else axis_title(grid.axis, lang)
    heading = say(lang, "grid_heading", experiment=grid.experiment, prompt=grid.prompt, rows=rows)
    return _wrapped(heading, width, lang)


def _wrapped(text: str, width: int, lang: Lang) -> list[str]:
    """Break a text into lines: at blanks in English, anywhere in Chinese, whose characters take two columns."""
    spaced = bool(words(lang)["figure.blank"])
    return textwrap.wrap(text, max(width, 20)) if spaced else chop_cells(text, max(width, 20))


def _length_lines(labels: list[str], side: int, cell: int) -> list[str]:
    """Write the lengths over the middle of their cells, in turns on as many lines as give them room."""
    longest = max(len(label) for label in labels)
    overhang = max(0, (longest - cell + 1) // 2)  # the last label is moved left by this much
    rows = min(len(labels), ceil((longest + 1 + overhang) / cell))
    end = side + len(labels) * cell
    lines = [""] * rows
    for index, label in enumerate(labels):
        middle = side + index * cell + (cell - len(label)) // 2
        line = lines[index % rows]
        lines[index % rows] = line.ljust(max(0, min(middle, end - len(label)))) + label
    return lines


class _Marks:
    """What stands behind a number where some of its trials failed; `width` columns, 0 where that is nowhere so."""

    def __init__(self, grid: Grid, *, unicode: bool) -> None:
        self._grid, self._unicode = grid, unicode
        there = bool(((grid.measured > 0) & (grid.failed > 0)).any())
        self.width = (1 if unicode else 2) if there else 0

    def of(self, i: int, j: int) -> str:
        """Return the mark of a cell, blank where nothing failed."""
        failed = int(self._grid.failed[i, j])
        if not failed:
            return " " * self.width
        share = failed / (failed + int(self._grid.measured[i, j]) + int(self._grid.owed[i, j]))
        if self._unicode:
            return _SHARES[_step(share, 8) - 1]
        return f":{_step(share, 10)}"

    def legend(self, lang: Lang) -> str:
        """Explain the marks."""
        if self._unicode:
            return say(lang, "missing_share", least=_SHARES[0], most=_SHARES[-1])
        return say(lang, "missing_tenths", least=":1", most=":9")


def _step(share: float, whole: int) -> int:
    """Return a share in so many parts, neither none nor all of them."""
    return min(max(half_up(share * whole), 1), whole - 1)


def _cell(grid: Grid, i: int, j: int, marks: _Marks, *, unicode: bool) -> tuple[str, str]:
    """Return a cell's text, of at most three characters and its mark, and its style."""
    if grid.measured[i, j]:
        value = float(grid.value[i, j])
        return f"{half_up(value * 100):3d}{marks.of(i, j)}", f"black on {colour_of(value)}"
    counts = {kind: int(matrix[i, j]) for kind, matrix in grid.failures.items() if matrix[i, j]}
    if not counts:
        return _dot(unicode), _UNRUN_STYLE
    return _letter(max(sorted(counts), key=lambda kind: counts[kind])), _FAILED_STYLE


def _letter(kind: str) -> str:
    return _LETTERS.get(kind, "--")


def _dot(unicode: bool) -> str:
    return "\N{MIDDLE DOT}" if unicode else "."


def _legend(grid: Grid, width: int, marks: _Marks, *, unicode: bool, lang: Lang) -> list[str]:
    """Explain what in the grid is not a number."""
    lines = []
    counts = failure_counts(grid)
    if counts:
        kinds = listed(lang, [f"{_letter(kind)} {kind_word(lang, kind)} {count}" for kind, count in counts])
        lines += _wrapped(say(lang, "grid_failures", kinds=kinds), width, lang)
    if marks.width:
        lines += _wrapped(marks.legend(lang), width, lang)
    if unrun_cells(grid).any():
        lines.append(f"{_dot(unicode)} {say(lang, 'not_run')}")
    return lines
