"""`nih export`: runs as one table for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from nihbench import load_run
from nihbench.cli.output import command, note
from nihbench.lang.messages import t

_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time


@command
def export(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or a folder of runs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file: .csv, .parquet or .json.")],
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")] = None,
    controls: Annotated[bool, typer.Option("--controls", help="With the control trials, too.")] = False,
    extra: Annotated[bool, typer.Option("--extra", help="With an adaptive run's further draws, too.")] = False,
) -> None:
    """Write the grids of runs as one table, a row a trial: CSV (safe to open in a spreadsheet), Parquet or JSON."""
    from nihbench.analysis.export import check_export, joined
    from nihbench.analysis.export import export as write
    from nihbench.run.tree import find_runs

    check_export(out)
    folders = [folder for run in runs for folder in find_runs(run)]
    table = joined([load_run(folder, scorer=scorer) for folder in folders], controls=controls, extra=extra)
    write(table, out)
    note(t("trials: {trials:,}, runs: {runs:,}, file: {out}", trials=len(table), runs=len(folders), out=out))
