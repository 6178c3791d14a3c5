"""Statistics of one (experiment, prompt) as JSON can hold them."""

from __future__ import annotations

import math
from typing import Any

from nihbench.analysis.controls import ControlResult
from nihbench.analysis.statistics import Statistics
from nihbench.stats import Cell, Diagnosis, EffectiveLength, Estimate, Headline


def told(made: Statistics) -> dict[str, Any]:
    """Return the statistics laid out as the report's data has them."""
    return {
        "headline": _headline(made.headline),
        "this_haystack": made.headline.found.interval.this_haystack,
        "by_length": [_headline(row) for row in made.by_length],
        "by_depth": [_headline(row) for row in made.by_depth],
        "cells": [[_cell(made.cells.get((depth, length))) for length in made.lengths] for depth in made.depths],
        "effective": _effective(made.effective, made.lengths),
        "diagnosis": _diagnosis(made.diagnosis),
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


def _cell(made: Cell | None) -> dict[str, Any] | None:
    """Return a cell's interval of the mean band; None with fewer than two trials, which bound nothing worth reading."""
    if made is None or made.n < 2:
        return None
    interval = made.mean_band_interval
    return {"low": number(interval.low), "high": number(interval.high)}


def _effective(made: EffectiveLength, lengths: tuple[int, ...]) -> dict[str, Any]:
    return {
        "status": made.status,
        "shortest": lengths[0],
        "length": made.length,
        "low": made.low,
        "high": made.high,
        "high_open": made.high_open,
        "demonstrated_to": made.demonstrated_to,
    }


def _diagnosis(made: Diagnosis) -> dict[str, Any]:
    return {"finding": made.finding}
