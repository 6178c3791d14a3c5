"""After a run: score it, draw it, show it, say what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from nihbench.cli.output import note
from nihbench.cli.results import Result, Sweep, result_of, show
from nihbench.cli.view import kind_words
from nihbench.errors import NihError
from nihbench.lang.messages import language, t, typed, without_stop
from nihbench.run.store import RunFolder, open_run
from nihbench.run.tree import find_runs
from nihbench.run.verify import count_summary
from nihbench.types import Failure, Record

FAILED_TRIALS = 3
"""Exit code of a run that is finished but for failed trials."""
FIGURE = "heatmap.png"
PANEL = "panel.png"


def _explain(records: Iterable[Record]) -> None:
    """Say why trials failed: of each kind how many, and the words of the first."""
    failures = [record.outcome for record in records if isinstance(record.outcome, Failure)]
    for kind, count in Counter(failure.kind for failure in failures).items():
        first = next(failure.message for failure in failures if failure.kind == kind)
        words = without_stop(first)
        note(t("cli.trials_such", kind=kind_words(kind), count=count, said=words))


def finish_tree(root: Path) -> None:
    """Draw the panel of all runs of a folder: a row an experiment and prompt, a column a model."""
    results = [result_of(open_run(path)) for path in find_runs(root)]
    picture = root / PANEL
    _draw([sweep for result in results for sweep in result.sweeps], picture)
    note(t("cli.panel", picture=picture))
    note(t("cli.draw_again_nih_plot", root=typed(root)))


def show_part(run: RunFolder) -> None:
    """Show what a run that was stopped has paid for, as far as it came; the error that stopped it says the rest.

    What goes wrong here is passed over, and a second Ctrl-C does without.
    """
    with suppress(NihError, OSError, KeyboardInterrupt):
        result = result_of(run, again=True)
        if any(record.trial.control is None for record in result.records):
            _draw_and_show(result)
        note(t("cli.stopped_trials_done", done=len(result.records), planned=len(result.records) + result.owed))


def _draw_and_show(result: Result) -> None:

    picture = result.run.path / FIGURE
    _draw(result.sweeps, picture)
    show(result)
    note(t("cli.heatmap", picture=picture))
    note(t("cli.records", path=result.run.path / "records.jsonl"))


def _draw(sweeps: Sequence[Sweep], picture: Path) -> None:
    # matplotlib comes when there is something to draw: nobody waits for it before the first request.
    from nihbench.cli.drawing import draw
    from nihbench.figures.style import Style

    draw(sweeps, picture, Style(lang=language()))


def finish(run: RunFolder, *, resume: Path) -> int:
    """Score, draw and show a run; return the exit code that its records ask for.

    Args:
        run: the run's folder.
        resume: what --resume takes to go on.
    """
    result = result_of(run, again=True)
    _draw_and_show(result)
    for sentence in count_summary(run.records()).sentences():
        note(sentence)
    if result.unscored:
        mend = f"nih score {typed(run.path)} --judge MODEL"
        note(t("cli.answers_unscored_rules_cant", unscored=result.unscored, mend=mend))
    failed = len(result.failures) - result.unscored
    if failed or result.owed:
        note(t("cli.trials_failed_not_sent", failed=failed, unsent=result.owed))
        _explain(result.records)
        if owed := result.passing + result.owed:
            note(t("cli.owed_try_again_may", owed=owed, resume=typed(resume)))
        return FAILED_TRIALS
    note(t("cli.draw_again_nih_plot_out", path=typed(run.path)))
    return 0
