"""What a model can do, and up to which length: one row for each task at one point of its own axis.

A row has its rates by length and its effective length with an interval, all by one threshold that needs no base
(RULER's 85.6%), so that rows can be read beside each other. What a task asks for in several rows that are no depths are
several rungs of a ladder, and each has a row of its own; depths of a needle are one. Nothing is drawn here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nihbench.analysis.statistics import Statistics
from nihbench.stats.effective import RULER_THRESHOLD, TOGETHER, EffectiveLength, effective_length, pooled_rows
from nihbench.stats.headline import LEAST_MEASURED, Estimate, Trials
from nihbench.stats.interval import IntArray, Interval, exact_interval
from nihbench.tasks.task import Task
from nihbench.types import DEPTH, Completion, Record

Verdict = str
"""What a row says: "reaches" (to the longest length that was tested), "ends" (at a shorter one), "fails" (at the
shortest already), "unknown" (too little is measured to tell), "withheld" (a control failed)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rung:
    """One row of a passport: a task, asked for by one experiment and prompt, at one point of its axis.

    `point` is None where the rows are depths, or one prompt: then all of them are in it. `by_rule` is the mean of
    another rule of scoring by length, empty where none is told.
    """

    experiment: str
    prompt: str
    task: Task
    point: float | None
    made: Statistics
    corpus: str = ""
    withheld: bool = False
    by_rule: Mapping[int, float] | None = None

    @property
    def lengths(self) -> tuple[int, ...]:
        """Its lengths, ascending."""
        return self.made.lengths

    @property
    def cells(self) -> tuple[Estimate, ...]:
        """The share found at each length."""
        return tuple(self._exactly(row.found) for row in self.made.by_length)

    @cached_property
    def effective(self) -> EffectiveLength:
        """How far it reaches, by an absolute threshold; a row has few trials, so that few lengths are pooled."""
        made = self.made
        pools = [self._exactly(pool) for pool in pooled_rows(made.trials, least=TOGETHER)]
        return effective_length(made.lengths, self.cells, None, absolute=RULER_THRESHOLD, pooled=pools)

    def _exactly(self, found: Estimate) -> Estimate:
        """Return a share in one haystack with its exact interval, where places are drawn at random and on no grid."""
        one = isinstance(found.ends, Interval) and found.ends.method == "local" and found.prompts == found.measured
        if self.point is None or not one:
            return found
        low, high = exact_interval(found.value * found.measured, found.measured, found.ends.level)
        return replace(found, ends=replace(found.interval, low=low, high=high, method="exact"))

    @property
    def verdict(self) -> Verdict:
        """What it says; an interval that leaves everything open says nothing."""
        found = self.effective
        if self.withheld:
            return "withheld"
        known = {"at_least": "reaches", "length": "ends", "below": "fails"}
        if found.status not in known or (found.low is None and found.high_open):
            return "unknown"
        ended_early = found.status == "at_least" and found.length != self.lengths[-1]
        return "ends" if ended_early else known[found.status]


@dataclass(frozen=True, kw_only=True, eq=False)
class Passport:
    """The rungs of one model, in the order in which they were given."""

    model: str
    rungs: tuple[Rung, ...]
    threshold: float = RULER_THRESHOLD

    @property
    def lengths(self) -> tuple[int, ...]:
        """All lengths that a rung has."""
        return tuple(sorted({length for rung in self.rungs for length in rung.lengths}))

    @cached_property
    def averages(self) -> dict[int, float]:
        """The mean over all rungs of what the other rule gives, at the lengths that every rung has."""
        told = [rung.by_rule for rung in self.rungs if rung.by_rule is not None]
        shared = [length for length in self.lengths if all(length in rung for rung in told)] if told else []
        return {length: sum(rung[length] for rung in told) / len(told) for length in shared}

    @property
    def by_rule(self) -> int | None:
        """The longest length up to which the average of every length is over the threshold; None: there is none."""
        reached = None
        for length, mean in self.averages.items():
            if not mean > self.threshold:
                break
            reached = length
        return reached


