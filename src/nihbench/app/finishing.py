"""After a run, or a part of it: score it, draw it, tell what its records say and what comes next.

It reads what the whole table says, and grades answers. Who sends imports it when there are answers: nobody waits for
it before the first request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from nihbench.app.events import Caller, ControlTold, Drawn, Measured, PassportMade, kind_words
from nihbench.app.passports import has_rungs, passports_in, rule_of
from nihbench.app.results import Result, result_of
from nihbench.errors import NihError, StoppedError
from nihbench.figures.sweeps import Sweep
from nihbench.lang.messages import language, t, typed, without_stop
from nihbench.plan.grid import BEFORE_THE_GRID
from nihbench.run.store import RunFolder, open_run
from nihbench.run.tree import find_runs
from nihbench.run.verify import count_summary
from nihbench.types import Failure, Record

FIGURE = "heatmap.png"
PANEL = "panel.png"
PASSPORT = "passport.png"


def _explain(records: Iterable[Record], caller: Caller) -> None:
    """Tell why trials failed: of each kind how many, and the words of the first."""
    failures = [record.outcome for record in records if isinstance(record.outcome, Failure)]
    for kind, count in Counter(failure.kind for failure in failures).items():
        first = next(failure.message for failure in failures if failure.kind == kind)
        words = without_stop(first)
        caller.tell(t("cli.trials_such", kind=kind_words(kind), count=count, said=words))


def finish_tree(root: Path, caller: Caller) -> None:
    """Draw the panel of all runs of a folder, a row an experiment and prompt, a column a model, and their passport."""
    results = [result_of(open_run(path)) for path in find_runs(root)]
    if has_rungs(result.run for result in results):
        made = passports_in(results, rule_of([root], caller))
        _draw(made.sweeps, root / PASSPORT, caller, "passport")
        caller.emit(PassportMade(passports=made))
        caller.emit(Drawn(path=root / PASSPORT, sentence=t("cli.passport_drawn", picture=root / PASSPORT)))
    picture = root / PANEL
    _draw([sweep for result in results for sweep in result.sweeps], picture, caller)
    caller.emit(Drawn(path=picture, sentence=t("cli.panel", picture=picture)))
    caller.tell(t("cli.draw_again_nih_plot", root=typed(root)))


def finish_part(run: RunFolder, caller: Caller) -> None:
    """Draw and tell what a stopped run has paid for, as far as it came; the error that stopped it says the rest.

    What goes wrong here is passed over, and a second Ctrl-C does without.
    """
    with suppress(NihError, OSError, KeyboardInterrupt):
        result = result_of(run, again=True)
        if any(record.trial.control is None for record in result.records):
            _draw_and_tell(result, caller)
        caller.tell(t("cli.stopped_trials_done", done=len(result.records), planned=len(result.records) + result.owed))


def _draw_and_tell(result: Result, caller: Caller) -> None:
    picture = result.run.path / FIGURE
    _draw(result.sweeps, picture, caller)
    caller.emit(Measured(result=result))
    caller.emit(Drawn(path=picture, sentence=t("cli.heatmap", picture=picture)))
    caller.tell(t("cli.records", path=result.run.path / "records.jsonl"))


def _draw(sweeps: Sequence[Sweep], picture: Path, caller: Caller, kind: str = "map") -> None:
    # matplotlib comes when there is something to draw: nobody waits for it before the first request.
    from nihbench.app.drawing import draw
    from nihbench.figures.style import Style

    draw(sweeps, picture, Style(lang=language()), caller, kind=kind)


def finish(run: RunFolder, caller: Caller, *, resume: Path, enough: bool = False) -> Result:
    """Score and draw a run, and tell what its records say; return it as it is read.

    Args:
        run: the run's folder.
        caller: hears it.
        resume: what --resume takes to go on.
        enough: more than is there was not wanted, so that nothing is said of what was not sent.
    """
    result = result_of(run, again=True)
    _draw_and_tell(result, caller)
    for sentence in count_summary(run.records()).sentences():
        caller.tell(sentence)
    if result.unscored:
        mend = f"nih score {typed(run.path)} --judge MODEL"
        caller.tell(t("cli.answers_unscored_rules_cant", unscored=result.unscored, mend=mend))
    if result.is_whole:
        caller.tell(t("cli.draw_again_nih_plot_out", path=typed(run.path)))
        return result
    if enough and not result.failed:
        return result
    caller.tell(t("cli.trials_failed_not_sent", failed=result.failed, unsent=result.owed))
    _explain(result.records, caller)
    if owed := result.passing + result.owed:
        caller.tell(t("cli.owed_try_again_may", owed=owed, resume=typed(resume)))
    return result


def tell_controls(folder: RunFolder, caller: Caller, *, strict: bool) -> None:
    """Say what the controls say that were asked before the grid, while the grid is not paid for yet.

    Raises:
        StoppedError: one failed, and `strict`.
    """
    results = [result for result in result_of(folder, again=True).controls if result.name in BEFORE_THE_GRID]
    for result in results:
        caller.emit(ControlTold(result=result))
    if strict and any(result.failed for result in results):
        raise StoppedError(t("cli.control_failed_strict_controls"))
