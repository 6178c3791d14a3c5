"""From runs to figures: what `nih plot` and the end of a run draw, and what their captions say.

It joins run folders with `analysis` and `figures`; nothing is measured or drawn here itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nihbench.cli.output import note
from nihbench.errors import UsageError
from nihbench.lang import t

if TYPE_CHECKING:
    from nihbench.analysis import ControlResult, Grid, Profile, Statistics, Summary
    from nihbench.figures import Control, Intervals, Lang, Setting, Style
    from nihbench.stats import Headline
    from nihbench.types import Record

KINDS = ("map", "difference", "profiles")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """One (model, experiment, prompt) as it is drawn."""

    setting: Setting
    grid: Grid
    summary: Summary
    statistics: Statistics | None = None
    """For the intervals; None: the numbers alone."""
    withheld: ControlResult | None = None
    """The control for whose sake no headline is given."""
    controls: tuple[ControlResult, ...] = ()
    """What its controls say; of the sentinel, which stands for a whole run, each of the run's sweeps has the result."""

    @property
    def intervals(self) -> Intervals | None:
        """Intervals of the headline numbers, where anything is measured."""
        from nihbench.figures import Intervals

        made = self.statistics.headline if self.statistics else None
        if made is None or not made.found.measured:
            return None
        numbers = {"found": made.found, "strict": made.strict, "mean band": made.mean_band}
        ends = {name: (number.interval.low, number.interval.high) for name, number in numbers.items()}
        return Intervals(of=ends, level=made.found.interval.level, this_haystack=made.found.interval.this_haystack)

    @property
    def name(self) -> str:
        """What tells it from the others: model, experiment and prompt."""
        return f"{self.setting.model}: {self.grid.experiment}/{self.grid.prompt}"

    @property
    def experiment(self) -> str:
        """The experiment as headings call it: by its title, too, where it has one that the fonts at hand can write."""
        from nihbench.figures import missing

        title = self.setting.title
        return f"{title} ({self.grid.experiment})" if title and not missing(title) else self.grid.experiment


def setting_of(manifest: Mapping[str, Any], records: Sequence[Record], scorer: str) -> Setting:
    """Return what a run was made with; its date is that of its records, or of its beginning where there are none."""
    from nihbench.figures import Setting
    from nihbench.run import version_of

    days = sorted({record.started_at[:10] for record in records} or {str(manifest.get("created_at", ""))[:10]})
    return Setting(
        model=manifest["model"]["name"],
        date=days[0] if days[0] == days[-1] else f"{days[0]}/{days[-1]}",
        experiment=manifest["experiment"],
        title=str(manifest.get("title", "")),
        corpus=manifest["corpus"]["name"],
        scorer=f"{scorer} {version_of(scorer)}",
        version=str(manifest.get("nihbench", "?")),
        repeats=manifest["repeats"],
        length_unit=length_unit(manifest),
        copies=manifest["corpus"]["copies"],
        synthetic=bool(manifest.get("synthetic")),
        imported="import" in manifest,
        extra=sum(record.trial.extra for record in records),
    )


def length_unit(content: Mapping[str, Any]) -> str:
    """Return what lengths are counted with: `model`, or a tokenizer's name."""
    unit = content["length_unit"]
    return "model" if unit["counted_by_model"] else str(unit["tokenizer"])


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
    from nihbench.figures import Around, check_suffix, draw_panel, draw_profiles, save

    check_suffix(path)
    if not sweeps:
        raise UsageError(t("there is nothing to draw: no run with such a prompt was given"))
    if animate and (len(sweeps) != 1 or style.achieved or kind != "map"):
        raise UsageError(t("an animation shows one map with nominal depths: give one run, and choose one --prompt"))
    around = Around(
        title=_title(sweeps, kind, style.lang) if title is None else title,
        caption=_caption(sweeps, kind, style),
        controls=_marks(sweeps),
    )
    _note_fonts(around.title + around.caption + "".join(sweep.name for sweep in sweeps), style.lang)
    units = list(dict.fromkeys(sweep.setting.length_unit for sweep in sweeps))
    if kind == "profiles":
        figure = draw_profiles(_lines(sweeps), around, style, length_unit=units[0])
    else:
        panel = _difference(sweeps, units[0]) if kind == "difference" else _panel(sweeps, units[0], style.lang)
        figure = draw_panel(panel, around, style)
    save(figure, path, style.dpi)
    if animate:
        _animate(figure, sweeps, animate, style)


