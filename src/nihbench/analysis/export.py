"""The table of one or more runs as a file for other programs: CSV, Parquet or JSON."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nihbench.analysis.loaded import EXTRA_COLUMNS, LoadedRun
from nihbench.analysis.table import COLUMNS
from nihbench.errors import UsageError
from nihbench.fetch.files import write_atomic
from nihbench.lang.messages import t

if TYPE_CHECKING:
    import pandas as pd

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
        raise UsageError(t("analysis.cant_write_give_another", path=path, strerror=error.strerror or error)) from error


def check_export(path: Path) -> None:
    """Raise `UsageError` unless the suffix is one of `SUFFIXES`."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(t("analysis.out_end_name_chooses", path_name=path.name, suffixes=", ".join(SUFFIXES)))


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
