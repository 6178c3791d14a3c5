"""The table of one (experiment, prompt) as a depth x length grid, aggregated over repeats.

Axes are nominal: the depths and lengths that were asked for. Controls are left out. An adaptive run's further draws
are in its cells. A trial that stands for several depths (`plan.grid`) is in each of its cells; `in_cells` alone
repeats it, and whatever is over several cells must count it once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nihbench.analysis.table import UNSCORED, Table
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.stats.headline import METRICS
from nihbench.types import DEPTH, Axis, Failure, Grade, IntArray, Record, Score, Trial

_USED = (
    "id", "length", "axis", "depth_percent", "also_depths", "achieved_depth_percent", "repeat", "extra", "value",
    "found",
    "failure", "items", "total_tokens", "haystack", "text", "needle_at", "prompt_sha256",
    "bank_needle", "bank_wording",
)  # fmt: skip

Rows = dict[str, NDArray[np.object_]]
"""Columns by name, each an entry a trial."""
Place = tuple[int, float, int]
"""Length, row, repeat."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Spread:
    """What a grid holds, each trial dealt out evenly over the cells that it is drawn in: sums over cells count it once.

    `points` are the sums of values. Shapes are the grid's.
    """

    points: NDArray[np.float64]
    measured: NDArray[np.float64]
    failures: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Grid:
    """Rows x lengths: row i is `depths[i]` on `axis`, column j is `lengths[j]` (tokens), both ascending.

    All matrices have the shape (len(depths), len(lengths)) and are read-only. `value` is the mean over the measured
    trials of a cell and NaN where there is none; `measured` counts those trials. `failures` counts the others by
    kind (a failure's kind, or "unscored"), `owed` the planned trials without a record.
    """

    experiment: str
    prompt: str
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    value: NDArray[np.float64]
    measured: IntArray
    owed: IntArray
    failures: Mapping[str, IntArray]
    achieved: NDArray[np.float64] | None = None
    """Mean achieved depth (percent) of a cell's recorded trials, NaN where there is none; None: not known."""
    spread: Spread | None = None
    """None where each trial is drawn in one cell."""
    axis: Axis = DEPTH
    """What its rows are: depths in percent, or the points of the task's own axis."""

    @property
    def failed(self) -> IntArray:
        """Trials of each cell that have a record but no value, of whatever kind."""
        return sum(self.failures.values(), np.zeros_like(self.measured))


def grid(table: Table, *, experiment: str, prompt: str, planned: Iterable[Trial] = (), axis: Axis = DEPTH) -> Grid:
    """Aggregate the trials of one (experiment, prompt) over their repeats.

    Args:
        table: A table made by `analysis.table.columns`.
        experiment: Name of the experiment.
        prompt: Name of the prompt variant.
        planned: The run's trials (others than this pair's are passed over), so that cells without any record are
            in the grid and known as owed. Without it the grid spans what has records.
        axis: What the run's rows are.

    Raises:
        UsageError: Neither the table nor the plan has a trial of this pair.
    """
    rows, shares = in_cells(rows_of(table, experiment, prompt, extra=True))
    recorded = set(places_of(rows))
    owed = _planned(planned, experiment, prompt) - recorded
    if not recorded and not owed:
        raise no_trial(experiment, prompt)
    lengths = sorted({length for length, _, _ in recorded | owed})
    depths = sorted({depth for _, depth, _ in recorded | owed})
    shape = (len(depths), len(lengths))

    # Cells as (row, column) indices, one pair a trial; the axes hold every nominal value exactly.
    cells = np.array(
        [
            np.searchsorted(depths, rows["axis"].astype(np.float64)),
            np.searchsorted(lengths, rows["length"].astype(np.int64)),
        ]
    )
    owed_indices = [(depths.index(depth), lengths.index(length)) for length, depth, _ in owed]
    owed_cells = np.array(owed_indices, dtype=np.int64).reshape(-1, 2).T
    values = rows["value"].astype(np.float64)
    good = ~np.isnan(values)
    measured = _tally(cells[:, good], shape)
    value = _means(cells[:, good], values[good], shape)
    kinds = np.array([kind if isinstance(kind, str) else "" for kind in rows["failure"]], dtype=object)
    names = sorted({str(kind) for kind in kinds} - {""})
    return Grid(
        experiment=experiment,
        prompt=prompt,
        lengths=tuple(lengths),
        depths=tuple(depths),
        value=value,
        measured=measured,
        owed=_tally(owed_cells, shape),
        failures={kind: _tally(cells[:, kinds == kind], shape) for kind in names},
        achieved=_means(cells, rows["achieved_depth_percent"].astype(np.float64), shape),
        spread=None
        if bool(np.all(shares == 1))
        else Spread(
            points=_sums(cells[:, good], (shares * values)[good], shape),
            measured=_sums(cells[:, good], shares[good], shape),
            failures={kind: _sums(cells[:, kinds == kind], shares[kinds == kind], shape) for kind in names},
        ),
        axis=axis,
    )


