"""`nih export --format`: runs in the format of another tool (`app/exports/`)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from nihbench.app.events import Caller
from nihbench.app.exports.told import told_of
from nihbench.app.exports.writing import Asked, Form
from nihbench.app.keywords import EXPORTS
from nihbench.catalog.loading import load_for
from nihbench.errors import UsageError
from nihbench.lang.messages import t

_KNOWN = {".csv", ".json", ".jsonl", ".parquet", ".xml", ".yaml", ".yml", ".eval", ".zip", ".html"}
"""Endings of files' names: what ends so is no folder."""


def form_of(name: str, out: Path) -> Form:
    """Return a format by its name, for what is to be written.

    Raises:
        UsageError: there is none of that name, or the file's name does not fit it.
    """
    if name not in EXPORTS:
        raise UsageError(t("export.no_format", format=name, formats=tuple(EXPORTS)))
    module, _, place = EXPORTS[name].partition(":")
    form: Form = getattr(import_module(module), place)
    suffix = out.suffix.lower()
    if suffix not in form.suffixes and not (form.folder and suffix not in _KNOWN and not out.is_file()):
        key = "export.out_folder" if not form.suffixes else "export.out_either" if form.folder else "export.out_file"
        raise UsageError(t(key, out=out.name, format=name, suffixes=form.suffixes))
    return form


def export_runs(
    runs: Sequence[Path], form: Form, asked: Asked, caller: Caller, *, scorer: str | None = None
) -> tuple[list[Path], int]:
    """Write runs in another tool's format.

    Args:
        runs: the runs' folders.
        form: the format.
        asked: what is told beside the runs.
        caller: hears what is left out.
        scorer: whose grades; None: the rules', or those that came with an import.

    Returns:
        The files, and how many trials of the grids have a record.

    Raises:
        UsageError: there is nothing to write, or it can't be written.
    """
    sweeps = told_of(runs, load_for(caller.tell_once), scorer=scorer)
    files = form.write(sweeps, asked)
    for sentence in asked.told:
        caller.tell(sentence)
    return files, sum(each.summary.recorded for each in sweeps)
