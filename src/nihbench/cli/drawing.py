"""From sweeps to figures: what `nih plot` and the end of a run draw.

It joins `analysis` with `figures`; nothing is measured or drawn here itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nihbench.analysis.differences import difference
from nihbench.analysis.profiles import Profile, depth_profile, length_profile
from nihbench.cli.captions import around_of, heading_of
from nihbench.cli.output import note
from nihbench.cli.sweep import Sweep, named, told_apart
from nihbench.errors import UsageError
from nihbench.figures.animation import save_animation
from nihbench.figures.captions import map_note
from nihbench.figures.files import check_suffix, save
from nihbench.figures.labels import SEVERAL
from nihbench.figures.layout import Panel
from nihbench.figures.look import missing
from nihbench.figures.panel import draw_panel
from nihbench.figures.profile import Line, draw_profiles
from nihbench.figures.style import Style
from nihbench.figures.words import say
from nihbench.lang.messages import Lang, t
from nihbench.stats.headline import Headline
from nihbench.types import Record

KINDS = ("map", "difference", "profiles")


def draw(
    sweeps: Sequence[Sweep],
    path: Path,
    style: Style,
    *,
    kind: str = "map",
    title: str | None = None,
    animate: tuple[Path, Sequence[Record]] | None = None,
) -> None:
    """Write the figure of some sweeps; the suffix chooses the format.

    Raises:
        UsageError: The kind or the suffix is unknown, or these sweeps can't be drawn so.
    """
    check_suffix(path)
    if not sweeps:
        raise UsageError(t("cli.nothing_draw_no_run"))
    if animate and (len(sweeps) != 1 or style.achieved or kind != "map"):
        raise UsageError(t("cli.animation_shows_one_map"))
    sweeps = named(sweeps)
    around = around_of(sweeps, kind, style, title)
    _note_fonts(around.title + around.caption + "".join(sweep.name for sweep in sweeps), style.lang)
    unit = SEVERAL.join(dict.fromkeys(sweep.setting.length_unit for sweep in sweeps))
    if kind == "profiles":
        figure = draw_profiles(_lines(sweeps), around, style, length_unit=unit)
    else:
        panel = _difference(sweeps, unit) if kind == "difference" else _panel(sweeps, unit, style.lang)
        figure = draw_panel(panel, around, style)
    save(figure, path, style.dpi)
    if animate:
        _animate(figure, sweeps, animate, style)


def _panel(sweeps: Sequence[Sweep], unit: str, lang: Lang) -> Any:
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
        length_unit=unit,
    )


def _number(sweep: Sweep, lang: Lang) -> str:
    """Return the number above a map in a panel."""
    if sweep.withheld:
        return say(lang, "withheld")
    return map_note(sweep.summary, lang=lang, intervals=sweep.intervals)


def _difference(sweeps: Sequence[Sweep], unit: str) -> Any:
    if len(sweeps) != 2:
        raise UsageError(t("cli.difference_between_two_sweeps", sweeps=len(sweeps)))
    if len({s.setting.length_unit for s in sweeps}) > 1 and len({s.origin.counted for s in sweeps}) > 1:
        raise UsageError(t("cli.two_runs_count_lengths"))
    return Panel(grids=((difference(sweeps[0].grid, sweeps[1].grid),),), length_unit=unit, is_difference=True)


def _lines(sweeps: Sequence[Sweep]) -> list[Any]:
    made = [
        (
            _bounded(length_profile(sweep.grid), sweep.statistics.by_length if sweep.statistics else None),
            _bounded(depth_profile(sweep.grid), sweep.statistics.by_depth if sweep.statistics else None),
        )
        for sweep in sweeps
    ]
    return [
        Line(name=name, by_length=by_length, by_depth=by_depth)
        for name, (by_length, by_depth) in zip(told_apart(sweeps), made, strict=True)
    ]


def _bounded(profile: Profile, rows: tuple[Headline, ...] | None) -> Profile:
    """Give a profile the mean bands and their intervals; a place where nothing is measured has none."""
    if rows is None:
        return profile
    bands = [row.mean_band for row in rows]
    value, measured = np.array([band.value for band in bands]), np.array([band.measured for band in bands])
    low = [band.interval.low if band.measured else np.nan for band in bands]
    high = [band.interval.high if band.measured else np.nan for band in bands]
    return replace(profile, value=value, measured=measured, low=np.array(low), high=np.array(high))


def _animate(figure: Any, sweeps: Sequence[Sweep], animate: tuple[Path, Sequence[Record]], style: Style) -> None:
    path, records = animate
    grid = sweeps[0].grid
    last: dict[tuple[int, int], None] = {}
    for record in records:
        trial = record.trial
        if trial.control is None and (trial.experiment, trial.prompt) == (grid.experiment, grid.prompt):
            for depth in trial.depths:
                place = (grid.depths.index(depth), grid.lengths.index(trial.length))
                last.pop(place, None)  # a cell is finished with its last repeat
                last[place] = None
    note(t("cli.animation_frames", path=path, save_animation=save_animation(figure, list(last), path, style)))


def _note_fonts(text: str, lang: Lang) -> None:
    """Say which characters no font has, and how to get one."""
    absent = missing(text)
    if absent:
        named = "".join(absent[:8])
        if len(absent) > 8:
            named = say(lang, "and_more", some=named, count=len(absent) - 8)
        note(say(lang, "no_font", characters=named))
