"""What is written on a figure: its words, the labels of its axes, its caption."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, copysign, floor, isnan

import numpy as np
from numpy.typing import NDArray

from nihbench.analysis.grids import Grid
from nihbench.analysis.statistics import ItemShare, Rate, Summary
from nihbench.lang.messages import Lang, said, t, words
from nihbench.run.options import unit_words
from nihbench.stats.headline import LEAST_MEASURED
from nihbench.types import DEPTH, Axis

# ---- words by the key of a sentence, in a language given -------------------------------------------------------------
# What the sentences are stands in the catalogs of `lang`: `figure.`, `finding.` (what was found: effective length,
# comparison, pattern of misses), `failure.`, `control.` and so on. A text is a whole sentence or label with named
# fields; none is put together from pieces whose order a language decides.


def say(lang: Lang, key: str, **fields: object) -> str:
    """Return the label or note of a figure named `key` in a language, with its fields filled in."""
    return said(t(f"figure.{key}", **fields), lang)


def tell(lang: Lang, key: str, **fields: object) -> str:
    """Return the sentence of what was found named `key` in a language, with its fields filled in."""
    return said(t(f"finding.{key}", **fields), lang)


def pattern_name(lang: Lang, kind: str) -> str:
    """Return a pattern of misses as it is read."""
    return words(lang)[f"pattern.{kind}"]


def group_word(lang: Lang, group: str) -> str:
    """Return a group of failures as it is read."""
    return words(lang)[f"failure_group.{group}"]


def kind_word(lang: Lang, kind: str) -> str:
    """Return a failure's kind as it is read: "rate limit"; one that no catalog has keeps its name."""
    return words(lang).get(f"failure.{kind}", kind.replace("_", " "))


def control_word(lang: Lang, name: str) -> str:
    """Return a control's name as it is read; one that no catalog has keeps it."""
    return words(lang).get(f"control.{name}", name.replace("_", " "))


def listed(lang: Lang, parts: list[str]) -> str:
    """Join the parts of a list as the language does."""
    return words(lang)["figure.comma"].join(parts)


def joined(lang: Lang, sentences: list[str]) -> str:
    """Join whole sentences to a paragraph; Chinese sets no blank after its full stop."""
    return words(lang)["figure.blank"].join(sentence for sentence in sentences if sentence)


# ---- axis labels, and which cells have no value and why; nothing is drawn here ---------------------------------------


Cells = NDArray[np.bool_]
SEVERAL = " | "
"""Between the units of a figure whose runs have several."""


def half_up(number: float) -> int:
    """Round as everybody does on paper, halves up (away from 0): so does the report, and 12.5 stands beside 62.5."""
    return int(copysign(floor(abs(number) + 0.5 + 1e-9), number))


def length_labels(lengths: Sequence[int]) -> tuple[str, ...]:
    """Label lengths as 256, 1.4K, 32K, 1M (K is 1,000), with as few decimals as tell them apart."""
    for decimals in range(4):
        labels = tuple(_length_label(length, decimals) for length in lengths)
        if len(set(labels)) == len(set(lengths)):
            return labels
    return tuple(f"{length:,}" for length in lengths)


def _length_label(length: int, decimals: int) -> str:
    """Write one length with at least two significant digits (1.4K, 14K) and at least `decimals` decimals kept."""
    if length < 1000:
        return str(length)
    # What would be rounded up to 1000K is written as 1M.
    unit, scaled = ("K", length / 1000) if round(length / 1000, decimals) < 1000 else ("M", length / 1_000_000)
    if unit == "M":
        decimals = max(decimals, 2)
    elif scaled < 10:
        decimals = max(decimals, 1)
    scaled += 1e-9  # halves go up (14.5 is 15), not to the even neighbour
    return f"{scaled:.{decimals}f}".rstrip("0").rstrip(".") + unit if decimals else f"{scaled:.0f}{unit}"


def depth_labels(depths: Sequence[float]) -> tuple[str, ...]:
    """Label depths as 0%, 7%, 50%, with as few decimals as tell them apart."""
    for decimals in range(4):
        labels = tuple(f"{depth:.{decimals}f}%" for depth in depths)
        if len(set(labels)) == len(set(depths)):
            break
    return labels


def row_labels(axis: Axis, values: Sequence[float]) -> tuple[str, ...]:
    """Label rows: depths as 7%, points of a task's own axis as it writes them."""
    return depth_labels(values) if axis.name == DEPTH.name else tuple(map(axis.label, values))


def axis_title(axis: Axis, lang: Lang) -> str:
    """Return what the rows are."""
    return said(axis.title, lang)


