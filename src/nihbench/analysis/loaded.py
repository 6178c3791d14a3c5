"""A stored run as a value for Python: `nihbench.load_run(path).frame()`."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from nihbench.analysis.table import COLUMNS, series
from nihbench.analysis.table import frame as make_frame
from nihbench.errors import UsageError, unwritable
from nihbench.fetch.files import write_atomic
from nihbench.lang.messages import t
from nihbench.run.places import counted_once
from nihbench.run.scores import default_scorer, grades_of
from nihbench.run.store import RunFolder, open_run
from nihbench.run.stored import Manifest
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
    manifest: Manifest
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
        _, records = counted_once(self.manifest.planned, self.records)
        table = make_frame(tuple(records.values()), self.grades, content=self.manifest)
        whole: dict[str, str | None] = {
            "run": str(self.folder.path),
            "model": self.manifest.model.name,
            "corpus": self.manifest.corpus.name,
            "length_unit": self.manifest.unit,
            "tokenizer": self.manifest.length_unit.tokenizer,
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


# ---- the table of one or more runs as a file for other programs: CSV, Parquet or JSON --------------------------------

SUFFIXES = (".csv", ".parquet", ".json")
JSON_FORMAT = 1
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for a formula or a command at a cell's beginning (the wide signs are folded by some)."""


def joined(runs: Sequence[LoadedRun], *, controls: bool = False, extra: bool = False) -> pd.DataFrame:
    """Return the rows of several runs in one table; which, is said as in `LoadedRun.frame`."""
    import pandas as pd

    frames = [run.frame(controls=controls, extra=extra) for run in runs]
    return pd.concat(frames, ignore_index=True).astype({**COLUMNS, **EXTRA_COLUMNS}) if frames else pd.DataFrame()


def export(table: pd.DataFrame, path: Path) -> None:
    """Write a table; the suffix chooses the format (docs/formats.md).

    Raises:
        UsageError: the suffix is none of `SUFFIXES`, the file can't be written, or Parquet needs a further package.
    """
    check_export(path)
    data = {".csv": _csv, ".json": _json, ".parquet": _parquet}[path.suffix.lower()](table)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data)
    except OSError as error:
        raise unwritable(path, error, UsageError, t("errors.choose_another_place")) from error


def check_export(path: Path) -> None:
    """Raise `UsageError` unless the suffix is one of `SUFFIXES`."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(t("analysis.out_end_name_chooses", path_name=path.name, suffixes=tuple(SUFFIXES)))


def _csv(table: pd.DataFrame) -> bytes:
    safe = table.copy()
    for name in (name for name, kind in {**COLUMNS, **EXTRA_COLUMNS}.items() if kind == "string"):
        safe[name] = safe[name].map(_tame, na_action="ignore")
    # With its byte order mark, by which a spreadsheet knows UTF-8.
    return b"\xef\xbb\xbf" + safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8", "backslashreplace")


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _tame(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe before what begins like one.

    NUL and other control characters are taken out but for line breaks and tabs: they end a cell in some programs.
    """
    kept = _CONTROL.sub("", text)
    return "'" + kept if kept.lstrip().startswith(_FORMULA) or kept[:1] in ("\t", "\n") else kept


def _json(table: pd.DataFrame) -> bytes:
    """Return {"format", "rows"}, indented; row by row, for all of them at once take several times their text."""
    pieces = (table.iloc[at : at + _ROWS] for at in range(0, len(table), _ROWS))
    rows = [
        json.dumps(row, ensure_ascii=False, indent=1).replace("\n", "\n  ")
        for piece in pieces
        for row in json.loads(piece.to_json(orient="records", double_precision=15))
    ]
    listed = "[\n  " + ",\n  ".join(rows) + "\n ]" if rows else "[]"
    return f'{{\n "format": {JSON_FORMAT},\n "rows": {listed}\n}}\n'.encode("utf-8", "backslashreplace")


_ROWS = 1000


def _parquet(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    try:
        table.to_parquet(file, index=False, engine="pyarrow")
    except ImportError as error:
        raise UsageError(t("analysis.parquet_needs_further_package")) from error
    return file.getvalue()
