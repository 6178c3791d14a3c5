"""After a run: score it, draw it, show it, say what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nihbench.cli.output import console, note, speaks_unicode

if TYPE_CHECKING:
    from nihbench.analysis import Grid, Summary
    from nihbench.cli.drawing import Sweep
    from nihbench.run import RunFolder
    from nihbench.types import FailureKind, Grade, Record

FAILED_TRIALS = 3
"""Exit code of a run that is finished but for failed trials."""
FIGURE = "heatmap.png"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A run as it is shown: a grid and a summary for each of its prompts."""

    run: RunFolder
    grids: tuple[Grid, ...]
    summaries: tuple[Summary, ...]
    failures: tuple[FailureKind | Literal["unscored"], ...]
    """The kind of every failed trial."""
    owed: int
    scorer: str
    records: tuple[Record, ...]
    """In the order of their first appearance."""

    @property
    def passing(self) -> int:
        """Failures that may pass when they are tried again."""
        from nihbench.endpoint import HANDLING

        return sum(kind != "unscored" and HANDLING[kind].retry_on_resume for kind in self.failures)

    @property
    def unscored(self) -> int:
        """Answers that the scorer could not judge."""
        return self.failures.count("unscored")

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """What is drawn of it, one for each prompt."""
        from nihbench.cli.drawing import Sweep, setting_of

        setting = setting_of(self.run.manifest, self.records, self.scorer)
        return tuple(
            Sweep(setting=setting, grid=grid, summary=summary)
            for grid, summary in zip(self.grids, self.summaries, strict=True)
        )


def result_of(run: RunFolder, *, scorer: str | None = None, again: bool = False) -> Result:
    """Read a run's records and scores into what is shown.

    Args:
        run: the run's folder.
        scorer: whose scores; None: the rules'.
        again: whether to score again even where stored scores fit (rules only).
    """
    from nihbench.analysis import columns, grid, summary
    from nihbench.run import planned_trials
    from nihbench.score import SCORER

    records = run.records()
    table = columns(tuple(records.values()), _scores(run, records, scorer, again))
    planned = planned_trials(run.manifest)
    pairs = dict.fromkeys((trial.experiment, trial.prompt) for trial in planned)
    each = [(e, p, sum((t.experiment, t.prompt) == (e, p) for t in planned)) for e, p in pairs]
    return Result(
        run=run,
        grids=tuple(grid(table, experiment=e, prompt=p, planned=planned) for e, p, _ in each),
        summaries=tuple(summary(table, experiment=e, prompt=p, planned=n) for e, p, n in each),
        failures=tuple(kind for kind in table["failure"] if kind is not None),
        owed=len(planned) - len(records),
        records=tuple(records.values()),
        scorer=scorer or SCORER,
    )


def _scores(run: RunFolder, records: Mapping[str, Record], scorer: str | None, again: bool) -> Mapping[str, Grade]:
    from nihbench.run import grades_of, score_run
    from nihbench.score import SCORER

    return score_run(run, records) if again else grades_of(run, records, scorer or SCORER)


def show(result: Result) -> None:
    """Show the heatmaps and the headline numbers on stdout."""
    from nihbench.figures import headline, terminal_heatmap

    screen = console()
    colour = screen.is_terminal and not screen.no_color
    for grid, summary in zip(result.grids, result.summaries, strict=True):
        screen.print(terminal_heatmap(grid, width=screen.width, colour=colour, unicode=speaks_unicode()))
        screen.print(headline(summary))


def finish(run: RunFolder) -> int:
    """Score, draw and show a run; return the exit code that its records ask for."""
    from nihbench.cli.drawing import draw
    from nihbench.figures import Style
    from nihbench.run import count_summary

    result = result_of(run, again=True)
    picture = run.path / FIGURE
    draw(result.sweeps, picture, Style())
    show(result)
    note(f"heatmap: {picture}")
    note(f"records: {run.path / 'records.jsonl'}")
    for sentence in count_summary(run.records()).sentences():
        note(sentence)
    if result.unscored:
        mend = f"nih score {run.path} --judge MODEL"
        note(f"{result.unscored} answers are unscored, for the rules can't judge them: try {mend}")
    failed = len(result.failures) - result.unscored
    if failed or result.owed:
        note(f"{failed} trials failed, {result.owed} are owed; they are not scored")
        if result.passing or result.owed:
            note(f"try again what may pass: nih run --resume {run.path}")
        return FAILED_TRIALS
    note(f"draw it again: nih plot {run.path} --out heatmap.svg")
    return 0
