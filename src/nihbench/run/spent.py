"""What a run has cost so far: by its records, and by a ledger of what was paid for and brought none.

Calls that were broken off (Ctrl-C), and those whose failure ended the run, leave no record; the ledger holds what they
may have cost, and what was asked before the first trial. Calls in flight when the process is killed outright are in
neither.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from nihbench.endpoint import cost_of
from nihbench.prices import prices_paid, worst_cost
from nihbench.run.setup import Setup
from nihbench.run.store import PROBES, RECORDS, all_records
from nihbench.types import GradedElsewhere, Usage

LEDGER = "spent.jsonl"
MARGIN = 1.25
"""So many tokens of an unknown tokenizer a token of the reference tokenizer is thought to be at most."""
FITTED_MARGIN = 1.01
"""The same for what a calibration foretells: it keeps every length within 1%."""

_ROUNDING = Decimal("1e-9")


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
    limit = setup.request.max_output
    total = _entered(folder / LEDGER)
    for record in (*all_records(folder / RECORDS), *all_records(folder / PROBES)):
        if isinstance(record.outcome, GradedElsewhere):
            continue
        trial, place = record.trial, record.placement
        tokens = math.ceil((setup.expected_tokens(trial, place) if place else trial.length) * margin_of(setup))
        prices = prices_paid(setup.preset.prices, setup.preset.batch, record.outcome.latency_s)
        worst = worst_cost(prices, tokens, limit)
        for outcome in (*record.outcome.earlier, record.outcome):
            total += cost_of(prices, outcome, limit, worst) or 0
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
    missing = spent - spent_before(folder, setup)
    if missing > _ROUNDING:
        line = json.dumps({"at": at, "usd": str(missing)}) + "\n"
        path = folder / LEDGER
        torn = path.exists() and not path.read_bytes().endswith(b"\n")
        with path.open("ab") as file:
            file.write(("\n" if torn else "").encode() + line.encode())
            file.flush()
            os.fsync(file.fileno())


def _entered(path: Path) -> Decimal:
    """Add up the ledger; a torn line is left out."""
    total = Decimal(0)
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else ():
        try:
            usd = Decimal(json.loads(line)["usd"])
        except (ValueError, KeyError, TypeError, InvalidOperation):
            continue
        if usd.is_finite() and usd > 0:
            total += usd
    return total
