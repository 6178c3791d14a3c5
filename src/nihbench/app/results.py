"""A run as it is read: its grids, summaries and statistics."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

from nihbench.analysis.controls import ControlResult, control_results, withheld
from nihbench.analysis.grids import Grid, grid, rows_of
from nihbench.analysis.statistics import Statistics, Summary, adaptive_rows, statistics, summary
from nihbench.analysis.table import Table, columns
from nihbench.app.events import Caller
from nihbench.endpoint.kinds import HANDLING
from nihbench.figures.captions import Setting
from nihbench.figures.sweeps import Origin, Sweep
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
        least=min(manifest.samples) if manifest.samples and min(manifest.samples) < manifest.repeats else None,
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
        began=min((record.started_at for record in records if record.started_at), default=""),
        served=str(next(iter(served)) or "") if len(served) == 1 else "",
        counted=json.dumps([run.manifest.length_unit.tokenizer, run.manifest.identity.get("calibration")]),
    )


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
                task=self.run.manifest.task,
                statistics=made,
                manifest=self.run.manifest,
                rows=partial(rows_of, self.table, grid.experiment, grid.prompt),
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
