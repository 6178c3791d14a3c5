"""The table of one (experiment, prompt) as a depth x length grid, aggregated over repeats.

Axes are nominal: the depths and lengths that were asked for. Controls are left out. An adaptive run's further draws
are in its cells. A trial that stands for several depths (`plan.places`) is in each of its cells; `in_cells` alone
repeats it, and whatever is over several cells must count it once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nihbench.analysis.table import Table
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.types import DEPTH, Axis, IntArray, Trial

_USED = (
    "id", "length", "axis", "depth_percent", "also_depths", "achieved_depth_percent", "repeat", "extra", "value",
    "found",
    "failure", "items", "total_tokens", "haystack", "text", "needle_at", "prompt_sha256",
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
        table: A table made by `nihbench.analysis.columns` or `frame`.
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
