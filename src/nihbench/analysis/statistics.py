"""From the table to the statistics of one (experiment, prompt): arrays out of columns, then `nihbench.stats`.

Nothing is computed here. Controls are left out. A haystack is a repeat, since every repeat starts its own text; a run
that varies something else says so with `one_haystack`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nihbench.errors import UsageError
from nihbench.lang import t
from nihbench.stats import (
    Cell,
    Diagnosis,
    EffectiveLength,
    Estimate,
    Headline,
    Places,
    Trials,
    by_depth,
    by_length,
    by_third,
    cell,
    diagnose,
    effective_length,
    headline,
    pooled_rows,
)
from nihbench.types import Trial

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, slots=True)
class GridTrials:
    """The sweep's trials as arrays, the unmeasured among them, with the axes that their indices point into."""

    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    trials: Trials


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistics:
    """Everything about one (experiment, prompt) alone; axes ascend, lengths in tokens, depths in percent.

    `by_third[i][j]` is depth third i and length third j, None where the grid is too small to have it. `cells` maps
    (depth, length) to the measured trials of that cell.
    """

    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    headline: Headline
    by_length: tuple[Headline, ...]
    by_depth: tuple[Headline, ...]
    by_third: tuple[tuple[Headline | None, ...], ...]
    cells: dict[tuple[float, int], Cell]
    effective: EffectiveLength
    diagnosis: Diagnosis


def statistics(
    frame: pd.DataFrame,
    *,
    experiment: str,
    prompt: str,
    planned: Iterable[Trial] = (),
    base: Estimate | None = None,
    absolute: float | None = None,
    one_haystack: bool = False,
) -> Statistics:
    """Return the statistics of one (experiment, prompt).

    Args:
        frame: A table made by `nihbench.analysis.frame`.
        experiment: Name of the experiment.
        prompt: Name of the prompt variant.
        planned: The run's trials, so that those without a record count as unmeasured.
        base: The found rate at the base lengths, for the effective length.
        absolute: An absolute threshold for it instead, such as `RULER_THRESHOLD`.
        one_haystack: All repeats share one text (they vary the needle or the temperature).

    Raises:
        UsageError: Neither the table nor the plan has a trial of this pair.
    """
    made = grid_trials(frame, experiment=experiment, prompt=prompt, planned=planned, one_haystack=one_haystack)
    rows = by_length(made.trials)
    missed, places = misses(frame, experiment=experiment, prompt=prompt)
    return Statistics(
        lengths=made.lengths,
        depths=made.depths,
        headline=headline(made.trials),
        by_length=rows,
        by_depth=by_depth(made.trials),
        by_third=by_third(made.trials),
        cells=_cells(made),
        effective=effective_length(
            made.lengths, [row.found for row in rows], base, absolute=absolute, pooled=pooled_rows(made.trials)
        ),
        diagnosis=diagnose(missed, places),
    )


def grid_trials(
    frame: pd.DataFrame, *, experiment: str, prompt: str, planned: Iterable[Trial] = (), one_haystack: bool = False
) -> GridTrials:
    """Return the trials of one (experiment, prompt) as arrays; see `statistics` for the arguments.

    Raises:
        UsageError: Neither the table nor the plan has a trial of this pair.
    """
    rows = _sweep(frame, experiment, prompt)
    columns = (rows["length"], rows["depth_percent"], rows["repeat"])
    made = [(int(length), float(depth), int(repeat)) for length, depth, repeat in zip(*columns, strict=True)]
    owed = {
        (trial.length, float(trial.depth_percent), trial.repeat)
        for trial in planned
        if trial.experiment == experiment and trial.prompt == prompt and trial.control is None
    } - set(made)
    every = [*made, *sorted(owed)]
    if not every:
        raise UsageError(
            t(
                "The run has no trial of {experiment}/{prompt}; name an experiment and a prompt that it was made with.",
                experiment=experiment,
                prompt=prompt,
            )
        )
    lengths, length = np.unique([each[0] for each in every], return_inverse=True)
    depths, depth = np.unique([each[1] for each in every], return_inverse=True)
    nothing = np.full(len(owed), np.nan)
    return GridTrials(
        lengths=tuple(lengths.tolist()),
        depths=tuple(depths.tolist()),
        trials=Trials(
            value=np.concatenate([rows["value"].to_numpy(dtype=np.float64), nothing]),
            found=np.concatenate([_found(rows), np.zeros(len(owed), dtype=bool)]),
            haystack=np.array([0 if one_haystack else each[2] for each in every], dtype=np.int64),
            length=length,
            depth=depth,
        ),
    )


def misses(frame: pd.DataFrame, *, experiment: str, prompt: str) -> tuple[np.ndarray, Places]:
    """Return, for the measured trials, whether each missed the needle and where that stood.

    Tokens before the needle are the achieved depth times all tokens of the request: the question and the template, some
    dozens of tokens, are taken for haystack, which the width of a grid step hides.
    """
    rows = _sweep(frame, experiment, prompt)
    rows = rows[rows["value"].notna()]
    total = rows["total_tokens"].to_numpy(dtype=np.float64)
    before = total * rows["achieved_depth_percent"].to_numpy(dtype=np.float64) / 100
    nominal = rows["length"].to_numpy(dtype=np.float64)
    return ~_found(rows), Places(before=before, after=total - before, length=nominal)


def _sweep(frame: pd.DataFrame, experiment: str, prompt: str) -> pd.DataFrame:
    return frame[(frame["experiment"] == experiment) & (frame["prompt"] == prompt) & frame["control"].isna()]


def _found(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(rows["found"].fillna(False).to_numpy(dtype=bool))


def _cells(made: GridTrials) -> dict[tuple[float, int], Cell]:
    trials = made.trials.where(~np.isnan(made.trials.value))
    cells: dict[tuple[float, int], Cell] = {}
    for row, depth in enumerate(made.depths):
        for column, length in enumerate(made.lengths):
            here = (trials.depth == row) & (trials.length == column)
            cells[depth, length] = cell(trials.value[here], trials.found[here])
    return cells
