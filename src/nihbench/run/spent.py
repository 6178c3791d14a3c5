"""What a run has cost so far: by its records, and by the ledger where that has calls without a record.

A record says what its calls used, so that it can be priced anew; its calls' lines in the ledger are known by it
(`entry`) and left out. What has no record (calls that were broken off, what is asked before the first trial, a batch
that is not back yet) costs what the ledger says.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from io import FileIO
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Self

from nihbench.endpoint.spending import cost_of, tells_cost
from nihbench.errors import UsageError, unwritable
from nihbench.fetch.files import open_appending, parse_json, read_regular
from nihbench.prices import prices_paid
from nihbench.run.records import all_records, ends_line, rows_in, state_of
from nihbench.run.setup import Setup
from nihbench.run.store import PROBES, RECORDS, unplanned
from nihbench.run.stored import Manifest
from nihbench.types import BatchTerms, GradedElsewhere, Outcome, PriceTier, Record

# ---- ledger ----------------------------------------------------------------------------------------------------------
# The ledger of a run's folder, spent.jsonl: what was set aside for every paid call, and what became of it.
#
# Before a call is sent a line says what it may cost at most, and is on the disk; when its cost is known another line
# says that. Of the lines of one call the last counts, so that what was killed in between counts at its worst. Lines
# only ever come behind others: two ledgers are one when their lines are put together, each once.
#
# Calls of other models than the run's (its judges') are in accounts of their own: each has its own bound. Lines without
# `call` are of older versions, which wrote down only what no record shows.

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
            raise unwritable(self._path, error, UsageError) from error

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
        raise unwritable(folder / LEDGER, error, UsageError) from error


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


COMMITTED = ".committed"
"""Left behind by older versions that were killed: what was spent, and might yet be charged for, in USD."""
MARGIN = 1.25
"""So many tokens of an unknown tokenizer a token of the reference tokenizer is thought to be at most."""
FITTED_MARGIN = 1.01
"""The same for what a calibration foretells: it keeps every length within 1%."""

_MOST_BYTES = 100


def margin_of(setup: Setup) -> float:
    """Return by how much the server's count of a prompt may exceed the run's (`Setup.expected_tokens`)."""
    if setup.counted_by_model:
        return 1.0
    return FITTED_MARGIN if setup.counts_exactly and not setup.counts_doubted else MARGIN


def spent_before(folder: Path, setup: Setup) -> Decimal:
    """Return what all calls of a run have cost in USD, as far as prices are known; superseded records count, too.

    Raises:
        DamagedDataError: the records can't be read.
    """
    return max(_shown(folder, setup), committed(folder))


_told: dict[Path, tuple[tuple[Any, ...], Decimal]] = {}
"""What the run that was looked at last had cost: it is asked for several times before anything is sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tariff:
    """What the calls of a run cost: at which prices, and how many tokens those may have had that brought no count."""

    prices: Sequence[PriceTier]
    batch: BatchTerms | None
    max_output: int
    margin: float
    tokens_of: Callable[[Record], int]

    @classmethod
    def of(cls, content: Manifest, prices: Sequence[PriceTier], batch: BatchTerms | None) -> Tariff:
        """Return the tariff of a stored run.

        Args:
            content: run.json's content.
            prices: the model's price tiers.
            batch: what a batch's answers cost of that.
        """
        found = content.begun.calibration

        def tokens_of(record: Record) -> int:
            trial, place = record.trial, record.placement
            # A prompt that the run does not have is damage, and said where the records are read.
            if place is None or found is None or trial.prompt not in found.bases:
                return place.total_tokens if place is not None else trial.length
            return found.server_length(place.total_tokens, trial)

        margin = 1.0 if content.length_unit.counted_by_model else MARGIN if found is None else FITTED_MARGIN
        limit = content.identity.get("max_output", 0)
        return cls(prices=prices, batch=batch, max_output=limit, margin=margin, tokens_of=tokens_of)

    def cost(self, record: Record) -> Decimal | None:
        """Return what a record's calls cost in USD, every sending; None where that is unknown for one of them."""
        if isinstance(record.outcome, GradedElsewhere):
            return Decimal(0)
        costs = [cost for _, cost in self.costs(record)]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(costs) else None

    def costs(self, record: Record) -> list[tuple[Outcome, Decimal | None]]:
        """Return what came of each sending of a record's call, and what it cost in USD; None where it is unknown."""
        if isinstance(record.outcome, GradedElsewhere):
            return []
        tokens = self.tokens_of(record)
        allowed = tokens, math.ceil(tokens * self.margin)
        prices = prices_paid(self.prices, self.batch, record.outcome.via_batch)
        return [(each, cost_of(prices, each, self.max_output, allowed)) for each in sendings(record)]

    def total(self, records: Iterable[Record], ledger: Entries) -> tuple[Decimal, bool]:
        """Return what records and a ledger come to in USD, as far as prices are known, and whether all of them are."""
        total, whole, shown = ledger.rest, True, set()
        for record in records:
            for outcome, cost in self.costs(record):
                shown.add(outcome.entry)
                known = ledger.calls.get(outcome.entry)
                # Of a call that tells nothing the ledger knows more: what calls like it were found to cost at most.
                usd = cost if known is None or tells_cost(outcome) else known
                total, whole = total + (usd or 0), whole and usd is not None
        return sum((usd for call, usd in ledger.calls.items() if call not in shown), total), whole


