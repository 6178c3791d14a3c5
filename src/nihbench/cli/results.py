"""A run as it is shown: its grids, summaries and statistics, and what of it goes to stdout."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from nihbench.analysis.adaptive import adaptive_rows
from nihbench.analysis.controls import ControlResult, control_results, withheld
from nihbench.analysis.grids import Grid, grid
from nihbench.analysis.statistics import Statistics, statistics
from nihbench.analysis.summaries import Summary, summary
from nihbench.analysis.table import Table, columns
from nihbench.cli.output import console, note, speaks_unicode, tell
from nihbench.cli.sweep import Sweep, origin_of, setting_of
from nihbench.cli.wrapping import width_of, wrapped
from nihbench.endpoint.failures import HANDLING
from nihbench.figures.captions import headline, length_notes
from nihbench.figures.findings import effective_sentence, worst_sentence
from nihbench.figures.terminal import terminal_heatmap
from nihbench.lang.messages import Message, language, said, t
from nihbench.run.answers import answers_of
from nihbench.run.misleading import misleading_text
from nihbench.run.places import counted_once
from nihbench.run.scores import default_scorer, grades_of, load_grades, score_run
from nihbench.run.store import RunFolder
from nihbench.run.stored import planned_trials
from nihbench.score.rules import SCORER
from nihbench.types import FailureKind, Grade, Record, Trial


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
    controls: tuple[ControlResult, ...]
    records: tuple[Record, ...]
    """In the order of their first appearance."""
    table: Table
    """One row a trial."""
    planned: tuple[Trial, ...]
    """The whole plan; like all else here it has every place once (`run.places`)."""

    @cached_property
    def grids(self) -> tuple[Grid, ...]:
        """One for each prompt."""
        return tuple(grid(self.table, experiment=e, prompt=p, planned=self.planned) for e, p in self.prompts)

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """One for each prompt."""
        count = Counter((trial.experiment, trial.prompt) for trial in self.planned if trial.control is None)
        return tuple(summary(self.table, experiment=e, prompt=p, planned=count[e, p]) for e, p in self.prompts)

    @cached_property
    def statistics(self) -> tuple[Statistics, ...]:
        """One for each prompt."""
        return tuple(statistics(self.table, experiment=e, prompt=p, planned=self.planned) for e, p in self.prompts)

    @property
    def passing(self) -> int:
        """Failures that may pass when they are tried again."""
        return sum(kind != "unscored" and HANDLING[kind].retry_on_resume for kind in self.failures)

    @property
    def unscored(self) -> int:
        """Answers that the scorer could not judge."""
        return self.failures.count("unscored")

    def withheld(self, summary: Summary) -> ControlResult | None:
        """Return the control for whose sake no headline is given: what was known before says nothing of the context."""
        return withheld(self.controls, summary.experiment, summary.prompt)

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """What is drawn of it, one for each prompt."""
        setting = setting_of(self.run.manifest, self.records, self.scorer)
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
                    len(trial.depths)
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
    planned, records = counted_once(planned_trials(run.manifest), records)
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
        table=table,
        planned=planned,
    )


def _scores(run: RunFolder, records: Mapping[str, Record], scorer: str, again: bool) -> Mapping[str, Grade]:
    return (
        score_run(run, records, lambda: misleading_text(run.path.resolve()))
        if again
        else grades_of(run, records, scorer)
    )


def _unstored(run: RunFolder, records: Mapping[str, Record]) -> Mapping[str, Grade]:
    stored = load_grades(run, records)
    return stored if stored is not None else {answer.id: answer.by_rules() for answer in answers_of(run, records)}


def show(result: Result) -> None:
    """Show the heatmaps, the headline numbers and how far they reach on stdout."""
    screen, words = console(), language()
    colour = screen.is_terminal and not screen.no_color
    for sweep in result.sweeps:
        unicode = speaks_unicode()
        screen.print(terminal_heatmap(sweep.grid, width=screen.width, colour=colour, unicode=unicode, lang=words))
        if sweep.withheld:
            tell(sweep.withheld.sentence(words))
            continue
        tell(headline(sweep.summary, lang=words, intervals=sweep.intervals))
        if sweep.statistics:
            for sentence in (effective_sentence(sweep.statistics, words), worst_sentence(sweep.statistics, words)):
                tell(sentence) if sentence else None
        rows = _rows_sentence(result.table, experiment=sweep.grid.experiment, prompt=sweep.grid.prompt)
        tell(said(rows)) if rows else None
    tell("\n".join(length_notes([sweep.setting for sweep in result.sweeps], words)))
    for control in result.controls:
        sentence = wrapped(control.sentence(words), width_of(sys.stdout))
        screen.print(sentence, style="bold" if control.failed else None, soft_wrap=True)


def _rows_sentence(table: Table, *, experiment: str, prompt: str) -> Message | None:
    """Return what all draws of an adaptive run say of its lengths; None where there are no further draws."""
    rows = adaptive_rows(table, experiment=experiment, prompt=prompt)
    if not rows:
        return None
    draws, haystacks = sum(row.draws for row in rows), rows[0].haystacks
    told = ", ".join(f"{row.length:,}: {row.found:.1%} [{row.low:.1%}, {row.high:.1%}]" for row in rows if row.draws)
    if haystacks == 1:
        return t("cli.found_over_all_draws", draws=draws, rows=told)
    return t("cli.found_over_all_draws_each", draws=draws, haystacks=haystacks, rows=told)


def note_controls(told: Sequence[tuple[RunFolder, Sequence[ControlResult]]]) -> None:
    """Say on stderr which controls of some runs failed: what follows may then measure something else."""
    models = [str(run.manifest["model"]["name"]) for run, _ in told]
    for model, (_, controls) in zip(models, told, strict=True):
        of = f"{model}: " if len(set(models)) > 1 else ""
        for control in controls:
            if control.failed:
                note(of + control.sentence(language()))
