"""The further draws of an adaptive run: which, in what rounds, and how many there may be at least and at most.

All follows from the run's setup and the records of its first draws (`stats.adaptive`), so that a run that was killed
decides the same again, whatever order answers came in. Nothing is sent here.

A round measures each cell at most once more, all of them over one haystack of its own, which is the repeat of its
number. Draws that were made count, also where a first draw that failed was made up for since and would decide
otherwise now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nihbench.errors import UsageError
from nihbench.lang import t
from nihbench.plan import order_trials
from nihbench.run.answers import answer_of
from nihbench.run.calibration import likely_points
from nihbench.run.options import wanted_precision
from nihbench.run.setup import Setup
from nihbench.stats import FirstDraws, draws, highest_levels, most_draws, need, precision_at
from nihbench.types import Record, Score, Trial

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
    options, grid = setup.options, setup.grid
    if not options.adaptive or options.shard is not None:
        return ()
    planned = [trial for trial in grid if not trial.extra]
    once = [trial for trial in planned if trial.repeat == 0]
    repeats = range(options.repeats, most_draws(len(setup.depths), wanted_precision(options)))
    possible = tuple(replace(trial, repeat=repeat, extra=True) for repeat in repeats for trial in once)
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
    level = most_draws(len(setup.depths), wanted_precision(setup.options))
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
    options = setup.options
    first = first_draws(setup, records)
    level = most_draws(len(setup.depths), wanted_precision(options))
    share, highest = need(first), np.full(first.found.shape, float(level))
    if options.max_trials is not None:
        highest = highest_levels(first, options.repeats, level, options.max_trials)
    steps = []
    for now in range(options.repeats + 1, level + 1):
        before, after = (draws(share, np.minimum(to, highest), options.repeats) for to in (now - 1, now))
        more = after > before
        if more.any():
            reached = precision_at(len(setup.depths), max(options.repeats, min(now, highest.min())))
            steps.append(Round(precision=reached, trials=_ordered(setup, more, now - 1)))
    return Rounds(
        steps=tuple(steps),
        before=precision_at(len(setup.depths), options.repeats),
        after=precision_at(len(setup.depths), max(options.repeats, highest.min())),
        measured=first.measured.sum() >= LEAST_MEASURED * options.repeats * first.measured.size,
    )


def first_draws(setup: Setup, records: Mapping[str, Record]) -> FirstDraws:
    """Return what the planned draws came to by the rules, shape (prompts, depths, lengths)."""
    prompts, depths, lengths = list(setup.prompts), list(setup.depths), list(setup.lengths)
    found = np.zeros((len(prompts), len(depths), len(lengths)))
    measured = np.zeros_like(found)
    for record in records.values():
        trial = record.trial
        if trial.control is not None or trial.extra:
            continue
        answer = answer_of(setup.needle, record)
        grade = answer.by_rules() if answer is not None else None
        if isinstance(grade, Score):
            cell = (prompts.index(trial.prompt), depths.index(trial.depth_percent), lengths.index(trial.length))
            measured[cell] += 1
            found[cell] += grade.found
    return FirstDraws(found=found, measured=measured)


def _ordered(setup: Setup, more: np.ndarray, repeat: int) -> tuple[Trial, ...]:
    options, prompts = setup.options, list(setup.prompts)
    trials = [
        Trial(
            experiment=setup.experiment.name,
            needle=setup.needle.name,
            prompt=prompts[prompt],
            length=setup.lengths[length],
            depth_percent=setup.depths[depth],
            repeat=repeat,
            extra=True,
        )
        for prompt, depth, length in np.argwhere(more)
    ]
    return order_trials(
        trials,
        options.order,
        options.draw_seed,
        vary=options.vary,
        heads=setup.heads,
        fixed_tokens=setup.fixed_tokens,
    )
