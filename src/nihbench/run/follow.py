"""Follow a run that another process works on: its records as they come, and whether it still goes on. Read-only."""

from __future__ import annotations

import os
import socket
from itertools import takewhile

from nihbench.errors import NihError
from nihbench.run.lock import read_holder
from nihbench.run.records import lines_in, read_lines
from nihbench.run.spent import Tariff, spent_of
from nihbench.run.store import RECORDS, RunFolder
from nihbench.run.stored import planned_trials
from nihbench.run.verify import Expectation, verified
from nihbench.types import Record


class Follower:
    """Reads what is new in a run's folder."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.planned = planned_trials(folder.manifest)
        self._offset = 0
        self._lines = 0
        self._records: dict[str, Record] = {}
        self._given: dict[str, Record] = {}

    @property
    def done(self) -> int:
        """How many trials have a record so far."""
        return len(self._records)

    @property
    def total(self) -> int:
        """How many trials are planned, with those that an adaptive run has decided on and made since."""
        return len(self.planned) + sum(record.trial.extra for record in self._records.values())

    def news(self) -> list[Record]:
        """Return the records that are new or known better since the last time.

        An answer counts as cut as soon as later ones show it (see `run.verify`). A line that is being written is left
        for the next time.

        Raises:
            DamagedDataError: a line can't be read.
        """
        path = self.folder.path / RECORDS
        # Only whole lines: the last one may be in the middle of being written.
        whole = takewhile(lambda line: line.endswith(b"\n"), lines_in(path, self._offset))
        before = self._offset
        for record, line in read_lines(path, whole, before=self._lines):
            if record is not None:
                self._records[record.id] = record
            self._offset += len(line)
            self._lines += 1
        if self._offset == before:
            return []
        known = verified(self._records, Expectation.of(self.folder.manifest))
        fresh = [record for key, record in known.items() if self._given.get(key) != record]
        self._given = known
        return fresh

    def spent(self, tariff: Tariff) -> float | None:
        """Return what the run has cost in USD so far; None where that is unknown for one of its calls."""
        spent = spent_of(self.folder.path, tariff, self._records.values())
        return None if spent is None else float(spent)

    def is_going_on(self) -> bool:
        """Say whether a process works on the run."""
        try:
            holder = read_holder(self.folder.path)
            pid, host = int(holder["pid"]), holder["host"]
        except (OSError, ValueError, KeyError, TypeError, NihError, RecursionError):
            return False
        if host != socket.gethostname() or os.name != "posix":
            return True  # it can't be seen from here whether it was killed
        try:
            os.kill(pid, 0) if pid > 0 else None
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:
            return True
        return True