def _title(sweeps: Sequence[Sweep], kind: str, lang: Lang) -> str:
    from nihbench.figures import listed, say

    if kind == "difference" and len(sweeps) == 2:
        first, second = _told_apart(sweeps)
        return say(lang, "difference_title", a=first, b=second)
    if len(sweeps) == 1:
        return f"{sweeps[0].setting.model}: {sweeps[0].experiment}/{sweeps[0].grid.prompt}"
    models = list(dict.fromkeys(sweep.setting.model for sweep in sweeps))
    experiments = list(dict.fromkeys(sweep.experiment for sweep in sweeps))
    return f"{listed(lang, models)}: {listed(lang, experiments)}"


def _told_apart(sweeps: Sequence[Sweep]) -> list[str]:
    """Name sweeps by what differs: prompts of one model, or models of one prompt, else both."""
    models = {sweep.setting.model for sweep in sweeps}
    pairs = {(sweep.grid.experiment, sweep.grid.prompt) for sweep in sweeps}
    if len(models) == 1:
        return [f"{sweep.grid.experiment}/{sweep.grid.prompt}" for sweep in sweeps]
    return [sweep.setting.model if len(pairs) == 1 else sweep.name for sweep in sweeps]


def _caption(sweeps: Sequence[Sweep], kind: str, style: Style) -> str:
    from nihbench.figures import caption, joined, say

    lang, notes = style.lang, []
    if kind == "difference" and len(sweeps) == 2:
        first, second = _told_apart(sweeps)
        notes.append(say(lang, "difference_note", a=first, b=second))
    if kind == "map" and style.achieved:
        notes.append(say(lang, "achieved_note"))
    if kind == "profiles":
        notes.append(_interval_note(sweeps, lang))
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
    from nihbench.figures import headline

    return headline(sweep.summary, lang=lang, name=sweep.name if several else "", intervals=sweep.intervals)


def _effective(sweep: Sweep, kind: str, lang: Lang, *, brief: bool) -> str:
    from nihbench.figures import effective_sentence

    return (
        ""
        if sweep.statistics is None or kind == "difference"
        else effective_sentence(sweep.statistics, lang, brief=brief)
    )


def _interval_note(sweeps: Sequence[Sweep], lang: Lang) -> str:
    """Say how the intervals of profiles were made."""
    from nihbench.figures import listed, say

    made = [sweep.statistics.headline.found for sweep in sweeps if sweep.statistics]
    if not made:
        return say(lang, "no_interval")
    methods = [
        say(lang, "interval_haystacks", count=each.haystacks) if each.haystacks > 1 else say(lang, "interval_haystack")
        for each in made
    ]
    return say(
        lang, "interval", level=f"{made[0].interval.level:.0%}", method=listed(lang, list(dict.fromkeys(methods)))
    )