def rows_phrase(axis: Axis, ends: str, lang: Lang) -> str:
    """Return some rows inside a sentence: "depths 7%-21%", or "Hops 2-4"."""
    if axis.name == DEPTH.name:
        return say(lang, "rows_depths", rows=ends)
    return say(lang, "rows_axis", axis=axis_title(axis, lang), rows=ends)


def unit_phrase(length_unit: str, lang: Lang = "en") -> str:
    """Say in what lengths are counted; `length_unit` is a code of `Manifest.unit`, or several by " | "."""
    return listed(lang, [said(unit_words(unit), lang) for unit in length_unit.split(SEVERAL)])


def unrun_cells(grid: Grid) -> Cells:
    """Mark the cells that have no record at all."""
    cells: Cells = (grid.measured == 0) & (grid.failed == 0)
    return cells


def partly_cells(grid: Grid) -> Cells:
    """Mark the cells that have a value, and trials without one."""
    cells: Cells = (grid.measured > 0) & (grid.failed + grid.owed > 0)
    return cells


def failure_counts(grid: Grid) -> list[tuple[str, int]]:
    """Count the failed trials by kind, the most frequent first, also those of cells that have a value.

    One that fills several cells counts once.
    """
    failures = grid.failures if grid.spread is None else grid.spread.failures
    counts = [(kind, ceil(float(matrix.sum()) - 1e-6)) for kind, matrix in failures.items()]
    return sorted([item for item in counts if item[1]], key=lambda item: (-item[1], item[0]))


# ---- captions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What one run was made with, as a caption tells it.

    `date` is that of the run's records ("2026-11-22", or two joined by " to "), never of the drawing. `repeats` are the
    trials planned for each cell; with one, all cells share one haystack, and the caption says so.
    """

    model: str
    date: str
    experiment: str
    corpus: str
    scorer: str
    version: str
    repeats: int
    least: int | None = None
    """How often its longest length is measured, where that is less often than `repeats`."""
    length_unit: str
    title: str = ""
    """What the experiment is called beside its name."""
    copies: int = 1
    synthetic: bool = False
    imported: bool = False
    extra: int = 0
    """Further draws of an adaptive run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Intervals:
    """Intervals of the headline numbers, made by statistics: by the rate's name, at a confidence level.

    `this_haystack`: they say nothing of other haystacks. `overlapping`: there are several, which are one text.
    """

    of: Mapping[str, tuple[float, float]]
    level: float
    this_haystack: bool = False
    overlapping: bool = False


def caption(
    settings: Sequence[Setting], headlines: Sequence[str], *, lang: Lang = "en", notes: Sequence[str] = ()
) -> str:
    """Return the caption: a paragraph for the set-up, then one line for each of `headlines`.

    Args:
        settings: Those of the runs in the figure; what they have in common is said once.
        headlines: Lines made by `headline`.
        lang: The language.
        notes: What else a reader must know, as whole sentences.
    """

    def all_of(values: Iterable[str]) -> str:
        return listed(lang, list(dict.fromkeys(values)))

    unrecorded = say(lang, "unrecorded")  # of an import: its source does not say
    paragraph = [
        say(lang, "synthetic", model=all_of(s.model for s in settings if s.synthetic))
        if any(s.synthetic for s in settings)
        else "",
        say(
            lang,
            "setup",
            model=all_of(setting.model for setting in settings),
            date=all_of(setting.date or unrecorded for setting in settings),
            experiment=all_of(setting.experiment for setting in settings),
            corpus=all_of(unrecorded if setting.imported else setting.corpus for setting in settings),
            scorer=all_of(setting.scorer for setting in settings),
            version=all_of(setting.version for setting in settings),
        ),
        *length_notes(settings, lang),
        _repeats(settings, lang),
        *([say(lang, "extra", count=sum(s.extra for s in settings))] if any(s.extra for s in settings) else []),
        *(say(lang, "copies", copies=copies) for copies in sorted({s.copies for s in settings} - {1})),
        *notes,
    ]
    return "\n".join([joined(lang, paragraph), *headlines])


def short_caption(settings: Sequence[Setting], *, lang: Lang = "en") -> str:
    """Return the caption in one line: what is measured, of which model, in which corpus, when and by which version."""

    def all_of(values: Iterable[str]) -> str:
        return listed(lang, list(dict.fromkeys(values)))

    unrecorded = say(lang, "unrecorded")
    line = say(
        lang,
        "caption_short",
        experiment=all_of(setting.experiment for setting in settings),
        model=all_of(setting.model for setting in settings),
        corpus=all_of(unrecorded if setting.imported else setting.corpus for setting in settings),
        date=all_of(setting.date or unrecorded for setting in settings),
        version=all_of(setting.version for setting in settings),
    )
    made_up = all_of(setting.model for setting in settings if setting.synthetic)
    return joined(lang, [say(lang, "synthetic", model=made_up) if made_up else "", line])


