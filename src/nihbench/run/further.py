"""How many further draws an adaptive run could make at most, and what fitting them takes: of the plan alone.

Which are made, once there are answers, is `run.adaptive`'s work.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.plan.grid import joined_depths, standing_for
from nihbench.run.calibration import likely_points
from nihbench.run.options import wanted_precision
from nihbench.run.setup import Setup
from nihbench.stats.adaptive import most_draws
from nihbench.types import Trial


def most_extra(setup: Setup) -> tuple[Trial, ...]:
    """Return the draws beyond the plan that a run could make at most: the dearest ones where --max-trials bounds them.

    A part of a plan (--shard) makes none: which they are is decided by all first draws.

    Raises:
        UsageError: --max-trials is less than the plan alone.
    """
    options = setup.options
    if not options.adaptive or options.shard is not None:
        return ()
    planned = [trial for trial in setup.grid if not trial.extra]
    cells = cells_of(planned)
    fewest = min(map(len, cells.values()))
    level = most_draws(fewest, wanted_precision(options))
    once = [(trial, math.ceil(level * fewest / len(row))) for row in cells.values() for trial in row]
    possible = tuple(
        replace(trial, repeat=repeat, extra=True)
        for repeat in range(options.repeats, level)
        for trial, most in once
        if repeat < most
    )
    if options.max_trials is None:
        return possible
    if options.max_trials < len(planned):
        raise UsageError(t("run.max_trials_less_than", most=options.max_trials, planned=len(planned)))
    dearest = sorted(possible, key=lambda trial: -trial.length)[: options.max_trials - len(planned)]
    return tuple(dearest)


def most_fit_prompts(setup: Setup, extra: Sequence[Trial]) -> tuple[int, ...]:
    """Return the lengths of the prompts that fit the haystacks of further draws, if all of these are made."""
    if "haystack" not in setup.options.vary or not (setup.calibration or setup.wants_calibration):
        return ()
    level = most_draws(fewest_draws(setup), wanted_precision(setup.options))
    rounds = min(len(extra), max(level - setup.options.repeats, 0))
    return likely_points(setup.lengths, setup.window) * rounds


def cells_of(planned: Sequence[Trial]) -> dict[tuple[str, int], list[Trial]]:
    """Return the cells of each prompt and length, each as a trial of the first repeat that stands for all its depths.

    Haystacks may have different depths as one prompt: those that any has together are one cell.
    """
    rows: dict[tuple[str, int], list[Trial]] = {}
    for trial in planned:
        if not trial.extra:
            rows.setdefault((trial.prompt, trial.length), []).append(trial)
    return {
        key: [
            standing_for(min((t for t in row if t.row in depths), key=lambda t: t.repeat), depths)
            for depths in joined_depths(trial.rows for trial in row)
        ]
        for key, row in rows.items()
    }


def fewest_draws(setup: Setup) -> int:
    """Return how many cells the length with the fewest has."""
    return min(map(len, cells_of(setup.grid).values()))
