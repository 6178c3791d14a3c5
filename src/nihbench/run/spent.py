"""What a run has cost so far: by its records, and by a ledger of what was paid for and brought none.

Calls that were broken off (Ctrl-C), and those whose failure ended the run, leave no record; the ledger holds what they
may have cost, and what was asked before the first trial. As long as a command sends, a small file says what all comes
to with the calls in flight at their worst: where the process is killed outright, that is what was spent.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from nihbench.endpoint import cost_of
from nihbench.errors import NihError
from nihbench.fetch import open_appending, open_in_place, parse_json, read_regular
from nihbench.prices import prices_paid
from nihbench.run.records import all_records, bytes_of, unwritable
from nihbench.run.setup import Setup
from nihbench.run.store import PROBES, RECORDS, unplanned
from nihbench.run.stored import begun
from nihbench.types import BatchTerms, GradedElsewhere, PriceTier, Record, Usage

LEDGER = "spent.jsonl"
COMMITTED = ".committed"
"""What a command that sends has spent and may yet be charged for, in USD; gone when it has ended."""
MARGIN = 1.25
"""So many tokens of an unknown tokenizer a token of the reference tokenizer is thought to be at most."""
FITTED_MARGIN = 1.01
"""The same for what a calibration foretells: it keeps every length within 1%."""

_ROUNDING = Decimal("1e-9")
_WIDTH = 48
_MOST_BYTES = 1000


def margin_of(setup: Setup) -> float:
    """Return by how much the server's count of a prompt may exceed the run's (`Setup.expected_tokens`)."""
    if setup.counted_by_model:
        return 1.0
    return FITTED_MARGIN if setup.counts_exactly else MARGIN


def spent_before(folder: Path, setup: Setup) -> Decimal:
    """Return what all calls of a run have cost in USD, as far as prices are known; superseded records count, too.

    Raises:
        DamagedDataError: the records can't be read.
    """
    return max(_shown(folder, setup), _committed(folder / COMMITTED))


@dataclass(frozen=True, kw_only=True, slots=True)
class Tariff:
    """What the calls of a run cost: at which prices, and how many tokens those may have had that brought no count."""

    prices: Sequence[PriceTier]
    batch: BatchTerms | None
    max_output: int
    margin: float
    tokens_of: Callable[[Record], int]

    @classmethod
    def of(cls, content: Mapping[str, Any], prices: Sequence[PriceTier], batch: BatchTerms | None) -> Tariff:
        """Return the tariff of a stored run.

        Args:
            content: run.json's content.
            prices: the model's price tiers.
            batch: what a batch's answers cost of that.
        """
        found = begun(content).calibration

        def tokens_of(record: Record) -> int:
            trial, place = record.trial, record.placement
            # A prompt that the run does not have is damage, and said where the records are read.
            if place is None or found is None or trial.prompt not in found.bases:
                return place.total_tokens if place is not None else trial.length
            repeat = 0 if trial.control == "sentinel" else trial.repeat
            return found.server_length(place.total_tokens, trial.length, trial.prompt, repeat)

        margin = 1.0 if content["length_unit"]["counted_by_model"] else MARGIN if found is None else FITTED_MARGIN
        limit = content["identity"].get("max_output", 0)
        return cls(prices=prices, batch=batch, max_output=limit, margin=margin, tokens_of=tokens_of)

    def cost(self, record: Record) -> Decimal | None:
        """Return what a record's calls cost in USD, every sending; None where that is unknown for one of them."""
        if isinstance(record.outcome, GradedElsewhere):
            return Decimal(0)
        costs = self.costs(record)
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(costs) else None

    def costs(self, record: Record) -> list[Decimal | None]:
        """Return what each sending of a record's call cost in USD; None where it is unknown."""
        if isinstance(record.outcome, GradedElsewhere):
            return []
        tokens = self.tokens_of(record)
        allowed = tokens, math.ceil(tokens * self.margin)
        prices = prices_paid(self.prices, self.batch, record.outcome.latency_s)
        sendings = (*record.outcome.earlier, record.outcome)
        return [cost_of(prices, outcome, self.max_output, allowed) for outcome in sendings]


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
    costs = [tariff.cost(record) for record in records]
    known = [cost for cost in costs if cost is not None]
    return sum(known, _entered(folder / LEDGER)) if len(known) == len(costs) else None


