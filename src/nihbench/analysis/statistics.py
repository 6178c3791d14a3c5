"""From the table to the statistics of one (experiment, prompt): arrays out of columns, then `nihbench.stats`.

Nothing is computed here but which trials belong together. Controls are left out. Clusters are texts: haystacks that
begin at the same place of the corpus, or overlap (`stats.overlap`). Where a table does not know the places, all is one
haystack.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nihbench.analysis.grids import Rows, depths_of, in_cells, no_trial, places_of, rows_of
from nihbench.analysis.table import Table
from nihbench.lang.messages import Message, t
from nihbench.plan.grid import joined_depths
from nihbench.stats.adaptive import FirstDraws, row_intervals
from nihbench.stats.cell import Cell, cell, scale_of
from nihbench.stats.crossed import Component, components
from nihbench.stats.diagnose import Diagnosis, diagnose
from nihbench.stats.effective import RULER_THRESHOLD, EffectiveLength, effective_length, pooled_rows
from nihbench.stats.headline import (
    LEAST_MEASURED,
    METRICS,
    Estimate,
    Headline,
    Trials,
    by_depth,
    by_length,
    by_third,
    thirds,
)
from nihbench.stats.patterns import Places
from nihbench.tasks.registry import readable
from nihbench.types import DEPTH, Axis, Trial

BASE_UP_TO = 1024
"""Lengths up to 1K tokens are the base of the effective length (NoLiMa's are 250, 500 and 1K)."""

_UNKNOWN = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class GridTrials:
    """The sweep's trials as arrays, the unmeasured among them, with the axes that their indices point into."""

    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    trials: Trials
    """Each once, at the depth that it bears."""
    in_cells: Trials
    """Each once for every depth that it stands for (`plan.grid`): what cells and rows of one depth hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """A third of the lengths by a third of the depths: the first and the last of each that are in it."""

    lengths: tuple[int, int]
    depths: tuple[float, float]
    headline: Headline


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampled:
    """Over how many needles, wordings of their questions and haystacks numbers were sampled, and whose variance it is.

    `components` are the shares of the variance of found or not, each answer alone: of needle, wording and haystack.
    """

    needles: int
    wordings: int
    haystacks: int
    components: tuple[Component, ...] = ()

    @property
    def brief(self) -> Message:
        """Say over what the numbers were sampled."""
        if self.needles == 1:
            return t("finding.for_this_needle")
        counts = {"needles": self.needles, "wordings": self.wordings, "haystacks": self.haystacks}
        return t("finding.sampled_one_haystack" if self.haystacks < 2 else "finding.sampled", **counts)

    @property
    def shares(self) -> Message | None:
        """Say which share of the variance is whose; None where there is none."""
        known = [each for each in self.components if each.known]
        told = tuple(
            t(
                f"finding.share_{each.name}" if each.told else f"finding.share_{each.name}_open",
                share=f"{each.share:.1%}",
            )
            for each in known
        )
        return t("finding.variance", shares=told) if told else None


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Everything about one (experiment, prompt) alone; axes ascend, lengths in tokens, `depths` on `axis`.

    Each part is computed when it is first asked for.
    """

    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    trials: Trials = field(repr=False)
    in_cells: Trials = field(repr=False)
    """The same, each once for every depth that it stands for."""
    every: Trials = field(repr=False)
    """Like `in_cells`, with an adaptive run's further draws, which only cells count."""
    missed: NDArray[np.bool_] = field(repr=False)
    """Of the measured trials; `places` says where their needles stood."""
    places: Places = field(repr=False)
    absolute: float | None = None
    axis: Axis = DEPTH
    one_needle: bool = False
    """Whether all trials ask for one needle of the catalog."""

    @cached_property
    def headline(self) -> Headline:
        """The three numbers of the whole grid."""
        return Headline(self.trials)

    @cached_property
    def by_length(self) -> tuple[Headline, ...]:
        """The three numbers at each length, over all depths."""
        return by_length(self.trials)

    @cached_property
    def by_depth(self) -> tuple[Headline, ...]:
        """The three numbers at each depth, over all lengths; a trial that stands for several is in each of them."""
        return by_depth(self.in_cells)

    @cached_property
    def by_third(self) -> tuple[tuple[Headline | None, ...], ...]:
        """Those of the 3 x 3 thirds, [depth third][length third]; None where the grid is too small to have it.

        A trial is in the one that the depth nearest to its needle's place lies in.
        """
        return by_third(self.trials, depths=len(self.depths))

    @cached_property
    def cells(self) -> dict[tuple[float, int], Cell]:
        """The measured trials of each (depth, length), all draws of an adaptive run among them."""
        trials = self.every.where(~np.isnan(self.every.value))
        scale = scale_of(trials.value)
        cells: dict[tuple[float, int], Cell] = {}
        for row, depth in enumerate(self.depths):
            for column, length in enumerate(self.lengths):
                here = (trials.depth == row) & (trials.length == column)
                cells[depth, length] = cell(trials.value[here], trials.found[here], scale=scale)
        return cells

    @property
    def has_verdict(self) -> bool:
        """Whether enough of the planned trials is measured."""
        return self.headline.found.measured_share >= LEAST_MEASURED

    @property
    def this_haystack(self) -> bool:
        """Whether all that is measured stands in one haystack."""
        return self.headline.found.haystacks <= 1

    @property
    def overlapping(self) -> bool:
        """Whether that is one text because haystacks overlap, not because there is one."""
        known = self.trials.haystack[self.trials.haystack != _UNKNOWN]
        return self.this_haystack and len(np.unique(known)) > 1

    @cached_property
    def sampled(self) -> Sampled | None:
        """What the numbers were sampled over; None where each trial makes a needle of its own."""
        haystacks = self.headline.found.haystacks
        if self.trials.needle is None:
            return Sampled(needles=1, wordings=1, haystacks=haystacks) if self.one_needle else None
        here = self.trials.where(~np.isnan(self.trials.value))
        if here.needle is None or here.wording is None or not len(here.value):
            return None
        wording = here.needle * (int(here.wording.max()) + 2) + here.wording
        block, cells = here.cluster * len(self.lengths), here.length * len(self.depths) + here.depth
        factors = (
            ("needle", here.needle, block + here.length),
            ("wording", wording, here.needle),
            ("haystack", here.cluster, cells),
        )
        return Sampled(
            needles=len(np.unique(here.needle)),
            wordings=len(np.unique(here.wording)),
            haystacks=haystacks,
            components=components(here.found.astype(np.float64), factors),
        )

    @cached_property
    def base(self) -> Estimate | None:
        """The found rate at up to 1K tokens; None where no length is that short, or all are."""
        short = np.array(self.lengths) <= BASE_UP_TO
        if not short.any() or short.all():
            return None
        mask = short[self.trials.length]
        here = self.trials.where(mask)
        hits = np.where(np.isnan(here.value), np.nan, here.found)
        return here.estimate(hits)

    @cached_property
    def effective(self) -> EffectiveLength:
        """The effective context length, from the base, or from `absolute` where that is given."""
        return self._effective(self.absolute)

    @cached_property
    def effective_absolute(self) -> EffectiveLength:
        """The same by RULER's absolute threshold, which needs no base."""
        return self._effective(RULER_THRESHOLD)

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """The pattern of the misses."""
        short = self.places.length <= BASE_UP_TO
        return diagnose(self.missed, self.places, base_missed=self.missed[short] if short.any() else None)

    @property
    def unjudged(self) -> tuple[int, ...]:
        """Lengths of which too little is measured for a verdict."""
        shares = [row.found.measured_share for row in self.by_length]
        return tuple(n for n, share in zip(self.lengths, shares, strict=True) if share < LEAST_MEASURED)

    @property
    def worst(self) -> Region | None:
        """The third by third with the lowest found rate, None where no two of them differ."""
        found = [
            (part.found_rate, row, column, part)
            for row, parts in enumerate(self.by_third)
            for column, part in enumerate(parts)
            if part is not None and not np.isnan(part.found_rate)
        ]
        if len({value for value, *_ in found}) < 2:
            return None
        _, row, column, part = min(found, key=lambda each: each[:3])
        depths, lengths = axis_thirds(self.depths)[row], axis_thirds(self.lengths)[column]
        return Region(lengths=(int(lengths[0]), int(lengths[-1])), depths=(depths[0], depths[-1]), headline=part)

    def _effective(self, absolute: float | None) -> EffectiveLength:
        base = None if absolute is not None else self.base
        lengths = self._rows(absolute)
        keep = np.isin(self.lengths, lengths)
        return effective_length(
            lengths,
            [row.found for row, kept in zip(self.by_length, keep, strict=True) if kept],
            base,
            absolute=absolute,
            pooled=pooled_rows(self.trials.where(keep[self.trials.length])),
        )

    def _rows(self, absolute: float | None) -> tuple[int, ...]:
        """Lengths of the base are rows only where no base is asked for."""
        shortest = BASE_UP_TO if absolute is None and self.base is not None else 0
        return tuple(length for length in self.lengths if length > shortest)


def axis_thirds(values: tuple[float, ...]) -> dict[int, tuple[float, ...]]:
    """Return the values of each third of an axis that is not empty."""
    numbers = thirds(np.arange(len(values)))
    return {int(n): tuple(v for v, m in zip(values, numbers, strict=True) if m == n) for n in np.unique(numbers)}


def statistics(
    table: Table,
    *,
    experiment: str,
    prompt: str,
    planned: Iterable[Trial] = (),
    absolute: float | None = None,
    axis: Axis = DEPTH,
    one_needle: bool = False,
) -> Statistics:
    """Return the statistics of one (experiment, prompt).

    Args:
        table: A table made by `analysis.table.columns`.
        experiment: Name of the experiment.
        prompt: Name of the prompt variant.
        planned: The run's trials, so that those without a record count as unmeasured.
        absolute: An absolute threshold for the effective length, such as `RULER_THRESHOLD`, in place of the base.
        axis: What the run's rows are.
        one_needle: Whether all trials ask for one needle of the catalog.

    Raises:
        UsageError: Neither the table nor the plan has a trial of this pair.
    """
    planned = tuple(planned)
    made = grid_trials(table, experiment=experiment, prompt=prompt, planned=planned)
    every = grid_trials(table, experiment=experiment, prompt=prompt, planned=planned, extra=True)
    missed, places = misses(table, experiment=experiment, prompt=prompt)
    return Statistics(
        lengths=made.lengths,
        depths=made.depths,
        trials=made.trials,
        in_cells=made.in_cells,
        every=every.in_cells,
        missed=missed,
        places=places,
        absolute=absolute,
        axis=axis,
        one_needle=one_needle,
    )


def grid_trials(
    table: Table, *, experiment: str, prompt: str, planned: Iterable[Trial] = (), extra: bool = False
) -> GridTrials:
    """Return the trials of one (experiment, prompt) as arrays; see `statistics` and `rows_of` for the arguments.

    Raises:
        UsageError: Neither the table nor the plan has a trial of this pair.
    """
    rows = rows_of(table, experiment, prompt, extra=extra)
    planned = [t for t in planned if (t.experiment, t.prompt, t.control) == (experiment, prompt, None)]
    spread, _ = in_cells(rows)
    made = set(places_of(spread))
    owed = sorted(
        (trial.length, trial.row, trial.repeat, trial.rows)
        for trial in planned
        if (trial.length, float(trial.row), trial.repeat) not in made
    )
    every = [*made, *((length, depth, repeat) for length, _, repeat, depths in owed for depth in depths)]
    if not every:
        raise no_trial(experiment, prompt)
    lengths, depths = (tuple(sorted({each[axis] for each in every})) for axis in (0, 1))
    once = [(length, depth) for length, depth, *_ in owed]
    again = [(length, depth) for length, _, _, all_of in owed for depth in all_of]
    return GridTrials(
        lengths=tuple(map(int, lengths)),
        depths=depths,
        trials=_trials(rows, once, lengths, depths),
        in_cells=_trials(spread, again, lengths, depths),
    )


def _trials(rows: Rows, owed: Sequence[tuple[int, float]], lengths: Sequence[float], depths: Sequence[float]) -> Trials:
    """Return rows as arrays, and behind them what is owed at these lengths and depths."""
    more = np.array(owed, dtype=np.float64).reshape(-1, 2)
    none = np.full(len(more), _UNKNOWN)
    return Trials(
        value=np.concatenate([rows["value"].astype(np.float64), np.full(len(more), np.nan)]),
        found=np.concatenate([found_of(rows["found"]), np.zeros(len(more), dtype=bool)]),
        haystack=np.concatenate([numbers_of(rows["haystack"]), none]).astype(np.int64),
        length=np.searchsorted(lengths, np.concatenate([rows["length"].astype(np.float64), more[:, 0]])),
        depth=np.searchsorted(depths, np.concatenate([rows["axis"].astype(np.float64), more[:, 1]])),
        text=np.concatenate([numbers_of(rows["text"]), none]).astype(np.int64),
        place=np.concatenate([_places(rows), none]).astype(np.int64),
        needle=_named(rows["bank_needle"], none),
        wording=_named(rows["bank_wording"], none),
    )


def _named(column: NDArray[np.object_], owed: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Number the names of a column, alike in every run; -1 where one is missing or owed; None: all are."""
    numbers = [zlib.crc32(each.encode()) >> 1 if isinstance(each, str) and each else _UNKNOWN for each in column]
    return np.concatenate([numbers, owed]).astype(np.int64) if any(at != _UNKNOWN for at in numbers) else None


def _places(rows: Rows) -> NDArray[np.int64]:
    """Number the places of texts where needles stood: repeats over one text ask at the same place again.

    Where it is not recorded each trial has its own.
    """
    columns = (numbers_of(rows[name]) for name in ("haystack", "needle_at", "length", "axis"))
    at = [number if _UNKNOWN in each[:2] else each for number, each in enumerate(zip(*columns, strict=True))]
    number_of = {place: number for number, place in enumerate(dict.fromkeys(at))}
    return np.array([number_of[place] for place in at], dtype=np.int64)


def misses(table: Table, *, experiment: str, prompt: str) -> tuple[NDArray[np.bool_], Places]:
    """Return, for the measured trials, whether each missed the needle and where that stood.

    Tokens before the needle are the achieved depth times the nominal length, so that both are in the length unit: what
    was counted beside it (`total_tokens`) is not, where lengths are fitted to a server's counts. The question and the
    template, some dozens of tokens, are taken for haystack, which the width of a grid step hides. Where the table does
    not know the achieved depth, the nominal one stands in.
    """
    rows = rows_of(table, experiment, prompt)
    measured = ~np.isnan(rows["value"].astype(np.float64))
    nominal = rows["length"].astype(np.float64)[measured]
    achieved = rows["achieved_depth_percent"].astype(np.float64)[measured]
    nominal_depth = rows["depth_percent"].astype(np.float64)[measured]
    depth = np.where(np.isnan(achieved), np.nan_to_num(nominal_depth, nan=50.0), achieved)
    before = nominal * depth / 100
    row = np.unique(rows["axis"].astype(np.float64)[measured], return_inverse=True)[1]
    places = Places(before=before, after=nominal - before, length=nominal, row=row)
    return ~found_of(rows["found"])[measured], places


def found_of(column: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return a column of found or not as booleans; what is missing (None, or pandas' NA) is not found."""
    return np.array([isinstance(each, (bool, np.bool_)) and bool(each) for each in column], dtype=bool)


def numbers_of(column: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return a column of whole numbers, -1 where one is missing (None, or pandas' NA)."""
    kinds = (int, float, np.integer, np.floating)
    return np.array([float(each) if isinstance(each, kinds) and each == each else _UNKNOWN for each in column])


# ---- summaries -------------------------------------------------------------------------------------------------------
# The headline numbers of one (experiment, prompt), those of `stats.headline`.
#
# Each is over the measured trials and carries its bounds. Intervals and tests are not here.


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A share between 0 and 1: `value` over the measured trials, NaN where nothing was measured.

    `low` and `high` are over all planned trials, the unmeasured counted as misses and as hits.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemShare:
    """How often answers gave one item, of the measured trials that asked for it."""

    name: str
    found: int
    measured: int


MOST_ITEMS = 12
"""Of more items, or of names that every trial draws anew, shares by item say nothing."""


def item_shares(rows: Rows) -> tuple[ItemShare, ...]:
    """Return the share of each item by its name, in the order of first appearance; none where a task has no items."""
    counts: dict[str, list[bool]] = {}
    for text in rows["items"]:
        for name, found in json.loads(text) if isinstance(text, str) else ():
            counts.setdefault(readable(str(name)), []).append(bool(found))
    if len(counts) > MOST_ITEMS:
        return ()
    return tuple(ItemShare(name=name, found=sum(each), measured=len(each)) for name, each in counts.items())


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """Headline numbers of one (experiment, prompt), controls left out.

    `planned` trials were to be made, `recorded` have a record, `measured` have a value; `failures` counts the
    recorded ones without a value by kind.
    """

    experiment: str
    prompt: str
    planned: int
    recorded: int
    measured: int
    failures: Mapping[str, int]
    rates: Mapping[str, Rate]
    """The numbers by their names (`METRICS`), in the order in which they are told."""
    items: tuple[ItemShare, ...] = ()
    """How often each item of a task with several was given."""

    @property
    def measured_share(self) -> float:
        """Measured trials / planned trials."""
        return self.measured / self.planned

    @property
    def found(self) -> Rate:
        """The share of trials in which the needle was found."""
        return self.rates["found"]

    @property
    def strict(self) -> Rate:
        """The share of trials in which all of it was."""
        return self.rates["strict"]

    @property
    def mean_band(self) -> Rate:
        """The mean score."""
        return self.rates["mean_band"]


def summary(table: Table, *, experiment: str, prompt: str, planned: int | None = None) -> Summary:
    """Summarise one (experiment, prompt) of a table.

    Args:
        table: A table made by `analysis.table.columns`.
        experiment: Name of the experiment.
        prompt: Name of the prompt variant.
        planned: Trials that the plan has for this pair, controls not counted; those without a record are unmeasured.
            None: as many as have a record.

    Raises:
        UsageError: There is neither a record nor a planned trial of this pair.
        ValueError: `planned` is smaller than the number of recorded trials.
    """
    rows = rows_of(table, experiment, prompt)
    recorded = len(rows["value"])
    total = recorded if planned is None else planned
    if total < recorded:
        raise ValueError(
            t(
                "analysis.trials_planned_but_recorded",
                total=total,
                experiment=experiment,
                prompt=prompt,
                recorded=recorded,
            )
        )
    if not total:
        raise no_trial(experiment, prompt)
    good = np.array([value == value for value in rows["value"]], dtype=bool)  # not NaN
    values, found = rows["value"][good].astype(np.float64), found_of(rows["found"])[good]
    kinds = Counter(str(kind) for kind in rows["failure"] if isinstance(kind, str))
    return Summary(
        experiment=experiment,
        prompt=prompt,
        planned=total,
        recorded=recorded,
        measured=len(values),
        failures=dict(sorted(kinds.items())),
        rates={each.name: _rate(float(sum(each.of(values, found))), len(values), total) for each in METRICS},
        items=item_shares(rows),
    )


def _rate(points: float, measured: int, planned: int) -> Rate:
    """Turn points won over the measured trials into a share and its bounds over the planned ones."""
    unmeasured = planned - measured
    return Rate(
        value=points / measured if measured else float("nan"),
        low=points / planned,
        high=(points + unmeasured) / planned,
    )


# ---- the rows of an adaptive run over all its draws: each cell weighs once, however often it was drawn ---------------
# Pooled over draws a row would lean to where most were made, that is to where the needle is missed.


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptiveRow:
    """The found rate at one length over all draws with its 95% interval, NaN where nothing is measured.

    `haystacks` is how many the whole grid was drawn over: with one, the interval holds for this haystack only.
    """

    length: int
    draws: int
    found: float
    low: float
    high: float
    haystacks: int


def adaptive_rows(table: Table, *, experiment: str, prompt: str) -> tuple[AdaptiveRow, ...]:
    """Return the rows of one (experiment, prompt), lengths ascending; none where there is no further draw."""
    rows = rows_of(table, experiment, prompt, extra=True)
    value, extra = rows["value"].astype(np.float64), rows["extra"].astype(bool)
    if not extra.any():
        return ()
    lengths, length = np.unique(rows["length"].astype(np.int64), return_inverse=True)
    axis = np.unique(rows["axis"].astype(np.float64))
    measured = ~np.isnan(value)
    haystacks, haystack = np.unique(numbers_of(rows["text"]), return_inverse=True)
    shape = (len(haystacks), len(axis), len(lengths))
    hits, drawn, first_hits, first_drawn = (np.zeros(shape) for _ in range(4))
    found = found_of(rows["found"]).astype(np.float64)
    for column in range(len(lengths)):
        mine = (length == column) & measured
        for row, index in _in_cells(rows, axis, length == column, mine):
            at = (haystack[index], row, column)
            hits[at] += found[index]
            drawn[at] += 1
            first_hits[at] += found[index] * (not extra[index])
            first_drawn[at] += not extra[index]
    asked = drawn.any(axis=(1, 2))
    if not asked.any():
        return ()
    first = FirstDraws(found=first_hits.sum(axis=0), measured=first_drawn.sum(axis=0))
    mean, low, high = row_intervals(hits[asked], drawn[asked], first)
    draws = np.bincount(length[measured], minlength=len(lengths))
    return tuple(
        AdaptiveRow(
            length=int(at), draws=int(count), found=float(rate), low=float(lower), high=float(upper),
            haystacks=int(asked.sum()),
        )
        for at, count, rate, lower, upper in zip(lengths, draws, mean, low, high, strict=True)
    )  # fmt: skip


def _in_cells(
    rows: Rows, axis: NDArray[np.float64], here: NDArray[np.bool_], measured: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Give, for the measured trials of one length, the cells they stand in, by a place on the axis of depths.

    Depths that are one prompt in any haystack of the plan are one cell, as the draws were decided (`run.adaptive`).
    """
    first = here & ~rows["extra"].astype(bool)
    cells = joined_depths(map(depths_of, rows["axis"][first], rows["also_depths"][first]))
    place = {depth: min(int(np.argmin(np.abs(axis - each))) for each in cell) for cell in cells for depth in cell}
    for index in np.flatnonzero(measured).tolist():
        depths = depths_of(rows["axis"][index], rows["also_depths"][index])
        for row in sorted({place[depth] for depth in depths if depth in place}):
            yield row, index