def _repeats(settings: Sequence[Setting], lang: Lang) -> str:
    """Say how many trials a cell has."""
    repeats = sorted({setting.repeats for setting in settings})
    least = min((setting.least or setting.repeats for setting in settings), default=1)
    if any(setting.least for setting in settings):
        return say(lang, "repeats_fewer", least=least, most=repeats[-1])
    if repeats == [1]:
        return say(lang, "repeats_one")
    return say(lang, "repeats_many", count=listed(lang, [str(count) for count in repeats]))


def length_notes(settings: Sequence[Setting], lang: Lang) -> list[str]:
    """Say in what lengths are counted, own and imported ones each for themselves."""
    units = list(dict.fromkeys(unit_phrase(s.length_unit, lang) for s in settings if not s.imported))
    own = [say(lang, "length_note", unit=listed(lang, units))] if units else []
    return own + ([say(lang, "length_imported")] if any(s.imported for s in settings) else [])


def headline(summary: Summary, *, lang: Lang = "en", name: str = "", intervals: Intervals | None = None) -> str:
    """Return the headline numbers of one (experiment, prompt) as a line.

    Args:
        summary: The numbers.
        lang: The language.
        name: What they are of; by default the experiment and the prompt.
        intervals: Intervals to give in brackets; without them the brackets hold the bounds of what is unmeasured;
            beside them the bounds have a sentence of their own.
    """
    whole = summary.measured == summary.planned
    numbers = {
        key: _rate(rate, lang, intervals.of.get(key) if intervals else None if whole else (rate.low, rate.high))
        for key, rate in summary.rates.items()
    }
    sentences = [
        say(
            lang, "headline", name=name or f"{summary.experiment}/{summary.prompt}", numbers=_told(numbers, lang),
            measured=f"{summary.measured:,}", planned=f"{summary.planned:,}",
            share=_share(summary.measured_share),
        )
    ]  # fmt: skip
    if intervals:
        here = "brackets_text" if intervals.overlapping else "brackets_haystack"
        key = here if intervals.this_haystack else "brackets_interval"
        sentences.append(say(lang, key, level=f"{intervals.level:.0%}"))
        if not whole:
            ends = {
                key: say(lang, "ends", low=_percent(rate.low), high=_percent(rate.high))
                for key, rate in summary.rates.items()
            }
            sentences.append(say(lang, "unmeasured_bounds", numbers=_told(ends, lang)))
    elif not whole:
        sentences.append(say(lang, "unmeasured"))
    if summary.items:
        sentences.append(say(lang, "by_item", items=items_phrase(summary.items, lang)))
    if summary.measured_share < LEAST_MEASURED:
        sentences.append(say(lang, "no_verdict", share=f"{LEAST_MEASURED:.0%}"))
    return joined(lang, sentences)


def items_phrase(items: Sequence[ItemShare], lang: Lang) -> str:
    """Return how often each item was given: "red 90.0% (9/10), blue 40.0% (4/10)"."""
    told = [f"{each.name} {_percent(each.found / each.measured)} ({each.found}/{each.measured})" for each in items]
    return listed(lang, told)


def _told(numbers: Mapping[str, str], lang: Lang) -> str:
    """Return numbers, by their names, as a part of a sentence."""
    return say(lang, "metrics_joint").join(say(lang, f"metric_{name}", value=value) for name, value in numbers.items())


def map_note(summary: Summary, *, lang: Lang = "en", intervals: Intervals | None = None) -> str:
    """Return the one number that stands above a map in a panel."""
    value = say(lang, "unknown") if isnan(summary.found.value) else _percent(summary.found.value)
    ends = intervals.of.get("found") if intervals else None
    if ends is None and summary.measured < summary.planned:
        ends = (summary.found.low, summary.found.high)
    if ends is None:
        return say(lang, "map_note", value=value)
    return say(lang, "map_note_interval", value=value, low=f"{ends[0] * 100:.0f}", high=f"{ends[1] * 100:.0f}")


def _rate(rate: Rate, lang: Lang, ends: tuple[float, float] | None) -> str:
    value = say(lang, "unknown") if isnan(rate.value) else _percent(rate.value)
    if ends is None:
        return value
    return say(lang, "bounds", value=value, low=_percent(ends[0]), high=_percent(ends[1]))


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _share(share: float) -> str:
    """Write a share so that only a whole one is 100%."""
    return "100%" if share == 1 else f"{min(share, 0.9994):.1%}"
