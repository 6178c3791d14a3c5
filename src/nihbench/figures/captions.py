"""The caption of a figure: what was measured, with what, and the headline numbers. ASCII, but for the names given."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from nihbench.analysis import Rate, Summary
from nihbench.figures.labels import unit_phrase

VERDICT_SHARE = 0.95
"""Below this share of measured trials a caption says that there is no verdict."""


def caption(
    *,
    model: str,
    corpus: str,
    scorer: str,
    scorer_version: str,
    length_unit: str,
    repeats: int,
    summaries: Sequence[Summary],
    note: str = "",
) -> str:
    """Return the caption, a line for the set-up and one for each (experiment, prompt).

    Args:
        model: The model's name.
        corpus: The corpus's name.
        scorer: The scorer's name.
        scorer_version: The scorer's version.
        length_unit: `model`, or the name of the tokenizer that lengths are counted with.
        repeats: Trials planned for each cell. With one, all cells share one haystack, and the caption says so.
        summaries: The headline numbers, in the order of the figure's rows.
        note: What else a reader must know (a corpus's caveat), as one sentence.
    """
    trials = "1 trial a cell, for this haystack" if repeats == 1 else f"{repeats} trials a cell"
    setup = (
        f"Model: {model}. Corpus: {corpus}. Scorer: {scorer} {scorer_version}. "
        f"Length: {unit_phrase(length_unit)}, whole request, K=1,000. {trials}."
    )
    lines = [f"{setup} {note}".strip()]
    return "\n".join([*lines, *(headline(summary) for summary in summaries)])


def headline(summary: Summary) -> str:
    """Return the headline numbers of one (experiment, prompt) as a line: found, strict, mean band."""
    numbers = ", ".join(
        f"{name} {_rate(rate, whole=summary.measured == summary.planned)}" for name, rate in summary.rates
    )
    text = (
        f"{summary.experiment}/{summary.prompt}: {numbers}; {summary.measured:,} of {summary.planned:,} trials measured"
    )
    if summary.measured < summary.planned:
        text += f" ({_percent(summary.measured_share)}; in brackets: the rest counted as misses and as hits)"
    if summary.measured_share < VERDICT_SHARE:
        text += f". Under {VERDICT_SHARE:.0%} measured: no verdict"
    return text + "."


def _rate(rate: Rate, *, whole: bool) -> str:
    if whole:
        return _percent(rate.value)
    value = "unknown" if isnan(rate.value) else _percent(rate.value)
    return f"{value} [{_percent(rate.low)} to {_percent(rate.high)}]"


def _percent(share: float) -> str:
    return f"{share:.1%}"
