"""`nih run`, `merge` and `import`: the commands that make the folders of runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from nihbench.app.catalogs import load
from nihbench.app.money import left_behind
from nihbench.app.results import result_of
from nihbench.app.session import finish, finish_tree, new_session, resumed_session
from nihbench.cli.hearing import FAILED_TRIALS, given, terminal
from nihbench.cli.output import note
from nihbench.cli.progress import measuring, show_result
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.imports import import_rows, read_kamradt
from nihbench.run.merging import merge_folders

# ---- `nih run`: into one folder; several models or a suite: a tree ---------------------------------------------------


def run(
    context: typer.Context,
    options: dict[str, Any],
    suite: str | None,
    out: Path | None,
    resume: Path | None,
    strict_controls: bool,
    retry_all: bool,
    yes: bool,
) -> None:
    """Measure a model: run the grid, show the heatmap and save it as a PNG in the run's folder."""
    if out and resume:
        raise UsageError(t("cli.resume_goes_run_own"))
    if retry_all and not resume:
        raise UsageError(t("cli.retry_all_run_already"))
    caller = measuring(yes=yes)
    if resume:
        again = given(context, options)
        session = resumed_session(
            resume, options, again, suite, caller, retry_all=retry_all, strict_controls=strict_controls
        )
    else:
        session = new_session(options, suite, out, caller, strict_controls=strict_controls)
    if not all(result.is_whole for result in session.measure()):
        raise typer.Exit(FAILED_TRIALS)


# ---- `nih merge`: the runs of a plan's parts (`--shard`) as one run --------------------------------------------------


def merge(runs: list[Path], out: Path) -> None:
    """Merge the runs of one plan's parts (--shard) into one run; what does not belong together is refused."""
    caller = measuring()
    merged = merge_folders(runs, out, lambda run: left_behind(run, load(caller)))
    results = [finish(run, caller, resume=out) for run in merged]
    if merged[0].path != out:
        finish_tree(out, caller)
    if not all(result.is_whole for result in results):
        raise typer.Exit(FAILED_TRIALS)


# ---- `nih import`: other tools' published results as runs that every command accepts ---------------------------------


def kamradt(path: Path, out: Path | None, model: str | None) -> None:
    """Import results of Kamradt's needle-in-a-haystack, the 2023 or the current version."""
    now = datetime.now(UTC)
    rows, sha256 = read_kamradt(path)
    runs = import_rows(
        rows,
        source=path.name,
        sha256=sha256,
        out=out or Path("results") / f"{now:%Y%m%d-%H%M%S}-import-kamradt",
        catalog=load(terminal()),
        model=model,
        created_at=now.isoformat(timespec="seconds"),
    )
    for run in runs:
        result = result_of(run)
        show_result(result)
        note(t("cli.run_folder", path=run.path))
        if result.owed:
            note(t("cli.cells_grid_no_result", owed=result.owed))