def _marks(sweeps: Sequence[Sweep]) -> tuple[Control, ...]:
    """Return what a figure says of controls: each kind once, with the maps in which it failed where these are not all.

    A control that can't tell is not said.
    """
    from nihbench.figures import Control

    told = [
        (name, control)
        for name, sweep in zip(_told_apart(sweeps), sweeps, strict=True)
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


def _panel(sweeps: Sequence[Sweep], unit: str, lang: Lang) -> Any:
    """Set experiments and prompts as rows and models as columns.

    Raises:
        UsageError: Two sweeps claim one place.
    """
    from nihbench.figures import Panel

    rows = list(dict.fromkeys((sweep.grid.experiment, sweep.grid.prompt) for sweep in sweeps))
    models = list(dict.fromkeys(sweep.setting.model for sweep in sweeps))
    at: dict[tuple[int, int], Sweep] = {}
    for sweep in sweeps:
        place = (rows.index((sweep.grid.experiment, sweep.grid.prompt)), models.index(sweep.setting.model))
        if place in at:
            raise UsageError(
                t(
                    "two runs measured {sweep_name}: give one of them, or draw them with --kind difference",
                    sweep_name=sweep.name,
                )
            )
        at[place] = sweep
    places = [[at.get((i, j)) for j in range(len(models))] for i in range(len(rows))]
    single = len(sweeps) == 1
    one_experiment = len({experiment for experiment, _ in rows}) == 1
    headings = {sweep.grid.experiment: sweep.experiment for sweep in sweeps}
    return Panel(
        grids=tuple(tuple(sweep.grid if sweep else None for sweep in row) for row in places),
        row_names=() if single else tuple(p if one_experiment else f"{headings[e]} / {p}" for e, p in rows),
        column_names=() if single else tuple(models),
        notes=() if single else tuple(tuple(_number(sweep, lang) if sweep else "" for sweep in row) for row in places),
        length_unit=unit,
    )


def _number(sweep: Sweep, lang: Lang) -> str:
    """Return the number above a map in a panel."""
    from nihbench.figures import map_note, say

    if sweep.withheld:
        return say(lang, "withheld")
    return map_note(sweep.summary, lang=lang, intervals=sweep.intervals)


def _difference(sweeps: Sequence[Sweep], unit: str) -> Any:
    from nihbench.analysis import difference
    from nihbench.figures import Panel

    if len(sweeps) != 2:
        raise UsageError(
            t(
                "a difference is between two sweeps, and here are {sweeps}: give two runs, or one run with "
                "two prompts, and choose by --prompt",
                sweeps=len(sweeps),
            )
        )
    if len({sweep.setting.length_unit for sweep in sweeps}) > 1:
        raise UsageError(t("the two runs count lengths in different units: measure both with the same --length-unit"))
    return Panel(grids=((difference(sweeps[0].grid, sweeps[1].grid),),), length_unit=unit, is_difference=True)


def _lines(sweeps: Sequence[Sweep]) -> list[Any]:
    from nihbench.analysis import depth_profile, length_profile
    from nihbench.figures import Line

    made = [
        (
            _bounded(length_profile(sweep.grid), sweep.statistics.by_length if sweep.statistics else None),
            _bounded(depth_profile(sweep.grid), sweep.statistics.by_depth if sweep.statistics else None),
        )
        for sweep in sweeps
    ]
    return [
        Line(name=name, by_length=by_length, by_depth=by_depth)
        for name, (by_length, by_depth) in zip(_told_apart(sweeps), made, strict=True)
    ]


def _bounded(profile: Profile, rows: tuple[Headline, ...] | None) -> Profile:
    """Give a profile the mean bands and their intervals; a place where nothing is measured has none."""
    import numpy as np

    if rows is None:
        return profile
    bands = [row.mean_band for row in rows]
    value, measured = np.array([band.value for band in bands]), np.array([band.measured for band in bands])
    low = [band.interval.low if band.measured else np.nan for band in bands]
    high = [band.interval.high if band.measured else np.nan for band in bands]
    return replace(profile, value=value, measured=measured, low=np.array(low), high=np.array(high))


def _animate(figure: Any, sweeps: Sequence[Sweep], animate: tuple[Path, Sequence[Record]], style: Style) -> None:
    from nihbench.figures import save_animation

    path, records = animate
    grid = sweeps[0].grid
    last: dict[tuple[int, int], None] = {}
    for record in records:
        trial = record.trial
        if trial.control is None and (trial.experiment, trial.prompt) == (grid.experiment, grid.prompt):
            place = (grid.depths.index(trial.depth_percent), grid.lengths.index(trial.length))
            last.pop(place, None)  # a cell is finished with its last repeat
            last[place] = None
    note(
        t(
            "animation: {path} ({save_animation} frames)",
            path=path,
            save_animation=save_animation(figure, list(last), path, style),
        )
    )


def _note_fonts(text: str, lang: Lang) -> None:
    """Say which characters no font has, and how to get one."""
    from nihbench.figures import missing, say

    absent = missing(text)
    if absent:
        named = "".join(absent[:8])
        if len(absent) > 8:
            named = say(lang, "and_more", some=named, count=len(absent) - 8)
        note(say(lang, "no_font", characters=named))
