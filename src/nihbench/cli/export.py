"""`nih export`: runs as one table for other programs."""

from __future__ import annotations

from pathlib import Path

from nihbench.analysis.loaded import check_export, joined, load_run
from nihbench.analysis.loaded import export as write
from nihbench.cli.output import note
from nihbench.lang.messages import t
from nihbench.run.tree import find_runs


def export(runs: list[Path], out: Path, scorer: str | None, controls: bool, extra: bool) -> None:
    """Write runs as one table, one row per trial: CSV (safe to open in a spreadsheet), Parquet or JSON."""
    check_export(out)
    folders = [folder for run in runs for folder in find_runs(run)]
    table = joined([load_run(folder, scorer=scorer) for folder in folders], controls=controls, extra=extra)
    write(table, out)
    note(t("cli.trials_runs_file", trials=len(table), runs=len(folders), out=out))
