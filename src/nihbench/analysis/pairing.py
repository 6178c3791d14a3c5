"""Two sides over the same haystacks -> pairs, and how they compare; or over different ones, as two samples.

A side is one (model, prompt) of an experiment. Two sides are paired cell by cell and repeat by repeat. That is only
sound where both had the same text in front of them, which `sides` makes sure of. Prompts of different length leave a
haystack some tokens more or less at its end, so the needle may stand a sentence away; `Paired.moved` counts that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import hypot
from typing import Any, TypedDict

import numpy as np

from nihbench.analysis.grids import Place, Rows, in_cells, places_of, rows_of
from nihbench.analysis.statistics import GridTrials, ItemShare, found_of, grid_trials, item_shares, numbers_of
from nihbench.analysis.table import Table
from nihbench.errors import UsageError
from nihbench.lang.messages import Message, said, t
from nihbench.run.options import MODEL_UNIT
from nihbench.run.stored import Manifest
from nihbench.stats.compare import Comparison, Crossed, Pairs, compare, interaction, repeats_for, verdict_of
from nihbench.stats.headline import FOUND, LEAST_MEASURED, METRICS, Estimate, Headline, Metric, Trials
from nihbench.stats.interval import LEVEL, IntArray, Interval
from nihbench.stats.overlap import one_text
from nihbench.stats.regions import Region, strongest_regions
from nihbench.types import CONDITIONS, DEPTH, Axis, Trial

# ---- sides -----------------------------------------------------------------------------------------------------------
# A side of a comparison, and whether several read the same text: if not, the reason why they can't be paired.
#
# What makes the text is compared before, and where each text begins is compared trial by trial.

Cell = Place


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """One (model, prompt) of an experiment.

    `name` is what tells it from what it is compared with, `run` its folder's name, `place` how a user calls that.
    `text` is what makes its haystacks (`text_of`), by names that a user knows. `planned` are the cells and repeats
    of its plan as (length, depth, repeat). `same` has, for a cell whose trial bears another depth (`plan.grid`),
    the cell of that depth.
    """

    name: str
    run: str
    model: str
    experiment: str
    prompt: str
    table: Table = field(repr=False)
    text: Mapping[str, object] = field(repr=False)
    planned: frozenset[Cell] = field(repr=False)
    place: str = ""
    same: Mapping[Cell, Cell] = field(default_factory=dict, repr=False)
    served: str = ""
    date: str = ""
    """The model's version as it was served, and the days: what tells two runs of one model apart beside `run`."""
    unit: str = MODEL_UNIT
    """The code of the unit of its lengths (`Manifest.unit`)."""
    axis: Axis = DEPTH
    """What the rows of its grid are."""
    condition: str = ""
    """The conditions of its task: "haystack=text distractors=4"; "" where it has none."""
    language: str = ""
    """Of what it plants."""
    planted_tokens: Mapping[Cell, int] = field(default_factory=dict, repr=False)
    """What all that is planted in a cell's trial takes, for a task."""

    def without(self, *names: Message) -> Side:
        """Return it as one of which the text may differ in what is named so."""
        return replace(self, text={name: value for name, value in self.text.items() if name not in names})

    def trial_at(self, cell: Cell) -> Cell:
        """Return the cell by which the trial is known that stands in a cell."""
        return self.same.get(cell, cell)

    @property
    def trials(self) -> int:
        """How many trials its plan has."""
        return len(self.planned) - len(self.same)


class PlannedCells(TypedDict):
    """What a plan says of a `Side`."""

    planned: frozenset[Cell]
    same: Mapping[Cell, Cell]


def planned_cells(trials: Iterable[Trial]) -> PlannedCells:
    """Return the cells of a side's planned trials, and which of them have one trial."""
    cells = {
        (trial.length, float(row), trial.repeat): (trial.length, float(trial.row), trial.repeat)
        for trial in trials
        for row in trial.rows
    }
    return {"planned": frozenset(cells), "same": {cell: trial for cell, trial in cells.items() if cell != trial}}


def _planted_of(manifest: Manifest) -> dict[str, object]:
    """Return what says what a run plants: its needle, or its task with what was chosen of it."""
    task, needle = manifest.task, manifest.needle
    if task.is_single:
        return {
            t("common.needle"): needle.name,
            t("analysis.needle_text"): " ".join(needle.statements),
            # Where only haystacks are drawn, what was drawn is compared trial by trial.
            t("analysis.seed_needle"): manifest.identity.get("seed") if needle.fresh else None,
        }
    chosen = [f"{name}={value}" for name, value in sorted(task.options.items()) if name not in CONDITIONS]
    return {
        t("common.task"): " ".join([task.name, task.version, *chosen]),
        LANGUAGE: task.language,
        CONDITION: condition_of(manifest) or None,
        t("analysis.seed_needle"): manifest.identity.get("seed"),
    }