def sendings(record: Record) -> tuple[Outcome, ...]:
    """Return what came of every sending of a record's call, in order."""
    if isinstance(record.outcome, GradedElsewhere):
        return ()
    return (*record.outcome.earlier, record.outcome)


def spent_of(folder: Path, tariff: Tariff, records: Iterable[Record] | None = None) -> Decimal | None:
    """Return what a stored run has cost in USD, as `nih run` told it; None where that is unknown for a call.

    Args:
        folder: the run's folder.
        tariff: what its calls cost.
        records: its records, where they are at hand; None: all that its files hold, those that were superseded too.

    Raises:
        DamagedDataError: the records can't be read.
    """
    if records is None:
        records = (*all_records(folder / RECORDS), *all_records(folder / PROBES))
    usd, is_whole = tariff.total(records, read_ledger(folder))
    return usd if is_whole else None


def _shown(folder: Path, setup: Setup) -> Decimal:
    files = tuple(state_of(folder / name) for name in (RECORDS, PROBES, LEDGER))
    prices = tuple(setup.preset.prices), setup.preset.batch, setup.request.max_output
    by = files, prices, margin_of(setup), setup.calibration, tuple(setup.prompts)
    known = _told.get(folder)
    if known is None or known[0] != by:
        _told.clear()
        known = _told[folder] = by, _summed(folder, setup)
    return known[1]


def _summed(folder: Path, setup: Setup) -> Decimal:
    tariff = Tariff(
        prices=setup.preset.prices,
        batch=setup.preset.batch,
        max_output=setup.request.max_output,
        margin=margin_of(setup),
        tokens_of=lambda record: (
            setup.expected_tokens(record.trial, record.placement) if record.placement else record.trial.length
        ),
    )
    records = (*all_records(folder / RECORDS), *all_records(folder / PROBES))
    for record in records:
        if not isinstance(record.outcome, GradedElsewhere) and record.trial.prompt not in setup.prompts:
            raise unplanned(folder / RECORDS, record)
    return tariff.total(records, read_ledger(folder))[0]


def outcomes_before(folder: Path, setup: Setup) -> Iterator[tuple[int, Outcome]]:
    """Give, for every call that has a record, how many tokens its prompt was thought to have, and what came of it.

    Raises:
        DamagedDataError: the records can't be read.
    """
    for record in all_records(folder / RECORDS):
        if record.placement is not None and not isinstance(record.outcome, GradedElsewhere):
            tokens = setup.expected_tokens(record.trial, record.placement)
            for outcome in sendings(record):
                yield tokens, outcome


def committed(folder: Path) -> Decimal:
    """Return what an older version left written that was spent and might yet be charged for; 0 where it did not."""
    try:
        # Opened only where it is a file of its own: what a link or a pipe of this name leads to is none of a run's.
        usd = Decimal(read_regular(folder / COMMITTED, _MOST_BYTES).decode("ascii").strip())
    except (OSError, ValueError, InvalidOperation):
        return Decimal(0)
    return usd if usd.is_finite() and usd > 0 else Decimal(0)


@contextmanager
def account(folder: Path, setup: Setup, now: Callable[[], datetime]) -> Iterator[tuple[Ledger, Decimal]]:
    """Keep account of a command that sends; give its ledger, and what the run has spent before.

    The caller owns the folder. What an older version left behind is entered into the ledger.

    Args:
        folder: the run's folder.
        setup: the resolved run.
        now: the time, in UTC.

    Raises:
        UsageError: the folder can't be written.
        DamagedDataError: the records can't be read.
    """
    shown = _shown(folder, setup)
    if (missing := committed(folder) - shown) > 0:
        append(folder, [plain_line(missing, now().isoformat(timespec="seconds"))])
        shown += missing
    with suppress(OSError):
        os.unlink(folder / COMMITTED)
    with Ledger(folder, now) as ledger:
        yield ledger, shown
