"""After a run: score it, draw it, show it, say what comes next."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from nihbench.cli.output import console, note, speaks_unicode, tell
from nihbench.cli.wrapping import width_of, wrapped
from nihbench.errors import NihError
from nihbench.lang import language, recalled, said, t, typed, without_stop

if TYPE_CHECKING:
    from pathlib import Path

    from nihbench.analysis import ControlResult, Grid, Statistics, Summary
    from nihbench.analysis.table import Table
    from nihbench.cli.sweep import Sweep
    from nihbench.run import RunFolder
    from nihbench.types import FailureKind, Grade, Record, Trial

FAILED_TRIALS = 3
"""Exit code of a run that is finished but for failed trials."""
FIGURE = "heatmap.png"
PANEL = "panel.png"


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
        from nihbench.analysis import grid

        return tuple(grid(self.table, experiment=e, prompt=p, planned=self.planned) for e, p in self.prompts)

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """One for each prompt."""
        from nihbench.analysis import summary

        count = Counter((trial.experiment, trial.prompt) for trial in self.planned if trial.control is None)
        return tuple(summary(self.table, experiment=e, prompt=p, planned=count[e, p]) for e, p in self.prompts)

    @cached_property
    def statistics(self) -> tuple[Statistics, ...]:
        """One for each prompt."""
        from nihbench.analysis import statistics

        return tuple(statistics(self.table, experiment=e, prompt=p, planned=self.planned) for e, p in self.prompts)

    @property
    def passing(self) -> int:
        """Failures that may pass when they are tried again."""
        from nihbench.endpoint import HANDLING

        return sum(kind != "unscored" and HANDLING[kind].retry_on_resume for kind in self.failures)

    @property
    def unscored(self) -> int:
        """Answers that the scorer could not judge."""
        return self.failures.count("unscored")

    def withheld(self, summary: Summary) -> ControlResult | None:
        """Return the control for whose sake no headline is given: what was known before says nothing of the context."""
        from nihbench.analysis import withheld

        return withheld(self.controls, summary.experiment, summary.prompt)

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """What is drawn of it, one for each prompt."""
        from nihbench.cli.sweep import Sweep, origin_of, setting_of

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
    from nihbench.analysis import columns, control_results
    from nihbench.run import counted_once, default_scorer, planned_trials
    from nihbench.score import SCORER

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
    from nihbench.run import grades_of, misleading_text, score_run

    return (
        score_run(run, records, lambda: misleading_text(run.path.resolve()))
        if again
        else grades_of(run, records, scorer)
    )


def _unstored(run: RunFolder, records: Mapping[str, Record]) -> Mapping[str, Grade]:
    from nihbench.run import answers_of
    from nihbench.run.scores import load_grades

    stored = load_grades(run, records)
    return stored if stored is not None else {answer.id: answer.by_rules() for answer in answers_of(run, records)}


def show(result: Result) -> None:
    """Show the heatmaps, the headline numbers and how far they reach on stdout."""
    from nihbench.cli.adaptive import rows_sentence
    from nihbench.figures import effective_sentence, headline, length_notes, terminal_heatmap, worst_sentence

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
        rows = rows_sentence(result.table, experiment=sweep.grid.experiment, prompt=sweep.grid.prompt)
        tell(said(rows)) if rows else None
    tell("\n".join(length_notes([sweep.setting for sweep in result.sweeps], words)))
    for control in result.controls:
        sentence = wrapped(control.sentence(words), width_of(sys.stdout))
        screen.print(sentence, style="bold" if control.failed else None, soft_wrap=True)


def _explain(records: Iterable[Record]) -> None:
    """Say why trials failed: of each kind how many, and the words of the first."""
    from nihbench.cli.view import kind_words
    from nihbench.types import Failure

    failures = [record.outcome for record in records if isinstance(record.outcome, Failure)]
    for kind, count in Counter(failure.kind for failure in failures).items():
        first = next(failure.message for failure in failures if failure.kind == kind)
        words = without_stop(recalled(first))
        note(t("{kind} ({count} trials), such as: {said}", kind=kind_words(kind), count=count, said=words))


def finish_tree(root: Path) -> None:
    """Draw the panel of all runs of a folder: a row an experiment and prompt, a column a model."""
    from nihbench.cli.drawing import draw
    from nihbench.figures import Style
    from nihbench.run import find_runs, open_run

    results = [result_of(open_run(path)) for path in find_runs(root)]
    picture = root / PANEL
    draw([sweep for result in results for sweep in result.sweeps], picture, Style(lang=language()))
    note(t("panel: {picture}", picture=picture))
    note(t("draw it again: nih plot {root} --out panel.svg", root=typed(root)))


def show_part(run: RunFolder) -> None:
    """Show what a run that was stopped has paid for, as far as it came; the error that stopped it says the rest.

    What goes wrong here is passed over, and a second Ctrl-C does without.
    """
    with suppress(NihError, OSError, KeyboardInterrupt):
        result = result_of(run, again=True)
        if any(record.trial.control is None for record in result.records):
            _draw_and_show(result)
        note(
            t(
                "stopped: {done:,} of {planned:,} trials are done",
                done=len(result.records),
                planned=len(result.records) + result.owed,
            )
        )


def _draw_and_show(result: Result) -> None:
    from nihbench.cli.drawing import draw
    from nihbench.figures import Style

    picture = result.run.path / FIGURE
    draw(result.sweeps, picture, Style(lang=language()))
    show(result)
    note(t("heatmap: {picture}", picture=picture))
    note(t("records: {path}", path=result.run.path / "records.jsonl"))


def finish(run: RunFolder, *, resume: Path) -> int:
    """Score, draw and show a run; return the exit code that its records ask for.

    Args:
        run: the run's folder.
        resume: what --resume takes to go on.
    """
    from nihbench.run import count_summary

    result = result_of(run, again=True)
    _draw_and_show(result)
    for sentence in count_summary(run.records()).sentences():
        note(sentence)
    if result.unscored:
        mend = f"nih score {typed(run.path)} --judge MODEL"
        note(
            t(
                "{unscored} answers are unscored, for the rules can't judge them: try {mend}",
                unscored=result.unscored,
                mend=mend,
            )
        )
    failed = len(result.failures) - result.unscored
    if failed or result.owed:
        note(t("{failed} trials failed, {unsent} were not sent; none is scored", failed=failed, unsent=result.owed))
        _explain(result.records)
        if owed := result.passing + result.owed:
            note(
                t(
                    "{owed} of these are owed; try again what may pass: nih run --resume {resume}",
                    owed=owed,
                    resume=typed(resume),
                )
            )
        return FAILED_TRIALS
    note(t("draw it again: nih plot {path} --out heatmap.svg", path=typed(run.path)))
    return 0