CONDITION, LANGUAGE, CORPUS = t("common.condition"), t("common.language"), t("common.corpus")
"""What `text_of` calls the sides of a comparison by condition and by language."""


def condition_of(manifest: Manifest) -> str:
    """Return the conditions of a run's task in one line; "" where it has none."""
    options = manifest.task.options
    return " ".join(f"{name}={options[name]}" for name in CONDITIONS if name in options)


def text_of(manifest: Manifest) -> dict[str, object]:
    """Return what makes the haystacks of a run, by names that a user knows."""
    identity = manifest.identity
    unit = manifest.length_unit
    # A fit to a server's own counts makes lengths that no other server has.
    fitted = None if identity.get("calibration") is None else _digest(identity["calibration"])
    return {
        CORPUS: f"{manifest.corpus.name} {manifest.corpus.sha256[:12]}",
        **_planted_of(manifest),
        t("analysis.length_unit"): unit.tokenizer
        if fitted is None
        else t("analysis.fitted_server_count", tokenizer=unit.tokenizer),
        t("analysis.fit_length_unit"): fitted,
        t("analysis.rules_placement"): identity.get("placement"),
    }


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def in_common(sides: Sequence[Side]) -> tuple[frozenset[Cell], list[Cell]]:
    """Return the cells and repeats that all sides have planned, and those of them that have a record on every side.

    A trial that stands for several cells is in one pair only. Prompts of different length may share them in different
    ways: a cell pairs the trials that stand in it, as long as neither is in a pair.

    Raises:
        UsageError: Their haystacks are not the same; the message names what differs.
    """
    first = sides[0]
    for side in sides[1:]:
        _check_same_text(first, side)
    both = _each_once(sides)
    if not both:
        raise UsageError(t("analysis.cant_pair_they_no", one=_whole(first), other=_whole(sides[1])))
    recorded = [set(places_of(in_cells(_rows(side))[0])) for side in sides]
    keys = sorted(both.intersection(*recorded))
    begins = [rows_at(side, keys)["haystack"] for side in sides]
    for side, other in zip(sides[1:], begins[1:], strict=True):
        apart = int(np.sum(begins[0] != other))
        if apart and side.language == first.language:
            raise UsageError(
                t(
                    "analysis.cant_pair_trials_haystack",
                    one=_whole(first),
                    other=_whole(side),
                    apart=apart,
                    all=len(keys),
                )
            )
    return both, keys


def _check_same_text(first: Side, second: Side) -> None:
    names = [name for name in {**first.text, **second.text} if first.text.get(name) != second.text.get(name)]
    if names:
        told = said(t("common.blank")).join(
            f"{said(name)}: {_shown(first.text.get(name))} | {_shown(second.text.get(name))}" for name in names
        )
        raise UsageError(t("analysis.cant_pair_they_not", one=_whole(first), other=_whole(second), told=told))


def _whole(side: Side) -> str:
    whole = f"{side.model}: {side.experiment}/{side.prompt}"
    return whole if side.run in whole else f"{whole} ({side.run})"


