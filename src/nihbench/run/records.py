"""records.jsonl, line by line: how a record becomes a line that is on the disk, and a line a record again.

A record is one line, flushed to the disk before it counts as done. A torn last line (the process was killed while
writing) is owed again; anything else that can't be read is damage, and then nothing is changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter

from nihbench.errors import DamagedDataError, MovedError, UsageError, first_line, unreadable, unwritable
from nihbench.fetch.files import are_within, is_within, lines_of, open_appending, open_regular, parse_json
from nihbench.lang.former import note_in
from nihbench.lang.messages import t, typed
from nihbench.types import (
    Bare,
    Completion,
    Failure,
    GradedElsewhere,
    Placed,
    Placement,
    Planted,
    RateState,
    Record,
    Trial,
    plain_fields,
)

MOST_CHARACTERS = 1_000_000
"""Of an answer, and of reasoning, so much is written and read at most: what is longer loses its middle. No model says
more; what is graded is less (`score.rules`)."""
_MOST_HELD = 250_000_000
"""Bytes of text that the records of one run may hold in memory."""
_GAP = " […] "
_MOST_TORN = 10_000
_T = TypeVar("_T")


class RecordWriter:
    """Appends records to a file; they are on the disk when `append` or `write` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        _, whole = read_records(self._path)
        try:
            # Unbuffered: nothing can wait in memory behind a write that failed.
            self._file = open_appending(self._path)
            if self._file.seek(0, os.SEEK_END) != whole:
                self._file.truncate(whole)
            self._whole = whole
            if whole and not ends_line(self._path, whole):
                self._write(b"\n")
                self._whole += 1
        except OSError as error:
            raise unwritable(self._path, error, UsageError) from error
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
        if error is None or len(records) == 1 or isinstance(error, MovedError):  # what was moved is written
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
            return unwritable(self._path, error, UsageError)
        self._whole += len(lines)
        return moved(self._path, self._file.fileno())

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) or 0 :]


def moved(path: Path, descriptor: int) -> MovedError | None:
    """Return the error for a file that is open and written, and not any more where its path says; None: it is there."""
    try:
        if os.path.samestat(path.stat(), os.fstat(descriptor)):
            return None
    except OSError:
        pass
    place = ""
    with contextlib.suppress(OSError):
        place = str(Path(os.readlink(f"/proc/self/fd/{descriptor}")).parent)
    if place and Path(place).is_dir():
        return MovedError(t("run.moved_while_run_wrote", path=path.parent, place=typed(Path(place))))
    return MovedError(t("run.moved_removed_while_run", path=path.parent))


def ends_line(path: Path, at: int) -> bool:
    """Say whether a file's first `at` bytes end a line."""
    with open_regular(path) as file:
        file.seek(at - 1)
        return file.read(1) == b"\n"


_KEYS: Mapping[type, str] = {
    Completion: "completion",
    Failure: "failure",
    GradedElsewhere: "graded_elsewhere",
}
"""Under which key an outcome stands in its line."""


def record_line(record: Record) -> bytes:
    """Return a record as one line of JSON in UTF-8."""
    outcome = _shortened(asdict(record.outcome, dict_factory=_values), MOST_CHARACTERS)
    if outcome.get("latency_s", 0.0) != outcome.get("latency_s", 0.0):
        outcome["latency_s"] = None  # not known; JSON has no NaN
    elif not outcome.get("via_batch"):
        outcome.pop("via_batch", None)
    plain = {
        "id": record.id,
        "trial": record.trial.stored(),
        "placement": record.placement.stored() if record.placement else None,
        "fresh": dict(record.fresh),
        "expected": record.expected,
        "started_at": record.started_at,
        _KEYS[type(record.outcome)]: outcome,
    } | planted_fields(record.planted)
    # Lone surrogates can come out of a server's JSON escapes; they have no UTF-8 form and are kept as escapes.
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    try:
        return (text + "\n").encode("utf-8")
    except UnicodeEncodeError:
        return (json.dumps(plain, separators=(",", ":")) + "\n").encode("ascii")


