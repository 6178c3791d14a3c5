"""The ledger of a run's folder, spent.jsonl: what was set aside for every paid call, and what became of it.

Before a call is sent a line says what it may cost at most, and is on the disk; when its cost is known another line says
that. Of the lines of one call the last counts, so that what was killed in between counts at its worst. Lines only ever
come behind others: two ledgers are one when their lines are put together, each once.

Calls of other models than the run's (its judges') are in accounts of their own: each has its own bound. Lines without
`call` are of older versions, which wrote down only what no record shows.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from io import FileIO
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Self

from nihbench.fetch.regular import open_appending, parse_json
from nihbench.run.records import ends_line, rows_in, unwritable

LEDGER = "spent.jsonl"
_NO_BILL = Decimal(10) ** 12
"""No line says so much; sums of larger ones overflow."""
RUN = "run"
"""The account of the run itself: its trials, controls and probes, and what is asked before them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entries:
    """What a ledger says in USD: `calls` by what their records call them, `rest` what older versions entered."""

    calls: Mapping[str, Decimal] = field(default_factory=dict)
    rest: Decimal = Decimal(0)

    def total(self) -> Decimal:
        """Return what all of it comes to."""
        return sum(self.calls.values(), self.rest)


def read_ledger(folder: Path, account: str = RUN) -> Entries:
    """Read what a folder's ledger says of an account; a line that can't be read was never whole, and is left out.

    Raises:
        DamagedDataError: the file can't be read.
    """
    calls: dict[str, Decimal] = {}
    rest = Decimal(0)
    for row, _ in rows_in(folder / LEDGER, _row):
        if row is None or row.get("for", RUN) != account:
            continue
        if isinstance(call := row.get("call"), str):
            calls[call] = row["usd"]
        else:
            rest += row["usd"]
    return Entries(calls=calls, rest=rest)


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = parse_json(line)
        usd = Decimal(row["usd"])
    except (ValueError, KeyError, TypeError, InvalidOperation, RecursionError):
        return None
    return row | {"usd": usd} if usd.is_finite() and 0 <= usd < _NO_BILL else None


class Ledger:
    """A folder's ledger as it is written by one command; a context manager, and a budget's journal.

    The file is made with its first line, and the folder with it: where nothing is paid for, nothing is written.

    Args:
        folder: where it lies.
        account: whose calls are written down.
        now: the time, in UTC.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime], account: str = RUN) -> None:
        self.folder = folder
        self._path = folder / LEDGER
        self._account = account
        self._now = now
        self._name = token_hex(4)
        self._number = 0
        self._lines: list[bytes] = []
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._file: FileIO | None = None
        self._thread = ThreadPoolExecutor(1, "nih-ledger")
        self.entries: list[str] = []
        """What was reserved since it was opened."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)
        with suppress(OSError):  # what was reserved stands at its worst, then
            self._flush(durable=True)
        if self._file is not None:
            self._file.close()

    async def reserve(self, usd: Decimal) -> str:
        """Write down what a call may cost; return what it is called by when that is on the disk.

        Raises:
            UsageError: it can't be written.
        """
        entry = self._new()
        self._put(entry, usd)
        # Off the event loop, which has answers to read; those that wait at a moment go to the disk together.
        await asyncio.wrap_future(self._thread.submit(self._flush_or_raise))
        return entry

    def reserve_now(self, usd: Decimal, entry: str) -> None:
        """Write down what a call of that name may cost: it is on the disk when this returns. Raises as `reserve`."""
        self._put(entry, usd)
        self._flush_or_raise()

    def settle(self, entry: str, usd: Decimal) -> None:
        """Write down what a call has cost; `entry` "": nothing was reserved for it."""
        self._put(entry or self._new(), usd)
        with suppress(RuntimeError):  # it was closed: the reservation counts
            self._thread.submit(self._flush_quietly)

    def _new(self) -> str:
        self._number += 1
        self.entries.append(f"{self._name}-{self._number}")
        return self.entries[-1]

    def _put(self, entry: str, usd: Decimal) -> None:
        at = self._now().isoformat(timespec="seconds")
        line = json.dumps({"at": at, "for": self._account, "call": entry, "usd": str(usd)}) + "\n"
        with self._lock:
            self._lines.append(line.encode("ascii"))

    def _flush_or_raise(self) -> None:
        try:
            self._flush(durable=True)
        except OSError as error:
            raise unwritable(self._path, error) from error

    def _flush_quietly(self) -> None:
        with suppress(OSError):
            self._flush(durable=False)

    def _flush(self, *, durable: bool) -> None:
        with self._writing:
            with self._lock:
                lines, self._lines = self._lines, []
            if lines:
                self._file = self._file or _opened(self._path)
                self._file.write(b"".join(lines))
            if durable and self._file is not None:
                os.fsync(self._file.fileno())


def append(folder: Path, lines: Iterable[bytes]) -> None:
    """Put lines of another ledger behind this one's.

    Raises:
        UsageError: they can't be written.
    """
    text = b"".join(line.rstrip(b"\n") + b"\n" for line in lines)
    if not text:
        return
    try:
        with _opened(folder / LEDGER) as file:
            file.write(text)
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(folder / LEDGER, error) from error


def lines_of(folder: Path, calls: Iterable[str]) -> list[bytes]:
    """Return the lines of some calls of a folder's ledger."""
    wanted = set(calls)
    return [line for row, line in rows_in(folder / LEDGER, _row) if row is not None and row.get("call") in wanted]


def plain_line(usd: Decimal, at: str) -> bytes:
    """Return a line for what was spent and belongs to no call that is known."""
    return json.dumps({"at": at, "usd": str(usd)}).encode("ascii")


def _opened(path: Path) -> FileIO:
    """Open a ledger behind its last whole line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = open_appending(path)
    if (size := file.seek(0, os.SEEK_END)) and not ends_line(path, size):
        file.write(b"\n")
    return file
