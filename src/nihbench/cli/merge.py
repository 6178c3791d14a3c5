"""`nih merge`: the runs of a plan's parts (`--shard`) as one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nihbench.cli.output import command


@command
def merge(
    runs: Annotated[list[Path], typer.Argument(help="The runs' folders, in any order.")],
    out: Annotated[Path, typer.Option("--out", help="The merged run's folder.")],
) -> None:
    """Merge runs of parts of one plan (--shard) into one run; what does not belong together is refused."""
    from nihbench.cli.finish import finish, finish_tree
    from nihbench.cli.money import left_behind
    from nihbench.run.merging import merge_folders

    merged = merge_folders(runs, out, left_behind)
    code = max(finish(run, resume=out) for run in merged)
    if merged[0].path != out:
        finish_tree(out)
    raise typer.Exit(code)
