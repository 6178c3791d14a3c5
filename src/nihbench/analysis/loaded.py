"""A stored run as a value for Python: `nihbench.load_run(path).frame()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nihbench.analysis.table import frame as make_frame
from nihbench.analysis.table import series
from nihbench.run.places import counted_once
from nihbench.run.scores import default_scorer, grades_of
from nihbench.run.store import RunFolder, open_run
from nihbench.run.stored import planned_trials
from nihbench.run.units import length_unit
from nihbench.types import Completion, Grade, Record

if TYPE_CHECKING:
    import pandas as pd

EXTRA_COLUMNS: Mapping[str, str] = {
    "run": "string",  # the run's folder
    "model": "string",
    "corpus": "string",
    "length_unit": "string",  # in what `length` is counted (`run.length_unit`)
    "tokenizer": "string",  # what counted `total_tokens`
    "expected": "string",  # the expected answer
    "answer": "string",  # what the model said; missing for a failure, and where an import has none
    "misled": "string",  # the haystack's sentence that a wrong answer comes from, where that can be shown
}
"""The columns of `LoadedRun.frame` and of `nih export` beyond `COLUMNS`, each with its pandas dtype."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedRun:
    """A run's manifest (run.json), records and grades by trial id; `scorer` gave the grades."""

    folder: RunFolder
    manifest: Mapping[str, Any]
    records: Mapping[str, Record]
    grades: Mapping[str, Grade]
    scorer: str

    def frame(self, *, controls: bool = False, extra: bool = False) -> pd.DataFrame:
        """Return one row a trial of the grid, with the columns of `COLUMNS` and `EXTRA_COLUMNS` (docs/formats.md).

        A mean over these rows is that of the sweep. What would make it another number comes on request only. What was
        asked at several depths of one place is one trial (`run.places`), whose other depths its row names.

        Args:
            controls: with the control trials (`control` says which kind each is).
            extra: with an adaptive run's further draws, most of which lie where the needle is missed.
        """
        _, records = counted_once(planned_trials(self.manifest), self.records)
        table = make_frame(tuple(records.values()), self.grades, content=self.manifest)
        whole: dict[str, str | None] = {
            "run": str(self.folder.path),
            "model": str(self.manifest["model"]["name"]),
            "corpus": str(self.manifest["corpus"]["name"]),
            "length_unit": length_unit(self.manifest),
            "tokenizer": str(self.manifest["length_unit"]["tokenizer"]),
        }
        rows = [whole | _texts(record, self.grades.get(key)) for key, record in records.items()]
        more = {name: series([row[name] for row in rows], kind) for name, kind in EXTRA_COLUMNS.items()}
        whole_table = table.assign(**more)
        kept = (controls | whole_table["control"].isna()) & (extra | ~whole_table["extra"])
        return whole_table[kept].reset_index(drop=True)


def load_run(path: str | PathLike[str], *, scorer: str | None = None) -> LoadedRun:
    """Read a run that `nih run` or `nih import` made.

    Args:
        path: the run's folder.
        scorer: whose grades; None: the rules', or those that came with an import.

    Raises:
        UsageError: there is no run, or no such scorer's grades.
        DamagedDataError: its files can't be read.
    """
    folder = open_run(Path(path))
    records = folder.records()
    return LoadedRun(
        folder=folder,
        manifest=folder.manifest,
        records=records,
        grades=grades_of(folder, records, scorer),
        scorer=scorer or default_scorer(folder),
    )


def _texts(record: Record, grade: Grade | None) -> dict[str, str | None]:
    return {
        "expected": record.expected or None,
        "answer": record.outcome.text if isinstance(record.outcome, Completion) else None,
        "misled": getattr(grade, "misled", "") or None,
    }