def no_trial(experiment: str, prompt: str) -> UsageError:
    """Return the error for a pair of which a run has no trial."""
    return UsageError(t("analysis.run_no_trial_name", experiment=experiment, prompt=prompt))


def rows_of(table: Table, experiment: str, prompt: str, *, extra: bool = False) -> Rows:
    """Return the columns of one (experiment, prompt) without its controls.

    `extra`: with an adaptive run's further draws. They lie where answers are uncertain, so that no number over several
    cells may count them like the others.
    """
    of_pair = [
        e == experiment and p == prompt and not isinstance(control, str) and (extra or not more)
        for e, p, control, more in zip(
            table["experiment"], table["prompt"], table["control"], table["extra"], strict=True
        )
    ]
    keep = np.array(of_pair, dtype=np.bool_)
    return {name: np.asarray(table[name], dtype=object)[keep] for name in _USED}


def in_cells(rows: Rows) -> tuple[Rows, NDArray[np.float64]]:
    """Return the rows of `rows_of` with each trial once for every cell it stands in, and which part of it each is.

    Parts of one trial add up to 1. Where a prompt has an item for each of its rows, that is what counts in its cell.
    """
    depths = [depths_of(depth, also) for depth, also in zip(rows["axis"], rows["also_depths"], strict=True)]
    counts = np.array([len(each) for each in depths], dtype=np.int64)
    repeated = {name: np.repeat(column, counts) for name, column in rows.items()}
    repeated["axis"] = np.array([depth for each in depths for depth in each], dtype=object)
    by_row = [_by_row(each, items) for each, items in zip(depths, rows["items"], strict=True)]
    own: list[bool | None] = []
    for each, found_in in zip(depths, by_row, strict=True):
        own += found_in or [None] * len(each)
    for at, found in enumerate(own):
        if found is not None:
            repeated["value"][at], repeated["found"][at] = float(found), found
    return repeated, np.repeat(1.0 / counts, counts)


def _by_row(rows: tuple[float, ...], items: object) -> list[bool] | None:
    """Return for each of a trial's rows whether its own item was found; None where items are not those of rows."""
    if len(rows) < 2 or not isinstance(items, str):
        return None
    return items_by_row(rows, json.loads(items))


def items_by_row(rows: Iterable[float], items: Iterable[tuple[str, bool]]) -> list[bool] | None:
    """Return for each row whether the item that is named as it was found; None where items are not those of rows."""
    found, names = dict(items), [f"{row:g}" for row in rows]
    return [found[name] for name in names] if found and all(name in found for name in names) else None


def places_of(rows: Rows) -> list[Place]:
    """Return each row's length, depth and repeat."""
    columns = (rows["length"], rows["axis"], rows["repeat"])
    return [(int(length), float(depth), int(repeat)) for length, depth, repeat in zip(*columns, strict=True)]


def depths_of(depth: object, also: object) -> tuple[float, ...]:
    """Return all nominal depths of a row, from its two columns, its own first."""
    further = map(float, also.split()) if isinstance(also, str) else ()
    return (float(str(depth)), *further)


