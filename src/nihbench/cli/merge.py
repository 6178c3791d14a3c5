"""`nih merge`: the runs of a plan's parts (`--shard`) as one run."""

from __future__ import annotations

from pathlib import Path

import typer

from nihbench.app.catalogs import load
from nihbench.app.finish import finish, finish_tree
from nihbench.app.money import left_behind
from nihbench.cli.hearing import FAILED_TRIALS
from nihbench.cli.progress import measuring
from nihbench.run.merging import merge_folders


def merge(runs: list[Path], out: Path) -> None:
    """Merge the runs of one plan's parts (--shard) into one run; what does not belong together is refused."""
    caller = measuring()
    merged = merge_folders(runs, out, lambda run: left_behind(run, load(caller)))
    results = [finish(run, caller, resume=out) for run in merged]
    if merged[0].path != out:
        finish_tree(out, caller)
    if not all(result.is_whole for result in results):
        raise typer.Exit(FAILED_TRIALS)