def _shown(value: object) -> str:
    text = said(t("analysis.none")) if value is None else said(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _each_once(sides: Sequence[Side]) -> frozenset[Cell]:
    """Return cells that are planned on every side, so that no trial of any side stands in two of them."""
    taken: set[tuple[int, Cell]] = set()
    chosen = set()
    shared = frozenset.intersection(*(side.planned for side in sides))
    # Cells by which trials of the first side are known come first, so that like plans pair trial by trial.
    for cell in sorted(shared, key=lambda cell: (cell != sides[0].trial_at(cell), cell)):
        trials = {(number, side.trial_at(cell)) for number, side in enumerate(sides)}
        if taken.isdisjoint(trials):
            taken |= trials
            chosen.add(cell)
    return frozenset(chosen)


def _rows(side: Side) -> Rows:
    return rows_of(side.table, side.experiment, side.prompt)


def rows_at(side: Side, keys: Sequence[Cell]) -> dict[str, Any]:
    """Return the columns that pairing needs, in the order of the keys; every key has a record."""
    rows, _ = in_cells(_rows(side))
    at = {place: index for index, place in enumerate(places_of(rows))}
    order = np.array([at[key] for key in keys], dtype=np.int64)
    return {
        "value": rows["value"].astype(np.float64)[order],
        "found": found_of(rows["found"])[order].astype(np.float64),
        "haystack": numbers_of(rows["haystack"])[order],
        "id": rows["id"][order],
        "text": numbers_of(rows["text"])[order],
        "needle_at": numbers_of(rows["needle_at"])[order],
        "prompt_sha256": rows["prompt_sha256"][order],
        "bank_needle": rows["bank_needle"][order],
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Turned:
    """A pair that only one side found: its cell, and the id of its trial on either side."""

    length: int
    depth_percent: float
    repeat: int
    first_id: str
    second_id: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Paired:
    """Two sides, paired. `metrics` compares each number of `METRICS` by its name, none where nothing is measured.

    `lengths` and `depths` are those that have a pair measured on both sides: the indices of regions and cells point
    into them. `planned` pairs are in both plans, `left_out` trials only in one. `p_value` is that of the verdict,
    `texts_p_value` that for these texts alone, each corrected for all comparisons that were made together (Holm 1979).
    `repeats` are the plan's, `needed` those that a difference of `wanted` takes with 80% power (None: over 1,000).
    `moved` counts pairs whose needles stand a sentence apart. `lost` are the pairs that only the first side found,
    `won` those that only the second did. `regions` are those where found got better and worse most surely.
    """

    first: Side
    second: Side
    lengths: tuple[float, ...]
    depths: tuple[float, ...]
    planned: int
    left_out: int
    moved: int
    repeats: int
    wanted: float
    needed: int | None
    metrics: Mapping[str, Comparison]
    p_value: float
    texts_p_value: float
    regions: tuple[Region, ...] = ()
    lost: tuple[Turned, ...] = ()
    won: tuple[Turned, ...] = ()
    tokens_ratio: float | None = None
    """What the second side's plants take in tokens over what the first's take, where the two are of two languages."""
    unrecorded: bool = False
    """Neither side's records know where its texts begin: that they are the same is taken on trust."""
    pairs: Pairs | None = field(default=None, repr=False)
    """What was measured on both sides, found or not; None: nothing was."""

    @property
    def axis(self) -> Axis:
        """What the rows of both grids are."""
        return self.first.axis

    @property
    def found(self) -> Comparison | None:
        """What the verdict goes by: the comparison of found rates, None where nothing is measured."""
        return self.metrics.get(FOUND.name)

    @property
    def items(self) -> tuple[tuple[ItemShare, ...], tuple[ItemShare, ...]]:
        """How often each side gave each item, over all of its own trials; empty where a task has no items."""
        first, second = (item_shares(_planned_rows(side)) for side in (self.first, self.second))
        return first, second

    @property
    def by_row(self) -> tuple[tuple[float, float, float], ...]:
        """The found rate in each row on either side, over all of its own trials: (row, first, second)."""
        first, second = (_found_by_row(_rows(side)) for side in (self.first, self.second))
        return tuple((row, first[row], second[row]) for row in self.depths if row in first and row in second)

    @property
    def measured(self) -> int:
        """Pairs that were measured on both sides."""
        return self.found.pairs if self.found else 0

    @property
    def has_verdict(self) -> bool:
        """Whether enough of the planned pairs is measured on both sides."""
        return self.measured >= LEAST_MEASURED * self.planned

    @property
    def verdict(self) -> str:
        """Return "differ", "same", "unclear", or "unmeasured" where too little is measured for any of them."""
        if self.found is None or not self.has_verdict:
            return "unmeasured"
        return verdict_of(self.p_value, self.found.verdict_equivalent)

    @property
    def texts_verdict(self) -> str:
        """Return the verdict on these texts alone, which may be clearer than that on haystacks in general."""
        if self.found is None or not self.has_verdict:
            return "unmeasured"
        return verdict_of(self.texts_p_value, self.found.equivalent)

    def lengths_of(self, region: Region) -> tuple[float, float]:
        """Return the first and the last length of a region, in tokens."""
        return self.lengths[region.lengths[0]], self.lengths[region.lengths[1]]

    def depths_of(self, region: Region) -> tuple[float, float]:
        """Return the first and the last depth of a region, in percent."""
        return self.depths[region.depths[0]], self.depths[region.depths[1]]


def _planned_rows(side: Side) -> Rows:
    """Return the columns of the trials that a side's plan has: all, or those of the rows that are compared."""
    rows, planned = _rows(side), {side.trial_at(cell) for cell in side.planned}
    kept = np.array([place in planned for place in places_of(rows)], dtype=np.bool_)
    return {name: column[kept] for name, column in rows.items()}


def _found_by_row(rows: Rows) -> dict[float, float]:
    """Return the found rate of the measured trials in each row that has any."""
    spread, _ = in_cells(rows)
    at, good = spread["axis"].astype(np.float64), ~np.isnan(spread["value"].astype(np.float64))
    found = found_of(spread["found"])
    return {float(row): float(found[good & (at == row)].mean()) for row in np.unique(at[good])}


@dataclass(frozen=True, kw_only=True, slots=True)
class Interaction:
    """How much more the change of prompt brings on one model than on another: found rate, `second` - `first` model."""

    experiment: str
    prompts: tuple[str, str]
    models: tuple[str, str]
    pairs: int
    change: Crossed


def pair(first: Side, second: Side, *, wanted: float = 0.05) -> Paired:
    """Pair two sides over identical haystacks and compare them.

    Args:
        first: One side.
        second: The other; differences are second - first.
        wanted: The difference for which the needed repeats are told, between 0 and 1.

    Raises:
        UsageError: Their haystacks are not the same; the message names what differs.
    """
    both, keys = in_common([first, second])
    one, other = (rows_at(side, keys) for side in (first, second))
    measured = ~np.isnan(one["value"]) & ~np.isnan(other["value"])
    repeats = len({repeat for *_, repeat in both})
    needed, made = None, dict[str, Comparison]()
    regions: tuple[Region, ...] = ()
    pairs: Pairs | None = None
    if measured.any():
        pairs = _pairs(keys, one, other, measured, FOUND)
        made = {each.name: compare(_pairs(keys, one, other, measured, each)) for each in METRICS}
        needed = repeats_for(pairs, wanted, repeats)
        regions = strongest_regions(pairs.first, pairs.second, pairs.text, pairs.length, pairs.depth)
    found = made.get(FOUND.name)
    return Paired(
        first=first,
        second=second,
        pairs=pairs,
        lengths=_axis(keys, measured, 0),
        depths=_axis(keys, measured, 1),
        planned=len(both),
        left_out=sum(side.trials - len(both) for side in (first, second)),
        moved=int(np.sum(one["needle_at"][measured] != other["needle_at"][measured]))
        if _one_text(first, second)
        else 0,
        repeats=repeats,
        wanted=wanted,
        needed=needed,
        metrics=made,
        p_value=found.verdict_p_value if found else 1.0,
        texts_p_value=found.p_value if found else 1.0,
        regions=regions,
        lost=_turned(keys, one, other, measured, -1),
        won=_turned(keys, one, other, measured, 1),
        tokens_ratio=_tokens_ratio(first, second, keys),
        unrecorded=bool(len(keys)) and bool(np.all(one["haystack"] < 0)),
    )


def _one_text(first: Side, second: Side) -> bool:
    """Say whether two sides read one text, whose places can be compared: of one language, and in one order."""
    texts = [side.condition.split(" ")[0] if side.condition.startswith("haystack=") else "" for side in (first, second)]
    return first.language == second.language and texts[0] == texts[1]


def _tokens_ratio(first: Side, second: Side, keys: Sequence[Cell]) -> float | None:
    if first.language == second.language:
        return None
    both = [key for key in keys if key in first.planted_tokens and key in second.planted_tokens]
    one, other = (sum(side.planted_tokens[key] for key in both) for side in (first, second))
    return other / one if one and other else None


@dataclass(frozen=True, kw_only=True, slots=True)
class EqualContent:
    """Found rates of two languages where their texts say as much: the second's between its lengths, by their logarithm.

    `lengths` are the first side's. It has no interval: no trial of the one is a trial of the other there.
    """

    lengths: tuple[float, ...]
    first: float
    second: float


def equal_content(paired: Paired) -> EqualContent | None:
    """Return what two languages find at equal content; None where no length of the first has one of the second.

    A length of the first side says as much as `tokens_ratio` times as many tokens of the second.
    """
    ratio = paired.tokens_ratio
    if ratio is None:
        return None
    one, other = (_found_by_length(_rows(side)) for side in (paired.first, paired.second))
    known = sorted(other)
    inside = [length for length in sorted(one) if known and known[0] <= length * ratio <= known[-1]]
    if not inside:
        return None
    there = np.interp(np.log([length * ratio for length in inside]), np.log(known), [other[at] for at in known])
    return EqualContent(
        lengths=tuple(inside),
        first=float(np.mean([one[length] for length in inside])),
        second=float(np.mean(there)),
    )


def _found_by_length(rows: Rows) -> dict[float, float]:
    """Return the found rate of the measured trials at each length that has any."""
    spread, _ = in_cells(rows)
    at, good = spread["length"].astype(np.float64), ~np.isnan(spread["value"].astype(np.float64))
    found = found_of(spread["found"])
    return {float(each): float(found[good & (at == each)].mean()) for each in np.unique(at[good])}


def turned(first: Side, second: Side) -> tuple[tuple[Turned, ...], tuple[Turned, ...]]:
    """Return the pairs that only the first side found and those that only the second did.

    Raises:
        UsageError: Their haystacks are not the same; the message names what differs.
    """
    _, keys = in_common([first, second])
    one, other = (rows_at(side, keys) for side in (first, second))
    measured = ~np.isnan(one["value"]) & ~np.isnan(other["value"])
    return _turned(keys, one, other, measured, -1), _turned(keys, one, other, measured, 1)


def prompt_by_model(one: tuple[Side, Side], other: tuple[Side, Side]) -> Interaction | None:
    """Ask whether two models answer differently to the same change of prompt; None where nothing is measured on all.

    Raises:
        UsageError: Their haystacks are not the same; the message names what differs.
    """
    _, keys = in_common([*one, *other])
    rows = [rows_at(side, keys) for side in (*one, *other)]
    measured = np.logical_and.reduce([~np.isnan(each["value"]) for each in rows])
    if not measured.any():
        return None
    here, there = (_pairs(keys, a, b, measured, FOUND) for a, b in (rows[:2], rows[2:]))
    # The texts are numbered by the first model's prompts on both sides.
    aligned = Pairs(
        first=there.first,
        second=there.second,
        text=here.text,
        haystack=here.haystack,
        length=here.length,
        depth=here.depth,
    )
    return Interaction(
        experiment=one[0].experiment,
        prompts=(one[0].prompt, one[1].prompt),
        models=(one[0].model, other[0].model),
        pairs=len(here.first),
        change=interaction(here, aligned),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm, Scandinavian Journal of Statistics 1979)."""
    order = np.argsort(p_values)
    corrected, running = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(order.tolist()):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[at]))
        corrected[at] = running
    return corrected


def _turned(
    keys: Sequence[Cell], one: dict[str, Any], other: dict[str, Any], measured: Any, way: int
) -> tuple[Turned, ...]:
    """Return the pairs whose found turned from the first side to the second, up (1) or down (-1), by their place."""
    change = np.where(measured, other["found"] - one["found"], 0.0)
    return tuple(
        Turned(
            length=int(keys[at][0]),
            depth_percent=float(keys[at][1]),
            repeat=int(keys[at][2]),
            first_id=str(one["id"][at]),
            second_id=str(other["id"][at]),
        )
        for at in np.flatnonzero(change == way).tolist()
    )


def _axis(keys: Sequence[Cell], measured: Any, axis: int) -> tuple[float, ...]:
    return tuple(sorted({key[axis] for key, good in zip(keys, measured, strict=True) if good}))


def _texts(one: dict[str, Any], other: dict[str, Any], mask: Any) -> Any:
    """Number the texts that pairs stand in: haystacks are one that overlap by what either side's run knows."""
    first, second = (side["text"][mask].astype(np.int64) for side in (one, other))
    apart = np.where(second >= 0, second + first.max(initial=-1) + 1, second)  # each run numbers its own
    begins = one["haystack"][mask].astype(np.int64)
    return one_text(np.concatenate([begins, begins]), np.concatenate([first, apart]))[: len(begins)]


def _pairs(keys: Sequence[Cell], one: dict[str, Any], other: dict[str, Any], mask: Any, metric: Metric) -> Pairs:
    kept = [key for key, good in zip(keys, mask, strict=True) if good]
    # The same prompt again is the same text, in whichever cell it stands.
    texts = [
        sha if isinstance(sha, str) else (length, depth, float(begin))
        for (length, depth, _), begin, sha in zip(kept, one["haystack"][mask], one["prompt_sha256"][mask], strict=True)
    ]
    number = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    return Pairs(
        first=metric.of(one["value"][mask], one["found"][mask]),
        second=metric.of(other["value"][mask], other["found"][mask]),
        text=np.array([number[text] for text in texts], dtype=np.int64),
        haystack=_texts(one, other, mask),
        length=np.unique([length for length, *_ in kept], return_inverse=True)[1].astype(np.int64),
        depth=np.unique([depth for _, depth, _ in kept], return_inverse=True)[1].astype(np.int64),
        needle=_needles(one["bank_needle"][mask]),
    )


def _needles(names: Sequence[object]) -> IntArray | None:
    """Number the needles of a bank; None where a pair has none, or all have the same."""
    known = {name: number for number, name in enumerate(dict.fromkeys(names))}
    if len(known) < 2 or not all(isinstance(name, str) and name for name in known):
        return None
    return np.array([known[name] for name in names], dtype=np.int64)


# ---- two sides that did not read the same text, as what they are: two independent samples ----------------------------
# No trial has a partner, so that what differs between texts and places is not taken out, as it is by `pairing`: it is
# in the intervals. Each side's found rate has its own, over its own haystacks; that of the difference is made of both
# (MOVER: Zou and Donner, Construction of confidence limits about effect measures, Statistics in Medicine 27, 2008).


MARGIN = 0.05
"""Found rates within so much of each other are called alike."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Unpaired:
    """Two sides and their found rates; `difference` is second - first.

    `cells` of the grid are on both sides, and only these are looked at; 0: none is, and each side is taken whole.
    `planned` trials there are on each side. `interval` holds with 95%, `narrow` with 90% (two one-sided tests at 5%).
    """

    first: Side
    second: Side
    found: tuple[Estimate, Estimate]
    planned: tuple[int, int]
    cells: int
    difference: float
    interval: Interval
    narrow: Interval

    @property
    def verdict(self) -> str:
        """Return "differ", "same", "unclear", or "unmeasured" where too little is measured for any of them."""
        pairs = zip(self.found, self.planned, strict=True)
        if any(not each.measured or each.measured < LEAST_MEASURED * planned for each, planned in pairs):
            return "unmeasured"
        if not self.interval.low <= 0 <= self.interval.high:
            return "differ"
        return "same" if -MARGIN < self.narrow.low and self.narrow.high < MARGIN else "unclear"

    @property
    def this_haystack(self) -> bool:
        """Whether a side stands in one haystack, so that nothing is said of other texts."""
        return any(each.haystacks <= 1 for each in self.found)

    @property
    def lengths(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The shortest and the longest length of each side's plan."""
        one, other = ({cell[0] for cell in side.planned} for side in (self.first, self.second))
        return (min(one), max(one)), (min(other), max(other))


def unpair(first: Side, second: Side) -> Unpaired:
    """Compare two sides as independent samples."""
    grids = [grid_trials(side.table, experiment=side.experiment, prompt=side.prompt) for side in (first, second)]
    planned = [{cell[:2] for cell in side.planned} for side in (first, second)]
    both = planned[0] & planned[1]
    chosen = [_of(grid, both or cells) for grid, cells in zip(grids, planned, strict=True)]
    one, other = (Headline(trials, LEVEL).found for trials in chosen)
    narrow = [Headline(trials, 0.90).found for trials in chosen]
    return Unpaired(
        first=first,
        second=second,
        found=(one, other),
        planned=(_planned(first, both), _planned(second, both)),
        cells=len(both),
        difference=other.value - one.value,
        interval=_difference(one, other, LEVEL),
        narrow=_difference(narrow[0], narrow[1], 0.90),
    )


def _of(grid: GridTrials, cells: set[tuple[int, float]]) -> Trials:
    places = zip(grid.trials.length.tolist(), grid.trials.depth.tolist(), strict=True)
    mask = [(grid.lengths[length], float(grid.depths[depth])) in cells for length, depth in places]
    return grid.trials.where(np.array(mask, dtype=bool))


def _planned(side: Side, cells: set[tuple[int, float]]) -> int:
    """Return how many trials of a side's plan stand in cells, each once; in all of them where none is named."""
    return len({side.trial_at(cell) for cell in side.planned if not cells or side.trial_at(cell)[:2] in cells})


def _difference(one: Estimate, other: Estimate, level: float) -> Interval:
    """Return the interval of other - one: each end moves away as far as both rates may, in quadrature."""
    value = other.value - one.value
    low = value - hypot(other.value - other.interval.low, one.interval.high - one.value)
    high = value + hypot(other.interval.high - other.value, one.value - one.interval.low)
    return Interval(low=max(-1.0, low), high=min(1.0, high), level=level, method=other.interval.method)
