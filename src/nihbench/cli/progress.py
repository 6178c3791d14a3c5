"""Progress of a run: a bar with an ETA on a terminal, plain lines otherwise. Both on stderr.

The bar counts tokens, not trials: a long trial takes longer, and the ETA knows it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from nihbench.cli.output import console, note
from nihbench.types import Completion, Failure, GradedElsewhere

if TYPE_CHECKING:
    import rich.progress

    from nihbench.run import Progress, Setup
    from nihbench.types import Trial


class Shown(Protocol):
    """What shows progress."""

    def update(self, progress: Progress) -> None:
        """Take the news that a trial is done."""
        ...


@contextmanager
def progress(setup: Setup, trials: Sequence[tuple[str, Trial]]) -> Iterator[Shown]:
    """Show the progress of the owed `trials` while the context lasts."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.fields[trials]} trials"),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), expand=True) as bar:
        task = bar.add_task(
            "",
            total=sum(trial.length for _, trial in trials),
            trials=f"{len(setup.trials) - len(trials)}/{len(setup.trials)}",
        )
        yield _Bar(bar, task)


class _Lines:
    def update(self, progress: Progress) -> None:
        trial, outcome = progress.record.trial, progress.record.outcome
        assert not isinstance(outcome, GradedElsewhere)  # a run measures, it imports nothing
        what = "answered" if isinstance(outcome, Completion) else f"failed ({outcome.kind})"
        note(
            f"{progress.done}/{progress.total} {trial.prompt} length {trial.length} depth {trial.depth_percent:g}%: "
            f"{what} in {outcome.latency_s:.1f} s"
        )


class _Bar:
    def __init__(self, bar: rich.progress.Progress, task: rich.progress.TaskID) -> None:
        self._bar, self._task = bar, task

    def update(self, progress: Progress) -> None:
        trial, outcome = progress.record.trial, progress.record.outcome
        self._bar.update(self._task, advance=trial.length, trials=f"{progress.done}/{progress.total}")
        if isinstance(outcome, Failure):
            self._bar.console.print(f"length {trial.length} depth {trial.depth_percent:g}%: {outcome.kind}")
