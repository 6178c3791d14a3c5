"""The further draws of an adaptive run: which, in what rounds, and how many there may be at least and at most.

All follows from the run's setup and the records of its first draws (`stats.adaptive`), so that a run that was killed
decides the same again, whatever order answers came in. Nothing is sent here.

A round measures each cell at most once more, all of them over one haystack of its own, which is the repeat of its
number. Depths that are one prompt in a haystack of the plan are one cell. Draws that were made count, also where a
first draw that failed was made up for since and would decide otherwise now.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.plan.order import order_trials
from nihbench.plan.places import joined_depths, standing_for
from nihbench.run.answers import answer_of
from nihbench.run.calibration import likely_points
from nihbench.run.options import wanted_precision
from nihbench.run.places import merge_places
from nihbench.run.setup import Setup
from nihbench.stats.adaptive import FirstDraws, draws, highest_levels, most_draws, need, precision_at
from nihbench.types import IntArray, Record, Score, Trial

LEAST_MEASURED = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """Some further draws in sending order; after it the found rate of a length is known to `precision`."""

    precision: float
    trials: tuple[Trial, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rounds:
    """The rounds of a run, and to what its found rates are known after `steps` and before the first of them.

    `measured`: whether enough of the first draws is, so that these precisions hold.
    """

    steps: tuple[Round, ...]
    before: float
    after: float
    measured: bool


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
    cells = _cells(planned)
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
        raise UsageError(
            t(
                "--max-trials {most} is less than the first pass over the grid, which has {planned} trials: give "
                "more, or fewer --lengths, --depths, --repeats",
                most=options.max_trials,
                planned=len(planned),
            )
        )
    dearest = sorted(possible, key=lambda trial: -trial.length)[: options.max_trials - len(planned)]
    return tuple(dearest)


def to_fit(setup: Setup, trials: Sequence[Trial], records: Mapping[str, Record]) -> tuple[Trial, ...]:
    """Return those trials of a round at whose lengths its haystack must be fitted to the server's counts first.

    Where a draw of a length is made already it was made without: the others are made alike.

    Args:
        setup: the resolved run, as planned or calibrated.
        trials: of one round.
        records: all that there are.
    """
    fitted = setup.calibration
    if fitted is None or "haystack" not in setup.options.vary:
        return ()
    drawn = (record.trial for record in records.values() if record.trial.extra)
    made = {(trial.repeat, trial.length) for trial in drawn}
    return tuple(
        trial
        for trial in trials
        if (trial.repeat, trial.length) not in made and fitted.later_fit(trial.repeat, trial.length) is None
    )


def most_fit_prompts(setup: Setup, extra: Sequence[Trial]) -> tuple[int, ...]:
    """Return the lengths of the prompts that fit the haystacks of further draws, if all of these are made."""
    if "haystack" not in setup.options.vary or not (setup.calibration or setup.wants_calibration):
        return ()
    level = most_draws(_fewest(setup), wanted_precision(setup.options))
    rounds = min(len(extra), max(level - setup.options.repeats, 0))
    return likely_points(setup.lengths, setup.window) * rounds


def with_extra(setup: Setup, records: Mapping[str, Record]) -> Setup:
    """Return the setup with those further draws in its plan that have a record."""
    known = set(setup.trials)
    made = tuple(r.trial for r in records.values() if r.trial.extra and r.trial not in known)
    return replace(setup, trials=(*setup.trials, *made)) if made else setup


def rounds(setup: Setup, records: Mapping[str, Record]) -> Rounds:
    """Return the rounds of an adaptive run, first to last, the draws that have been made among them.

    Args:
        setup: the resolved run.
        records: those of the first draws; others are passed over.
    """
    options, cells = setup.options, _fewest(setup)
    first, each = first_draws(setup, records), _planned_draws(setup)
    level = most_draws(cells, wanted_precision(options))
    share, highest = need(first), np.full(first.found.shape, float(level))
    if options.max_trials is not None:
        highest = highest_levels(first, each, level, options.max_trials)
    steps = []
    for now in range(options.repeats + 1, level + 1):
        before, after = (draws(share, np.minimum(to, highest), each) for to in (now - 1, now))
        more = after > before
        if more.any():
            reached = precision_at(cells, max(options.repeats, min(now, highest.min())))
            steps.append(Round(precision=reached, trials=_ordered(setup, more, now - 1)))
    return Rounds(
        steps=tuple(steps),
        before=precision_at(cells, options.repeats),
        after=precision_at(cells, max(options.repeats, highest.min())),
        measured=first.measured.sum() >= LEAST_MEASURED * each.sum(),
    )


def settled(setup: Setup, trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Return a round's trials as they are sent: in its own haystack other depths may be one prompt than in the first.

    A trial then stands for those depths of its cell at which its needle comes to stand, and two that come to one place
    are one. The haystack must be fitted to the server's counts by now, where it is to be.
    """
    apart = {trial: [replace(trial, depth_percent=depth, also_depths=()) for depth in trial.depths] for trial in trials}
    together = merge_places(setup, [cell for cells in apart.values() for cell in cells])
    at = {(t.prompt, t.length, t.repeat, depth): t for t in together for depth in t.depths}
    sent: dict[Trial, list[Trial]] = {}
    for trial in trials:
        sent.setdefault(at[trial.prompt, trial.length, trial.repeat, trial.depth_percent], []).append(trial)
    made = []
    for place, drawn in sent.items():
        wanted = {depth for trial in drawn for depth in trial.depths} & set(place.depths)
        made.append(standing_for(drawn[0], wanted))
    return tuple(made)