def _shown(folder: Path, setup: Setup) -> Decimal:
    tariff = Tariff(
        prices=setup.preset.prices,
        batch=setup.preset.batch,
        max_output=setup.request.max_output,
        margin=margin_of(setup),
        tokens_of=lambda record: (
            setup.expected_tokens(record.trial, record.placement) if record.placement else record.trial.length
        ),
    )
    total = _entered(folder / LEDGER)
    for record in (*all_records(folder / RECORDS), *all_records(folder / PROBES)):
        if not isinstance(record.outcome, GradedElsewhere) and record.trial.prompt not in setup.prompts:
            raise unplanned(folder / RECORDS, record)
        total += sum((cost for cost in tariff.costs(record) if cost is not None), Decimal(0))
    return total


def counts_before(folder: Path, setup: Setup) -> Iterator[tuple[int, Usage]]:
    """Give, for every call that has a record, how many tokens its prompt was thought to have, and the server's counts.

    Raises:
        DamagedDataError: the records can't be read.
    """
    for record in all_records(folder / RECORDS):
        if record.placement is not None and not isinstance(record.outcome, GradedElsewhere):
            tokens = setup.expected_tokens(record.trial, record.placement)
            for outcome in (*record.outcome.earlier, record.outcome):
                yield tokens, outcome.usage


def enter(folder: Path, setup: Setup, spent: Decimal, at: str) -> None:
    """Enter into the ledger what was spent beyond what the folder shows.

    Args:
        folder: the run's folder.
        setup: the resolved run.
        spent: what the run has spent in all.
        at: the time.
    """
    missing = spent - _shown(folder, setup)
    if missing > _ROUNDING:
        line = json.dumps({"at": at, "usd": str(missing)}) + "\n"
        path = folder / LEDGER
        known = bytes_of(path)
        torn = bool(known) and not known.endswith(b"\n")
        with open_appending(path) as file:
            file.write(("\n" if torn else "").encode() + line.encode())
            os.fsync(file.fileno())


def _entered(path: Path) -> Decimal:
    """Add up the ledger; a torn line is left out."""
    total = Decimal(0)
    for line in bytes_of(path).decode("utf-8", errors="replace").splitlines():
        try:
            usd = Decimal(parse_json(line.encode())["usd"])
        except (ValueError, KeyError, TypeError, InvalidOperation, RecursionError):
            continue
        if usd.is_finite() and usd > 0:
            total += usd
    return total


def _committed(path: Path) -> Decimal:
    try:
        usd = Decimal(read_regular(path, _MOST_BYTES).decode("ascii").strip())
    except (OSError, ValueError, InvalidOperation):
        return Decimal(0)
    return usd if usd.is_finite() and usd > 0 else Decimal(0)


@contextmanager
def account(folder: Path, setup: Setup, spent: Decimal, at: Callable[[], str]) -> Iterator[Callable[[Decimal], None]]:
    """Keep account of a command that sends: what was spent and left no record is entered into the ledger at its end.

    The caller owns the folder.

    Args:
        folder: the run's folder.
        setup: the resolved run.
        spent: what the run has spent before.
        at: the time at which it ends.

    Yields:
        What is to be told, whenever it changes, what is spent if all calls in flight cost their worst; when the
        context is left, none is.

    Raises:
        UsageError: the folder can't be written.
    """
    path, last = folder / COMMITTED, spent
    try:
        file = open_in_place(path)
    except OSError as error:
        raise unwritable(path, error) from error

    def tell(usd: Decimal) -> None:
        nonlocal last
        last = usd
        # In place and in one go, so that a kill leaves the old sum or the new one; a power failure may lose it.
        with suppress(OSError):
            file.seek(0)
            file.write(f"{usd!s:>{_WIDTH}}\n".encode("ascii"))

    with file:
        tell(spent)
        try:
            yield tell
        finally:
            with suppress(OSError, NihError):  # the error that ended it says more
                enter(folder, setup, last, at())
                file.close()
                path.unlink()
