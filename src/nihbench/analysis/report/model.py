"""The whole of the report's data: runs, panels (one a run and prompt), texts, bad cases."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nihbench import __version__
from nihbench.analysis.cases import find_cases
from nihbench.analysis.controls import ControlResult, control_results
from nihbench.analysis.grids import Grid, grid
from nihbench.analysis.report.trials import Cost, Pool, Surroundings, seconds, trial_columns
from nihbench.analysis.statistics import Statistics, Summary, statistics, summary
from nihbench.analysis.table import Table, columns
from nihbench.lang.former import note_in
from nihbench.lang.messages import languages, said
from nihbench.run.options import MODEL_UNIT, unit_words
from nihbench.run.places import counted_once
from nihbench.run.scores import version_of
from nihbench.run.store import RunFolder
from nihbench.stats.cell import mean_interval, scale_of
from nihbench.stats.effective import EffectiveLength, Reach
from nihbench.stats.headline import Estimate, Headline
from nihbench.types import DEPTH, Axis, Grade, GradedElsewhere, Record, Trial

# ---- statistics of one (experiment, prompt) as JSON can hold them ----------------------------------------------------


def statistics_of(
    table: Table, *, experiment: str, prompt: str, planned: Sequence[Trial], axis: Axis = DEPTH
) -> dict[str, Any]:
    """Return the statistics of one (experiment, prompt) laid out as the report's data has them."""
    made = statistics(table, experiment=experiment, prompt=prompt, planned=planned, axis=axis)
    return {
        "headline": _headline(made.headline),
        "this_haystack": made.this_haystack,
        "overlapping": made.overlapping,
        "by_length": [_headline(row) for row in made.by_length],
        "by_depth": [_headline(row) for row in made.by_depth],
        "cells": _cells(made),
        "effective": _effective(made.effective),
        "diagnosis": {"finding": _finding(made)},
    }


def number(value: float) -> float | None:
    """Return a number as JSON can hold it: None for NaN, six digits else."""
    return None if math.isnan(value) else round(value, 6)


def control(made: ControlResult) -> dict[str, Any]:
    """Return one kind of control; `sentence` by language."""
    return {
        "name": made.name,
        "planned": made.planned,
        "measured": made.n,
        "rate": number(made.rate),
        "low": number(made.interval.low) if made.n else None,
        "high": number(made.interval.high) if made.n else None,
        "verdict": made.verdict,
        "sentence": {lang: made.sentence(lang) for lang in languages()},
    }


def _headline(made: Headline) -> dict[str, Any]:
    return {name: _estimate(getattr(made, name)) for name in ("found", "strict", "mean_band")}


def _estimate(made: Estimate) -> dict[str, Any]:
    bounded = made.interval.method != "none"
    return {
        "value": number(made.value),
        "low": number(made.interval.low) if bounded else None,
        "high": number(made.interval.high) if bounded else None,
        "method": made.interval.method,
    }


def _cells(made: Statistics) -> list[list[dict[str, Any] | None]]:
    """Return each cell's interval of the mean score; None under two trials, which bound nothing worth reading."""
    trials = made.every
    scale = scale_of(trials.value)
    counts = np.zeros((len(made.depths), len(made.lengths), len(scale)))
    for index, band in enumerate(scale):
        here = np.isclose(trials.value, band, atol=1e-6)
        np.add.at(counts[:, :, index], (trials.depth[here], trials.length[here]), 1)
    low, high = mean_interval(counts, scale=scale)
    several = counts.sum(axis=2) >= 2
    return [
        [
            {"low": number(low[i, j]), "high": number(high[i, j])} if several[i, j] else None
            for j in range(len(made.lengths))
        ]
        for i in range(len(made.depths))
    ]


def _finding(made: Statistics) -> str:
    """Return the pattern of the misses; with too little measured none: what is missing may have its own."""
    if not made.has_verdict:
        return "unmeasured"
    found = made.diagnosis
    return "patchy" if found.patchy and found.finding != "tadpole" else found.finding


def _effective(made: EffectiveLength) -> dict[str, Any]:
    return {
        "status": made.status,
        "shortest": made.shortest,
        "length": made.length,
        "ended": made.ended,
        "ended_at": made.ended_at,
        "ended_value": number(made.ended_value),
        "if_missed": _reach(made.if_missed),
        "if_found": _reach(made.if_found),
        "low": made.low,
        "high": made.high,
        "high_open": made.high_open,
        "demonstrated_to": made.demonstrated_to,
    }


def _reach(made: Reach | None) -> dict[str, Any] | None:
    return None if made is None else {"length": made.length, "open": made.open}


FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A run as it is reported: its records and one scorer's grades.

    `place` is how a user calls its folder. `text` is its corpus's text, None where that is not at hand. `cost` says
    what a trial cost, `spent_usd` is what the whole run did, its checks and what left no record too.
    """

    folder: RunFolder
    place: str
    records: Mapping[str, Record]
    grades: Mapping[str, Grade]
    scorer: str
    text: str | None
    cost: Cost
    spent_usd: float | None = None


def report_data(runs: Iterable[Measured], *, title: str) -> dict[str, Any]:
    """Return the data of a report on some runs, in this order; NaN nowhere. docs/report.md documents it."""
    pool = Pool()
    described: list[dict[str, Any]] = []
    panels: list[dict[str, Any]] = []
    for index, run in enumerate(runs):
        described.append(_run(run, pool))
        panels += _panels(run, index, pool)
    texts, cut = pool.texts()
    return {
        "format": FORMAT,
        "made_by": f"nih {__version__}",
        "title": title,
        "runs": described,
        "panels": panels,
        "texts": texts,
        "cut": cut,
        "said": pool.said(),
    }


def _run(run: Measured, pool: Pool) -> dict[str, Any]:
    content = run.folder.manifest
    unit, corpus = content.unit, content.corpus
    needle = content.needle
    every = [record.outcome for record in run.records.values()]
    outcomes = [outcome for outcome in every if not isinstance(outcome, GradedElsewhere)]
    complete = len(outcomes) == len(every)
    days = sorted({record.started_at[:10] for record in run.records.values()} - {""})
    return {
        "name": run.folder.path.resolve().name,
        "model": content.model.name,
        "experiment": content.experiment,
        "needle": {"name": needle.name, "language": needle.language, "text": pool.add(" ".join(needle.statements))},
        "corpus": {name: getattr(corpus, name) for name in ("name", "language", "title", "copies")},
        "stored_corpus": run.text is not None,
        "scorer": run.scorer,
        "scorer_version": version_of(run.scorer, content),
        "length_unit": None if unit == MODEL_UNIT else unit,
        "unit": {lang: said(unit_words(unit), lang) for lang in languages()},
        "repeats": content.repeats,
        "order": None if content.is_import else content.raw["options"].get("order"),
        "extra": sum(record.trial.extra for record in run.records.values()),
        "days": [days[0], days[-1]] if days else [],
        "version": content.nihbench,
        "synthetic": content.synthetic,
        "cost_usd": run.spent_usd if complete else None,
        "prompt_tokens": _total([outcome.usage.prompt_tokens for outcome in outcomes]) if complete else None,
        "completion_tokens": _total([outcome.usage.completion_tokens for outcome in outcomes]) if complete else None,
        "latency_s": seconds(sum(outcome.latency_s for outcome in outcomes), 1),
        "rebuild": None if content.is_import else f"nih rebuild {shlex.quote(run.place)}",
        "notes": [pool.sentence(note_in(note, "notes")) for note in content.notes],
    }


def _total(counts: Sequence[int | None]) -> int | None:
    """Add up counts; None where one is unknown, since the rest is not the whole."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _panels(run: Measured, index: int, pool: Pool) -> list[dict[str, Any]]:
    planned, records = counted_once(run.folder.manifest.planned, run.records)
    table = columns(tuple(records.values()), run.grades, content=run.folder.manifest)
    pairs = dict.fromkeys((trial.experiment, trial.prompt) for trial in planned if trial.control is None)
    controls = control_results(records.values(), run.grades, planned)
    task, around = run.folder.manifest.task, Surroundings(run.folder, run.text)
    said = _said(records, run.grades, pool)
    prompts = run.folder.manifest.prompts
    panels = []
    for experiment, prompt in pairs:
        mine = [r for r in records.values() if (r.trial.experiment, r.trial.prompt) == (experiment, prompt)]
        here = _of_pair(planned, experiment, prompt)
        told = trial_columns(mine, run.grades, around, pool, run.cost)
        panels.append(
            {
                "run": index,
                "experiment": experiment,
                "prompt": prompt,
                "question": pool.add(task.needle.question_for(prompt)),
                "messages": [[m.role, pool.add(m.content)] for m in prompts[prompt].messages],
                "grid": _grid(grid(table, experiment=experiment, prompt=prompt, planned=here, axis=task.axis)),
                "summary": _summary(summary(table, experiment=experiment, prompt=prompt, planned=len(here))),
                "statistics": statistics_of(table, experiment=experiment, prompt=prompt, planned=here, axis=task.axis),
                "controls": [control(c) for c in controls if (c.experiment, c.prompt) == (experiment, prompt)],
                "trials": told | {"case": [said.get(record.id) for record in mine]},
            }
        )
    return panels


def _said(records: Mapping[str, Record], grades: Mapping[str, Grade], pool: Pool) -> dict[str, int]:
    """Return, for each trial below full marks, the number of the text that stands for all which say nearly the same."""
    groups = find_cases(records, grades).groups
    clusters = [cluster for group in groups for cluster in group.clusters]
    return {
        case.id: pool.add(str(cluster.cases[0].reason) if cluster.said is None else cluster.said, may_cut=True)
        for cluster in clusters
        for case in cluster.cases
    }


def _of_pair(planned: Iterable[Trial], experiment: str, prompt: str) -> list[Trial]:
    return [t for t in planned if (t.experiment, t.prompt, t.control) == (experiment, prompt, None)]


def _axis(axis: Axis) -> dict[str, Any] | None:
    """Return what the rows are, where they are not depths, whose words the page has."""
    if axis.name == DEPTH.name:
        return None
    return {"name": axis.name, "unit": axis.unit, "title": {lang: said(axis.title, lang) for lang in languages()}}


def _grid(made: Grid) -> dict[str, Any]:
    return {
        "lengths": list(made.lengths),
        "depths": list(made.depths),
        "axis": _axis(made.axis),
        "value": [[number(value) for value in row] for row in made.value.tolist()],
        "measured": made.measured.tolist(),
        "owed": made.owed.tolist(),
        "failures": {kind: counts.tolist() for kind, counts in made.failures.items()},
    }


def _summary(made: Summary) -> dict[str, Any]:
    return {
        "planned": made.planned,
        "recorded": made.recorded,
        "measured": made.measured,
        "failures": dict(made.failures),
        "items": [[each.name, each.found, each.measured] for each in made.items] or None,
        "rates": {
            name: {"value": number(rate.value), "if_missed": rate.low, "if_found": rate.high}
            for name, rate in zip(("found", "strict", "mean_band"), (r for _, r in made.rates), strict=True)
        },
    }
