"""The caption of a figure: what was measured, when, with what, and the headline numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from nihbench.analysis.statistics import ItemShare, Rate, Summary
from nihbench.figures.labels import unit_phrase
from nihbench.figures.words import joined, listed, say
from nihbench.lang.messages import Lang
from nihbench.stats.metrics import LEAST_MEASURED

"""Below this share of measured trials a caption says that there is no verdict."""


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
    repeats = sorted({setting.repeats for setting in settings})
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
        say(lang, "repeats_one")
        if repeats == [1]
        else say(lang, "repeats_many", count=listed(lang, [str(count) for count in repeats])),
        *([say(lang, "extra", count=sum(s.extra for s in settings))] if any(s.extra for s in settings) else []),
        *(say(lang, "copies", copies=copies) for copies in sorted({s.copies for s in settings} - {1})),
        *notes,
    ]
    return "\n".join([joined(lang, paragraph), *headlines])


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
