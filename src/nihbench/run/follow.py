"""Follow a run that another process works on: its records as they come, and whether it still goes on. Read-only."""

from __future__ import annotations

import os
import socket
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, takewhile
from statistics import median

from nihbench.errors import NihError
from nihbench.run.records import lines_in, read_lines
from nihbench.run.spent import Tariff, spent_of
from nihbench.run.store import RECORDS, RunFolder, read_holder
from nihbench.run.verify import Expectation, verified
from nihbench.types import Record


class Follower:
    """Reads what is new in a run's folder."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.planned = folder.manifest.planned
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


# ---- eta -------------------------------------------------------------------------------------------------------------
# How long the rest of a run takes, by what its trials have taken: a long prompt takes longer, and limits hold it up.
#
# A trial's seconds are a + b x length, both at least 0, through the medians at each length (Theil 1950; Sen 1968: a
# line that one slow answer does not turn). It is trusted to twice the longest measured length; beyond that trials are
# taken to be as long as there, and `Left.at_least` says so. How much of that work is done in a second of the clock is
# measured over the last trials: it holds how many are under way at once, waits, retries, and whatever else there is.
# What a minute allows is a floor. Nothing is said before `_LEAST` answers, nor after short ones alone (controls come
# first): from these a sweep of a minute and a half was once foretold as four hours.

_RECENT = 40
_LEAST = 5
_EACH = 5
"""So many of the latest trials of a length are looked at."""
_REACH = 2.0
"""To so many times the longest measured length the line is trusted."""
_SHORT = 4
"""Nothing is said of trials that are more than so many times as long as any measured one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """Seconds that the rest takes; `at_least`: longer trials than any measured one are to come."""

    seconds: float
    at_least: bool


class Eta:
    """Takes the finished trials of one session.

    Args:
        owed: the lengths of the trials to come, in tokens.
        now: when the session began, by a clock in seconds that is used for all other times, too.
    """

    def __init__(self, owed: Iterable[int], now: float) -> None:
        self._owed = Counter(owed)
        self._began = now
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT)
        self._seconds: dict[int, deque[float]] = {}
        self._count = 0

    @property
    def owed(self) -> dict[int, int]:
        """How many trials of each length are to come."""
        return {length: count for length, count in self._owed.items() if count}

    @property
    def trials(self) -> int:
        """How many trials are owed."""
        return self._owed.total()

    @property
    def tokens(self) -> int:
        """How many tokens the owed trials have."""
        return sum(length * count for length, count in self._owed.items())

    def take(self, length: int, seconds: float, now: float) -> None:
        """Count a finished trial of so many tokens that took so many seconds."""
        if self._owed[length] > 0:
            self._owed[length] -= 1
        self._recent.append((now, length))
        self._seconds.setdefault(length, deque(maxlen=_EACH)).append(seconds)
        self._count += 1

    def left(
        self,
        now: float,
        *,
        in_flight: int = 0,
        tokens_per_minute: float | None = None,
        requests_per_minute: float | None = None,
        wait_s: float = 0.0,
    ) -> Left | None:
        """Return how long the rest takes; None while too little is measured.

        Args:
            now: the time.
            in_flight: how many trials are being answered; they are taken to be half done.
            tokens_per_minute: what is allowed, None: unknown.
            requests_per_minute: the same for requests.
            wait_s: how long nothing may be sent, as the server asked.
        """
        owed = self.owed
        if not owed and self._count:
            return Left(seconds=0.0, at_least=False)
        if self._count < min(_LEAST, self.trials) or now <= self._began:
            return None
        line = self._line()
        if _SHORT * line.longest < max(owed):
            return None
        begun = in_flight * sum(line.seconds(length) for _, length in self._recent) / len(self._recent) / 2
        pace = self._pace(line, in_flight, now)
        work = sum(count * line.seconds(length) for length, count in owed.items())
        floors = [wait_s]
        if tokens_per_minute:
            floors.append(60 * self.tokens / tokens_per_minute)
        if requests_per_minute:
            floors.append(60 * self.trials / requests_per_minute)
        return Left(
            seconds=max(*floors, (work - min(begun, work / 2)) / pace if pace > 0 else 0.0),
            at_least=max(owed) > line.longest,
        )

    def _pace(self, line: _Line, in_flight: int, now: float) -> float:
        """Return how many seconds of work are done in one of the clock.

        At first that is as many as there are trials under way; later what it came to over the last trials, the window
        beginning when its first one ended, so that this one's own work is before it.
        """
        if len(self._recent) < _RECENT and in_flight:
            return float(in_flight)
        full = len(self._recent) == _RECENT
        since, ended = (self._recent[0][0] if full else self._began), list(self._recent)[1 if full else 0 :]
        return sum(line.seconds(length) for _, length in ended) / max(now - since, 1e-3)

    def _line(self) -> _Line:
        medians = {length: median(seconds) for length, seconds in self._seconds.items()}
        slopes = [(medians[b] - medians[a]) / (b - a) for a, b in combinations(sorted(medians)[-_RECENT:], 2)]
        slope = max(0.0, median(slopes)) if slopes else 0.0
        fixed = median(seconds - slope * length for length, seconds in medians.items())
        if fixed < 0:  # time grows faster than length
            fixed, slope = 0.0, median(seconds / length for length, seconds in medians.items() if length)
        return _Line(fixed=fixed, slope=slope, longest=max(medians))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    """What a trial takes: `fixed` seconds and `slope` for each token."""

    fixed: float
    slope: float
    longest: int

    def seconds(self, length: int) -> float:
        return self.fixed + self.slope * min(length, _REACH * self.longest)