def _values(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the values of one object as files have them: a note's fields stand beside its code."""
    found = dict(pairs)
    return {"code": found["code"], **found["fields"]} if found.keys() == {"code", "fields"} else found


def _with_notes(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome's values with its notes made of what stands for them, those of earlier sendings too."""
    made = dict(outcome)
    if "message" in made:
        made["message"] = note_in(made["message"], "failures")
    if isinstance(changes := made.get("changes"), list):
        made["changes"] = [note_in(change, "changes") for change in changes]
    if isinstance(earlier := made.get("earlier"), list):
        made["earlier"] = [_with_notes(each) if isinstance(each, dict) else each for each in earlier]
    return made


def _shortened(outcome: dict[str, Any], most: int) -> dict[str, Any]:
    """Return an outcome whose texts have lost their middle where they are longer than `most` characters."""
    for name in ("text", "reasoning"):
        if isinstance(text := outcome.get(name), str) and len(text) > most:
            outcome[name] = text[: most // 2] + _GAP + text[-(most // 2) :]
    return outcome


@dataclass(frozen=True, slots=True)
class _Held:
    """What a records file holds: the last record of each id, every record, and the bytes of its whole lines."""

    last: Mapping[str, Record]
    every: tuple[Record, ...]
    whole: int


_held: dict[Path, tuple[State, _Held]] = {}
"""The file that was read last: its records, and what they cost, are asked for several times before it changes."""


def read_records(path: Path) -> tuple[dict[str, Record], int]:
    """Read a records file: the last record of each id, and how many bytes of the file are whole lines.

    A failure behind an answer is an older line that was copied there: what was answered is never asked again.

    Raises:
        DamagedDataError: a line that is not a torn last one can't be read.
    """
    held = _held_in(path)
    return dict(held.last), held.whole


def all_records(path: Path) -> tuple[Record, ...]:
    """Return every record of a file, those of earlier tries of a trial too; a line that stands twice counts once.

    Raises:
        DamagedDataError: a line that is not a torn last one can't be read.
    """
    return _held_in(path).every


def _held_in(path: Path) -> _Held:
    state = state_of(path)
    known = _held.get(path)
    if known is not None and known[0] == state != ():
        return known[1]
    if state:  # what is not there takes no other file's place
        _held.clear()
    found = _read(path)
    if state:
        _held[path] = state, found
    return found


def _read(path: Path) -> _Held:
    last: dict[str, Record] = {}
    every: list[Record] = []
    seen: set[bytes] = set()
    whole = size = 0
    for record, line, key in _keyed(path, lines_in(path), 0):
        whole += len(line)
        if record is None:
            continue
        size += _size_of(record)
        if size > _MOST_HELD:
            raise DamagedDataError(t("run.holds_more_than_mb", path=path, most=_MOST_HELD / 1e6))
        if key not in seen:
            seen.add(key)
            every.append(record)
        known = last.get(record.id)
        if not (known and isinstance(known.outcome, Completion) and isinstance(record.outcome, Failure)):
            last[record.id] = record
    return _Held(last, tuple(every), whole)


def _size_of(record: Record) -> int:
    outcome = record.outcome
    return sys.getsizeof(outcome.text) + sys.getsizeof(outcome.reasoning) if isinstance(outcome, Completion) else 0


State = tuple[int, ...]
"""What changes when a file does; empty where it is not there, or can't be looked at."""


def state_of(file: Path) -> State:
    """Return the state of a file."""
    try:
        found = file.lstat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def lines_in(path: Path, offset: int = 0) -> Iterator[bytes]:
    """Give the lines of a run's file from an offset on, each with its end; none where it is not there.

    Raises:
        DamagedDataError: it can't be read.
    """
    try:
        yield from lines_of(path, offset)
    except FileNotFoundError:
        return
    except OSError as error:
        raise unreadable(path, error, DamagedDataError) from error


def rows_in(path: Path, read: Callable[[bytes], _T | None]) -> Iterator[tuple[_T | None, bytes]]:
    """Give what `read` makes of each line of a file in which torn lines are nothing, with the line.

    Raises:
        DamagedDataError: it can't be read, or more lines are nothing than kills could tear.
    """
    torn = 0
    for line in lines_in(path):
        row = read(line) if line.strip() else None
        torn += row is None
        if torn > _MOST_TORN:
            raise DamagedDataError(t("run.more_than_lines_cant", path=path, most=_MOST_TORN))
        yield row, line


def read_lines(path: Path, lines: Iterable[bytes], before: int = 0) -> Iterator[tuple[Record | None, bytes]]:
    """Give each whole line's record (None: a blank line) with its bytes; a torn last line is left out.

    Args:
        path: names the file in errors.
        lines: its lines, each with its end but perhaps the last, or those from some line on.
        before: how many lines stand before them.

    Raises:
        DamagedDataError: a line that is not a torn last one can't be read.
    """
    for record, line, _ in _keyed(path, lines, before):
        yield record, line


def _keyed(path: Path, lines: Iterable[bytes], before: int) -> Iterator[tuple[Record | None, bytes, bytes]]:
    """Give what `read_lines` does, and with it what tells a line from others, however it ends."""
    kept = _kept()
    for number, line in enumerate(lines, 1):
        record, key = None, b""
        if line.strip():
            key = hashlib.blake2b(line.rstrip(b"\n"), digest_size=16).digest()
            try:
                record = kept.of(line, key)
            except (ValueError, RecursionError) as error:
                if not line.endswith(b"\n"):
                    return
                raise DamagedDataError(
                    t("run.line_no_record_restore", path=path, number=before + number, first_line=first_line(error))
                ) from error
        yield record, line, key


def planted_fields(planted: Planted | None) -> dict[str, Any]:
    """Return what a line holds of what was planted: the inserts, the question and the items; nothing where it need not.

    A haystack that the task made is as long as the prompt; that there is one is all that is kept of it.
    """
    if planted is None:
        return {}
    plain = plain_fields(planted) | {
        "inserts": [plain_fields(insert) for insert in planted.inserts],
        "items": [plain_fields(item) for item in planted.items],
        "fresh": dict(planted.fresh),
    }
    made = plain.pop("haystack") is not None
    if not plain["turned"]:
        del plain["turned"]
    return {"planted": plain | ({"haystack_made": True} if made else {})}


def planted_in(plain: Any) -> Planted | None:
    """Return what a line says that was planted. Raises `ValueError` where it is no such thing."""
    if plain.get("planted") is None:
        return None
    values = dict(plain["planted"])
    made = values.pop("haystack_made", False) is True
    found: Planted = adapter(Planted).validate_python(values)
    return replace(found, haystack=NOT_KEPT) if made else found


NOT_KEPT = ""
"""Stands for a haystack that a task made, in what is read back."""


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what validates a kind of value: to make one takes longer than to read a hundred records with it."""
    return TypeAdapter(kind)


def placement_of(plain: Any, control: str | None) -> Placed:
    """Return a placement of a record's line.

    Args:
        plain: its JSON value.
        control: which control the trial is, None for one of the grid.

    Raises:
        ValueError: it is none.
    """
    # What says where a needle stands is a placement, whole or damaged, and so is what a trial of the grid has.
    without = control is not None and isinstance(plain, dict) and "at" not in plain
    found: Placed = adapter(Bare if without else Placement).validate_python(plain)
    return found


class _Kept:
    """Records by their lines: a command reads a run several times, and to make a record of a line takes longest.

    A record can't be changed, so that all who read its line may have the same one.
    """

    def __init__(self) -> None:
        self._records: dict[bytes, Record] = {}
        self._bytes = 0

    def of(self, line: bytes, key: bytes) -> Record:
        """Return the record of a line that `key` tells from all others; errors are those of the parser."""
        record = self._records.get(key)
        if record is None:
            record = _usual(line) or parse_record(line)
            if self._bytes + len(line) > _MOST_KEPT_BYTES:
                self._records.clear()
                self._bytes = 0
            self._records[key] = record
            self._bytes += len(line)
        return record


_MOST_KEPT_BYTES = 64 << 20
"""Of lines whose records are kept; beyond it all are let go."""


@cache
def _kept() -> _Kept:
    return _Kept()


@dataclass(kw_only=True, slots=True)
class _Line:
    """A record's line as nearly all are: read in one pass, in which its values are checked, too."""

    id: str
    trial: Trial
    placement: Placement | None
    fresh: dict[str, str]
    expected: str
    started_at: str
    completion: Completion | None = None
    failure: Failure | None = None
    planted: dict[str, Any] | None = None


_USUAL_BYTES = 100_000
_numbers_of_trial = attrgetter("length", "depth_percent", "repeat")
_numbers_of_placement = attrgetter(
    "source_start", "source_copies", "start", "at", "end", "achieved_depth_percent", "needle_token", "haystack_tokens",
    "needle_tokens", "total_tokens", "sentence_tokens",
)  # fmt: skip
_numbers_of_outcome = attrgetter(
    "latency_s", "attempts", "usage.prompt_tokens", "usage.completion_tokens", "usage.cached_tokens",
    "usage.reasoning_tokens", "usage.cost_usd", "usage.total_tokens", "usage.written_tokens", "usage.fee_usd",
)  # fmt: skip
_numbers_of_rates = attrgetter(*(each.name for each in fields(RateState)))


def _usual(line: bytes) -> Record | None:
    """Return the record of a line that holds nothing to look at twice; None: `parse_record` is to.

    What it reads, `parse_record` reads alike, in three times the time.
    """
    if len(line) > _USUAL_BYTES:
        return None
    try:
        read: _Line = adapter(_Line).validate_json(line)
    except ValueError:
        return None
    outcome = read.completion or read.failure
    if read.planted is not None or (read.placement is not None and read.placement.others):
        return None  # of a task that plants more than a needle
    if outcome is None or outcome.changes or outcome.earlier or not _is_within(read, outcome):
        return None
    if isinstance(outcome, Failure):
        message = note_in(outcome.message, "failures") if isinstance(outcome.message, str) else None
        if message is None:
            return None
        outcome = outcome if message is outcome.message else replace(outcome, message=message)
    return Record(
        id=read.id,
        trial=read.trial,
        placement=read.placement,
        outcome=outcome,
        fresh=read.fresh,
        expected=read.expected,
        started_at=read.started_at,
    )


def _is_within(read: _Line, outcome: Completion | Failure) -> bool:
    """Say whether all numbers of a line are such as a run has."""
    numbers = _numbers_of_trial(read.trial) + read.trial.also_depths + _numbers_of_outcome(outcome)
    if read.placement is not None:
        numbers += _numbers_of_placement(read.placement)
    if outcome.rates is not None:
        numbers += _numbers_of_rates(outcome.rates)
    if isinstance(outcome, Failure):
        return are_within((*numbers, outcome.wait_s, outcome.status))
    return are_within((*numbers, outcome.first_token_s)) and is_within(outcome.timings)


def parse_record(line: bytes) -> Record:
    """Return the record of a line. Raises `ValueError` or `RecursionError` where it is none."""
    plain = parse_json(line)
    if not isinstance(plain, dict):
        raise ValueError(t("run.not_json_object"))
    try:
        kind = next((kind for kind, key in _KEYS.items() if key in plain), Completion)
        came = plain[_KEYS[kind]]
        if isinstance(came, dict):
            came = _with_notes(_shortened(came, MOST_CHARACTERS))
            if "latency_s" in came and came["latency_s"] is None:
                # Before it was written down, an answer without a latency was one out of a batch.
                came = {"via_batch": True, **came, "latency_s": math.nan}
        outcome = adapter(kind).validate_python(came)
        measured, place = adapter(Trial).validate_python(plain["trial"]), plain["placement"]
        return Record(
            id=str(plain["id"]),
            trial=measured,
            placement=None if place is None else placement_of(place, measured.control),
            outcome=outcome,
            fresh=adapter(dict[str, str]).validate_python(plain["fresh"]),
            expected=str(plain["expected"]),
            started_at=str(plain["started_at"]),
            planted=planted_in(plain),
        )
    except KeyError as error:
        raise ValueError(t("run.key_missing", error=error)) from error
