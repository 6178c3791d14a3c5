"""A run's folder: made with its run.json, opened again, its records checked against its plan.

Lines of records.jsonl are `run.records`' matter, the content of run.json is `run.manifest`'s and `run.stored`'s.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from nihbench.errors import DamagedDataError, NihError, UsageError, is_path_fault, path_error, unwritable
from nihbench.fetch.files import check_plain, is_there, parse_json, read_json, read_regular, write_atomic
from nihbench.lang.messages import t, typed
from nihbench.run.calibration import Calibration
from nihbench.run.known import is_own_run, remember_run
from nihbench.run.manifest import stored_calibration
from nihbench.run.records import RecordWriter, State, read_records, state_of
from nihbench.run.stored import Manifest, may_be_drawn
from nihbench.run.verify import Expectation, verified
from nihbench.types import Record

# ---- lock ------------------------------------------------------------------------------------------------------------
# One process owns a run's folder while it writes: a second one is refused and told which process that is.
#
# The lock is the operating system's (through filelock, also on Windows): it goes with the process, however it ends.

LOCK = ".lock"
HOLDER = ".holder.json"
_MOST_BYTES = 10_000


@contextmanager
def owned(folder: Path, now: Callable[[], datetime]) -> Iterator[None]:
    """Own a run's folder as long as the context lasts.

    Args:
        folder: the run's folder.
        now: the time, in UTC.

    Raises:
        UsageError: another process owns it, or it can't be written.
        DamagedDataError: its lock is no plain file.
    """
    check_plain(folder / LOCK)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UsageError(t("run.use_wait_stop_first", folder=folder, holder=_holder(folder))) from error
    except OSError as error:
        raise unwritable(folder, error, UsageError, t("run.free_then_resume")) from error
    try:
        me = {"pid": os.getpid(), "host": socket.gethostname(), "since": now().isoformat(timespec="seconds")}
        write_atomic(folder / HOLDER, json.dumps(me).encode("utf-8"))
        yield
    finally:
        # Where the disk was made read-only meanwhile, the lock goes with the process all the same.
        with suppress(OSError):
            (folder / HOLDER).unlink()
        lock.release()


def _holder(folder: Path) -> str:
    """Name the process that owns the folder, as far as it said who it is."""
    try:
        me = read_holder(folder)
        return t("run.process_since", pid=int(me["pid"]), host=me["host"], since=me["since"])
    except (OSError, ValueError, KeyError, TypeError, NihError, RecursionError):
        return t("run.another_process")


def read_holder(folder: Path) -> Any:
    """Return what the process that owns the folder says of itself. Raises as `fetch.files`."""
    return parse_json(read_regular(folder / HOLDER, _MOST_BYTES))


FORMAT = 1
MANIFEST = "run.json"
RECORDS = "records.jsonl"
PROBES = "probes.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Seen:
    """Which records were read: of which run.json, from a file in which state."""

    manifest: Manifest
    state: State

    def is_same(self, other: _Seen) -> bool:
        return self.manifest is other.manifest and self.state == other.state


_last: dict[Path, tuple[_Seen, Mapping[str, Record]]] = {}
"""The records of the run that was read last: a command asks for them several times before anything has changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFolder:
    """A run's folder and what its run.json says."""

    path: Path
    manifest: Manifest

    def records(self) -> dict[str, Record]:
        """Return the last record of every trial, by the trial's id, in the order of first appearance.

        An answer to a prompt that the records show to have been cut is given as that failure (see `run.verify`).

        Raises:
            DamagedDataError: a line other than a torn last one can't be read, or is a record of another run.
        """
        file = self.path / RECORDS
        seen = _Seen(manifest=self.manifest, state=state_of(file))
        if (known := _last.get(file)) is not None and known[0].is_same(seen):
            return dict(known[1])
        _last.clear()
        _last[file] = seen, self._checked(file)
        return dict(_last[file][1])

    def _checked(self, file: Path) -> Mapping[str, Record]:
        records, _ = read_records(file)
        missing = set(self.manifest.planned)
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
    try:
        path.mkdir(parents=True, exist_ok=True)
        check_free(path)
        text = _manifest_text(manifest)
        check_plain(path / LOCK)
        # Two processes that begin in the same moment: the second must not write over what the first one goes by.
        with FileLock(path / LOCK):
            check_free(path)
            write_atomic(path / MANIFEST, text)
    except OSError as error:
        raise unusable(path, error) from error
    # A run of a stranger's several is the stranger's, whoever begins it: its bound of the cost is.
    if is_own_run(path.parent) or not is_there(path.parent / "tree.json"):
        remember_run(path)
    return open_run(path)


def unplanned(file: Path, record: Record) -> DamagedDataError:
    """Return the error for a record that can't be of the run in whose file it is."""
    return DamagedDataError(t("run.record_not_run_plan", file=file, id=record.id))


def amend(folder: RunFolder, calibration: Calibration) -> RunFolder:
    """Write into run.json what was fitted since the run began, and return the folder as it is then.

    The caller owns the folder.

    Raises:
        UsageError: it can't be written; it is as it was.
    """
    content = {**folder.manifest.raw, "calibration": stored_calibration(calibration)}
    text = _manifest_text(content)
    if is_own_run(folder.path):
        remember_run(folder.path, text)
    write_atomic(folder.path / MANIFEST, text)
    return RunFolder(path=folder.path, manifest=Manifest.of(parse_json(text)))


def _manifest_text(content: Mapping[str, Any]) -> bytes:
    return (json.dumps({"format": FORMAT} | dict(content), ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def unusable(path: Path, error: OSError) -> UsageError:
    """Return the error for a folder in which no run can be written."""
    return unwritable(path, error, UsageError, t("errors.choose_another_place"))


def no_run(path: Path) -> UsageError:
    """Return the error for a folder that holds no run."""
    return UsageError(t("run.holds_no_run_no", path=path, manifest=MANIFEST))


def taken(path: Path) -> UsageError:
    """Return the error for a folder that holds a run, or several, already."""
    return UsageError(t("run.already_holds_run_go", path=typed(path)))


def check_free(path: Path) -> None:
    """Make sure that a folder holds no run yet.

    Raises:
        UsageError: it does.
    """
    if is_there(path / MANIFEST):
        raise taken(path)
    if is_there(path / RECORDS):
        raise UsageError(t("run.holds_records_run_whose", path=path, manifest=MANIFEST))


def open_run(path: Path) -> RunFolder:
    """Open a run's folder.

    Raises:
        UsageError: there is no run in it.
        DamagedDataError: its run.json can't be read.
    """
    file = path / MANIFEST
    try:
        manifest = read_json(file)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise no_run(path) from error
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, OSError) and is_path_fault(error):
            raise path_error(error) from error
        raise DamagedDataError(t("run.cant_read_restore_from_copy", file=file, error=error)) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise DamagedDataError(t("run.not_format_written_another", file=file, format=FORMAT))
    try:
        return RunFolder(path=path, manifest=Manifest.of(manifest))
    except ValueError as error:
        raise DamagedDataError(t("run.damaged_restore_from_copy_run", file=file, error=error)) from error


def check_unchanged(folder: RunFolder) -> None:
    """Make sure that run.json still says what it said when it was read; the caller owns the folder by now.

    Raises:
        UsageError: another process has written into it.
        DamagedDataError: it can't be read any more.
    """
    if open_run(folder.path).manifest.raw != folder.manifest.raw:
        raise UsageError(t("run.another_command_gone_meanwhile", path=folder.path))
