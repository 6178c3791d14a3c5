"""`nih import`: other tools' published results as runs that every command accepts. No model is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from nihbench.app.results import result_of
from nihbench.catalog.loading import load_for
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note
from nihbench.cli.progress import show_result
from nihbench.lang.messages import t
from nihbench.run.imports import import_rows, read_kamradt


def kamradt(path: Path, out: Path | None, model: str | None) -> None:
    """Import results of Kamradt's needle-in-a-haystack, the 2023 or the current version."""
    now = datetime.now(UTC)
    rows, sha256 = read_kamradt(path)
    runs = import_rows(
        rows,
        source=path.name,
        sha256=sha256,
        out=out or Path("results") / f"{now:%Y%m%d-%H%M%S}-import-kamradt",
        catalog=load_for(terminal().tell_once),
        model=model,
        created_at=now.isoformat(timespec="seconds"),
    )
    for run in runs:
        result = result_of(run)
        show_result(result)
        note(t("cli.run_folder", path=run.path))
        if result.owed:
            note(t("cli.cells_grid_no_result", owed=result.owed))
