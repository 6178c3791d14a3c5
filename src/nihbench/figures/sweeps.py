"""What is drawn: a sweep, which is one (model, experiment, prompt), and what tells several of them apart.

A figure is a function of sweeps, what stands around it and a style; `Kind` is one with what only it says. Nothing is
drawn or read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from nihbench.analysis.controls import ControlResult
from nihbench.analysis.grids import Grid, Rows
from nihbench.analysis.statistics import Statistics, Summary
from nihbench.errors import UsageError
from nihbench.figures.captions import Intervals, Setting
from nihbench.figures.style import Style
from nihbench.lang.messages import Lang, t
from nihbench.run.stored import Manifest
from nihbench.tasks.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nihbench.figures.sheet import Around

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """What tells two runs of one model apart: its folder's name, its days, and the model's version as it was served."""

    run: str
    date: str = ""
    served: str = ""
    began: str = ""
    """When its first trial was asked."""
    counted: str = ""
    """What its lengths are counted by, tokenizer and fit: two units of one such thing are the same."""

    def names(self, model: str) -> tuple[str, str, str]:
        """Return what the run's model may be called, "" where that is not known."""
        labels = (self.served, self.date, self.run)
        served, date, run = (f"{model} ({label})" if label else "" for label in labels)
        whole = self.served.startswith(model) and self.served != model
        return self.served if whole else served, date, run


def called_apart(model: str, origins: Sequence[Origin], places: Sequence[object]) -> list[str]:
    """Return what one model is called in each of its runs: by its name where no place is taken twice.

    Else by what needs the fewest names that part those at one place, of these the shortest.

    Args:
        model: its name.
        origins: where each of its sweeps comes from.
        places: what each of them is beside the model: sweeps of one name must differ in it.
    """
    options = [[model] * len(origins), *map(list, zip(*(origin.names(model) for origin in origins), strict=True))]
    apart = [names for names in options if all(names) and len(set(zip(names, places, strict=True))) == len(places)]
    if not apart:  # folders of one name, in different places
        return [f"{model} ({origin.run}, {number})" for number, origin in enumerate(origins, 1)]
    return min(apart, key=lambda names: (len(set(names)), max(map(len, names))))


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """One (model, experiment, prompt) as it is drawn."""

    setting: Setting
    grid: Grid
    summary: Summary
    task: Task
    origin: Origin = Origin(run="")
    statistics: Statistics | None = None
    """For the intervals; None: the numbers alone."""
    withheld: ControlResult | None = None
    """The control for whose sake no headline is given."""
    controls: tuple[ControlResult, ...] = ()
    """What its controls say; of the sentinel, which stands for a whole run, each of the run's sweeps has the result."""
    manifest: Manifest | None = None
    """What its run.json says; None of a sweep that no run has."""
    rows: Callable[[], Rows] | None = None
    """Gives its trials' rows (`analysis.grids.rows_of`), with `manifest`."""
    places: int = 0
    """In how many places of its grid its planned trials are drawn: more than there are, where depths share a prompt."""

    @property
    def intervals(self) -> Intervals | None:
        """Intervals of the headline numbers, where anything is measured."""
        made = self.statistics.headline if self.statistics else None
        if made is None or not made.found.measured:
            return None
        ends = {name: (number.interval.low, number.interval.high) for name, number in made.items()}
        return Intervals(
            of=ends,
            level=made.found.interval.level,
            this_haystack=made.found.interval.this_haystack,
            overlapping=self.statistics is not None and self.statistics.overlapping,
        )

    @property
    def name(self) -> str:
        """What tells it from the others: model, experiment and prompt."""
        return f"{self.setting.model}: {self.grid.experiment}/{self.grid.prompt}"


def panel_place(sweep: Sweep) -> tuple[object, ...]:
    """Return where a sweep stands in a panel, beside its model."""
    return sweep.grid.experiment, sweep.grid.prompt


def named(sweeps: Sequence[Sweep], place_of: Callable[[Sweep], object] = panel_place) -> list[Sweep]:
    """Return sweeps in which a model of several runs is called otherwise in each, wherever its name is told.

    `place_of` says what a sweep is beside its model: runs of one model that never have it in common need no names.
    """
    of: dict[str, list[Sweep]] = {}
    for sweep in sweeps:
        of.setdefault(sweep.setting.model, []).append(sweep)
    names = {
        id(sweep): name
        for model, group in of.items()
        for sweep, name in zip(
            group,
            called_apart(model, [s.origin for s in group], [place_of(s) for s in group]),
            strict=True,
        )
    }
    return [
        replace(s, setting=replace(s.setting, model=names[id(s)], length_unit=_shared_unit(s, sweeps))) for s in sweeps
    ]


