"""A run's folder: run.json, records.jsonl (append-only) and scores; what is written once is never lost or doubled.

A record is one line, flushed to the disk before it counts as done. A torn last line (the process was killed while
writing) is owed again; anything else that can't be read is damage, and then nothing is changed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nihbench.errors import DamagedDataError, UsageError
from nihbench.fetch import write_atomic
from nihbench.lang import t
from nihbench.run.calibration import Calibration
from nihbench.run.lock import LOCK
from nihbench.run.manifest import check_content, may_be_drawn, planned_trials, stored_calibration
from nihbench.run.verify import Expectation, verified
from nihbench.types import Bare, Completion, Failure, GradedElsewhere, Placed, Placement, Record, Trial

FORMAT = 1
MANIFEST = "run.json"
RECORDS = "records.jsonl"
PROBES = "probes.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFolder:
    """A run's folder and what its run.json says."""

    path: Path
    manifest: Mapping[str, Any]

    def records(self) -> dict[str, Record]:
        """Return the last record of every trial, by the trial's id, in the order of first appearance.

        An answer to a prompt that the records show to have been cut is given as that failure (see `run.verify`).

        Raises:
            DamagedDataError: a line other than a torn last one can't be read, or is a record of another run.
        """
        file = self.path / RECORDS
        records, _ = read_records(file)
        missing = set(planned_trials(self.manifest))
        beyond = may_be_drawn(self.manifest)
        for record in records.values():
            if beyond(record.trial):
                missing.add(record.trial)
            if record.trial not in missing:
                raise unplanned(file, record)
            missing.remove(record.trial)
        return verified(records, Expectation.of(self.manifest))

    def writer(self) -> RecordWriter:
        """Return a context manager that appends records."""
        return RecordWriter(self.path / RECORDS)


def create_run(path: Path, manifest: Mapping[str, Any]) -> RunFolder:
    """Make a run's folder with its run.json.

    Raises:
        UsageError: a run is there already, or the folder can't be written.
    """
    from filelock import FileLock

    try:
        path.mkdir(parents=True, exist_ok=True)
        check_free(path)
        text = _manifest_text(manifest)
        # Two processes that begin in the same moment: the second must not write over what the first one goes by.
        with FileLock(path / LOCK):
            check_free(path)
            write_atomic(path / MANIFEST, text)
    except OSError as error:
        raise UsageError(
            t(
                "can't write the run's folder {path}: {strerror}; give another --out",
                path=path,
                strerror=error.strerror or error,
            )
        ) from error
    return open_run(path)


def unplanned(file: Path, record: Record) -> DamagedDataError:
    """Return the error for a record that can't be of the run in whose file it is."""
    return DamagedDataError(
        t(
            "{file}: the record {id} is not of this run's plan, or its trial has another record as well; the file is "
            "damaged, or mixed with another run's: restore it from a copy, or take the line out",
            file=file,
            id=record.id,
        )
    )


def amend(folder: RunFolder, calibration: Calibration) -> RunFolder:
    """Write into run.json what was fitted since the run began, and return the folder as it is then.

    The caller owns the folder.

    Raises:
        UsageError: it can't be written; it is as it was.
    """
    content = {**folder.manifest, "calibration": stored_calibration(calibration)}
    write_atomic(folder.path / MANIFEST, _manifest_text(content))
    return RunFolder(path=folder.path, manifest=content)


