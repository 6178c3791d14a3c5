"""A run as it is read: its grids, summaries and statistics."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from nihbench.analysis.controls import ControlResult, control_results, withheld
from nihbench.analysis.grids import Grid, grid
from nihbench.analysis.statistics import Statistics, Summary, adaptive_rows, statistics, summary
from nihbench.analysis.table import Table, columns
from nihbench.app.events import Caller
from nihbench.endpoint.kinds import HANDLING
from nihbench.errors import UsageError
from nihbench.figures.captions import Intervals, Setting
from nihbench.lang.messages import Message, language, t
from nihbench.run.scores import (
    answers_of,
    default_scorer,
    grades_of,
    load_grades,
    misleading_text,
    score_run,
    version_in,
)
from nihbench.run.setup import counted_once
from nihbench.run.store import RunFolder, open_run
from nihbench.run.stored import Manifest
from nihbench.run.tree import find_runs
from nihbench.score.rules import SCORER
from nihbench.types import Completion, FailureKind, Grade, Record, Trial

# ---- sweep -----------------------------------------------------------------------------------------------------------
# A sweep as it is drawn: one (model, experiment, prompt), what it was made with, and what it is called.

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


def setting_of(manifest: Manifest, records: Sequence[Record], scorer: str) -> Setting:
    """Return what a run was made with; its date is that of its records, or of its beginning where there are none.

    `scorer` is a scorer's name with its version.
    """
    days = sorted({record.started_at[:10] for record in records} or {manifest.created_at[:10]})
    return Setting(
        model=manifest.model.name,
        date=days[0] if days[0] == days[-1] else f"{days[0]}/{days[-1]}",
        experiment=manifest.experiment,
        title=manifest.title,
        corpus=manifest.corpus.name,
        scorer=scorer,
        version=manifest.nihbench,
        repeats=manifest.repeats,
        length_unit=manifest.unit,
        copies=manifest.corpus.copies,
        synthetic=manifest.synthetic,
        imported=manifest.is_import,
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
        counted=json.dumps([run.manifest.length_unit.tokenizer, run.manifest.identity.get("calibration")]),
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
            raise UsageError(t("cli.no_run_here_prompt", name=name, present=tuple(present)))
    return [item for name in names for item in items if prompt_of(item) == name] if names else list(items)


@dataclass(frozen=True, kw_only=True)
class Result:
    """A run as it is shown: a grid, a summary and statistics for each of its prompts, made where they are asked for."""

    run: RunFolder
    prompts: tuple[tuple[str, str], ...]
    """Experiment and name of each, as planned."""
    failures: tuple[FailureKind | Literal["unscored"], ...]
    """The kind of every failed trial."""
    owed: int
    scorer: str
    version: str
    """In which the scorer graded."""
    controls: tuple[ControlResult, ...]
    records: tuple[Record, ...]
    """In the order of their first appearance."""
    table: Mapping[str, Any]
    """One row a trial."""
    planned: tuple[Trial, ...]
    """The whole plan; like all else here it has every place once (`run.setup`)."""

    @cached_property
    def grids(self) -> tuple[Grid, ...]:
        """One for each prompt."""
        axis = self.run.manifest.axis
        return tuple(grid(self.table, experiment=e, prompt=p, planned=self.planned, axis=axis) for e, p in self.prompts)

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """One for each prompt."""
        count = Counter((trial.experiment, trial.prompt) for trial in self.planned if trial.control is None)
        return tuple(summary(self.table, experiment=e, prompt=p, planned=count[e, p]) for e, p in self.prompts)

    @cached_property
    def statistics(self) -> tuple[Statistics, ...]:
        """One for each prompt."""
        task = self.run.manifest.task
        made = partial(statistics, self.table, planned=self.planned, axis=task.axis, one_needle=task.is_single)
        return tuple(made(experiment=e, prompt=p) for e, p in self.prompts)

    @property
    def passing(self) -> int:
        """Failures that may pass when they are tried again."""
        return sum(kind != "unscored" and HANDLING[kind].retry_on_resume for kind in self.failures)

    @property
    def unscored(self) -> int:
        """Answers that the scorer could not judge."""
        return self.failures.count("unscored")

    @property
    def failed(self) -> int:
        """Trials that have no answer."""
        return len(self.failures) - self.unscored

    @property
    def is_whole(self) -> bool:
        """Whether every planned trial has its answer."""
        return not (self.failed or self.owed)

    def withheld(self, summary: Summary) -> ControlResult | None:
        """Return the control for whose sake no headline is given: what was known before says nothing of the context."""
        return withheld(self.controls, summary.experiment, summary.prompt)

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """What is drawn of it, one for each prompt."""
        setting = setting_of(self.run.manifest, self.records, f"{self.scorer} {self.version}")
        origin = origin_of(self.run, self.records)
        return tuple(
            Sweep(
                setting=setting,
                origin=origin,
                grid=grid,
                summary=summary,
                statistics=made,
                withheld=self.withheld(summary),
                controls=tuple(
                    each
                    for each in self.controls
                    if (each.experiment, each.prompt) == (grid.experiment, grid.prompt) or each.name == "sentinel"
                ),
                places=sum(
                    len(trial.rows)
                    for trial in self.planned
                    if (trial.experiment, trial.prompt, trial.control) == (grid.experiment, grid.prompt, None)
                ),
            )
            for grid, summary, made in zip(self.grids, self.summaries, self.statistics, strict=True)
        )


def result_of(run: RunFolder, *, scorer: str | None = None, again: bool = False, store: bool = True) -> Result:
    """Read a run's records and scores into what is shown.

    Args:
        run: the run's folder.
        scorer: whose scores; None: the rules', or those that came with an import.
        again: whether to score again even where stored scores fit (rules only).
        store: whether scores may be written; else the rules score in memory.
    """
    records = run.records()
    scorer = scorer or (SCORER if again else default_scorer(run))
    in_memory = not store and scorer == SCORER
    grades = _unstored(run, records) if in_memory else _scores(run, records, scorer, again)
    return result_from(run, records, grades, scorer)


def result_from(run: RunFolder, records: Mapping[str, Record], grades: Mapping[str, Grade], scorer: str) -> Result:
    """Return a run as it is shown, given its records and the grades that `scorer` gave."""
    planned, records = counted_once(run.manifest.planned, records)
    table = columns(tuple(records.values()), grades, content=run.manifest)
    recorded = {record.trial for record in records.values()}
    return Result(
        run=run,
        prompts=tuple(dict.fromkeys((t.experiment, t.prompt) for t in planned if t.control is None)),
        failures=tuple(kind for kind in table["failure"] if kind is not None),
        owed=sum(trial not in recorded for trial in planned),
        controls=control_results(records.values(), grades, planned),
        records=tuple(records.values()),
        scorer=scorer,
        version=version_in(grades, scorer, run.manifest),
        table=table,
        planned=planned,
    )


def results_in(paths: Iterable[Path], *, scorer: str | None = None) -> list[Result]:
    """Read the runs of some folders, each a run's or a folder of runs; `scorer` as for `result_of`."""
    return [result_of(open_run(found), scorer=scorer) for path in paths for found in find_runs(path)]


