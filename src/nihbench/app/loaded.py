"""A stored run as a value for Python, or the runs of one folder: `nihbench.load_run`."""

from __future__ import annotations

import base64
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nihbench.analysis.controls import ControlResult
from nihbench.analysis.grids import Grid, grid
from nihbench.analysis.statistics import Statistics, Summary
from nihbench.analysis.table import COLUMNS, series
from nihbench.analysis.table import frame as make_frame
from nihbench.app.events import Caller
from nihbench.app.results import Result, result_from
from nihbench.errors import UsageError, unwritable
from nihbench.fetch.files import write_atomic
from nihbench.figures.captions import headline
from nihbench.figures.sweeps import Sweep, chosen, named
from nihbench.lang.messages import language, plain, t
from nihbench.run.scores import default_scorer, grades_of
from nihbench.run.setup import counted_once
from nihbench.run.store import RunFolder, open_run
from nihbench.run.stored import Manifest
from nihbench.run.tree import find_runs
from nihbench.types import DEPTH, Axis, Completion, Grade, Record

if TYPE_CHECKING:
    import pandas as pd


# ---- a run's records and grades, and their table --------------------------------------------------------------------


EXTRA_COLUMNS: Mapping[str, str] = {
    "run": "string",  # the run's folder
    "model": "string",
    "corpus": "string",
    "length_unit": "string",  # in what `length` is counted (`Manifest.unit`)
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
        asked at several depths of one place is one trial (`run.setup`), whose other depths its row names.

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


def load_one(path: str | PathLike[str], *, scorer: str | None = None) -> LoadedRun:
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


def write_table(table: pd.DataFrame, path: Path) -> None:
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


# ---- runs as values --------------------------------------------------------------------------------------------------


Metric = Literal["score", "found", "strict", "measured", "failed", "owed"]
METRICS: tuple[Metric, ...] = ("score", "found", "strict", "measured", "failed", "owed")
"""What a cell of a grid can be: a mean over its measured trials, or how many trials it has."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A stored run, or the runs of one folder: of several models, or of a suite.

    Every experiment and prompt of every model is a sweep of its own. What is asked of one sweep (`grid`, `summary`,
    `statistics`) is the only one's, or that of the `prompt` and the `model` that are named.
    """

    path: Path
    loaded: tuple[LoadedRun, ...]

    @cached_property
    def results(self) -> tuple[Result, ...]:
        """Each run with its grids, summaries and statistics."""
        return tuple(result_from(one.folder, one.records, one.grades, one.scorer) for one in self.loaded)

    @cached_property
    def sweeps(self) -> tuple[Sweep, ...]:
        """Every experiment and prompt of every model, in order."""
        return tuple(named([sweep for result in self.results for sweep in result.sweeps]))

    @property
    def records(self) -> Mapping[str, Record]:
        """The record of every trial by its id, controls among them."""
        return {key: record for one in self.loaded for key, record in one.records.items()}

    @property
    def grades(self) -> Mapping[str, Grade]:
        """The grade of every answer by its trial's id."""
        return {key: grade for one in self.loaded for key, grade in one.grades.items()}

    @property
    def controls(self) -> tuple[ControlResult, ...]:
        """What the controls say."""
        return tuple(control for result in self.results for control in result.controls)

    @property
    def folder(self) -> RunFolder:
        """The run's folder.

        Raises:
            UsageError: these are several runs.
        """
        return self._one().folder

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What run.json holds (docs/formats.md).

        Raises:
            UsageError: these are several runs.
        """
        return self._one().manifest.raw

    @property
    def scorer(self) -> str:
        """Whose grades these are."""
        return self.loaded[0].scorer

    @property
    def is_whole(self) -> bool:
        """Whether every planned trial has its answer; what has none is tried again by `nihbench.resume`."""
        return all(result.is_whole for result in self.results)

    @property
    def owed(self) -> int:
        """How many planned trials have no record yet."""
        return sum(result.owed for result in self.results)

    @property
    def failures(self) -> Mapping[str, int]:
        """How many trials have no value, by the kind of failure."""
        kinds = [kind for result in self.results for kind in result.failures]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}

    @property
    def summary(self) -> Summary:
        """The headline numbers of the only sweep: found, strict, mean score.

        Raises:
            UsageError: there are several; `sweeps` has the summary of each.
        """
        return self.sweep().summary

    @property
    def statistics(self) -> Statistics:
        """The intervals, the effective length and the diagnosis of the only sweep.

        Raises:
            UsageError: there are several; `sweeps` has the statistics of each.
        """
        made = self.sweep().statistics
        assert made is not None  # a run that was read has them
        return made

    def sweep(self, *, prompt: str | None = None, model: str | None = None) -> Sweep:
        """Return the only sweep, or that of a prompt and a model.

        Raises:
            UsageError: there is none, or more than one.
        """
        found = chosen(self.sweeps, prompt or "", lambda sweep: sweep.grid.prompt)
        if model is not None:
            found = [sweep for sweep in found if sweep.setting.model == model]
        if len(found) != 1:
            here = tuple(sweep.name for sweep in found or self.sweeps)
            raise UsageError(t("app.choose_sweep", path=self.path, here=here))
        return found[0]

    def grid(self, metric: Metric = "score", *, prompt: str | None = None, model: str | None = None) -> pd.DataFrame:
        """Return a map as a table: a row for every depth (percent) or task's point, a column for every length (tokens).

        Args:
            metric: "score", "found" or "strict" (between 0 and 1, NaN where nothing is measured), or how many trials
                of a cell are "measured", "failed" or "owed".
            prompt: which prompt, where the run has several.
            model: which model, where the folder has several.

        Raises:
            UsageError: there is no such metric, or more than one sweep.
        """
        import pandas as pd

        if metric not in METRICS:
            raise UsageError(t("app.no_such_metric", metric=metric, known=tuple(METRICS)))
        made = self.sweep(prompt=prompt, model=model).grid
        depths, lengths = pd.Index(made.depths, name=row_name(made.axis)), pd.Index(made.lengths, name="length")
        return pd.DataFrame(self._values(metric, made), index=depths, columns=lengths)

    def _values(self, metric: Metric, made: Grid) -> Any:
        if metric in ("found", "strict"):
            return self._share(metric, made).value
        return {"score": made.value, "measured": made.measured, "failed": made.failed, "owed": made.owed}[metric]

    def _share(self, metric: Metric, made: Grid) -> Grid:
        """Return the grid of a share of trials instead of their mean score."""
        result = next(r for r in self.results if any(g is made for g in r.grids))
        table = result.table
        whole = zip(table["value"], table["found"], strict=True)
        shares = [
            math.nan if found is None else float(bool(found) if metric == "found" else value == 1.0)
            for value, found in whole
        ]
        columns = {**table, "value": shares}
        return grid(columns, experiment=made.experiment, prompt=made.prompt, planned=result.planned, axis=made.axis)

    def frame(self, *, controls: bool = False, extra: bool = False) -> pd.DataFrame:
        """Return one row a trial of the grid (docs/formats.md); a mean over these rows is that of the sweep.

        Args:
            controls: with the control trials (`control` says which kind each is).
            extra: with an adaptive run's further draws, most of which lie where the needle is missed.
        """
        if len(self.loaded) == 1:
            return self.loaded[0].frame(controls=controls, extra=extra)
        return joined(self.loaded, controls=controls, extra=extra)

    def __repr__(self) -> str:
        return "\n".join([f"Run({str(self.path)!r})", *(f"  {plain(line)}" for line in self._headlines())])

    def _headlines(self) -> list[str]:
        lang = language()
        return [
            sweep.withheld.sentence(lang)
            if sweep.withheld
            else headline(sweep.summary, lang=lang, name=sweep.name, intervals=sweep.intervals)
            for sweep in self.sweeps
        ]

    def _repr_png_(self) -> bytes | None:
        """Draw the map for a notebook; None where it can't be drawn: the text stands then."""
        from nihbench.app.drawing import draw
        from nihbench.figures.page import picture_of
        from nihbench.figures.style import Style

        try:
            return picture_of(draw(self.sweeps, None, Style(lang=language()), Caller()), ".png", _NOTEBOOK_DPI)
        except Exception:  # whatever it is, a cell of a notebook shall not end with it
            return None

    def _repr_html_(self) -> str | None:
        """Show the map and its headlines in a notebook; None where it can't be drawn."""
        picture = self._repr_png_()
        if picture is None:
            return None
        words = "".join(f"<p>{escape(plain(line))}</p>" for line in self._headlines())
        source = base64.b64encode(picture).decode("ascii")
        name = escape(str(self.path), quote=True)
        return f'<img alt="{name}" style="max-width:100%" src="data:image/png;base64,{source}">{words}'

    def _one(self) -> LoadedRun:
        if len(self.loaded) != 1:
            raise UsageError(t("app.several_runs", path=self.path, count=len(self.loaded)))
        return self.loaded[0]


_NOTEBOOK_DPI = 110


def row_name(axis: Axis) -> str:
    """Return what a table's rows are called: depths in percent, or the task's axis by its name."""
    return "depth_percent" if axis.name == DEPTH.name else axis.name


Runs = Run | str | PathLike[str]
"""A run that was loaded, or the folder of one, or of several."""


def load_run(path: str | PathLike[str], *, scorer: str | None = None) -> Run:
    """Read a stored run, or all runs of a folder.

    Args:
        path: the folder of a run that `nih run`, `nih import` or `nihbench.run` made, or one that holds such folders.
        scorer: whose grades; None: the rules', or those that came with an import.

    Raises:
        UsageError: there is no run, or no such scorer's grades.
        DamagedDataError: its files can't be read.
    """
    folder = Path(path)
    return Run(path=folder, loaded=tuple(load_one(found, scorer=scorer) for found in find_runs(folder)))


def results_of(runs: Iterable[Runs], scorer: str | None = None) -> list[Result]:
    """Return runs as they are read; `scorer` as for `load_run`, of a run that is loaded already its own."""
    loaded = (run if isinstance(run, Run) else load_run(run, scorer=scorer) for run in runs)
    return [result for run in loaded for result in run.results]


def paths_of(runs: Iterable[Runs]) -> list[Path]:
    """Return the folders of runs."""
    return [run.path if isinstance(run, Run) else Path(run) for run in runs]
