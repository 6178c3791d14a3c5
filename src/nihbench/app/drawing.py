"""From sweeps to figures: what `nih plot`, `nihbench.plot` and the end of a run draw.

It joins `analysis` with `figures`; nothing is measured or drawn here itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nihbench.analysis.grids import Profile, depth_profile, difference, length_profile
from nihbench.app.events import Caller, Drawn
from nihbench.app.keywords import FIGURES
from nihbench.app.results import Result
from nihbench.errors import UsageError
from nihbench.figures.animation import check_animation, save_animation
from nihbench.figures.captions import SEVERAL, caption, headline, joined, listed, map_note, say, short_caption
from nihbench.figures.findings import effective_sentence, sampled_sentence, title_of
from nihbench.figures.page import check_suffix, missing, save
from nihbench.figures.panel import Panel, draw_panel
from nihbench.figures.profile import Line, draw_profiles
from nihbench.figures.sheet import Around, Control
from nihbench.figures.style import Style, palette, sized
from nihbench.figures.style import preset as named_preset
from nihbench.figures.sweeps import Kind, Sweep, chosen, named, renamed, shown_names, told_apart
from nihbench.lang.messages import Lang, language, t
from nihbench.stats.headline import Headline
from nihbench.types import DEPTH, Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# ---- what stands around the figure of some sweeps: its title, its caption, what their controls say -------------------


CAPTIONS = ("none", "short", "full")
"""How much is said under a figure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """What a figure is to say: its title, its subtitle, how much its caption tells.

    Without a title there is what was found, else one that names the sweeps; without a subtitle what one was made with.
    `names` is what models are called wherever the figure names them.
    """

    title: str | None = None
    subtitle: str | None = None
    caption: str = "full"
    names: Mapping[str, str] = field(default_factory=dict)


def around_of(sweeps: Sequence[Sweep], kind: Kind, style: Style, wording: Wording) -> Around:
    """Return what stands around a figure.

    Args:
        sweeps: what it shows.
        kind: how it shows them.
        style: in which language, and how depths are shown.
        wording: what was asked for.
    """
    title = wording.title
    return Around(
        title=_title(sweeps, kind, style.lang) if title is None else title,
        subtitle=_subtitle(sweeps, kind, style.lang) if wording.subtitle is None else wording.subtitle,
        caption=_captions(sweeps, kind, style, wording.caption),
        controls=_marks(sweeps),
    )


def _title(sweeps: Sequence[Sweep], kind: Kind, lang: Lang) -> str:
    own = kind.title(sweeps, lang)
    if own is not None:
        return own
    if len(sweeps) == 1 and (found := title_of(sweeps[0], lang)):
        return found
    if len(sweeps) == 1:
        return f"{sweeps[0].setting.model}: {heading_of(sweeps[0])}/{sweeps[0].grid.prompt}"
    models = list(dict.fromkeys(sweep.setting.model for sweep in sweeps))
    experiments = list(dict.fromkeys(heading_of(sweep) for sweep in sweeps))
    return f"{listed(lang, models)}: {listed(lang, experiments)}"


def _subtitle(sweeps: Sequence[Sweep], kind: Kind, lang: Lang) -> str:
    """Say what one sweep was measured with; several have it in their rows, columns and caption."""
    if len(sweeps) != 1 or kind.caption or kind.title(sweeps, lang) is not None:
        return ""
    sweep, setting = sweeps[0], sweeps[0].setting
    unrecorded = say(lang, "unrecorded")
    parts = [
        setting.model,
        f"{heading_of(sweep)}/{sweep.grid.prompt}",
        unrecorded if setting.imported else setting.corpus,
        setting.date or unrecorded,
    ]
    return listed(lang, parts)


def _captions(sweeps: Sequence[Sweep], kind: Kind, style: Style, much: str) -> str:
    if much == "none":
        return ""
    if much == "short":
        return short_caption([sweep.setting for sweep in sweeps], lang=style.lang)
    return kind.caption(sweeps, style) if kind.caption else _caption(sweeps, kind, style)


