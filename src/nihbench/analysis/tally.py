"""A run's grids and rates while it grows: a record is taken in at once, where `frame` and `grid` read a whole run.

What both show of the same records is the same; tests hold them together. Controls are counted, but in no grid. An
adaptive run's further draws are in their cells, and in no rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nihbench.analysis.grids import Grid, Spread, items_by_row
from nihbench.analysis.table import UNSCORED
from nihbench.stats.metrics import METRICS
from nihbench.types import DEPTH, Axis, Failure, Grade, IntArray, Record, Score, Trial

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """What one trial came to: a value, or why there is none."""

    value: float | None
    failure: str
    found: bool
    by_row: Mapping[float, bool] = field(default_factory=dict)
    """Of a prompt that has an item for each of its rows: whether it was found."""


@dataclass(kw_only=True)
class _Cells:
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    total: NDArray[np.float64]
    measured: IntArray
    owed: IntArray
    failures: dict[str, IntArray] = field(default_factory=dict)
    parts: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """As in `Spread`: "points", "measured" and, after a colon each, the kinds of failures."""

    def count(self, at: tuple[int, int], entry: _Entry, sign: int, part: float) -> None:
        """Count in one cell what a trial came to, of which `part` lies there."""
        if entry.value is None:
            self.failures.setdefault(entry.failure, np.zeros_like(self.owed))[at] += sign
            self._add(f":{entry.failure}", at, part)
            return
        self.measured[at] += sign
        self.total[at] += sign * entry.value
        self._add("measured", at, part)
        self._add("points", at, part * entry.value)

    def _add(self, name: str, at: tuple[int, int], part: float) -> None:
        self.parts.setdefault(name, np.zeros_like(self.total))[at] += part

    def spread(self) -> Spread:
        """Return the parts as they stand."""
        empty = np.zeros_like(self.total)
        return Spread(
            points=self.parts.get("points", empty).copy(),
            measured=self.parts.get("measured", empty).copy(),
            failures={name[1:]: each.copy() for name, each in sorted(self.parts.items()) if name[0] == ":"},
        )


class Tally:
    """Takes records in any order; of a trial that comes again the last one counts.

    Args:
        planned: all trials of the run.
    """

    def __init__(self, planned: Sequence[Trial]) -> None:
        self.total = len(planned)
        self._planned = frozenset(planned)
        self.measured = 0
        self._points = dict.fromkeys((each.name for each in METRICS), 0.0)
        self.failures: dict[str, int] = {}
        self._entries: dict[Trial, _Entry] = {}
        pairs = dict.fromkeys((trial.experiment, trial.prompt) for trial in planned if trial.control is None)
        self.last: Pair | None = next(iter(pairs), None)
        self._cells = {pair: _cells([t for t in planned if (t.experiment, t.prompt) == pair]) for pair in pairs}

    @property
    def done(self) -> int:
        """How many trials have a record."""
        return len(self._entries)

    @property
    def found(self) -> int:
        """In how many measured trials the needle was found."""
        return round(self._points["found"])

    @property
    def strict(self) -> int:
        """In how many all of it was."""
        return round(self._points["strict"])

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The (experiment, prompt) pairs, in the order of the plan."""
        return tuple(self._cells)

    def take(self, record: Record, grade: Grade | None) -> None:
        """Count a record; `grade` is its answer's, None for a failure."""
        trial = record.trial
        if isinstance(record.outcome, Failure):
            entry = _Entry(value=None, failure=record.outcome.kind, found=False)
        elif isinstance(grade, Score):
            each = items_by_row(trial.rows, grade.items) if trial.also_depths else None
            by_row = dict(zip(trial.rows, each, strict=True)) if each else {}
            entry = _Entry(value=grade.value, failure="", found=grade.found, by_row=by_row)
        else:
            entry = _Entry(value=None, failure=UNSCORED, found=False)
        before = self._entries.get(trial)
        if trial.extra and before is None and trial not in self._planned:
            self.total += 1  # decided on after the plan was made
        self._entries[trial] = entry
        if trial.control is None and (trial.experiment, trial.prompt) in self._cells:
            self.last = (trial.experiment, trial.prompt)
            if before is not None:
                self._count(trial, before, -1)
            self._count(trial, entry, 1)

    def _count(self, trial: Trial, entry: _Entry, sign: int) -> None:
        cells = self._cells[trial.experiment, trial.prompt]
        column = cells.lengths.index(trial.length)
        for depth in trial.rows:
            at = (cells.depths.index(depth), column)
            if not trial.extra or trial in self._planned:
                cells.owed[at] -= sign
            own = replace(entry, value=float(entry.by_row[depth])) if depth in entry.by_row else entry
            cells.count(at, own, sign, sign / len(trial.rows))
        if entry.value is None:
            self.failures[entry.failure] = self.failures.get(entry.failure, 0) + sign
        elif not trial.extra:
            self.measured += sign
            for each in METRICS:
                self._points[each.name] += sign * float(each.of(entry.value, entry.found))

    def grid(self, pair: Pair, axis: Axis = DEPTH) -> Grid:
        """Return the grid of one (experiment, prompt) as it stands; `axis`: what its rows are."""
        cells = self._cells[pair]
        empty = np.full(cells.total.shape, np.nan)
        return Grid(
            experiment=pair[0],
            prompt=pair[1],
            lengths=cells.lengths,
            depths=cells.depths,
            value=np.divide(cells.total, cells.measured, out=empty, where=cells.measured > 0),
            measured=cells.measured.copy(),
            owed=cells.owed.copy(),
            failures={kind: counts.copy() for kind, counts in sorted(cells.failures.items()) if counts.any()},
            spread=cells.spread(),
            axis=axis,
        )


