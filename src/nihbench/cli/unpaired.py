"""What `nih compare --unpaired` says of two sides: a difference of two samples, and what that is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from nihbench.analysis.sides import Side
from nihbench.analysis.unpaired import MARGIN, Unpaired
from nihbench.figures.findings import points
from nihbench.figures.words import joined
from nihbench.lang.messages import Lang, Message, said, t


def unpaired_paragraph(made: Unpaired, lang: Lang) -> str:
    """Return the verdict in plain words, named as what it is."""
    return joined(lang, [said(sentence, lang) for sentence in (_verdict(made), _of_what(made), _how_far(made))])


def _verdict(made: Unpaired) -> Message:
    a, b, (one, other) = made.first.name, made.second.name, made.found
    if not one.measured or not other.measured:
        return t("cli.unpaired_nothing_measured", a=a, b=b)
    numbers = t(
        "cli.difference_points_95_interval",
        first=f"{one.value:.1%}",
        second=f"{other.value:.1%}",
        d=points(made.difference),
        low=points(made.interval.low),
        high=points(made.interval.high),
    )
    if made.verdict == "unmeasured":
        return t("cli.unpaired_no_verdict_under", a=a, b=b, numbers=numbers)
    if made.verdict == "same":
        return t("cli.unpaired_find_needle_equally", a=a, b=b, margin=100 * MARGIN, numbers=numbers)
    if made.verdict == "unclear":
        return t("cli.unpaired_whether_differ_open", a=a, b=b, numbers=numbers)
    if made.difference > 0:
        return t("cli.unpaired_finds_needle_more", a=a, b=b, numbers=numbers)
    return t("cli.unpaired_finds_needle_less", a=a, b=b, numbers=numbers)


def _of_what(made: Unpaired) -> Message:
    if made.cells:
        return t("cli.two_independent_samples_trials", first=made.planned[0], second=made.planned[1], cells=made.cells)
    one, other = (f"{low:,}-{high:,}" for low, high in made.lengths)
    return t("cli.two_grids_no_cell", one=one, other=other)


def _how_far(made: Unpaired) -> Message:
    if made.this_haystack:
        return t("cli.side_stands_one_haystack")
    one, other = (each.haystacks for each in made.found)
    return t("cli.intervals_over_haystacks_hold", one=one, other=other)


def unpaired_values(made: Sequence[Unpaired]) -> list[dict[str, Any]]:
    """Return unpaired comparisons as JSON has them."""
    return [
        {
            "first": _side(each.first),
            "second": _side(each.second),
            "paired": False,
            "verdict": each.verdict,
            "planned_trials": list(each.planned),
            "common_cells": each.cells,
            "found": [asdict(found) | {"value": found.value if found.measured else None} for found in each.found],
            "difference": each.difference if all(found.measured for found in each.found) else None,
            "interval": asdict(each.interval) if all(found.measured for found in each.found) else None,
            "text": {"en": unpaired_paragraph(each, "en"), "zh": unpaired_paragraph(each, "zh")},
        }
        for each in made
    ]


def _side(side: Side) -> dict[str, str]:
    told = {"name": side.name, "model": side.model, "experiment": side.experiment, "prompt": side.prompt}
    return told | {"run": side.run}
