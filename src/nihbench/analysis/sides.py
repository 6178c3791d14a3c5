"""A side of a comparison, and whether several read the same text: if not, the reason why they can't be paired.

What makes the text is compared before, and where each text begins is compared trial by trial.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np

from nihbench.analysis.grids import Place, Rows, in_cells, places_of, rows_of
from nihbench.analysis.statistics import found_of, numbers_of
from nihbench.analysis.table import Table
from nihbench.errors import UsageError
from nihbench.lang.messages import said, t
from nihbench.run.units import MODEL_UNIT
from nihbench.types import Trial

Cell = Place


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """One (model, prompt) of an experiment.

    `name` is what tells it from what it is compared with, `run` its folder's name, `place` how a user calls that.
    `text` is what makes its haystacks (`text_of`), by names that a user knows. `planned` are the cells and repeats
    of its plan as (length, depth, repeat). `same` has, for a cell whose trial bears another depth (`plan.places`),
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
    """The code of the unit of its lengths (`run.length_unit`)."""

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
        (trial.length, float(depth), trial.repeat): (trial.length, float(trial.depth_percent), trial.repeat)
        for trial in trials
        for depth in trial.depths
    }
    return {"planned": frozenset(cells), "same": {cell: trial for cell, trial in cells.items() if cell != trial}}


def text_of(manifest: Mapping[str, Any]) -> dict[str, object]:
    """Return what makes the haystacks of a run, by names that a user knows."""
    identity, needle = manifest["identity"], manifest["needle"]
    unit = manifest["length_unit"]
    # A fit to a server's own counts makes lengths that no other server has.
    fitted = None if identity.get("calibration") is None else _digest(identity["calibration"])
    return {
        t("common.corpus"): f"{manifest['corpus']['name']} {str(manifest['corpus']['sha256'])[:12]}",
        t("common.needle"): needle["name"],
        t("analysis.needle_text"): " ".join(needle["statements"]),
        t("analysis.length_unit"): unit["tokenizer"]
        if fitted is None
        else t("analysis.fitted_server_count", tokenizer=unit["tokenizer"]),
        t("analysis.fit_length_unit"): fitted,
        t("analysis.rules_placement"): identity.get("placement"),
        # Where only haystacks are drawn, what was drawn is compared trial by trial.
        t("analysis.seed_needle"): identity.get("seed") if needle.get("fresh") else None,
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
        if apart:
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
    }
