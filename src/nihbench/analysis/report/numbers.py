"""Statistics of one (experiment, prompt) as JSON can hold them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nihbench.analysis.controls import ControlResult
from nihbench.analysis.statistics import GridTrials, grid_trials, misses
from nihbench.analysis.table import Table
from nihbench.stats import (
    BANDS,
    EffectiveLength,
    Estimate,
    Headline,
    by_depth,
    by_length,
    credible_mean,
    diagnose,
    effective_length,
    headline,
    pooled_rows,
)
from nihbench.types import Trial

BASE_UP_TO = 1000
"""Lengths up to 1K tokens are the base of the effective length (NoLiMa's are 250, 500 and 1K)."""


def statistics_of(table: Table, *, experiment: str, prompt: str, planned: Sequence[Trial]) -> dict[str, Any]:
    """Return the statistics of one (experiment, prompt) laid out as the report's data has them."""
    made = grid_trials(table, experiment=experiment, prompt=prompt, planned=planned)
    whole, rows = headline(made.trials), by_length(made.trials)
    missed, places = misses(table, experiment=experiment, prompt=prompt)
    short = places.length <= BASE_UP_TO
    diagnosis = diagnose(missed, places, base_missed=missed[short] if short.any() else None)
    return {
        "headline": _headline(whole),
        "this_haystack": whole.found.interval.this_haystack,
        "by_length": [_headline(row) for row in rows],
        "by_depth": [_headline(row) for row in by_depth(made.trials)],
        "cells": _cells(grid_trials(table, experiment=experiment, prompt=prompt, planned=planned, extra=True)),
        "effective": _reach(made, rows),
        "diagnosis": {"finding": diagnosis.finding},
    }


def _reach(made: GridTrials, rows: Sequence[Headline]) -> dict[str, Any]:
    """Return the effective length over the lengths behind the base; with none that short, or all, there is no base."""
    short = np.array(made.lengths) <= BASE_UP_TO
    based = bool(short.any() and not short.all())
    keep = ~short if based else np.ones_like(short)
    lengths = [length for length, kept in zip(made.lengths, keep, strict=True) if kept]
    reach = effective_length(
        lengths,
        [row.found for row, kept in zip(rows, keep, strict=True) if kept],
        headline(made.trials.where(short[made.trials.length])).found if based else None,
        pooled=pooled_rows(made.trials.where(keep[made.trials.length])),
    )
    return _effective(reach, lengths[0])


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
        "sentence": {"en": made.sentence("en"), "zh": made.sentence("zh")},
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


def _cells(made: GridTrials) -> list[list[dict[str, Any] | None]]:
    """Return each cell's interval of the mean band; None under two trials, which bound nothing worth reading."""
    trials = made.trials
    counts = np.zeros((len(made.depths), len(made.lengths), len(BANDS)))
    for index, band in enumerate(BANDS):
        here = np.isclose(trials.value, band)
        np.add.at(counts[:, :, index], (trials.depth[here], trials.length[here]), 1)
    low, high = credible_mean(counts)
    several = counts.sum(axis=2) >= 2
    return [
        [
            {"low": number(low[i, j]), "high": number(high[i, j])} if several[i, j] else None
            for j in range(len(made.lengths))
        ]
        for i in range(len(made.depths))
    ]


def _effective(made: EffectiveLength, shortest: int) -> dict[str, Any]:
    return {
        "status": made.status,
        "shortest": shortest,
        "length": made.length,
        "low": made.low,
        "high": made.high,
        "high_open": made.high_open,
        "demonstrated_to": made.demonstrated_to,
    }
