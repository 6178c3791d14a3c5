"""`nih export`: runs as one table for other programs, or in another tool's format."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from nihbench.app.exporting import export_runs, form_of
from nihbench.app.exports.writing import Asked
from nihbench.app.loaded import check_export, joined, load_one, write_table
from nihbench.cli.hearing import terminal
from nihbench.cli.output import note
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.tree import find_runs


def export(
    runs: list[Path],
    out: Path,
    scorer: str | None,
    form: str | None,
    controls: bool,
    extra: bool,
    model_id: str | None,
    dataset: str | None,
    source: str | None,
    organization: str | None,
) -> None:
    """Write runs as one table, one row per trial (CSV, Parquet or JSON), or as another tool has them."""
    if form is None:
        _table(runs, out, scorer, controls, extra)
        return
    chosen = form_of(form, out)
    if extra:
        raise UsageError(t("export.no_extra", format=form))
    asked = Asked(
        out=out,
        now=datetime.now(UTC),
        controls=controls,
        model_id=model_id,
        dataset=dataset,
        source=source,
        organization=organization,
    )
    folders = [folder for run in runs for folder in find_runs(run)]
    files, trials = export_runs(folders, chosen, asked, terminal(), scorer=scorer)
    note(t("export.written", trials=trials, runs=len(folders), files=len(files), out=out))


def _table(runs: list[Path], out: Path, scorer: str | None, controls: bool, extra: bool) -> None:
    check_export(out)
    folders = [folder for run in runs for folder in find_runs(run)]
    table = joined([load_one(folder, scorer=scorer) for folder in folders], controls=controls, extra=extra)
    write_table(table, out)
    note(t("cli.trials_runs_file", trials=len(table), runs=len(folders), out=out))