def _sums(cells: IntArray, values: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the sum of the values in each cell."""
    total = np.zeros(shape)
    np.add.at(total, tuple(cells), values)
    total.setflags(write=False)
    return total


def _means(cells: IntArray, values: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the mean of the values in each cell, NaN where there is none."""
    total, counts = _sums(cells, values, shape), _tally(cells, shape)
    means: NDArray[np.float64] = np.divide(total, counts, out=np.full(shape, np.nan), where=counts > 0)
    means.setflags(write=False)
    return means


def _tally(cells: IntArray, shape: tuple[int, int]) -> IntArray:
    """Count how often each cell comes in `cells`, an array of shape (2, trials)."""
    counts = np.zeros(shape, dtype=np.int64)
    np.add.at(counts, tuple(cells), 1)
    counts.setflags(write=False)
    return counts


def _planned(planned: Iterable[Trial], experiment: str, prompt: str) -> set[Place]:
    return {
        (trial.length, float(row), trial.repeat)
        for trial in planned
        if trial.experiment == experiment and trial.prompt == prompt and trial.control is None
        for row in trial.rows
    }


# ---- profiles --------------------------------------------------------------------------------------------------------
# A grid -> its means by length and by depth. Intervals come from elsewhere: they are statistics over trials.

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Profile:
    """The mean score at each place of one axis: `at` are lengths in tokens, or the grid's rows, ascending.

    `value` is the mean over the `measured` trials there, NaN where there is none. `low` and `high` bound it where an
    interval was made, else both are None.
    """

    at: tuple[float, ...]
    value: Numbers
    measured: IntArray
    low: Numbers | None = None
    high: Numbers | None = None


def length_profile(grid: Grid) -> Profile:
    """Return the means over all depths at each length."""
    made = _profile(grid, tuple(map(float, grid.lengths)), axis=0)
    if grid.spread is None:
        return made
    measured = grid.spread.measured.sum(axis=0)
    value: Numbers = np.divide(grid.spread.points.sum(axis=0), measured, out=made.value * np.nan, where=measured > 0)
    return replace(made, value=value, measured=np.rint(measured).astype(np.int64))


def depth_profile(grid: Grid) -> Profile:
    """Return the means over all lengths at each nominal depth."""
    return _profile(grid, grid.depths, axis=1)


def _profile(grid: Grid, at: tuple[float, ...], axis: int) -> Profile:
    measured = grid.measured.sum(axis=axis)
    total = (np.nan_to_num(grid.value) * grid.measured).sum(axis=axis)
    value: Numbers = np.divide(total, measured, out=np.full(len(at), np.nan), where=measured > 0)
    return Profile(at=at, value=value, measured=measured)


# ---- two grids -> their difference, cell by cell, over the lengths and depths that both have -------------------------


def difference(first: Grid, second: Grid) -> Grid:
    """Return a grid whose value is that of `second` minus that of `first`, between -1 and 1.

    A cell that has no value in one of them has none; `measured` is the smaller of the two counts there. Cells without
    a value have no failures: what failed on which side is told by the two grids themselves.

    Raises:
        UsageError: The grids share no length or no row, or their rows are not of one kind.
    """
    if first.axis.name != second.axis.name:
        raise UsageError(t("analysis.rows_of_two_kinds", one=first.axis.title, other=second.axis.title))
    lengths = tuple(sorted(set(first.lengths) & set(second.lengths)))
    depths = tuple(sorted(set(first.depths) & set(second.depths)))
    if not lengths or not depths:
        raise UsageError(t("analysis.two_no_cell_common"))
    picks = [
        np.ix_([grid.depths.index(depth) for depth in depths], [grid.lengths.index(length) for length in lengths])
        for grid in (first, second)
    ]
    value = second.value[picks[1]] - first.value[picks[0]]
    both = ~np.isnan(value)
    measured = np.where(both, np.minimum(first.measured[picks[0]], second.measured[picks[1]]), 0)
    return Grid(
        experiment=second.experiment,
        prompt=second.prompt,
        lengths=lengths,
        depths=depths,
        value=value,
        measured=measured,
        owed=np.where(both, 0, 1),
        failures={},
        axis=second.axis,
    )


# ---- a run's grids and rates while it grows: a record is taken in at once --------------------------------------------
# What both show of the same records is the same; tests hold them together. Controls are counted, but in no grid. An
# adaptive run's further draws are in their cells, and in no rate.


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
