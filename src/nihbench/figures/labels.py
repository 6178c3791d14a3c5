"""Axis labels, and which cells have no value and why, for files and terminals alike. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, copysign, floor

import numpy as np
from numpy.typing import NDArray

from nihbench.analysis.grids import Grid
from nihbench.figures.words import kind_word, listed, say
from nihbench.lang.messages import Lang, said
from nihbench.run.options import unit_words
from nihbench.types import DEPTH, Axis

Cells = NDArray[np.bool_]
SEVERAL = " | "
"""Between the units of a figure whose runs have several."""


def half_up(number: float) -> int:
    """Round as everybody does on paper, halves up (away from 0): so does the report, and 12.5 stands beside 62.5."""
    return int(copysign(floor(abs(number) + 0.5 + 1e-9), number))


def length_labels(lengths: Sequence[int]) -> tuple[str, ...]:
    """Label lengths as 256, 1.4K, 32K, 1M (K is 1,000), with as few decimals as tell them apart."""
    for decimals in range(4):
        labels = tuple(_length_label(length, decimals) for length in lengths)
        if len(set(labels)) == len(set(lengths)):
            return labels
    return tuple(f"{length:,}" for length in lengths)


def _length_label(length: int, decimals: int) -> str:
    """Write one length with at least two significant digits (1.4K, 14K) and at least `decimals` decimals kept."""
    if length < 1000:
        return str(length)
    # What would be rounded up to 1000K is written as 1M.
    unit, scaled = ("K", length / 1000) if round(length / 1000, decimals) < 1000 else ("M", length / 1_000_000)
    if unit == "M":
        decimals = max(decimals, 2)
    elif scaled < 10:
        decimals = max(decimals, 1)
    scaled += 1e-9  # halves go up (14.5 is 15), not to the even neighbour
    return f"{scaled:.{decimals}f}".rstrip("0").rstrip(".") + unit if decimals else f"{scaled:.0f}{unit}"


def depth_labels(depths: Sequence[float]) -> tuple[str, ...]:
    """Label depths as 0%, 7%, 50%, with as few decimals as tell them apart."""
    for decimals in range(4):
        labels = tuple(f"{depth:.{decimals}f}%" for depth in depths)
        if len(set(labels)) == len(set(depths)):
            break
    return labels


def row_labels(axis: Axis, values: Sequence[float]) -> tuple[str, ...]:
    """Label rows: depths as 7%, points of a task's own axis as it writes them."""
    return depth_labels(values) if axis.name == DEPTH.name else tuple(map(axis.label, values))


def axis_title(axis: Axis, lang: Lang) -> str:
    """Return what the rows are."""
    return said(axis.title, lang)


def rows_phrase(axis: Axis, ends: str, lang: Lang) -> str:
    """Return some rows inside a sentence: "depths 7%-21%", or "Hops 2-4"."""
    if axis.name == DEPTH.name:
        return say(lang, "rows_depths", rows=ends)
    return say(lang, "rows_axis", axis=axis_title(axis, lang), rows=ends)


def unit_phrase(length_unit: str, lang: Lang = "en") -> str:
    """Say in what lengths are counted; `length_unit` is a code of `nihbench.run.length_unit`, or several by " | "."""
    return listed(lang, [said(unit_words(unit), lang) for unit in length_unit.split(SEVERAL)])


def unrun_cells(grid: Grid) -> Cells:
    """Mark the cells that have no record at all."""
    cells: Cells = (grid.measured == 0) & (grid.failed == 0)
    return cells


def partly_cells(grid: Grid) -> Cells:
    """Mark the cells that have a value, and trials without one."""
    cells: Cells = (grid.measured > 0) & (grid.failed + grid.owed > 0)
    return cells


def failure_counts(grid: Grid) -> list[tuple[str, int]]:
    """Count the failed trials by kind, the most frequent first, also those of cells that have a value.

    One that fills several cells counts once.
    """
    failures = grid.failures if grid.spread is None else grid.spread.failures
    counts = [(kind, ceil(float(matrix.sum()) - 1e-6)) for kind, matrix in failures.items()]
    return sorted([item for item in counts if item[1]], key=lambda item: (-item[1], item[0]))


def words(kind: str, lang: Lang = "en") -> str:
    """Return a failure's kind as it is read: "rate limit"."""
    return kind_word(lang, kind)
