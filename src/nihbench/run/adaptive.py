"""The further draws of an adaptive run: which, in what rounds, and how many there may be at least and at most.

All follows from the run's setup and the records of its first draws (`stats.adaptive`), so that a run that was killed
decides the same again, whatever order answers came in. Nothing is sent here.

A round measures each cell at most once more, all of them over one haystack of its own, which is the repeat of its
number. Depths that are one prompt in a haystack of the plan are one cell. Draws that were made count, also where a
first draw that failed was made up for since and would decide otherwise now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nihbench.plan.grid import standing_for
from nihbench.plan.order import order_trials
from nihbench.run.forecast import cells_of, fewest_draws
from nihbench.run.options import wanted_precision
from nihbench.run.scores import answer_of
from nihbench.run.setup import Setup, merge_places
from nihbench.stats.adaptive import FirstDraws, draws, highest_levels, most_draws, need, precision_at
from nihbench.stats.headline import LEAST_MEASURED
from nihbench.types import IntArray, Record, Score, Trial


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


def rounds(setup: Setup, records: Mapping[str, Record]) -> Rounds:
    """Return the rounds of an adaptive run, first to last, the draws that have been made among them.

    Args:
        setup: the resolved run.
        records: those of the first draws; others are passed over.
    """
    options, cells = setup.options, fewest_draws(setup)
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
    apart = {trial: [trial.in_row(row) for row in trial.rows] for trial in trials}
    together = merge_places(setup, [cell for cells in apart.values() for cell in cells])
    at = {(t.prompt, t.length, t.repeat, depth): t for t in together for depth in t.rows}
    sent: dict[Trial, list[Trial]] = {}
    for trial in trials:
        sent.setdefault(at[trial.prompt, trial.length, trial.repeat, trial.row], []).append(trial)
    made = []
    for place, drawn in sent.items():
        wanted = {depth for trial in drawn for depth in trial.rows} & set(place.rows)
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
        answer = answer_of(setup.task, record)
        grade = answer.by_rules() if answer is not None else None
        if isinstance(grade, Score):
            cell = place[trial.prompt, trial.length, trial.row]
            measured[cell] += 1
            found[cell] += grade.found
    return FirstDraws(found=found, measured=measured, there=_planned_draws(setup) > 0)


def _shape(setup: Setup) -> tuple[int, int, int]:
    return len(setup.prompts), len(setup.depths), len(setup.lengths)


def _places(setup: Setup) -> dict[tuple[str, int, float], tuple[int, int, int]]:
    """Return which cell a prompt, length and depth is in."""
    prompts, depths, lengths = list(setup.prompts), list(setup.depths), list(setup.lengths)
    return {
        (prompt, length, depth): (prompts.index(prompt), depths.index(cell.row), lengths.index(length))
        for (prompt, length), row in cells_of(setup.grid).items()
        for cell in row
        for depth in cell.rows
    }


def _planned_draws(setup: Setup) -> IntArray:
    """Return how often each cell is drawn by the plan; 0 where there is none."""
    counts, place = np.zeros(_shape(setup), dtype=np.int64), _places(setup)
    for trial in setup.grid:
        if not trial.extra:
            counts[place[trial.prompt, trial.length, trial.row]] += 1
    return counts


def _ordered(setup: Setup, more: np.ndarray, repeat: int) -> tuple[Trial, ...]:
    options, place = setup.options, _places(setup)
    wanted = {tuple(cell) for cell in np.argwhere(more).tolist()}
    trials = [
        replace(cell, repeat=repeat, extra=True)
        for (prompt, length), row in cells_of(setup.grid).items()
        for cell in row
        if place[prompt, length, cell.row] in wanted
    ]
    return order_trials(
        trials,
        options.order,
        options.draw_seed,
        vary=setup.varied,
        heads=setup.heads,
        fixed_tokens=setup.fixed_tokens,
    )