def _manifest_text(content: Mapping[str, Any]) -> bytes:
    return (json.dumps({"format": FORMAT} | dict(content), ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def check_free(path: Path) -> None:
    """Make sure that a folder holds no run yet.

    Raises:
        UsageError: it does.
    """
    if (path / MANIFEST).exists():
        raise UsageError(
            t("{path} already holds a run: go on with it by --resume {path}, or give another --out", path=path)
        )
    if (path / RECORDS).exists():
        raise UsageError(
            t(
                "{path} holds the records of a run whose {manifest} is missing: give another --out",
                path=path,
                manifest=MANIFEST,
            )
        )


def open_run(path: Path) -> RunFolder:
    """Open a run's folder.

    Raises:
        UsageError: there is no run in it.
        DamagedDataError: its run.json can't be read.
    """
    file = path / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(
            t("{path} holds no run: there is no {manifest} in it", path=path, manifest=MANIFEST)
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedDataError(
            t("{file} can't be read ({error}): restore it from a copy, or run anew", file=file, error=error)
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise DamagedDataError(
            t(
                "{file} is not of format {format}: it was written by another version of nih, or damaged",
                file=file,
                format=FORMAT,
            )
        )
    try:
        check_content(manifest)
    except ValueError as error:
        raise DamagedDataError(
            t("{file} is damaged ({error}): restore it from a copy, or run anew", file=file, error=error)
        ) from error
    return RunFolder(path=path, manifest=manifest)


def check_unchanged(folder: RunFolder) -> None:
    """Make sure that run.json still says what it said when it was read; the caller owns the folder by now.

    Raises:
        UsageError: another process has written into it.
        DamagedDataError: it can't be read any more.
    """
    if open_run(folder.path).manifest != folder.manifest:
        raise UsageError(
            t("{path}: another command has gone on with it meanwhile: give the same command again", path=folder.path)
        )


class RecordWriter:
    """Appends records to a file; they are on the disk when `append` or `write` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        _, whole = read_records(self._path)
        try:
            # Unbuffered: nothing can wait in memory behind a write that failed.
            self._file = self._path.open("ab", buffering=0)
            if self._file.tell() != whole:
                self._file.truncate(whole)
            self._whole = whole
            if whole and self._path.read_bytes()[whole - 1 : whole] != b"\n":
                self._write(b"\n")
                self._whole += 1
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, record: Record) -> None:
        """Write one record and wait until it is on the disk.

        Raises:
            UsageError: it can't be written (a full disk); what was written before stays whole.
        """
        (error,) = self.write([record])
        if error is not None:
            raise error

    def write(self, records: Sequence[Record]) -> list[UsageError | None]:
        """Write records and wait once until all are on the disk; return for each why it could not be written.

        Where they do not all fit, each is tried by itself: what is paid for is kept as far as the disk has room.
        """
        error = self._put(b"".join(map(record_line, records))) if records else None
        if error is None or len(records) == 1:
            return [error] * len(records)
        return [self._put(record_line(record)) for record in records]

    def _put(self, lines: bytes) -> UsageError | None:
        try:
            self._write(lines)
            os.fsync(self._file.fileno())
        except OSError as error:
            # A torn line in the middle would be damage: whoever writes next must find a whole file.
            with contextlib.suppress(OSError):
                self._file.truncate(self._whole)
            return self._unwritable(error)
        self._whole += len(lines)
        return None

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) or 0 :]

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            t(
                "can't write {path} ({strerror}): see to the disk and its rights",
                path=self._path,
                strerror=error.strerror or error,
            )
        )


_KEYS: Mapping[type, str] = {
    Completion: "completion",
    Failure: "failure",
    GradedElsewhere: "graded_elsewhere",
}
"""Under which key an outcome stands in its line."""


def record_line(record: Record) -> bytes:
    """Return a record as one line of JSON in UTF-8."""
    outcome = asdict(record.outcome)
    if outcome.get("latency_s", 0.0) != outcome.get("latency_s", 0.0):
        outcome["latency_s"] = None  # not known (an import); JSON has no NaN
    plain = {
        "id": record.id,
        "trial": record.trial.stored(),
        "placement": asdict(record.placement) if record.placement else None,
        "fresh": dict(record.fresh),
        "expected": record.expected,
        "started_at": record.started_at,
        _KEYS[type(record.outcome)]: outcome,
    }
    # Lone surrogates can come out of a server's JSON escapes; they have no UTF-8 form and are kept as escapes.
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    try:
        return (text + "\n").encode("utf-8")
    except UnicodeEncodeError:
        return (json.dumps(plain, separators=(",", ":")) + "\n").encode("ascii")


def read_records(path: Path) -> tuple[dict[str, Record], int]:
    """Read a records file: the last record of each id, and how many bytes of the file are whole lines.

    A failure behind an answer is an older line that was copied there: what was answered is never asked again.

    Raises:
        DamagedDataError: a line that is not a torn last one can't be read.
    """
    data = bytes_of(path)
    records: dict[str, Record] = {}
    whole = 0
    for record, end in read_lines(path, data):
        if record is not None:
            known = records.get(record.id)
            if not (known and isinstance(known.outcome, Completion) and isinstance(record.outcome, Failure)):
                records[record.id] = record
        whole = end
    return records, whole


def bytes_of(path: Path) -> bytes:
    """Return a file's bytes, none where it is not there.

    Raises:
        DamagedDataError: it can't be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise DamagedDataError(
            t("{path} can't be read: {strerror}", path=path, strerror=error.strerror or error)
        ) from error


def all_records(path: Path) -> list[Record]:
    """Return every record of a file, those of earlier tries of a trial too; a line that stands twice counts once.

    Raises:
        DamagedDataError: a line that is not a torn last one can't be read.
    """
    data = bytes_of(path)
    records: list[Record] = []
    seen: set[bytes] = set()
    start = 0
    for record, end in read_lines(path, data):
        line = data[start:end].rstrip(b"\n")
        if record is not None and line not in seen:
            seen.add(line)
            records.append(record)
        start = end
    return records


def read_lines(path: Path, data: bytes, before: int = 0) -> Iterator[tuple[Record | None, int]]:
    """Give each whole line's record (None: a blank line) and where it ends; a torn last line is left out.

    Args:
        path: names the file in errors.
        data: its bytes, or those from some line on.
        before: how many lines stand before them.

    Raises:
        DamagedDataError: a line that is not a torn last one can't be read.
    """
    parse = _parser()
    end = 0
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        last = number == len(lines)
        record = None
        if line.strip():
            try:
                record = parse(line)
            except (ValueError, RecursionError) as error:
                if last:
                    return
                raise DamagedDataError(
                    t(
                        "{path}:{number}: this line is no record ({first_line}): restore the file from a "
                        "copy, or take the line out and resume to have its trial measured again",
                        path=path,
                        number=before + number,
                        first_line=_first_line(error),
                    )
                ) from error
        end += len(line) + (0 if last else 1)
        yield record, end


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]


@cache
def _parser() -> Any:
    from pydantic import TypeAdapter

    trial, strings = TypeAdapter(Trial), TypeAdapter(dict[str, str])
    placed, bare = TypeAdapter(Placement), TypeAdapter(Bare)
    outcomes: dict[str, TypeAdapter[Any]] = {key: TypeAdapter(kind) for kind, key in _KEYS.items()}

    def placement(plain: Any, control: str | None) -> Placed | None:
        if plain is None:
            return None
        # What says where a needle stands is a placement, whole or damaged, and so is what a trial of the grid has.
        without = control is not None and isinstance(plain, dict) and "at" not in plain
        return bare.validate_python(plain) if without else placed.validate_python(plain)

    def parse(line: bytes) -> Record:
        plain = json.loads(line)
        if not isinstance(plain, dict):
            raise ValueError(t("not a JSON object"))
        try:
            key = next((key for key in outcomes if key in plain), "completion")
            came = plain[key]
            if isinstance(came, dict) and "latency_s" in came and came["latency_s"] is None:
                came["latency_s"] = math.nan
            outcome = outcomes[key].validate_python(came)
            measured = trial.validate_python(plain["trial"])
            return Record(
                id=str(plain["id"]),
                trial=measured,
                placement=placement(plain["placement"], measured.control),
                outcome=outcome,
                fresh=strings.validate_python(plain["fresh"]),
                expected=str(plain["expected"]),
                started_at=str(plain["started_at"]),
            )
        except KeyError as error:
            raise ValueError(t("the key {error} is missing", error=error)) from error

    return parse
