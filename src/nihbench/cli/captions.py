"""What stands around the figure of some sweeps: its title, its caption, what their controls say."""

from __future__ import annotations

from collections.abc import Sequence

from nihbench.cli.sweep import Sweep, told_apart
from nihbench.figures.captions import caption, headline
from nihbench.figures.findings import effective_sentence
from nihbench.figures.look import missing
from nihbench.figures.sheet import Around, Control
from nihbench.figures.style import Style
from nihbench.figures.words import joined, listed, say
from nihbench.lang.messages import Lang


def around_of(sweeps: Sequence[Sweep], kind: str, style: Style, title: str | None) -> Around:
    """Return what stands around a figure.

    Args:
        sweeps: what it shows.
        kind: how it shows them (`drawing.KINDS`).
        style: in which language, and how depths are shown.
        title: the title; None: one that names the sweeps.
    """
    return Around(
        title=_title(sweeps, kind, style.lang) if title is None else title,
        caption=_caption(sweeps, kind, style),
        controls=_marks(sweeps),
    )


def _title(sweeps: Sequence[Sweep], kind: str, lang: Lang) -> str:
    if kind == "difference" and len(sweeps) == 2:
        first, second = told_apart(sweeps)
        return say(lang, "difference_title", a=first, b=second)
    if len(sweeps) == 1:
        return f"{sweeps[0].setting.model}: {heading_of(sweeps[0])}/{sweeps[0].grid.prompt}"
    models = list(dict.fromkeys(sweep.setting.model for sweep in sweeps))
    experiments = list(dict.fromkeys(heading_of(sweep) for sweep in sweeps))
    return f"{listed(lang, models)}: {listed(lang, experiments)}"


def _caption(sweeps: Sequence[Sweep], kind: str, style: Style) -> str:
    lang, notes = style.lang, []
    if kind == "difference" and len(sweeps) == 2:
        first, second = told_apart(sweeps)
        notes.append(say(lang, "difference_note", a=first, b=second))
    if kind == "map" and style.achieved:
        notes.append(say(lang, "achieved_note"))
    if kind == "profiles":
        notes.append(_interval_note(sweeps, lang))
    trials, places = sum(sweep.summary.planned for sweep in sweeps), sum(sweep.places for sweep in sweeps)
    if kind == "map" and trials < places:
        notes.append(say(lang, "one_prompt", trials=f"{trials:,}", places=f"{places:,}"))
    several = len({sweep.setting.model for sweep in sweeps}) > 1
    # A large panel carries its numbers above the maps.
    lines = [
        sweep.withheld.sentence(lang)
        if sweep.withheld
        else joined(lang, [_headline(sweep, lang, several), _effective(sweep, kind, lang, brief=len(sweeps) > 1)])
        for sweep in (sweeps if len(sweeps) <= 4 else ())
    ]
    return caption([sweep.setting for sweep in sweeps], lines, lang=lang, notes=notes)


def _headline(sweep: Sweep, lang: Lang, several: bool) -> str:
    return headline(sweep.summary, lang=lang, name=sweep.name if several else "", intervals=sweep.intervals)


def _effective(sweep: Sweep, kind: str, lang: Lang, *, brief: bool) -> str:
    return (
        ""
        if sweep.statistics is None or kind == "difference"
        else effective_sentence(sweep.statistics, lang, brief=brief)
    )


def _interval_note(sweeps: Sequence[Sweep], lang: Lang) -> str:
    """Say how the intervals of profiles were made."""
    made = [sweep.statistics for sweep in sweeps if sweep.statistics]
    if not made:
        return say(lang, "no_interval")
    methods = [
        say(lang, "interval_text" if each.overlapping else "interval_haystack")
        if each.this_haystack
        else say(lang, "interval_haystacks", count=each.headline.found.haystacks)
        for each in made
    ]
    level = f"{made[0].headline.found.interval.level:.0%}"
    return say(lang, "interval", level=level, method=listed(lang, list(dict.fromkeys(methods))))


def _marks(sweeps: Sequence[Sweep]) -> tuple[Control, ...]:
    """Return what a figure says of controls: each kind once, with the maps in which it failed where these are not all.

    A control that can't tell is not said.
    """
    told = [
        (name, control)
        for name, sweep in zip(told_apart(sweeps), sweeps, strict=True)
        for control in sweep.controls
        if control.verdict != "unknown"
    ]
    failures = [(control.name, name) for name, control in told if control.failed]
    # With every map concerned by each, or the only one, there is nothing to tell apart.
    apart = any(sum(kind == other for other, _ in failures) < len(sweeps) for kind, _ in failures)
    marks = []
    for kind in dict.fromkeys(control.name for _, control in told):
        each = {id(control): control for _, control in told if control.name == kind}.values()
        failed = [control for control in each if control.failed]
        alone = next(iter(each)) if len(each) == 1 else failed[0] if len(failed) == 1 else None
        rate = None if alone is None or kind == "sentinel" else alone.rate
        where = tuple(name for other, name in failures if other == kind) if apart else ()
        marks.append(Control(name=kind, passed=not failed, rate=rate, where=where))
    return tuple(marks)


def heading_of(sweep: Sweep) -> str:
    """Return an experiment as headings call it: by its title, too, where the fonts at hand can write it."""
    title = sweep.setting.title
    return f"{title} ({sweep.grid.experiment})" if title and not missing(title) else sweep.grid.experiment