def _caption(sweeps: Sequence[Sweep], kind: Kind, style: Style) -> str:
    lang = style.lang
    sampled = [sampled_sentence(each.statistics, lang, brief=True) for each in sweeps if each.statistics]
    notes = [*kind.notes(sweeps, style), *filter(None, dict.fromkeys(sampled))]
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


def _effective(sweep: Sweep, kind: Kind, lang: Lang, *, brief: bool) -> str:
    return (
        ""
        if sweep.statistics is None or not kind.tells_range
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


def draw(
    sweeps: Sequence[Sweep],
    path: Path | None,
    style: Style,
    caller: Caller,
    *,
    kind: str = "map",
    wording: Wording | None = None,
    animate: tuple[Path, Sequence[Record]] | None = None,
) -> Figure:
    """Draw some sweeps, write the figure where a path is given (its suffix chooses the format), and return it.

    Raises:
        UsageError: The kind or the suffix is unknown, or these sweeps can't be drawn so.
    """
    if path is not None:
        check_suffix(path)
    if not sweeps:
        raise UsageError(t("cli.nothing_draw_no_run"))
    own = next((sweep.grid.axis for sweep in sweeps if sweep.grid.axis.name != DEPTH.name), None)
    if style.achieved and own is not None:
        raise UsageError(t("cli.rows_no_depths", axis=own.title))
    how = kind_named(kind)
    if animate and (len(sweeps) != 1 or style.achieved or not how.is_map):
        raise UsageError(t("cli.animation_shows_one_map"))
    wording = wording or Wording()
    sweeps = named(renamed(sweeps, wording.names), how.place_of)
    around = around_of(sweeps, how, style, wording)
    _tell_fonts(
        around.title + around.subtitle + around.caption + "".join(sweep.name for sweep in sweeps), style.lang, caller
    )
    figure = how.draw(sweeps, around, style)
    if path is not None:
        save(figure, path, style.dpi)
    if animate:
        _animate(figure, sweeps, animate, style, caller)
    return figure


def plot_of(
    read: Callable[[], Sequence[Result]],
    out: Path | None,
    caller: Caller,
    *,
    kind: str = "map",
    prompt: str = "",
    axis: str = "nominal",
    animate: Path | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    names: str | Mapping[str, str] | None = None,
    caption: str = "full",
    preset: str = "default",
    colours: str = "classic",
    size: str | None = None,
    dpi: int | None = None,
    transparent: bool = False,
    values: bool = True,
) -> Figure:
    """Draw runs: a heatmap, a panel of several, a difference, or profiles; the names are those of `nih plot`.

    Args:
        read: reads the runs, when the options are known to be some.
        out: where the figure is written; None: nowhere.
        caller: hears what was written, and what no font can write.
        kind: one of `keywords.FIGURES`.
        prompt: only these prompts, separated by commas, in this order; "": all.
        axis: depths as planned ("nominal") or as they came out ("achieved").
        animate: where to write how the map filled.
        title: a title of one's own.
        subtitle: what stands under the title; None: model, experiment, corpus and date of one map.
        names: what models are called in the figure: "MODEL=SHOWN,...", or a dictionary.
        caption: how much is said under it: "none", "short" (one line) or "full".
        preset: one of `figures.style.PRESETS`.
        colours: "classic", "safe" or "grey".
        size: in inches: "8x5", or "8" for the width alone.
        dpi: pixels an inch.
        transparent: whether the figure has no ground.
        values: whether numbers stand in the cells, where they fit.

    Raises:
        UsageError: an option is none, or these runs can't be drawn so.
    """
    if out is not None:
        check_suffix(out)
    if animate is not None:
        check_animation(animate)
    how = kind_named(kind)
    _one_of("--axis", axis, ("nominal", "achieved"))
    _one_of("--caption", caption, CAPTIONS)
    wording = Wording(title=title, subtitle=subtitle, caption=caption, names=shown_names(names))
    look = replace(named_preset(preset), lang=language(), palette=palette(colours))
    look = replace(sized(look, size=size, dpi=dpi), achieved=axis == "achieved" and how.is_map)
    style = replace(look, transparent=transparent, values=values)
    results = read()
    sweeps = chosen([s for result in results for s in result.sweeps], prompt, lambda sweep: sweep.grid.prompt)
    moving = (animate, results[0].records if len(results) == 1 else ()) if animate else None
    figure = draw(sweeps, out, style, caller, kind=kind, wording=wording, animate=moving)
    if out is not None:
        caller.emit(Drawn(path=out, sentence=t("cli.figure", out=out)))
    return figure


def _one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(t("cli.choose_one", option=option, value=value, known=tuple(known)))


# ---- map: a heatmap, or a panel of several ---------------------------------------------------------------------------


def _draw_maps(sweeps: Sequence[Sweep], around: Around, style: Style) -> Figure:
    return draw_panel(_panel(sweeps, style.lang), around, style)


def _map_notes(sweeps: Sequence[Sweep], style: Style) -> list[str]:
    notes = [say(style.lang, "achieved_note")] if style.achieved else []
    trials, places = sum(sweep.summary.planned for sweep in sweeps), sum(sweep.places for sweep in sweeps)
    if trials < places:
        notes.append(say(style.lang, "one_prompt", trials=f"{trials:,}", places=f"{places:,}"))
    return notes


def _unit(sweeps: Sequence[Sweep]) -> str:
    return SEVERAL.join(dict.fromkeys(sweep.setting.length_unit for sweep in sweeps))


def _panel(sweeps: Sequence[Sweep], lang: Lang) -> Panel:
    """Set experiments and prompts as rows and models as columns; no two sweeps claim one place (`named`)."""
    rows = list(dict.fromkeys((sweep.grid.experiment, sweep.grid.prompt) for sweep in sweeps))
    models = list(dict.fromkeys(sweep.setting.model for sweep in sweeps))
    at = {
        (rows.index((sweep.grid.experiment, sweep.grid.prompt)), models.index(sweep.setting.model)): sweep
        for sweep in sweeps
    }
    places = [[at.get((i, j)) for j in range(len(models))] for i in range(len(rows))]
    single = len(sweeps) == 1
    one_experiment = len({experiment for experiment, _ in rows}) == 1
    headings = {sweep.grid.experiment: heading_of(sweep) for sweep in sweeps}
    return Panel(
        grids=tuple(tuple(sweep.grid if sweep else None for sweep in row) for row in places),
        row_names=() if single else tuple(p if one_experiment else f"{headings[e]} / {p}" for e, p in rows),
        column_names=() if single else tuple(models),
        notes=() if single else tuple(tuple(_number(sweep, lang) if sweep else "" for sweep in row) for row in places),
        length_unit=_unit(sweeps),
    )


def _number(sweep: Sweep, lang: Lang) -> str:
    """Return the number above a map in a panel."""
    if sweep.withheld:
        return say(lang, "withheld")
    return map_note(sweep.summary, lang=lang, intervals=sweep.intervals)


# ---- difference: of two, cell by cell --------------------------------------------------------------------------------


def _draw_difference(sweeps: Sequence[Sweep], around: Around, style: Style) -> Figure:
    if len(sweeps) != 2:
        raise UsageError(t("cli.difference_between_two_sweeps", sweeps=len(sweeps)))
    if len({s.setting.length_unit for s in sweeps}) > 1 and len({s.origin.counted for s in sweeps}) > 1:
        raise UsageError(t("cli.two_runs_count_lengths"))
    grids = ((difference(sweeps[0].grid, sweeps[1].grid),),)
    return draw_panel(Panel(grids=grids, length_unit=_unit(sweeps), is_difference=True), around, style)


def _difference_title(sweeps: Sequence[Sweep], lang: Lang) -> str | None:
    if len(sweeps) != 2:
        return None
    first, second = told_apart(sweeps)
    return say(lang, "difference_title", a=first, b=second)


def _difference_notes(sweeps: Sequence[Sweep], style: Style) -> list[str]:
    if len(sweeps) != 2:
        return []
    first, second = told_apart(sweeps)
    return [say(style.lang, "difference_note", a=first, b=second)]


# ---- profiles: mean scores by length and by depth --------------------------------------------------------------------


def _draw_profiles(sweeps: Sequence[Sweep], around: Around, style: Style) -> Figure:
    return draw_profiles(_lines(sweeps), around, style, length_unit=_unit(sweeps))


def _profile_notes(sweeps: Sequence[Sweep], style: Style) -> list[str]:
    return [_interval_note(sweeps, style.lang)]


def _lines(sweeps: Sequence[Sweep]) -> list[Any]:
    made = [
        (
            _bounded(length_profile(sweep.grid), sweep.statistics.by_length if sweep.statistics else None),
            _bounded(depth_profile(sweep.grid), sweep.statistics.by_depth if sweep.statistics else None),
        )
        for sweep in sweeps
    ]
    return [
        Line(name=name, by_length=by_length, by_depth=by_depth, axis=sweep.grid.axis)
        for name, (by_length, by_depth), sweep in zip(told_apart(sweeps), made, sweeps, strict=True)
    ]


def _bounded(profile: Profile, rows: tuple[Headline, ...] | None) -> Profile:
    """Give a profile the mean scores and their intervals; a place where nothing is measured has none."""
    if rows is None:
        return profile
    bands = [row.mean_band for row in rows]
    value, measured = np.array([band.value for band in bands]), np.array([band.measured for band in bands])
    low = [band.interval.low if band.measured else np.nan for band in bands]
    high = [band.interval.high if band.measured else np.nan for band in bands]
    return replace(profile, value=value, measured=measured, low=np.array(low), high=np.array(high))


MAP = Kind(draw=_draw_maps, notes=_map_notes, is_map=True)
DIFFERENCE = Kind(draw=_draw_difference, title=_difference_title, notes=_difference_notes, tells_range=False)
PROFILES = Kind(draw=_draw_profiles, notes=_profile_notes)


def kind_named(name: str) -> Kind:
    """Return a kind of figure by its name.

    Raises:
        UsageError: there is none of that name.
    """
    _one_of("--kind", name, tuple(FIGURES))
    module, _, place = FIGURES[name].partition(":")
    found = getattr(import_module(module), place)
    return found if isinstance(found, Kind) else Kind(draw=found)


def _animate(
    figure: Figure, sweeps: Sequence[Sweep], animate: tuple[Path, Sequence[Record]], style: Style, caller: Caller
) -> None:
    path, records = animate
    grid = sweeps[0].grid
    last: dict[tuple[int, int], None] = {}
    for record in records:
        trial = record.trial
        if trial.control is None and (trial.experiment, trial.prompt) == (grid.experiment, grid.prompt):
            for depth in trial.rows:
                place = (grid.depths.index(depth), grid.lengths.index(trial.length))
                last.pop(place, None)  # a cell is finished with its last repeat
                last[place] = None
    frames = save_animation(figure, list(last), path, style)
    caller.emit(Drawn(path=path, sentence=t("cli.animation_frames", path=path, save_animation=frames)))


def _tell_fonts(text: str, lang: Lang, caller: Caller) -> None:
    """Tell which characters no font has, and how to get one."""
    absent = missing(text)
    if absent:
        named = "".join(absent[:8])
        if len(absent) > 8:
            named = say(lang, "and_more", some=named, count=len(absent) - 8)
        caller.tell(say(lang, "no_font", characters=named))
