"""`nih export`: runs as one table for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from nihbench.cli.output import command, note
from nihbench.lang import t

_TEXT = Optional[str]  # noqa: UP045  typer reads it at run time


@command
def export(
    runs: Annotated[list[Path], typer.Argument(help="The runs' folders.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file: .csv, .parquet or .json.")],
    scorer: Annotated[_TEXT, typer.Option("--scorer", help="Whose scores (default: rules; see nih score).")] = None,
) -> None:
    """Write runs as one table, a row a trial: CSV (safe to open in a spreadsheet), Parquet or JSON."""
    from nihbench import load_run
    from nihbench.analysis import check_export, joined
    from nihbench.analysis import export as write

    check_export(out)
    table = joined([load_run(run, scorer=scorer) for run in runs])
    write(table, out)
    note(
        t(
            "{trials} trials of 1 run: {out}" if len(runs) == 1 else "{trials} trials of {runs} runs: {out}",
            trials=len(table),
            runs=len(runs),
            out=out,
        )
    )