def rungs_of(
    made: Statistics,
    task: Task,
    *,
    experiment: str,
    prompt: str,
    corpus: str = "",
    withheld: bool = False,
    by_rule: Callable[[float | None], Mapping[int, float]] | None = None,
) -> tuple[Rung, ...]:
    """Return the rows of a passport that one (experiment, prompt) makes.

    Args:
        made: its statistics.
        task: what was asked for.
        experiment: the experiment's name.
        prompt: the prompt's name.
        corpus: the name of the text that it stood in.
        withheld: whether a control says that what was measured is something else.
        by_rule: returns the mean of another rule of scoring by length, at a point of the axis.
    """
    points = made.depths if _apart(made) else (None,)
    return tuple(
        Rung(
            experiment=experiment,
            prompt=prompt,
            task=task,
            point=point,
            corpus=corpus,
            made=made if point is None else _at(made, index),
            withheld=withheld,
            by_rule=by_rule(point) if by_rule else None,
        )
        for index, point in enumerate(points)
    )


def _apart(made: Statistics) -> bool:
    """Say whether each row is a rung of its own: no depth, and no prompt stands for several."""
    return made.axis.name != DEPTH.name and len(made.trials.value) == len(made.in_cells.value)


def _at(made: Statistics, index: int) -> Statistics:
    """Return the statistics of one row alone."""
    kept = {name: each.where(each.depth == index) for name, each in _trials(made).items()}
    lengths = np.unique(kept["trials"].length)
    again = {
        name: replace(each, length=np.searchsorted(lengths, each.length), depth=np.zeros_like(each.depth))
        for name, each in kept.items()
    }
    return replace(made, lengths=tuple(made.lengths[at] for at in lengths), depths=(made.depths[index],), **again)


def _trials(made: Statistics) -> dict[str, Any]:
    return {"trials": made.trials, "in_cells": made.in_cells, "every": made.every}


def joined(rungs: Iterable[Rung], same: Callable[[Rung], Hashable]) -> tuple[Rung, ...]:
    """Return rungs with those made one that are the same but for their lengths, in the order of the first of each.

    `same` says of what a rung is. Two that share a length are two measurements and stay apart.
    """
    groups: dict[Hashable, list[list[Rung]]] = {}
    for rung in rungs:
        parts = groups.setdefault(same(rung), [])
        fits = (part for part in parts if not any(set(rung.lengths) & set(other.lengths) for other in part))
        part = next(fits, None)
        parts.append([rung]) if part is None else part.append(rung)
    return tuple(_one(part) for parts in groups.values() for part in parts)


def _one(rungs: Sequence[Rung]) -> Rung:
    if len(rungs) == 1:
        return rungs[0]
    lengths = tuple(sorted(length for rung in rungs for length in rung.lengths))
    made: dict[str, Any] = {
        name: _together([_trials(rung.made)[name] for rung in rungs], [rung.lengths for rung in rungs], lengths)
        for name in _trials(rungs[0].made)
    }
    ruled = [rung.by_rule for rung in rungs if rung.by_rule is not None]
    return replace(
        rungs[0],
        made=replace(rungs[0].made, lengths=lengths, **made),
        withheld=any(rung.withheld for rung in rungs),
        by_rule={length: mean for each in ruled for length, mean in each.items()} if ruled else None,
    )


def _together(parts: Sequence[Trials], own: Sequence[Sequence[int]], lengths: Sequence[int]) -> Trials:
    """Return the trials of several runs over one corpus.

    Its places and the needles of a bank keep their numbers; what a run numbers by itself does not.
    """
    fields = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("value", "found", "haystack", "depth")
    }
    steps = [np.searchsorted(lengths, np.array(each)[part.length]) for part, each in zip(parts, own, strict=True)]
    return Trials(
        **fields,
        length=np.concatenate(steps),
        text=_numbered([part.text for part in parts]),
        place=_numbered([part.place for part in parts]),
        needle=_side_by_side([part.needle for part in parts]),
        wording=_side_by_side([part.wording for part in parts]),
    )