def _scores(run: RunFolder, records: Mapping[str, Record], scorer: str, again: bool) -> Mapping[str, Grade]:
    return (
        score_run(run, records, lambda: misleading_text(run.path.resolve()))
        if again
        else grades_of(run, records, scorer)
    )


def _unstored(run: RunFolder, records: Mapping[str, Record]) -> Mapping[str, Grade]:
    stored = load_grades(run, records)
    return stored if stored is not None else {answer.id: answer.by_rules() for answer in answers_of(run, records)}


def rows_sentence(table: Table, *, experiment: str, prompt: str) -> Message | None:
    """Return what all draws of an adaptive run say of its lengths; None where there are no further draws."""
    rows = adaptive_rows(table, experiment=experiment, prompt=prompt)
    if not rows:
        return None
    draws, haystacks = sum(row.draws for row in rows), rows[0].haystacks
    told = tuple(f"{row.length:,}: {row.found:.1%} [{row.low:.1%}, {row.high:.1%}]" for row in rows if row.draws)
    if haystacks == 1:
        return t("cli.found_over_all_draws", draws=draws, rows=told)
    return t("cli.found_over_all_draws_each", draws=draws, haystacks=haystacks, rows=told)


def tell_controls(told: Sequence[tuple[RunFolder, Sequence[ControlResult]]], caller: Caller) -> None:
    """Tell which controls of some runs failed: what follows may then measure something else."""
    models = [run.manifest.model.name for run, _ in told]
    for model, (_, controls) in zip(models, told, strict=True):
        of = f"{model}: " if len(set(models)) > 1 else ""
        for control in controls:
            if control.failed:
                caller.tell(of + control.sentence(language()))