def shown_names(names: str | Mapping[str, str] | None) -> dict[str, str]:
    """Return what models are to be called: of "MODEL=SHOWN,MODEL=SHOWN", or of a dictionary.

    Raises:
        UsageError: it can't be read, or names a model twice.
    """
    if names is None or isinstance(names, Mapping):
        pairs = [(str(model), str(shown)) for model, shown in (names or {}).items()]
    else:
        parts = [part.partition("=") for part in names.split(",") if part.strip()]
        pairs = [(model.strip(), shown.strip()) for model, _, shown in parts]
    for model, shown in pairs:
        if not model or not shown or [name for name, _ in pairs].count(model) > 1:
            raise UsageError(t("cli.names_not_read", names=f"{model}={shown}".rstrip("=")))
    return dict(pairs)


def renamed(sweeps: Sequence[Sweep], names: Mapping[str, str]) -> list[Sweep]:
    """Return sweeps whose models are called as they are to be shown.

    Raises:
        UsageError: no sweep has a model that is named, or two models would be called the same.
    """
    models = list(dict.fromkeys(sweep.setting.model for sweep in sweeps))
    for model in names:
        if model not in models:
            raise UsageError(t("cli.names_no_model", model=model, models=tuple(models)))
    shown = [names.get(model, model) for model in models]
    for name in shown:
        if shown.count(name) > 1:
            raise UsageError(t("cli.names_shown_twice", name=name))

    def called(sweep: Sweep) -> Sweep:
        kind, colon, model = sweep.setting.length_unit.partition(":")
        unit = f"{kind}:{names.get(model, model)}" if kind == "model" and colon else sweep.setting.length_unit
        model = sweep.setting.model
        return replace(sweep, setting=replace(sweep.setting, model=names.get(model, model), length_unit=unit))

    return [called(sweep) for sweep in sweeps] if names else list(sweeps)


def _shared_unit(sweep: Sweep, sweeps: Sequence[Sweep]) -> str:
    """Return the unit of a sweep's lengths; beside one with its prompts (`--like`) both name whose tokens they are."""
    whose = f"model:{sweep.setting.model}"
    own = sweep.setting.length_unit == "model" and any(other.setting.length_unit == whose for other in sweeps)
    return whose if own else sweep.setting.length_unit


def told_apart(sweeps: Sequence[Sweep]) -> list[str]:
    """Name sweeps by what differs: prompts of one model, or models of one prompt, else both."""
    models = {sweep.setting.model for sweep in sweeps}
    pairs = {(sweep.grid.experiment, sweep.grid.prompt) for sweep in sweeps}
    if len(models) == 1:
        return [f"{sweep.grid.experiment}/{sweep.grid.prompt}" for sweep in sweeps]
    return [sweep.setting.model if len(pairs) == 1 else sweep.name for sweep in sweeps]


def chosen(items: Sequence[T], prompts: str, prompt_of: Callable[[T], str]) -> list[T]:
    """Keep what has the prompts that are named, in the order of their names; all of it where none is.

    Raises:
        UsageError: A prompt is not among them.
    """
    names = [name.strip() for name in prompts.split(",") if name.strip()]
    present = dict.fromkeys(map(prompt_of, items))
    for name in names:
        if name not in present:
            raise UsageError(t("cli.no_run_here_prompt", name=name, present=tuple(present)))
    return [item for name in names for item in items if prompt_of(item) == name] if names else list(items)


# ---- kinds of figures ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One way in which sweeps are drawn; one more is one more function and its line in `keywords.FIGURES`.

    `draw` makes the figure, of sweeps whose names differ. `title` and `notes` say what only this kind says, None and
    nothing where it says no more than all do. `caption` returns all of it, where it is another than all have.
    `tells_range`: its caption says how far the context reaches. `is_map`: it shows one cell a place, so that depths can
    be shown as achieved, and one map as it fills. `place_of` is what a sweep is beside its model.
    """

    draw: Callable[[Sequence[Sweep], Around, Style], Figure]
    title: Callable[[Sequence[Sweep], Lang], str | None] = lambda sweeps, lang: None
    notes: Callable[[Sequence[Sweep], Style], list[str]] = lambda sweeps, style: []
    caption: Callable[[Sequence[Sweep], Style], str] | None = None
    place_of: Callable[[Sweep], object] = panel_place
    tells_range: bool = True
    is_map: bool = False