def first_draws(setup: Setup, records: Mapping[str, Record]) -> FirstDraws:
    """Return what the planned draws came to by the rules, shape (prompts, depths, lengths).

    A cell is all depths that any of the plan's haystacks has as one prompt, at the place of one of them.
    """
    found, place = np.zeros(_shape(setup)), _places(setup)
    measured = np.zeros_like(found)
    for record in records.values():
        trial = record.trial
        if trial.control is not None or trial.extra:
            continue
        answer = answer_of(setup.needle, record)
        grade = answer.by_rules() if answer is not None else None
        if isinstance(grade, Score):
            cell = place[trial.prompt, trial.length, trial.depth_percent]
            measured[cell] += 1
            found[cell] += grade.found
    return FirstDraws(found=found, measured=measured, there=_planned_draws(setup) > 0)


def _cells(planned: Sequence[Trial]) -> dict[tuple[str, int], list[Trial]]:
    """Return the cells of each prompt and length, each as a trial of the first repeat that stands for all its depths.

    Haystacks may have different depths as one prompt: those that any has together are one cell.
    """
    rows: dict[tuple[str, int], list[Trial]] = {}
    for trial in planned:
        if not trial.extra:
            rows.setdefault((trial.prompt, trial.length), []).append(trial)
    return {
        key: [
            standing_for(min((t for t in row if t.depth_percent in depths), key=lambda t: t.repeat), depths)
            for depths in joined_depths(trial.depths for trial in row)
        ]
        for key, row in rows.items()
    }


def _fewest(setup: Setup) -> int:
    """Return how many cells the length with the fewest has."""
    return min(map(len, _cells(setup.grid).values()))


def _shape(setup: Setup) -> tuple[int, int, int]:
    return len(setup.prompts), len(setup.depths), len(setup.lengths)


def _places(setup: Setup) -> dict[tuple[str, int, float], tuple[int, int, int]]:
    """Return which cell a prompt, length and depth is in."""
    prompts, depths, lengths = list(setup.prompts), list(setup.depths), list(setup.lengths)
    return {
        (prompt, length, depth): (prompts.index(prompt), depths.index(cell.depth_percent), lengths.index(length))
        for (prompt, length), row in _cells(setup.grid).items()
        for cell in row
        for depth in cell.depths
    }


def _planned_draws(setup: Setup) -> IntArray:
    """Return how often each cell is drawn by the plan; 0 where there is none."""
    counts, place = np.zeros(_shape(setup), dtype=np.int64), _places(setup)
    for trial in setup.grid:
        if not trial.extra:
            counts[place[trial.prompt, trial.length, trial.depth_percent]] += 1
    return counts


def _ordered(setup: Setup, more: np.ndarray, repeat: int) -> tuple[Trial, ...]:
    options, place = setup.options, _places(setup)
    wanted = {tuple(cell) for cell in np.argwhere(more).tolist()}
    trials = [
        replace(cell, repeat=repeat, extra=True)
        for (prompt, length), row in _cells(setup.grid).items()
        for cell in row
        if place[prompt, length, cell.depth_percent] in wanted
    ]
    return order_trials(
        trials,
        options.order,
        options.draw_seed,
        vary=setup.varied,
        heads=setup.heads,
        fixed_tokens=setup.fixed_tokens,
    )