def _cells(trials: Sequence[Trial]) -> _Cells:
    swept = [trial for trial in trials if trial.control is None]
    lengths = tuple(sorted({trial.length for trial in swept}))
    depths = tuple(sorted({float(depth) for trial in swept for depth in trial.rows}))
    shape = (len(depths), len(lengths))
    cells = _Cells(
        lengths=lengths,
        depths=depths,
        total=np.zeros(shape),
        measured=np.zeros(shape, dtype=np.int64),
        owed=np.zeros(shape, dtype=np.int64),
    )
    for trial in swept:
        for depth in trial.rows:
            cells.owed[depths.index(float(depth)), lengths.index(trial.length)] += 1
    return cells


def squeezed(grid: Grid, *, rows: int, columns: int) -> Grid:
    """Return the grid with neighbours put together until it has at most so many rows and columns.

    A merged cell is the mean over its trials, and is labelled by the middle one of what it holds.
    """
    down, right = (_groups(count, most) for count, most in ((len(grid.depths), rows), (len(grid.lengths), columns)))

    def added(counts: NDArray[Any]) -> NDArray[Any]:
        return np.add.reduceat(np.add.reduceat(counts, down, axis=0), right, axis=1)

    measured = added(grid.measured)
    total = added(np.nan_to_num(grid.value) * grid.measured)
    return Grid(
        experiment=grid.experiment,
        prompt=grid.prompt,
        lengths=tuple(grid.lengths[middle] for middle in _middles(right, len(grid.lengths))),
        depths=tuple(grid.depths[middle] for middle in _middles(down, len(grid.depths))),
        value=np.divide(total, measured, out=np.full(total.shape, np.nan), where=measured > 0),
        measured=measured,
        owed=added(grid.owed),
        failures={kind: added(counts) for kind, counts in grid.failures.items()},
        spread=None
        if grid.spread is None
        else Spread(
            points=added(grid.spread.points),
            measured=added(grid.spread.measured),
            failures={kind: added(parts) for kind, parts in grid.spread.failures.items()},
        ),
        axis=grid.axis,
    )


def _groups(count: int, most: int) -> list[int]:
    """Return where the groups begin when `count` neighbours are put into at most `most` groups of like size."""
    size = min(count, max(1, most))
    return [count * index // size for index in range(size)]


def _middles(starts: list[int], count: int) -> list[int]:
    return [(start + end - 1) // 2 for start, end in zip(starts, [*starts[1:], count], strict=True)]