def _side_by_side(parts: Sequence[IntArray | None]) -> IntArray | None:
    """Return numbers that mean the same in every run; None where one has none."""
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def _numbered(parts: Sequence[IntArray | None]) -> IntArray | None:
    """Return numbers of several runs, none of one run equal to one of another; None where one has none."""
    known, first = list[IntArray](), 0
    for part in parts:
        if part is None:
            return None
        known.append(np.where(part < 0, part, part + first))
        first += int(part.max(initial=-1)) + 1
    return np.concatenate(known)


# ---- another rule of scoring -----------------------------------------------------------------------------------------


def contained(references: Sequence[str], answer: str) -> float:
    """Return the share of references that an answer holds as they stand, upper and lower case alike (RULER's rule)."""
    text = answer.lower()
    return sum(reference.lower() in text for reference in references) / len(references) if references else 0.0


RULES: Mapping[str, Callable[[Sequence[str], str], float]] = {"ruler": contained}
"""Rules of scoring that results are told by beside our own, by the name that a suite gives."""


def means_by_rule(
    rule: Callable[[Sequence[str], str], float],
    records: Sequence[Record],
    task: Task,
    *,
    experiment: str,
    prompt: str,
    point: float | None,
) -> dict[int, float]:
    """Return the mean of what a rule gives the answers of one rung, by length; what has no answer is left out."""
    given: dict[int, list[float]] = {}
    for record in records:
        trial, outcome = record.trial, record.outcome
        mine = (trial.experiment, trial.prompt, trial.control, trial.extra) == (experiment, prompt, None, False)
        if not mine or not isinstance(outcome, Completion) or (point is not None and trial.row != point):
            continue
        references = [item.text for item in task.recorded(record).items]
        if references:
            given.setdefault(trial.length, []).append(rule(references, outcome.text))
    return {length: math.fsum(values) / len(values) for length, values in sorted(given.items())}


# ---- as JSON ---------------------------------------------------------------------------------------------------------


def as_json(passport: Passport, words: Callable[[Rung], Mapping[str, Mapping[str, str]]]) -> dict[str, Any]:
    """Return a passport as JSON values (docs/formats.md); `words` is what is said of a rung, in every language."""
    averages = passport.averages
    ruled = {"averages": {str(length): round(mean, 6) for length, mean in averages.items()}, "reach": passport.by_rule}
    return {
        "model": passport.model,
        "threshold": passport.threshold,
        "rows": [_row(rung, words(rung)) for rung in passport.rungs],
        "by_rule": ruled if averages else None,
    }


def _row(rung: Rung, words: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    found, options = rung.effective, dict(rung.task.options)
    return {
        "experiment": rung.experiment,
        "prompt": rung.prompt,
        "task": {"name": rung.task.name, "version": rung.task.version, "language": rung.task.language},
        "options": options,
        "axis": rung.task.axis.name,
        "point": rung.point,
        "told": {name: dict(each) for name, each in words.items()},
        "verdict": rung.verdict,
        "lengths": list(rung.lengths),
        "cells": [_cell(cell) for cell in rung.cells],
        "effective": {
            "status": found.status,
            "length": found.length,
            "low": found.low,
            "high": found.high,
            "high_open": found.high_open,
            "level": found.level,
            "ended": found.ended,
            "ended_at": found.ended_at,
            "demonstrated_to": found.demonstrated_to,
            "this_haystack": found.this_haystack,
        },
        "by_rule": None if rung.by_rule is None else {str(n): round(mean, 6) for n, mean in rung.by_rule.items()},
    }


def _cell(cell: Estimate) -> dict[str, Any]:
    bounded = cell.measured > 0
    return {
        "found": round(cell.value, 6) if bounded else None,
        "low": round(cell.interval.low, 6) if bounded else None,
        "high": round(cell.interval.high, 6) if bounded else None,
        "measured": cell.measured,
        "planned": cell.planned,
        "judged": cell.measured_share >= LEAST_MEASURED,
    }
