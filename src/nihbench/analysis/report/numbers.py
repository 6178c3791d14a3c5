"""Statistics of one (experiment, prompt) as JSON can hold them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nihbench.analysis.controls import ControlResult
from nihbench.analysis.statistics import Statistics, statistics
from nihbench.analysis.table import Table
from nihbench.stats.cell import BANDS, mean_interval
from nihbench.stats.effective import EffectiveLength, Reach
from nihbench.stats.headline import Estimate, Headline
from nihbench.types import Trial


def statistics_of(table: Table, *, experiment: str, prompt: str, planned: Sequence[Trial]) -> dict[str, Any]:
    """Return the statistics of one (experiment, prompt) laid out as the report's data has them."""
    made = statistics(table, experiment=experiment, prompt=prompt, planned=planned)
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


def _cells(made: Statistics) -> list[list[dict[str, Any] | None]]:
    """Return each cell's interval of the mean band; None under two trials, which bound nothing worth reading."""
    trials = made.every
    counts = np.zeros((len(made.depths), len(made.lengths), len(BANDS)))
    for index, band in enumerate(BANDS):
        here = np.isclose(trials.value, band)
        np.add.at(counts[:, :, index], (trials.depth[here], trials.length[here]), 1)
    low, high = mean_interval(counts)
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
