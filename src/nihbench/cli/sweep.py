"""A sweep as it is drawn: one (model, experiment, prompt), what it was made with, and what it is called."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from nihbench.analysis.controls import ControlResult
from nihbench.analysis.grids import Grid
from nihbench.analysis.statistics import Statistics
from nihbench.analysis.summaries import Summary
from nihbench.errors import UsageError
from nihbench.figures.captions import Intervals, Setting
from nihbench.lang.messages import t
from nihbench.run.scores import version_of
from nihbench.run.store import RunFolder
from nihbench.run.units import length_unit
from nihbench.types import Completion, Record

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """What tells two runs of one model apart: its folder's name, its days, and the model's version as it was served."""

    run: str
    date: str = ""
    served: str = ""
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
    origin: Origin = Origin(run="")
    statistics: Statistics | None = None
    """For the intervals; None: the numbers alone."""
    withheld: ControlResult | None = None
    """The control for whose sake no headline is given."""
    controls: tuple[ControlResult, ...] = ()
    """What its controls say; of the sentinel, which stands for a whole run, each of the run's sweeps has the result."""
    places: int = 0
    """In how many places of its grid its planned trials are drawn: more than there are, where depths share a prompt."""

    @property
    def intervals(self) -> Intervals | None:
        """Intervals of the headline numbers, where anything is measured."""
        made = self.statistics.headline if self.statistics else None
        if made is None or not made.found.measured:
            return None
        numbers = {"found": made.found, "strict": made.strict, "mean band": made.mean_band}
        ends = {name: (number.interval.low, number.interval.high) for name, number in numbers.items()}
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


def setting_of(manifest: Mapping[str, Any], records: Sequence[Record], scorer: str) -> Setting:
    """Return what a run was made with; its date is that of its records, or of its beginning where there are none."""
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


def origin_of(run: RunFolder, records: Sequence[Record]) -> Origin:
    """Return what tells a run from others of its model; a version only where all answers name the same."""
    days = sorted({record.started_at[:10] for record in records} - {""})
    served = {record.outcome.model for record in records if isinstance(record.outcome, Completion)}
    return Origin(
        run=run.path.resolve().name,
        date="/".join(dict.fromkeys((days[0], days[-1]))) if days else "",
        served=str(next(iter(served)) or "") if len(served) == 1 else "",
        counted=json.dumps([run.manifest["length_unit"]["tokenizer"], run.manifest["identity"].get("calibration")]),
    )


def named(sweeps: Sequence[Sweep]) -> list[Sweep]:
    """Return sweeps in which a model of several runs is called otherwise in each, wherever its name is told."""
    of: dict[str, list[Sweep]] = {}
    for sweep in sweeps:
        of.setdefault(sweep.setting.model, []).append(sweep)
    names = {
        id(sweep): name
        for model, group in of.items()
        for sweep, name in zip(
            group,
            called_apart(model, [s.origin for s in group], [(s.grid.experiment, s.grid.prompt) for s in group]),
            strict=True,
        )
    }
    return [
        replace(s, setting=replace(s.setting, model=names[id(s)], length_unit=_shared_unit(s, sweeps))) for s in sweeps
    ]


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
            raise UsageError(t("cli.no_run_here_prompt", name=name, present=", ".join(present)))
    return [item for name in names for item in items if prompt_of(item) == name] if names else list(items)
